"""What a running bot tells about its insides, without anybody's data."""

from __future__ import annotations

import os
import sys
import time
import traceback
from collections.abc import Iterable
from typing import Any

from signalbot.observability.logging import label
from signalbot.runtime.job_runner import JobRun
from signalbot.runtime.lanes import Lanes, Run
from signalbot.runtime.status import stats_of
from signalbot.runtime.worker_pool import WorkerPool

_BUSIEST = 20
_INNERMOST = 30  # frames of a stack
_STARTED = time.time()


def look_inside(bot: Any) -> dict[str, Any]:
    """State, queue, running handlers with their stacks, waiting conversations, breakers.

    Chats are hashes; the texts of stack frames are those of the program, never of a message.
    """
    engine = bot.engine
    status: dict[str, Any] = {
        "pid": os.getpid(),
        "account": label(bot.account),
        "state": str(bot.state),
        "connected": bot.connected,
        "uptime": round(time.time() - _STARTED, 1),
        **stats_of(engine),
        "breakers": {
            family.value: {
                "state": breaker.current_state,
                "retry_after": round(breaker.retry_after, 1),
            }
            for family, breaker in bot.client.http.breakers.items()
        },
    }
    if engine is not None:
        status.update(_of_pool(engine.parts.pool))
    return status


def _of_pool(pool: WorkerPool) -> dict[str, Any]:
    now = time.monotonic()
    waiting, parked = pool.rest.look(lambda: (_waiting(pool.lanes), _parked(pool.lanes)))
    waiting.sort(key=lambda entry: -entry[1])
    frames = sys._current_frames()
    return {
        "running": [
            {**_of_run(run, now), "expired": run.expired, "stack": _stack(frames.get(run.thread))}
            for run in pool.running()
        ],
        "parked": [_of_run(run, now) for run in parked],
        "lanes": [{"chat": label(str(key)), "queued": size} for key, size in waiting[:_BUSIEST]],
    }


def _waiting(lanes: Lanes) -> list[tuple[Any, int]]:
    return [(lane.key, len(lane.fifo)) for lane in lanes if lane.fifo]


def _parked(lanes: Iterable[Any]) -> list[Run]:
    return [waiter.run for lane in lanes for waiter in lane.waiters]


def _of_run(run: Run, now: float) -> dict[str, Any]:
    job = run.job
    return {
        "chat": label(str(run.lane.key)),
        "handler": job.job.name if isinstance(job, JobRun) else run.handler,
        "kind": "job" if isinstance(job, JobRun) else getattr(job, "kind", "event"),
        "attempt": getattr(job, "attempt", 0),
        "age": round(now - run.started, 2),
    }


def _stack(frame: Any) -> list[dict[str, Any]]:
    """Outermost first, as tracebacks are read; without the lines of the source."""
    if frame is None:
        return []
    found = traceback.StackSummary.extract(traceback.walk_stack(frame), lookup_lines=False)
    return [
        {"file": entry.filename, "line": entry.lineno, "function": entry.name}
        for entry in reversed(found[:_INNERMOST])
    ]
