"""Keeps the members of groups known, for bots that have a handler for group updates."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from signalbot.errors import ApiError
from signalbot.model import Event, GroupUpdate
from signalbot.observability.logging import get_logger
from signalbot.routing.registration import Role
from signalbot.routing.table import RoutingTable
from signalbot.runtime.lanes import Run, Wait
from signalbot.services.membership import Membership

log = get_logger("signalbot.groups")

_LONGEST_WAIT = 60.0


@dataclass
class LookAround:
    """The job of learning all groups, on its way through the pool."""

    attempt: int = 0


class GroupWatch:
    """A service that learns the groups at the start, so that the first change can be told.

    Bots without such a handler ask the server for nothing here.
    """

    def __init__(
        self,
        membership: Membership,
        table_of: Callable[[], RoutingTable],
        offer: Callable[[Any, Any], bool],
    ) -> None:
        self._membership = membership
        self._table_of = table_of
        self._offer = offer

    def start(self) -> None:
        if self._is_wanted():
            self._offer(("groups",), LookAround())

    def stop(self, timeout: float) -> None:
        """Nothing to end: the pool ends the job."""

    def execute(self, job: LookAround, run: Run) -> Wait | None:
        """In a worker: learn them; again after a while if the server is not there yet."""
        job.attempt += 1
        try:
            self._membership.prepare()
        except ApiError as error:
            log.info("groups.unknown", attempt=job.attempt, error_type=type(error).__name__)
            ceiling = min(_LONGEST_WAIT, 2.0 ** min(job.attempt, 8))
            return Wait(random.uniform(ceiling / 2, ceiling))  # nosec B311 - jitter
        return None

    def filled(self, event: Event) -> Event:
        """In a worker, before the handlers: a group update with who joined and left."""
        if isinstance(event, GroupUpdate) and self._is_wanted():
            return self._membership.filled(event)
        return event

    def _is_wanted(self) -> bool:
        return any(
            GroupUpdate.kind in handler.kinds
            for handler in self._table_of().handlers
            if handler.role is Role.EVENT
        )
