"""A line that reads ahead, with the face of a socket for websocket-client.

websocket-client asks for two bytes, then for some more, then for the payload: three system calls a
frame. Reading 64 KiB at a time leaves one for a hundred frames. The frames that make up all
ordinary traffic (whole, unmasked, text or binary) are cut from that buffer right here; whatever
else comes next in it is websocket-client's, which reads through ``recv`` from the same buffer.
"""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

from signalbot.infrastructure.intake_errors import ConnectionLost

if TYPE_CHECKING:
    from signalbot.infrastructure.dial import Line

READ_SIZE = 65536
_WHOLE_TEXT = 0x81  # FIN, no reserved bits, text
_WHOLE_BINARY = 0x82


class BufferedSocket:
    """What websocket-client takes for a socket.

    It belongs to the thread that dialled. Deadlines instead of timeouts: a peer that sends one
    byte at a time must not be able to stretch the handshake.

    Attributes:
        read_deadline: until when a read may wait; of the monotonic clock, like ``send_deadline``.
        budget: how many bytes may arrive in all; infinite once the handshake is over.
        received: bytes that have arrived so far, the handshake included.
        received_at: when the last of them arrived, in seconds since the epoch.
        heard_at: the same on the monotonic clock.
    """

    def __init__(self, line: Line, *, deadline: float, budget: float = math.inf) -> None:
        self._line = line
        self._buffer = b""
        self._offset = 0
        self.read_deadline = deadline
        self.send_deadline = deadline
        self.budget = budget
        self.received = 0
        self.received_at = time.time()
        self.heard_at = time.monotonic()

    def fill(self) -> None:
        """Wait for more bytes behind those that are left.

        Raises:
            ConnectionLost, TimeIsUp, Woken: as ``Line.receive``.
        """
        chunk = self._line.receive(READ_SIZE, self.read_deadline)
        self.received += len(chunk)
        self.received_at = time.time()
        self.heard_at = time.monotonic()
        if self.received > self.budget:
            raise ConnectionLost("the server sent too much in answer to the handshake")
        left = self._buffer[self._offset :]
        self._buffer = left + chunk if left else chunk
        self._offset = 0

    def cut_frames(self, max_frame: int) -> tuple[list[bytes], bool]:
        """Take all whole frames off the front of the buffer.

        Returns their payloads, and whether the next thing in the buffer is for websocket-client:
        a control frame, a fragment, a protocol error, a frame that is large or too large.
        False means that more bytes are needed to tell.
        """
        buffer, offset, frames = self._buffer, self._offset, []
        end = len(buffer)
        is_special = False
        while end - offset >= 2:
            first, length = buffer[offset], buffer[offset + 1]
            start = offset + 2
            if (first != _WHOLE_TEXT and first != _WHOLE_BINARY) or length > 127:
                is_special = True
                break
            if length == 126:
                start = offset + 4
                length = int.from_bytes(buffer[offset + 2 : start], "big")
            elif length == 127:
                start = offset + 10
                length = int.from_bytes(buffer[offset + 2 : start], "big")
            stop = start + length
            if stop > end:
                # Larger ones would be copied again with every read; websocket-client joins once.
                is_special = start <= end and (length > READ_SIZE or length > max_frame)
                break
            if length > max_frame:
                is_special = True
                break
            frames.append(buffer[start:stop])
            offset = stop
        self._offset = offset
        return frames, is_special

    def recv(self, size: int) -> bytes:
        """Give out what was read ahead; read only if that is used up."""
        if size and self._offset >= len(self._buffer):
            self.fill()
        start = self._offset
        data = self._buffer[start : start + size]
        self._offset = start + len(data)
        return data

    def send(self, data: bytes) -> int:
        """Send everything."""
        self._line.send(data, self.send_deadline)
        return len(data)

    def gettimeout(self) -> None:
        """None, "blocking": waiting is done in here."""

    def settimeout(self, timeout: float | None) -> None:
        """Do nothing; see ``read_deadline``."""

    def close(self) -> None:
        """Do nothing: websocket-client closes early, and the line's owner closes anyway."""

    def shutdown(self, how: int) -> None:
        """Do nothing, for the same reason."""

    def fileno(self) -> int:
        """Websocket-client wants it for waiting, which it never has to do here."""
        raise NotImplementedError
