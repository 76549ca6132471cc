"""The Flask extension: a bot that is configured by the app and runs in its context."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

import flask

import signalbot
from signalbot.errors import SettingsError
from signalbot.ext.deferred import DeferredBot
from signalbot.ext.flask.app_context import AppContexts
from signalbot.ext.flask.blueprint import make_blueprint
from signalbot.ext.flask.commands import make_commands
from signalbot.ext.flask.reloading import is_reloader_parent
from signalbot.observability.logging import get_logger
from signalbot.settings import Settings, environment_name, load_settings

if TYPE_CHECKING:
    from flask import Blueprint, Flask

log = get_logger("signalbot.flask")

EXTENSION = "signalbot"
_PREFIX = "SIGNAL_"


class SignalBot(DeferredBot):
    """A bot for a Flask app.

    ```python
    bot = SignalBot(app)             # or: bot = SignalBot(); later: bot.init_app(app)

    @bot.command("ping")
    def ping(ctx):
        return current_app.config["ANSWER"]
    ```

    Settings are taken from ``app.config["SIGNAL_…"]``, named as the environment variables are,
    and from keywords, which win. Nothing is started: web processes send, and
    ``flask signalbot run`` receives.

    Raises:
        SettingsError: a setting is unknown or cannot work.
    """

    def __init__(self, app: Flask | None = None, **settings: Any) -> None:
        super().__init__()
        self._settings = settings
        # The bots of the apps; an app that is gone (as in tests of a factory) takes its bot along.
        self._bots: weakref.WeakKeyDictionary[Flask, signalbot.SignalBot] = (
            weakref.WeakKeyDictionary()
        )
        self._latest: weakref.ref[Flask] | None = None
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask, **settings: Any) -> None:
        """Make the bot of an app, its command group and its entry in ``app.extensions``.

        Raises:
            SettingsError: a setting is unknown or cannot work."""
        if EXTENSION in app.extensions:
            raise SettingsError(
                f"{app!r} has a bot already; include routers in it for more handlers."
            )
        bot = signalbot.SignalBot(**{**configured(app), **self._settings, **settings})
        bot.include(self)
        AppContexts(app).attach(bot.hooks)
        self._bots[app] = bot
        self._latest = weakref.ref(app)
        app.extensions[EXTENSION] = bot
        app.cli.add_command(make_commands(app))

    @property
    def bot(self) -> signalbot.SignalBot:
        """The bot of the current app; outside of any app context, of the latest one.

        Raises:
            SettingsError: no app was given yet."""
        current = flask.current_app.extensions.get(EXTENSION) if flask.has_app_context() else None
        if current is not None and current in self._bots.values():
            found: signalbot.SignalBot = current
            return found
        app = self._latest() if self._latest is not None else None
        if app is None:
            raise SettingsError("The bot has no app yet: SignalBot(app), or bot.init_app(app).")
        return self._bots[app]

    @property
    def blueprint(self) -> Blueprint:
        """``/healthz``, ``/readyz``, ``/metrics`` and the webhook; register it where you like."""
        return make_blueprint()

    def start(self, timeout: float | None = 30.0, **options: Any) -> bool:
        """Receive in this process too; False if it was running, or this is the reloader's parent.

        Raises:
            AlreadyRunning: another process receives, and ``on_conflict`` is not ``"standby"``."""
        if is_reloader_parent():
            log.info("flask.not_started", reason="the reloader's parent process serves nothing")
            return False
        return self.bot.start(timeout, **options)


def configured(app: Flask) -> dict[str, Any]:
    """The settings in ``app.config``, by field name.

    Raises:
        SettingsError: there is no such setting."""
    fields = {environment_name(field): field for field in Settings.model_fields}
    found = {}
    for key, value in app.config.items():
        if key.startswith(_PREFIX):
            if key not in fields:
                # The keyword's own check raises, and says what it could have been.
                load_settings(**{key[len(_PREFIX) :].lower(): value})
            found[fields[key]] = value
    return found
