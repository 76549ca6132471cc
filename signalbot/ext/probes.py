"""What /healthz, /readyz and /metrics answer, for any web framework."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from signalbot.ext.mounting import Answer
from signalbot.observability.health import Check, Health

if TYPE_CHECKING:
    from signalbot.bot import SignalBot

_JSON = (("Content-Type", "application/json"), ("Cache-Control", "no-store"))
_METRICS = (("Content-Type", "text/plain; version=0.0.4; charset=utf-8"),)

# A web process is ready to serve in these, although it does not receive: that is another's work.
_OTHERS_RECEIVE = {"new": "this process only sends", "standby": "another process receives"}


def healthz(bot: SignalBot) -> Answer:
    """200 as long as the process can answer at all."""
    return _json(200, {"ok": True})


def readyz(bot: SignalBot) -> Answer:
    """200 if the bot does what it is to do in this process; else 503 and what is wrong."""
    detail = _OTHERS_RECEIVE.get(str(bot.state))
    health = bot.health() if detail is None else Health((Check("state", True, detail),))
    return _json(200 if health.ok else 503, health.to_dict())


def metrics(bot: SignalBot) -> Answer:
    """This process's metrics, as Prometheus reads them."""
    return Answer(200, _METRICS, bot.metrics.text())


def _json(status: int, body: dict[str, Any]) -> Answer:
    return Answer(status, _JSON, json.dumps(body).encode() + b"\n")
