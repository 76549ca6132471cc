"""The tutorial does what it says: its program is built up, and its tables are played."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from signalbot.testing import Chat

PAGE = Path(__file__).resolve().parents[2] / "docs" / "tutorial.md"
BLOCK = re.compile(r"^```python\n(.*?)^```", re.M | re.S)
ROW = re.compile(r"^\| `(.+?)` \| `(.+?)` \|$", re.M)


def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The page's program, put together from its parts."""
    monkeypatch.setenv("SIGNAL_STATE_DIR", str(tmp_path))
    names: dict[str, Any] = {"__name__": "pizza"}
    for block in BLOCK.findall(PAGE.read_text("utf-8")):
        exec(compile(block, "pizza.py", "exec"), names)
    return names


def test_what_is_written_is_what_is_answered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = ROW.findall(PAGE.read_text("utf-8"))
    assert len(rows) == 10

    with Chat(program(tmp_path, monkeypatch)["bot"]) as chat:
        for said, answered in rows:
            chat.say(said)
            assert chat.replies[0].startswith(answered), said


def test_a_group_is_reacted_to_and_a_mistake_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bot = program(tmp_path, monkeypatch)["bot"]

    with Chat(bot) as chat:
        group = chat.in_group("Friends")
        group.say("Pizza?")
        assert group.reactions == ["🍕"]
        with pytest.raises(RuntimeError, match="the oven is cold"):
            chat.say("/oven")
        assert chat.replies == []
        assert [letter.error_type for letter in bot.dead_letters.list()] == ["RuntimeError"]
