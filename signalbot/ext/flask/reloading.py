"""Telling the reloader's parent process, which serves nothing, from the one that serves."""

from __future__ import annotations

import os

import click
from flask.helpers import get_debug_flag


def is_reloader_parent() -> bool:
    """Whether ``flask run`` loads the app here only to start the process that serves it.

    Both processes import the app; a bot started in the parent would own the intake, with code
    that is never reloaded. ``app.run(debug=True)`` cannot be told: at import it was not called
    yet."""
    if os.environ.get("WERKZEUG_RUN_MAIN") == "true":
        return False
    context = click.get_current_context(silent=True)
    while context is not None:
        command = context.command.callback
        if getattr(command, "__module__", None) == "flask.cli" and context.command.name == "run":
            reload = context.params.get("reload")
            return get_debug_flag() if reload is None else bool(reload)
        context = context.parent
    return False
