"""What one may look at in a bot."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from signalbot.model import Message
from signalbot.observability.html import status_card
from signalbot.routing.router import Router
from signalbot.routing.scope import Scope
from signalbot.runtime.feed import Feed
from signalbot.runtime.findings import Finding, findings_of
from signalbot.runtime.status import breakers_of, stats_of

if TYPE_CHECKING:
    from pathlib import Path

    from signalbot.observability.health import Health
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
    def account(self) -> str:
        """The account's own number."""
        return self.settings.phone_number

    @property
    def state_directory(self) -> Path:
        """Where this account's inbox, dead letters and storage are."""
        directory: Path = self._app.directory
        return directory

    @property
    def metrics(self) -> Any:
        """Prometheus metrics, on the bot's own registry."""
        return self._app.metrics

    def health(self) -> Health:
        """Whether the bot is ready: connection, backlog, inbox, breakers, handlers."""
        health: Health = self._app.health()
        return health

    @property
    def directory(self) -> Directory:
        """The account's groups and contacts, remembered for a while."""
        directory: Directory = self._app.people
        return directory

    @property
    def messages(self) -> Feed:
        """Messages as they are handled: ``for message in bot.messages(timeout=60)``.

        The loop ends after so many silent seconds, or when the bot stops; None waits for ever.
        It only watches: handlers run all the same, and a message is done when they are. Those of
        my other devices are there with ``own=True``.
        """
        return Feed(self._app.subscriptions, self._app.recent)

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

    def _repr_html_(self) -> str:
        handlers = sum(1 for _ in self._registrar.walk(Scope()))
        return status_card(
            self.settings.phone_number, self._app.endpoint.base_url, handlers, self.stats()
        )
