"""What probes and Prometheus are told."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

import httpx

from signalbot import SignalBot
from signalbot.infrastructure.webhook_listener import WebhookListener
from signalbot.testing import FakeSignal
from tests.bot.conftest import eventually

MakeBot = Callable[..., SignalBot]


def ops_url(bot: SignalBot) -> str:
    assert bot.engine is not None
    (door,) = [one for one in bot.engine.parts.services if isinstance(one, WebhookListener)]
    return f"http://127.0.0.1:{door.port}"


def failing(bot: SignalBot) -> set[str]:
    return {check.name for check in bot.health().checks if not check.ok}


def test_probes_and_metrics(server: FakeSignal, make_bot: MakeBot) -> None:
    bot = make_bot(ops_listen="127.0.0.1:0")

    @bot.command("ping")
    def ping(ctx: Any) -> str:
        return "pong"

    alice = server.add_person("Alice", number="+4915199999999")
    with bot, httpx.Client(base_url=ops_url(bot), trust_env=False) as ops:
        server.say(alice, "/ping")
        server.wait_for_sent()
        eventually(lambda: bot.stats()["inbox"]["pending"] == 0)

        assert ops.get("/healthz").json() == {"ok": True}
        ready = ops.get("/readyz")
        assert (ready.status_code, ready.json()["ok"]) == (200, True)
        metrics = ops.get("/metrics").text
        assert 'signalbot_events_total{outcome="done"} 1.0' in metrics
        assert "signalbot_connected 1.0" in metrics
        assert "signalbot_inbox_pending 0.0" in metrics
        assert alice.uuid not in metrics
        assert "+49" not in metrics
        assert ops.get("/elsewhere").status_code == 404
        assert ops.post("/healthz").status_code == 405


def test_ready_tells_what_is_not(server: FakeSignal, make_bot: MakeBot) -> None:
    bot = make_bot(ops_listen="127.0.0.1:0", handler_timeout=0.2)
    go_on = threading.Event()

    @bot.command("hang")
    def hang(ctx: Any) -> None:
        go_on.wait(20)

    assert failing(bot) == {"state", "connection"}
    with bot, httpx.Client(base_url=ops_url(bot), trust_env=False) as ops:
        assert failing(bot) == set()
        server.say(server.add_person("Alice"), "/hang")
        eventually(lambda: failing(bot) == {"handlers"})
        go_on.set()
        eventually(lambda: failing(bot) == set())
        server.stop_listening()
        eventually(lambda: "connection" in failing(bot))
        answer = ops.get("/readyz")
        assert answer.status_code == 503
        assert json.loads(answer.text)["ok"] is False
        assert ops.get("/healthz").status_code == 200
