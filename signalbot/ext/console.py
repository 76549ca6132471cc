"""What a framework's own command line does for a bot's dead letters."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from signalbot.errors import SignalBotError

if TYPE_CHECKING:
    from signalbot.services.dead_letters import DeadLetter, DeadLetters


def dead_letter_lines(dead_letters: DeadLetters, *, as_json: bool) -> Iterator[str]:
    """All dead letters, newest first: one a line, or one JSON array."""
    letters = dead_letters.list(limit=None)
    if as_json:
        yield json.dumps([letter.to_dict() for letter in letters], indent=2)
        return
    for letter in letters:
        yield (
            f"{letter.id:>6}  {moment(letter.last_at)}  {letter.reason:<14} {letter.kind:<10} "
            f"{letter.handler or '-'}  {letter.error_type or ''}".rstrip()
        )


def dead_letter_text(letter: DeadLetter) -> Iterator[str]:
    """Everything that is known of one dead letter, the frame included."""
    for name, value in letter.to_dict().items():
        yield f"{name}: {moment(value) if name.endswith('_at') else value}"
    yield f"error: {letter.error}"
    if letter.traceback:
        yield letter.traceback.rstrip()
    yield f"frame: {letter.raw.decode('utf-8', 'backslashreplace')}"


def refuse_unknown(ids: Sequence[int] | None, count: int) -> None:
    """Say it when fewer dead letters were found than asked for.

    Raises:
        SignalBotError: some of the ids are no dead letters."""
    missing = len(set(ids or ())) - count
    if missing > 0:
        raise SignalBotError(
            f"{missing} of the ids are no dead letters (they were replayed, purged, or too old): "
            f"'dlq list' shows those there are. Found: {count}."
        )


def moment(seconds: float) -> str:
    """A time as people of this machine read it."""
    return dt.datetime.fromtimestamp(seconds).astimezone().strftime("%Y-%m-%d %H:%M:%S")
