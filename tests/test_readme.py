"""What README and docs say about themselves holds: commands, links, code, settings."""

from __future__ import annotations

import ast
import re
import textwrap
from pathlib import Path
from typing import Any

import pytest

from signalbot.settings import Settings
from signalbot.testing import FakeSignal

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
PAGES = sorted([README, *ROOT.glob("[CS]*.md"), *ROOT.glob("docs/**/*.md")])
SOURCES = [page.relative_to(ROOT).as_posix() for page in PAGES]


def blocks(page: Path, language: str) -> list[str]:
    """The fenced blocks of one language, without their fences and indentation."""
    text = page.read_text(encoding="utf-8")
    found = re.findall(rf"^( *)```{language}\b[^\n]*\n(.*?)^\1```$", text, re.MULTILINE | re.DOTALL)
    return [textwrap.dedent(body) for _, body in found]


def anchors(page: Path) -> set[str]:
    """The ids that headings get, as GitHub and the site's generator make them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {
        re.sub(r"\s+", "-", re.sub(r"[^\w\s-]", "", heading.lower()).strip())
        for heading in headings
    }


def last_command(script: Path) -> str:
    lines = [line.strip() for line in script.read_text(encoding="utf-8").splitlines()]
    return [line for line in lines if line and not line.startswith("#")][-1]


def test_ci_ends_with_the_readme_s_test_command() -> None:
    commands = [block.strip() for block in blocks(README, "sh")]

    assert len(commands) == 2
    assert "signalbot demo" in commands[0]
    assert last_command(ROOT / ".ci" / "run") == commands[1]


def test_both_commands_bring_their_own_environment() -> None:
    """A system Python that is externally managed must not matter."""
    for block in blocks(README, "sh"):
        assert block.startswith("python3 -m venv .venv && .venv/bin/pip install ")


def test_the_first_program_has_ten_lines() -> None:
    program = blocks(README, "python")[0]

    assert len(program.strip().splitlines()) <= 10
    assert program.strip().endswith("bot.run()")


def test_the_first_program_works() -> None:
    program = blocks(README, "python")[0]
    settings = 'signal_service="http://127.0.0.1:8080")'
    assert settings in program
    with FakeSignal() as signal:
        source = program.replace(settings, f'signal_service="{signal.url}")')
        names: dict[str, Any] = {}
        exec(source.replace("bot.run()", ""), names)
        alice = signal.add_person("Alice", number="+4915199999999")

        with names["bot"]:
            signal.wait_for_socket()
            signal.say(alice, "/ping")
            signal.wait_for_sent()

        assert [sent.text for sent in signal.replies_to(alice)] == ["pong"]


def test_the_first_screen_has_all_of_it() -> None:
    screen = "\n".join(README.read_text(encoding="utf-8").splitlines()[:40])

    for part in ("```python", "signalbot demo", "bin/pytest", "PyPI"):
        assert part in screen


@pytest.mark.parametrize("name", SOURCES)
def test_python_blocks_are_python(name: str) -> None:
    for block in blocks(ROOT / name, "python"):
        ast.parse(block)


# What the pages' programs take for granted: a bot, a few imports, somebody to write to.
SCENERY = """
import contextlib, sqlite3, time
from signalbot import Reject, Retry, RetryPolicy, Router, SignalBot, filters

bot = SignalBot(phone_number=signal.number, signal_service=signal.url, state_dir=state_dir)
"""
# These wait for something, or write to the network.
NOT_RUN = ("bot.run()", "for message in bot.messages(", "ProcessPoolExecutor", "example.org")


@pytest.mark.parametrize("page", ["handlers", "sending"])  # testing: see tests/testing
def test_the_programs_of_a_page_run(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    text = (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8")
    for name, module in re.findall(r'^```python title="(\w+\.py)"\n(.*?)^```$', text, re.M | re.S):
        (tmp_path / name).write_text(module, encoding="utf-8")

    with FakeSignal() as signal:
        signal.add_person("Somebody", number="+4915187654321")
        names: dict[str, Any] = {"signal": signal, "state_dir": tmp_path / "state"}
        exec(SCENERY, names)
        for block in blocks(ROOT / "docs" / f"{page}.md", "python"):
            if not any(words in block for words in NOT_RUN):
                exec(block.replace("http://127.0.0.1:8080", signal.url), names)
        for test in [each for name, each in names.items() if name.startswith("test_")]:
            test(tmp_path)


@pytest.mark.parametrize("name", SOURCES)
def test_links_lead_somewhere(name: str) -> None:
    page = ROOT / name
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    links = re.findall(r"\]\(([^)\s]+)\)", text)

    broken = []
    for link in links:
        if "://" in link:
            continue
        target, _, anchor = link.partition("#")
        other = page.parent / target if target else page
        is_there = other.is_file() and (not anchor or anchor in anchors(other))
        if not is_there:
            broken.append(link)

    assert broken == []


def settings_rows() -> dict[str, str]:
    """Field name -> what the settings page gives as its default."""
    text = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    rows: dict[str, str] = {}
    for names, default in re.findall(r"^\| (`[^|]+`) \| ([^|]+) \|", text, re.MULTILINE):
        rows.update(dict.fromkeys(re.findall(r"`(\w+)`", names), default.strip()))
    return rows


def test_the_settings_page_has_every_setting() -> None:
    assert set(settings_rows()) == set(Settings.model_fields)


def plain_defaults() -> list[tuple[str, Any]]:
    return [
        (name, field.default)
        for name, field in Settings.model_fields.items()
        if isinstance(field.default, str | int | float) and field.default != ""
    ]


@pytest.mark.parametrize(("name", "default"), plain_defaults())
def test_the_settings_page_has_the_default(name: str, default: Any) -> None:
    large = {2**30: "1 GiB", 64 * 2**20: "64 MiB", 16 * 2**20: "16 MiB", 14 * 86400.0: "14 days"}

    assert settings_rows()[name] == large.get(default, f"`{default}`")
