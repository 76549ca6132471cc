"""What others may do around every handler; one that fails takes nothing else along."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from signalbot.observability.logging import get_logger

log = get_logger("signalbot.hooks")


@dataclass(frozen=True)
class Hooks:
    """Functions around every handler, in its thread; Django closes connections with them."""

    before_handler: list[Callable[[], Any]] = field(default_factory=list)
    after_handler: list[Callable[[], Any]] = field(default_factory=list)
    before_park: list[Callable[[], Any]] = field(default_factory=list)
    thread_exit: list[Callable[[], Any]] = field(default_factory=list)

    def enter_handler(self) -> None:
        """What one raises counts as the handler's own error."""
        for hook in self.before_handler:
            hook()

    def leave_handler(self) -> None:
        """The work is done already, so an error here is only told."""
        if self.after_handler:
            _call_each("after_handler", self.after_handler)

    def enter_park(self) -> None:
        """What one raises keeps the question from being asked."""
        for hook in self.before_park:
            hook()

    def leave_thread(self) -> None:
        """At the end of a thread nobody is left to be told of an error but the log."""
        _call_each("thread_exit", self.thread_exit)


def _call_each(name: str, hooks: list[Callable[[], Any]]) -> None:
    for hook in hooks:
        try:
            hook()
        except Exception as error:
            log.exception("hook.failed", hook=name, error_type=type(error).__name__)
