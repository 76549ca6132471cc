"""``signalbot run``: finding the bot, running it, new handlers while messages arrive."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from signalbot.cli.loading import LoadError, Program
from signalbot.testing import FakeSignal
from tests.cli.conftest import Invoke


@pytest.fixture(autouse=True)
def modules_as_before() -> Iterator[None]:
    modules, path = dict(sys.modules), list(sys.path)
    writes = sys.dont_write_bytecode
    yield
    for name in set(sys.modules) - set(modules):
        if not name.startswith("signalbot"):
            del sys.modules[name]
    sys.path[:], sys.dont_write_bytecode = path, writes


@pytest.fixture
def write(settings: Path, tmp_path: Path) -> Callable[..., Path]:
    def write_file(text: str, name: str = "bot.py") -> Path:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("from signalbot import SignalBot, Router\n" + textwrap.dedent(text))
        return path

    return write_file


@contextmanager
def running(*words: str, until: Callable[[], object]) -> Iterator[subprocess.Popen[str]]:
    """The command as a process of its own, from when it works until it was asked to end."""
    process = subprocess.Popen(
        [sys.executable, "-m", "signalbot", *words],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )  # fmt: skip
    try:
        until()
        yield process
        process.send_signal(signal.SIGTERM)
        process.wait(20)
    finally:
        process.kill()
        process.wait()
        for stream in (process.stdout, process.stderr):
            assert stream is not None
            stream.close()


# -- finding the bot ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("bot = SignalBot()", "bot.py"),
        ("pizza = SignalBot()", "bot.py"),
        ("bot = SignalBot()\nother = SignalBot()", "bot.py"),
        ("a = SignalBot()\nb = SignalBot()", "bot.py:b"),
        ("def make():\n    return SignalBot()", "bot.py:make"),
        ("bot = SignalBot()\nbot.run()\nraise SystemExit", "bot.py"),
        ("bot = SignalBot()\nif __name__ == '__main__':\n    bot.run()", "bot.py"),
        ("a = SignalBot()", "bot:a"),
    ],
)
def test_the_bot_of_a_program_is_found(write: Callable[..., Path], text: str, target: str) -> None:
    write(text)

    assert Program(target).load().state == "new"


@pytest.mark.parametrize(
    ("text", "target", "reason"),
    [
        ("", "bot.py", "no SignalBot at its top level"),
        ("a = SignalBot()\nb = SignalBot()", "bot.py", "several bots .a, b."),
        ("bot = 3", "bot.py:bot", "is a int, no SignalBot"),
        ("bot = SignalBot()", "bot.py:robot", "has no 'robot'"),
        ("bot = SignalBot()", "none.py", "no file"),
        ("bot = SignalBot()", "no_such_module_here", "no module"),
        ("bot = SignalBot()\nbot.start()", "bot.py", "starts its bot"),
    ],
)
def test_why_no_bot_is_found_is_told(
    write: Callable[..., Path], invoke: Invoke, text: str, target: str, reason: str
) -> None:
    write(text)

    with pytest.raises(LoadError, match=reason):
        Program(target).load()


def test_an_error_of_the_program_begins_in_the_program(
    write: Callable[..., Path], invoke: Invoke
) -> None:
    write("bot = SignalBot()\nprint(undefined)")

    result = invoke("run", "bot.py")

    assert result.exit_code == 1
    assert "bot.py fails:" in result.output
    assert "NameError" in result.output
    assert "loading.py" not in result.output


def test_an_error_of_the_library_comes_without_a_traceback(
    write: Callable[..., Path], invoke: Invoke
) -> None:
    write("bot = SignalBot()\n@bot.command('x')\ndef x(ctx, y: object = 1, *, z): ...")

    result = invoke("run", "bot.py")

    assert result.exit_code == 1
    assert "bot.py:" in result.output
    assert "Traceback" not in result.output


def test_a_module_of_the_standard_library_is_left_alone(write: Callable[..., Path]) -> None:
    write("bot = SignalBot()", "signal.py")

    program = Program("signal.py")
    program.load()

    assert program.module != "signal"
    assert sys.modules["signal"] is signal


# -- running it --------------------------------------------------------------------------------


def test_a_bot_runs_until_it_is_told_to_end(server: FakeSignal, write: Callable[..., Path]) -> None:
    write("bot = SignalBot()\n@bot.command('ping')\ndef ping(ctx):\n    return 'pong'\nbot.run()")
    alice = server.add_person("Alice")

    with running("run", "bot.py", until=lambda: server.wait_for_socket(20)) as process:
        server.say(alice, "/ping")
        server.wait_for_sent(timeout=10)

    assert process.returncode == 0
    assert [sent.text for sent in server.sent] == ["pong"]


def test_options_stand_in_for_settings_that_the_program_leaves_open(
    server: FakeSignal, write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    write("bot = SignalBot()")
    monkeypatch.delenv("SIGNAL_SERVICE")
    monkeypatch.delenv("SIGNAL_PHONE_NUMBER")

    words = ("run", "bot.py", "--service", server.url, "--phone-number", server.number)
    with running(*words, until=lambda: server.wait_for_socket(20, account=server.number)):
        pass


# -- new handlers --------------------------------------------------------------------------------

BOT = """
from texts import GREETING

bot = SignalBot()

@bot.on_message
def answer(ctx):
    return f"{VERSION} {GREETING} {{ctx.text}}"
"""


def save(path: Path, version: int) -> None:
    text = "from signalbot import SignalBot\n" + BOT.format(VERSION=version, GREETING="{GREETING}")
    path.write_text(text)


def test_nothing_is_lost_while_the_file_is_saved_twenty_times(
    server: FakeSignal, write: Callable[..., Path], tmp_path: Path
) -> None:
    path = tmp_path / "bot.py"
    save(path, 0)
    (tmp_path / "texts.py").write_text("GREETING = 'hi'")
    people = [server.add_person(f"P{index}") for index in range(10)]
    count, saves = 300, 0

    with running("run", "bot.py", "--reload", until=lambda: server.wait_for_socket(20)) as process:
        began = time.monotonic()
        for number in range(count):
            server.say(people[number % 10], str(number))
            if number % 15 == 14:
                saves += 1
                save(path, saves)
            time.sleep(max(0.0, began + (number + 1) / 50 - time.monotonic()))
        server.wait_for_sent(count, timeout=20)
        (tmp_path / "texts.py").write_text("GREETING = 'hello there'")
        deadline = time.monotonic() + 15
        while not any("hello" in str(sent.text) for sent in server.sent):
            assert time.monotonic() < deadline
            server.say(people[0], "again")
            time.sleep(0.2)

    assert saves == 20
    texts = [str(sent.text).split() for sent in server.sent[:count]]
    assert sorted(int(text[2]) for text in texts) == list(range(count))
    assert len({text[0] for text in texts}) > 2, "new handlers came while it ran"
    assert server.connections_made == 1
    assert server.unheard == 0
    assert process.returncode == 0


def test_a_mistake_leaves_the_old_handlers_and_its_mending_brings_the_new_ones(
    server: FakeSignal, write: Callable[..., Path]
) -> None:
    from signalbot.cli.reload import Reloader

    good = "bot = SignalBot()\n@bot.command('ping')\ndef ping(ctx):\n    return '{}'\n"
    path = write(good.format("one"))
    program = Program("bot.py")
    said: list[str] = []
    with program.load() as bot:
        reloader = Reloader(bot, program, say=said.append)
        alice = server.add_person("Alice")

        def answer() -> str:
            server.forget()
            server.say(alice, "/ping")
            return str(server.wait_for_sent()[0].text)

        for text, mistake in [
            ("bot = SignalBot(", "SyntaxError"),
            ("raise SystemExit('no')", "SystemExit: no"),
            ("bot = SignalBot()\n@bot.command('ping')\ndef x(ctx, y: object): ...", "bot.py:"),
            ("", "no SignalBot"),
        ]:
            write(text)
            assert not reloader.reload()
            assert mistake in said[-1]
            assert answer() == "one"
        write(good.format("two"))
        assert reloader.reload()
        assert answer() == "two"
        path.unlink()
        assert not reloader.reload()
        assert answer() == "two"


def test_routers_jobs_hooks_and_names_are_those_of_the_new_program(
    server: FakeSignal, write: Callable[..., Path]
) -> None:
    from signalbot.cli.reload import Reloader

    text = """
    import other
    bot = SignalBot()
    bot.include(other.router)
    bot.hooks.before_handler.append(lambda: None)

    @bot.command("who")
    def who(ctx):
        return f"{ctx.bot is bot} {len(bot.hooks.before_handler)} {[job.name for job in bot.jobs]}"

    @bot.every("1h")
    def {name}(bot): ...
    """
    module = "router = Router()\n@router.command('inner')\ndef inner(ctx):\n    return '{}'\n"
    write(module.format("one"), "other.py")
    write(text.replace("{name}", "clean"))
    program = Program("bot.py")
    said: list[str] = []
    with program.load() as bot:
        alice = server.add_person("Alice")
        write(module.format("two"), "other.py")
        write(text.replace("{name}", "tidy"))

        assert Reloader(bot, program, say=said.append).reload(), said

        server.say(alice, "/who")
        server.say(alice, "/inner")
        texts = [sent.text for sent in server.wait_for_sent(2)]

    assert texts == [f"True 1 ['{program.module}.tidy']", "two"]


def test_changed_settings_are_told(write: Callable[..., Path]) -> None:
    from signalbot.cli.reload import Reloader

    write("bot = SignalBot(workers=2)")
    program = Program("bot.py")
    said: list[str] = []
    bot = program.load()
    write("bot = SignalBot(workers=3)")

    assert Reloader(bot, program, say=said.append).reload()

    assert "from the next start on" in said[-1]
    assert bot.settings.workers == 2
