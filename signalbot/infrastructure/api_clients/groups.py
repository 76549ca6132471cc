"""Groups: create, change, leave, and who is in them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from signalbot.infrastructure import api_models as models
from signalbot.infrastructure.api_clients.addresses import (
    GroupLike,
    PersonLike,
    address,
    group,
    person,
    recipient,
)
from signalbot.infrastructure.api_clients.area import Area, present
from signalbot.infrastructure.api_clients.caller import Caller
from signalbot.infrastructure.api_clients.durations import seconds
from signalbot.infrastructure.api_clients.general import GeneralApi
from signalbot.infrastructure.api_clients.group_operations import GroupOperations
from signalbot.infrastructure.api_clients.images import ImageSource, image_text
from signalbot.infrastructure.api_clients.references import Target, reference
from signalbot.infrastructure.api_models.enums import GroupLink, GroupPermission
from signalbot.model.people import Group


class GroupsApi(GroupOperations, Area):
    """Everything about groups; a group may be given as Group, Chat, REST id or internal id.

    ```python
    group = client.groups.create("Pizza", ["+4915187654321"], description="Fridays")
    client.groups.add_members(group, ["+4915112345679"])
    client.groups.update(group, name="Pizza & Pasta", link=GroupLink.ENABLED)
    for info in client.groups.list():
        print(info.name, len(info.members))
    ```
    """

    def __init__(self, caller: Caller, general: GeneralApi) -> None:
        super().__init__(caller)
        self._general = general

    def list(self, *, expand: bool = False) -> tuple[models.GroupInfo, ...]:
        """All groups, left ones included; may be empty until something was received.

        Args:
            expand: give members by number *and* uuid (server 0.99 and newer).
        """
        return self._ask_all(models.GroupInfo, self.LIST, query=_expand(expand))

    def get(self, group_: GroupLike, *, expand: bool = False) -> models.GroupInfo:
        """One group.

        Raises:
            NotFound: if the account does not know it.
        """
        found = self._ask(self.GET, path=_path(group_), query=_expand(expand))
        if found is None:  # the server's way to say that there is no such group
            raise self._caller.not_found(self.GET, "the account knows no such group")
        return self._read(models.GroupInfo, self.GET, found)

    def create(
        self,
        name: str,
        members: Iterable[PersonLike] | PersonLike = (),
        *,
        description: str | None = None,
        permissions: models.GroupPermissions | Mapping[str, GroupPermission | str] | None = None,
        link: GroupLink | str | None = None,
        expires_in: float | timedelta | None = None,
    ) -> Group:
        """Create a group with the account as its admin.

        Args:
            expires_in: messages disappear after so many seconds.

        Raises:
            BadRequest: if the account has no profile name yet (``client.profiles.update``).
        """
        body = present(
            {
                "name": name,
                "members": [recipient(person(member)) for member in _several(members)],
                "description": description,
                "permissions": _permissions(permissions),
                "group_link": None if link is None else GroupLink(link).value,
                "expiration_time": None if expires_in is None else seconds(expires_in),
            }
        )
        found = self._ask(self.CREATE, body=body)
        group_id = found.get("id") if isinstance(found, dict) else None
        # "group." alone is what the server makes of an answer that signal-cli left empty.
        if not isinstance(group_id, str) or group_id in ("", "group."):
            raise self._caller.unreadable(self.CREATE, 201)
        return Group.parse(group_id)

    def update(
        self,
        group_: GroupLike,
        *,
        name: str | None = None,
        description: str | None = None,
        avatar: ImageSource | None = None,
        permissions: models.GroupPermissions | Mapping[str, GroupPermission | str] | None = None,
        link: GroupLink | str | None = None,
        expires_in: float | timedelta | None = None,
    ) -> None:
        """Change what is given and leave the rest.

        Args:
            avatar: bytes, or the path of an image.
            expires_in: messages disappear after so many seconds; 0 switches that off, which only
                classic servers can do.

        Raises:
            ValueError: if ``expires_in`` is 0 and the server would ignore it.
        """
        if expires_in is not None and not seconds(expires_in):
            self._general.refuse_zero("expires_in=0")
        body = present(
            {
                "name": name,
                "description": description,
                "base64_avatar": None if avatar is None else image_text(avatar),
                "expiration_time": None if expires_in is None else seconds(expires_in),
                "group_link": None if link is None else GroupLink(link).value,
                "permissions": _permissions(permissions),
            }
        )
        self._do(self.UPDATE, path=_path(group_), body=body)

    def delete(self, group_: GroupLike) -> None:
        """Leave the group, by the server's DELETE: its data stays, so this is :meth:`quit`."""
        self._do(self.DELETE, path=_path(group_))

    def quit(self, group_: GroupLike) -> None:
        """Leave the group; nothing happens if the account is no member.

        Raises:
            BadRequest: if the account is its last admin (see :meth:`add_admins`).
        """
        self._do(self.QUIT, path=_path(group_))

    def join(self, group_: GroupLike) -> None:
        """Accept a pending invitation; joining by link is beyond the server."""
        self._do(self.JOIN, path=_path(group_))

    def block(self, group_: GroupLike) -> None:
        """Block the group; the server has no way back, and only a primary device can do it."""
        self._do(self.BLOCK, path=_path(group_))

    def add_members(self, group_: GroupLike, members: Iterable[PersonLike] | PersonLike) -> None:
        """Add people.

        Raises:
            NotFound: if the account does not know the group.
        """
        self._change_members(self.ADD_MEMBERS, group_, members)

    def remove_members(self, group_: GroupLike, members: Iterable[PersonLike] | PersonLike) -> None:
        """Remove people.

        Raises:
            NotFound: if the account does not know the group.
        """
        self._change_members(self.REMOVE_MEMBERS, group_, members)

    def add_admins(self, group_: GroupLike, admins: Iterable[PersonLike] | PersonLike) -> None:
        """Make members admins."""
        self._change_admins(self.ADD_ADMINS, group_, admins)

    def remove_admins(self, group_: GroupLike, admins: Iterable[PersonLike] | PersonLike) -> None:
        """Make admins plain members."""
        self._change_admins(self.REMOVE_ADMINS, group_, admins)

    def avatar(self, group_: GroupLike) -> bytes:
        """The group's picture.

        Raises:
            NotFound: if it has none.
        """
        return self._caller.exchange(self.AVATAR, path=_path(group_)).body

    def pin(
        self,
        group_: GroupLike,
        message: Target,
        *,
        author: PersonLike | None = None,
        duration: float | timedelta | None = None,
    ) -> None:
        """Pin a message (server 0.99 and newer).

        Args:
            message: an event, a SentMessage, or its timestamp (then with ``author``).
            duration: seconds; None pins for ever.
        """
        meant = reference(message, author)
        body: dict[str, Any] = {
            "target_author": address(meant.author),
            "timestamp": meant.timestamp,
        }
        if duration is not None:
            body["duration"] = seconds(duration)
        self._do(self.PIN, path=_path(group_), body=body)

    def unpin(
        self, group_: GroupLike, message: Target, *, author: PersonLike | None = None
    ) -> None:
        """Take a pinned message down."""
        meant = reference(message, author)
        body = {"target_author": address(meant.author), "timestamp": meant.timestamp}
        self._do(self.UNPIN, path=_path(group_), body=body)

    def _change_members(
        self, operation: Any, group_: GroupLike, members: Iterable[PersonLike] | PersonLike
    ) -> None:
        people = [person(member) for member in _several(members)]
        if not people:
            return  # the server refuses an empty list, or does nothing
        # Of all endpoints, this one wants usernames written by mode; others need no question.
        has_username = any(user.address != user.recipient for user in people)
        is_classic = has_username and self._general.mode().is_classic
        names = [user.address if is_classic else user.recipient for user in people]
        self._do(operation, path=_path(group_), body={"members": names})

    def _change_admins(
        self, operation: Any, group_: GroupLike, admins: Iterable[PersonLike] | PersonLike
    ) -> None:
        names = [address(person(admin)) for admin in _several(admins)]
        if names:
            self._do(operation, path=_path(group_), body={"admins": names})


def _path(group_: GroupLike) -> dict[str, str]:
    return {"groupid": group(group_).id}


def _several(people: Iterable[PersonLike] | PersonLike) -> Iterable[PersonLike]:
    if isinstance(people, Iterable) and not isinstance(people, str):
        return people
    return (people,)


def _expand(expand: bool) -> list[tuple[str, str]]:
    return [("expand", "true")] if expand else []


def _permissions(
    given: models.GroupPermissions | Mapping[str, GroupPermission | str] | None,
) -> dict[str, str] | None:
    if given is None:
        return None
    named = given if isinstance(given, Mapping) else dict(given)
    return {
        name: GroupPermission(value).value for name, value in named.items() if value is not None
    }
