"""SentMessage: what became of a message, and what may still be done with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from signalbot.errors import (
    ApiError,
    NotRegistered,
    RateLimited,
    RequestFailed,
    UntrustedIdentity,
)
from signalbot.infrastructure.api_clients.addresses import ChatLike
from signalbot.infrastructure.api_clients.references import Target
from signalbot.infrastructure.api_models.enums import FailureReason
from signalbot.infrastructure.outgoing_edits import EditChain
from signalbot.infrastructure.outgoing_recipients import Portion
from signalbot.model.mentions import Mention
from signalbot.model.people import Group, User

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from signalbot.infrastructure.outgoing_options import EditOptions

# Reasons of our own, beside the server's.
REFUSED = "REFUSED"  # the server said no to the call, see the error
NOT_TRIED = "NOT_TRIED"  # an earlier call of the same send had failed


@dataclass(frozen=True, slots=True)
class FailedRecipient:
    """Somebody who did not get the message.

    Attributes:
        recipient: the person (also of a group), or the group whose call failed.
        reason: a :class:`FailureReason`, what else the server says, REFUSED, or NOT_TRIED.
        error: of the call that failed for all of its recipients; ``may_have_been_sent`` on it
            says whether to worry. None if the server named this one, or was not asked any more.
    """

    recipient: User | Group = field(repr=False)
    reason: str
    error: ApiError | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True)
class SentPart:
    """One call's worth: these recipients know the message by this timestamp."""

    recipients: Portion = field(repr=False)
    timestamp: int
    chain: EditChain = field(repr=False, compare=False)


class MessageActions(Protocol):
    """The messages area, as a sent message uses it."""

    def edit(self, sent: SentMessage, text: str, **options: Unpack[EditOptions]) -> SentMessage:
        """Send a new version to everybody who got the message."""

    def delete(self, to: ChatLike, message: Target) -> int:
        """Delete a message in one chat."""

    def react(self, to: ChatLike, emoji: str | None, message: Target, author: User) -> None:
        """Set or (None) remove the own reaction in one chat."""


@dataclass(frozen=True)
class SentMessage:
    """A message that the server has accepted for at least one recipient.

    Attributes:
        timestamp: ms since the epoch; with the sender, the identity of the message.
        sender: this account.
        recipients: the people and groups that it was addressed to.
        failed: those of them (or of their members) that it did not reach.
        parts: one for each call it took; several kinds of recipients, or a split text, take more
            than one, and each has its own timestamp.
        text: as the recipients read it, without markup.
    """

    timestamp: int
    sender: User = field(repr=False)
    recipients: tuple[User | Group, ...] = field(repr=False)
    failed: tuple[FailedRecipient, ...] = ()
    parts: tuple[SentPart, ...] = field(default=(), repr=False)
    text: str = field(default="", repr=False)
    mentions: tuple[Mention, ...] = field(default=(), repr=False)
    _api: MessageActions = field(kw_only=True, repr=False, compare=False)

    @property
    def ok(self) -> bool:
        """Whether everybody was reached."""
        return not self.failed

    def edit(self, text: str, **options: Unpack[EditOptions]) -> SentMessage:
        """Replace the text; may be done repeatedly, on this or on what it returns.

        Args:
            options: those of ``client.messages.send``.
        """
        return self._api.edit(self, text, **options)

    def delete(self) -> None:
        """Delete the message for everybody who got it."""
        for to, timestamp in self._places():
            self._api.delete(to, timestamp)

    def react(self, emoji: str) -> None:
        """Put an emoji on the message."""
        for to, timestamp in self._places():
            self._api.react(to, emoji, timestamp, self.sender)

    def unreact(self) -> None:
        """Take the emoji off again."""
        for to, timestamp in self._places():
            self._api.react(to, None, timestamp, self.sender)

    def chain_for(self, portion: Portion) -> EditChain:
        """The versions of the message that these recipients have.

        Raises:
            ValueError: if they have none, or have it in several parts.
        """
        chains = [part.chain for part in self.parts if set(portion) <= set(part.recipients)]
        if not chains and len(self.parts) == 1:
            return self.parts[0].chain
        if len(chains) != 1:
            raise ValueError(
                "a message that was split into several is not one message any more"
                if chains
                else "these recipients did not get the message that is meant"
            )
        return chains[0]

    @property
    def reached(self) -> list[User | Group]:
        """Those whose call succeeded: they know the message, or members of the group do."""
        return list(dict.fromkeys(to for part in self.parts for to in part.recipients))

    def _places(self) -> list[tuple[User | Group, int]]:
        """Chats in which the message stands, each with the timestamp it has there."""
        lost = [failure.recipient for failure in self.failed]
        return [
            (to, part.chain.first)
            for part in self.parts
            for to in part.recipients
            if not any(_is_same(to, other) for other in lost)
        ]


def _is_same(one: User | Group, other: User | Group) -> bool:
    if isinstance(one, User) and isinstance(other, User):
        return one.matches(other)  # the server may know a failed one by other identifiers
    return one == other


def reason_for(error: ApiError) -> str:
    """Say why a call failed in the words that the server uses for single recipients."""
    for kind, reason in (
        (RequestFailed, FailureReason.NETWORK),
        (RateLimited, FailureReason.RATE_LIMIT),
        (UntrustedIdentity, FailureReason.IDENTITY),
        (NotRegistered, FailureReason.UNREGISTERED),
    ):
        if isinstance(error, kind):
            return reason.value
    return REFUSED


def read_answer(answer: Any) -> tuple[int, tuple[FailedRecipient, ...]]:
    """Read what ``/v2/send`` answers: an object up to server 0.100, a list of them since.

    Raises:
        ValueError: if it holds no timestamp.
    """
    results = answer if isinstance(answer, list) else [answer]
    if len(results) == 1 and type(results[0]) is dict and results[0].keys() == {"timestamp"}:
        return int(results[0]["timestamp"]), ()  # nearly always
    if not results or not all(isinstance(result, dict) for result in results):
        raise ValueError("neither an object nor a list of objects")
    timestamps = [int(result["timestamp"]) for result in results if result.get("timestamp")]
    if not timestamps:
        raise ValueError("no timestamp")
    failed = [entry for result in results for entry in _failures(result.get("errors"))]
    return timestamps[0], tuple(failed)


def _failures(errors: Any) -> list[FailedRecipient]:
    listed = errors.get("recipients") if isinstance(errors, dict) else None
    found = []
    for entry in listed if isinstance(listed, list) else ():
        if not isinstance(entry, dict):
            continue
        known = {name: entry[name] for name in ("uuid", "number", "username") if entry.get(name)}
        if known:
            found.append(FailedRecipient(User(**known), str(entry.get("reason") or "UNKNOWN")))
    return found
