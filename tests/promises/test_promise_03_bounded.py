"""Memory is bounded, the disk is bounded, and whatever is given up is counted."""

from __future__ import annotations

import contextlib
import json
import logging
import sqlite3
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from signalbot import SignalBot
from signalbot.errors import StorageError
from signalbot.testing import FakeSignal
from tests.bot.conftest import eventually

MakeBot = Callable[..., SignalBot]


def metric(bot: SignalBot, name: str, **labels: str) -> float:
    return float(bot.metrics.registry.get_sample_value(f"signalbot_{name}", labels) or 0.0)


@pytest.fixture
def let_go() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


def hold_all(bot: SignalBot, let_go: threading.Event) -> list[int]:
    """A handler that waits, and then notes the number in the text."""
    seen: list[int] = []

    @bot.on_message
    def hold(ctx: Any) -> None:
        let_go.wait(60)
        seen.append(int(ctx.text.split()[0]))

    @bot.on_typing
    def typing(ctx: Any) -> None: ...

    @bot.on_receipt
    def receipt(ctx: Any) -> None: ...

    return seen


def test_what_does_not_fit_in_memory_waits_on_disk(
    server: FakeSignal, make_bot: MakeBot, let_go: threading.Event
) -> None:
    bot = make_bot(workers=2, max_queued=40)
    seen = hold_all(bot, let_go)
    people = [server.add_person(f"p{number}") for number in range(100)]
    with bot:
        server.push_many(server.frame(people[n % 100], str(n)) for n in range(5000))
        stats = eventually(lambda: (now := bot.stats())["inbox"]["recorded"] == 5000 and now, 20)
        assert stats["pool"]["queued"] + stats["pool"]["running"] <= 40
        assert stats["inbox"]["outstanding"] <= 40
        assert stats["inbox"]["spilled"] >= 4960
        let_go.set()
        eventually(lambda: len(seen) == 5000, 30)

    print(f"5,000 frames, 40 places: spilled {stats['inbox']['spilled']}, handled {len(seen)}")
    assert len(set(seen)) == 5000


@pytest.mark.parametrize("overflow", ["dead_letter", "drop_oldest", "drop_newest"])
def test_overflow_through_the_whole_bot(
    server: FakeSignal, make_bot: MakeBot, let_go: threading.Event, overflow: str
) -> None:
    bot = make_bot(workers=1, max_queued=4, max_inbox=60_000, overflow=overflow)
    seen = hold_all(bot, let_go)
    alice = server.add_person("Alice")
    with bot:
        for number in range(400):
            server.say(alice, f"{number} {'x' * 300}")
            if number % 10 == 0:
                server.typing(alice)
                server.receipt(alice, [1])
        shed = eventually(lambda: all_came_through(bot), 20)
        letters = bot.dead_letters.list(limit=None)
        let_go.set()
        eventually(lambda: bot.stats()["inbox"]["pending"] == 0, 20)
        counted = {reason: metric(bot, "inbox_shed_total", kind=reason) for reason in shed}

    print(f"{overflow}: 400 messages and 80 others into 60 kB: shed {shed}, handled {len(seen)}")
    assert counted == shed
    assert shed["typing"] > 0
    assert shed["receipt"] > 0
    reasons = {name: count for name, count in shed.items() if name not in ("typing", "receipt")}
    assert list(reasons) == [overflow]
    # Before it became tight there was room for some of the 80 others; the oldest go whatever kind.
    others = 80 - shed["typing"] - shed["receipt"] if overflow == "drop_oldest" else 0
    assert len(seen) + reasons[overflow] == 400 + others
    assert seen == sorted(seen)
    if overflow == "dead_letter":
        assert {letter.reason for letter in letters} == {"overflow"}
        assert len(letters) == reasons[overflow]
        assert sorted([*seen, *numbers_of(letters)]) == list(range(400))
    elif overflow == "drop_newest":
        assert seen[:50] == list(range(50))
    else:
        assert seen[-50:] == list(range(350, 400))


def all_came_through(bot: SignalBot) -> dict[str, int]:
    """What was shed, once all 480 are dealt with; what is dropped as the oldest was recorded."""
    inbox = bot.stats()["inbox"]
    shed = dict(inbox["shed"])
    came = inbox["recorded"] + sum(shed.values()) - shed.get("drop_oldest", 0)
    return shed if came == 480 else {}


def numbers_of(letters: list[Any]) -> list[int]:
    return [
        int(json.loads(letter.raw)["envelope"]["dataMessage"]["message"].split()[0])
        for letter in letters
    ]


@contextlib.contextmanager
def small_disk(where: Path, size: str) -> Iterator[Path]:
    where.mkdir()
    try:
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={size},mode=700", "tmpfs", str(where)],
            check=True,
            capture_output=True,
        )
    except (FileNotFoundError, subprocess.CalledProcessError):
        pytest.skip("mounting a small disk needs root")
    try:
        yield where
    finally:
        subprocess.run(["umount", "-l", str(where)], check=True)


def test_a_full_disk_makes_the_bot_undurable_not_deaf(
    server: FakeSignal, make_bot: MakeBot, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "signalbot")
    alice = server.add_person("Alice")
    with small_disk(tmp_path / "disk", "2m") as disk:
        bot = make_bot(state_dir=disk / "state", min_free_disk=0)
        seen: list[int] = []

        @bot.on_message
        def note(ctx: Any) -> None:
            seen.append(int(ctx.text.split()[0]))

        with bot:
            filler = disk / "filler"
            with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
                while file.write(b"x" * 4096):
                    pass
            for number in range(300):
                server.say(alice, f"{number} {'x' * 3000}")
            eventually(lambda: len(seen) == 300, 20)
            assert metric(bot, "inbox_durable") == 0
            assert bot.stats()["inbox"]["durable"] is False
            with pytest.raises(StorageError):  # who waits for the commit is told
                bot.feed(json.dumps(server.frame(alice, "900")))

            filler.unlink()
            eventually(lambda: metric(bot, "inbox_durable") == 1, 10)
            assert bot.feed(json.dumps(server.frame(alice, "901"))) is True
            eventually(lambda: 901 in seen)
            pending = eventually(lambda: bot.stats()["inbox"]["pending"] == 0)

    lines = [
        message.split("state=")[1].split()[0]
        for record in caplog.records
        if (message := record.getMessage()).startswith("inbox.durability")
    ]
    print(f"disk full during 300 messages: handled {len(seen) - 1}, log {lines}")
    assert pending
    assert sorted(seen) == [*range(300), 901]
    assert lines == ["undurable", "durable"]


def test_a_database_that_refuses_to_be_written(
    server: FakeSignal, make_bot: MakeBot, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "signalbot")
    alice = server.add_person("Alice")
    bot = make_bot()
    seen: list[int] = []

    @bot.on_message
    def note(ctx: Any) -> None:
        seen.append(int(ctx.text))

    with bot:
        server.say(alice, "0")
        eventually(lambda: len(seen) == 1)
        with refusing(bot.state_directory):
            for number in range(1, 51):
                server.say(alice, str(number))
            eventually(lambda: len(seen) == 51, 20)
            assert metric(bot, "inbox_durable") == 0
        eventually(lambda: metric(bot, "inbox_durable") == 1, 10)
        server.say(alice, "51")
        eventually(lambda: len(seen) == 52)
        eventually(lambda: bot.stats()["inbox"]["pending"] == 0)

    lines = [
        message.split("state=")[1].split()[0]
        for record in caplog.records
        if (message := record.getMessage()).startswith("inbox.durability")
    ]
    assert seen == list(range(52))
    assert lines == ["undurable", "durable"]


@contextlib.contextmanager
def refusing(directory: Path) -> Iterator[None]:
    """Hold the database's write lock, as a hung process of somebody else would."""
    other = sqlite3.connect(directory / "cache.db", isolation_level=None, timeout=10)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()


def test_a_read_only_directory_is_an_error_at_start(make_bot: MakeBot, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "1m") as disk:
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        bot = make_bot(state_dir=disk)
        with pytest.raises(StorageError, match="Set state_dir"):
            bot.start()
        assert bot.state == "failed"
