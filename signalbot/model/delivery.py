"""One stored frame on its way to a handler."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from signalbot.model.decode import Peek


@dataclass(slots=True, eq=False)
class Delivery:
    """A frame that the inbox has recorded, with what is known without decoding it.

    ``attempt`` is 0 until the frame is begun for the first time; ``begin`` counts it up before
    the handler runs. ``redelivered`` is True if an earlier process may have run the handler.
    ``outages`` counts runs that ended because the server could not be reached: no attempts.
    """

    seq: int
    raw: bytes
    received_at: float
    source: str
    peek: Peek
    attempt: int = 0
    redelivered: bool = False
    outages: int = 0
