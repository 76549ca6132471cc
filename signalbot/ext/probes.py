"""What /healthz, /readyz and /metrics answer, for any web framework."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from signalbot.ext.mounting import Answer

if TYPE_CHECKING:
    from signalbot.bot import SignalBot

_JSON = (("Content-Type", "application/json"), ("Cache-Control", "no-store"))
_METRICS = (("Content-Type", "text/plain; version=0.0.4; charset=utf-8"),)

# A process that has never begun to receive is there to send: it is ready as it is.
_SENDS_ONLY = "new"


def healthz(bot: SignalBot) -> Answer:
    """200 as long as the bot has not failed for good."""
    is_alive = bot.state != "failed"
    return _json(200 if is_alive else 503, {"alive": is_alive, "state": str(bot.state)})


def readyz(bot: SignalBot) -> Answer:
    """200 if the bot receives, stands by, or only sends in this process; 503 and why otherwise."""
    state = str(bot.state)
    is_ready = bot.connected or state in (_SENDS_ONLY, "standby")
    return _json(
        200 if is_ready else 503, {"ready": is_ready, "state": state, "connected": bot.connected}
    )


def metrics(bot: SignalBot) -> Answer:
    """This process's metrics, as Prometheus reads them."""
    return Answer(200, _METRICS, bot.metrics.text())


def _json(status: int, body: dict[str, Any]) -> Answer:
    return Answer(status, _JSON, json.dumps(body).encode() + b"\n")
