"""Chains of edits: an edit names the version before it, a delete the first of all."""

from __future__ import annotations

import threading
from collections import OrderedDict

_REMEMBERED = 1000


class EditChain:
    """The versions of one sent message.

    Attributes:
        first: the timestamp that others know the message by: delete and react with this.
        latest: the timestamp of the newest version: edit with this.
    """

    __slots__ = ("first", "latest")

    def __init__(self, first: int) -> None:
        self.first = first
        self.latest = first

    def __repr__(self) -> str:
        return f"EditChain({self.first}, latest={self.latest})"


class EditChains:
    """Finds the chain of a message by the timestamp of any of its versions.

    For programs that keep only a timestamp: they may edit twice with the same one. Bounded, and
    not stored: after a restart a timestamp has to be that of the latest version.
    """

    def __init__(self, remembered: int = _REMEMBERED) -> None:
        self._remembered = remembered
        # Guarded by the lock; any thread may send.
        self._chains: OrderedDict[int, EditChain] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, version: EditChain | int) -> EditChain:
        """The chain that was extended last, of a message known by a version or an older chain."""
        timestamp = version if isinstance(version, int) else version.first
        with self._lock:
            known = self._chains.get(timestamp)
        if known is not None:
            return known
        return EditChain(version) if isinstance(version, int) else version

    def extend(self, chain: EditChain, timestamp: int) -> None:
        """Add a version that was just sent."""
        with self._lock:
            chain.latest = max(chain.latest, timestamp)
            for version in (chain.first, timestamp):
                self._chains[version] = chain
                self._chains.move_to_end(version)
            while len(self._chains) > self._remembered:
                self._chains.popitem(last=False)
