"""What a framework's own command line does for a bot: logging, listing dead letters."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from signalbot.services.dead_letters import DeadLetter, DeadLetters
    from signalbot.settings import Settings


def log_to_console(settings: Settings) -> None:
    """Show what the bot logs, unless the host's own configuration shows it already."""
    from signalbot.observability.logging import configure, is_shown

    if not is_shown():
        configure(settings.log_level or "INFO")


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


def moment(seconds: float) -> str:
    """A time as people of this machine read it."""
    return dt.datetime.fromtimestamp(seconds).astimezone().strftime("%Y-%m-%d %H:%M:%S")
