"""Conversations that outlive the process."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from signalbot import SignalBot
from signalbot.testing import FakeSignal
from tests.bot.conftest import eventually

MakeBot = Callable[..., SignalBot]


def order_bot(make_bot: MakeBot, *, second: str = "Where to?", **settings: Any) -> SignalBot:
    bot = make_bot(**settings)

    @bot.command("order", durable=True)
    def order(ctx: Any) -> str:
        ctx.send("Welcome.")
        count = ctx.ask("How many?", type=int, timeout=60)
        where = ctx.ask(second, timeout=60)
        return f"{count} to {where}"

    return bot


def test_a_conversation_goes_on_after_a_restart(server: FakeSignal, make_bot: MakeBot) -> None:
    alice = server.add_person("Alice")
    with order_bot(make_bot) as bot:
        server.say(alice, "/order")
        server.wait_for_sent(2)
        server.say(alice, "3")
        server.wait_for_sent(3)
        eventually(lambda: bot.stats()["pool"]["parked"] == 1)
    with order_bot(make_bot) as bot:
        eventually(lambda: bot.stats()["pool"]["parked"] == 1)
        server.say(alice, "home")
        server.wait_for_sent(4)
        eventually(lambda: bot.stats()["inbox"]["pending"] == 0)
        assert list(bot.storage.namespace("durable")) == []

    assert [sent.text for sent in server.sent] == [
        "Welcome.",
        "How many?",
        "Where to?",
        "3 to home",
    ]


def test_changed_code_ends_the_conversation(server: FakeSignal, make_bot: MakeBot) -> None:
    alice = server.add_person("Alice")
    with order_bot(make_bot) as bot:
        server.say(alice, "/order")
        server.wait_for_sent(2)
        server.say(alice, "3")
        server.wait_for_sent(3)
        eventually(lambda: bot.stats()["pool"]["parked"] == 1)
    with order_bot(make_bot, second="Which street?") as bot:
        (letter,) = eventually(bot.dead_letters.list)
        server.wait_for_sent(4)

    assert letter.error_type == "ScriptChanged"
    assert "changed" in str(server.sent[-1].text)


PROGRAM = """
    from signalbot import SignalBot
    bot = SignalBot()
    @bot.command("order", durable=True)
    def order(ctx):
        paid = ctx.once("pay", lambda: print("paid", flush=True) or 1)
        count = ctx.ask("How many?", type=int, timeout=60)
        where = ctx.ask("Where to?", timeout=60)
        return f"{count} to {where}"
    bot.run()
"""


def test_a_conversation_goes_on_after_kill_9(server: FakeSignal, tmp_path: Path) -> None:
    alice = server.add_person("Alice")
    variables = {
        **os.environ,
        "SIGNAL_PHONE_NUMBER": server.number,
        "SIGNAL_SERVICE": server.url,
        "SIGNAL_STATE_DIR": str(tmp_path / "state"),
    }
    out = ""
    for turn, (said, count) in enumerate([("/order", 1), ("3", 2), ("home", 3)], 1):
        process = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(PROGRAM)],
            env=variables,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            server.wait_for(lambda turn=turn: server.connections_made >= turn, 20, "a connection")
            server.say(alice, said)
            server.wait_for_sent(count, timeout=20)
        finally:
            # What was sent is recorded a moment later; a kill in between repeats that one send.
            threading.Event().wait(0.3)
            process.kill()
            out += process.communicate()[0]

    assert [sent.text for sent in server.sent] == ["How many?", "Where to?", "3 to home"]
    assert out == "paid\n"
