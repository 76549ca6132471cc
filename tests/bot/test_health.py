"""What probes and Prometheus are told."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from signalbot import SignalBot
from signalbot.errors import NotRegistered
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

    assert failing(bot) == {"state", "owner", "account", "connection"}
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


def test_a_server_without_the_account_is_told(server: FakeSignal, make_bot: MakeBot) -> None:
    bot = make_bot(phone_number="+4915500000000")

    with pytest.raises(NotRegistered):
        bot.start()

    details = {check.name: check.detail for check in bot.health().checks}
    assert {"account", "owner", "state"} <= failing(bot)
    assert details["account"] == "not known to the server"


def test_the_room_on_the_disk_is_looked_at(
    server: FakeSignal, make_bot: MakeBot, tmp_path: Path
) -> None:
    bot = make_bot(min_free_disk=2**60, state_dir=tmp_path / "elsewhere", durability="off")
    with bot:
        assert failing(bot) == {"disk"}
        shutil.rmtree(tmp_path / "elsewhere")
        (disk,) = [check for check in bot.health().checks if check.name == "disk"]
        assert (disk.ok, disk.detail) == (False, "the state directory is gone")


def test_who_gets_frames_by_webhook_only_asks_for_no_account(
    server: FakeSignal, make_bot: MakeBot
) -> None:
    with make_bot(receive_mode="webhook") as bot:
        assert failing(bot) == set()


def test_a_standby_is_not_the_owner(server: FakeSignal, make_bot: MakeBot) -> None:
    with make_bot(), make_bot(on_conflict="standby") as second:
        details = {check.name: check.detail for check in second.health().checks}
        assert {"state", "owner"} <= failing(second)
        assert details["owner"] == "another process receives"
