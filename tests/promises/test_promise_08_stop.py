"""Stop is exact, in whatever phase it comes, and nothing that is stuck can hold it."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from signalbot import AlreadyRunning, BotStopping, RetryPolicy, SignalBot, SignalBotError
from signalbot.testing import FakeSignal
from tests.bot.conftest import eventually

MakeBot = Callable[..., SignalBot]

PROMPT = 3.0
"""Seconds: far less than any of the timeouts that stopping must not wait for."""


def timed_stop(bot: SignalBot, grace: float = 1.0) -> tuple[float, Any]:
    began = time.monotonic()
    report = bot.stop(grace=grace)
    seconds = time.monotonic() - began
    print(f"stopped in {seconds:.2f} s: {report}")
    return seconds, report


@pytest.fixture
def silent() -> Iterator[tuple[str, threading.Event]]:
    """A port that accepts and never says a word, and an event: somebody has connected."""
    connected = threading.Event()
    open_ones: list[socket.socket] = []
    listening = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        while True:
            try:
                open_ones.append(listening.accept()[0])
            except OSError:
                return
            connected.set()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    yield f"127.0.0.1:{listening.getsockname()[1]}", connected
    listening.shutdown(socket.SHUT_RDWR)
    listening.close()
    for one in open_ones:
        one.close()
    thread.join(5)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_while_the_first_request_is_not_answered(
    silent: tuple[str, threading.Event], tmp_path: Path, scheme: str
) -> None:
    """Over https it is the TLS handshake that is never answered."""
    address, connected = silent
    bot = SignalBot("+4915112345678", f"{scheme}://{address}", state_dir=tmp_path)
    bot.start(timeout=None)
    assert connected.wait(10)

    seconds, _ = timed_stop(bot)

    assert seconds < PROMPT
    assert bot.state == "stopped"


def test_while_nobody_accepts(tmp_path: Path) -> None:
    """A full backlog: SYN after SYN goes unanswered."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        port = listening.getsockname()[1]
        fillers = []
        for _ in range(4):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))
            fillers.append(filler)
        bot = SignalBot("+4915112345678", f"127.0.0.1:{port}", state_dir=tmp_path)
        bot.start(timeout=None)
        seconds, _ = timed_stop(bot)
        for filler in fillers:
            filler.close()

    assert seconds < PROMPT


def test_while_another_thread_waits_in_start(
    silent: tuple[str, threading.Event], tmp_path: Path
) -> None:
    address, connected = silent
    bot = SignalBot("+4915112345678", address, state_dir=tmp_path)
    raised: list[BaseException] = []

    def start() -> None:
        try:
            bot.start(timeout=60)
        except SignalBotError as error:
            raised.append(error)

    starting = threading.Thread(target=start)
    starting.start()
    assert connected.wait(10)

    seconds, _ = timed_stop(bot)
    starting.join(5)

    assert seconds < PROMPT
    assert "stopped before" in str(raised[0])
    assert bot.state == "stopped"


def test_between_two_attempts_to_connect(server: FakeSignal, make_bot: MakeBot) -> None:
    server.stop_listening()
    bot = make_bot()
    bot.start(timeout=None)
    eventually(lambda: bot.stats()["last_error"])

    seconds, _ = timed_stop(bot)

    assert seconds < PROMPT


def test_during_a_poll_whose_message_is_not_lost(tmp_path: Path) -> None:
    with FakeSignal(mode="normal") as server:
        alice = server.add_person("Alice")
        seen: list[str] = []
        bot = SignalBot(server.number, server.url, state_dir=tmp_path)

        @bot.on_message
        def note(ctx: Any) -> None:
            seen.append(ctx.text)

        bot.start()
        server.wait_for_request("GET", "/v1/receive")
        seconds, _ = timed_stop(bot)
        server.say(alice, "while it was stopped")
        with bot:
            eventually(lambda: seen)

    assert seconds < PROMPT
    assert seen == ["while it was stopped"]


def test_during_the_wait_for_a_retry(server: FakeSignal, make_bot: MakeBot) -> None:
    bot = make_bot(retry=RetryPolicy(delay=60, max_delay=60, jitter=False))
    attempts: list[tuple[int, bool]] = []

    @bot.on_message
    def fail(ctx: Any) -> None:
        attempts.append((ctx.attempt, ctx.redelivered))
        if len(attempts) == 1:
            raise RuntimeError

    alice = server.add_person("Alice")
    with bot:
        server.say(alice, "x")
        eventually(lambda: bot.stats()["inbox"]["parked"] == 1)
        seconds, report = timed_stop(bot)
        assert report.kept == 1
        bot.start()
        eventually(lambda: len(attempts) == 2)

    assert seconds < PROMPT
    assert attempts == [(1, False), (2, True)]


def test_during_a_send_that_is_never_answered(server: FakeSignal, make_bot: MakeBot) -> None:
    bot = make_bot()

    @bot.on_message
    def answer(ctx: Any) -> str:
        return "x"

    server.hang("/v2/send")
    bot.start()
    server.say(server.add_person("Alice"), "x")
    eventually(lambda: server.hanging)

    seconds, report = timed_stop(bot, grace=0.5)

    assert seconds < PROMPT
    assert len(report.abandoned) == 1
    assert "answer" in report.abandoned[0].stack or "send" in report.abandoned[0].stack
    assert report.kept == 1


def test_from_a_handler_and_from_many_threads_at_once(
    server: FakeSignal, make_bot: MakeBot
) -> None:
    bot = make_bot()
    reports: list[Any] = []

    @bot.on_message
    def stop(ctx: Any) -> str:
        reports.append(ctx.bot.stop())  # waiting for oneself would never end
        return "bye"

    bot.start()
    server.say(server.add_person("Alice"), "x")
    server.wait_for_sent()
    threads = [threading.Thread(target=lambda: reports.append(bot.stop())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)

    assert bot.join(10)
    assert len(reports) == 9
    assert bot.state == "stopped"


def test_everything_at_once(server: FakeSignal, make_bot: MakeBot) -> None:
    """Finished, kept, abandoned, parked: each is what the report says."""
    bot = make_bot(workers=4, handler_timeout=None)
    begun: set[str] = set()
    stopped: list[str] = []
    for_ever = threading.Event()

    @bot.on_message
    def handle(ctx: Any) -> None:
        begun.add(ctx.text)
        if ctx.text == "quick":
            eventually(lambda: bot.state == "draining")
        elif ctx.text == "hang":
            for_ever.wait(60)
        elif ctx.text == "ask":
            try:
                ctx.ask("what?")
            except BotStopping:
                stopped.append("ask")
                raise

    people = {name: server.add_person(name) for name in ("quick", "hang", "ask", "late")}
    bot.start()
    for name in ("quick", "hang", "ask"):
        server.say(people[name], name)
    eventually(lambda: len(begun) == 3 and bot.stats()["pool"]["parked"] == 1)
    server.say(people["hang"], "behind the hung one")
    eventually(lambda: bot.stats()["inbox"]["pending"] == 4)

    seconds, report = timed_stop(bot, grace=1.0)
    for_ever.set()

    assert seconds < PROMPT
    assert report.finished == 1
    assert report.kept == 3  # the hung one, the one behind it, the conversation
    assert len(report.abandoned) == 1
    assert stopped == ["ask"]
    assert "behind the hung one" not in begun


class SlowPolls(BaseHTTPRequestHandler):
    """A classic server whose signal-cli takes its time: it has the messages, and still runs."""

    protocol_version = "HTTP/1.1"
    answers: dict[str, bytes]
    took: threading.Event
    release: threading.Event

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        body = next((body for start, body in self.answers.items() if path.startswith(start)), b"[]")
        if path.startswith("/v1/receive"):
            if self.took.is_set():
                body = b"[]"
            else:
                self.took.set()
                self.release.wait(20)
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with contextlib.suppress(OSError):
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing: the test's output is for the test."""


@pytest.mark.parametrize("grace", [8.0, 0.0], ids=["within the grace", "after the end"])
def test_what_a_last_poll_brings_is_stored(
    server: FakeSignal, tmp_path: Path, grace: float
) -> None:
    """The server has acknowledged it to Signal: it is nowhere else."""
    frame = json.dumps(server.frame(server.add_person("Alice"), "precious"))
    handler: Any = type("Handler", (SlowPolls,), {})
    handler.took, handler.release = threading.Event(), threading.Event()
    handler.answers = {
        "/v1/about": b'{"versions": ["v1", "v2"], "mode": "normal", "version": "0.98"}',
        "/v1/accounts": json.dumps([server.number]).encode(),
        "/v1/receive": f"[{frame}]".encode(),
    }
    classic = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=classic.serve_forever, daemon=True).start()
    seen: list[str] = []
    bot = SignalBot(
        server.number, f"http://127.0.0.1:{classic.server_port}", state_dir=tmp_path, grace=grace
    )

    @bot.on_message
    def note(ctx: Any) -> None:
        seen.append(ctx.text)

    bot.start(timeout=None)
    assert handler.took.wait(10)
    if grace:
        threading.Timer(2.0, handler.release.set).start()
        report = bot.stop()
        assert report.kept == 1
    else:
        bot.stop()
        handler.release.set()
    with bot:
        eventually(lambda: seen)
    classic.shutdown()
    classic.server_close()

    assert seen == ["precious"]


def test_an_inbox_on_a_hung_disk_keeps_the_account_locked(
    server: FakeSignal, make_bot: MakeBot
) -> None:
    """What it writes when the disk answers again must not meet the work of another owner."""
    bot, other = make_bot(), make_bot()
    bot.start()
    inbox: Any = bot.engine.parts.inbox  # type: ignore[union-attr]  # it was started
    with inbox.lock:  # is held whenever SQLite runs
        server.say(server.add_person("Alice"), "x")
        eventually(lambda: bot.stats()["last_frame_at"])
        seconds, _ = timed_stop(bot)
        with pytest.raises(AlreadyRunning):
            other.start()

    assert seconds < 1.0 + 3.0 + PROMPT
    eventually(lambda: not bot.owns_intake)
    other.start()
    assert other.state == "running"


def test_a_service_that_fails_to_stop_keeps_nothing_from_ending(
    server: FakeSignal, make_bot: MakeBot
) -> None:
    bot, other = make_bot(), make_bot()
    bot.start()
    # What it would find on a file system that turned read-only.
    door = bot.state_directory / "control.sock"
    door.unlink()
    door.mkdir()

    bot.stop()

    assert bot.state == "stopped"
    door.rmdir()
    other.start()
    assert other.state == "running"
