"""``signalbot send`` and ``groups``: to whom, what, and what the exit code tells."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from signalbot.testing import FakeSignal
from tests.cli.conftest import Invoke

ALICE, BOB = "+4915199999999", "+4915188888888"


@pytest.fixture(autouse=True)
def people(server: FakeSignal, settings: Path) -> None:
    server.add_person("Alice", number=ALICE)
    server.add_person("Bob", number=BOB)
    server.add_group("Pizza", ["Alice"])


def test_a_text_is_sent_and_its_timestamp_printed(server: FakeSignal, invoke: Invoke) -> None:
    result = invoke("send", ALICE, "Dinner is ready")

    (sent,) = server.sent
    assert (result.exit_code, result.output) == (0, f"{sent.timestamp}\n")
    assert sent.text == "Dinner is ready"


@pytest.mark.parametrize("words", [(ALICE,), (ALICE, "-"), ("--group", "Pizza")])
def test_the_text_may_come_by_standard_input(
    server: FakeSignal, invoke: Invoke, words: tuple[str, ...]
) -> None:
    assert invoke("send", *words, input="two\nlines\n").exit_code == 0

    assert [sent.text for sent in server.sent] == ["two\nlines"]


def test_groups_go_by_name_and_files_go_along(
    server: FakeSignal, invoke: Invoke, tmp_path: Path
) -> None:
    (tmp_path / "menu.txt").write_text("pizza")

    assert invoke("send", "-g", "pizza", "--attach", "menu.txt").exit_code == 0

    (sent,) = server.sent
    assert sent.group == server.state.group("Pizza").internal_id
    assert [file.filename for file in sent.attachments] == ["menu.txt"]


def test_three_means_that_some_were_not_reached(server: FakeSignal, invoke: Invoke) -> None:
    server.unregistered("Bob")

    plain = invoke("send", ALICE, BOB, "-m", "hi")
    as_json = invoke("send", ALICE, BOB, "-m", "hi", "--json")

    assert (plain.exit_code, as_json.exit_code) == (3, 3)
    assert "UNREGISTERED" in plain.output
    assert [one["reason"] for one in json.loads(as_json.output)["failed"]] == [
        "UNREGISTERED_FAILURE"
    ]


def test_one_means_that_nobody_was_reached(server: FakeSignal, invoke: Invoke) -> None:
    server.fail_next(text="no", status=400)
    refused = invoke("send", ALICE, "hi")
    server.stop_listening()
    gone = invoke("send", ALICE, "hi")

    assert (refused.exit_code, gone.exit_code) == (1, 1)
    assert "Error: " in gone.output
    assert "Connection refused" in gone.output
    assert "Traceback" not in gone.output + refused.output


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        ((), "Standard input is empty"),
        (("hello",), "is no number"),
        ((ALICE, "two", "words"), "needs quotes"),
        ((ALICE,), "Standard input is empty"),
        ((ALICE, ""), "The text is empty"),
        ((ALICE, "x", "--attach", "none.txt"), "none.txt"),
        (("-m", "hi"), "Nobody to send to"),
    ],
)
def test_two_means_that_it_was_called_wrongly(
    server: FakeSignal, invoke: Invoke, words: tuple[str, ...], hint: str
) -> None:
    result = invoke("send", *words)

    assert result.exit_code == 2
    assert hint in result.output
    assert server.sent == []


def test_a_file_that_cannot_be_sent_is_no_traceback(invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / "menu.txt").touch()

    result = invoke("send", ALICE, "-a", "menu.txt")

    assert result.exit_code == 1
    assert "Not sent: an attachment is empty." in result.output


def test_a_group_that_is_not_there_or_not_the_only_one(server: FakeSignal, invoke: Invoke) -> None:
    twins = [server.add_group("Twins", ["Alice"]), server.add_group("Twins", ["Bob"])]

    unknown, several = invoke("send", "-g", "Sushi", "x"), invoke("send", "-g", "Twins", "x")

    assert (unknown.exit_code, several.exit_code) == (1, 1)
    assert all(twin.id in several.output for twin in twins)
    assert invoke("send", "-g", twins[0].id, "x").exit_code == 0


def test_the_number_is_asked_for(monkeypatch: pytest.MonkeyPatch, invoke: Invoke) -> None:
    monkeypatch.delenv("SIGNAL_PHONE_NUMBER")

    result = invoke("groups")

    assert result.exit_code == 2
    assert "--phone-number" in result.output


def test_a_dotenv_file_counts(
    server: FakeSignal, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, invoke: Invoke
) -> None:
    monkeypatch.delenv("SIGNAL_PHONE_NUMBER")
    (tmp_path / ".env").write_text(f"SIGNAL_PHONE_NUMBER={server.number}\n")

    assert invoke("send", ALICE, "hi").exit_code == 0


def test_groups_are_listed(server: FakeSignal, invoke: Invoke) -> None:
    server.add_group("Evil\x1b[2J\nname", ["Bob"])

    table, as_json = invoke("groups"), invoke("groups", "--json")

    assert "Pizza" in table.output
    assert "\x1b" not in table.output
    assert len(table.output.splitlines()) == 3
    listed = {group["name"]: group for group in json.loads(as_json.output)}
    assert listed["Pizza"]["id"] == server.state.group("Pizza").id
    assert listed["Pizza"]["member"] is True
