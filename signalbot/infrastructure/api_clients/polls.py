"""Polls: ask a chat, vote, and close (server 0.97 and newer)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from signalbot.infrastructure.api_clients.addresses import (
    ChatLike,
    PersonLike,
    address,
    recipient,
    target,
)
from signalbot.infrastructure.api_clients.area import Area
from signalbot.infrastructure.api_clients.operation import Operation, Param, required
from signalbot.infrastructure.api_clients.references import Target, reference, timestamp_of
from signalbot.infrastructure.calls import Family
from signalbot.model.people import Group, User
from signalbot.model.text import utf16_length

OPTION_COUNT = (2, 10)
OPTION_LENGTH = 100  # UTF-16 units, signal-cli's limit

Option: TypeAlias = int | str


@dataclass(frozen=True, slots=True)
class SentPoll:
    """A poll that this account has asked.

    Attributes:
        timestamp: ms since the epoch; names the poll together with its author, this account.
        sender: this account.
        chat: where it was asked.
    """

    timestamp: int
    sender: User = field(repr=False)
    chat: User | Group = field(repr=False)
    options: tuple[str, ...] = field(repr=False)
    _polls: PollsApi = field(repr=False, compare=False)

    def vote(self, options: Option | Iterable[Option]) -> None:
        """Vote for options by index (from 0) or text."""
        self._polls.vote(self.chat, self, options)

    def close(self) -> None:
        """End the vote."""
        self._polls.close(self.chat, self)


class PollsApi(Area):
    """Polls.

    ```python
    poll = client.polls.create(chat, "Pizza or pasta?", ["Pizza", "Pasta"])
    poll.close()
    ```

    A poll that somebody else asked arrives as an event, which says all that is needed:

    ```python
    client.polls.vote(event.chat, event, "Pizza")
    client.polls.vote(event.chat, event, 0)
    ```
    """

    CREATE = Operation(
        "POST",
        "/v1/polls/{number}",
        Family.SEND,
        body=(
            required("recipient"),
            required("question"),
            required("answers", "array:string"),
            Param("allow_multiple_selections", "boolean"),
        ),
        is_send=True,
    )
    VOTE = Operation(
        "POST",
        "/v1/polls/{number}/vote",
        Family.SEND,
        body=(
            required("recipient"),
            required("poll_author"),
            required("poll_timestamp"),
            required("selected_answers", "array:integer"),
        ),
        is_send=True,
    )
    CLOSE = Operation(
        "DELETE",
        "/v1/polls/{number}",
        Family.SEND,
        body=(required("recipient"), required("poll_timestamp")),
        is_send=True,
    )

    def create(
        self,
        to: ChatLike,
        question: str,
        options: Sequence[str],
        *,
        allow_multiple: bool = True,
    ) -> SentPoll:
        """Ask a question with two to ten options, each of up to 100 characters.

        Args:
            allow_multiple: a voter may choose several options.
        """
        texts = _checked_options(options)
        chat = target(to)
        if not question:
            raise ValueError("the poll's question is empty")
        answer = self._ask(
            self.CREATE,
            body={
                "recipient": recipient(chat),
                "question": question,
                "answers": list(texts),
                "allow_multiple_selections": allow_multiple,
            },
        )
        try:
            timestamp = int(answer["timestamp"])
        except (KeyError, TypeError, ValueError):
            raise self._caller.unreadable(self.CREATE, 201) from None
        return SentPoll(timestamp, self._caller.own_user, chat, texts, self)

    def vote(
        self,
        to: ChatLike,
        poll: Target,
        options: Option | Iterable[Option],
        *,
        author: PersonLike | None = None,
    ) -> None:
        """Vote in a poll; a vote cannot be withdrawn, and a changed one may be ignored.

        Args:
            to: the chat in which the poll is.
            poll: a Poll event, a SentPoll, or its timestamp (then with ``author``).
            options: indexes from 0, as in events, or the options' texts (if ``poll`` is no
                timestamp).
        """
        meant = reference(poll, author)
        chosen = [options] if isinstance(options, (int, str)) else list(options)
        if not chosen:
            raise ValueError("choose at least one option: the server cannot withdraw a vote")
        self._do(
            self.VOTE,
            body={
                "recipient": recipient(target(to)),
                "poll_author": address(meant.author),
                "poll_timestamp": str(meant.timestamp),
                # The server counts from 1 here, though it counts from 0 in what it receives.
                "selected_answers": [_index(option, poll) + 1 for option in chosen],
            },
        )

    def close(self, to: ChatLike, poll: Target) -> None:
        """End the vote in a poll of our own."""
        self._do(
            self.CLOSE,
            body={
                "recipient": recipient(target(to)),
                "poll_timestamp": str(timestamp_of(poll)),
            },
        )


def _checked_options(options: Sequence[str]) -> tuple[str, ...]:
    least, most = OPTION_COUNT
    if isinstance(options, str) or not least <= len(options) <= most:
        raise ValueError(f"a poll needs a list of {least} to {most} options")
    for number, option in enumerate(options, 1):
        if not 1 <= utf16_length(option) <= OPTION_LENGTH:
            raise ValueError(f"option {number} of the poll needs 1 to {OPTION_LENGTH} characters")
    return tuple(options)


def _index(option: Option, poll: Any) -> int:
    known: tuple[str, ...] = tuple(getattr(poll, "options", ()))
    if isinstance(option, str):
        if option not in known:
            raise ValueError("the poll has no such option" if known else _ONLY_INDEXES)
        return known.index(option)
    if isinstance(option, bool) or option < 0 or (known and option >= len(known)):
        raise ValueError("an option's index counts from 0 and ends before the number of options")
    return option


_ONLY_INDEXES = "options can be given by text only with a Poll event or a SentPoll"
