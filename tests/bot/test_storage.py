"""State in handlers: per chat, per sender, counted and locked, in whatever storage is set."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from signalbot import SettingsError, SignalBot
from signalbot.testing import FakeSignal
from tests.bot.conftest import eventually

MakeBot = Callable[..., SignalBot]


@pytest.mark.parametrize("storage", ["memory", "sqlite"])
def test_each_chat_and_each_sender_has_its_own_state(
    server: FakeSignal, make_bot: MakeBot, storage: str
) -> None:
    bot = make_bot(storage=storage, workers=4)

    @bot.on_message
    def count(ctx: Any) -> str:
        with ctx.lock("door", timeout=10):
            here = ctx.state.incr("n")
            mine = ctx.sender_state.incr("n")
            everywhere = ctx.storage.update("n", lambda n: n + 1, default=0)
        return f"{here} {mine} {everywhere}"

    alice, bob = server.add_person("Alice"), server.add_person("Bob")
    group = server.add_group("Lunch", [alice, bob])
    with bot:
        for person, where, answer in [
            (alice, None, "1 1 1"),
            (alice, group, "1 2 2"),
            (bob, group, "2 1 3"),
            (bob, None, "1 2 4"),
            (alice, None, "2 3 5"),
        ]:
            server.forget()
            server.say(person, "hi", group=where)
            server.wait_for_sent()
            assert [sent.text for sent in server.sent] == [answer]


def test_chats_at_the_same_time_lose_no_count(server: FakeSignal, make_bot: MakeBot) -> None:
    bot = make_bot(workers=8)

    @bot.on_message
    def count(ctx: Any) -> None:
        for _ in range(5):
            ctx.storage.incr("n")
        ctx.storage.incr("done")

    people = [server.add_person(f"P{number}") for number in range(8)]
    with bot:
        for person in people * 3:
            server.say(person, "hi")
        eventually(lambda: bot.storage.get("done") == 24)

    assert bot.storage["n"] == 120


def test_state_outlives_the_bot(server: FakeSignal, make_bot: MakeBot) -> None:
    make_bot().storage["menu"] = ["tea"]

    again = make_bot()

    assert again.storage["menu"] == ["tea"]
    mode = (again.state_directory / "storage.db").stat().st_mode
    assert mode & 0o777 == 0o600


def test_a_wrong_setting_is_raised_at_construction(make_bot: MakeBot) -> None:
    with pytest.raises(SettingsError, match="Did you mean 'sqlite'"):
        make_bot(storage="sqllite")


def test_constructing_opens_nothing(make_bot: MakeBot) -> None:
    bot = make_bot()

    assert not bot.state_directory.exists()


def test_the_programs_of_the_page_run(server: FakeSignal, make_bot: MakeBot) -> None:
    page = Path(__file__).resolve().parents[2] / "docs" / "storage.md"
    names: dict[str, Any] = {"bot": make_bot()}
    for program in re.findall(r"^```python\n(.*?)^```$", page.read_text("utf-8"), re.M | re.S):
        exec(program, names)
    alice = server.add_person("Alice")

    with names["bot"]:
        for text in ("/order tea", "/order milk", "/invoice"):
            server.say(alice, text)
            server.wait_for_sent()
        eventually(lambda: len(server.sent) == 3)

    assert names["bot"].storage["stock"] == 2
    assert [sent.text for sent in server.sent] == [
        "1 in this chat, 1 in all",
        "2 in this chat, 2 in all",
        "Invoice 1",
    ]
