"""The app context around every handler and job, in the handler's thread."""

from __future__ import annotations

import contextvars
from typing import TYPE_CHECKING, Any

from signalbot.observability.logging import get_logger

if TYPE_CHECKING:
    from flask import Flask
    from flask.ctx import AppContext

log = get_logger("signalbot.flask")


class AppContexts:
    """Enters the context before a handler, leaves it after its error handler."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        # A context variable, as Flask's own: async handlers, which run on the loop, see it too.
        self._entered: contextvars.ContextVar[AppContext | None] = contextvars.ContextVar(
            "signalbot_flask", default=None
        )

    def attach(self, hooks: Any) -> None:
        """Have the bot call us; hooks that are added later run inside the context, both times."""
        hooks.before_handler.insert(0, self._enter)
        hooks.after_handler.append(self._leave)

    def _enter(self) -> None:
        context = self._app.app_context()
        context.push()
        self._entered.set(context)

    def _leave(self) -> None:
        context = self._entered.get()
        if context is None:  # entering failed
            return
        self._entered.set(None)
        try:
            context.pop(None)
        except Exception:  # a teardown function's error; the handler has ended, and stays settled
            log.exception("flask.teardown_failed")
