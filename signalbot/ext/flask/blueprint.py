"""The blueprint: probes for operators, and the door for the server's webhook."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import flask
from flask import Blueprint

from signalbot.ext import probes
from signalbot.ext.mounting import Answer, post_to_webhook

if TYPE_CHECKING:
    from flask.sansio.blueprints import BlueprintSetupState

    from signalbot.bot import SignalBot


def make_blueprint() -> Blueprint:
    """A blueprint for the app that it is registered on; ``init_app`` comes first."""
    blueprint = Blueprint("signalbot", __name__)
    for name in ("healthz", "readyz", "metrics"):
        blueprint.add_url_rule(f"/{name}", name, _probe(getattr(probes, name)))
    blueprint.record(_add_webhook)
    return blueprint


def _add_webhook(state: BlueprintSetupState) -> None:
    """Where the webhook is, its app's settings say, and those only the app knows."""
    bot = state.app.extensions.get("signalbot")
    if bot is None:
        raise RuntimeError("Call init_app() before the blueprint is registered.")
    path = bot.settings.webhook_path.rstrip("/")
    for rule in (path, f"{path}/<path:in_path>"):
        state.add_url_rule(rule, "webhook", _webhook, methods=["POST"])
    # Forms of the app are protected by a token that the server cannot know.
    csrf = state.app.extensions.get("csrf")
    if csrf is not None:
        csrf.exempt(_webhook)


def _webhook(in_path: str = "") -> flask.Response:
    return _response(post_to_webhook(_bot().webhook_app, flask.request.environ, in_path))


def _probe(answer: Callable[[SignalBot], Answer]) -> Callable[[], flask.Response]:
    return lambda: _response(answer(_bot()))


def _bot() -> SignalBot:
    bot: SignalBot = flask.current_app.extensions["signalbot"]
    return bot


def _response(answer: Answer) -> flask.Response:
    return flask.Response(answer.body, answer.status, list(answer.headers))
