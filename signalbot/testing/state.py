"""What the stand-in's signal-cli knows: accounts, people, groups, files."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from .identifiers import is_phone, is_uuid, make_group_id, make_uuid, rest_id

EVERYBODY = "every-member"


@dataclass(slots=True)
class Person:
    """Somebody on Signal; ``number=None`` is a person who hides it, which is common."""

    name: str | None
    number: str | None = None
    uuid: str | None = None
    username: str | None = None
    about: str = ""
    avatar: bytes | None = None
    contact_name: str = ""
    note: str = ""
    expires_in: int = 0
    is_contact: bool = True
    is_registered: bool = True
    trust: str = "TRUSTED_UNVERIFIED"
    added: int = 0
    failure: str | None = None

    @property
    def id(self) -> str:
        """What names this person best: uuid, else number, else username."""
        return self.uuid or self.number or f"u:{self.username}"

    def is_named(self, identifier: str) -> bool:
        """Whether any of this person's addresses is meant."""
        if not identifier:
            return False
        if identifier in (self.uuid, self.number, self.username):
            return True
        return identifier.lower().removeprefix("pni:") == self.uuid or (
            self.username is not None and identifier == f"u:{self.username}"
        )


@dataclass(slots=True)
class Device:
    """One device that is linked to an account."""

    id: int
    name: str
    created: int
    last_seen: int


@dataclass(slots=True)
class StickerPack:
    """A sticker pack that an account has installed."""

    pack_id: str
    key: str
    title: str = ""
    author: str = ""


@dataclass(slots=True)
class Account:
    """A number that signal-cli is registered or linked for."""

    number: str
    uuid: str
    name: str | None = "Bot"
    about: str = ""
    avatar: bytes | None = None
    username: str | None = None
    pin: str | None = None
    trust_mode: str = "on-first-use"
    is_primary: bool = True
    is_discoverable: bool = True
    shares_number: bool = True
    device_id: int = 2
    devices: list[Device] = field(default_factory=list)
    sticker_packs: dict[str, StickerPack] = field(default_factory=dict)

    def is_named(self, identifier: str) -> bool:
        """Whether this account is meant."""
        return identifier in (self.number, self.uuid) or (
            self.username is not None and identifier in (self.username, f"u:{self.username}")
        )


Party = Person | Account


@dataclass(slots=True)
class Permissions:
    """Who may do what in a group."""

    add_members: str = EVERYBODY
    edit_group: str = EVERYBODY
    send_messages: str = EVERYBODY


@dataclass(slots=True)
class GroupState:
    """A group as all of its members see it; members are named by ``Person.id``."""

    internal_id: str
    name: str
    members: list[str] = field(default_factory=list)
    admins: list[str] = field(default_factory=list)
    pending_invites: list[str] = field(default_factory=list)
    pending_requests: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    description: str = ""
    invite_link: str = ""
    link_state: str = "disabled"
    permissions: Permissions = field(default_factory=Permissions)
    expires_in: int = 0
    revision: int = 1
    avatar: bytes | None = None
    blocked_by: list[str] = field(default_factory=list)
    pinned: dict[str, int] = field(default_factory=dict)

    def concerns(self, who: str) -> bool:
        """Whether somebody is in it, is invited, or once was in it."""
        return any(
            who in people
            for people in (self.members, self.pending_invites, self.pending_requests, self.left)
        )

    @property
    def id(self) -> str:
        """The id that REST calls use."""
        return rest_id(self.internal_id)


@dataclass(slots=True)
class Poll:
    """A poll that the client started."""

    account: str
    recipient: str
    question: str
    answers: list[str]
    allow_multiple: bool
    is_open: bool = True


class State:
    """Everything that outlives a request; hold ``lock`` to look at more than one thing."""

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        # Guards all below. Routes run under it on the server's thread, helpers on the tests'.
        self.lock = threading.RLock()
        self.now = now
        self.accounts: dict[str, Account] = {}
        self.people: list[Person] = []
        self.groups: dict[str, GroupState] = {}
        self.polls: dict[int, Poll] = {}
        self.attachments: dict[str, bytes] = {}
        self.pending_registrations: dict[str, str] = {}
        self.log_level = "info"
        self._last_timestamp = 0
        self._by_address: dict[str, Party] = {}

    def reset(self) -> None:
        """Forget everything, as if signal-cli's directory were empty."""
        with self.lock:
            self.people.clear()
            for known in (
                self.accounts,
                self.groups,
                self.polls,
                self.attachments,
                self.pending_registrations,
                self._by_address,
            ):
                known.clear()

    def next_timestamp(self) -> int:
        """Milliseconds of now, never the same twice, as they are message ids."""
        with self.lock:
            self._last_timestamp = max(int(self.now() * 1000), self._last_timestamp + 1)
            return self._last_timestamp

    def add_account(self, account: Account) -> Account:
        """Make a number known to signal-cli."""
        with self.lock:
            self.accounts[account.number] = account
            self._by_address[account.number] = self._by_address[account.uuid] = account
        return account

    def remove_account(self, number: str) -> None:
        """Forget an account and its keys."""
        with self.lock:
            account = self.accounts.pop(number, None)
            if account is not None:
                self._by_address.pop(account.number, None)
                self._by_address.pop(account.uuid, None)

    def add_person(
        self,
        name: str | None,
        *,
        number: str | None = None,
        uuid: str | None = None,
        username: str | None = None,
    ) -> Person:
        """Make somebody known; ``uuid=""`` is the rare person known only by the number."""
        with self.lock:
            if uuid is None:
                uuid = make_uuid(number or username or name or str(len(self.people)))
            person = Person(name, number, uuid or None, username, added=self.next_timestamp())
            self.people.append(person)
            self.index(person)
        return person

    def index(self, person: Person) -> None:
        """Make a person findable by all addresses."""
        for address in (person.number, person.uuid, person.username):
            if address:
                self._by_address[address] = person

    def find(self, identifier: str) -> Party | None:
        """The account or person with this number, uuid, username, or ``u:`` name."""
        party = self._by_address.get(identifier)
        if party is None:
            plain = identifier.removeprefix("u:").removeprefix("PNI:")
            party = self._by_address.get(plain) or self._by_address.get(plain.lower())
        return party

    def person(self, identifier: str) -> Person | None:
        """Like :meth:`find`, for people only."""
        party = self.find(identifier)
        return party if isinstance(party, Person) else None

    def named(self, who: str | Person) -> Person:
        """The person meant in a test: an object, an address, or a name.

        Unknown numbers and uuids become people on the spot; an unknown name is a typing error.

        Raises:
            LookupError: if nobody has that name.
        """
        if isinstance(who, Person):
            return who
        with self.lock:
            found = self.person(who) or next((p for p in self.people if p.name == who), None)
            if found is not None:
                return found
            if who and is_uuid(who):
                return self.add_person(None, uuid=who)
            if who and is_phone(who):
                return self.add_person(None, number=who)
        known = ", ".join(repr(p.name) for p in self.people) or "nobody"
        raise LookupError(f"no person {who!r} here (known: {known}): call add_person() first")

    def add_group(
        self, name: str, members: Iterable[str], *, internal_id: str | None = None
    ) -> GroupState:
        """Make a group; the members are ids of people and accounts."""
        with self.lock:
            if internal_id is None:
                internal_id = make_group_id(f"{name} {len(self.groups)}")
            group = GroupState(internal_id, name, list(members))
            self.groups[internal_id] = group
        return group

    def group(self, which: str | GroupState) -> GroupState:
        """The group meant in a test: an object, either id, or a name.

        Raises:
            LookupError: if there is none.
        """
        if isinstance(which, GroupState):
            return which
        with self.lock:
            for group in self.groups.values():
                if which in (group.internal_id, group.id, group.name):
                    return group
        raise LookupError(f"no group {which!r} here: call add_group() first")
