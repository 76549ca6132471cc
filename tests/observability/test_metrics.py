"""Metrics: what they say before, while and after a bot runs, and in several processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

from prometheus_client import generate_latest

from signalbot import SignalBot
from signalbot.testing import FakeSignal

MakeBot = Callable[..., SignalBot]

WORKER = """
from prometheus_client import Counter
from signalbot import SignalBot

bot = SignalBot()
requests = Counter("shop_signal_requests_total", "Calls to Signal.", ["family", "outcome"])
bot.metrics.follow_requests(
    lambda family, outcome, seconds: requests.labels(family, outcome).inc()
)
bot.send("+4915199999999", "one")
bot.send("+4915199999999", "two")

@bot.on_message
def note(ctx):
    return None

with bot:
    events = bot.messages(timeout=20)
    bot.feed(FRAME)
    next(events)
assert 'signalbot_events_total{outcome="done"} 1.0' in bot.metrics.text().decode()
"""

TOTAL = """
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

registry = CollectorRegistry()
MultiProcessCollector(registry)
print(generate_latest(registry).decode())
"""


def test_connected_is_true_only_while_it_is(server: FakeSignal, make_bot: MakeBot) -> None:
    bot = make_bot()

    assert "signalbot_connected 0.0" in told(bot)
    with bot:
        assert "signalbot_connected 1.0" in told(bot)
    assert "signalbot_connected 0.0" in told(bot)


def test_every_metric_has_its_words(server: FakeSignal, make_bot: MakeBot) -> None:
    bot = make_bot()
    with bot:
        lines = told(bot).splitlines()

    for line in lines:
        if line.startswith("# HELP "):
            _, _, name, words = line.split(" ", 3)
            assert len(words) > 10, name


def test_two_bots_have_registries_of_their_own(server: FakeSignal, make_bot: MakeBot) -> None:
    one, other = make_bot(), make_bot()

    one.send("+4915199999999", "hello")

    assert "signalbot_requests_total{" in told(one)
    assert "signalbot_requests_total{" not in told(other)


def test_requests_of_several_processes_add_up(server: FakeSignal, tmp_path: Path) -> None:
    env = {
        **os.environ,
        "SIGNAL_PHONE_NUMBER": server.number,
        "SIGNAL_SERVICE": server.url,
        "SIGNAL_STATE_DIR": str(tmp_path / "state"),
        "PROMETHEUS_MULTIPROC_DIR": str(tmp_path),
    }

    def run(program: str) -> str:
        return subprocess.run(
            [sys.executable, "-c", textwrap.dedent(program)],
            env=env, capture_output=True, text=True, timeout=30, check=True,
        ).stdout  # fmt: skip

    alice = server.add_person("Alice")
    for word in ("one", "two"):
        run(f"FRAME = {json.dumps(server.frame(alice, word))!r}\n{WORKER}")

    total = run(TOTAL)
    assert 'shop_signal_requests_total{family="send",outcome="201"} 4.0' in total
    assert 'signalbot_requests_total{family="send",outcome="201"} 4.0' in total
    assert 'signalbot_request_seconds_count{family="send"} 4.0' in total
    assert 'signalbot_events_total{outcome="done"} 2.0' in total
    assert "signalbot_handler_seconds_count 2.0" in total


def told(bot: Any) -> str:
    """The metrics as Prometheus gets them, also from the registry itself."""
    text: str = bot.metrics.text().decode()
    assert generate_latest(bot.metrics.registry).decode().splitlines()[0] == text.splitlines()[0]
    return text
