"""What the server tells about groups."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator

from signalbot.infrastructure.api_models.base import People, WireModel
from signalbot.infrastructure.api_models.enums import GroupPermission
from signalbot.model.people import Group

# "" is how the server says that it does not know.
_Permission = Annotated[GroupPermission | None, BeforeValidator(lambda value: value or None)]


class GroupPermissions(WireModel):
    """Who may do what; None is unknown.

    In answers ``edit_group`` is wrong: the server shows the value of ``send_messages`` there.
    """

    add_members: _Permission = None
    edit_group: _Permission = None
    send_messages: _Permission = None


class GroupInfo(WireModel):
    """A group as the account sees it.

    Attributes:
        id: the REST id, ``group.…``.
        internal_id: the id in received messages.
        member: False if the account has left or was removed; None from servers up to 0.100.
        members: those with a known number carry only that, unless asked for with ``expand=True``.
    """

    id: str = ""
    internal_id: str = ""
    name: str = ""
    description: str = ""
    invite_link: str = ""
    blocked: bool = False
    member: bool | None = None
    members: People = ()
    admins: People = ()
    pending_invites: People = ()
    pending_requests: People = ()
    permissions: GroupPermissions = GroupPermissions.model_construct()

    @property
    def group(self) -> Group:
        """The group, as every other call takes it."""
        return Group(Group.parse(self.internal_id or self.id).internal_id, self.name or None)
