"""Groups: list, make, change, leave."""

from __future__ import annotations

from typing import Any

from .bodies import bind, flag, integer, many, record, string
from .group_lookup import (
    by_decoded_id,
    by_whole_id,
    by_whole_id_or_404,
    groups_of,
    member_id,
    remove,
)
from .records import RecordedRequest
from .replies import Refused, Reply, empty, json_reply
from .state import Account, GroupState
from .uploads import decode_base64, sniff
from .world import Route, World

_PERMISSIONS = {"add_members": string, "edit_group": string, "send_messages": string}
_CHANGES = {
    "name": string,
    "description": string,
    "base64_avatar": string,
    "expiration_time": integer,
    "group_link": string,
    "permissions": record(_PERMISSIONS),
}
_CREATE = {**_CHANGES, "members": many(string)}
_LINKS = ("disabled", "enabled", "enabled-with-approval")
_PIN = {"target_author": string, "timestamp": integer, "duration": integer}


def list_groups(world: World, request: RecordedRequest, number: str) -> Reply:
    """``GET /v1/groups/{number}``; groups that were left stay in the list."""
    account = world.account(number)
    expand = flag(request.query, "expand")
    return json_reply(
        [_entry(world, account, group, expand) for group in groups_of(world, account)]
    )


def get_group(world: World, request: RecordedRequest, number: str, groupid: str) -> Reply:
    """``GET /v1/groups/{number}/{groupid}``; an unknown id is 200 with ``null``."""
    account = world.account(number)
    expand = flag(request.query, "expand")
    group = by_whole_id(world, account, groupid)
    return json_reply(group and _entry(world, account, group, expand))


def create_group(world: World, request: RecordedRequest, number: str) -> Reply:
    """``POST /v1/groups/{number}``."""
    body = bind(request.body, _CREATE)
    _check(body)
    account = world.account(number)
    if not account.name:
        raise Refused("Cannot create group - please first update your profile.")
    members = [
        member_id(world, account, member, prefixed=False) for member in body.get("members", ())
    ]
    group = world.state.add_group(body.get("name", ""), [account.uuid])
    group.admins = [account.uuid]
    group.members += [member for member in members if member not in group.members]
    _apply(world, group, body)
    return json_reply({"id": group.id}, 201)


def update_group(world: World, request: RecordedRequest, number: str, groupid: str) -> Reply:
    """``PUT /v1/groups/{number}/{groupid}``; what is absent stays as it is."""
    body = bind(request.body, _CHANGES)
    _check(body)
    if not world.options.is_classic and body.get("expiration_time") == 0:
        # json-rpc loses the zero, so that the timer cannot be switched off there.
        del body["expiration_time"]
    group = by_decoded_id(world, world.account(number), groupid)
    _apply(world, group, body)
    group.revision += 1
    return empty(204)


def change_members(world: World, request: RecordedRequest, number: str, groupid: str) -> Reply:
    """``POST`` or ``DELETE /v1/groups/{number}/{groupid}/members``."""
    is_adding = request.method == "POST"
    members = bind(request.body, {"members": many(string)}).get("members", [])
    if is_adding and not members:
        raise Refused("Please specify at least one member")
    account = world.account(number)
    group = by_whole_id_or_404(world, account, groupid)
    if not members:
        return empty(204)
    for member in members:
        who = member_id(world, account, member, prefixed=world.options.is_classic)
        if is_adding and who not in group.members:
            group.members.append(who)
        elif not is_adding:
            remove(group, who)
    group.revision += 1
    return empty(204)


def change_admins(world: World, request: RecordedRequest, number: str, groupid: str) -> Reply:
    """``POST`` or ``DELETE /v1/groups/{number}/{groupid}/admins``."""
    admins = bind(request.body, {"admins": many(string)}).get("admins", [])
    account = world.account(number)
    group = by_whole_id_or_404(world, account, groupid)
    for admin in admins:
        who = member_id(world, account, admin, prefixed=True)
        if request.method == "POST" and who not in group.admins:
            group.admins.append(who)
        elif request.method == "DELETE" and who in group.admins:
            group.admins.remove(who)
    group.revision += bool(admins)
    return empty(204)


def get_avatar(world: World, _: RecordedRequest, number: str, groupid: str) -> Reply:
    """``GET /v1/groups/{number}/{groupid}/avatar``."""
    group = by_decoded_id(world, world.account(number), groupid)
    if group.avatar is None:
        raise Refused("No avatar found.", 404)
    return Reply(200, group.avatar, sniff(group.avatar)[0])


def block_group(world: World, _: RecordedRequest, number: str, groupid: str) -> Reply:
    """``POST /v1/groups/{number}/{groupid}/block``; there is no way back."""
    account = world.account(number)
    group = by_decoded_id(world, account, groupid)
    if not account.is_primary:
        raise Refused("This command doesn't work on linked devices.")
    if number not in group.blocked_by:
        group.blocked_by.append(number)
    return empty(204)


def join_group(world: World, _: RecordedRequest, number: str, groupid: str) -> Reply:
    """``POST /v1/groups/{number}/{groupid}/join``: accept an invitation."""
    account = world.account(number)
    group = by_decoded_id(world, account, groupid)
    if account.uuid in group.pending_invites:
        group.pending_invites.remove(account.uuid)
        group.members.append(account.uuid)
        group.revision += 1
    return empty(204)


def quit_group(world: World, request: RecordedRequest, number: str, groupid: str) -> Reply:
    """``POST …/quit``, or ``DELETE`` of the group, which is the same with another status."""
    account = world.account(number)
    group = by_decoded_id(world, account, groupid)
    others = [member for member in group.members if member != account.uuid]
    if group.admins == [account.uuid] and others:
        raise Refused(
            "You need to specify a new admin with --admin: "
            "You are the only admin in this group and must appoint another one before leaving."
        )
    remove(group, account.uuid)
    return empty(200 if request.method == "DELETE" else 204)


def pin_message(world: World, request: RecordedRequest, number: str, groupid: str) -> Reply:
    """``POST`` or ``DELETE /v1/groups/{number}/{groupid}/pin-message``."""
    body = bind(request.body, _PIN)
    for field in ("target_author", "timestamp"):
        if not body.get(field):
            raise Refused(f"Couldn't process request - {field} missing")
    group = by_decoded_id(world, world.account(number), groupid)
    key = f"{body['target_author']}:{world.check_timestamp(body['timestamp'])}"
    if request.method == "POST":
        group.pinned[key] = body.get("duration", -1)
    else:
        group.pinned.pop(key, None)
    return empty(201)


def _check(body: dict[str, Any]) -> None:
    if body.get("group_link", "disabled") not in _LINKS:
        raise Refused("Invalid group link")
    for name, value in body.get("permissions", {}).items():
        if value not in ("only-admins", "every-member", ""):
            raise Refused(f"Invalid {name} permissions provided: {value}")


def _apply(world: World, group: GroupState, body: dict[str, Any]) -> None:
    group.name = body.get("name", group.name)
    group.description = body.get("description", group.description)
    group.expires_in = body.get("expiration_time", group.expires_in)
    if body.get("base64_avatar"):
        group.avatar = decode_base64(body["base64_avatar"])
    for name, value in body.get("permissions", {}).items():
        setattr(group.permissions, name, value)
    if "group_link" in body:
        group.link_state = body["group_link"]
        is_open = group.link_state != "disabled"
        group.invite_link = f"https://signal.group/#{group.internal_id}" if is_open else ""


def _entry(world: World, account: Account, group: GroupState, expand: bool) -> dict[str, Any]:
    def show(people: list[str]) -> list[Any]:
        return [_member(world, person, expand) for person in people]

    entry: dict[str, Any] = {
        "name": group.name,
        "description": group.description,
        "id": group.id,
        "internal_id": group.internal_id,
        "members": show(group.members),
        "blocked": account.number in group.blocked_by,
    }
    if world.options.is_newer:
        entry["member"] = account.uuid in group.members
    permissions = group.permissions
    return {
        **entry,
        "pending_invites": show(group.pending_invites),
        "pending_requests": show(group.pending_requests),
        "invite_link": group.invite_link,
        "admins": show(group.admins),
        "permissions": {
            "add_members": permissions.add_members,
            # The server shows the value of send_messages here.
            "edit_group": permissions.send_messages,
            "send_messages": permissions.send_messages,
        },
    }


def _member(world: World, who: str, expand: bool) -> Any:
    party = world.state.find(who)
    number = (party.number if party else None) or ""
    uuid = (party.uuid if party else who) or ""
    return {"number": number, "uuid": uuid} if expand else number or uuid


_GROUP = "/v1/groups/{number}/{groupid}"
ROUTES: list[Route] = [
    ("GET", "/v1/groups/{number}", list_groups),
    ("POST", "/v1/groups/{number}", create_group),
    ("GET", _GROUP, get_group),
    ("PUT", _GROUP, update_group),
    ("DELETE", _GROUP, quit_group),
    ("POST", f"{_GROUP}/members", change_members),
    ("DELETE", f"{_GROUP}/members", change_members),
    ("POST", f"{_GROUP}/admins", change_admins),
    ("DELETE", f"{_GROUP}/admins", change_admins),
    ("GET", f"{_GROUP}/avatar", get_avatar),
    ("POST", f"{_GROUP}/block", block_group),
    ("POST", f"{_GROUP}/join", join_group),
    ("POST", f"{_GROUP}/quit", quit_group),
    ("POST", f"{_GROUP}/pin-message", pin_message),
    ("DELETE", f"{_GROUP}/pin-message", pin_message),
]
