"""The project's one bot: made from the settings, used from handlers and from requests."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.conf import settings as project_settings

from signalbot.bot import SignalBot
from signalbot.errors import SettingsError, SignalBotError
from signalbot.ext.deferred import DeferredBot
from signalbot.ext.django.connections import HandlerConnections
from signalbot.ext.django.transactions import CommitMessages, after_commit, commit_database

if TYPE_CHECKING:
    from signalbot.infrastructure.api_service import SentMessage
    from signalbot.runtime.engine import StopReport


class DjangoBot(SignalBot):
    """A bot whose handlers use the ORM as views do, and whose sends can wait for a commit."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self._connections = HandlerConnections()
        self._connections.attach(self.hooks)

    def send(  # type: ignore[override]  # with on_commit there is nothing to return yet
        self, to: Any, text: str | None = None, *, on_commit: bool | str = False, **options: Any
    ) -> SentMessage | None:
        """Send a message; see :meth:`signalbot.SignalBot.send`.

        Args:
            on_commit: send when the transaction is committed, and not at all if it is rolled
                back; True for the default database, or the alias of another. Returns None.
        """
        database = commit_database(on_commit)
        if database is None:
            return super().send(to, text, **options)
        send = super().send
        after_commit(lambda: send(to, text, **options), database)
        return None

    def start(self, timeout: float | None = 30.0, **options: Any) -> bool:
        """Begin to receive; see :meth:`signalbot.SignalBot.start`.

        Raises:
            SignalBotError: Django is still loading: every command does that, ``migrate`` and
                ``shell`` and the autoreloader's parent included."""
        if not apps.ready:
            raise SignalBotError(
                "bot.start() was called while Django was loading (in a ready(), or while an app "
                "was imported): so it would receive in every manage.py command. Run "
                "'manage.py runsignalbot', or start it where the server starts its workers."
            )
        self._connections.share_those_of_tests()
        self._app.messages = CommitMessages(lambda: self.client, self.guard)
        return super().start(timeout, **options)

    def stop(self, grace: float | None = None) -> StopReport:
        """End in order; see :meth:`signalbot.SignalBot.stop`."""
        try:
            return super().stop(grace)
        finally:
            self._connections.share_none()


class ProjectBot(DeferredBot):
    """Collects the handlers of the apps; the bot behind it is made from the settings."""

    def __init__(self) -> None:
        super().__init__()
        # Guards the making of the bot: several requests may be the first to send.
        self._making = threading.Lock()
        self._bot: DjangoBot | None = None

    @property
    def bot(self) -> DjangoBot:
        """The bot itself.

        Raises:
            SettingsError: ``settings.SIGNALBOT`` is wrong."""
        with self._making:
            if self._bot is None:
                bot = DjangoBot(**configured())
                bot.include(self)
                self._bot = bot
            return self._bot

    def forget(self) -> None:
        """Make the bot anew when it is used next: the settings have changed, as in a test."""
        with self._making:
            self._bot = None


def configured() -> dict[str, Any]:
    """``settings.SIGNALBOT`` by field name; its keys may be in capitals, as Django's are.

    Raises:
        SettingsError: it is no dict."""
    found = getattr(project_settings, "SIGNALBOT", {})
    if not isinstance(found, Mapping):
        raise SettingsError(f"settings.SIGNALBOT is a dict, not {type(found).__name__}.")
    return {str(name).lower(): value for name, value in found.items()}
