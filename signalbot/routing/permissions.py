"""Who may use a handler, as a decision that somebody else carries out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from signalbot.model import group_ids
from signalbot.model.people import Chat, Group, User
from signalbot.routing.identities import Groups, People
from signalbot.routing.places import Place

AccessForm: TypeAlias = "str | User | Group | Chat"
Access: TypeAlias = "AccessForm | Iterable[AccessForm]"
"""One entry or several: numbers, uuids, usernames, group ids or names, ``"admins"``."""

ADMINS = "admins"


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether the sender may, why, and what to answer if not (None: nothing)."""

    is_allowed: bool
    reason: str
    reply: str | None = None


ALLOWED = Decision(True, "nothing forbids it")


class AccessList:
    """The entries of one ``allow=`` or ``deny=``.

    Attributes:
        doubts: what is odd about entries, by position: they may be private, so they are not shown.
    """

    __slots__ = ("_groups", "_people", "doubts", "includes_admins")

    def __init__(self, entries: Access, label: str, place: Place) -> None:
        people: list[User] = []
        groups: list[Group | str] = []
        self.includes_admins = False
        self.doubts: list[str] = []
        listed = as_entries(entries, label, place)
        for position, entry in enumerate(listed, 1):
            if entry == ADMINS:
                self.includes_admins = True
                continue
            meant, doubt = identity(entry)
            if doubt:
                self.doubts.append(f"{place}: {label} entry {position} {doubt}")
            if isinstance(meant, User):
                people.append(meant)
            elif meant is not None:
                groups.append(meant)
        if not listed and label == "allow":
            self.doubts.append(f"{place}: allow= is empty, so nobody is let in")
        self._people = People(people)
        self._groups = Groups(groups)

    def includes(self, ctx: Any, admins: AccessList | None) -> bool:
        """Whether the sender, or the group, is on the list."""
        chat = ctx.chat
        return (
            ctx.sender in self._people
            or (chat is not None and chat.group in self._groups)
            or (self.includes_admins and admins is not None and admins.includes(ctx, None))
        )


def as_entries(entries: Access, label: str, place: Place) -> Sequence[AccessForm]:
    if isinstance(entries, str | User | Group | Chat):
        return (entries,)
    if not isinstance(entries, Iterable):
        raise place.error(f"{label}= takes one entry or several, not {type(entries).__name__}")
    listed = tuple(entries)
    for entry in listed:
        if not isinstance(entry, str | User | Group | Chat):
            raise place.error(
                f"{label}= takes numbers, uuids, usernames, groups and 'admins', "
                f"not {type(entry).__name__}"
            )
    return listed


def identity(entry: AccessForm) -> tuple[User | Group | str | None, str | None]:
    """Whom or what an entry means, and what is doubtful about it."""
    if isinstance(entry, Chat):
        return entry.group or entry.user, None
    if not isinstance(entry, str):
        return entry, doubt_about(entry)
    text = entry.strip()
    for parse in (Group.parse, User.parse):
        try:
            meant: User | Group = parse(text)
        except ValueError:
            continue
        return meant, doubt_about(meant)
    if not text:
        return None, "is empty: it matches nobody"
    if text.startswith("+"):
        return None, "begins with '+' but is no telephone number: it matches nobody"
    if text.startswith(group_ids.PREFIX):
        return None, "begins with 'group.' but is no group id: it matches no group"
    if text.startswith("u:"):
        return None, "begins with 'u:' but is no username (alice.42): it matches nobody"
    if text.replace(" ", "").replace("-", "").isdigit():
        return None, "is a number without its '+' and country code: it matches nobody"
    return text, (
        "is no number, uuid, username or group id, so it is taken for a group's name; "
        "anybody may give a group that name, an id is safer"
    )


def doubt_about(meant: User | Group | str | None) -> str | None:
    if isinstance(meant, User) and not (meant.uuid or meant.number):
        return (
            "is a username, but messages come with the sender's uuid and number only, so it "
            "matches nobody: give the uuid"
        )
    return None


@dataclass(frozen=True, slots=True)
class AccessRule:
    """``allow=`` and ``deny=`` of one place: a router, a handler, the settings."""

    allow: AccessList | None
    deny: AccessList | None
    reply: str | None

    @classmethod
    def of(
        cls, allow: Access | None, deny: Access | None, reply: str | None, place: Place
    ) -> AccessRule | None:
        """The rule, or None if it would forbid nothing."""
        if allow is None and (deny is None or deny == ()):
            return None
        return cls(
            None if allow is None else AccessList(allow, "allow", place),
            None if deny is None else AccessList(deny, "deny", place),
            reply,
        )

    @property
    def doubts(self) -> list[str]:
        return [doubt for each in (self.allow, self.deny) if each for doubt in each.doubts]

    def objection(self, ctx: Any, admins: AccessList | None) -> str | None:
        """Why the sender may not, or None; being denied outweighs being allowed."""
        if self.deny is not None and self.deny.includes(ctx, admins):
            return "the sender is in deny="
        if self.allow is not None and not self.allow.includes(ctx, admins):
            return "the sender is not in allow="
        return None


@dataclass(frozen=True, slots=True)
class Permission:
    """All rules around one handler, the outermost first; every one must agree."""

    rules: tuple[AccessRule, ...] = ()
    admins: AccessList | None = None

    def decide(self, ctx: Any) -> Decision:
        """Whether the sender of the event may use the handler."""
        for rule in self.rules:
            objection = rule.objection(ctx, self.admins)
            if objection is not None:
                return Decision(False, objection, rule.reply)
        return ALLOWED
