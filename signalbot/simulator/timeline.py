"""Everything that was said, as the page shows it."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Any

from signalbot.simulator.broadcast import Broadcast, Json
from signalbot.simulator.places import BOT, Places

_PER_CHAT = 500  # messages that are kept


class Timeline:
    """The conversations; every change of one goes to the pages at once.

    A message is a dict of JSON values, named by chat and timestamp: what the bot sends to three
    people is three messages. ``lock`` guards everything that the pages see.
    """

    def __init__(self, places: Places, lock: threading.RLock) -> None:
        self.places = places
        self.lock = lock
        self.broadcast = Broadcast(lock, self.snapshot)
        # Other parts of the snapshot, by name: values that were told, functions to ask.
        self._told: dict[str, Any] = {}
        self.parts: dict[str, Callable[[], Any]] = {}
        self._messages: dict[str, deque[Json]] = {}
        self._by_id: dict[str, Json] = {}
        # (chat, timestamp of an edit) -> timestamp of the message that it belongs to
        self._edits: dict[tuple[str, int], int] = {}
        self._typing: dict[tuple[str, str], float] = {}

    def snapshot(self) -> Json:
        """All of it, as JSON values; call it with the lock held."""
        return {
            **self.places.to_json(),
            "messages": [each for chat in self._messages.values() for each in chat],
            "typing": [{"chat": chat, "who": who, "on": True} for chat, who in self._typing],
            **self._told,
            **{name: ask() for name, ask in self.parts.items()},
        }

    # -- messages -------------------------------------------------------------------------

    def add(self, chat: str, timestamp: int, author: str, **parts: Any) -> Json:
        """Put a message at the end of its chat."""
        message: Json = {
            "id": f"{chat}-{timestamp}",
            "chat": chat,
            "timestamp": timestamp,
            "latest": timestamp,
            "author": author,
            "text": None,
            "styles": [],
            "mentions": [],
            "quote": None,
            "files": [],
            "reactions": [],
            "edits": 0,
            "deleted": False,
            "delivered": [],
            "read": [],
            "poll": None,
            "frames": [],
            **parts,
        }
        with self.lock:
            kept = self._messages.setdefault(chat, deque())
            while len(kept) >= _PER_CHAT:
                self._by_id.pop(kept.popleft()["id"], None)
            kept.append(message)
            self._by_id[message["id"]] = message
            self._show(message)
            self.typing(chat, author, on=False)
        return message

    def get(self, id: str) -> Json | None:
        """The message with this id."""
        with self.lock:
            return self._by_id.get(id)

    def find(self, chat: str, timestamp: int) -> Json | None:
        """The message that was sent then, or edited then."""
        with self.lock:
            first = self._edits.get((chat, timestamp), timestamp)
            return self._by_id.get(f"{chat}-{first}")

    def unread(self, chat: str, reader: str) -> list[Json]:
        """The bot's messages that somebody has not read."""
        with self.lock:
            kept = self._messages.get(chat, ())
            return [m for m in kept if m["author"] == BOT and reader not in m["read"]]

    # -- what happens to messages ---------------------------------------------------------

    def edit(self, message: Json, timestamp: int, text: str | None, **parts: Any) -> None:
        """Replace the text; the timestamp is the edit's own."""
        with self.lock:
            self._edits[message["chat"], timestamp] = message["timestamp"]
            message.update({"styles": [], "mentions": [], **parts})
            message.update(text=text, latest=timestamp)
            message["edits"] += 1
            self._show(message)

    def delete(self, message: Json) -> None:
        """Leave nothing but the place where it was."""
        with self.lock:
            message.update(
                text=None, styles=[], mentions=[], quote=None, files=[], reactions=[], poll=None
            )
            message["deleted"] = True
            self._show(message)

    def react(self, message: Json, who: str, emoji: str, *, is_remove: bool) -> None:
        """Put somebody's reaction on, which replaces the one before, or take it off."""
        with self.lock:
            others = [each for each in message["reactions"] if each["who"] != who]
            message["reactions"] = others if is_remove else [*others, {"who": who, "emoji": emoji}]
            self._show(message)

    def receive(self, message: Json, who: str, kind: str) -> None:
        """Somebody's device has got it, or somebody has read it."""
        with self.lock:
            for name in ("delivered", "read") if kind == "read" else ("delivered",):
                if who in message[name]:
                    continue
                message[name] = [*message[name], who]
            self._show(message)

    def vote(self, message: Json, who: str, choices: list[int]) -> None:
        """Somebody's present choices in a poll."""
        with self.lock:
            poll = message["poll"]
            if poll is not None:
                poll["votes"] = {**poll["votes"], who: choices}
                self._show(message)

    def close_poll(self, message: Json) -> None:
        """Nobody can vote any more."""
        with self.lock:
            poll = message["poll"]
            if poll is not None and not poll["closed"]:
                poll["closed"] = True
                self._show(message)

    def link(self, message: Json, frame: int) -> None:
        """Say which frame told the bot about it, or about something that was done to it."""
        with self.lock:
            message["frames"] = [*message["frames"], str(frame)]
            self._show(message)

    def typing(self, chat: str, who: str, *, on: bool, at: float = 0.0) -> None:
        """Somebody types, or has stopped."""
        with self.lock:
            if on:
                self._typing[chat, who] = at
            elif self._typing.pop((chat, who), None) is None:
                return
            self.broadcast.publish({"type": "typing", "chat": chat, "who": who, "on": on})

    def forget_typing(self, before: float) -> None:
        """End the indicators that nobody ended, as the apps do."""
        with self.lock:
            for (chat, who), at in list(self._typing.items()):
                if at < before:
                    self.typing(chat, who, on=False)

    def tell(self, name: str, value: Any) -> None:
        """Set another part of what the page shows."""
        with self.lock:
            if self._told.get(name) != value:
                self._told[name] = value
                self.broadcast.publish({"type": "part", "name": name, "value": value})

    def _show(self, message: Json) -> None:
        self.broadcast.publish({"type": "message", "message": message})
