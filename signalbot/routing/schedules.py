"""When a job is due: every so often, by a cron line, or once."""

from __future__ import annotations

import datetime as dt
import importlib.util
from abc import ABC, abstractmethod
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from signalbot.routing.converters import parse_duration
from signalbot.routing.places import Place


class Schedule(ABC):
    """A pure function of time; all times are aware datetimes."""

    @abstractmethod
    def next_after(self, moment: dt.datetime) -> dt.datetime | None:
        """The first time after the moment at which the job is due, or None."""


class Every(Schedule):
    """Every so many seconds, counted from the first start."""

    def __init__(self, interval: Any, place: Place) -> None:
        if callable(interval):
            raise place.error("@every needs an interval: @bot.every('10m')")
        try:
            self.seconds = seconds_of(interval)
        except (TypeError, ValueError, OverflowError):
            raise place.error(
                f"every({interval!r}): write an interval like '10m', '1h30m' or 90 (seconds)"
            ) from None
        if self.seconds < 0.01:
            raise place.error("every(): the interval is at least 0.01 seconds")

    def next_after(self, moment: dt.datetime) -> dt.datetime:
        return moment + dt.timedelta(seconds=self.seconds)

    def __repr__(self) -> str:
        return f"every {self.seconds:g} s"


class Cron(Schedule):
    """A cron line in a time zone.

    Daylight saving is cronsim's, which follows Debian's cron: a job in the skipped hour runs
    right after it, one in the repeated hour runs once.
    """

    def __init__(self, expression: str, tz: str | dt.tzinfo | None, place: Place) -> None:
        if importlib.util.find_spec("cronsim") is None:
            raise place.error(
                "cron() needs the package cronsim: pip install 'signalbot-sync[cron]'"
            )
        from cronsim import CronSim, CronSimError

        self.expression = expression
        self.zone = zone_of(tz, place)
        try:
            CronSim(expression, dt.datetime.now(self.zone))
        except CronSimError as error:
            raise place.error(f"cron({expression!r}): {error}") from None

    def next_after(self, moment: dt.datetime) -> dt.datetime | None:
        from cronsim import CronSim

        found: dt.datetime | None = next(
            CronSim(self.expression, moment.astimezone(self.zone)), None
        )
        return found

    def __repr__(self) -> str:
        return f"cron {self.expression!r} {self.zone}"


class At(Schedule):
    """Once, at a moment."""

    def __init__(self, moment: dt.datetime | str, tz: str | dt.tzinfo | None, place: Place) -> None:
        if isinstance(moment, str):
            try:
                moment = dt.datetime.fromisoformat(moment)
            except ValueError:
                raise place.error(f"at({moment!r}): write it like '2026-12-24 18:00'") from None
        self.moment = moment if moment.tzinfo else moment.replace(tzinfo=zone_of(tz, place))

    def next_after(self, moment: dt.datetime) -> dt.datetime | None:
        return self.moment if self.moment > moment else None

    def __repr__(self) -> str:
        return f"at {self.moment.isoformat()}"


def seconds_of(interval: float | str | dt.timedelta) -> float:
    """Seconds of a number, of a timedelta, or of a text like ``10m``.

    Raises:
        ValueError: if it is none of these."""
    if isinstance(interval, dt.timedelta):
        return interval.total_seconds()
    if isinstance(interval, str):
        return parse_duration(interval).total_seconds()
    return float(interval)


def zone_of(tz: str | dt.tzinfo | None, place: Place) -> dt.tzinfo:
    """A time zone by name; the machine's own if none is given."""
    if tz is None:
        local = dt.datetime.now().astimezone().tzinfo
        return local if local is not None else dt.timezone.utc
    if isinstance(tz, dt.tzinfo):
        return tz
    try:
        return ZoneInfo(tz)
    except (ZoneInfoNotFoundError, ValueError):
        raise place.error(
            f"{tz!r} is no time zone known here; names are like 'Europe/Berlin' "
            "(on Windows: pip install tzdata)"
        ) from None
