"""Numbers of a running bot, for people and for metrics."""

from __future__ import annotations

from typing import Any

from signalbot.infrastructure.calls import Family
from signalbot.observability.health import Facts
from signalbot.observability.metrics import Numbers
from signalbot.runtime.engine import Engine


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
    engine: Engine | None, *, state: str, connected: bool, open_breakers: tuple[str, ...]
) -> Facts:
    """What readiness is judged by."""
    if engine is None:
        return Facts(state, True, connected, None, 0, 0, None, open_breakers, 0)
    parts = engine.parts
    inbox = parts.inbox.stats()
    health = parts.inbox.health
    return Facts(
        state=state,
        receives_by_connection=parts.listener is not None,
        connected=connected,
        last_frame_at=parts.listener.last_frame_at if parts.listener is not None else None,
        pending=inbox.pending,
        backlog_limit=parts.backlog_limit,
        undurable_reason=None if health.durable or not parts.durable else health.reason,
        open_breakers=open_breakers,
        stuck=sum(run.expired for run in parts.pool.running()),
    )
