"""Receives the frames of one account by polling, from a server in MODE normal or native."""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Callable
from urllib.parse import quote

from signalbot.errors import ApiError, SettingsError
from signalbot.infrastructure.calls import Call, Family
from signalbot.infrastructure.endpoint import Endpoint
from signalbot.infrastructure.errors_table import error_for_answer, locate
from signalbot.infrastructure.frame_source import OnFrame, SourceStats
from signalbot.infrastructure.intake_errors import RECEIVE_PATH, WrongMode, mends_itself
from signalbot.infrastructure.lean_http1 import RawAnswer
from signalbot.infrastructure.lean_pool import MAX_BODY, LeanPool
from signalbot.infrastructure.transports import LeanWire, Wire
from signalbot.model.frames import frames

# The server kills signal-cli after 120 s. Giving up any earlier would lose the messages that it
# has taken from Signal by then: it carries on, and nobody reads its answer.
_SERVER_TIME = 130.0
_PATIENCE = 3  # failed polls in a row that are not worth reporting
_LONGEST_PAUSE = 15.0
_jitter = random.SystemRandom().uniform


class PollingClient:
    """One account's frames, fetched one poll after the other.

    A poll is never cancelled: the messages in it are acknowledged to Signal already. It goes over
    a connection of its own instead of through ``HttpApi``, for three reasons: it must read the
    body of an error (messages can be in there), a poll of seconds must not take one of the few
    slots for calls, and its failures say nothing about sending.

    While a poll runs, the server lets sends wait, and signal-cli reports a message only after
    ``timeout`` seconds without another one: so the defaults are short.

    Args:
        timeout: whole seconds, 1 to 30, that signal-cli waits for one more message.
        max_messages: after so many a poll ends at once; the next one follows at once.
        pause: seconds between polls when there is nothing to fetch, for the sends in between.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        number: str,
        *,
        timeout: int = 1,
        max_messages: int = 100,
        pause: float = 1.0,
    ) -> None:
        _check_whole("timeout", timeout, up_to=30)
        _check_whole("max_messages", max_messages, up_to=1000)
        self._endpoint = endpoint
        self._pause = pause
        self._call = Call(
            "GET",
            RECEIVE_PATH,
            f"/v1/receive/{quote(number, safe='')}",
            query=f"timeout={timeout}&max_messages={max_messages}",
            family=Family.ADMIN,
            timeout=timeout + _SERVER_TIME,
            account=number,
        )
        self.stats = SourceStats()
        self._closing = threading.Event()  # set by close, for good
        self._lock = threading.Lock()  # guards _runner, which run and close share
        self._runner: _Runner | None = None  # None while nobody runs

    def run(self, on_frame: OnFrame, *, on_open: Callable[[], None] = lambda: None) -> None:
        """Poll until ``close``.

        Some failures in a row are waited out; what begins with a failure, does not mend itself,
        or goes on failing, is raised. It can be called again then.

        Args:
            on_frame: gets each frame's bytes with the time of arrival (seconds since the epoch),
                in this thread; also what was no frame but stood among them.
            on_open: called once, after the first poll that worked.

        Raises:
            RequestFailed: no answer came.
            StatusError: the server refused; ``WrongMode``, if it runs in MODE json-rpc.
        """
        runner = _Runner()
        with self._lock:
            if self._runner is not None:
                raise RuntimeError("run() is already active in another thread")
            self._runner = runner
        endpoint = self._endpoint
        pool = LeanPool(endpoint.host, endpoint.port, endpoint.ssl_context())
        try:
            self._run(LeanWire(endpoint, pool), on_frame, on_open)
        finally:
            with self._lock:
                self._runner = None
            pool.close()
            runner.ended.set()

    def close(self, grace: float = 1.0) -> None:
        """Begin no other poll; wait for the running one, up to ``grace`` seconds.

        If it takes longer, the thread in ``run`` is left alone with it: what the poll brings is
        still handed over, if the process lives long enough. May be called by any thread at any
        time, ``on_frame`` included, and more than once.
        """
        self._closing.set()
        with self._lock:
            runner = self._runner
        if runner is not None and runner.thread_id != threading.get_ident():
            runner.ended.wait(grace)

    def _run(self, wire: Wire, on_frame: OnFrame, on_open: Callable[[], None]) -> None:
        failures = 0
        is_open = False
        while not self._closing.is_set():
            count, error = self._poll(wire, on_frame)
            if error is not None:
                failures += 1
                if not is_open or failures > _PATIENCE or not mends_itself(error):
                    raise error
                self._closing.wait(_jitter(0.0, min(_LONGEST_PAUSE, 2.0**failures)))
                continue
            failures = 0
            if not is_open:
                is_open = True
                on_open()
            if not count:
                self._closing.wait(self._pause)

    def _poll(self, wire: Wire, on_frame: OnFrame) -> tuple[int, ApiError | None]:
        """Make one poll and hand over what it brings; an error may come with messages, too."""
        call = self._call
        try:
            answer = wire.send(call, time.monotonic() + call.timeout, MAX_BODY)
        except ApiError as error:
            locate(error, call)
            return 0, error
        now = self.stats.last_heard_at = time.time()
        if answer.status == 200:
            whole, rest = frames(answer.body, call.account)
            found, failure = [*whole, *rest], None
        else:
            found, failure = _salvage(answer, call)
        for frame in found:
            on_frame(frame, now)
            self.stats.count(len(frame), now)
        return len(found), failure


class _Runner:
    """One call of ``run``, for ``close`` to wait for."""

    def __init__(self) -> None:
        self.thread_id = threading.get_ident()
        self.ended = threading.Event()


def _check_whole(name: str, value: object, *, up_to: int) -> None:
    if not isinstance(value, int) or not 1 <= value <= up_to:
        raise SettingsError(f"a poll's {name} is a whole number from 1 to {up_to}, not {value!r}")


def _salvage(answer: RawAnswer, call: Call) -> tuple[list[bytes], ApiError]:
    """Take the messages out of an error, for they are nowhere else, and out of its text."""
    if b"'upgrade' token not found" in answer.body:
        return [], WrongMode(
            "the server runs in MODE json-rpc, which pushes over a websocket: set receive_mode to "
            "'websocket' or 'auto' here, or MODE to normal there",
            status=answer.status,
            method=call.method,
            path_template=call.path_template,
            account=call.account,
        )
    found, rest = frames(_error_text(answer.body), call.account)
    torn = [piece for piece in rest if b'"envelope"' in piece]
    words = b"\n".join(piece for piece in rest if piece not in torn)
    error = error_for_answer(answer._replace(body=words if found or torn else answer.body), call)
    locate(error, call)
    return found + torn, error


def _error_text(body: bytes) -> str | bytes:
    try:
        text = json.loads(body)["error"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return body
    return text if isinstance(text, str) else body
