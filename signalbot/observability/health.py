"""Whether the bot is alive, and whether it is ready: honest answers for probes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Check:
    """One thing that was looked at; ``detail`` names nobody."""

    name: str
    ok: bool
    detail: str = ""


@dataclass(frozen=True)
class Health:
    """All checks of one moment; ready if every one is fine."""

    checks: tuple[Check, ...] = field(default=())

    @property
    def ok(self) -> bool:
        return all(check.ok for check in self.checks)

    def to_dict(self) -> dict[str, Any]:
        return {
            "ok": self.ok,
            "checks": [
                {"name": check.name, "ok": check.ok, "detail": check.detail}
                for check in self.checks
            ],
        }


@dataclass(frozen=True)
class Facts:
    """What readiness is judged by; the composition root reads it off the running parts.

    Attributes:
        state: the bot's state.
        owns_intake: whether this process receives for the account.
        account_known: what the server said when it was asked; None before.
        receives_by_connection: False if it only gets frames by webhook.
        connected: whether that connection is up.
        last_frame_at: seconds since the epoch; None before the first frame.
        pending: frames in the inbox; ``backlog_limit`` is what is still healthy.
        undurable_reason: why frames are not stored before they are handled; None if they are.
        disk_free: bytes on the disk of the state directory; None if the directory is not there.
        disk_needed: below it nothing more is stored.
        open_breakers: the call families that are not tried now.
        stuck: handlers beyond their deadline.
    """

    state: str
    owns_intake: bool
    account_known: bool | None
    receives_by_connection: bool
    connected: bool
    last_frame_at: float | None
    pending: int
    backlog_limit: int
    undurable_reason: str | None
    disk_free: int | None
    disk_needed: int
    open_breakers: tuple[str, ...]
    stuck: int


def readiness(facts: Facts, now: float) -> Health:
    """Judge the facts."""
    seen = "no frame yet"
    if facts.last_frame_at is not None:
        seen = f"last frame {max(0.0, now - facts.last_frame_at):.0f} s ago"
    is_up = facts.connected or not facts.receives_by_connection
    return Health(
        (
            Check("state", facts.state == "running", facts.state),
            Check("owner", facts.owns_intake, _owner(facts)),
            _account(facts),
            Check("connection", is_up, f"{'up' if is_up else 'down'}, {seen}"),
            Check("backlog", facts.pending <= facts.backlog_limit, f"{facts.pending} pending"),
            Check("inbox", facts.undurable_reason is None, facts.undurable_reason or "durable"),
            _disk(facts),
            Check("breakers", not facts.open_breakers, ", ".join(facts.open_breakers) or "closed"),
            Check("handlers", not facts.stuck, f"{facts.stuck} beyond their deadline"),
        )
    )


def _owner(facts: Facts) -> str:
    if facts.owns_intake:
        return "this process"
    return "another process receives" if facts.state == "standby" else "not this process"


def _account(facts: Facts) -> Check:
    if not facts.receives_by_connection:
        return Check("account", True, "not asked about: frames come by webhook only")
    words = {True: "known to the server", False: "not known to the server", None: "not asked yet"}
    return Check("account", facts.account_known is True, words[facts.account_known])


def _disk(facts: Facts) -> Check:
    if facts.disk_free is None:
        is_gone = facts.owns_intake  # before the first start it was never there
        return Check("disk", not is_gone, f"the state directory is {'gone' if is_gone else 'new'}")
    is_enough = facts.disk_free >= facts.disk_needed
    least = "" if is_enough else f", {facts.disk_needed // 2**20} MiB are needed"
    return Check("disk", is_enough, f"{facts.disk_free // 2**20} MiB free{least}")


class OpsApp:
    """A WSGI app with ``/healthz``, ``/readyz`` and ``/metrics``.

    ``/healthz`` answers 200 while the process can answer at all; ``/readyz`` 200 or 503 with the
    checks as JSON; ``/metrics`` what Prometheus reads. Nothing else, and nobody's data.
    """

    max_body = 1024
    has_secret = True  # it changes nothing and shows nobody, so there is nothing to guard

    def __init__(self, health: Callable[[], Health], metrics: Callable[[], bytes]) -> None:
        self._health = health
        self._metrics = metrics

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        status, kind, body = self._answer(environ)
        start_response(
            status, [("Content-Type", kind), ("Content-Length", str(len(body))),
                     ("Cache-Control", "no-store")]
        )  # fmt: skip
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]

    def _answer(self, environ: dict[str, Any]) -> tuple[str, str, bytes]:
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            return "405 Method Not Allowed", "text/plain", b"GET or HEAD\n"
        path = environ.get("PATH_INFO", "")
        if path == "/healthz":
            return "200 OK", "application/json", b'{"ok": true}'
        if path == "/readyz":
            health = self._health()
            status = "200 OK" if health.ok else "503 Service Unavailable"
            return status, "application/json", json.dumps(health.to_dict()).encode()
        if path == "/metrics":
            return "200 OK", "text/plain; version=0.0.4; charset=utf-8", self._metrics()
        return "404 Not Found", "text/plain", b"/healthz /readyz /metrics\n"
