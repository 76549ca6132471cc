"""``signalbot top``, and the door through which it looks."""

from __future__ import annotations

import json
import socket
import stat
import threading
from pathlib import Path
from typing import Any

import pytest

from signalbot import SignalBot
from signalbot.errors import StorageError
from signalbot.infrastructure.control import NAME, ControlDoor, ask_status
from signalbot.testing import FakeSignal
from tests.bot.conftest import eventually
from tests.cli.conftest import Invoke


def test_it_shows_what_a_bot_is_doing_and_nobodys_data(
    server: FakeSignal, settings: Path, invoke: Invoke
) -> None:
    bot = SignalBot()
    inside, leave = threading.Event(), threading.Event()

    @bot.command("wait")
    def wait_here(ctx: Any, secret: str) -> None:
        inside.set()
        leave.wait(10)

    @bot.command("ask")
    def ask(ctx: Any) -> None:
        ctx.ask("How many?", timeout=60)

    alice = server.add_person("Alice", number="+4915199999999")
    bob = server.add_person("Bob")
    with bot:
        server.say(alice, "/wait honeymoon")
        server.say(alice, "/wait again")
        server.say(bob, "/ask")
        assert inside.wait(5)
        # It counts as parked from before the question is sent, and as running until it is.
        eventually(lambda: [bot.stats()["pool"][key] for key in ("parked", "running")] == [1, 1])

        as_json = invoke("top", "--once", "--json")
        plain = invoke("top", "--once")

        leave.set()
        mode = stat.S_IMODE((bot.state_directory / NAME).stat().st_mode)
        directory = bot.state_directory

    status = json.loads(as_json.output)
    assert (status["state"], status["connected"]) == ("running", True)
    (running,) = status["running"]
    assert running["handler"].endswith("wait_here")
    assert any(frame["function"] == "wait_here" for frame in running["stack"])
    (parked,) = status["parked"]
    assert parked["handler"].endswith(".ask")
    assert status["lanes"] == [{"chat": running["chat"], "queued": 1}]
    assert status["breakers"]["send"] == {"state": "closed", "retry_after": 0.0}
    assert "wait_here" in plain.output
    assert "WAITING FOR AN ANSWER" in plain.output
    for private in ("honeymoon", "Alice", "Bob", alice.number, alice.uuid, server.number):
        assert str(private) not in as_json.output + plain.output
    assert mode == 0o600
    assert not (directory / NAME).exists()


def test_without_a_bot_it_says_so(settings: Path, invoke: Invoke) -> None:
    result = invoke("top", "--once")

    assert result.exit_code == 1
    assert "No running bot" in result.output
    assert "Traceback" not in result.output


def test_the_door_survives_visitors_that_leave_and_a_status_that_fails(tmp_path: Path) -> None:
    answers: list[Any] = [{"first": 1}, ValueError("x"), {"third": 3}]

    def status() -> dict[str, Any]:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return {**answer}

    door = ControlDoor(tmp_path, status)
    door.start()
    try:
        assert ask_status(tmp_path) == {"first": 1}
        with pytest.raises(StorageError):
            ask_status(tmp_path)
        assert ask_status(tmp_path) == {"third": 3}
    finally:
        door.stop()
        door.stop()


def test_a_socket_that_a_killed_bot_left_is_replaced(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(tmp_path / NAME))
    door = ControlDoor(tmp_path, lambda: {"pid": 1})

    door.start()

    assert ask_status(tmp_path) == {"pid": 1}
    door.stop()


def test_a_long_path_is_no_obstacle(tmp_path: Path) -> None:
    directory = tmp_path / ("d" * 120)
    directory.mkdir()
    door = ControlDoor(directory, lambda: {"pid": 1})

    door.start()

    assert ask_status(directory) == {"pid": 1}
    door.stop()


def test_a_bot_runs_where_no_door_can_be_made(tmp_path: Path) -> None:
    door = ControlDoor(tmp_path / "missing", dict)

    door.start()

    door.stop()
