"""When to ping a silent peer, decided without a clock or a socket."""

from __future__ import annotations

from enum import Enum


class Verdict(Enum):
    """What the silence calls for."""

    WAIT = "wait"
    PING = "ping"
    DEAD = "dead"


class Liveness:
    """Judge a connection by how long nothing came from the peer.

    Whatever arrives is a sign of life, not only the pong: a peer that floods us with frames
    need not be pinged. All times are those of one monotonic clock, in seconds.
    """

    def __init__(self, *, ping_interval: float, ping_timeout: float, now: float) -> None:
        self._interval = ping_interval
        self._timeout = ping_timeout
        self._heard_at = now
        self._awaiting_pong = False
        self._deadline = now + ping_interval

    @property
    def deadline(self) -> float:
        """When to ask for a verdict again if nothing arrives until then."""
        return self._deadline

    def heard(self, at: float) -> None:
        """Something arrived; saying so twice makes no difference."""
        if at > self._heard_at:
            self._heard_at = at
            self._awaiting_pong = False
            self._deadline = at + self._interval

    def pinged(self, now: float) -> None:
        """A ping went out."""
        self._awaiting_pong = True
        self._deadline = now + self._timeout

    def verdict(self, now: float) -> Verdict:
        """Judge the silence; only to be asked after everything readable has been read."""
        if now < self._deadline:
            return Verdict.WAIT
        return Verdict.DEAD if self._awaiting_pong else Verdict.PING
