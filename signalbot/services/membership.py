"""Who joined, left and was promoted: found by comparing a group with what was known of it."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from signalbot.errors import SignalBotError
from signalbot.model import GroupUpdate, User
from signalbot.observability.logging import get_logger

if TYPE_CHECKING:
    from signalbot.infrastructure.api_models import GroupInfo
    from signalbot.services.directory import Directory

log = get_logger("signalbot.membership")

_REMEMBERED_CHANGES = 1000

People = tuple[User, ...]


@dataclass(frozen=True)
class Change:
    """What became of a group's members."""

    joined: People = ()
    left: People = ()
    promoted: People = ()


class Membership:
    """Fills group updates, of which the server says only that something changed.

    ``_lock`` guards what is known; it is not held while the server is asked. Updates of one
    group come one after the other, because the pool keeps the order of each chat.
    """

    def __init__(self, directory: Directory, me: Callable[[], User]) -> None:
        self._directory = directory
        self._me = me
        self._lock = threading.Lock()
        self._known: dict[str, tuple[People, People]] = {}  # members and admins, by group
        self._knows_all = False
        # A retried event has to tell the same as before, although the group is known by then.
        self._changes: OrderedDict[object, Change] = OrderedDict()

    def prepare(self) -> None:
        """Learn all groups as they are now; what is known already stays.

        Raises:
            ApiError: if the server cannot be asked."""
        self._directory.hear(GroupUpdate.kind, None)
        groups = self._directory.groups()
        with self._lock:
            for group in groups:
                self._known.setdefault(group.group.internal_id, (group.members, group.admins))
            self._knows_all = True

    def filled(self, event: GroupUpdate) -> GroupUpdate:
        """The event with ``joined``, ``left`` and ``promoted``; as it was if nobody can tell."""
        change = self._changes.get(event.id)
        if change is None:
            try:
                change = self._change(event)
            except SignalBotError as error:
                log.info("membership.unknown", error_type=type(error).__name__)
                return event
        return replace(event, joined=change.joined, left=change.left, promoted=change.promoted)

    def _change(self, event: GroupUpdate) -> Change:
        group = event.group
        if group is None:
            return Change()
        new = self._directory.ask_group(group)
        with self._lock:
            old = self._known.get(group.internal_id)
            self._known[group.internal_id] = new.members, new.admins
            change = Change() if old is None else compare(old, new)
            if old is None and self._knows_all:
                # A group that was not there when all were asked for: it is me who joined.
                change = Change(joined=(self._me(),))
            self._changes[event.id] = change
            while len(self._changes) > _REMEMBERED_CHANGES:
                self._changes.popitem(last=False)
        return change


def compare(old: tuple[People, People], new: GroupInfo) -> Change:
    """The difference, whichever of their identifiers the server gave for people each time."""
    members, admins = old
    joined = _without(new.members, members)
    return Change(
        joined=joined,
        left=_without(members, new.members),
        # Whoever joins as an admin, as the one who made the group does, was not promoted.
        promoted=_without(_without(new.admins, admins), joined),
    )


def _without(people: Iterable[User], others: Iterable[User]) -> People:
    known = {name for each in others for name in (each.uuid, each.number) if name}
    return tuple(each for each in people if each.uuid not in known and each.number not in known)
