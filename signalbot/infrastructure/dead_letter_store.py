"""Dead letters as rows: a header in JSON, then the frame as it came."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Generator, Iterable, Iterator
from itertools import islice
from typing import Any

from signalbot.infrastructure.inbox_journal import Journal
from signalbot.infrastructure.storage.inbox_base import ALL, DeadLetter, DeadLetterFilter, Failure

MAX_ERROR = 500
MAX_TRACEBACK = 8_000
PREFIX = "x:"

_SLICE = 100
"""Rows that are looked at before other work of the inbox gets its turn."""

Job = Generator[None, None, Any]
"""Work in slices; what it returns is the answer."""


def letter_row(id: int) -> str:
    return f"{PREFIX}{id:016x}"


def letter_id(row: str) -> int:
    """The number in such a key.

    Raises:
        ValueError: if it is none.
    """
    return int(row.removeprefix(PREFIX), 16)


def encode_letter(
    failure: Failure,
    *,
    raw: bytes,
    attempts: int,
    replays: int,
    first_at: float,
    last_at: float,
    chat: str | None,
    kind: str,
    source: str,
) -> bytes:
    """The row of a dead letter; error text and traceback are cut, the last lines tell most."""
    header = {
        "reason": failure.reason,
        "error_type": failure.error_type,
        "error": failure.error[:MAX_ERROR],
        "traceback": failure.traceback[-MAX_TRACEBACK:],
        "handler": failure.handler,
        "attempts": attempts,
        "replays": replays,
        "first_at": first_at,
        "last_at": last_at,
        "chat": chat,
        "kind": kind,
        "source": source,
    }
    return json.dumps(header, separators=(",", ":")).encode() + b"\n" + raw


def decode_letter(id: int, row: bytes) -> DeadLetter:
    """Read such a row.

    Raises:
        ValueError: if it is damaged.
    """
    header, newline, raw = row.partition(b"\n")
    try:
        if not newline:
            raise ValueError("no header")
        return DeadLetter(id=id, raw=raw, **json.loads(header))
    except (ValueError, TypeError) as error:
        raise ValueError(f"dead letter {id} is damaged") from error


class DeadLetterStore:
    """The dead letters of one inbox. Touched by the inbox thread alone.

    Whatever may look at many rows is a :data:`Job`: a million letters must not keep the inbox
    from recording frames.
    """

    # Letters are found by trying the numbers between the first and the last: a try costs 10 µs,
    # a walk along diskcache's keys gets slower with each step.

    def __init__(self, journal: Journal, ttl: float | None, clock: Callable[[], float]) -> None:
        self._journal = journal
        self._ttl = ttl
        self._clock = clock
        self.count = 0
        self._first = 1
        self._end = 1

    def restore(self, ids: range, count: int) -> None:
        """Take over what is on disk: ``count`` letters with numbers among these."""
        self._first, self._end, self.count = ids.start, ids.stop, count

    def add(self, id: int, row: bytes) -> None:
        """Keep a letter; numbers ascend."""
        self._journal.set(letter_row(id), row)
        self._end = id + 1
        self.count += 1

    def remove(self, id: int) -> None:
        self._journal.delete(letter_row(id))
        self.count -= 1

    def get(self, id: int) -> DeadLetter | None:
        """One letter; None if there is none, or its time has passed."""
        row = self._journal.get(letter_row(id))
        if row is None:
            return None
        letter = decode_letter(id, row)
        return None if self._is_expired(letter) else letter

    def look_up(self, id: int) -> Job:
        """One letter, as a job."""
        yield from ()
        return self.get(id)

    def find(self, where: DeadLetterFilter, limit: int | None) -> Job:
        """The newest matching letters."""
        found: list[DeadLetter] = []
        for batch in self._read(reversed(self._ids()), where):
            found += batch
            if limit is not None and len(found) >= limit:
                return found[:limit]
            yield
        return found

    def batches(self, which: Iterable[int] | DeadLetterFilter) -> Iterator[list[DeadLetter]]:
        """The letters that are meant, oldest first, in slices that may be empty."""
        if isinstance(which, DeadLetterFilter):
            return self._read(self._ids(), which)
        return self._read(sorted(set(which)), ALL)

    def purge(self, which: Iterable[int] | DeadLetterFilter) -> Job:
        """Delete letters for good, damaged ones too where all are meant; returns how many."""
        count = 0
        if isinstance(which, DeadLetterFilter) and not which.matches_all:
            for batch in self._read(self._ids(), which):
                for letter in batch:
                    self.remove(letter.id)
                count += len(batch)
                yield
            return count
        ids = self._ids() if isinstance(which, DeadLetterFilter) else which
        for seen, id in enumerate(ids, 1):
            if self._journal.has(letter_row(id)):
                self.remove(id)
                count += 1
            if seen % _SLICE == 0:
                yield
        return count

    def expire(self) -> Job:
        """Delete the letters that are older than their time; the oldest come first.

        A damaged one has no time, so it goes with those before it.
        """
        for seen, id in enumerate(self._ids(), 1):
            with contextlib.suppress(ValueError):
                row = self._journal.get(letter_row(id))
                if row is not None and not self._is_expired(decode_letter(id, row)):
                    break
            if self._journal.has(letter_row(id)):
                self.remove(id)
            self._first = id + 1
            if seen % _SLICE == 0:
                yield
        return None

    def _ids(self) -> range:
        return range(self._first, self._end)

    def _read(self, ids: Iterable[int], where: DeadLetterFilter) -> Iterator[list[DeadLetter]]:
        remaining = iter(ids)
        while chunk := list(islice(remaining, _SLICE)):
            letters = []
            for id in chunk:
                # One damaged row must not hide the others; it goes with its age.
                with contextlib.suppress(ValueError):
                    letter = self.get(id)
                    if letter is not None and where.matches(letter):
                        letters.append(letter)
            yield letters

    def _is_expired(self, letter: DeadLetter) -> bool:
        return self._ttl is not None and self._clock() - letter.last_at > self._ttl
