"""The event in a handler's hands: what it says, and in which run."""

from __future__ import annotations

import re
import threading
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from signalbot.errors import HandlerTimeout, NotFound, RequestFailed
from signalbot.model import Chat, Event, Group, Message, User
from signalbot.observability.logging import context_variables, get_logger, label
from signalbot.services.attachments import ReceivedAttachment
from signalbot.services.durable import Script
from signalbot.services.messages import Messages

if TYPE_CHECKING:
    from signalbot.model.delivery import Delivery


T = TypeVar("T")

_TRACE, _CHAT, _HANDLER, _ATTEMPT = context_variables("trace", "chat", "handler", "attempt")


class RunningHandler(Protocol):
    """What the context needs of the run that it belongs to."""

    expired: bool
    thread: int
    handler: str | None
    timeout: Any


class Timekeeper(Protocol):
    """What the context needs of the bot's clock."""

    @property
    def monotonic(self) -> Callable[[], float]: ...
    def event(self) -> threading.Event: ...


AskOnce = Callable[..., Message]
"""``ask(run, send=, people=, timeout=)``: sends, parks, returns the answer."""


@dataclass(frozen=True)
class HandlerServices:
    """What every context of a bot shares."""

    bot: Any
    messages: Messages
    client: Callable[[], Any]
    is_me: Callable[[User], bool]
    request_stop: Callable[[], None]
    ask: AskOnce
    reader: Callable[[Any, Any], Callable[[Message], Any]]
    state_of: Callable[[str], Any]
    later: Callable[..., str]
    in_thread: Callable[..., Awaitable[Any]]
    clock: Timekeeper


class HandledEvent:
    """The reading half of the context; routing, filters and middleware need no more.

    Attributes:
        text: the text of the message or edit; empty if there is none.
        is_direct: True in a chat with one person, the note to self included.
    """

    def __init__(
        self,
        event: Event,
        services: HandlerServices,
        *,
        delivery: Delivery | None = None,
        run: RunningHandler | None = None,
    ) -> None:
        self.event = event
        # Asked for several times for each event, so not worked out each time.
        self.text: str = getattr(event, "text", None) or ""
        self.is_direct = event.chat is not None and event.chat.group is None
        self.args: Any = ()
        self.match: re.Match[str] | None = None
        self.handler: Any = None
        self.script: Script | None = None  # of a durable handler
        self.has_acted = False  # in this run the handler has, or may have, done what others see
        self._services = services
        self._delivery = delivery
        self._run = run
        self.attempt = delivery.attempt if delivery is not None else 1

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.event!r}>"

    # -- what happened ---------------------------------------------------------------------

    @property
    def message(self) -> Message | None:
        """The event if it is a message, else None."""
        return self.event if isinstance(self.event, Message) else None

    @property
    def chat(self) -> Chat | None:
        """Where to answer: the group, or the person."""
        return self.event.chat

    @property
    def sender(self) -> User | None:
        """Who wrote."""
        return self.event.sender

    def group_named(self, name: str) -> Group:
        """The group of the bot's that has this name, as ``bot.directory`` knows it.

        Raises:
            ValueError: there is none, or several.
            ApiError: the server cannot be asked, and nothing is remembered."""
        here = self.event.chat.group if self.event.chat is not None else None
        if here is not None and here.name == name:
            return here
        try:
            found: Group = self._services.bot.directory.group(name).group
        except NotFound as error:
            raise ValueError(str(error)) from None
        return found

    def is_me(self, user: User) -> bool:
        """Whether that is the bot's own account."""
        return self._services.is_me(user)

    @property
    def redelivered(self) -> bool:
        return self._delivery.redelivered if self._delivery is not None else False

    @cached_property
    def attachments(self) -> Sequence[ReceivedAttachment]:
        """The files that came with the message; each is fetched when it is read."""
        records = getattr(self.event, "attachments", ())
        return tuple(
            ReceivedAttachment(record, self._services.client, self._check) for record in records
        )

    @property
    def log(self) -> Any:
        """A structlog logger that names the chat (by a hash), the handler and the attempt."""
        return get_logger(
            "signalbot.handler",
            handler=getattr(self.handler, "name", None),
            chat=label(self.event.chat.key if self.event.chat is not None else None),
            attempt=self.attempt,
        )

    @property
    def storage(self) -> Any:
        """The bot's storage: JSON values under string keys."""
        return self._services.bot.storage

    @property
    def state(self) -> Any:
        """This chat's own corner of the storage."""
        return self._services.state_of(f"chat:{self._here().key}")

    @property
    def sender_state(self) -> Any:
        """The sender's own corner of the storage, whatever the chat."""
        if self.event.sender is None:
            raise ValueError(f"A {self.event.kind} event has no sender.")
        return self._services.state_of(f"sender:{self.event.sender.id}")

    # -- for the runtime -------------------------------------------------------------------

    def begin_handler(self, handler: Any) -> None:
        """Called by the dispatcher: which handler has the event now."""
        self.handler = handler
        if handler.durable and self.event.chat is not None:
            self.script = Script(
                self._services.state_of("durable"),
                f"{handler.name}:{self.event.id}",
                self.event.chat,
                self._services.messages,
            )
        # Bound here and not for every event: most that match nothing are never logged about. The
        # processor runs each event in contextvars of its own, so nothing leaks into the next.
        if self._delivery is not None:
            _TRACE.set(f"{self._delivery.seq:x}")
            _CHAT.set(label(self._delivery.peek.chat))
            _HANDLER.set(handler.name)
            _ATTEMPT.set(self.attempt)
        if self._run is not None:
            self._run.handler, self._run.timeout = handler.name, handler.timeout

    def forget(self) -> None:
        """Called by the processor: the event is settled, no run of it follows."""
        if self.script is not None:
            self.script.forget()

    def _here(self) -> Chat:
        if self.event.chat is None:
            raise ValueError(
                f"A {self.event.kind} event belongs to no chat: use ctx.bot.send(to, …)."
            )
        return self.event.chat

    def _act(self, function: Callable[..., T], *args: Any, **keywords: Any) -> T:
        """Do what others see; it did not happen only if it was surely not sent."""
        if self._run is not None and self._run.expired:
            self._check()
        had_acted, self.has_acted = self.has_acted, True
        try:
            return function(*args, **keywords)
        except RequestFailed as error:
            self.has_acted = had_acted or error.may_have_been_sent
            raise

    def _check(self) -> None:
        if self._run is not None and self._run.expired:
            raise HandlerTimeout(
                "This handler has been running longer than handler_timeout; "
                "what it does from here on would come too late."
            )
