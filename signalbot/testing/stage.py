"""A bot on a stand-in server, with a watch on what it is doing."""

from __future__ import annotations

import contextlib
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from signalbot.errors import Retry, SignalBotError
from signalbot.model import peek
from signalbot.runtime.clock import Clock
from signalbot.runtime.states import AT_REST
from signalbot.runtime.watchdog import stack_of

from .clock import FakeClock, call_on
from .fake_signal import FakeSignal

if TYPE_CHECKING:
    from signalbot.bot import SignalBot
    from signalbot.runtime.engine import Parts
    from signalbot.runtime.seams import Sink

    from .real_server import RealServer

_GRACE = 2.0


class Stage:
    """Starts the bot on the server, and knows when it is done with a message.

    The bot is redirected for as long as it is here: wherever its settings point to, it talks to
    the stand-in, keeps its state in a temporary directory, opens no port and waits for no rate.
    Retries happen only if a clock is given, and then wait for it.

    Args:
        server: the stand-in; one of its own if left out.
        timeout: real seconds that the bot may take for one message.
    """

    def __init__(
        self,
        bot: SignalBot,
        server: FakeSignal | None = None,
        *,
        clock: FakeClock | None = None,
        timeout: float = 5.0,
    ) -> None:
        self.bot = bot
        self.clock = clock
        self.timeout = timeout
        # A real server is as slow as Signal, and cannot tell when the answers have arrived.
        self._catch_up: Callable[[], None] | None = getattr(server, "catch_up", None)
        self._owns_server = server is None
        now = time.time if clock is None else clock.time
        self.server = server or FakeSignal(number=bot.account, now=now)
        # Guards the two below: the reader and the workers add, the test takes.
        self._news = threading.Condition()
        self._arrived: dict[int, str] = {}  # timestamp of a frame: key of its chat
        self._uncaught: list[tuple[str, BaseException]] = []
        self._exit = ExitStack()
        self._is_started = False
        self._has_loose_ends = False  # something was said without waiting

    @classmethod
    def on_real_server(cls, bot: SignalBot, server: RealServer, clock: FakeClock | None) -> Stage:
        """The same on a real server, as far as that goes."""
        return cls(bot, cast("FakeSignal", server), clock=clock, timeout=30.0)

    @property
    def is_real(self) -> bool:
        """Whether there is a real server, on which nothing can be arranged."""
        return self._catch_up is not None

    # -- life ------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start server and bot, and return when the bot is connected; a second call does nothing.

        Raises:
            SignalBotError: the bot runs already."""
        if self._is_started:
            return
        if self.bot.state not in AT_REST:
            raise SignalBotError(
                f"The bot is {self.bot.state} already: the chat starts and stops it itself, so "
                "give it a bot that was made but not started."
            )
        with ExitStack() as undo:
            if self._owns_server:
                undo.enter_context(self.server)
            if self.bot.account not in self.server.state.accounts:
                self.server.add_account(self.bot.account)
            self.server.number = self.bot.account
            undo.enter_context(self.bot.reconfigured(**self._settings(undo)))
            self._take_seams()
            self.bot.start()
            undo.callback(self.bot.stop, _GRACE)
            if self.clock is not None:
                self.clock.accompany(self._step_of_time, self.raise_uncaught)
                undo.callback(self.clock.leave_alone, self._step_of_time, self.raise_uncaught)
            self._exit = undo.pop_all()
        self._is_started = True

    def stop(self) -> None:
        """Stop the bot, put its settings back, end the server if it is ours."""
        self._is_started = False
        self._exit.close()

    def finish(self) -> None:
        """Wait for handlers that nobody waited for, stop, and raise what nobody was told."""
        try:
            if self._has_loose_ends:
                self.settle()
        finally:
            self.stop()
        self.raise_uncaught()

    def _settings(self, undo: ExitStack) -> dict[str, Any]:
        own = self.bot.settings
        if self.is_real:
            return {}
        state_dir: str | Path = own.state_dir
        if own.signal_service != self.server.url:
            state_dir = undo.enter_context(_temporary_directory())
        return {
            "signal_service": self.server.url,
            "state_dir": state_dir,
            "receive_mode": "auto",
            "webhook_listen": None,
            "ops_listen": None,
            "rate_limit": None,
            "storage": "memory" if "://" in own.storage else own.storage,
        }

    def _take_seams(self) -> None:
        seams = self.bot.seams
        seams.clock = self.clock or Clock()
        seams.retries = self.clock is not None
        seams.intake = self._watch_intake
        seams.on_uncaught = self._note_uncaught

    # -- what the bot tells ----------------------------------------------------------------------

    def _watch_intake(self, sink: Sink) -> Sink:
        clock = self.clock

        def put(raw: bytes, received_at: float) -> None:
            sink(raw, clock.time() if clock is not None else received_at)
            frame = peek(raw)
            if frame.timestamp is not None:
                with self._news:
                    self._arrived[frame.timestamp] = frame.chat or ""
                    self._news.notify_all()

        return put

    def _note_uncaught(self, ctx: Any, error: BaseException, will_retry: bool) -> None:
        """A handler that asks for another try by ``Retry``, and gets it, has not failed."""
        if will_retry and isinstance(error, Retry):
            return
        chat = getattr(getattr(ctx, "event", None), "chat", None)  # a job has neither
        with self._news:
            self._uncaught.append((chat.key if chat is not None else "", error))

    # -- turns -----------------------------------------------------------------------------------

    def perform(self, send: Callable[[], int], *, wait: bool = True) -> None:
        """Send a frame; return when its chat is at rest, raise what its handlers raised.

        Args:
            send: sends it through the server, and returns its timestamp.

        Raises:
            TimeoutError: the bot is not done in time; the text says what still runs, and where.
            BaseException: the original error of a handler."""
        deadline = time.monotonic() + self.timeout
        self._wait_until_connected()
        timestamp = send()
        chat = self._wait_until_arrived(timestamp, deadline)
        self._has_loose_ends |= not wait
        if wait:
            self._wait_for_rest(lambda busy: chat not in busy, deadline)
            if self._catch_up is not None:
                self._catch_up()
            self.raise_uncaught(chat)

    def settle(self, timeout: float | None = None) -> None:
        """Wait until nothing runs in any chat, and raise what was raised meanwhile."""
        deadline = time.monotonic() + (self.timeout if timeout is None else timeout)
        self._has_loose_ends = False
        self._wait_for_rest(lambda busy: not busy, deadline)
        self.raise_uncaught()

    def raise_uncaught(self, chat: str | None = None) -> None:
        """Raise the first error of a chat (of any, without one) that nobody was told yet."""
        with self._news:
            mine = [each for each in self._uncaught if chat is None or each[0] == chat]
            if not mine:
                return
            self._uncaught.remove(mine[0])
        raise mine[0][1]

    @contextlib.contextmanager
    def _step_of_time(self) -> Iterator[None]:
        """Wait for what a moment of the clock sets off, but not for what ran before."""
        pool = self._parts.pool
        before = pool.rest.look(pool.busy)
        yield
        self._wait_for_rest(lambda busy: busy <= before, time.monotonic() + self.timeout)

    def _wait_until_connected(self) -> None:
        if not self._is_started:
            raise SignalBotError("Nothing is started yet: use the chat in a with block.")
        if not self.is_real and not self.server.world.options.is_classic:
            self.server.wait_for_socket(self.timeout, account=self.bot.account)

    def _wait_until_arrived(self, timestamp: int, deadline: float) -> str:
        with self._news:
            while timestamp not in self._arrived:
                if not self._news.wait(deadline - time.monotonic()):
                    raise TimeoutError(
                        f"The message did not reach the bot within {self.timeout:g} s. Is the "
                        "server told to lose frames, or the connection just being made again?"
                    )
            return self._arrived.pop(timestamp)

    def _wait_for_rest(self, is_fine: Callable[[set[Any]], bool], deadline: float) -> None:
        """Follow the frames through inbox, loop and pool, each of which keeps their order."""
        parts = self._parts
        pool = parts.pool
        while True:
            parts.inbox.dead_letter(0)  # answered after all frames before it went on
            call_on(parts.loop, _nothing)  # likewise
            if not pool.rest.wait(lambda: is_fine(pool.busy()), deadline):
                raise TimeoutError(self._why_not_done())
            if not parts.inbox.stats().spilled or time.monotonic() > deadline:
                return

    def _why_not_done(self) -> str:
        pool = self._parts.pool
        lines = [f"The bot is not done after {self.timeout:g} s."]
        for run in pool.running():
            age = run.age(time.monotonic())
            lines += [f"A handler has been at work for {age:.1f} s, and is here:", stack_of(run)]
        counts = pool.counts()
        lines.append(f"{counts['queued']} messages are queued, {counts['parked']} questions wait.")
        return "\n".join(lines)

    @property
    def _parts(self) -> Parts:
        engine = self.bot.engine
        if engine is None:
            raise SignalBotError("The bot was not started.")
        return engine.parts


def _temporary_directory() -> AbstractContextManager[str]:
    return tempfile.TemporaryDirectory(prefix="signalbot-test-", ignore_cleanup_errors=True)


def _nothing() -> None:
    """Called on the loop to know that everything before it was called."""
