"""A chat with a bot, as a test writes it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from .clock import FakeClock
from .fake_signal import FakeSignal
from .injection import File
from .place import Place, Reply
from .stage import Stage
from .state import GroupState, Person

if TYPE_CHECKING:
    from signalbot.bot import SignalBot


class Chat:
    """Somebody's chat with the bot, on a stand-in server of its own.

    ```python
    from signalbot.testing import Chat

    with Chat(bot) as chat:
        chat.say("/order")
        assert chat.replies == ["How many pizzas?"]
    ```

    Whatever is done here returns when the bot's handlers for it have ended, or wait for an
    answer, and raises what they raised. Nothing sleeps, nothing is patched: the bot talks to a
    real server on loopback, wherever its settings point to.

    Args:
        person: who writes: a name, a number, or a person of ``server``. Somebody who is only
            named hides the number, as most people on Signal do.
        group: the name of a group; without it the chat is with the bot alone.
        server: the stand-in, if you want to prepare it yourself.
        clock: the bot's time. With it failed handlers are retried when the clock gets there;
            without it they are given up at once, and their error is raised.
        timeout: real seconds that the bot may take for one message.
    """

    def __init__(
        self,
        bot: SignalBot,
        person: str | Person = "Alice",
        *,
        group: str | None = None,
        server: FakeSignal | None = None,
        clock: FakeClock | None = None,
        timeout: float = 5.0,
    ) -> None:
        stage = Stage(bot, server, clock=clock, timeout=timeout)
        self._join(stage, person, group)
        self._owns_stage = True

    @classmethod
    def on(cls, stage: Stage, person: str | Person, group: str | GroupState | None = None) -> Chat:
        """A chat beside others, on a stage that somebody else starts and stops."""
        chat = cls.__new__(cls)
        chat._join(stage, person, group)
        return chat

    def _join(self, stage: Stage, person: str | Person, group: str | GroupState | None) -> None:
        self._stage = stage
        self._person = _find_or_add(stage.server, person)
        self._place = Place(stage, self._person, _group_of(stage.server, group))
        self._enter_group(self._person)
        self._owns_stage = False

    def __repr__(self) -> str:
        where = f"the group {self._place.group.name!r}" if self._place.group else "private"
        return f"<Chat of {self._person.name} in {where}>"

    def __enter__(self) -> Chat:
        if self._owns_stage:
            self._stage.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if not self._owns_stage:
            return
        if error is None:
            self._stage.finish()
        else:
            self._stage.stop()

    # -- who, where ------------------------------------------------------------------------------

    @property
    def bot(self) -> SignalBot:
        return self._stage.bot

    @property
    def server(self) -> FakeSignal:
        """The stand-in: faults, raw frames, everything that it recorded."""
        return self._stage.server

    @property
    def clock(self) -> FakeClock | None:
        """The bot's time, if it is a test's to move."""
        return self._stage.clock

    @property
    def timeout(self) -> float:
        """Real seconds that the bot may take for one message; may be set."""
        return self._stage.timeout

    @timeout.setter
    def timeout(self, seconds: float) -> None:
        self._stage.timeout = seconds

    @property
    def sender(self) -> Person:
        """Who writes here."""
        return self._person

    def person(self, who: str | Person) -> Chat:
        """The same group as somebody else; of a private chat, somebody else's private chat."""
        if self._place.group is None:
            return Chat.on(self._stage, who)
        other = Chat.on(self._stage, who, self._place.group)
        other._place = self._place
        return other

    def in_group(self, name: str, *members: str | Person) -> Chat:
        """A group with the bot, this person, and others."""
        chat = Chat.on(self._stage, self._person, name)
        for member in members:
            chat._enter_group(_find_or_add(self.server, member))
        return chat

    # -- what the person does ----------------------------------------------------------------------

    def say(
        self,
        text: str | None = None,
        *,
        sender: str | Person | None = None,
        attachments: Iterable[File | Path] = (),
        quote: Reply | None = None,
        wait: bool = True,
        **parts: Any,
    ) -> list[Reply]:
        """Write something; returns what the bot answered here.

        Args:
            sender: who writes, in a group.
            attachments: paths, bytes, or (filename, bytes).
            quote: one of the bot's replies.
            wait: False does not wait for the handlers; see :meth:`settle`.
            parts: whatever else ``FakeSignal.say`` takes.

        Raises:
            TimeoutError: a handler is not done in time; the text says where it is.
            BaseException: what a handler raised and no error handler took, the original."""
        person = self._writer(sender)
        if quote is not None:
            parts["quote"] = (self.server.number, quote.timestamp, str(quote))
        files = [_file(each) for each in attachments]

        def send() -> int:
            timestamp = self.server.say(person, text, self._place.group, attachments=files, **parts)
            self._place.last_said[person.id] = timestamp
            return timestamp

        return self._turn(send, wait)

    def attach(self, *files: File | Path, text: str | None = None, **options: Any) -> list[Reply]:
        """Send files: paths, bytes, or (filename, bytes)."""
        return self.say(text, attachments=files, **options)

    def react(
        self, emoji: str, to: Reply | int | None = None, *, sender: str | Person | None = None,
        remove: bool = False,
    ) -> list[Reply]:  # fmt: skip
        """React to one of the bot's messages, by default to its last one here."""
        if to is None:
            to = self._last_reply()
        target = to.timestamp if isinstance(to, Reply) else to
        person = self._writer(sender)
        return self._turn(
            lambda: self.server.react(
                person, emoji, target, self._place.group, is_remove=remove,
                author=self.server.number,
            )
        )  # fmt: skip

    def edit(
        self, text: str, message: int | None = None, *, sender: str | Person | None = None
    ) -> list[Reply]:
        """Change a message of this person, by default the last one."""
        person = self._writer(sender)
        target = self._own_message(person) if message is None else message
        return self._turn(lambda: self.server.edit(person, target, text, self._place.group))

    def delete(
        self, message: int | None = None, *, sender: str | Person | None = None
    ) -> list[Reply]:
        """Delete a message of this person, by default the last one."""
        person = self._writer(sender)
        target = self._own_message(person) if message is None else message
        return self._turn(lambda: self.server.delete(person, target, self._place.group))

    def typing(self, is_started: bool = True, *, sender: str | Person | None = None) -> list[Reply]:
        """Start, or stop, typing."""
        person = self._writer(sender)
        return self._turn(
            lambda: self.server.typing(person, self._place.group, is_started=is_started)
        )

    def act(self, send: Callable[[FakeSignal], int], *, wait: bool = True) -> list[Reply]:
        """Have anything else happen: ``chat.act(lambda server: server.poll("Alice", …))``.

        ``send`` returns the timestamp of the one frame that it makes."""
        return self._turn(lambda: send(self.server), wait)

    def settle(self, timeout: float | None = None) -> None:
        """Wait until no handler runs, in any chat; raises what they raised meanwhile."""
        self._stage.settle(timeout)

    # -- what the bot does ---------------------------------------------------------------------

    @property
    def last_message(self) -> int:
        """The timestamp of this person's last message here."""
        return self._own_message(self._person)

    @property
    def replies(self) -> list[Reply]:
        """The bot's messages here since the last thing that was done here."""
        return [Reply(sent) for sent in self._place.messages() if sent.edit_of is None]

    @property
    def all_replies(self) -> list[Reply]:
        """All of the bot's messages here."""
        return [Reply(sent) for sent in self._place.messages(all=True) if sent.edit_of is None]

    @property
    def edits(self) -> list[Reply]:
        """The new texts of messages that it edited since then; ``.sent.edit_of`` tells which."""
        return [Reply(sent) for sent in self._place.messages() if sent.edit_of is not None]

    @property
    def deleted(self) -> list[Reply]:
        """The messages that the bot deleted since then."""
        gone = self._place.deleted()
        return [reply for reply in self.all_replies if reply.timestamp in gone]

    @property
    def reactions(self) -> list[str]:
        """The emojis that the bot put on messages since then, without those it took off."""
        return self._place.reactions()

    @property
    def is_bot_typing(self) -> bool:
        """Whether the bot shows that it is typing."""
        return self._place.is_typing()

    def wait_for_replies(self, count: int = 1, timeout: float = 5.0) -> list[Reply]:
        """Wait for messages that no handler of this turn sends: of a job, a thread, another chat.

        Raises:
            TimeoutError: there are fewer when the seconds are over."""
        self.server.wait_for(
            lambda: len(self.replies) >= count, timeout, f"fewer than {count} replies came"
        )
        return self.replies

    # -- helpers ---------------------------------------------------------------------------------

    def _turn(self, send: Callable[[], int], wait: bool = True) -> list[Reply]:
        self._place.begin_turn()
        self._stage.perform(send, wait=wait)
        return self.replies

    def _writer(self, sender: str | Person | None) -> Person:
        if sender is None:
            return self._person
        person = _find_or_add(self.server, sender)
        if self._place.group is None and person is not self._person:
            raise ValueError(
                f"This is a private chat of {self._person.name}: use chat.person({sender!r})."
            )
        self._enter_group(person)
        return person

    def _enter_group(self, person: Person) -> None:
        group = self._place.group
        if group is not None and person.id not in group.members:
            group.members.append(person.id)

    def _own_message(self, person: Person) -> int:
        try:
            return self._place.last_said[person.id]
        except KeyError:
            raise LookupError(f"{person.name} has said nothing here yet") from None

    def _last_reply(self) -> Reply:
        if not (replies := self.all_replies):
            raise LookupError("the bot has said nothing here yet")
        return replies[-1]


def _find_or_add(server: FakeSignal, who: str | Person) -> Person:
    try:
        return server.state.named(who)
    except LookupError:
        return server.add_person(str(who))


def _group_of(server: FakeSignal, group: str | GroupState | None) -> GroupState | None:
    if group is None or isinstance(group, GroupState):
        return group
    try:
        return server.state.group(group)
    except LookupError:
        return server.add_group(group)


def _file(file: File | Path) -> File:
    return (file.name, file.read_bytes()) if isinstance(file, Path) else file
