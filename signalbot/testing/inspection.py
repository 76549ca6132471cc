"""What the bot did, and waiting until it did it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from .receive import Hub
from .records import (
    Logs,
    RecordedRequest,
    Sent,
    SentDelete,
    SentReaction,
    SentReceipt,
    SentTyping,
    SentVote,
)
from .state import GroupState, Person, State

if TYPE_CHECKING:
    from .websocket import ReceiveSocket

T = TypeVar("T")


class Inspection:
    """Mixed into :class:`~signalbot.testing.FakeSignal`; every list is a copy of that moment."""

    logs: Logs
    hub: Hub
    state: State

    @property
    def requests(self) -> list[RecordedRequest]:
        """Every request and every websocket handshake, in order of arrival."""
        return list(self.logs.requests)

    @property
    def sent(self) -> list[Sent]:
        """Every message that reached at least one recipient."""
        return list(self.logs.sent)

    @property
    def reactions(self) -> list[SentReaction]:
        """Reactions put on and taken off."""
        return list(self.logs.reactions)

    @property
    def receipts(self) -> list[SentReceipt]:
        """Read receipts sent."""
        return list(self.logs.receipts)

    @property
    def typing_log(self) -> list[SentTyping]:
        """Typing indicators switched on and off."""
        return list(self.logs.typing)

    @property
    def deletes(self) -> list[SentDelete]:
        """Messages deleted for everybody."""
        return list(self.logs.deletes)

    @property
    def votes(self) -> list[SentVote]:
        """Votes in polls."""
        return list(self.logs.votes)

    @property
    def errors(self) -> list[BaseException]:
        """Bugs of the stand-in itself, which clients see as an empty 500."""
        return list(self.logs.errors)

    def calls(self, method: str, path: str) -> list[RecordedRequest]:
        """The requests with this method to paths that begin so."""
        return [r for r in self.requests if r.method == method and r.path.startswith(path)]

    def replies_to(self, chat: str | Person | GroupState) -> list[Sent]:
        """The messages sent to this person or into this group."""
        if isinstance(chat, str):
            group = next(
                (g for g in self.state.groups.values() if chat in (g.internal_id, g.id, g.name)),
                None,
            )
            chat = group or self.state.named(chat)
        if isinstance(chat, GroupState):
            return [sent for sent in self.sent if sent.group == chat.internal_id]
        person = chat
        return [
            sent
            for sent in self.sent
            if sent.group is None and any(person.is_named(r) for r in sent.recipients)
        ]

    # -- sockets ------------------------------------------------------------------------

    @property
    def sockets(self) -> list[ReceiveSocket]:
        """The websockets that are open now."""
        return list(self.hub.sockets)

    @property
    def past_sockets(self) -> list[ReceiveSocket]:
        """The websockets that were open once; their ``close_code`` tells how they ended."""
        return list(self.hub.past)

    @property
    def connections(self) -> int:
        """How many websockets are open now."""
        return len(self.hub.sockets)

    @property
    def connections_made(self) -> int:
        """How many websockets there have been, open ones included."""
        return len(self.hub.sockets) + len(self.hub.past)

    @property
    def delivered(self) -> int:
        """Frames written, summed over all sockets there have been."""
        return sum(s.delivered for s in [*self.hub.past, *self.hub.sockets])

    @property
    def dropped(self) -> int:
        """Frames that an open socket should have got but did not (lossy mode)."""
        return sum(s.dropped for s in [*self.hub.past, *self.hub.sockets])

    @property
    def unheard(self) -> int:
        """Frames that came while no socket was open for their account: lost."""
        return self.hub.unheard

    @property
    def queued(self) -> int:
        """Frames that wait for the next poll (classic modes), or for a socket (``hold``)."""
        return self.hub.queued

    # -- waiting ------------------------------------------------------------------------

    def wait_for(
        self,
        predicate: Callable[[], T],
        timeout: float = 5.0,
        what: str = "the condition did not become true",
    ) -> T:
        """Return the predicate's first true value; it is asked after every event.

        Raises:
            TimeoutError: if there was none in time.
        """
        return self.logs.wait_for(predicate, timeout, what)

    def wait_for_socket(
        self, timeout: float = 5.0, *, count: int = 1, account: str | None = None
    ) -> None:
        """Return when so many websockets are subscribed.

        Raises:
            TimeoutError: if they are not in time.
        """

        def is_there() -> bool:
            sockets = self.sockets
            return sum(account in (None, s.account) for s in sockets) >= count

        self.wait_for(is_there, timeout, f"fewer than {count} websockets connected")

    def wait_for_sent(
        self, which: int | Callable[[Sent], Any] = 1, timeout: float = 5.0
    ) -> list[Sent]:
        """Return when so many messages were sent, or one that the predicate likes.

        Raises:
            TimeoutError: if they were not in time.
        """
        log = self.logs.sent
        if isinstance(which, int):
            self.wait_for(
                lambda: len(log) >= which, timeout, f"fewer than {which} messages were sent"
            )
            return list(log)
        return self.wait_for(
            lambda: [sent for sent in log if which(sent)], timeout, "no such message was sent"
        )

    def wait_for_request(
        self, method: str, path: str, timeout: float = 5.0, *, count: int = 1
    ) -> list[RecordedRequest]:
        """Return when so many requests came to a path that begins so.

        Raises:
            TimeoutError: if they did not in time.
        """

        def calls() -> list[RecordedRequest]:
            found = self.calls(method, path)
            return found if len(found) >= count else []

        return self.wait_for(calls, timeout, f"fewer than {count} times {method} {path} came")

    def forget(self) -> None:
        """Forget everything recorded; state and faults stay."""
        self.logs.clear()
