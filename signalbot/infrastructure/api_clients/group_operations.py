"""The endpoints under /v1/groups, apart from the methods that call them."""

from __future__ import annotations

from signalbot.infrastructure.api_clients.operation import Operation, Param, required, values
from signalbot.infrastructure.api_models.enums import GroupLink, GroupPermission
from signalbot.infrastructure.calls import Family

_GROUPS = "/v1/groups/{number}"
_GROUP = "/v1/groups/{number}/{groupid}"
_EXPAND = (Param("expand", "boolean"),)
_MEMBERS = (required("members", "array:string"),)
_ADMINS = (required("admins", "array:string"),)
_LINK = Param("group_link", enum=values(GroupLink))
_PERMISSIONS = Param(
    "permissions",
    "object",
    fields=tuple(
        Param(name, enum=values(GroupPermission))
        for name in ("add_members", "edit_group", "send_messages")
    ),
)
_TARGET = (required("target_author"), required("timestamp", "integer"))


def _on_group(
    method: str, tail: str, body: tuple[Param, ...] = (), *, is_send: bool = False
) -> Operation:
    return Operation(method, _GROUP + tail, Family.GROUPS, body=body, is_send=is_send)


class GroupOperations:
    """What :class:`GroupsApi` may ask the server."""

    LIST = Operation("GET", _GROUPS, Family.GROUPS, query=_EXPAND)
    CREATE = Operation(
        "POST",
        _GROUPS,
        Family.GROUPS,
        body=(
            Param("name"),
            Param("members", "array:string"),
            Param("description"),
            _PERMISSIONS,
            _LINK,
            Param("expiration_time", "integer"),
        ),
    )
    GET = Operation("GET", _GROUP, Family.GROUPS, query=_EXPAND)
    UPDATE = _on_group(
        "PUT",
        "",
        (
            Param("name"),
            Param("description"),
            Param("base64_avatar"),
            Param("expiration_time", "integer"),
            _LINK,
            _PERMISSIONS,
        ),
    )
    DELETE = _on_group("DELETE", "")
    QUIT = _on_group("POST", "/quit")
    JOIN = _on_group("POST", "/join")
    BLOCK = _on_group("POST", "/block")
    ADD_MEMBERS = _on_group("POST", "/members", _MEMBERS)
    REMOVE_MEMBERS = _on_group("DELETE", "/members", _MEMBERS)
    ADD_ADMINS = _on_group("POST", "/admins", _ADMINS)
    REMOVE_ADMINS = _on_group("DELETE", "/admins", _ADMINS)
    AVATAR = _on_group("GET", "/avatar")
    PIN = _on_group("POST", "/pin-message", (*_TARGET, Param("duration", "integer")), is_send=True)
    UNPIN = _on_group("DELETE", "/pin-message", _TARGET, is_send=True)
