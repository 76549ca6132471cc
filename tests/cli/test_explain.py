"""``signalbot explain`` and ``bot.explain``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from signalbot import SignalBot, filters
from tests.cli.conftest import Invoke
from tests.cli.test_run import modules_as_before

__all__ = ["modules_as_before"]

BOT = """
from signalbot import SignalBot, filters
bot = SignalBot(admins=["+4915100000001"])

@bot.command("order")
def order(ctx, count: int): ...

@bot.on_message(filters.group("Pizza"))
def pizza(ctx): ...

@bot.command("stop", allow="admins")
def stop(ctx): ...

@bot.on_event
def watch(ctx): ...
"""


@pytest.fixture
def bot_file(settings: Path, tmp_path: Path) -> Path:
    path = tmp_path / "bot.py"
    path.write_text(BOT)
    return path


def who_gets(invoke: Invoke, *words: str) -> list[str]:
    result = invoke("explain", *words, "--json")
    found = [
        each["handler"].rpartition(".")[2] for each in json.loads(result.output) if each["runs"]
    ]
    return [name for name in found if name != "watch"]


def test_it_says_who_gets_a_text(bot_file: Path, invoke: Invoke) -> None:
    assert who_gets(invoke, "/order 2") == ["order"]
    assert who_gets(invoke, "/order two") == []
    assert who_gets(invoke, "hello", "--group", "Pizza") == ["pizza"]
    assert who_gets(invoke, "hello", "--group", "Pasta") == []
    assert who_gets(invoke, "hello", "bot.py") == []


def test_the_wrong_order_is_put_right(bot_file: Path, invoke: Invoke) -> None:
    result = invoke("explain", "bot.py", "/order 2")

    assert result.exit_code == 2
    assert "The text comes first: signalbot explain TEXT bot.py" in result.output


def test_it_gives_reasons_for_people(bot_file: Path, invoke: Invoke) -> None:
    result = invoke("explain", "/order two", "--from", "+4915199999999")

    assert result.exit_code == 0, "the observer gets it"
    lines = result.output.splitlines()
    assert any(line.startswith("~ @command") or "answers" in line for line in lines)
    assert any("order" in line and "bot.py:" in line for line in lines)


def test_a_bot_explains_without_running_anything(settings: Path) -> None:
    bot = SignalBot()
    ran = []

    @bot.on_message(filters.private())
    def private(ctx: object) -> None:
        ran.append(ctx)

    direct = bot.explain("hi", sender="+4915199999999")
    in_group = bot.explain("hi", sender="Alice", group="Pizza")

    assert [each.runs for each in direct if each.handler.name.endswith("private")] == [True]
    assert [each.runs for each in in_group if each.handler.name.endswith("private")] == [False]
    assert ran == []
    assert not settings.exists()
