"""Registering jobs: functions that run by the clock."""

from __future__ import annotations

import datetime as dt
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from signalbot.model.retry import RetryPolicy
from signalbot.routing.options import INHERIT, Inherit, checked_retry
from signalbot.routing.places import Place, here, place_of
from signalbot.routing.registration import name_of
from signalbot.routing.schedules import At, Cron, Every, Schedule

if TYPE_CHECKING:
    from signalbot.routing.registrar import Registrar

JobT = TypeVar("JobT", bound=Callable[..., Any])

Missed = Literal["once", "skip", "all"]
"""What to do about runs that were due while the bot was not running."""


@dataclass(frozen=True)
class Job:
    """One registered job.

    Attributes:
        name: module and qualified name; the time of the last run is stored under it.
        takes_bot: whether the function wants the bot.
    """

    name: str
    fn: Callable[..., Any]
    place: Place
    schedule: Schedule
    missed: Missed
    retry: RetryPolicy | None | Inherit
    takes_bot: bool

    def call(self, bot: Any) -> Any:
        """Run the function."""
        return self.fn(bot) if self.takes_bot else self.fn()


class JobDecorators:
    """``every``, ``cron`` and ``at``, for routers and bots."""

    _registrar: Registrar

    def every(
        self,
        interval: float | str | dt.timedelta,
        *,
        missed: Missed = "once",
        retry: RetryPolicy | Inherit | None = INHERIT,
        name: str | None = None,
    ) -> Callable[[JobT], JobT]:
        """Run ``def job(bot)`` every so often: ``"10m"``, ``"1h30m"``, or seconds.

        The first run comes one interval after the first start; later starts go on counting.
        A job never overlaps with itself: while it runs, its next runs are left out.
        """
        place = here()
        return self._job("every", Every(interval, place), place, missed, retry, name)

    def cron(
        self,
        expression: str,
        *,
        tz: str | dt.tzinfo | None = None,
        missed: Missed = "once",
        retry: RetryPolicy | Inherit | None = INHERIT,
        name: str | None = None,
    ) -> Callable[[JobT], JobT]:
        """Run ``def job(bot)`` by a cron line: ``"0 8 * * *"``, in a time zone."""
        place = here()
        return self._job("cron", Cron(expression, tz, place), place, missed, retry, name)

    def at(
        self,
        moment: dt.datetime | str,
        *,
        tz: str | dt.tzinfo | None = None,
        missed: Missed = "once",
        retry: RetryPolicy | Inherit | None = INHERIT,
        name: str | None = None,
    ) -> Callable[[JobT], JobT]:
        """Run ``def job(bot)`` once, at a moment."""
        place = here()
        return self._job("at", At(moment, tz, place), place, missed, retry, name)

    def _job(
        self,
        decorator: str,
        schedule: Schedule,
        place: Place,
        missed: Missed,
        retry: RetryPolicy | Inherit | None,
        name: str | None,
    ) -> Callable[[JobT], JobT]:
        if missed not in ("once", "skip", "all"):
            raise place.error(f"{decorator}(): missed= is 'once', 'skip' or 'all'")
        checked_retry(retry, place)
        arrived = self._registrar.expect(decorator)

        def decorate(fn: JobT) -> JobT:
            arrived()
            takes_bot = wants_bot(fn, place_of(fn))
            self._registrar.add_job(
                Job(name or name_of(fn), fn, place_of(fn), schedule, missed, retry, takes_bot)
            )
            return fn

        return decorate


def wants_bot(fn: Callable[..., Any], place: Place) -> bool:
    """Whether a job's function takes the bot.

    Raises:
        RegistrationError: if it wants anything else."""
    if not callable(fn):
        raise place.error("a job is a function: def job(bot)")
    required = [
        parameter
        for parameter in inspect.signature(fn).parameters.values()
        if parameter.default is parameter.empty
        and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    ]
    if len(required) > 1 or any(each.kind is each.KEYWORD_ONLY for each in required):
        raise place.error("a job gets the bot and nothing else: def job(bot)")
    return bool(required) or "bot" in inspect.signature(fn).parameters
