"""The composition root: the only file that names concrete classes, and joins them.

What most bots do without is imported where it is made: it takes time and memory.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from signalbot.context import Context, HandlerServices
from signalbot.errors import NotRegistered, SettingsError, StorageError
from signalbot.infrastructure.api_service import SignalClient
from signalbot.infrastructure.control import ControlDoor
from signalbot.infrastructure.from_settings import (
    client_of,
    endpoint_of,
    intake_client_of,
    polling_of,
    websocket_of,
)
from signalbot.infrastructure.handoff import Handoff
from signalbot.infrastructure.inbox import DiskInbox
from signalbot.infrastructure.intake_errors import mends_itself
from signalbot.infrastructure.state_directory import (
    account_directory,
    free_bytes,
    prepare_directory,
)
from signalbot.infrastructure.storage.base import Storage
from signalbot.infrastructure.storage.opening import open_storage
from signalbot.model import peek
from signalbot.observability.health import Health, OpsApp, readiness
from signalbot.observability.metrics import Metrics
from signalbot.observability.reports import Reports
from signalbot.routing.live_table import LiveTable
from signalbot.routing.table import RoutingSettings
from signalbot.runtime.engine import Engine, Parts, Service
from signalbot.runtime.handling import Handling, Outside
from signalbot.runtime.hooks import Hooks
from signalbot.runtime.inside import look_inside
from signalbot.runtime.interactive import is_interactive
from signalbot.runtime.interest import Interest
from signalbot.runtime.listener import Listener
from signalbot.runtime.loop import LoopThread
from signalbot.runtime.owner import OwnerLock
from signalbot.runtime.recent import Recent
from signalbot.runtime.seams import Seams
from signalbot.runtime.states import Lifecycle
from signalbot.runtime.status import facts_of, gauges_of, queued_in
from signalbot.runtime.subscriptions import Subscriptions
from signalbot.services.dead_letter_replay import DeadLetterReplay
from signalbot.services.dead_letters import DeadLetters
from signalbot.services.directory import Directory
from signalbot.services.feeding import Feeding
from signalbot.services.identity import Identity
from signalbot.services.membership import Membership
from signalbot.services.messages import Messages
from signalbot.services.receiving import Connector, LatePolls, way_to_receive

if TYPE_CHECKING:
    from signalbot.bot import SignalBot
    from signalbot.infrastructure.webhook import WebhookApp
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
        self.endpoint = endpoint_of(settings)
        self.directory = account_directory(
            settings.state_dir, self.endpoint.key, settings.phone_number
        )
        self.hooks = hooks if hooks is not None else Hooks()
        self.seams = Seams()
        self.identity = Identity(settings.phone_number, lambda: self.client, bot.guard)
        self.people = Directory(lambda: self.client, bot.guard)
        self.messages = Messages(lambda: self.client, bot.guard)
        self.subscriptions = Subscriptions()
        # Connects to nothing yet; made here so that a wrong setting is told at construction.
        now = lambda: self.seams.clock.time()  # noqa: E731,PLW0108 - it may be exchanged later
        self.recent = (
            Recent(self.subscriptions, lambda: queued_in(bot.engine), now)
            if is_interactive()
            else None
        )
        self.storage = open_storage(
            settings.storage, self.directory, prefix=settings.phone_number, clock=now
        )
        self._inbox: DiskInbox | None = None  # of the present run, else None
        self.job_counts: dict[str, dict[str, int]] = {}

    @cached_property
    def metrics(self) -> Metrics:
        metrics = Metrics()
        metrics.add_gauges(
            lambda: {"connected": float(self._bot.connected), **gauges_of(self._bot.engine)}
        )
        return metrics

    @cached_property
    def reports(self) -> Reports:
        return Reports(self.metrics)

    @cached_property
    def client(self) -> SignalClient:
        """One client for the bot's whole life: send-only programs use it too."""
        return client_of(self._settings, self.endpoint, self.reports)

    @cached_property
    def intake_client(self) -> SignalClient:
        """The one that asks how to receive."""
        return intake_client_of(self._settings, self.endpoint, self.reports)

    def close(self) -> None:
        """Close the clients' connections, if they have made any."""
        for name in ("client", "intake_client"):
            if name in self.__dict__:
                getattr(self, name).close()

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
            wanted=Interest(
                tables,
                self.subscriptions,
                lambda: handling.pool.has_parked,
                identity=self.identity,
                directory=self.people,
            ),
            on_event=partial(self._note_inbox_event, on_failed),
            clock=clock.time,
        )
        self._inbox = inbox
        handling = Handling(
            Outside(
                bot=self._bot,
                settings=settings,
                loop=loop,
                inbox=inbox,
                tables=tables,
                storage=self.storage,
                make_context=lambda event, delivery=None, run=None: Context(
                    event, services, delivery=delivery, run=run
                ),
                subscriptions=self.subscriptions,
                membership=Membership(self.people, lambda: self.identity.me),
                hooks=self.hooks,
                seams=self.seams,
                metrics=self.metrics,
                reports=reports,
                on_failed=on_failed,
            )
        )
        self.job_counts = handling.jobs.counts
        services = HandlerServices(
            bot=self._bot,
            messages=self.messages,
            client=lambda: self.client,
            is_me=self.identity.is_me,
            request_stop=self._bot.request_stop,
            ask=handling.conversations.ask,
            reader=self._bot.answer_reader,
            state_of=self.storage.namespace,
            later=handling.later.add,
            in_thread=loop.in_thread,
            clock=clock,
        )
        listener = None
        if settings.receive_mode not in ("webhook", "none"):
            listener = Listener(
                loop,
                self._connector(inbox).connect,
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
            pool=handling.pool,
            feeder=handling.feeder,
            listener=listener,
            services=[*self._doors(), handling.jobs, handling.later, handling.groups],
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
            on_other_account=lambda: self.metrics.inbox_events.note(("other_account",)),
        )

    def _letterbox(self) -> Handoff:
        prepare_directory(self.directory)
        return Handoff(self.directory)

    @cached_property
    def webhook_app(self) -> WebhookApp:
        from signalbot.infrastructure.webhook import WebhookApp

        settings = self._settings
        return WebhookApp(
            lambda raw: self.feeding.feed(raw, "webhook"),
            path=settings.webhook_path,
            secret=settings.webhook_secret,
            max_body=settings.max_frame,
        )

    @cached_property
    def ops_app(self) -> OpsApp:
        """``/healthz``, ``/readyz`` and ``/metrics`` as a WSGI app."""
        return OpsApp(self.health, self.metrics.text)

    def health(self) -> Health:
        """Whether the bot is ready, judged now."""
        breakers = self.client.http.breakers if "client" in self.__dict__ else {}
        facts = facts_of(
            self._bot.engine,
            state=str(self._bot.state),
            owns_intake=self._bot.owns_intake,
            connected=self._bot.connected,
            disk_free=free_bytes(self.directory),
            disk_needed=self._settings.min_free_disk,
            open_breakers=tuple(
                family.value for family, one in breakers.items() if one.current_state == "open"
            ),
        )
        return readiness(facts, self.seams.clock.time())

    def _doors(self) -> list[Service]:
        settings = self._settings
        doors: list[Service] = [ControlDoor(self.directory, partial(look_inside, self._bot))]
        if self.recent is not None:
            doors.append(self.recent)
        if settings.webhook_listen is not None or settings.ops_listen is not None:
            from signalbot.infrastructure.webhook_listener import WebhookListener

            if settings.webhook_listen is not None:
                doors.append(WebhookListener(settings.webhook_listen, self.webhook_app))
            if settings.ops_listen is not None:
                doors.append(WebhookListener(settings.ops_listen, self.ops_app, "ops_listen"))
        if settings.dead_letter_replay is not None:
            doors.append(DeadLetterReplay(self.dead_letters, settings.dead_letter_replay))
        return doors

    def _connector(self, inbox: DiskInbox) -> Connector:
        settings, endpoint = self._settings, self.endpoint
        make_poller = polling_of(settings, endpoint)
        return Connector(
            lambda: way_to_receive(
                self.intake_client, settings.phone_number, settings.receive_mode
            ),
            {
                "websocket": websocket_of(settings, endpoint),
                "polling": lambda: LatePolls(
                    make_poller(), is_open=lambda: inbox.is_open, keep=self.feeding.keep_late
                ),
            },
        )

    # -- what the parts report -----------------------------------------------------------------

    def _note_inbox_event(
        self, on_failed: Callable[[BaseException], None], name: str, **facts: Any
    ) -> None:
        self.reports.count_inbox_event(name, **facts)
        if name == "failed":  # from now on nothing would be stored, nor handled
            on_failed(StorageError(f"The inbox has ended: {facts.get('error')}."))

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
