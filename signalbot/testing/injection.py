"""Frames on their way to the bot: raw ones, bursts, the parts that frames are made of."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from typing import Any

from . import frames
from .identifiers import make_uuid
from .receive import Hub
from .state import Account, GroupState, Person, State
from .uploads import content_type, sniff

Who = str | Person
Group = str | GroupState | None
File = bytes | tuple[str, bytes] | dict[str, Any]


class Injection:
    """The base of :class:`~signalbot.testing.incoming.Incoming`; any thread may call it."""

    state: State
    hub: Hub
    number: str

    def push(self, frame: dict[str, Any] | str | bytes, *, account: str | None = None) -> None:
        """Send any frame as it is; text and bytes go out byte by byte.

        Only sockets of its ``account`` get it; a frame that names none goes to every socket.
        """
        if isinstance(frame, dict):
            payload = frames.encode(frame)
            account = account or _account_of(frame)
        else:
            payload = frame.encode("utf-8", "surrogatepass") if isinstance(frame, str) else frame
            account = account or _account_within(payload)
        self.hub.submit(account, payload)

    def push_many(
        self,
        payloads: Iterable[dict[str, Any] | str | bytes],
        *,
        spacing: float = 0.0,
        account: str | None = None,
    ) -> int:
        """Send a burst, ``spacing`` seconds apart; returns how many frames it was."""
        count = 0
        for payload in payloads:
            if spacing and count:
                # Never less than the spacing: a late frame does not make the next one early.
                _pause_until(time.monotonic() + spacing)
            self.push(payload, account=account)
            count += 1
        return count

    def frame(
        self, sender: Who, text: str | None, group: Group = None, **parts: Any
    ) -> dict[str, Any]:
        """The frame of a message without sending it, to change, or to push in a burst."""
        timestamp = self.state.next_timestamp()
        data = self._data(timestamp, text, group, **parts)
        person = self.state.named(sender)
        return frames.envelope(person, timestamp, {"dataMessage": data}, account=self.number)

    def upload(self, file: File) -> dict[str, Any]:
        """Put a file where ``GET /v1/attachments`` finds it; returns its record for a frame."""
        if isinstance(file, dict):
            return file
        filename, data = file if isinstance(file, tuple) else (None, file)
        with self.state.lock:
            uploaded = self.state.next_timestamp()
            suffix = _safe_suffix(filename) or sniff(data)[1]
            file_id = make_uuid(f"file {uploaded}").replace("-", "")[:20] + suffix
            self.state.attachments[file_id] = data
        mime = content_type(data, filename)
        return frames.attachment(file_id, mime, len(data), filename=filename, uploaded=uploaded)

    def _part(self, sender: Who, group: Group, options: dict[str, Any], **part: Any) -> int:
        timestamp = self.state.next_timestamp()
        data = self._data(timestamp, None, group, **part)
        return self._receive(self.state.named(sender), timestamp, {"dataMessage": data}, **options)

    def _receive(
        self,
        sender: Person | Account,
        timestamp: int,
        payload: dict[str, Any],
        device: int = 1,
        to: str | None = None,
    ) -> int:
        account = to or self.number
        frame = frames.envelope(sender, timestamp, payload, account=account, device=device)
        self.hub.submit(account, frames.encode(frame))
        return timestamp

    def _data(self, timestamp: int, text: str | None, group: Group, **parts: Any) -> dict[str, Any]:
        if group is not None:
            parts["groupInfo"] = frames.group_info(self.state.group(group))
        return frames.data_message(timestamp, text, **parts)

    def _account(self, number: str | None) -> Account:
        return self.state.accounts[number or self.number]

    def _party(self, who: Who | Account | None) -> Person | Account:
        if who is None:
            return self._account(None)
        if isinstance(who, Account):
            return who
        if isinstance(who, str) and (account := self.state.find(who)) is not None:
            return account
        return self.state.named(who)

    def _mention(self, mention: tuple[Who | Account, int, int] | dict[str, Any]) -> dict[str, Any]:
        if isinstance(mention, dict):
            return mention
        who, start, length = mention
        return frames.mention(self._party(who), start, length)

    def _quote(
        self, quote: tuple[Who | Account, int, str] | dict[str, Any] | None
    ) -> dict[str, Any] | None:
        if quote is None or isinstance(quote, dict):
            return quote
        author, timestamp, text = quote
        return frames.quote(self._party(author), timestamp, text)


def _account_of(frame: dict[str, Any]) -> str | None:
    account = frame.get("account")
    return account if isinstance(account, str) else None


def _account_within(payload: bytes) -> str | None:
    try:
        frame = json.loads(payload)
    except (ValueError, RecursionError):
        return None
    return _account_of(frame) if isinstance(frame, dict) else None


def _safe_suffix(filename: str | None) -> str:
    suffix = (filename or "").rpartition(".")[2]
    return f".{suffix}" if filename and "." in filename and suffix.isalnum() else ""


def _pause_until(due: float) -> None:
    """Wait more exactly than sleep() alone does, for spacings below a millisecond."""
    while (left := due - time.monotonic()) > 0:
        if left > 0.002:
            time.sleep(left - 0.001)
