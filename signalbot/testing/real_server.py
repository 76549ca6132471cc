"""A real signal-cli-rest-api in place of the stand-in: a second account writes to the bot."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any
from unittest import SkipTest

from signalbot.bot import SignalBot
from signalbot.model import Delete, Edit, Message, Quote, Reaction, Typing, User

from .identifiers import make_uuid
from .injection import File
from .inspection import Inspection
from .receive import Hub
from .records import Logs, Sent, SentDelete, SentReaction, SentTyping
from .state import Account, GroupState, Person, State

# Nobody can know how many answers are still on their way through Signal: they are all there when
# none has come for so many seconds.
_QUIET = 1.5
_PATIENCE = 15.0


class RealServer(Inspection):
    """Offers what a chat needs of the stand-in, with two registered accounts of a real server.

    What cannot be had there (more people, groups, faults) skips the test and says so. Messages
    go out for real: use numbers that are for tests alone.

    Args:
        url: the server.
        number: the bot's account.
        person: the account that writes to it.
    """

    def __init__(self, url: str, number: str, person: str, **settings: Any) -> None:
        self.url = url
        self.number = number
        self.person = Person("the tester", person)
        self.logs = Logs()
        self.hub = Hub(self.logs, is_classic=False, lossy=False, hold=False)
        self.state = State()
        self.state.add_account(Account(number, make_uuid(number)))
        self.state.people.append(self.person)
        self.state.index(self.person)
        self._peer = SignalBot(person, url, storage="memory", **settings)
        self._peer.on_event(self._note)

    def __enter__(self) -> RealServer:
        self._peer.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._peer.stop(1.0)

    # -- what the person does --------------------------------------------------------------------

    def say(
        self, sender: Person, text: str | None, group: GroupState | None = None, *,
        attachments: Iterable[File] = (), quote: tuple[str, int, str] | None = None, **parts: Any,
    ) -> int:  # fmt: skip
        if parts:
            raise SkipTest(f"a real server cannot be told {', '.join(parts)} (--signal-server)")
        files: list[Any] = list(attachments)
        quoted = Quote(quote[1], User.parse(quote[0]), quote[2]) if quote is not None else None
        return self._peer.send(self.number, text, attachments=files, quote=quoted).timestamp

    def edit(self, sender: Person, target: int, text: str, group: GroupState | None = None) -> int:
        return self._peer.send(self.number, text, edit=target).timestamp

    def add_person(self, name: str | None, **parts: Any) -> Person:
        raise SkipTest(f"there is no {name} on a real server (--signal-server)")

    def add_group(self, name: str, **parts: Any) -> GroupState:
        raise SkipTest(f"there is no group {name} on a real server (--signal-server)")

    def __getattr__(self, name: str) -> Any:
        raise SkipTest(f"a real server has no {name} (--signal-server)")

    # -- what the bot does -----------------------------------------------------------------------

    def wait_for_socket(self, timeout: float = 5.0, **_: Any) -> None:
        """The bot tells itself when it is connected."""

    def catch_up(self) -> None:
        """Wait until the answers have come through Signal to the person."""
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline and self._came_more(self._count()):
            pass  # it waits itself

    def _came_more(self, known: int) -> bool:
        try:
            return self.wait_for(lambda: self._count() > known, _QUIET)
        except TimeoutError:
            return False

    def _count(self) -> int:
        logs = self.logs
        return len(logs.sent) + len(logs.reactions) + len(logs.deletes) + len(logs.typing)

    def _note(self, ctx: Any) -> None:
        """In the person's handler: keep what the bot sent as the stand-in would."""
        event = ctx.event
        if event.sender is None or not event.sender.matches(self.number):
            return
        logs, to = self.logs, self.person.id
        if isinstance(event, Message | Edit):
            edit_of = event.target if isinstance(event, Edit) else None
            logs.sent.append(Sent(self.number, (to,), event.timestamp, event.text, edit_of=edit_of))
        elif isinstance(event, Reaction):
            author = event.target_author.id if event.target_author is not None else to
            logs.reactions.append(
                SentReaction(self.number, to, event.emoji, author, event.target, event.is_remove)
            )
        elif isinstance(event, Delete):
            logs.deletes.append(SentDelete(self.number, to, event.target, event.timestamp))
        elif isinstance(event, Typing):
            logs.typing.append(SentTyping(self.number, to, event.started, event.received_at))
        logs.ring()
