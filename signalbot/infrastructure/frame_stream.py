"""Messages out of an open websocket, none of them larger than allowed."""

from __future__ import annotations

from typing import Any

import websocket

from signalbot.infrastructure.buffered_socket import BufferedSocket
from signalbot.infrastructure.intake_errors import FrameTooLarge

_ABNF = websocket.ABNF
_MAX_CONTROL = 125


class Farewell(Exception):
    """The peer's close frame arrived.

    Attributes:
        code: its close code; 1005 if it gave none.
    """

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class FrameSocket(websocket.WebSocket):
    """websocket-client's socket, but strict where it is lenient, before a payload is read."""

    def __init__(self, *, max_frame: int, **options: Any) -> None:
        super().__init__(**options)
        self.cont_frame = _Fragments(fire_cont_frame=False, skip_utf8_validation=True)
        self.frame_buffer = _StrictFrames(self._recv, self.cont_frame, max_frame)
        self.is_close_sent = False

    def send_close(self, status: int = websocket.STATUS_NORMAL, reason: str | bytes = b"") -> None:
        """Say goodbye, once: the base class would answer the answer to our own goodbye."""
        if not self.is_close_sent:
            self.is_close_sent = True
            super().send_close(status, reason)


class FrameStream:
    """The messages of one connection; it belongs to the thread that reads."""

    def __init__(self, sock: BufferedSocket, peer: FrameSocket, max_frame: int) -> None:
        self._sock = sock
        self._peer = peer
        self._max_frame = max_frame
        # While websocket-client holds the beginning of a frame or message, the buffer starts in
        # the middle of it and nothing may be cut from it.
        self._is_inside = False

    def next_messages(self) -> list[bytes]:
        """Wait for more bytes and return the messages that they complete, perhaps none.

        UTF-8 is not checked: that is for the reader of the message, who can keep the bytes.

        Raises:
            Farewell: if the peer closes the connection in good order.
            FrameTooLarge: before the payload is read.
            websocket.WebSocketProtocolException: if the peer breaks the protocol.
            ConnectionLost, TimeIsUp, Woken: the same call can be made again after the latter two.
        """
        if not self._is_inside:
            messages, is_special = self._sock.cut_frames(self._max_frame)
            if messages:
                return messages
            if not is_special:
                self._sock.fill()
                return self._sock.cut_frames(self._max_frame)[0]
        return self._next_special()

    def ping(self) -> None:
        """Ask for a sign of life."""
        self._peer.ping()

    def say_goodbye(self, code: int = websocket.STATUS_NORMAL) -> None:
        """Send the close frame; what the peer has sent before its answer can still be read."""
        self._peer.send_close(code)

    def _next_special(self) -> list[bytes]:
        self._is_inside = True
        opcode, frame = self._peer.recv_data_frame(control_frame=True)
        self._is_inside = self._peer.cont_frame.recving_frames is not None
        if opcode == _ABNF.OPCODE_CLOSE:
            raise Farewell(int.from_bytes(frame.data[:2], "big") if frame.data else 1005)
        if opcode in (_ABNF.OPCODE_TEXT, _ABNF.OPCODE_BINARY):
            return [bytes(frame.data)]
        return []


class _Fragments(websocket.continuous_frame):
    """Joins fragments in linear time, and knows how much there is."""

    def add(self, frame: websocket.ABNF) -> None:
        super().add(frame)
        if self.cont_data is not None and isinstance(self.cont_data[1], bytes) and not frame.fin:
            self.cont_data[1] = bytearray(self.cont_data[1])  # so that += no longer copies

    @property
    def size(self) -> int:
        return 0 if self.cont_data is None else len(self.cont_data[1])


class _StrictFrames(websocket.frame_buffer):
    """Refuses a frame by its header: the base class reads 200 MB first."""

    def __init__(self, recv: Any, fragments: _Fragments, max_frame: int) -> None:
        super().__init__(recv, skip_utf8_validation=True)
        self._fragments = fragments
        self._max_frame = max_frame

    def recv_header(self) -> None:
        super().recv_header()
        if self.header is None:
            return
        fin, rsv1, rsv2, rsv3, opcode, has_mask, length = self.header
        if rsv1 or rsv2 or rsv3 or opcode not in _ABNF.OPCODES:
            raise websocket.WebSocketProtocolException("reserved bits or opcode in use")
        if has_mask:
            raise websocket.WebSocketProtocolException("a server must not mask its frames")
        if opcode >= _ABNF.OPCODE_CLOSE and (not fin or length > _MAX_CONTROL):
            raise websocket.WebSocketProtocolException("a control frame is fragmented or too long")

    def recv_length(self) -> None:
        super().recv_length()
        if self.header is None or self.length is None or self.header[4] >= _ABNF.OPCODE_CLOSE:
            return
        size = self._fragments.size + self.length
        if size > self._max_frame:
            raise FrameTooLarge(size, self._max_frame)
