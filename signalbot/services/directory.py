"""The account's groups and contacts, remembered for a while."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Any, TypeVar

from signalbot.errors import ApiError, NotFound
from signalbot.model import Chat, ContactSync, Group, GroupSync, GroupUpdate, User
from signalbot.services.expiring import Expiring

if TYPE_CHECKING:
    from signalbot.infrastructure.api_models import Contact, GroupInfo
    from signalbot.infrastructure.api_service import SignalClient

V = TypeVar("V")

NEWS = frozenset({GroupUpdate.kind, ContactSync.kind, GroupSync.kind})
"""Kinds of frames after which something remembered may be old."""

_ALL = "all"


class Directory:
    """What the server knows of groups and people; it is asked once in ``ttl`` seconds.

    Frames that tell of changes make what is remembered old at once. If the server cannot be
    reached, what was known last is better than nothing, and is returned.

    ```python
    @bot.command("who")
    def who(ctx):
        group = bot.directory.group(ctx.chat.group)
        return ", ".join(bot.directory.name(member) or "somebody" for member in group.members)
    ```
    """

    def __init__(
        self,
        client: Callable[[], SignalClient],
        guard: Callable[[], None],
        *,
        ttl: float = 900.0,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._guard = guard
        self._groups: Expiring[GroupInfo | None] = Expiring(ttl, now=now)
        self._contacts: Expiring[Contact | None] = Expiring(ttl, now=now)
        self._lists: Expiring[Any] = Expiring(ttl, now=now)

    # -- groups --------------------------------------------------------------------------------

    def group(self, group: Group | Chat | str) -> GroupInfo:
        """One group, by object, either id, or name.

        Raises:
            NotFound: if the account knows no such group.
            ValueError: if several groups have that name, or the chat is none.
            ApiError: if the server cannot be asked and nothing is remembered."""
        wanted = _group_of(group)
        if wanted is None:
            return self._group_named(str(group))
        found = self._remembered(self._groups, wanted.internal_id, lambda: self.ask_group(wanted))
        if found is None:
            raise NotFound("The account knows no such group.", status=404)
        return found

    def groups(self) -> tuple[GroupInfo, ...]:
        """All groups, left ones included."""

        def fetch() -> tuple[GroupInfo, ...]:
            found = self._client().groups.list(expand=True)
            for each in found:
                self._groups.put(each.group.internal_id, each)
            return found

        return self._remembered(self._lists, _ALL, fetch) or ()

    def ask_group(self, group: Group) -> GroupInfo:
        """The group as the server knows it now; it is remembered."""
        found = self._client().groups.get(group, expand=True)
        self._groups.put(group.internal_id, found)
        return found

    def _group_named(self, name: str) -> GroupInfo:
        found = [each for each in self.groups() if each.name == name]
        if len(found) > 1:
            raise ValueError(f"{len(found)} groups have that name: use an id")
        if not found:
            raise NotFound("The account knows no group of that name.", status=404)
        return found[0]

    # -- people --------------------------------------------------------------------------------

    def contact(self, user: User | str) -> Contact:
        """One person, contact or not.

        Raises:
            NotFound: if the account has never seen them.
            ApiError: if the server cannot be asked and nothing is remembered."""
        wanted = User.parse(user)
        found = self._remembered(
            self._contacts,
            wanted.id,
            lambda: self._client().contacts.get(wanted, all_recipients=True),
        )
        if found is None:
            raise NotFound("The account has never seen this person.", status=404)
        return found

    def name(self, who: User | Group | Chat | str) -> str | None:
        """What somebody, or a group, is called; None if nobody knows, or can be asked."""
        party = Chat.parse(who)
        known: User | Group | None = party.group or party.user
        try:
            if party.group is not None:
                return self.group(party.group).name or party.group.name
            return self.contact(party.user or "").display_name or party.name
        except ApiError:
            return None if known is None else known.name

    # -- what makes it old ---------------------------------------------------------------------

    def hear(self, kind: str, chat: str | None) -> None:
        """On the inbox's thread: a frame of such a kind has come; nothing is fetched here."""
        if kind == ContactSync.kind:
            self._contacts.expire()
            return
        self._lists.expire()
        self._groups.expire(chat if kind == GroupUpdate.kind else None)

    def forget(self) -> None:
        """Ask the server again for everything, when it is wanted."""
        for kind in NEWS:
            self.hear(kind, None)

    def _remembered(self, memory: Expiring[Any], key: Hashable, fetch: Callable[[], V]) -> V | None:
        known: tuple[V | None] | None = memory.fresh(key)
        if known is not None:
            return known[0]
        self._guard()
        try:
            value = fetch()
        except NotFound:
            memory.put(key, None)  # asked for again and again it costs one request, too
            return None
        except ApiError:
            old: tuple[V | None] | None = memory.stale(key)
            if old is None:
                raise
            return old[0]
        memory.put(key, value)
        return value


def _group_of(value: Group | Chat | str) -> Group | None:
    if isinstance(value, Chat):
        if value.group is None:
            raise ValueError("this chat is no group")
        return value.group
    try:
        return Group.parse(value)
    except ValueError:
        return None
