"""What a message says, as an answer of some type."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from signalbot.model import Message
from signalbot.routing.converters import CONVERSION_FAILED, Registry, converter_for
from signalbot.routing.usage import UsageError
from signalbot.routing.words import Word, mention_spans


def answer_reader(kind: Any, own: Registry, ctx: Any) -> Callable[[Message], Any]:
    """How to read an answer as a type: any that a command's parameter may have, or Message.

    The reader raises ValueError, with a text for the chat, where the answer does not fit.

    Raises:
        TypeError: there is no way to read that type.
    """
    if isinstance(kind, type) and issubclass(kind, Message):
        return lambda message: message
    if kind is str:
        return _read_text
    converter = converter_for(kind, own)
    if converter is None:
        raise TypeError(
            f"ask(type={kind!r}): answers are read as the types that a command's parameters may "
            "have; add one with @bot.converter"
        )

    def read(message: Message) -> Any:
        word = _read_word(message)
        try:
            return converter.read(word, ctx)
        except UsageError as error:
            raise ValueError(error.message) from error
        except CONVERSION_FAILED as error:
            choices = ", ".join(converter.choices)
            wanted = f"one of: {choices}" if choices else converter.expected
            raise ValueError(f"Please answer with {wanted}.") from error

    return read


def _read_text(message: Message) -> str:
    text = (message.text or "").strip()
    if not text:
        raise ValueError("Please answer with a text.")
    return text


def _read_word(message: Message) -> Word:
    """The whole answer as one word, with the person if it is nothing but a mention."""
    answer = _read_text(message)
    if not message.mentions:
        return Word(answer)
    text = message.text or ""
    start = len(text) - len(text.lstrip())
    end, user = mention_spans(text, message.mentions).get(start, (0, None))
    return Word(answer, user=user if end == len(text.rstrip()) else None)
