"""Sets of people, or of groups, that were written down in any form."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from signalbot.model.people import Group, User

UserForm: TypeAlias = "User | str"
GroupForm: TypeAlias = "Group | str"


class People:
    """The people of a list; asks by every identifier that an event happens to carry.

    Raises:
        ValueError: if an entry is neither a number nor a uuid nor a username.
    """

    __slots__ = ("_numbers", "_usernames", "_uuids", "users")

    def __init__(self, users: Iterable[UserForm]) -> None:
        self.users = tuple(User.parse(user) for user in users)
        self._uuids = frozenset(user.uuid.lower() for user in self.users if user.uuid)
        self._numbers = frozenset(user.number for user in self.users if user.number)
        self._usernames = frozenset(user.username.lower() for user in self.users if user.username)

    def __contains__(self, user: User | None) -> bool:
        return user is not None and (
            (user.uuid is not None and user.uuid.lower() in self._uuids)
            or user.number in self._numbers
            or (user.username is not None and user.username.lower() in self._usernames)
        )

    def __repr__(self) -> str:
        return ", ".join(map(repr, self.users))


class Groups:
    """The groups of a list: by id in either form, or by their present name."""

    __slots__ = ("_ids", "names")

    def __init__(self, groups: Iterable[GroupForm]) -> None:
        ids: set[str] = set()
        names: set[str] = set()
        for form in groups:
            try:
                ids.add(Group.parse(form).internal_id)
            except ValueError:
                names.add(str(form))
        self._ids = frozenset(ids)
        self.names = frozenset(names)

    def __contains__(self, group: Group | None) -> bool:
        return group is not None and (group.internal_id in self._ids or group.name in self.names)
