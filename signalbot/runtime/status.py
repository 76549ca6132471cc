"""Numbers of a running bot, for people and for metrics."""

from __future__ import annotations

from typing import Any

from signalbot.errors import NotRegistered
from signalbot.infrastructure.calls import Family
from signalbot.observability.health import Facts
from signalbot.observability.tallies import Numbers
from signalbot.runtime.engine import Engine
from signalbot.runtime.listener import Listener


def stats_of(engine: Engine | None) -> dict[str, Any]:
    """Pool, inbox and connections of this moment; empty before the first start."""
    if engine is None:
        return {}
    inbox = engine.parts.inbox.stats()
    listener = engine.parts.listener
    return {
        "pool": engine.parts.pool.counts(),
        "inbox": {name: getattr(inbox, name) for name in inbox.__slots__},
        "connections": listener.connections if listener is not None else 0,
        "last_frame_at": listener.last_frame_at if listener is not None else None,
        "last_error": type(listener.failure).__name__ if listener and listener.failure else None,
    }


def breakers_of(client: Any) -> dict[str, str]:
    """The state of each family's circuit breaker; all are closed before the client is made."""
    if client is None:
        return dict.fromkeys((family.value for family in Family), "closed")
    return {family.value: each.current_state for family, each in client.http.breakers.items()}


def queued_in(engine: Engine | None) -> int:
    """How many events wait for a worker."""
    return engine.parts.pool.counts()["queued"] if engine is not None else 0


_FATES = ("recorded", "duplicates", "unwanted", "unreadable", "redelivered", "finished", "failed",
          "replayed")  # fmt: skip


def gauges_of(engine: Engine | None) -> Numbers:
    """What a scrape reads, by the metric's name without its prefix."""
    if engine is None:
        return {}
    inbox = engine.parts.inbox.stats()
    counts = engine.parts.pool.counts()
    listener = engine.parts.listener
    return {
        "last_frame_timestamp_seconds": (listener and listener.last_frame_at) or 0.0,
        "inbox_pending": inbox.pending,
        "inbox_spilled": inbox.spilled,
        "inbox_bytes": inbox.bytes,
        "inbox_durable": 1.0 if inbox.durable else 0.0,
        "dead_letters": inbox.dead_letters,
        "queue_depth": counts["queued"],
        "handlers_running": counts["running"],
        "conversations_parked": counts["parked"],
        "inbox_frames": {fate: getattr(inbox, fate) for fate in _FATES},
        "inbox_shed": dict(inbox.shed),
    }


def facts_of(
    engine: Engine | None,
    *,
    state: str,
    owns_intake: bool,
    connected: bool,
    disk_free: int | None,
    disk_needed: int,
    open_breakers: tuple[str, ...],
) -> Facts:
    """What readiness is judged by; before the first start everything of a run is at rest."""
    parts = engine.parts if engine is not None else None
    listener = parts.listener if parts is not None else None
    health = parts.inbox.health if parts is not None and parts.durable else None
    return Facts(
        state=state,
        owns_intake=owns_intake,
        account_known=_account_known(listener),
        receives_by_connection=parts is None or listener is not None,
        connected=connected,
        last_frame_at=listener.last_frame_at if listener is not None else None,
        pending=parts.inbox.stats().pending if parts is not None else 0,
        backlog_limit=parts.backlog_limit if parts is not None else 0,
        undurable_reason=None if health is None or health.durable else health.reason,
        disk_free=disk_free,
        disk_needed=disk_needed,
        open_breakers=open_breakers,
        stuck=sum(run.expired for run in parts.pool.running()) if parts is not None else 0,
    )


def _account_known(listener: Listener | None) -> bool | None:
    """The server is asked for its accounts before it is connected to."""
    if listener is None:
        return None
    if isinstance(listener.failure, NotRegistered):
        return False
    return True if listener.connections else None
