"""Which recorded frame may be handed out next: fair over chats, in order within each."""

from __future__ import annotations

from array import array
from collections import deque


class Lanes:
    """Counts what is out, and keeps the numbers of what waits, per chat.

    A frame goes out at once while there is a place, its chat holds few places, and nothing of
    its chat waits; everything else waits, so order needs no other rule. One hung chat keeps
    ``max_per_chat`` places, never all. Pure; touched by the inbox thread alone.
    """

    def __init__(self, max_queued: int, max_per_chat: int, max_bytes: int) -> None:
        self._max_queued = max_queued
        self._max_per_chat = max_per_chat
        self._max_bytes = max_bytes
        self.outstanding = 0
        self.bytes = 0
        self.waiting = 0
        self._held: dict[int, int] = {}
        # 8 bytes for a waiting frame; a deque would take 600 for the first one of each chat.
        self._queues: dict[int, array[int]] = {}
        self._heads: dict[int, int] = {}
        # Lanes with waiting frames and room for more; each at most once.
        self._ready: deque[int] = deque()
        self._is_ready: set[int] = set()

    @property
    def has_room(self) -> bool:
        """Whether anything may go out; at least one always may, however large."""
        return self.outstanding < self._max_queued and (
            self.bytes < self._max_bytes or self.outstanding == 0
        )

    @property
    def is_half_empty(self) -> bool:
        """Whether more than half of the places are free."""
        return self.outstanding * 2 < self._max_queued

    def close(self) -> None:
        """From now on everything waits."""
        self._max_queued = 0

    def admit(self, lane: int, size: int) -> bool:
        """Give a new frame a place, or False if it must wait."""
        if lane in self._queues or not self.has_room:
            return False
        held = self._held.get(lane, 0)
        if held >= self._max_per_chat:
            return False
        self._held[lane] = held + 1
        self.outstanding += 1
        self.bytes += size
        return True

    def wait(self, lane: int, seq: int) -> None:
        """Put a frame behind all others of its chat."""
        queue = self._queues.get(lane)
        if queue is None:
            queue = self._queues[lane] = array("Q")
        queue.append(seq)
        self.waiting += 1
        self._offer(lane)

    def next(self) -> tuple[int, int] | None:
        """The lane and the frame whose turn it is, if there is room; it stays until taken."""
        ready = self._ready
        while ready and self.has_room:
            lane = ready[0]
            if self._held.get(lane, 0) < self._max_per_chat:
                return lane, self._queues[lane][self._heads.get(lane, 0)]
            ready.popleft()
            self._is_ready.discard(lane)
        return None

    def take(self, size: int | None) -> None:
        """Give the frame that :meth:`next` named its place; None only takes it out of the queue."""
        lane = self._ready.popleft()
        held = self._held.get(lane, 0)
        self.waiting -= 1
        if size is not None:
            held = self._held[lane] = held + 1
            self.outstanding += 1
            self.bytes += size
        if self._advance(lane) and held < self._max_per_chat:
            self._ready.append(lane)
        else:
            self._is_ready.discard(lane)

    def release(self, lane: int, size: int) -> None:
        """A frame that was out is done, or parked."""
        held = self._held.get(lane, 0) - 1
        if held > 0:
            self._held[lane] = held
        else:
            self._held.pop(lane, None)
        self.outstanding -= 1
        self.bytes -= size
        if lane in self._queues:
            self._offer(lane)

    def occupy(self, lane: int, size: int) -> None:
        """A parked frame runs again; it gets its place even if all are taken."""
        self._held[lane] = self._held.get(lane, 0) + 1
        self.outstanding += 1
        self.bytes += size

    def _offer(self, lane: int) -> None:
        if lane not in self._is_ready and self._held.get(lane, 0) < self._max_per_chat:
            self._is_ready.add(lane)
            self._ready.append(lane)

    def _advance(self, lane: int) -> bool:
        """Whether more of the lane waits behind what was taken."""
        queue, head = self._queues[lane], self._heads.get(lane, 0) + 1
        if head == len(queue):
            del self._queues[lane]
            self._heads.pop(lane, None)
            return False
        if head >= 1024 and head * 2 >= len(queue):
            # Cut off what was taken, at most once for each frame that is left.
            del queue[:head]
            self._heads[lane] = 0
        else:
            self._heads[lane] = head
        return True
