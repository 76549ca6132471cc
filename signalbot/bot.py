"""SignalBot: registers handlers, starts, stops. It schedules nothing itself."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Any

from signalbot.errors import ForkedProcessError, SignalBotError
from signalbot.observability.logging import get_logger, shown_meanwhile
from signalbot.routing.limits import limit_of
from signalbot.runtime.engine import Engine, StopReport
from signalbot.runtime.foreground import Foreground, stop_at_exit, stop_earlier
from signalbot.runtime.interactive import is_interactive
from signalbot.runtime.outlook import Outlook
from signalbot.runtime.owner import watch_forks
from signalbot.runtime.states import AT_REST, Lifecycle, State, Turn
from signalbot.runtime.systemd import supervised

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from signalbot.app import Application
    from signalbot.infrastructure.api_service import SentMessage, SignalClient
    from signalbot.infrastructure.outgoing_options import SendOptions
    from signalbot.infrastructure.outgoing_recipients import Recipients
    from signalbot.runtime.seams import Seams
    from signalbot.services.dead_letters import DeadLetters
    from signalbot.settings import Settings

log = get_logger("signalbot.bot")


class SignalBot(Outlook):
    """A bot for one Signal account.

    ```python
    from signalbot import SignalBot

    bot = SignalBot(phone_number="+4915112345678", signal_service="http://127.0.0.1:8080")

    @bot.command("ping")
    def ping(ctx):
        return "pong"

    bot.run()
    ```

    Every setting is a keyword, a field of :class:`~signalbot.Settings`, and an environment
    variable. A ready-made ``settings=`` stands in for the environment; keywords count before it.
    Constructing connects to nothing and starts no thread.

    Raises:
        SettingsError: a setting is unknown or cannot work.
    """

    is_root = True

    def __init__(self, phone_number: str | None = None, signal_service: str | None = None,
                 *, settings: Settings | None = None, **keywords: Any) -> None:  # fmt: skip
        from signalbot.app import Application
        from signalbot.settings import load_settings, override

        if phone_number is not None:
            keywords["phone_number"] = phone_number
        if signal_service is not None:
            keywords["signal_service"] = signal_service
        if settings is None:
            settings = load_settings(**keywords)
        elif keywords:
            settings = override(settings, keywords)
        self.settings = settings
        super().__init__(
            deny_reply=self.settings.deny_reply,
            limit=limit_of(self.settings),
            limit_reply=self.settings.limit_reply,
            replace=is_interactive(),
        )
        self._lifecycle = Lifecycle()
        # Serialises start and stop; waiters for a state use the lifecycle's condition instead.
        self._turn = Turn(self._lifecycle)
        self._engine: Engine | None = None  # the present run, or the last one
        self._report = StopReport()
        self._failure: BaseException | None = None
        self._started_in = 0  # pid
        self._foreground = Foreground()
        self._app: Application = Application(self, self.settings)

    def __repr__(self) -> str:
        return f"<SignalBot {self.settings.phone_number} {self.state}>"

    # -- state -------------------------------------------------------------------------------

    @property
    def state(self) -> State:
        """Where the bot is in its life; compares equal to its name, e.g. ``"running"``."""
        return self._lifecycle.state

    @property
    def engine(self) -> Engine | None:
        """The present run, or the last one; None before the first start."""
        return self._engine

    @property
    def owns_intake(self) -> bool:
        """Whether this process receives for the account now."""
        return self._engine is not None and self._engine.parts.lock.held

    @property
    def connected(self) -> bool:
        """Whether frames can arrive now."""
        engine = self._engine
        listener = engine.parts.listener if engine is not None else None
        return listener is not None and self.state == State.RUNNING and listener.connected.is_set()

    # -- starting and stopping ---------------------------------------------------------------

    def start(self, timeout: float | None = 30.0, *, replace: bool = False) -> bool:
        """Begin to receive; returns when connected. False if the bot was running already.

        Args:
            timeout: seconds to wait for the first connection; None does not wait for it.
            replace: stop the bot that this process runs for the account already, as after the
                cell that makes it has run again.

        Raises:
            AlreadyRunning: another process receives for this account.
            SettingsError, NotRegistered, ApiError, StorageError: why it cannot receive."""
        if self._engine is not None:
            self._engine.refuse_on_own_threads("bot.start()")
        if replace:
            stop_earlier(self)
        watch_forks(self._turn)
        with self._turn:
            is_ours = self._started_in == os.getpid()
            if self.state in (State.RUNNING, State.STANDBY) and is_ours:
                return False
            if self._engine is not None and self.state == State.FAILED and is_ours:
                self._engine.stop(self.settings.grace)  # unless it has been cleared up by now
            self._lifecycle.move(State.STARTING)
            self._started_in, self._failure = os.getpid(), None
            try:
                self._engine = self._app.build_engine(self._lifecycle, self._failed)
                self._engine.start(timeout)
            except BaseException:
                self._lifecycle.move(State.FAILED)
                raise
            stop_at_exit(self)
            return True

    def stop(self, grace: float | None = None) -> StopReport:
        """End in order; what is not handled stays in the inbox for the next start.

        Args:
            grace: seconds for the running handlers; the setting ``grace`` if left out.

        Called from one of the bot's own handlers it only asks for the stop and returns at once:
        waiting for that handler to end would never end."""
        if self.state in AT_REST - {State.FAILED, State.FORKED}:
            return self._report
        if self.state == State.FORKED or self._started_in != os.getpid():
            return StopReport()
        engine = self._engine
        if engine is not None:
            engine.refuse_on_own_threads("bot.stop()")
            if engine.is_worker():
                self.request_stop()
                return StopReport()
            if self.state == State.STARTING:
                engine.interrupt()  # it holds the turn until it is connected, or gives up
        with self._turn:
            engine = self._engine  # a start that held the turn has made a new one
            if engine is None or not self._lifecycle.move(State.DRAINING):
                return self._report
            self._report = engine.stop(self.settings.grace if grace is None else grace)
            self._app.subscriptions.end()
            self._lifecycle.move(State.STOPPED)
            self._foreground.wake()
            return self._report

    def request_stop(self) -> None:
        """Have the bot stopped by another thread; returns at once. For handlers and callbacks."""
        if not self._foreground.wake():
            threading.Thread(target=self.stop, name="signalbot-stop", daemon=True).start()

    def join(self, timeout: float | None = None) -> bool:
        """Wait until the bot has stopped; False if the seconds ran out first.

        Raises:
            SignalBotError: what made the bot fail, if it did."""
        stopped = self._lifecycle.wait_for(AT_REST, timeout)
        if stopped and self.state == State.FAILED and self._failure is not None:
            raise self._failure
        return stopped

    def run(self) -> None:
        """Receive until Ctrl-C, SIGTERM or ``stop``; then drain and return.

        A server that is not there yet is waited for; what can't mend itself (a wrong number, no
        permission) is raised. A second signal ends the process at once, with 130 or 143.

        If the program has set up no logging, warnings and errors go to standard error meanwhile,
        and with ``log_level`` what else there is."""
        with self._foreground.entered(), shown_meanwhile(self.settings.log_level):
            self.start(timeout=None)
            with supervised(self, self._lifecycle):
                self._foreground.wait(self.stop, is_over=lambda: self.state == State.STOPPED)
        if self._failure is not None:
            raise self._failure

    def __enter__(self) -> SignalBot:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:  # fmt: skip
        self.stop()

    def _failed(self, error: BaseException) -> None:
        """From the engine: something that cannot mend itself happened while running."""
        self._failure = error
        log.error("bot.failed", error_type=type(error).__name__, detail=str(error))
        if self._foreground.wake():
            return
        is_starting = self.state == State.STARTING
        self._lifecycle.move(State.FAILED)
        if is_starting:
            return  # whoever starts it clears up, and raises the error
        with contextlib.suppress(RuntimeError):  # no more threads: then the next start clears up
            threading.Thread(
                target=self._clear_up, args=(self._engine,), name="signalbot-stop", daemon=True
            ).start()

    def _clear_up(self, engine: Engine | None) -> None:
        """What has failed must not keep the account from others, nor from the next start."""
        with self._turn:
            if engine is not None and engine is self._engine:
                self._report = engine.stop(self.settings.grace)
                self._app.subscriptions.end()

    # -- sending -----------------------------------------------------------------------------

    @property
    def client(self) -> SignalClient:
        """The whole server API; works whether the bot is started or not."""
        return self._app.client

    def send(
        self, to: Recipients, text: str | None = None, **options: Unpack[SendOptions]
    ) -> SentMessage:
        """Send a message, from any thread, also while the bot is not started.

        Args:
            to: number, uuid, username, group id, User, Group, Chat, or a list of them.
            text: the text; may be left out with an attachment or sticker.
            options: ``attachments quote mentions styled view_once link_preview sticker edit
                expires_in notify_self raise_on_partial on_progress split``.

        Raises:
            ApiError: the server could not be reached, or said no.
            ForkedProcessError: this process inherited a started bot through fork()."""
        return self._app.messages.send(to, text, **options)

    def guard(self) -> None:
        """Raise where a blocking call would hang or corrupt: forked child, event loop."""
        if self._lifecycle.state is State.FORKED:
            raise ForkedProcessError(
                f"The bot was started in process {self._started_in}, and this is its forked child "
                f"{os.getpid()}. Call bot.start() after the fork (gunicorn: post_worker_init)."
            )
        engine = self._engine
        if engine is not None and engine.is_on_loop() and self._started_in == os.getpid():
            engine.refuse_on_own_threads("Sending")

    @property
    def webhook_app(self) -> Any:
        """A WSGI app for the server's RECEIVE_WEBHOOK_URL: stores, answers 200, nothing else.

        It works in any process that has the same state directory, and while the bot is stopped:
        what it stores is handled by the process that owns the intake."""
        return self._app.webhook_app

    # -- what is around ----------------------------------------------------------------------

    @property
    def dead_letters(self) -> DeadLetters:
        """Events that were given up: list, look, replay, purge."""
        return self._app.dead_letters

    @cached_property
    def storage(self) -> Any:
        """JSON values under string keys, kept across restarts."""
        return self._app.make_storage()

    @property
    def hooks(self) -> Any:
        """Functions around every handler, in its thread; see :class:`Hooks`."""
        return self._app.hooks

    @property
    def seams(self) -> Seams:
        """Where a test kit gets hold of the bot: its clock, its intake, its errors."""
        return self._app.seams

    @contextlib.contextmanager
    def reconfigured(self, **keywords: Any) -> Iterator[SignalBot]:
        """Have other settings for the length of a block, e.g. a stand-in for the server.

        Handlers and hooks stay; client, storage, dead letters and seams are the block's own.

        Raises:
            SettingsError: a setting is unknown or cannot work.
            SignalBotError: the bot is not at rest, here or when the block ends."""
        from signalbot.app import Application
        from signalbot.settings import override

        self._require_rest()
        kept = {name: self.__dict__.get(name) for name in ("settings", "_app", "storage")}
        self.settings = override(self.settings, keywords)
        self._app = Application(self, self.settings, hooks=self._app.hooks)
        self.__dict__.pop("storage", None)
        try:
            yield self
            self._require_rest()
        finally:
            self._app.close()
            self.__dict__.pop("storage", None)
            self.__dict__.update((name, value) for name, value in kept.items() if value is not None)

    def _require_rest(self) -> None:
        if self.state not in AT_REST:
            raise SignalBotError(f"Settings change while a bot is at rest; it is {self.state}.")

    def feed(self, raw: str | bytes, *, source: str = "feed", timeout: float = 10.0) -> bool:
        """Take a frame that came another way; returns after the commit, False for a duplicate.

        Raises:
            InboxFull, StorageError: it was not stored."""
        return self._app.feeding.feed(raw, source, timeout)
