"""What the admin pages show, as plain values for their templates."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from signalbot.infrastructure.control import ask_status

if TYPE_CHECKING:
    from signalbot.ext.django.project_bot import DjangoBot
    from signalbot.services.dead_letters import DeadLetter

_BUSY = ("running", "parked", "lanes", "jobs", "breakers")


def status(bot: DjangoBot) -> dict[str, Any]:
    """What the process that receives says, be it this one or another of this machine.

    Raises:
        StorageError: no bot answers."""
    return ask_status(bot.state_directory)


def status_rows(status: dict[str, Any]) -> list[tuple[str, Any]]:
    """Every number on a line of its own; lists have pages of their own, or are counted."""
    return [*_flat({name: value for name, value in status.items() if name not in _BUSY}),
            *_flat({"breakers": status.get("breakers", {})})]  # fmt: skip


def _flat(values: dict[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{above}{name} ")
        else:
            yield f"{above}{name}".replace("_", " "), value


def jobs(bot: DjangoBot) -> list[dict[str, Any]]:
    """Name, place, last and next run of every job."""
    memory = bot.storage.namespace("jobs")
    now = dt.datetime.now(dt.timezone.utc)
    return [
        {
            "name": job.name,
            "place": str(job.place),
            "schedule": job.schedule,
            "missed": job.missed,
            "last": _time(memory.get(job.name)),
            "next": job.schedule.next_after(_time(memory.get(job.name)) or now),
        }
        for job in bot.jobs
    ]


def row(letter: DeadLetter) -> dict[str, Any]:
    """One dead letter; its frame is set so that people can read it."""
    return {
        **letter.to_dict(),
        "first_at": _time(letter.first_at),
        "last_at": _time(letter.last_at),
        "replays": letter.replays,
        "source": letter.source,
        "error": letter.error,
        "traceback": letter.traceback,
        "frame": _readable(letter.raw),
    }


def _time(seconds: Any) -> dt.datetime | None:
    if not isinstance(seconds, int | float):
        return None
    return dt.datetime.fromtimestamp(seconds, dt.timezone.utc)


def _readable(raw: bytes) -> str:
    try:
        return json.dumps(json.loads(raw), indent=2, ensure_ascii=False)
    except ValueError:
        return raw.decode("utf-8", "backslashreplace")
