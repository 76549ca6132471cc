"""What one may look at in a bot."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from signalbot.model import Message
from signalbot.routing.router import Router
from signalbot.runtime.findings import Finding, findings_of
from signalbot.runtime.status import breakers_of, stats_of
from signalbot.runtime.subscriptions import Subscription

if TYPE_CHECKING:
    from signalbot.runtime.engine import Engine
    from signalbot.runtime.states import State
    from signalbot.services.directory import Directory
    from signalbot.settings import Settings


class Outlook(Router):
    """The part of a bot that watches; nothing here changes what the bot does."""

    settings: Settings
    _app: Any
    _engine: Engine | None

    if TYPE_CHECKING:

        @property
        def state(self) -> State: ...
        @property
        def connected(self) -> bool: ...

    @property
    def directory(self) -> Directory:
        """The account's groups and contacts, remembered for a while."""
        directory: Directory = self._app.people
        return directory

    def messages(self, timeout: float | None = None, *, own: bool = False) -> Subscription:
        """Iterate over messages as they are handled; ends after so many silent seconds.

        It only watches: handlers run all the same, and a message is done when they are.
        """
        subscription: Subscription = self._app.subscriptions.messages(timeout, own=own)
        return subscription

    def wait_for(
        self, *filters: Callable[[Any], Any], timeout: float | None = None, own: bool = False
    ) -> Message:
        """Wait for the next message that passes all filters; it only watches.

        Raises:
            TimeoutError: none came within so many seconds, or the bot stopped."""
        message: Message = self._app.subscriptions.wait_for(filters, timeout, own=own)
        return message

    def check(self) -> list[Finding]:
        """What is wrong with handlers and settings, as far as it shows without starting."""
        return findings_of(self, self.settings)

    def stats(self) -> dict[str, Any]:
        """Numbers of this moment: inbox, queue, workers, connection, breakers, jobs."""
        return {
            "state": str(self.state),
            "connected": self.connected,
            **stats_of(self._engine),
            "breakers": breakers_of(vars(self._app).get("client")),
            "jobs": self._app.job_counts,
        }
