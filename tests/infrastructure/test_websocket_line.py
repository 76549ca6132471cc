"""A connection at its lowest level: full buffers, interruptions, platforms without poll()."""

from __future__ import annotations

import select
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from signalbot.infrastructure.dial import Line
from signalbot.infrastructure.intake_errors import ConnectionLost
from signalbot.infrastructure.wakeup import TimeIsUp, Wakeup, Woken

DEADLINE = 5.0
LARGE = b"x" * 4_000_000  # more than any socket buffer takes


class Ends:
    """A line, its wakeup, and the far end."""

    def __init__(self) -> None:
        near, self.far = socket.socketpair()
        near.setblocking(False)
        self.far.settimeout(DEADLINE)
        self.wakeup = Wakeup()
        self.line = Line(near, self.wakeup)


@pytest.fixture(params=["poll", "select"])
def ends(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ends]:
    if request.param == "select":  # as on Windows
        monkeypatch.delattr(select, "poll", raising=False)
    ends = Ends()
    yield ends
    ends.line.close()
    ends.far.close()
    ends.wakeup.close()


def soon() -> float:
    return time.monotonic() + 0.02


def later() -> float:
    return time.monotonic() + DEADLINE


def test_reading_waits_for_the_deadline(ends: Ends) -> None:
    with pytest.raises(TimeIsUp):
        ends.line.receive(10, soon())

    ends.far.sendall(b"late")
    assert ends.line.receive(10, later()) == b"late"


def test_sending_waits_until_the_peer_takes_it(ends: Ends) -> None:
    received = bytearray()

    def drain() -> None:
        while len(received) < len(LARGE):
            received.extend(ends.far.recv(1_000_000))

    reader = threading.Thread(target=drain)
    reader.start()
    ends.line.send(LARGE, later())
    reader.join(DEADLINE)

    assert received == LARGE


def test_sending_to_a_peer_that_takes_nothing_ends_at_the_deadline(ends: Ends) -> None:
    with pytest.raises(TimeIsUp):
        ends.line.send(LARGE, soon())


def test_the_end_of_the_stream_is_an_error_either_way(ends: Ends) -> None:
    ends.far.close()

    with pytest.raises(ConnectionLost, match="closed"):
        ends.line.receive(10, later())
    with pytest.raises(ConnectionLost, match="broke"):
        ends.line.send(b"x", later())


def test_waking_ends_a_wait_from_another_thread(ends: Ends) -> None:
    threading.Thread(target=ends.wakeup.set).start()

    with pytest.raises(Woken):
        ends.line.receive(10, later())


def test_waking_lasts_until_it_is_cleared(ends: Ends) -> None:
    ends.wakeup.set()
    for _ in range(2):
        with pytest.raises(Woken):
            ends.line.receive(10, later())

    ends.wakeup.clear()

    with pytest.raises(TimeIsUp):
        ends.line.receive(10, soon())


def test_a_nudge_does_not_end_a_read(ends: Ends) -> None:
    ends.wakeup.nudge()

    with pytest.raises(TimeIsUp):
        ends.line.receive(10, soon())


def test_a_nudge_ends_a_wait_without_a_socket(ends: Ends) -> None:
    threading.Thread(target=ends.wakeup.nudge).start()

    ends.wakeup.wait(later())


def test_nudges_nobody_reads_do_not_pile_up(ends: Ends) -> None:
    for _ in range(5_000):
        ends.wakeup.nudge()

    ends.wakeup.wait(later())
    with pytest.raises(TimeIsUp):
        ends.wakeup.wait(soon())


def test_waking_after_the_end_does_nothing() -> None:
    wakeup = Wakeup()
    wakeup.close()

    wakeup.set()
    wakeup.close()


def test_cutting_a_line_wakes_both_ends(ends: Ends) -> None:
    ends.line.cut()

    with pytest.raises(ConnectionLost):
        ends.line.receive(10, later())
    assert ends.far.recv(1) == b""
    ends.line.close()
    ends.line.cut()
