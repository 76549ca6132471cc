"""The pytest plugin, as somebody with a bot of ten lines meets it: in a pytest of its own."""

from __future__ import annotations

import importlib.metadata
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from signalbot.testing import FakeSignal
from signalbot.testing.plugin_environment import load_bot
from tests.conftest import FEW_PLUGINS

pytest_plugins = ["pytester"]

ENTRY_POINT = "signalbot.testing.pytest_plugin"
PAGE = Path(__file__).resolve().parents[2] / "docs" / "testing.md"

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


class Project:
    """A directory with a bot, its tests, and no conftest of ours."""

    def __init__(self, pytester: pytest.Pytester) -> None:
        self.pytester = pytester
        self.write("shop", SHOP)

    def write(self, name: str, text: str) -> None:
        self.pytester.makepyfile(**{name: textwrap.dedent(text)})

    def test(self, text: str, *arguments: str, bot: str = BOT) -> pytest.RunResult:
        self.write("test_shop", bot + textwrap.dedent(text))
        return self.run(*arguments)

    def run(self, *arguments: str) -> pytest.RunResult:
        """In a process of its own, where the plugin is loaded before anything of signalbot."""
        installed = importlib.metadata.entry_points(group="pytest11")
        is_loaded = any(each.value == ENTRY_POINT for each in installed)
        plugin = () if is_loaded else ("-p", ENTRY_POINT)
        return self.pytester.runpytest_subprocess(*FEW_PLUGINS, *plugin, *arguments)


@pytest.fixture
def project(pytester: pytest.Pytester) -> Project:
    return Project(pytester)


def test_a_bot_of_ten_lines_is_tested_in_three(project: Project) -> None:
    run = project.test(
        """
        def test_order(chat):
            chat.say("/order")
            assert chat.replies == ["How many pizzas?"]
            assert chat.say("2") == ["2 pizzas are on their way."]
        """
    )

    run.assert_outcomes(passed=1)


def test_the_fixtures(project: Project) -> None:
    run = project.test(
        """
        import os, threading, time
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

        def test_error(chat):
            with pytest.raises(KeyError, match="tomatoes"):
                chat.say("/boom")
            assert chat.say("/order") == ["How many pizzas?"]

        def test_nothing_is_left_behind():
            assert "SIGNAL_SERVICE" not in os.environ
            left = {each.name for each in threading.enumerate()}
            assert not any(name.startswith(("signalbot-", "fake-signal")) for name in left), left
        """
    )

    run.assert_outcomes(passed=7)


def test_what_goes_wrong_is_told(project: Project) -> None:
    project.write("test_none", "def test_chat(chat): ...")
    run = project.test(
        """
        import threading

        def test_shows(chat):
            chat.say("/boom")

        def test_is_not_lost(chat):
            chat.say("/boom", wait=False)

        def test_hangs(bot, chat):
            release = threading.Event()

            @bot.command("hang")
            def hang(ctx):
                release.wait(20)  # here it hangs

            chat.timeout = 0.3
            try:
                with pytest.raises(TimeoutError) as caught:
                    chat.say("/hang")
                assert "here it hangs" in str(caught.value)
            finally:
                release.set()
            chat.settle()

        class TestRunning:
            @pytest.fixture
            def bot(self, signal_server):
                with make_bot() as bot:
                    yield bot

            def test_chat(self, chat): ...
        """
    )

    run.assert_outcomes(passed=2, failed=1, errors=3)
    run.stdout.fnmatch_lines(["*Define a fixture*", "*signalbot_bot*"])
    text = run.stdout.str()
    assert text.count('raise KeyError("tomatoes")') == 2
    assert "was made but not started" in text


def test_the_bot_may_be_named_in_the_configuration(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIGNAL_PHONE_NUMBER", "+4915100000001")
    project.write("shop", SHOP + "\n\nbot = make_bot()\n")
    project.pytester.makeini("[pytest]\nsignalbot_bot = shop:bot\npythonpath = .\n")
    run = project.test(
        """
        def test_one(chat):
            assert chat.say("/order") == ["How many pizzas?"]

        def test_two(chat):
            assert chat.say("/order") == ["How many pizzas?"]
        """,
        bot="",
    )

    run.assert_outcomes(passed=2)


def test_a_named_function_makes_the_bot(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGNAL_PHONE_NUMBER", "+4915100000001")
    monkeypatch.syspath_prepend(str(project.pytester.path))

    assert load_bot("shop:make_bot").account == "+4915100000001"


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
            loaded = {name for name in sys.modules if name.startswith("signalbot")}
            assert loaded == {"signalbot", "signalbot.testing", "signalbot.testing.pytest_plugin"}
        """,
        bot="",
    )

    run.assert_outcomes(passed=1)


@pytest.fixture
def real() -> Iterator[FakeSignal]:
    """For want of a real one: a server that knows two accounts, and nothing of the tests."""
    with FakeSignal(number="+4915100000001", accounts=["+4915100000002"]) as server:
        yield server


def test_the_same_tests_run_on_a_real_server(project: Project, real: FakeSignal) -> None:
    server = ("--signal-server", real.url, "--signal-number", "+4915100000001")
    tests = """
        def test_chat(chat):
            assert chat.say("/order") == ["How many pizzas?"]
            (asked,) = chat.all_replies
            assert chat.say("2", quote=asked) == ["2 pizzas are on their way."]

        def test_group(group): ...
        def test_faults(chat, signal_server): ...
        def test_bob(chat): chat.person("Bob").say("/order")
        def test_typing(chat): chat.typing()
        """
    with_person = project.test(tests, *server, "--signal-person", "+4915100000002", "-rs")
    alone = project.run(*server, "-rs")

    with_person.assert_outcomes(passed=1, skipped=4)
    with_person.stdout.fnmatch_lines_random(
        ["*would leave them behind*", "*prepared or looked into*", "*no Bob*", "*has no typing*"]
    )
    alone.assert_outcomes(skipped=5)
    alone.stdout.fnmatch_lines(["*--signal-person=NUMBER*"])


def test_every_example_of_the_page_is_a_test_that_passes(
    pytester: pytest.Pytester, project: Project
) -> None:
    text = PAGE.read_text(encoding="utf-8")
    files = dict(re.findall(r'^```python title="(\w+)\.py"\n(.*?)^```$', text, re.M | re.S))
    assert len(files) == text.count("```python")
    for name, body in files.items():
        project.write(name, body)
    tests = sum(len(re.findall(r"^ *def test_", body, re.M)) for body in files.values())

    run = project.run()

    run.assert_outcomes(passed=tests)
