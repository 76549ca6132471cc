"""The people and chats of the page, under short ids."""

from __future__ import annotations

import threading

from signalbot.simulator.broadcast import Json
from signalbot.testing import FakeSignal
from signalbot.testing.state import Account, GroupState, Person

BOT = "bot"


class Places:
    """Translates between the stand-in's people and groups and the page's ids.

    ``a1`` is a person, ``p1`` the direct chat of that person with the bot, ``g1`` a group. Short
    ids can stand in the page's attributes, and they say nothing about anybody.
    """

    def __init__(self, server: FakeSignal, lock: threading.RLock) -> None:
        self._server = server
        # Guards all below; the lock is the timeline's.
        self._lock = lock
        self._people: dict[str, Person] = {}
        self._person_ids: dict[str, str] = {}
        self._groups: dict[str, GroupState] = {}
        self._group_ids: dict[str, str] = {}
        self._shown: dict[str, Json] = {}

    def to_json(self) -> Json:
        """The bot, the people, the chats."""
        self.refresh()
        return {"bot": self.bot(), "people": self.people(), "chats": self.chats()}

    def refresh(self) -> bool:
        """Learn who and what is there now; True if that is not what the pages know."""
        state = self._server.state
        with self._lock, state.lock:
            for person in state.people:
                if person.id not in self._person_ids:
                    id = f"a{len(self._people) + 1}"
                    self._people[id], self._person_ids[person.id] = person, id
            for group in state.groups.values():
                if group.internal_id not in self._group_ids:
                    id = f"g{len(self._groups) + 1}"
                    self._groups[id], self._group_ids[group.internal_id] = group, id
            now: Json = {"bot": self.bot(), "people": self.people(), "chats": self.chats()}
            is_new, self._shown = now != self._shown, now
            return is_new

    def bot(self) -> Json:
        account = self._server.state.accounts[self._server.number]
        return {"id": BOT, "name": account.name or "Bot", "number": account.number}

    def people(self) -> list[Json]:
        return [
            {"id": id, "name": person.name or person.number or "Somebody", "number": person.number}
            for id, person in self._people.items()
        ]

    def chats(self) -> list[Json]:
        """Direct chats and groups; of a group, those members that the page can post as."""
        direct = [
            {
                "id": f"p{id[1:]}",
                "kind": "direct",
                "name": person.name or person.number or "Somebody",
                "members": [id],
            }
            for id, person in self._people.items()
        ]
        groups = [
            {
                "id": id,
                "kind": "group",
                "name": group.name,
                "members": [self._person_ids[m] for m in group.members if m in self._person_ids],
                "hasBot": self._server.uuid in group.members,
            }
            for id, group in self._groups.items()
        ]
        return direct + groups

    # -- from the page's ids -----------------------------------------------------------------

    def person(self, id: str) -> Person | None:
        with self._lock:
            return self._people.get(id)

    def group(self, chat: str) -> GroupState | None:
        """The group of a chat; None for a direct chat."""
        with self._lock:
            return self._groups.get(chat)

    def members(self, chat: str) -> list[str]:
        """Whose page shows this chat; empty for a chat that does not exist."""
        with self._lock:
            return next((c["members"] for c in self.chats() if c["id"] == chat), [])

    def party(self, id: str) -> Person | Account | None:
        """Like :meth:`person`, but the bot is found as well."""
        return self._server.state.accounts[self._server.number] if id == BOT else self.person(id)

    # -- to the page's ids -------------------------------------------------------------------

    def person_id(self, address: str | None) -> str | None:
        """The page's id of somebody that is named by number, uuid or username."""
        party = self._server.state.find(address or "")
        if isinstance(party, Account):
            return BOT
        if party is None:
            return None
        with self._lock:
            if party.id not in self._person_ids:
                self.refresh()
            return self._person_ids.get(party.id)

    def chat_of(self, recipient: str) -> str | None:
        """The page's id of the chat that a request of the bot names."""
        state = self._server.state
        with self._lock:
            try:
                group = state.group(recipient)
            except LookupError:
                id = self.person_id(recipient)
                return f"p{id[1:]}" if id is not None and id != BOT else None
            if group.internal_id not in self._group_ids:
                self.refresh()
            return self._group_ids[group.internal_id]
