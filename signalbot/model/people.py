"""Who writes and where: identities that compare equal however they were spelled."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import cast

from signalbot.model import group_ids

_NUMBER = re.compile(r"\+[0-9]{4,19}", re.ASCII)
_NUMBER_ORNAMENTS = re.compile(r"[\s().\-/]")
_UUID = re.compile(
    r"(?:urn:uuid:|\{)?([0-9a-f]{8})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{12})\}?",
    re.IGNORECASE,
)
_USERNAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,47}\.[0-9]{1,20}", re.ASCII)
_PNI = "PNI:"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class User:
    """One person, known by uuid, number or username; often not by all of them.

    Two users are equal if their :attr:`id` is; :meth:`matches` also recognises a person by any
    other identifier that both sides know. A number alone never equals a uuid alone.
    """

    uuid: str | None = None
    number: str | None = None
    username: str | None = None
    name: str | None = None

    def __post_init__(self) -> None:
        if not (self.uuid or self.number or self.username):
            raise ValueError("a user needs a uuid, a number or a username")

    @classmethod
    def parse(cls, value: User | str) -> User:
        """Read a number, uuid or username; spaces in a number and the case of a uuid don't matter.

        Raises:
            ValueError: if it is none of them. The text does not repeat the value.
        """
        if isinstance(value, User):
            return value
        text = value.strip()
        if text.startswith("+"):
            number = _NUMBER_ORNAMENTS.sub("", text)
            if _NUMBER.fullmatch(number):
                return cls(number=number)
        elif canonical := _canonical_uuid(text):
            return cls(uuid=canonical)
        else:
            username = text[2:] if text.startswith("u:") else text
            if _USERNAME.fullmatch(username):
                return cls(username=username)
        raise ValueError(
            "not a person: expected a number with its '+' and country code, a uuid, "
            f"or a username like alice.42 (got {len(value)} characters)"
        )

    @classmethod
    def from_wire(cls, identifier: str, name: str | None = None) -> User:
        """Take the single identifier of an old frame as it is, so that ``id`` stays equal to it."""
        if identifier.startswith("+"):
            return cls(None, identifier, None, name)
        if identifier.startswith(_PNI) or _UUID.fullmatch(identifier):
            return cls(identifier, None, None, name)
        return cls(None, None, identifier, name)

    @property
    def id(self) -> str:
        """The uuid, else the number, else the username."""
        return self.uuid or self.number or self.username or ""

    @property
    def recipient(self) -> str:
        """How ``/v2/send`` and the polls want this person: a username stands bare."""
        return self.uuid or self.number or self._bare_username

    @property
    def address(self) -> str:
        """How every other call wants this person: a username carries ``u:``.

        A bare username would be read as a telephone number there, and act on a stranger.
        """
        return self.uuid or self.number or f"u:{self._bare_username}"

    def matches(self, other: User | str) -> bool:
        """Whether both share an identifier; False for text that names no person."""
        if isinstance(other, str):
            try:
                other = User.parse(other)
            except ValueError:
                return False
        return (
            (self.uuid is not None and _same(self.uuid, other.uuid))
            or (self.number is not None and self.number == other.number)
            or (self.username is not None and _same(self.username, other.username))
        )

    @property
    def _bare_username(self) -> str:
        return (self.username or "").removeprefix("u:")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, User):
            return NotImplemented
        return self.id == other.id

    def __hash__(self) -> int:
        return hash(self.id)

    def __repr__(self) -> str:
        # Reprs end up in logs, so they show which identifier is known and not the identifier.
        known = "uuid" if self.uuid else "number" if self.number else "username"
        return f"<User by {known}>"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Group:
    """One group, whichever of its two ids was used to name it."""

    internal_id: str
    name: str | None = None

    def __post_init__(self) -> None:
        if not self.internal_id:
            raise ValueError("a group needs an id")

    @classmethod
    def parse(cls, value: Group | str) -> Group:
        """Read either id of a group.

        Raises:
            ValueError: if it is neither. A group's name is none: it need not be unique.
        """
        if isinstance(value, Group):
            return value
        text = value.strip()
        if text.startswith(group_ids.PREFIX):
            return cls(group_ids.to_internal_id(text))
        if group_ids.is_internal_id(text):
            return cls(text)
        raise ValueError("not a group: expected 'group.' and 60 characters, or the internal id")

    @property
    def id(self) -> str:
        """The id that the REST API takes."""
        return group_ids.to_rest_id(self.internal_id)

    @property
    def recipient(self) -> str:
        """How a send names this group: the same as :attr:`id`."""
        return self.id

    def matches(self, other: Group | str) -> bool:
        """Whether it is this group, by object, either id, or exact name."""
        if isinstance(other, Group):
            return self.internal_id == other.internal_id
        return other in (self.internal_id, self.name) or other == self.id

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Group):
            return NotImplemented
        return self.internal_id == other.internal_id

    def __hash__(self) -> int:
        return hash(self.internal_id)

    def __repr__(self) -> str:
        return f"<Group {'named' if self.name else 'unnamed'}>"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Chat:
    """Where to answer: a group, or the person at the other end of a direct chat."""

    user: User | None = None
    group: Group | None = None

    def __post_init__(self) -> None:
        if (self.user is None) == (self.group is None):
            raise ValueError("a chat is with one user or in one group")

    @classmethod
    def parse(cls, value: Chat | User | Group | str) -> Chat:
        """Read anything that names a chat, the ids and numbers of people and groups included.

        Raises:
            ValueError: if it names neither.
        """
        if isinstance(value, Chat):
            return value
        if isinstance(value, Group):
            return cls(group=value)
        if isinstance(value, User):
            return cls(user=value)
        text = value.strip()
        if text.startswith(group_ids.PREFIX) and not _USERNAME.fullmatch(text):
            return cls(group=Group.parse(text))
        if group_ids.is_internal_id(text):
            return cls(group=Group(text))
        return cls(user=User.parse(text))

    @property
    def key(self) -> str:
        """What this chat's order, locks and state hang on: internal group id, or user id."""
        return self.group.internal_id if self.group is not None else self._party.id

    @property
    def id(self) -> str:
        """The REST id of the group, or the user's id."""
        return self._party.id

    @property
    def recipient(self) -> str:
        """What a send to this chat takes as its recipient."""
        return self._party.recipient

    @property
    def address(self) -> str:
        """What every call but send and polls takes as this chat's recipient."""
        return self.group.recipient if self.group is not None else cast("User", self.user).address

    @property
    def name(self) -> str | None:
        """The group's or the person's name, if the frame told it."""
        return self._party.name

    @property
    def is_group(self) -> bool:
        """Whether several people read an answer."""
        return self.group is not None

    @property
    def is_private(self) -> bool:
        """Whether only one person reads an answer; true for the note to self."""
        return self.group is None

    def matches(self, other: Chat | User | Group | str) -> bool:
        """Whether it is this chat, in any spelling that :meth:`parse` reads, or a group's name."""
        if isinstance(other, Chat):
            other = other._party
        if isinstance(self._party, Group):
            return not isinstance(other, User) and self._party.matches(other)
        return not isinstance(other, Group) and self._party.matches(other)

    @property
    def _party(self) -> User | Group:
        return self.group or cast("User", self.user)  # one of them, by __post_init__

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Chat):
            return NotImplemented
        return self.is_group == other.is_group and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)

    def __repr__(self) -> str:
        return f"<Chat {'group' if self.is_group else 'private'}>"


def _canonical_uuid(text: str) -> str | None:
    prefix, rest = (_PNI, text[4:]) if text[:4].upper() == _PNI else ("", text)
    found = _UUID.fullmatch(rest)
    return prefix + "-".join(found.groups()).lower() if found else None


def _same(one: str, other: str | None) -> bool:
    return other is not None and (one == other or one.lower() == other.lower())
