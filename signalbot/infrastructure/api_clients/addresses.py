"""How people and groups are written, which differs from endpoint to endpoint.

``/v2/send`` and polls take a bare username, most others need ``u:`` before it: without the prefix
signal-cli reads ``alice.42`` as the phone number 42 and acts on that. So areas never pass on what
they were given; they go through here.
"""

from __future__ import annotations

import re
from typing import TypeAlias

from signalbot.model.people import Chat, Group, User

PersonLike: TypeAlias = User | Chat | str
GroupLike: TypeAlias = Group | Chat | str
ChatLike: TypeAlias = User | Group | Chat | str

_CLEAN = re.compile(
    r"\+[0-9]+|(?:PNI:)?[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[A-Za-z_][A-Za-z0-9_]*\.[0-9]+",
    re.ASCII,
)


def target(value: ChatLike) -> User | Group:
    """Whom a value names, in whatever form it was given.

    Raises:
        TypeError: if it is nothing that can name somebody.
        ValueError: if it is a text that cannot.
    """
    if isinstance(value, str):
        # A number is the most frequent form, and most of Chat.parse is about the others.
        value = User.parse(value) if value.startswith("+") else Chat.parse(value)
    if isinstance(value, Chat):
        named = value.group if value.group is not None else value.user
        value = named if named is not None else value
    if isinstance(value, Group):
        return value
    if isinstance(value, User):
        # A user made by hand may hold a spelling that the server would misread as a number.
        return value if _CLEAN.fullmatch(value.id) else User.parse(value.id)
    raise not_an_address(value)


def not_an_address(value: object) -> TypeError:
    """The error for what can name nobody at all."""
    return TypeError(
        "a User, Group, Chat, number, uuid, username or group id is needed, "
        f"not {type(value).__name__}"
    )


def person(value: PersonLike) -> User:
    """Like :func:`target`, for what only people can be."""
    named = target(value)
    if isinstance(named, Group):
        raise ValueError("a person is needed here, not a group")
    return named


def group(value: GroupLike) -> Group:
    """Like :func:`target`, for what only groups can be."""
    named = target(value)
    if isinstance(named, User):
        raise ValueError("a group is needed here (its REST id, internal id or Group), not a person")
    return named


def recipient(named: User | Group) -> str:
    """As ``/v2/send`` and polls want it: a username stays bare."""
    return named.recipient


def address(named: User | Group) -> str:
    """As reactions, receipts, typing and all authors want it: a username with ``u:``."""
    return named.recipient if isinstance(named, Group) else named.address


def identifiers(user: User) -> tuple[str, ...]:
    """All that is known of a person, to recognise them in another form."""
    known = (user.uuid, user.number, user.username)
    return tuple(text for text in known if text)
