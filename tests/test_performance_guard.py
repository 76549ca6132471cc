"""What made it fast stays so, counted rather than timed: a busy machine changes none of it."""

from __future__ import annotations

import subprocess
import sys
import threading
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import anyio.from_thread
import anyio.to_thread
import pytest
import websocket

from signalbot import SignalBot
from signalbot.infrastructure.calls import Call
from signalbot.infrastructure.lean_http1 import RawAnswer
from signalbot.model import peek
from signalbot.model.delivery import Delivery
from signalbot.runtime.lanes import Lane, Run
from signalbot.testing import FakeSignal
from tests.infrastructure.inboxes import ACCOUNT, Collector, frame, open_inbox, state_of

ALICE = "a11ce000-0000-4000-8000-000000000001"
MESSAGES = 50
PATIENCE = 10.0


class OneThread:
    """A bot's way from a delivery to the wire, walked by the test's own thread."""

    def __init__(self, directory: Path, on_send: Callable[[], object] = lambda: None) -> None:
        self.bot = SignalBot(ACCOUNT, "http://127.0.0.1:9", state_dir=directory)

        @self.bot.command("echo")
        def echo(ctx: Any, number: str) -> str:
            return number

        app: Any = self.bot._app
        self._engine = app.build_engine(self.bot._lifecycle, lambda error: None)
        app.client.http._wire = self
        self._on_send = on_send
        self.sent = 0
        self.client = app.client

    def send(self, call: Call, deadline: float, max_answer: int) -> RawAnswer:
        """What the wire does, without one."""
        self.sent += 1
        self._on_send()
        headers = ((b"content-type", b"application/json"),)
        return RawAnswer(201, headers, b'[{"timestamp":"1769271479123"}]')

    def handle(self, text: str, count: int = MESSAGES) -> None:
        for number in range(count):
            raw = frame(number, ALICE, text=text)
            delivery = Delivery(number + 1, raw, 1.0, "websocket", peek(raw, ACCOUNT))
            self._engine.parts.pool._handle(delivery, Run(Lane(ALICE), delivery))


class Calls:
    """Counts the Python functions that a piece of code calls, by file."""

    def __init__(self) -> None:
        self.by_file: Counter[str] = Counter()

    @property
    def total(self) -> int:
        return self.by_file.total()

    def __enter__(self) -> Calls:
        sys.setprofile(self._note)
        return self

    def __exit__(self, *error: object) -> None:
        sys.setprofile(None)

    def _note(self, called: FrameType, event: str, _: object) -> None:
        if event == "call":
            self.by_file[called.f_code.co_filename] += 1


@pytest.fixture
def one_thread(tmp_path: Path) -> Iterator[OneThread]:
    made = OneThread(tmp_path)
    yield made
    made.client.close()


# The bounds leave a tenth of room. Whoever needs more has measured what it costs, and says so.
@pytest.mark.parametrize(
    ("text", "answers", "most"),
    [
        pytest.param("/echo 7", 1, 130, id="a command with an answer"),
        pytest.param("nothing for anybody", 0, 51, id="a message for nobody"),
    ],
)
def test_python_calls_for_a_message_are_bounded(
    one_thread: OneThread, text: str, answers: int, most: int
) -> None:
    one_thread.handle(text)  # caches are warm, imports done
    assert one_thread.sent == answers * MESSAGES

    with Calls() as calls:
        one_thread.handle(text)
    with Calls() as calls_of_the_test:
        for number in range(MESSAGES):
            raw = frame(number, ALICE, text=text)
            Delivery(number + 1, raw, 1.0, "websocket", peek(raw, ACCOUNT))

    assert (calls.total - calls_of_the_test.total) / MESSAGES <= most


def test_python_calls_for_a_look_at_a_frame_are_bounded() -> None:
    raws = [frame(number) for number in range(MESSAGES)]

    with Calls() as calls:
        for raw in raws:
            assert peek(raw, ACCOUNT).dedupe_key

    assert calls.total / MESSAGES <= 15


def test_memory_for_a_message_is_bounded(one_thread: OneThread) -> None:
    one_thread.handle("/echo 7", 600)  # caches are warm, and the metrics have been counted once
    tracemalloc.start()
    try:
        one_thread.handle("/echo 7", 1)
        before, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        one_thread.handle("/echo 7", 1)
        after, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    print(f"{peak - before} bytes at most at a time, {after - before} stay")
    assert peak - before <= 9_000
    assert after - before <= 2_000  # notes for the metrics, until somebody counts them


def test_no_event_loop_on_the_way_from_a_delivery_to_the_wire(one_thread: OneThread) -> None:
    with Calls() as calls:
        one_thread.handle("/echo 7")

    assert one_thread.sent == MESSAGES
    assert not [name for name in calls.by_file if "anyio" in name or "asyncio" in name]


def test_no_lock_is_held_during_a_request(tmp_path: Path) -> None:
    # Passes only if all are inside their request at the same time.
    together = threading.Barrier(4)
    bot = OneThread(tmp_path, lambda: together.wait(PATIENCE))
    failures: list[BaseException] = []

    def send() -> None:
        try:
            bot.client.messages.send("+4915199999999", "hello")
        except BaseException as error:  # noqa: BLE001 - shown by the test's own thread
            failures.append(error)

    threads = [threading.Thread(target=send) for _ in range(together.parties)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    bot.client.close()

    assert failures == []


def test_no_slow_way_between_threads_and_no_utf8_check_in_python(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    used: list[str] = []

    def noting(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def noted(*args: Any, **keywords: Any) -> Any:
            used.append(name)
            return function(*args, **keywords)

        return noted

    with FakeSignal() as server:
        alice = server.add_person("Alice", number="+4915199999999")
        bot = SignalBot(server.number, server.url, state_dir=tmp_path)
        bot.command("echo")(lambda ctx: ctx.text)
        with bot:
            for module, name in (
                (websocket._abnf, "validate_utf8"),
                (anyio.to_thread, "run_sync"),
                (anyio.from_thread, "run"),
                (anyio.from_thread, "run_sync"),
            ):
                monkeypatch.setattr(module, name, noting(name, getattr(module, name)))
            for number in range(20):
                server.say(alice, f"/echo {number} ü")
            server.wait_for_sent(20)
            threads = [each.name for each in threading.enumerate()]

    assert used == []
    workers = [name for name in threads if name.startswith("signalbot-worker")]
    others = [name for name in threads if name.startswith("signalbot-") and name not in workers]
    assert len(workers) <= bot.settings.workers
    assert len(others) <= 5  # reader, loop, inbox, control


def test_commits_for_1000_messages_are_bounded(tmp_path: Path) -> None:
    def handle(delivery: Delivery) -> None:
        inbox.begin(delivery)
        inbox.finish(delivery)

    with open_inbox(tmp_path, Collector(handle)) as inbox:
        before = inbox.stats().commits
        inbox.put_many([frame(number, f"chat {number % 100}") for number in range(1000)], 1.0, "")
        stats = state_of(inbox, lambda stats: stats.recorded == 1000 and not stats.pending)

    assert stats.commits - before <= 40


PLAIN_BOT = """
import sys
from signalbot import SignalBot

bot = SignalBot(sys.argv[1], sys.argv[2], state_dir=sys.argv[3])
bot.command("echo")(lambda ctx: ctx.text)
with bot:
    input()
unused = ("prometheus_client", "http.server", "httpx", "signalbot.infrastructure.webhook")
print([name for name in unused if name in sys.modules])
bot.metrics.text()
print("prometheus_client" in sys.modules)
"""


def test_a_bot_has_not_imported_what_nobody_has_asked_it_for(tmp_path: Path) -> None:
    """prometheus_client alone takes 3 MB, with the HTTP server that comes along."""
    with FakeSignal() as server:
        alice = server.add_person("Alice", number="+4915199999999")
        bot = subprocess.Popen(
            [sys.executable, "-c", PLAIN_BOT, server.number, server.url, str(tmp_path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            server.wait_for_socket(PATIENCE)
            server.say(alice, "/echo 1")
            server.wait_for_sent(1)
            told, _ = bot.communicate("\n", timeout=30)
        finally:
            bot.kill()

    assert told.splitlines() == ["[]", "True"]
