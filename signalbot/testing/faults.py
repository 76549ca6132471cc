"""What shall go wrong next, in which calls, how often."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from typing import Literal

from .records import RecordedRequest
from .replies import Reply

Kind = Literal["reply", "hang", "crash", "rate-limit", "slow"]


# The calls that Signal's rate limit can stop.
_LIMITED = (
    "/v1/polls",
    "/v1/reactions",
    "/v1/receipts",
    "/v1/register",
    "/v1/remote-delete",
    "/v1/send",
    "/v1/typing-indicator",
    "/v2/send",
)


@dataclass(slots=True)
class Fault:
    """One thing that goes wrong.

    Attributes:
        left: how many more requests it hits; None is for ever.
        is_handled: whether the call takes effect although its answer goes wrong.
    """

    kind: Kind
    left: int | None = 1
    method: str | None = None
    path: str | None = None
    is_handled: bool = False
    reply: Reply | None = None
    seconds: float = 0.0
    until: float | None = None
    tokens: tuple[str, ...] = field(default=())

    def hits(self, request: RecordedRequest) -> bool:
        """Whether this request is meant; paths are compared by their beginning.

        Without a path no websocket handshake is: it would use up what was set for a call.
        """
        if self.method is not None and request.method != self.method.upper():
            return False
        if self.path is not None:
            return request.path.startswith(self.path)
        if self.kind == "rate-limit":
            return request.path.startswith(_LIMITED)
        return not request.is_handshake


class Faults:
    """The faults that are set, in the order in which they were."""

    def __init__(self) -> None:
        # Guards _faults: tests add, the server's thread takes.
        self._lock = threading.Lock()
        self._faults: list[Fault] = []

    @property
    def is_armed(self) -> bool:
        """Whether anything is set at all, cheap enough to ask for each request."""
        return bool(self._faults)

    def add(self, fault: Fault) -> None:
        """Set one more fault."""
        with self._lock:
            self._faults.append(fault)

    def delay(self, request: RecordedRequest) -> float:
        """By how many seconds this request is slowed down."""
        with self._lock:
            return sum(f.seconds for f in self._faults if f.kind == "slow" and f.hits(request))

    def take(self, request: RecordedRequest, now: float) -> Fault | None:
        """The first fault for this request, which is used up by one."""
        with self._lock:
            self._faults = [f for f in self._faults if f.until is None or f.until > now]
            for fault in self._faults:
                if fault.kind == "slow" or not fault.hits(request):
                    continue
                if fault.left is not None:
                    fault.left -= 1
                    if fault.left <= 0:
                        self._faults.remove(fault)
                return fault
        return None

    def lift_rate_limit(self, token: str) -> bool:
        """Drop the rate limits that gave out this token; False if none did."""
        with self._lock:
            before = len(self._faults)
            self._faults = [
                f for f in self._faults if f.kind != "rate-limit" or token not in f.tokens
            ]
            return len(self._faults) < before

    def present(self, now: float) -> list[Fault]:
        """What is set now; copies, so that looking uses nothing up."""
        with self._lock:
            return [replace(f) for f in self._faults if f.until is None or f.until > now]

    def drop(self, kind: Kind) -> None:
        """Let what this kind of fault broke work again."""
        with self._lock:
            self._faults = [f for f in self._faults if f.kind != kind]

    def clear(self) -> None:
        """Let everything work again."""
        with self._lock:
            self._faults = []
