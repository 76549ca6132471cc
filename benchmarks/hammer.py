"""``python -m benchmarks.hammer --seconds 60``: many threads, one client, a slow server that fails.

Good weather, a storm in which every answer is a failure, good weather again, a third of the time
each. Sends and calls that may be repeated share one breaker. The last line says it all:

    16 threads, 60 s: 61042 answered, 0 wrong, 0 sent twice, opened 1 time, 4 probes, slowest 0.61 s

and the exit code is 1 if anything of it is not as promised. The tests run it for a second.
"""

from __future__ import annotations

import argparse
import itertools
import random
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from signalbot.errors import ApiError, RequestFailed
from signalbot.infrastructure.calls import Call, Family
from signalbot.infrastructure.endpoint import Endpoint
from signalbot.infrastructure.http import HttpApi
from tests.infrastructure.http_script import HttpPeer, http_script

THREADS = 16
TIMEOUT = 2.0  # seconds for each call
CONCURRENCY = 4


@dataclass(frozen=True)
class Report:
    """What came of it.

    Attributes:
        outcomes: of all calls: ``fine``, ``wrong``, or the name of the error.
        denied: calls said to be surely unsent, although they had arrived.
        sent_twice: sends that arrived more than once.
        changes: of the breaker's state, in order.
        probes: requests that arrived while the breaker was half open.
        slowest: seconds that the slowest call took.
        stuck: threads that did not end.
        free_slots: of the cap on concurrency, after the end.
    """

    outcomes: Counter[str]
    denied: int
    sent_twice: int
    changes: tuple[tuple[str, str], ...]
    probes: int
    slowest: float
    stuck: int
    free_slots: int

    @property
    def opened(self) -> int:
        """How often the closed breaker opened."""
        return self.changes.count(("closed", "open"))

    @property
    def problems(self) -> list[str]:
        """Every promise that was broken, in words."""
        half_open = sum(new == "half-open" for _, new in self.changes)
        checks = {
            "threads are stuck": self.stuck == 0,
            "wrong answers": self.outcomes["wrong"] == 0,
            "hardly anything was answered": self.outcomes["fine"] > 50,
            "sends were repeated": self.sent_twice == 0,
            "what arrived was said to be unsent": self.denied == 0,
            "a call took longer than it may": self.slowest < TIMEOUT + 0.5,
            "the breaker did not open once": self.opened == 1,
            "not one probe for each time that the breaker was half open": self.probes == half_open,
            "the breaker did not close after a probe": self.changes[-1:]
            == (("half-open", "closed"),),
            "slots were lost": self.free_slots == CONCURRENCY,
        }
        return [problem for problem, is_kept in checks.items() if not is_kept]


class Weather:
    """A server that echoes slowly while it is well, and in the storm fails in every way."""

    def __init__(self) -> None:
        self.is_bad = False
        self.arrived: Counter[bytes] = Counter()
        self.probes = 0
        self.api: HttpApi | None = None
        self._lock = threading.Lock()  # guards what is counted

    def play(self, peer: HttpPeer) -> None:
        """Serve one connection."""
        luck = random.Random(7)
        while True:
            body = peer.read_request().body
            with self._lock:
                self.arrived[body] += 1
                self.probes += self._is_half_open()
            time.sleep(0.002 if luck.randrange(20) else 0.02)
            if not self.is_bad:
                peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
                continue
            way = luck.randrange(4)
            if way == 0:
                return
            if way == 1:
                peer.reset()
                return
            if way == 2:
                peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nhalf")
                return
            peer.send(b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n")

    def _is_half_open(self) -> bool:
        return self.api is not None and self.api.breakers[Family.SEND].current_state == "half-open"


class Hammer:
    """Threads that call as fast as they can until the time is up."""

    def __init__(self, api: HttpApi, weather: Weather, until: float) -> None:
        self._api = api
        self._weather = weather
        self._until = until
        self._numbers = itertools.count()
        self._lock = threading.Lock()  # guards the rest
        self.outcomes: Counter[str] = Counter()
        self.unsent: list[bytes] = []
        self.slowest = 0.0

    def work(self, thread: int) -> None:
        """Sends from one half of the threads, repeatable calls from the other."""
        is_send = thread % 2 == 0
        while (begin := time.monotonic()) < self._until:
            body = b"%s %d" % (b"send" if is_send else b"get", next(self._numbers))
            outcome = self._strike(body, is_send=is_send)
            with self._lock:
                self.outcomes[outcome] += 1
                self.slowest = max(self.slowest, time.monotonic() - begin)
            if outcome == "CircuitOpen":
                time.sleep(0.01)

    def _strike(self, body: bytes, *, is_send: bool) -> str:
        call = Call(
            "POST",
            "/v2/send",
            "/v2/send",
            body=body,
            family=Family.SEND,
            timeout=TIMEOUT,
            is_send=is_send,
            repeatable=not is_send,
        )
        try:
            return "fine" if self._api.exchange(call).body == body else "wrong"
        except ApiError as error:
            if isinstance(error, RequestFailed) and not error.may_have_been_sent:
                with self._lock:
                    self.unsent.append(body)
            return type(error).__name__
        except Exception as error:  # noqa: BLE001 - the thread's outer edge
            print(f"{type(error).__name__}: {error}")
            return "wrong"


def hammer(seconds: float) -> Report:
    """Run it for so long."""
    weather = Weather()
    changes: list[tuple[str, str]] = []
    phase = seconds / 3
    with http_script(weather.play) as server:
        api = HttpApi(
            Endpoint.parse(server.address),
            max_concurrency=CONCURRENCY,
            fail_max=5,
            reset_timeout=phase * 3 / 4,  # one probe in the storm, the next one after it
            on_breaker=lambda _, old, new: changes.append((old, new)),
        )
        weather.api = api
        strikers = Hammer(api, weather, time.monotonic() + seconds)
        threads = [
            threading.Thread(target=strikers.work, args=(number,), daemon=True)
            for number in range(THREADS)
        ]
        for thread in threads:
            thread.start()
        time.sleep(phase)
        weather.is_bad = True
        time.sleep(phase)
        weather.is_bad = False
        deadline = time.monotonic() + phase + 10 * TIMEOUT
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        api.close()
    return Report(
        outcomes=strikers.outcomes,
        denied=sum(weather.arrived[body] > 0 for body in strikers.unsent),
        sent_twice=sum(n > 1 for body, n in weather.arrived.items() if body.startswith(b"send")),
        changes=tuple(changes),
        probes=weather.probes,
        slowest=strikers.slowest,
        stuck=sum(thread.is_alive() for thread in threads),
        free_slots=api._throttle._slots._free,  # nobody else asks, so it is not public
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it and say what came of it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.hammer")
    parser.add_argument("--seconds", type=float, default=60.0)
    options = parser.parse_args(arguments)
    report = hammer(options.seconds)
    for outcome, count in report.outcomes.most_common():
        print(f"{count:8} {outcome}")
    for problem in report.problems:
        print(f"BROKEN: {problem}")
    print(
        f"{THREADS} threads, {options.seconds:g} s: {report.outcomes['fine']} answered, "
        f"{report.outcomes['wrong']} wrong, {report.sent_twice} sent twice, "
        f"opened {report.opened} time{'s' * (report.opened != 1)}, {report.probes} probes, "
        f"slowest {report.slowest:.2f} s"
    )
    return 1 if report.problems else 0


if __name__ == "__main__":
    sys.exit(main())
