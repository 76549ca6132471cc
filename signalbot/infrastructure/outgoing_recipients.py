"""Recipients in the portions that one call may have: one group, or people named the same way."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from signalbot.infrastructure.api_clients.addresses import (
    ChatLike,
    identifiers,
    not_an_address,
    target,
)
from signalbot.model.people import Chat, Group, User

Recipients: TypeAlias = ChatLike | Iterable[ChatLike]
Portion: TypeAlias = tuple[User | Group, ...]


def portions(to: Recipients) -> tuple[Portion, ...]:
    """Split recipients into legal calls: phones with uuids, usernames, each group alone.

    Somebody who is named twice, in whatever form, gets the message once.

    Raises:
        ValueError: if nobody is named, or a text names nobody.
    """
    if isinstance(to, (str, User, Group, Chat)):
        return ((target(to),),)
    if not isinstance(to, Iterable):
        raise not_an_address(to)
    named = _without_repetition(target(item) for item in to)
    if not named:
        raise ValueError("nobody to send to: the list of recipients is empty")
    people = [item for item in named if isinstance(item, User)]
    by_number = tuple(user for user in people if user.uuid or user.number)
    by_username = tuple(user for user in people if not (user.uuid or user.number))
    groups: list[Portion] = [(item,) for item in named if isinstance(item, Group)]
    return tuple(portion for portion in (by_number, by_username, *groups) if portion)


def _without_repetition(named: Iterable[User | Group]) -> list[User | Group]:
    seen: set[str] = set()
    kept: list[User | Group] = []
    for item in named:
        keys = identifiers(item) if isinstance(item, User) else (item.id,)
        if seen.isdisjoint(keys):
            kept.append(item)
        seen.update(keys)
    return kept
