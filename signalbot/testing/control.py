"""Remote control of the stand-in over HTTP, for those who are not in its process."""

from __future__ import annotations

import base64
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any

from .records import RecordedRequest
from .replies import Refused, Reply, empty, json_reply
from .world import Route, World

if TYPE_CHECKING:
    from .fake_signal import FakeSignal

# What may be called from outside: nothing that stops, blocks, or reads files.
CALLS = frozenset(
    {
        "add_account",
        "add_group",
        "add_person",
        "add_poll_noise",
        "clear_faults",
        "close_poll",
        "close_websocket",
        "crash_mid_request",
        "delete",
        "drop_websocket",
        "duplicate_next",
        "emit",
        "edit",
        "fail_next",
        "fail_poll",
        "fail_recipient",
        "fail_to_decrypt",
        "forget",
        "half_open",
        "hang",
        "pin",
        "poll",
        "push",
        "rate_limit",
        "react",
        "receipt",
        "refuse_websocket",
        "release",
        "say",
        "slow",
        "sync",
        "sync_sent",
        "typing",
        "unpin",
        "unregistered",
        "untrusted",
        "update_group",
        "vote",
    }
)
_LOGS = frozenset(
    {"deletes", "reactions", "receipts", "requests", "sent", "typing_log", "unheard", "votes"}
)


def routes(signal: FakeSignal) -> list[Route]:
    """``POST /fake/{call}`` with keyword arguments, ``GET /fake/{log}``, ``/fake/state``."""

    def call(_: World, request: RecordedRequest, name: str) -> Reply:
        arguments = request.json if request.body else {}
        if name not in CALLS or not isinstance(arguments, dict):
            raise Refused(f"no such call, or no JSON object: {name}", 404)
        try:
            return json_reply(plain(getattr(signal, name)(**arguments)))
        except (LookupError, TypeError, ValueError) as error:
            raise Refused(str(error)) from None

    def show(_: World, __: RecordedRequest, name: str) -> Reply:
        if name not in _LOGS:
            raise Refused(f"no such log: {name}", 404)
        return json_reply(plain(getattr(signal, name)))

    def get_state(_: World, __: RecordedRequest) -> Reply:
        return json_reply(signal.dump())

    def set_state(_: World, request: RecordedRequest) -> Reply:
        try:
            signal.load(request.json)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise Refused(f"not a dump: {error}") from None
        return empty(204)

    return [
        ("GET", "/fake/state", get_state),
        ("PUT", "/fake/state", set_state),
        ("GET", "/fake/{name}", show),
        ("POST", "/fake/{name}", call),
    ]


def plain(value: Any) -> Any:
    """Records, bytes, tuples as values that JSON knows."""
    if isinstance(value, RecordedRequest):
        return {"method": value.method, "path": value.path, "json": value.json, "at": value.at}
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value
