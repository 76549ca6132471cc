"""The pytest plugin, as somebody with a bot of ten lines meets it: in a pytest of its own."""

from __future__ import annotations

import importlib.metadata
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

NO_CACHE = ("-p", "no:cacheprovider")
ENTRY_POINT = "signalbot.testing.pytest_plugin"

SHOP = """
from signalbot import SignalBot


def make_bot():
    bot = SignalBot()

    @bot.command("order")
    def order(ctx):
        count = ctx.ask("How many pizzas?", type=int, timeout=300)
        return f"{count} pizzas are on their way."

    @bot.command("boom")
    def boom(ctx):
        raise KeyError("tomatoes")

    return bot
"""

BOT = """
import pytest
from shop import make_bot

@pytest.fixture
def bot():
    return make_bot()
"""


class Run:
    """What a pytest of its own said."""

    def __init__(self, result: subprocess.CompletedProcess[str]) -> None:
        self.text = result.stdout + result.stderr
        self.code = result.returncode
        self.summary = result.stdout.strip().splitlines()[-1]

    def passed(self, count: int) -> bool:
        assert self.code == 0, self.text
        return f"{count} passed" in self.summary


class Project:
    """A directory with a bot, its tests, and no conftest of ours."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.write("shop.py", SHOP)

    def write(self, name: str, text: str) -> None:
        (self.path / name).write_text(textwrap.dedent(text), encoding="utf-8")

    def test(self, text: str, *arguments: str, bot: str = BOT, **environment: str) -> Run:
        self.write("test_shop.py", bot + textwrap.dedent(text))
        is_installed = any(
            each.value == ENTRY_POINT for each in importlib.metadata.entry_points(group="pytest11")
        )
        plugin = () if is_installed else ("-p", ENTRY_POINT)
        return Run(
            subprocess.run(
                [
                    sys.executable,
                    "-m",
                    "pytest",
                    "-q",
                    "-p",
                    "no:cacheprovider",
                    *plugin,
                    *arguments,
                ],
                cwd=self.path,
                env={**os.environ, **environment},
                capture_output=True,
                text=True,
                timeout=50,
                check=False,
            )
        )


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def test_a_bot_of_ten_lines_is_tested_in_three(project: Project) -> None:
    run = project.test(
        """
        def test_order(chat):
            chat.say("/order")
            assert chat.replies == ["How many pizzas?"]
            assert chat.say("2") == ["2 pizzas are on their way."]
        """
    )

    assert run.passed(1)


def test_groups_clock_server_and_environment(project: Project) -> None:
    run = project.test(
        """
        import os, time
        from signalbot import AskTimeout

        def test_group(group):
            assert group.say("/order", sender="Bob") == ["How many pizzas?"]
            assert group.say("3") == []
            assert group.say("4", sender="Bob") == ["4 pizzas are on their way."]

        def test_clock(chat, clock):
            began = time.monotonic()
            chat.say("/order")
            clock.advance("4m")
            with pytest.raises(AskTimeout):
                clock.advance("60s")
            assert time.monotonic() - began < 5

        def test_server(signal_server, bot):
            assert bot.settings.signal_service == signal_server.url == os.environ["SIGNAL_SERVICE"]
            with bot:
                signal_server.wait_for_socket()
                signal_server.say(signal_server.add_person("Carol"), "/order")
                assert signal_server.wait_for_sent()[0].text == "How many pizzas?"

        def test_bot_first(bot, chat, signal_server):
            assert bot.settings.signal_service == signal_server.url

        def test_bot_alone(bot):
            assert bot.settings.signal_service == "http://signal-server.invalid"
            assert str(bot.state_directory).startswith(os.environ["SIGNAL_STATE_DIR"])

        def test_nothing_is_left_behind():
            assert "SIGNAL_SERVICE" not in os.environ
        """
    )

    assert run.passed(6)


def test_the_error_of_a_handler_is_the_error_of_the_test(project: Project) -> None:
    run = project.test(
        """
        def test_raises(chat):
            with pytest.raises(KeyError, match="tomatoes"):
                chat.say("/boom")
            assert chat.say("/order") == ["How many pizzas?"]

        def test_shows(chat):
            chat.say("/boom")

        def test_is_not_lost(chat, signal_server):
            chat.say("/boom", wait=False)
            chat.server.wait_for(lambda: not chat.bot.engine.parts.pool.counts()["running"])
            chat.say("hello", wait=False)
        """
    )

    assert run.code == 1
    assert 'raise KeyError("tomatoes")' in run.text
    assert "1 failed, 2 passed, 1 error" in run.summary


def test_a_hanging_handler_is_shown_with_its_stack(project: Project) -> None:
    run = project.test(
        """
        import threading

        def test_hangs(bot, chat):
            release = threading.Event()

            @bot.command("hang")
            def hang(ctx):
                release.wait(20)  # here it hangs

            chat._stage.timeout = 0.3
            try:
                with pytest.raises(TimeoutError) as caught:
                    chat.say("/hang")
                assert "here it hangs" in str(caught.value)
            finally:
                release.set()
            chat.settle()
        """
    )

    assert run.passed(1)


def test_without_a_bot_it_tells_how_to_define_one(project: Project) -> None:
    run = project.test("def test_chat(chat): ...", bot="")

    assert "Define a fixture" in run.text
    assert "signalbot_bot" in run.text


@pytest.mark.parametrize("name", ["shop:make_bot", "shop:bot"])
def test_the_bot_may_be_named_in_the_configuration(project: Project, name: str) -> None:
    project.write("shop.py", SHOP + "\n\nbot = make_bot()\n")
    project.write("pytest.ini", f"[pytest]\nsignalbot_bot = {name}\npythonpath = .\n")
    run = project.test(
        """
        def test_one(chat):
            assert chat.say("/order") == ["How many pizzas?"]

        def test_two(chat):
            assert chat.say("/order") == ["How many pizzas?"]
        """,
        bot="",
        SIGNAL_PHONE_NUMBER="+4915100000001",
    )

    assert run.passed(2)


def test_fixtures_of_the_same_name_in_other_projects_are_left_alone(project: Project) -> None:
    run = project.test(
        """
        import sys, pytest

        @pytest.fixture
        def bot(): return "another kind of bot"
        @pytest.fixture
        def chat(bot): return f"a chat with {bot}"

        def test_chat(chat):
            assert chat == "a chat with another kind of bot"
            assert "signalbot.bot" not in sys.modules
            assert "signalbot.testing.fake_signal" not in sys.modules
            assert "asyncio" not in sys.modules or "signalbot.settings" not in sys.modules
        """,
        bot="",
    )

    assert run.passed(1)


def test_a_running_bot_is_refused_with_advice(project: Project) -> None:
    run = project.test(
        """
        @pytest.fixture
        def bot(signal_server):
            with make_bot() as bot:
                yield bot

        def test_chat(chat): ...
        """
    )

    assert "was made but not started" in run.text
