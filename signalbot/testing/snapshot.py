"""State as JSON, to keep a scene or to set one."""

from __future__ import annotations

import base64
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar

from .state import Account, Device, GroupState, Permissions, Person, Poll, State, StickerPack

T = TypeVar("T")
Json = dict[str, Any]

_VERSION = 1


def dump(state: State) -> Json:
    """Everything that outlives a request, as values that JSON knows."""
    with state.lock:
        return {
            "version": _VERSION,
            "accounts": [_plain(account) for account in state.accounts.values()],
            "people": [_plain(person) for person in state.people],
            "groups": [_plain(group) for group in state.groups.values()],
            "polls": {str(timestamp): _plain(poll) for timestamp, poll in state.polls.items()},
            "attachments": {name: _plain(data) for name, data in state.attachments.items()},
            "pending_registrations": dict(state.pending_registrations),
            "log_level": state.log_level,
        }


def load(state: State, data: Json) -> None:
    """Replace what the state knows.

    Raises:
        ValueError: if this is not a dump, or one of another version.
    """
    if data.get("version") != _VERSION:
        raise ValueError(f"not a dump of this version ({_VERSION}): {data.get('version')!r}")
    accounts = [_account(entry) for entry in data["accounts"]]
    people = [_made(Person, entry) for entry in data["people"]]
    groups = [_group(entry) for entry in data["groups"]]
    with state.lock:
        state.reset()
        for account in accounts:
            state.add_account(account)
        for person in people:
            state.people.append(person)
            state.index(person)
        state.groups.update({group.internal_id: group for group in groups})
        state.polls.update({int(t): _made(Poll, poll) for t, poll in data["polls"].items()})
        state.attachments.update(
            {name: base64.b64decode(file["base64"]) for name, file in data["attachments"].items()}
        )
        state.pending_registrations.update(data["pending_registrations"])
        state.log_level = data["log_level"]


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, bytes):
        return {"base64": base64.b64encode(value).decode()}
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value


def _made(kind: type[T], entry: Json) -> T:
    """One record; base64 objects become bytes again."""
    values = {
        key: base64.b64decode(value["base64"])
        if isinstance(value, dict) and set(value) == {"base64"}
        else value
        for key, value in entry.items()
    }
    return kind(**values)


def _account(entry: Json) -> Account:
    account = _made(Account, entry)
    account.devices = [_made(Device, device) for device in entry["devices"]]
    account.sticker_packs = {
        name: _made(StickerPack, pack) for name, pack in entry["sticker_packs"].items()
    }
    return account


def _group(entry: Json) -> GroupState:
    group = _made(GroupState, entry)
    group.permissions = _made(Permissions, entry["permissions"])
    return group
