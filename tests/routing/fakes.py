"""Contexts and events for routing tests: real events, and a context that only holds them."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass, field
from typing import Any

from signalbot.model.events import Event, Message
from signalbot.model.people import Chat, Group, User
from signalbot.routing import Router, RoutingSettings, RoutingTable
from signalbot.routing.matches import Match

ME = User(uuid="00000000-0000-4000-8000-000000000000", number="+4915100000000")
ALICE = User(uuid="a1a1a1a1-0000-4000-8000-000000000001", number="+4915111111111")
BOB = User(uuid="b0b0b0b0-0000-4000-8000-000000000002", number="+4915122222222")
FAMILY = Group("ZmFtaWx5ZmFtaWx5ZmFtaWx5ZmFtaWx5ZmFtaWx5MTI=", name="Family")

DIRECT = Chat(user=ALICE)
IN_GROUP = Chat(group=FAMILY)

clock = itertools.count(1_700_000_000_000)


@dataclass
class FakeContext:
    """What ``HandlerContext`` asks for, around a given event."""

    event: Any
    bot: Any = "the bot"
    log: Any = "the log"
    storage: Any = "the storage"
    state: Any = "the state"
    args: Any = None
    match: re.Match[str] | None = None
    said: list[str] = field(default_factory=list)

    @property
    def message(self) -> Any:
        return self.event if isinstance(self.event, Message) else None

    @property
    def text(self) -> str:
        return getattr(self.event, "text", None) or ""

    @property
    def chat(self) -> Chat | None:
        return self.event.chat

    @property
    def sender(self) -> User | None:
        return self.event.sender

    @property
    def is_direct(self) -> bool:
        return self.event.chat is not None and not self.event.chat.is_group

    def group_named(self, name: str) -> Group:
        if name != FAMILY.name:
            raise ValueError(name)
        return FAMILY

    def is_me(self, user: User) -> bool:
        return ME.matches(user)


def event(cls: type[Event] = Message, *, sender: User | None = ALICE, **facts: Any) -> Any:
    """An event of a class, in a direct chat with Alice unless said otherwise."""
    facts.setdefault("chat", DIRECT)
    facts.setdefault("account", ME.number)
    return cls(sender=sender, timestamp=next(clock), **facts)


def context(text: str = "", **facts: Any) -> FakeContext:
    """The context of a message with this text."""
    return FakeContext(event(text=text, **facts))


def in_group(text: str = "", **facts: Any) -> FakeContext:
    """The same in a group."""
    return context(text, chat=IN_GROUP, **facts)


def first(table: RoutingTable, ctx: FakeContext) -> Match | None:
    return next(table.matches(ctx), None)


def answer(router: Router, ctx: FakeContext, **settings: Any) -> Any:
    """What the first matching handler returns; None if no handler matches."""
    match = first(router.compile(RoutingSettings(**settings)), ctx)
    return None if match is None else match.call(ctx)
