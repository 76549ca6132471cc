"""The composition root: the only file that names concrete classes, and joins them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from signalbot.context import Context, HandlerServices
from signalbot.errors import NotRegistered, SettingsError
from signalbot.infrastructure.api_service import SignalClient
from signalbot.infrastructure.control import ControlDoor
from signalbot.infrastructure.endpoint import Endpoint
from signalbot.infrastructure.handoff import Handoff
from signalbot.infrastructure.http import HttpApi
from signalbot.infrastructure.inbox import DiskInbox
from signalbot.infrastructure.intake_errors import mends_itself
from signalbot.infrastructure.polling_client import PollingClient
from signalbot.infrastructure.state_directory import account_directory, prepare_directory
from signalbot.infrastructure.storage.base import Storage
from signalbot.infrastructure.storage.opening import open_storage
from signalbot.infrastructure.webhook import WebhookApp
from signalbot.infrastructure.webhook_listener import WebhookListener
from signalbot.infrastructure.websocket_client import WebsocketClient
from signalbot.model import User, decode, peek
from signalbot.model.delivery import Delivery
from signalbot.observability.metrics import Metrics
from signalbot.observability.reports import Reports
from signalbot.routing.live_table import LiveTable
from signalbot.routing.table import RoutingSettings
from signalbot.runtime.conversations import Conversations
from signalbot.runtime.dispatcher import Dispatcher
from signalbot.runtime.engine import Engine, Parts, Service
from signalbot.runtime.feeder import Feeder
from signalbot.runtime.inside import look_inside
from signalbot.runtime.job_runner import JobRun, JobRunner
from signalbot.runtime.lanes import Run, Wait
from signalbot.runtime.later import Later, LaterRun
from signalbot.runtime.listener import Listener
from signalbot.runtime.loop import LoopThread
from signalbot.runtime.owner import OwnerLock
from signalbot.runtime.processor import Hooks, Processor
from signalbot.runtime.seams import Seams
from signalbot.runtime.states import Lifecycle
from signalbot.runtime.status import gauges_of
from signalbot.runtime.subscriptions import Subscriptions
from signalbot.runtime.watchdog import Watchdog
from signalbot.runtime.worker_pool import WorkerPool
from signalbot.services.dead_letter_replay import DeadLetterReplay
from signalbot.services.dead_letters import DeadLetters
from signalbot.services.feeding import Feeding
from signalbot.services.messages import Messages
from signalbot.services.receiving import Connector, way_to_receive

if TYPE_CHECKING:
    from signalbot.bot import SignalBot
    from signalbot.settings import Settings


class Application:
    """Everything of one bot: what lives as long as it does, and what is built for each run."""

    def __init__(self, bot: SignalBot, settings: Settings, hooks: Hooks | None = None) -> None:
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
        self.hooks = hooks if hooks is not None else Hooks()
        self.seams = Seams()
        self.me = User(number=settings.phone_number)
        self.messages = Messages(lambda: self.client, bot.guard)
        self.subscriptions = Subscriptions()
        # Connects to nothing yet; made here so that a wrong setting is told at construction.
        now = lambda: self.seams.clock.time()  # noqa: E731,PLW0108 - it may be exchanged later
        self.storage = open_storage(
            settings.storage, self.directory, prefix=settings.phone_number, clock=now
        )
        self._inbox: DiskInbox | None = None  # of the present run, else None
        self.job_counts: dict[str, dict[str, int]] = {}

    @cached_property
    def metrics(self) -> Metrics:
        metrics = Metrics()
        metrics.add_gauges(lambda: gauges_of(self._bot.engine))
        return metrics

    @cached_property
    def reports(self) -> Reports:
        return Reports(self.metrics)

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
            observer=self.reports.count_request,
            on_breaker=self.reports.note_breaker,
        )
        return SignalClient(
            settings.phone_number,
            http=http,
            request_timeout=settings.request_timeout,
            send_timeout=settings.send_timeout,
        )

    def close(self) -> None:
        """Close the client's connections, if it has made any."""
        if "client" in self.__dict__:
            self.client.close()

    @cached_property
    def dead_letters(self) -> DeadLetters:
        return DeadLetters(self.directory, lambda: self._inbox)

    def make_storage(self) -> Storage:
        return self.storage

    # -- one run -----------------------------------------------------------------------------

    def build_engine(
        self, lifecycle: Lifecycle, on_failed: Callable[[BaseException], None]
    ) -> Engine:
        """Build everything that a start needs; nothing of it has begun yet."""
        settings = self._settings
        reports = self.reports
        clock = self.seams.clock
        prepare_directory(self.directory)
        tables = LiveTable(
            self._bot, RoutingSettings.of(settings), on_warning=reports.warn_of_routing
        )
        tables()  # what is wrong with the handlers is said before anything starts
        loop = LoopThread(
            on_failed,
            max_threads=settings.workers + settings.max_parked,
            on_thread_exit=self.hooks.leave_thread,
        )
        inbox = DiskInbox(
            self.directory,
            peek=partial(peek, account=settings.phone_number),
            durability=settings.durability,
            max_queued=settings.max_queued,
            max_bytes=settings.max_inbox,
            min_free_bytes=settings.min_free_disk,
            overflow=settings.overflow,
            dead_letter_ttl=settings.dead_letter_ttl,
            wanted=lambda peeked: (
                bool(self.subscriptions)
                or tables().wanted(peeked.kind, peeked.is_own)
                or (peeked.kind == "message" and pool.has_parked)
            ),
            on_event=reports.count_inbox_event,
            clock=clock.time,
        )
        self._inbox = inbox
        dispatcher = Dispatcher(
            tables,
            loop,
            on_event=self.subscriptions.offer,
            on_uncaught=self.seams.on_uncaught,
        )
        processor = Processor(
            inbox,
            dispatcher.dispatch,
            lambda event, delivery, run: Context(event, services, delivery=delivery, run=run),
            account=settings.phone_number,
            retry=settings.retry,
            hooks=self.hooks,
            metrics=self.metrics,
            on_error=dispatcher.settle_error,
            seams=self.seams,
        )
        work: dict[type, Callable[[Any, Run], Wait | None]] = {Delivery: processor}
        pool = WorkerPool(
            lambda job, run: work[type(job)](job, run),
            workers=settings.workers,
            max_parked=settings.max_parked,
            call_later=loop.call_later,
            set_timer=partial(clock.call_later, loop),
            on_thread_exit=self.hooks.leave_thread,
            on_error=on_failed,
        )
        jobs = JobRunner(
            self._bot,
            loop,
            pool.offer,
            memory=lambda: self.storage.namespace("jobs"),
            retry=settings.retry,
            hooks=self.hooks,
            error_handler=lambda error: tables().error_handler(error),
            clock=clock,
        )
        later = Later(
            loop,
            pool.offer,
            memory=lambda: self.storage.namespace("later"),
            make_context=lambda raw: Context(decode(raw, account=settings.phone_number), services),
            send_parts=dispatcher.send_parts,
            retry=settings.retry,
            clock=clock,
        )
        self.job_counts = jobs.counts
        work[JobRun], work[LaterRun] = jobs.execute, later.execute

        def take_answer(event: Any, delivery: Delivery) -> None:
            ctx = Context(event, services, delivery=delivery)
            self.seams.on_step("answer", delivery, ctx)
            dispatcher.observe(ctx)

        conversations = Conversations(
            pool,
            inbox,
            account=settings.phone_number,
            is_command=lambda text: tables().is_command(text),
            before_park=self.hooks.enter_park,
            observe=take_answer,
            clock=clock,
        )
        services = HandlerServices(
            bot=self._bot,
            messages=self.messages,
            client=lambda: self.client,
            is_me=self.is_me,
            request_stop=self._bot.request_stop,
            ask=conversations.ask,
            reader=self._bot.answer_reader,
            state_of=self.storage.namespace,
            later=later.add,
            in_thread=loop.in_thread,
            clock=clock,
        )

        def give_up(run: Run, stack: str) -> None:
            reports.warn_of_stuck_handler(run, stack)
            if isinstance(run.job, Delivery):
                processor.give_up(run.job, stack)

        watchdog = Watchdog(
            loop,
            pool,
            handler_timeout=settings.handler_timeout,
            on_expired=reports.warn_of_slow_handler,
            on_stuck=give_up,
        )
        feeder = Feeder(loop, pool.offer_all, on_work=watchdog.arm)
        listener = None
        if settings.receive_mode not in ("webhook", "none"):
            listener = Listener(
                loop,
                self._connector().connect,
                self.seams.intake(
                    lambda raw, received_at: inbox.put(raw, received_at, "websocket")
                ),
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
            services=[*self._doors(), jobs, later],
            durable=settings.durability != "off",
        )
        return Engine(
            parts, lifecycle, standby=settings.on_conflict == "standby", on_failed=on_failed
        )

    @cached_property
    def feeding(self) -> Feeding:
        """The door for frames that come by no connection of ours."""
        return Feeding(
            self._settings.phone_number,
            own_inbox=lambda: self._inbox if self._bot.owns_intake else None,
            letterbox=self._letterbox,
            on_other_account=lambda: self.metrics.inbox_events("other_account").inc(),
        )

    def _letterbox(self) -> Handoff:
        prepare_directory(self.directory)
        return Handoff(self.directory)

    @cached_property
    def webhook_app(self) -> WebhookApp:
        settings = self._settings
        return WebhookApp(
            lambda raw: self.feeding.feed(raw, "webhook"),
            path=settings.webhook_path,
            secret=settings.webhook_secret,
            max_body=settings.max_frame,
        )

    def _doors(self) -> list[Service]:
        settings = self._settings
        doors: list[Service] = [ControlDoor(self.directory, partial(look_inside, self._bot))]
        if settings.webhook_listen is not None:
            doors.append(WebhookListener(settings.webhook_listen, self.webhook_app))
        if settings.dead_letter_replay is not None:
            doors.append(DeadLetterReplay(self.dead_letters, settings.dead_letter_replay))
        return doors

    def is_me(self, user: User) -> bool:
        """Whether that is the account itself, by number or by the uuid that frames told."""
        return self.me.matches(user)

    def _connector(self) -> Connector:
        settings = self._settings

        def websocket() -> WebsocketClient:
            return WebsocketClient(
                self.endpoint,
                settings.phone_number,
                ping_interval=settings.ping_interval,
                ping_timeout=settings.ping_timeout,
                max_frame=settings.max_frame,
            )

        return Connector(
            lambda: way_to_receive(self.client, settings.phone_number, settings.receive_mode),
            {
                "websocket": websocket,
                "polling": lambda: PollingClient(self.endpoint, settings.phone_number),
            },
        )

    # -- what the parts report -----------------------------------------------------------------

    def _connection_changed(
        self,
        on_failed: Callable[[BaseException], None],
        connected: bool,
        error: BaseException | None,
    ) -> None:
        self.reports.note_connection(connected, error)
        if error is not None and _is_final(error):
            on_failed(error)


def _is_final(error: BaseException) -> bool:
    """Whether waiting will not mend it: a wrong number, a wrong mode, no permission."""
    return isinstance(error, (SettingsError, NotRegistered)) or not mends_itself(error)
