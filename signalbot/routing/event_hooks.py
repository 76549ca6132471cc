"""The ``on_…`` decorators, one for each thing that the server can tell."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, overload

from signalbot.model.events import (
    BlockedSync,
    Call,
    ContactMessage,
    ContactSync,
    Delete,
    Edit,
    ErrorEvent,
    Event,
    ExceptionEvent,
    ExpirationUpdate,
    GroupSync,
    GroupUpdate,
    Message,
    Payment,
    Pin,
    Poll,
    PollClose,
    PollVote,
    Reaction,
    ReadSync,
    Receipt,
    StickerMessage,
    Story,
    Typing,
    UnknownEvent,
    Unpin,
)
from signalbot.routing.event_kinds import kinds_of
from signalbot.routing.filter_algebra import Filter, FilterLike
from signalbot.routing.options import HandlerOptions, Options
from signalbot.routing.places import here
from signalbot.routing.registrar import Registrar
from signalbot.routing.registration import (
    HandlerT,
    Registration,
    Role,
    Trigger,
    all_of,
    is_bare,
)

if TYPE_CHECKING:
    from typing_extensions import Unpack


class EventDecorator:
    """A decorator that works bare, called, and called with filters."""

    def __init__(self, registrar: Registrar, hook: EventHook) -> None:
        self._registrar = registrar
        self._hook = hook
        self.__doc__ = hook.__doc__

    @overload
    def __call__(
        self, first: Filter, /, *filters: FilterLike, **options: Unpack[HandlerOptions]
    ) -> Callable[[HandlerT], HandlerT]: ...
    @overload
    def __call__(self, handler: HandlerT, /) -> HandlerT: ...
    @overload
    def __call__(self, **options: Unpack[HandlerOptions]) -> Callable[[HandlerT], HandlerT]: ...
    @overload
    def __call__(
        self,
        first: FilterLike,
        second: FilterLike,
        /,
        *filters: FilterLike,
        **options: Unpack[HandlerOptions],
    ) -> Callable[[HandlerT], HandlerT]: ...
    def __call__(self, *arguments: Any, **options: Any) -> Any:
        name = self._hook.name
        if is_bare(arguments, name):
            self._register(arguments[0], (), options)
            return arguments[0]
        # Checked here and not when the function comes, so that the error names this line.
        Options.of(options, here())
        wanted = all_of(arguments)
        arrived = self._registrar.expect(name)

        def decorate(handler: HandlerT) -> HandlerT:
            arrived()
            self._register(handler, () if wanted is None else (wanted,), options)
            return handler

        return decorate

    def _register(self, handler: Any, filters: tuple[Filter, ...], options: Any) -> None:
        hook = self._hook
        trigger = Trigger(hook.name, hook.role, hook.kinds, filter=all_of(filters))
        self._registrar.add_handler(Registration.of(handler, trigger, Options.of(options, here())))


class EventHook:
    """Declares a decorator on a class that can register handlers."""

    def __init__(self, doc: str, *classes: type[Event], role: Role = Role.EVENT) -> None:
        self.__doc__ = doc
        self.kinds = kinds_of(*classes)
        self.role = role
        self.name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, instance: None, owner: type) -> EventHook: ...
    @overload
    def __get__(self, instance: Any, owner: type) -> EventDecorator: ...
    def __get__(self, instance: Any, owner: type) -> EventHook | EventDecorator:
        return self if instance is None else EventDecorator(instance._registrar, self)


class EventHooks:
    """All ``on_…`` decorators; each takes filters, and the options of ``HandlerOptions``."""

    on_message = EventHook("Run for messages, stickers and shared contacts too.", Message)
    on_edit = EventHook("Run when somebody changes a message.", Edit)
    on_delete = EventHook(
        "Run when a message is deleted, by its author or by an admin.",
        Delete,
    )
    on_reaction = EventHook("Run for reactions, and when one is taken back.", Reaction)
    on_receipt = EventHook("Run when messages of ours were delivered, read, or viewed.", Receipt)
    on_typing = EventHook("Run when somebody begins or ceases to type.", Typing)
    on_group_update = EventHook("Run when a group changes.", GroupUpdate)
    on_poll = EventHook("Run when somebody opens a poll.", Poll)
    on_poll_vote = EventHook("Run for votes in polls.", PollVote)
    on_poll_close = EventHook("Run when a poll ends.", PollClose)
    on_pin = EventHook("Run when a message is pinned.", Pin)
    on_unpin = EventHook("Run when a message is unpinned.", Unpin)
    on_call = EventHook("Run for signs of a voice or video call.", Call)
    on_story = EventHook("Run for stories.", Story)
    on_sticker = EventHook("Run for stickers.", StickerMessage)
    on_contact = EventHook("Run when somebody shares a contact.", ContactMessage)
    on_payment = EventHook("Run for payments.", Payment)
    on_expiration_update = EventHook(
        "Run when the time after which messages disappear changes.", ExpirationUpdate
    )
    on_contact_sync = EventHook("Run when my other devices tell of contacts.", ContactSync)
    on_group_sync = EventHook("Run when my other devices tell of groups.", GroupSync)
    on_read_sync = EventHook("Run when I read messages on another device.", ReadSync)
    on_blocked_sync = EventHook("Run when I block or unblock on another device.", BlockedSync)
    on_exception = EventHook("Run when the server could not read something.", ExceptionEvent)
    on_server_error = EventHook("Run when the server tells of an error of its own.", ErrorEvent)
    on_unknown = EventHook("Run for what this version does not know yet.", UnknownEvent)
    on_event = EventHook(
        "Observe every event, whoever else handles it; my own messages too.", role=Role.OBSERVER
    )
    on_unhandled = EventHook(
        "Run for an event that no handler matched, except receipts, typing and account syncs.",
        role=Role.UNHANDLED,
    )
