"""The composition root: the only file that names concrete classes, and joins them."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from signalbot.context import Context, HandlerServices
from signalbot.errors import NotRegistered, SettingsError
from signalbot.infrastructure.api_service import SignalClient
from signalbot.infrastructure.endpoint import Endpoint
from signalbot.infrastructure.handoff import Handoff
from signalbot.infrastructure.http import Family, HttpApi
from signalbot.infrastructure.inbox import DiskInbox
from signalbot.infrastructure.intake_errors import FrameTooLarge, mends_itself
from signalbot.infrastructure.polling_client import PollingClient
from signalbot.infrastructure.state_directory import account_directory, prepare_directory
from signalbot.infrastructure.storage.inbox_base import Failure
from signalbot.infrastructure.websocket_client import WebsocketClient
from signalbot.model import Message, User, peek
from signalbot.model.delivery import Delivery
from signalbot.observability.logging import get_logger, label
from signalbot.observability.metrics import Metrics
from signalbot.routing.table import RoutingSettings, RoutingTable
from signalbot.runtime.conversations import Conversations
from signalbot.runtime.dispatcher import Dispatcher
from signalbot.runtime.engine import Engine, Parts
from signalbot.runtime.feeder import Feeder
from signalbot.runtime.lanes import Run
from signalbot.runtime.listener import FrameSource, Listener
from signalbot.runtime.loop import LoopThread
from signalbot.runtime.owner import OwnerLock
from signalbot.runtime.processor import Hooks, Processor
from signalbot.runtime.states import Lifecycle
from signalbot.runtime.subscriptions import Subscriptions
from signalbot.runtime.watchdog import Watchdog
from signalbot.runtime.worker_pool import WorkerPool
from signalbot.services.dead_letters import DeadLetters
from signalbot.services.messages import Messages
from signalbot.services.server_check import way_to_receive

if TYPE_CHECKING:
    from signalbot.bot import SignalBot
    from signalbot.settings import Settings

log = get_logger("signalbot.app")


class Application:
    """Everything of one bot: what lives as long as it does, and what is built for each run."""

    def __init__(self, bot: SignalBot, settings: Settings) -> None:
        if not settings.phone_number:
            raise SettingsError(
                "phone_number is missing: SignalBot(phone_number='+49…'), or SIGNAL_PHONE_NUMBER."
            )
        self._bot = bot
        self._settings = settings
        headers = {name: value.get_secret_value() for name, value in settings.headers.items()}
        self.endpoint = Endpoint.parse(
            settings.signal_service, auth=settings.auth, headers=headers, verify=settings.verify
        )
        self.directory = account_directory(
            settings.state_dir, self.endpoint.key, settings.phone_number
        )
        self.hooks = Hooks()
        self.me = User(number=settings.phone_number)
        self.messages = Messages(lambda: self.client, bot.guard)
        self.subscriptions = Subscriptions()
        self._inbox: DiskInbox | None = None  # of the present run, else None

    @cached_property
    def metrics(self) -> Metrics:
        metrics = Metrics()
        metrics.add_gauges(self._gauges)
        return metrics

    @cached_property
    def client(self) -> SignalClient:
        """One client for the bot's whole life: send-only programs use it too."""
        settings = self._settings
        http = HttpApi(
            self.endpoint,
            request_timeout=settings.request_timeout,
            send_timeout=settings.send_timeout,
            max_concurrency=settings.max_concurrency,
            rate_limit=settings.rate_limit,
            observer=self._observe_request,
            on_breaker=self._observe_breaker,
        )
        return SignalClient(
            settings.phone_number,
            http=http,
            request_timeout=settings.request_timeout,
            send_timeout=settings.send_timeout,
        )

    @cached_property
    def dead_letters(self) -> DeadLetters:
        return DeadLetters(self.directory, lambda: self._inbox)

    def make_storage(self) -> Any:
        from signalbot.services.storage import open_storage

        prepare_directory(self.directory)
        return open_storage(self._settings.storage, self.directory)

    # -- one run -----------------------------------------------------------------------------

    def build_engine(
        self, lifecycle: Lifecycle, on_failed: Callable[[BaseException], None]
    ) -> Engine:
        """Build everything that a start needs; nothing of it has begun yet."""
        settings = self._settings
        prepare_directory(self.directory)
        tables = _Tables(self._bot, settings)
        tables()  # what is wrong with the handlers is said before anything starts
        loop = LoopThread(on_failed)
        inbox = DiskInbox(
            self.directory,
            peek=partial(peek, account=settings.phone_number),
            durability=settings.durability,
            max_queued=settings.max_queued,
            max_bytes=settings.max_inbox,
            min_free_bytes=settings.min_free_disk,
            overflow=settings.overflow,
            wanted=lambda peeked: (
                bool(self.subscriptions) or tables().wanted(peeked.kind, peeked.is_own)
            ),
            on_event=lambda name, **facts: self.metrics.inbox_events(name).inc(),
        )
        self._inbox = inbox
        dispatcher = Dispatcher(tables, loop.run, on_event=self.subscriptions.offer)
        processor = Processor(
            inbox,
            dispatcher.dispatch,
            lambda event, delivery, run: Context(event, services, delivery=delivery, run=run),
            account=settings.phone_number,
            retry=settings.retry,
            hooks=self.hooks,
            metrics=self.metrics,
            on_error=dispatcher.settle_error,
        )
        pool = WorkerPool(
            processor,
            workers=settings.workers,
            max_parked=settings.max_parked,
            call_later=loop.call_later,
            on_thread_exit=self._thread_exits,
            on_error=on_failed,
        )
        conversations = Conversations(
            pool,
            inbox,
            account=settings.phone_number,
            is_command=lambda text, direct: tables().is_command(text, direct),
            before_park=self._before_park,
            observe=lambda event, delivery: dispatcher.observe(
                Context(event, services, delivery=delivery)
            ),
        )
        services = HandlerServices(
            bot=self._bot,
            messages=self.messages,
            client=lambda: self.client,
            is_me=self.is_me,
            request_stop=self._bot.request_stop,
            ask=partial(self._ask, conversations),
            reader=lambda kind, ctx: tables().answer_reader(kind, ctx),
            state_of=self._state_of,
        )
        watchdog = Watchdog(
            loop,
            pool,
            handler_timeout=settings.handler_timeout,
            on_expired=_log_expired,
            on_stuck=partial(self._give_up_on, inbox),
        )
        feeder = Feeder(loop, pool.offer_all, on_work=watchdog.arm)
        listener = None
        if settings.receive_mode not in ("webhook", "none"):
            listener = Listener(
                loop,
                _Connector(self).connect,
                partial(self._received, inbox),
                is_final=_is_final,
                on_change=partial(self._connection_changed, on_failed),
            )
        parts = Parts(
            lock=OwnerLock(self.directory),
            inbox=inbox,
            loop=loop,
            pool=pool,
            feeder=feeder,
            listener=listener,
            services=(),
            durable=settings.durability != "off",
        )
        return Engine(
            parts, lifecycle, standby=settings.on_conflict == "standby", on_failed=on_failed
        )

    def feed(self, raw: str | bytes, source: str, timeout: float) -> bool:
        """Store a frame; in a process that does not own the inbox, hand it to the owner's."""
        data = raw.encode("utf-8", "surrogatepass") if isinstance(raw, str) else raw
        engine = self._bot.engine
        if engine is not None and engine.parts.lock.held and self._inbox is not None:
            return self._inbox.feed(data, source, timeout)
        prepare_directory(self.directory)
        with Handoff(self.directory) as handoff:
            handoff.put_frame(data, received_at=time.time(), source=source)
        return True

    def is_me(self, user: User) -> bool:
        """Whether that is the account itself, by number or by the uuid that frames told."""
        return self.me.matches(user)

    def stats(self, engine: Engine | None) -> dict[str, Any]:
        """Numbers of this moment."""
        numbers: dict[str, Any] = {"state": str(self._bot.state), "connected": self._bot.connected}
        if engine is not None:
            numbers["pool"] = engine.parts.pool.counts()
            stats = engine.parts.inbox.stats()
            numbers["inbox"] = {name: getattr(stats, name) for name in stats.__slots__}
            listener = engine.parts.listener
            numbers["connections"] = listener.connections if listener is not None else 0
        return numbers

    # -- what the parts report -----------------------------------------------------------------

    def _ask(
        self,
        conversations: Conversations,
        ctx: Context,
        run: Run,
        question: str,
        from_ids: frozenset[str] | None,
        timeout: float | None,
        options: dict[str, Any],
    ) -> Message:
        def send() -> int:
            return ctx.send(question, **options).timestamp

        return conversations.ask(run, send=send, from_ids=from_ids, timeout=timeout)

    def _state_of(self, owner: str) -> Any:
        return self._bot.storage.namespace(owner)

    def _received(self, inbox: DiskInbox, raw: bytes, received_at: float) -> None:
        inbox.put(raw, received_at, "websocket")

    def _connection_changed(
        self,
        on_failed: Callable[[BaseException], None],
        connected: bool,
        error: BaseException | None,
    ) -> None:
        self.metrics.connected.set(1 if connected else 0)
        if connected:
            self.metrics.connections.inc()
            log.info("intake.connected")
            return
        fields = {"size": error.size} if isinstance(error, FrameTooLarge) else {}
        log.warning("intake.disconnected", detail=str(error or "closed by the server"), **fields)
        if isinstance(error, FrameTooLarge):
            self.metrics.inbox_events("oversize").inc()
        if error is not None and _is_final(error):
            on_failed(error)

    def _give_up_on(self, inbox: DiskInbox, run: Run, stack: str) -> None:
        delivery: Delivery = run.job
        self.metrics.stuck.inc()
        log.error("handler.stuck", chat=label(delivery.peek.chat), stack=stack)
        inbox.fail(
            delivery,
            Failure(
                reason="stuck",
                error_type="HandlerTimeout",
                error="The handler did not end after its deadline; its chat went on without it.",
                traceback=stack[-8000:],
            ),
        )

    def _before_park(self) -> None:
        for hook in self.hooks.before_park:
            hook()

    def _thread_exits(self) -> None:
        for hook in self.hooks.thread_exit:
            hook()

    def _observe_request(self, family: Family, outcome: int | str, seconds: float) -> None:
        self.metrics.observe_request(family.value, str(outcome), seconds)

    def _observe_breaker(self, family: Family, old: str, new: str) -> None:
        value = {"open": 1.0, "half-open": 0.5}.get(new, 0.0)
        self.metrics.breaker_open(family.value).set(value)
        log.warning("breaker.changed", family=family.value, state=new)

    def _gauges(self) -> dict[str, float]:
        engine = self._bot.engine
        if engine is None:
            return {}
        stats = engine.parts.inbox.stats()
        counts = engine.parts.pool.counts()
        return {
            "inbox_pending": stats.pending,
            "inbox_spilled": stats.spilled,
            "inbox_bytes": stats.bytes,
            "inbox_durable": 1.0 if stats.durable else 0.0,
            "dead_letters": stats.dead_letters,
            "queue_depth": counts["queued"],
            "handlers_running": counts["running"],
            "conversations_parked": counts["parked"],
        }


class _Tables:
    """The routing table, made anew when a handler was registered since."""

    def __init__(self, bot: SignalBot, settings: Settings) -> None:
        self._bot = bot
        self._settings = RoutingSettings(
            prefixes=settings.command_prefixes,
            bare_in_direct=settings.bare_commands_in_direct_chats,
            own_messages=settings.own_messages,
            admins=settings.admins,
            allow=settings.allow,
            deny=settings.deny,
        )
        # Replaced as a whole: readers see an old pair or a new one, never a mixture.
        self._known: tuple[int, RoutingTable] | None = None

    def __call__(self) -> RoutingTable:
        known = self._known
        revision = self._bot.revision
        if known is None or known[0] != revision:
            table = self._bot.compile(self._settings)
            for warning in table.warnings:
                log.warning("routing.warning", detail=warning)
            known = self._known = (revision, table)
        return known[1]


class _Connector:
    """Makes the frame source, after asking the server once how it wants to be received."""

    def __init__(self, app: Application) -> None:
        self._app = app
        self._way: str | None = None  # known once a connection came about

    def connect(self) -> FrameSource:
        settings = self._app._settings
        way, self._way = self._way, None
        if way is None:
            way = way_to_receive(
                self._app.client, settings.phone_number, settings.receive_mode
            )
        if way == "polling":
            source: FrameSource = PollingClient(
                self._app.endpoint, settings.phone_number
            )
        else:
            source = WebsocketClient(
                self._app.endpoint,
                settings.phone_number,
                ping_interval=settings.ping_interval,
                ping_timeout=settings.ping_timeout,
                max_frame=settings.max_frame,
            )
        return _Remembering(source, self, way)


class _Remembering:
    """A source that notes that its way works: a reconnect then loses no time by asking again."""

    def __init__(self, source: FrameSource, connector: _Connector, way: str) -> None:
        self._source = source
        self._connector = connector
        self._way = way
        self.close = source.close

    def run(
        self, on_frame: Callable[[bytes, float], None], *, on_open: Callable[[], None]
    ) -> None:
        def opened() -> None:
            self._connector._way = self._way
            on_open()

        self._source.run(on_frame, on_open=opened)


def _is_final(error: BaseException) -> bool:
    """Whether waiting will not mend it: a wrong number, a wrong mode, no permission."""
    return isinstance(error, (SettingsError, NotRegistered)) or not mends_itself(error)


def _log_expired(run: Run, stack: str) -> None:
    log.warning(
        "handler.slow", chat=label(run.job.peek.chat), age=round(run.age(time.monotonic()), 1),
        stack=stack,
    )  # fmt: skip
