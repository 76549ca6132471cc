"""Start, stop, run, join; what can go wrong at start; what stopping leaves behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from signalbot import (
    AlreadyRunning,
    Settings,
    SettingsError,
    SignalBot,
    SignalBotError,
    State,
)
from signalbot.errors import ApiError, HandlerTimeout, NotRegistered, RequestFailed
from signalbot.testing import FakeSignal
from tests.bot.conftest import eventually

MakeBot = Callable[..., SignalBot]


def signalbot_threads() -> list[str]:
    return [one.name for one in threading.enumerate() if one.name.startswith("signalbot-")]


def test_constructing_starts_no_thread_and_connects_to_nothing(tmp_path: Path) -> None:
    bot = SignalBot("+4915112345678", "http://127.0.0.1:9", state_dir=tmp_path)

    assert bot.state == "new"
    assert signalbot_threads() == []
    assert list(tmp_path.iterdir()) == []


def test_mistakes_in_settings_are_raised_at_construction() -> None:
    with pytest.raises(SettingsError, match="Did you mean 'phone_number'"):
        SignalBot(phone_numbr="+4915112345678")
    with pytest.raises(SettingsError, match="phone_number is missing"):
        SignalBot()
    with pytest.raises(SettingsError):
        SignalBot("+4915112345678", "ftp://nowhere")
    with pytest.raises(SettingsError, match="SIGNAL_LIMIT"):
        SignalBot("+4915112345678", limit="now and then")


def test_keywords_count_before_settings_that_are_given() -> None:
    settings = Settings(phone_number="+4915112345678", workers=2, grace=1.0)

    bot = SignalBot(settings=settings, workers=3)

    assert (bot.settings.workers, bot.settings.grace) == (3, 1.0)
    assert bot.settings.phone_number == "+4915112345678"
    with pytest.raises(SettingsError, match="Did you mean 'workers'"):
        SignalBot(settings=settings, worker=3)


def test_start_and_stop_are_idempotent_and_restart_works(
    server: FakeSignal, make_bot: MakeBot
) -> None:
    bot = make_bot()

    @bot.command("ping")
    def ping(ctx: Any) -> str:
        return "pong"

    alice = server.add_person("Alice")
    for _ in range(3):
        assert bot.start() is True
        assert bot.start() is False
        assert bot.state == State.RUNNING
        server.forget()
        server.say(alice, "/ping")
        server.wait_for_sent()
        first = bot.stop()
        assert bot.stop() == first
        assert bot.state == "stopped"
        assert signalbot_threads() == []


def test_sending_needs_no_start(server: FakeSignal, make_bot: MakeBot) -> None:
    bot = make_bot()

    sent = bot.send("+4915199999999", "hello")

    assert sent.ok
    assert server.sent[0].text == "hello"
    assert bot.state == "new"


def test_a_wrong_number_is_an_error_that_names_no_other(
    server: FakeSignal, make_bot: MakeBot
) -> None:
    bot = make_bot(phone_number="+4915100000000")

    with pytest.raises(NotRegistered) as caught:
        bot.start(timeout=10)

    assert "+4915100000000" in str(caught.value)
    assert server.number not in str(caught.value)
    assert bot.state == "failed"
    assert signalbot_threads() == []


def test_a_wrong_mode_is_an_error_that_names_the_fix(tmp_path: Path) -> None:
    with FakeSignal(mode="normal") as server:
        bot = SignalBot(server.number, server.url, state_dir=tmp_path, receive_mode="websocket")
        with pytest.raises(SettingsError, match="MODE=json-rpc"):
            bot.start(timeout=10)
    with FakeSignal() as server:
        bot = SignalBot(server.number, server.url, state_dir=tmp_path, receive_mode="polling")
        with pytest.raises(SettingsError, match="receive_mode='auto'"):
            bot.start(timeout=10)


def test_start_waits_for_the_server_and_says_why_not(server: FakeSignal, make_bot: MakeBot) -> None:
    server.stop_listening()
    bot = make_bot()

    with pytest.raises(RequestFailed):
        bot.start(timeout=0.5)
    assert bot.state == "failed"

    starting = threading.Thread(target=bot.start, kwargs={"timeout": 20})
    starting.start()
    server.listen_again()
    starting.join(20)
    assert bot.state == "running"


def test_a_restart_of_the_server_is_survived(server: FakeSignal, make_bot: MakeBot) -> None:
    bot = make_bot()

    @bot.on_message
    def echo(ctx: Any) -> str:
        return str(ctx.text)

    alice = server.add_person("Alice")
    with bot:
        server.stop_listening()
        eventually(lambda: not bot.connected)
        server.listen_again()
        eventually(lambda: bot.connected, 20)
        server.wait_for_socket(10)
        server.say(alice, "back")
        server.wait_for_sent(timeout=10)

    assert server.sent[-1].text == "back"


def test_a_half_open_connection_is_noticed(server: FakeSignal, make_bot: MakeBot) -> None:
    bot = make_bot(ping_interval=0.2, ping_timeout=0.2)
    with bot:
        server.half_open()
        server.wait_for(lambda: server.connections_made >= 2, 10, "a second connection")


def test_odd_frames_stop_nothing(server: FakeSignal, make_bot: MakeBot) -> None:
    bot = make_bot()
    kinds: list[str] = []

    @bot.on_event
    def note(ctx: Any) -> None:
        kinds.append(ctx.event.kind)

    @bot.on_message
    def echo(ctx: Any) -> str:
        return "still here"

    alice = server.add_person("Alice")
    with bot:
        unknown = '{"envelope":{"sourceUuid":"a","timestamp":1,"fooMessage":{}}}'
        for odd in (
            b"not json",
            b"\xff\xfe",
            "[]",
            "{}",
            '{"envelope": 3}',
            '{"error": "x"}',
            unknown,
        ):
            server.push(odd, account=server.number)
        server.say(alice, "hi")
        server.wait_for_sent(timeout=10)
        eventually(lambda: "message" in kinds and "error" in kinds and "unknown" in kinds)
        letters = eventually(bot.dead_letters.list)

    assert server.connections_made == 1
    assert {letter.reason for letter in letters} == {"unreadable"}


def test_an_oversize_frame_costs_one_connection(server: FakeSignal, make_bot: MakeBot) -> None:
    bot = make_bot(max_frame=4096)

    @bot.on_message
    def echo(ctx: Any) -> str:
        return "ok"

    alice = server.add_person("Alice")
    with bot:
        server.say(alice, "x" * 10_000)
        server.wait_for(lambda: server.connections_made >= 2, 10, "a second connection")
        server.wait_for_socket()
        server.say(alice, "small")
        server.wait_for_sent(timeout=10)


def test_many_oversize_frames_keep_nobody_waiting(server: FakeSignal, make_bot: MakeBot) -> None:
    """Anybody can send one: pauses that grow with each would let him silence the bot."""
    bot = make_bot(max_frame=4096)
    alice = server.add_person("Alice")
    with bot:
        server.wait_for_socket()
        began = time.monotonic()
        for count in range(2, 10):
            server.say(alice, "x" * 10_000)
            server.wait_for(lambda n=count: server.connections_made >= n, 10, "one more")
            server.wait_for_socket()

        assert time.monotonic() - began < 5.0


def test_a_handler_that_sleeps_for_ever(server: FakeSignal, make_bot: MakeBot) -> None:
    bot = make_bot()
    for_ever = threading.Event()

    @bot.command("hang")
    def hang(ctx: Any) -> None:
        for_ever.wait(60)

    @bot.command("ping")
    def ping(ctx: Any) -> str:
        return "pong"

    alice, bob = server.add_person("Alice"), server.add_person("Bob")
    bot.start()
    server.say(alice, "/hang")
    server.say(bob, "/ping")
    server.wait_for_sent()
    began = time.monotonic()
    report = bot.stop(grace=0.5)

    assert time.monotonic() - began < 5
    (abandoned,) = report.abandoned
    assert "hang" in abandoned.stack
    assert report.kept == 1
    assert alice.uuid not in str(report)
    for_ever.set()


def test_a_stuck_handler_frees_its_chat(server: FakeSignal, make_bot: MakeBot) -> None:
    bot = make_bot(handler_timeout=0.3, workers=1)
    for_ever = threading.Event()
    raised: list[type[BaseException]] = []
    ended = threading.Event()

    @bot.command("hang")
    def hang(ctx: Any) -> None:
        for_ever.wait(60)
        try:
            ctx.send("too late")
        except HandlerTimeout as error:
            raised.append(type(error))
        ended.set()

    @bot.command("ping")
    def ping(ctx: Any) -> str:
        return "pong"

    alice = server.add_person("Alice")
    with bot:
        server.say(alice, "/hang")
        server.say(alice, "/ping")
        server.wait_for_sent(timeout=10)
        (letter,) = eventually(bot.dead_letters.list)
        for_ever.set()
        assert ended.wait(5)

    assert letter.reason == "stuck"
    assert "hang" in letter.traceback
    assert raised == [HandlerTimeout]
    assert [sent.text for sent in server.sent] == ["pong"]


def test_stop_from_inside_a_handler(server: FakeSignal, make_bot: MakeBot) -> None:
    bot = make_bot()

    @bot.command("stop")
    def stop(ctx: Any) -> str:
        ctx.stop()
        return "bye"

    alice = server.add_person("Alice")
    bot.start()
    server.say(alice, "/stop")
    assert bot.join(10)

    assert server.sent[-1].text == "bye"
    assert bot.state == "stopped"


def test_one_owner_for_each_account(server: FakeSignal, make_bot: MakeBot) -> None:
    first, second = make_bot(), make_bot()
    first.start()

    with pytest.raises(AlreadyRunning) as caught:
        second.start()

    assert caught.value.pid == os.getpid()
    first.stop()
    second.start()
    assert second.state == "running"


def test_a_standby_takes_over(server: FakeSignal, make_bot: MakeBot) -> None:
    owner, standby = make_bot(), make_bot(on_conflict="standby")
    owner.start()
    standby.start()
    assert standby.state == "standby"
    assert standby.send("+4915199999999", "from the standby").ok

    owner.stop()
    eventually(lambda: standby.state == "running")
    server.wait_for_socket(10)


def test_a_blocking_call_on_the_loop_raises_instead_of_hanging(
    server: FakeSignal, make_bot: MakeBot
) -> None:
    bot = make_bot(retry=None)
    caught: list[str] = []
    done = threading.Event()

    @bot.command("async")
    async def wrong(ctx: Any) -> None:
        try:
            ctx.send("blocking")
        except SignalBotError as error:
            caught.append(str(error))
        done.set()

    with bot:
        server.say(server.add_person("Alice"), "/async")
        assert done.wait(5)

    assert "event loop" in caught[0]


def run_script(body: str, *, python: str = sys.executable, timeout: float = 20,
               **variables: str) -> subprocess.CompletedProcess[str]:  # fmt: skip
    return subprocess.run(
        [python, "-c", textwrap.dedent(body)],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def environment(server: FakeSignal, tmp_path: Path) -> dict[str, str]:
    return {
        "SIGNAL_PHONE_NUMBER": server.number,
        "SIGNAL_SERVICE": server.url,
        "SIGNAL_STATE_DIR": str(tmp_path / "state"),
    }


def test_a_script_that_never_stops_the_bot_ends(server: FakeSignal, tmp_path: Path) -> None:
    result = run_script(
        """
        from signalbot import SignalBot
        bot = SignalBot()
        bot.start()
        print("started", flush=True)
        """,
        **environment(server, tmp_path),
    )

    assert result.returncode == 0, result.stderr
    assert result.stdout == "started\n"
    assert result.stderr == ""


RUN = """
    import time
    from signalbot import SignalBot
    bot = SignalBot(grace=3)
    @bot.command("slow")
    def slow(ctx):
        print("begun", flush=True)
        time.sleep(ctx.event.timestamp and 0.5)
        return "done"
    @bot.command("hang")
    def hang(ctx):
        print("begun", flush=True)
        time.sleep(60)
    bot.run()
    print("returned", flush=True)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_drains_and_exits_0(server: FakeSignal, tmp_path: Path, number: int) -> None:
    alice = server.add_person("Alice")
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(RUN)],
        env={**os.environ, **environment(server, tmp_path)},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        server.wait_for_socket(15)
        server.say(alice, "/slow")
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        process.send_signal(number)
        out, _ = process.communicate(timeout=15)
    finally:
        process.kill()

    assert process.returncode == 0
    assert out == "returned\n"
    assert [sent.text for sent in server.sent] == ["done"]


def test_a_second_signal_ends_at_once(server: FakeSignal, tmp_path: Path) -> None:
    alice = server.add_person("Alice")
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(RUN).replace("grace=3", "grace=30")],
        env={**os.environ, **environment(server, tmp_path)},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        server.wait_for_socket(15)
        server.say(alice, "/hang")
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        process.send_signal(signal.SIGTERM)
        threading.Event().wait(0.5)  # two signals in the same instant are one to the kernel
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=10)
    finally:
        process.kill()

    assert process.returncode == 143


def test_a_forked_child_of_a_started_bot_has_a_clear_state(
    server: FakeSignal, tmp_path: Path
) -> None:
    result = run_script(
        """
        import os, sys
        from signalbot import SignalBot, ForkedProcessError
        bot = SignalBot()
        bot.start()
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                bot.send("+4915199999999", "x")
            except ForkedProcessError as error:
                code = 0 if bot.state == "forked" and str(os.getppid()) in str(error) else 2
            bot.stop()
            os._exit(code)
        _, status = os.waitpid(pid, 0)
        assert bot.send("+4915199999999", "from the parent").ok
        bot.stop()
        sys.exit(os.waitstatus_to_exitcode(status))
        """,
        **environment(server, tmp_path),
    )

    assert result.returncode == 0, result.stderr
    assert [sent.text for sent in server.sent] == ["from the parent"]


def test_run_raises_what_cannot_mend_itself(server: FakeSignal, tmp_path: Path) -> None:
    result = run_script(
        """
        from signalbot import SignalBot
        from signalbot.errors import NotRegistered
        try:
            SignalBot(phone_number="+4915100000000").run()
        except NotRegistered:
            print("not registered")
        """,
        **environment(server, tmp_path),
    )

    assert result.stdout == "not registered\n", result.stderr


def test_errors_show_no_credentials(server: FakeSignal, tmp_path: Path) -> None:
    server.stop_listening()
    address = server.url.replace("http://", "http://user:sesame@")
    bot = SignalBot(server.number, address, state_dir=tmp_path)

    with pytest.raises(ApiError) as caught:
        bot.start(timeout=0.3)

    assert "sesame" not in str(caught.value) + repr(bot) + repr(bot.settings)
