"""What is asked until the answer fits: typed, chosen, confirmed."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from signalbot.errors import AskCancelled, AskTimeout
from signalbot.model import Message

T = TypeVar("T")

_YES = frozenset({"y", "yes", "yep", "yeah", "ok", "okay", "sure", "true", "1", "j", "ja", "👍"})
_NO = frozenset({"n", "no", "nope", "nah", "false", "0", "nein", "👎"})


AskOnce = Callable[[str, "float | None", "dict[str, Any]"], Message]
"""Sends one question, within so many seconds, with these options; returns what answers it."""


class Unfit(ValueError):
    """An answer that does not fit; the text is sent back before asking again."""


def ask(
    once: AskOnce,
    prompt: str,
    read: Callable[[Message], T],
    *,
    check: Callable[[T], Any] | None,
    timeout: float | None,
    retries: int,
    retry_text: str | None,
    options: dict[str, Any],
    prefixes: Sequence[str] = ("/", "!"),
    now: Callable[[], float] = time.monotonic,
) -> T:
    """Ask until ``read`` and ``check`` accept the answer.

    ``timeout`` is for the whole: a wrong answer does not wind the clock back. ``prefixes`` are
    what turns "cancel" into a command.

    Raises:
        AskCancelled: the person wrote /cancel, or ``retries`` more answers did not fit either.
        AskTimeout: nobody answered in time."""
    deadline = None if timeout is None else now() + timeout
    question = prompt
    cancelling = {f"{prefix}cancel" for prefix in ("/", *prefixes)}
    for _ in range(retries + 1):
        left = None if deadline is None else deadline - now()
        if left is not None and left <= 0:
            raise AskTimeout(f"Nobody gave a fitting answer within {timeout:g} s.")
        message = once(question, left, options)
        if (message.text or "").strip().casefold() in cancelling:
            raise AskCancelled("The person asked wrote /cancel.")
        try:
            value = read(message)
            if check is not None and (verdict := check(value)) is not True and not verdict:
                raise Unfit("That does not fit.")
            if check is not None and isinstance(verdict, str):
                raise Unfit(verdict)  # a check may say what is wrong
            return value
        except ValueError as error:
            question = retry_text or f"{error} {prompt}"
        options = {name: value for name, value in options.items() if name != "attachments"}
    raise AskCancelled(f"None of {retries + 1} answers fitted.")


def read_choice(choices: Mapping[str, T]) -> Callable[[Message], T]:
    """Accepts a choice by its number in the list, or by its words."""
    by_word = {word.casefold(): value for word, value in choices.items()}
    values = list(choices.values())

    def read(message: Message) -> T:
        word = (message.text or "").strip().rstrip(".)").casefold()
        if word in by_word:
            return by_word[word]
        if word.isascii() and word.isdigit() and 1 <= int(word[:6]) <= len(values):
            return values[int(word) - 1]
        raise Unfit(f"Please answer with a number from 1 to {len(values)}.")

    return read


def choice_prompt(prompt: str, choices: Sequence[str]) -> str:
    """The question with its numbered choices."""
    return "\n".join([prompt, *(f"{number}. {word}" for number, word in enumerate(choices, 1))])


def read_yes_or_no(message: Message) -> bool:
    """Accepts the usual words in English and German, and thumbs."""
    word = (message.text or "").strip().rstrip(".!").casefold()
    if word in _YES:
        return True
    if word in _NO:
        return False
    raise Unfit("Please answer yes or no.")
