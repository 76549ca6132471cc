"""Calls to the server, each made until it has a 2xx answer or a typed error.

An onion, from the outside in: repeat what is surely unsent → circuit breaker → throttle → wire.
"""

from __future__ import annotations

import logging
import os
import random
import ssl
import threading
from collections.abc import Callable, Mapping
from time import monotonic
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias

from signalbot.errors import (
    ApiError,
    CircuitOpen,
    RateLimited,
    RequestFailed,
    SettingsError,
    StatusError,
)
from signalbot.infrastructure.calls import Answer, Call, Family
from signalbot.infrastructure.errors_table import error_for_answer, is_server_trouble, locate
from signalbot.infrastructure.lean_http1 import AnswerTooLarge, RawAnswer
from signalbot.infrastructure.lean_pool import MAX_BODY, LeanPool
from signalbot.infrastructure.throttle import Throttle
from signalbot.infrastructure.transports import LeanWire, Wire

if TYPE_CHECKING:
    import httpx

    from signalbot.infrastructure.breaker import Breaker
    from signalbot.infrastructure.endpoint import Endpoint

__all__ = ["Answer", "Call", "Family", "HttpApi"]

log = logging.getLogger(__name__)

Observer: TypeAlias = Callable[[Family, "int | str", float], object]
BreakerListener: TypeAlias = Callable[[Family, str, str], object]

MAX_ATTACHMENT = 160 * 1024 * 1024  # signal-cli takes 150 MiB
_RETRY_DELAYS = (0.1, 0.4)  # seconds, before jitter
# How long a call waits for a breaker. Short: a handler that waits is one worker less.
_BREAKER_PATIENCE = 2.0
_jitter = random.SystemRandom().uniform


class HttpApi:
    """The one door to the server; usable from any thread, and in a forked child.

    Attributes:
        request_timeout: seconds that callers are to put into most calls.
        send_timeout: seconds that callers are to put into sends.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        request_timeout: float = 60.0,
        send_timeout: float = 120.0,
        max_concurrency: int = 4,
        rate_limit: float | None = None,
        fail_max: int = 5,
        reset_timeout: float = 10.0,
        max_retries: int = len(_RETRY_DELAYS),
        transport: httpx.BaseTransport | None = None,
        on_breaker: BreakerListener | None = None,
        observer: Observer | None = None,
        clock: Callable[[], float] = monotonic,
        sleep: Callable[[float], object] | None = None,
    ) -> None:
        """Open nothing yet.

        Args:
            max_concurrency: operations under way at once; the server crashes under many.
            rate_limit: sends per second, None for no limit.
            fail_max: failures in a row after which a family's breaker opens.
            reset_timeout: seconds until an open breaker lets a probe through.
            max_retries: how often a call is repeated that is fit for it; two at most.
            transport: any httpx transport, instead of our own; it is closed with this object.
            on_breaker: told (family, old state, new state).
            observer: told (family, status or name of the error, seconds) after each call.
            sleep: for tests; the default wakes up when this object is closed.

        Raises:
            SettingsError: if a number does not make sense.
        """
        _check(max_concurrency >= 1, "max_concurrency must be at least 1")
        _check(rate_limit is None or rate_limit > 0, "rate_limit must be above 0, or None")
        _check(request_timeout > 0, "request_timeout must be above 0")
        _check(send_timeout > 0, "send_timeout must be above 0")
        self.endpoint = endpoint
        self.request_timeout = request_timeout
        self.send_timeout = send_timeout
        self._max_retries = max_retries
        self._limits = (max_concurrency, rate_limit, fail_max, reset_timeout)
        self._on_breaker = on_breaker
        self._observer = observer
        self._clock = clock
        self._sleep = sleep or self._sleep_unless_closed
        self._transport = transport
        self._client: httpx.Client | None = None
        self._is_closed = False
        self._own_wire = None if transport is None else _wire_of(endpoint, transport)
        self._start_afresh()

    def exchange(self, call: Call) -> Answer:
        """Make the call, within its timeout, whatever it takes.

        Raises:
            RequestFailed: no usable answer; ``may_have_been_sent`` is right in each case.
            StatusError: the server said no, or (RateLimited) it is not worth asking now.
        """
        if self._pid != os.getpid():
            self._start_afresh()
        start = self._clock()
        try:
            answer = self._repeat(call, start + call.timeout)
        except ApiError as error:
            locate(error, call)
            outcome = error.status if isinstance(error, StatusError) else type(error).__name__
            if self._observer is not None:
                self._observe(self._observer, call, outcome, start)
            raise
        if self._observer is not None:
            self._observe(self._observer, call, answer.status, start)
        return Answer(*answer)

    @property
    def breakers(self) -> Mapping[Family, Breaker]:
        """The circuit breakers, for metrics and for the curious."""
        return MappingProxyType(self._breakers)

    @property
    def client(self) -> httpx.Client:
        """An ``httpx.Client`` on the same server, made when first asked for.

        Once hooks or an ``auth`` are set on it, all calls go through it."""
        with self._client_lock:
            if self._client is None:
                self._client = self._build_client()
            return self._client

    def resume_sends(self) -> None:
        """End a pause after a rate limit, as when its challenge has been solved."""
        self._throttle.resume_sends()

    def close(self) -> None:
        """Refuse new calls and close idle connections; calls under way come to their end."""
        self._is_closed = True
        self._wake_up.set()
        self._pool.close()
        if self._client is not None:
            self._client.close()
        if self._transport is not None:
            self._transport.close()

    # The onion

    def _repeat(self, call: Call, deadline: float) -> RawAnswer:
        retries = 0
        may_have_been_sent = False
        while True:
            if self._is_closed:
                raise RequestFailed("this client is closed", may_have_been_sent=may_have_been_sent)
            try:
                return self._breakers[call.family].call(self._take_turn, call, deadline)
            except RequestFailed as error:
                may_have_been_sent = may_have_been_sent or error.may_have_been_sent
                delay = None
                if retries < self._max_retries:
                    delay = _retry_delay(call, error, retries)
                if delay is None or self._clock() + delay >= deadline:
                    error.may_have_been_sent = may_have_been_sent  # by any of the attempts
                    raise
            retries += 1
            self._sleep(delay)

    def _take_turn(self, call: Call, deadline: float) -> RawAnswer:
        throttle = self._throttle
        throttle.enter(is_send=call.is_send, deadline=deadline)
        try:
            return self._ask(call, deadline, throttle)
        finally:
            throttle.leave()

    def _ask(self, call: Call, deadline: float, throttle: Throttle) -> RawAnswer:
        limit = MAX_ATTACHMENT if call.family is Family.ATTACHMENTS else MAX_BODY
        client = self._client
        wire = self._wire if client is None else self._choose_wire(client)
        answer = wire.send(
            call,
            monotonic() + deadline - self._clock(),  # sockets know no other clock
            limit if call.max_answer is None else call.max_answer,
        )
        if 200 <= answer.status < 300:
            if call.is_send:
                throttle.send_succeeded()
            return answer
        error = error_for_answer(answer, call)
        if call.is_send and isinstance(error, RateLimited):
            error.retry_after = throttle.pause_sends(error.retry_after or None)
        raise error

    # Around it

    def _start_afresh(self) -> None:
        """Build what must not be shared with a parent process: locks, connections, counts."""
        from signalbot.infrastructure.breaker import Breaker  # pybreaker is slow to import

        max_concurrency, rate_limit, fail_max, reset_timeout = self._limits
        endpoint = self.endpoint
        self._client_lock = threading.Lock()  # guards the making of _client
        self._wake_up = threading.Event()  # set by close(), for those who wait for a retry
        self._throttle = Throttle(max_concurrency, rate_limit, clock=self._clock, sleep=self._sleep)
        self._breakers = {
            family: Breaker(
                family.value,
                fail_max=fail_max,
                reset_timeout=reset_timeout,
                is_failure=is_server_trouble,
                on_change=self._tell_breaker,
                clock=self._clock,
            )
            for family in Family
        }
        self._pool = LeanPool(endpoint.host, endpoint.port, endpoint.ssl_context())
        self._wire: Wire = self._own_wire or LeanWire(endpoint, self._pool)
        self._pid = os.getpid()

    def _choose_wire(self, client: httpx.Client) -> Wire:
        if not (client.auth or any(client.event_hooks.values())):
            return self._wire
        from signalbot.infrastructure.httpx_wire import HttpxWire

        return HttpxWire(
            self.endpoint, lambda request: client.send(request, stream=True), hides_url=True
        )

    def _build_client(self) -> httpx.Client:
        import httpx

        from signalbot.infrastructure.lean_transport import LeanTransport

        return httpx.Client(
            transport=self._transport or LeanTransport(self.endpoint, pool=self._pool),
            base_url=self.endpoint.base_url,
            headers=self.endpoint.request_headers(),
            timeout=self.request_timeout,
            trust_env=False,
        )

    def _sleep_unless_closed(self, seconds: float) -> None:
        if self._wake_up.wait(seconds) or self._is_closed:
            raise RequestFailed("this client was closed", may_have_been_sent=False)

    def _observe(self, observer: Observer, call: Call, outcome: int | str, start: float) -> None:
        try:
            observer(call.family, outcome, self._clock() - start)
        except Exception:  # a broken metric must not break sending
            log.exception("http.observer_failed")

    def _tell_breaker(self, name: str, old: str, new: str) -> None:
        if self._on_breaker is not None:
            self._on_breaker(Family(name), old, new)


def _check(is_fine: bool, text: str) -> None:
    if not is_fine:
        raise SettingsError(text)


def _wire_of(endpoint: Endpoint, transport: httpx.BaseTransport) -> Wire:
    from signalbot.infrastructure.httpx_wire import HttpxWire  # only who needs httpx loads it

    return HttpxWire(endpoint, transport.handle_request)


def _retry_delay(call: Call, error: RequestFailed, retries: int) -> float | None:
    """Seconds until the next attempt, or None if there must not be one."""
    if retries >= len(_RETRY_DELAYS) or isinstance(error, AnswerTooLarge):
        return None
    if error.may_have_been_sent and not call.repeatable:
        return None
    if isinstance(error.__cause__, ssl.SSLCertVerificationError):
        return None  # it will not be trusted a second later either
    delay = _RETRY_DELAYS[retries] * _jitter(0.5, 1.5)
    if isinstance(error, CircuitOpen):
        return error.retry_after + delay if error.retry_after <= _BREAKER_PATIENCE else None
    return delay
