"""Which frames are worth keeping."""

from __future__ import annotations

from collections.abc import Callable

from signalbot.model.peek import Peek
from signalbot.routing.table import RoutingTable
from signalbot.runtime.subscriptions import Subscriptions
from signalbot.services.directory import NEWS, Directory
from signalbot.services.identity import Identity


class Interest:
    """Asked on the inbox's thread for each frame, so it is cheap and waits for nothing.

    What no handler wants is not kept; it may tell of a change, or of ourselves, all the same.
    """

    def __init__(
        self,
        table_of: Callable[[], RoutingTable],
        subscriptions: Subscriptions,
        has_parked: Callable[[], bool],
        *,
        identity: Identity,
        directory: Directory,
    ) -> None:
        self._table_of = table_of
        self._subscriptions = subscriptions
        self._has_parked = has_parked
        self._identity = identity
        self._directory = directory

    def __call__(self, peeked: Peek) -> bool:
        kind = peeked.kind
        if peeked.is_own:
            self._identity.learn_from_own(peeked.sender)
        if kind in NEWS:
            self._directory.hear(kind, peeked.chat)
        return (
            self._table_of().wanted(kind, peeked.is_own)
            or bool(self._subscriptions)
            or (kind == "message" and self._has_parked())
        )
