"""Opens an inbox directory and builds the parts that work on it."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from diskcache import Timeout

from signalbot.errors import StorageError
from signalbot.infrastructure.dead_letter_store import DeadLetterStore
from signalbot.infrastructure.handoff import Handoff
from signalbot.infrastructure.inbox_core import InboxCore
from signalbot.infrastructure.inbox_errands import Errands
from signalbot.infrastructure.inbox_journal import Journal
from signalbot.infrastructure.inbox_lanes import Lanes
from signalbot.infrastructure.inbox_ledger import Ledger
from signalbot.infrastructure.inbox_limits import InboxLimits, Overflow
from signalbot.infrastructure.inbox_recovery import recover
from signalbot.infrastructure.inbox_schema import ensure_schema
from signalbot.infrastructure.inbox_upkeep import Upkeep
from signalbot.infrastructure.safe_disk import open_cache
from signalbot.infrastructure.seen import SeenKeys

if TYPE_CHECKING:
    from signalbot.model.decode import Peek

Durability = Literal["process", "power", "off"]

MAX_HELD_BYTES = 32 * 2**20
"""Frames that are out hold no more memory than this, however few they are."""


@dataclass(frozen=True, slots=True)
class InboxSettings:
    """The arguments of :class:`~signalbot.infrastructure.inbox.DiskInbox`, which explains them."""

    directory: Path
    peek: Callable[[bytes], Peek]
    durability: Durability
    max_queued: int
    max_per_chat: int
    max_bytes: int
    max_memory: int
    min_free_bytes: int
    overflow: Overflow
    wanted: Callable[[Peek], bool] | None
    dedupe_for: float
    dead_letter_ttl: float | None
    max_crashes: int
    on_event: Callable[..., None]
    clock: Callable[[], float]


@dataclass(frozen=True, slots=True)
class BuiltInbox:
    """The parts, ready to work; ``memory_only`` says why nothing is durable, if so by choice."""

    core: InboxCore
    upkeep: Upkeep
    errands: Errands
    memory_only: str | None


def build(settings: InboxSettings, lock: threading.Lock) -> BuiltInbox:
    """Open the directory and take over what is in it; on the thread that will use it.

    Raises:
        StorageError: it cannot be used; the text says why, and what to do.
    """
    directory = settings.directory
    memory_only = "durability is off" if settings.durability == "off" else None
    with lock:
        cache = open_cache(directory, synchronous=2 if settings.durability == "power" else 1)
    try:
        with lock:
            ensure_schema(cache)
        journal = Journal(cache, lock)
        ledger = Ledger(journal, SeenKeys(settings.dedupe_for), settings.clock)
        ledger.saves = memory_only is None
        lanes = Lanes(settings.max_queued, settings.max_per_chat, MAX_HELD_BYTES)
        letters = DeadLetterStore(journal, settings.dead_letter_ttl, settings.clock)
        limits = InboxLimits(
            ledger,
            directory,
            overflow=settings.overflow,
            max_bytes=settings.max_bytes,
            max_memory=settings.max_memory,
            min_free_bytes=settings.min_free_bytes if memory_only is None else 0,
        )
        core = InboxCore(
            ledger,
            lanes,
            letters,
            limits,
            peek=settings.peek,
            wanted=settings.wanted,
            on_event=settings.on_event,
            clock=settings.clock,
        )
        _take_over(core, lanes, settings)
    except (ValueError, KeyError, sqlite3.Error, Timeout, OSError) as error:
        with lock:
            cache.close()
        raise StorageError(
            f"Cannot read the inbox in {directory}: {error}. "
            "Move its cache.db away, or set another state_dir."
        ) from error
    except StorageError:
        with lock:
            cache.close()
        raise
    upkeep = Upkeep(
        ledger,
        letters,
        limits,
        is_durable=memory_only is None,
        dedupe_for=settings.dedupe_for,
        clock=settings.clock,
    )
    errands = Errands(Handoff(directory, lock=lock), settings.on_event)
    return BuiltInbox(core, upkeep, errands, memory_only)


def _take_over(core: InboxCore, lanes: Lanes, settings: InboxSettings) -> None:
    ledger = core.ledger
    found = recover(ledger, lanes, now=settings.clock(), max_crashes=settings.max_crashes)
    core.letters.restore(found.letter_ids, found.letters)
    for frame, attempts in found.crashed:
        core.bury_crashed(frame, attempts)
    for key, row in found.damaged:
        core.bury_damaged(key, row)
    ledger.sweep(0)
    ledger.stage()
    if not ledger.journal.commit():
        raise StorageError(
            f"Cannot write the inbox in {settings.directory}: it is {ledger.journal.refusal}."
        )
    core.limits.look()
