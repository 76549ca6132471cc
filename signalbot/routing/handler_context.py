"""What routing needs to know of the object that is passed to filters, middleware, handlers."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Protocol

from signalbot.model.people import Group, User

Predicate = Callable[[Any], object]
"""A filter in its plainest form: gets the context, returns something true or false."""

INJECTED = (
    "ctx",
    "event",
    "message",
    "chat",
    "sender",
    "bot",
    "log",
    "storage",
    "state",
    "args",
    "match",
)
"""Parameter names that a handler may use without asking: attributes of the context."""


class HandlerContext(Protocol):
    """The event in hand, as filters and handlers see it; ``signalbot.Context`` is the real one.

    Routing reads the properties; it writes ``args`` (the words after a command's name) and
    ``match`` (what a regular expression found) right before it offers a match.
    """

    args: Any
    match: re.Match[str] | None

    @property
    def event(self) -> Any: ...
    @property
    def message(self) -> Any: ...
    @property
    def text(self) -> str | None: ...
    @property
    def chat(self) -> Any: ...
    @property
    def sender(self) -> User | None: ...
    @property
    def bot(self) -> Any: ...
    @property
    def log(self) -> Any: ...
    @property
    def storage(self) -> Any: ...
    @property
    def state(self) -> Any: ...
    @property
    def is_direct(self) -> bool:
        """True in a chat with one person (the note to self too)."""

    def group_named(self, name: str) -> Group:
        """The group of the bot's that has this name.

        Raises:
            ValueError: there is none, or several."""

    def is_me(self, user: User) -> bool:
        """Whether that is the bot's own account, by whatever identifiers are known."""
