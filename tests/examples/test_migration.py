"""The right-hand programs of the page on migration do what the left-hand ones did."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from signalbot.testing import Chat, FakeClock, FakeSignal

PAGE = Path(__file__).resolve().parents[2] / "docs" / "migration.md"
PROGRAMS = dict(
    re.findall(
        r'^```python title="signalbot-sync: (\w+)"\n(.*?)^```$',
        PAGE.read_text(encoding="utf-8"),
        re.M | re.S,
    )
)

Program = Callable[[str], Any]


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Program:
    """Run a program of the page as it stands, but for receiving; gives its bot."""
    monkeypatch.setenv("SIGNAL_PHONE_NUMBER", "+4915112345678")
    monkeypatch.setenv("SIGNAL_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("signalbot.SignalBot.run", lambda bot: None)

    def run(name: str) -> Any:
        names: dict[str, Any] = {"__name__": f"migrated_{name}"}
        exec(compile(PROGRAMS[name], f"{PAGE.name}:{name}", "exec"), names)
        assert names["bot"].warnings() == []
        return names["bot"]

    return run


def test_every_program_has_a_test() -> None:
    tests = Path(__file__).read_text(encoding="utf-8")

    assert len(PROGRAMS) == 7
    assert all(f'program("{name}")' in tests for name in PROGRAMS)


def test_every_program_stands_beside_the_one_that_it_replaces() -> None:
    titles = re.findall(r'^```python title="([^:"]+)', PAGE.read_text("utf-8"), re.M)

    assert titles[1::2] == ["signalbot-sync"] * len(PROGRAMS)
    assert set(titles[::2]) == {"signalbot 1.x", "signalbot 2.x", "signal-client"}


def test_ping(program: Program) -> None:
    with Chat(program("ping")) as chat:
        assert chat.say("Ping") == ["Pong"]
        assert chat.say("/ping") == ["Pong"]


def test_add(program: Program) -> None:
    with Chat(program("add"), group="Kitchen") as chat:
        assert chat.say("add 2") == ["Total: 2"]
        assert chat.say("add 40") == ["Total: 42"]
        assert chat.say("please add 1") == []
        assert Chat.on(chat._stage, "Alice").say("add 1") == []


def test_thanks(program: Program) -> None:
    clock = FakeClock(dt.datetime(2026, 1, 15, 7, 0).astimezone())
    with Chat(program("thanks"), "+4915187654321", clock=clock) as chat:
        assert chat.react("👍🏽", to=1) == ["Thanks!"]
        assert chat.react("👎", to=1) == []
        clock.advance("2h")
        assert chat.wait_for_replies() == ["Good morning"]


def test_report(program: Program, tmp_path: Path) -> None:
    (tmp_path / "report.txt").write_text("all is well")
    with Chat(program("report")) as chat:
        first, second = chat.say("report")

        assert (first, first.quote) == ("Here it comes.", "report")
        assert [file.data for file in second.attachments] == [b"all is well"]
        assert [each.is_started for each in chat.server.typing_log] == [True, False]
        assert len(chat.server.receipts) == 1


def test_changes(program: Program) -> None:
    with FakeSignal() as server:
        alice, bob = server.add_person("Alice"), server.add_person("Bob")
        group = server.add_group("Kitchen", [alice])
        with Chat(program("changes"), alice, group="Kitchen", server=server) as chat:
            server.wait_for_request("GET", "/v1/groups")
            chat.settle()
            assert chat.react("❤️", to=1) == ["Thanks!"]

            def update(**changes: Any) -> list[Any]:
                return chat.act(lambda fake: fake.update_group(alice, group, **changes))

            assert update(members=[server.uuid, alice.id, bob.id]) == ["Bob joined."]
            assert update(name="Bathroom") == ["Something changed."]


def test_secret(program: Program, capsys: pytest.CaptureFixture[str]) -> None:
    with FakeSignal() as server:
        alice = server.add_person("Alice", number="+4915199999999")
        with Chat(program("secret"), alice, server=server) as chat:
            assert chat.say("!secret") == ["It is 42."]
            assert chat.reactions == ["🤫"]
            assert chat.person("Mallory").say("!secret") == []

        assert capsys.readouterr().out == f"{alice.uuid}\n"


def test_files(program: Program) -> None:
    with Chat(program("files")) as chat:
        assert chat.say("!files", attachments=[b"12345", ("two.txt", b"67")]) == ["7 bytes"]
