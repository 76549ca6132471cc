"""What the page shows of the bot itself: its state, its dead letters, the faults around it."""

from __future__ import annotations

import threading
from typing import Any

from signalbot.bot import SignalBot
from signalbot.errors import SignalBotError
from signalbot.model import peek
from signalbot.simulator.broadcast import Json
from signalbot.simulator.faults import FaultPanel
from signalbot.simulator.requests import BadRequest, Body
from signalbot.simulator.timeline import Timeline
from signalbot.testing import FakeSignal

_MOST_LETTERS = 200


class Desk:
    """Looks at bot and server now and then, and tells the pages what has changed."""

    def __init__(
        self, server: FakeSignal, bot: SignalBot, timeline: Timeline, faults: FaultPanel
    ) -> None:
        self._server = server
        self._bot = bot
        self._timeline = timeline
        self._faults = faults
        # Set by workers and the page's thread, cleared by the watcher before it lists.
        self._is_stale = threading.Event()
        self._is_stale.set()

    def note_letters(self) -> None:
        """The dead letters have changed, or will have in a moment."""
        self._is_stale.set()
        self._server.logs.ring()

    def look(self) -> None:
        """Tell the pages what is new; the watcher's thread calls it."""
        self._timeline.tell("status", self._status())
        self._timeline.tell("faults", self._faults.to_json())
        if self._is_stale.is_set():
            self._is_stale.clear()
            self._timeline.tell("letters", self._letters())

    def act(self, body: Body) -> Json:
        """Replay or purge dead letters.

        Raises:
            BadRequest: the bot could not do it.
        """
        action = body.text("action", longest=20)
        ids = body.integers("ids", most=_MOST_LETTERS, highest=2**53)
        if action not in ("replay", "purge"):
            raise BadRequest("replay or purge them")
        try:
            letters = self._bot.dead_letters
            count = letters.replay(ids) if action == "replay" else letters.purge(ids)
        except SignalBotError as error:
            raise BadRequest(str(error)) from error
        self.note_letters()
        return {"count": count}

    def _status(self) -> Json:
        server = self._server
        return {
            "state": str(self._bot.state),
            "connected": self._bot.connected,
            "connections": server.connections_made,
            "delivered": server.delivered,
            "lost": server.dropped + server.unheard,
            "requests": len(server.logs.requests),
        }

    def _letters(self) -> list[Json]:
        try:
            found = self._bot.dead_letters.list(limit=_MOST_LETTERS)
        except SignalBotError:
            return []  # the bot has stopped, and its directory is about to go
        return [self._letter(each) for each in found]

    def _letter(self, letter: Any) -> Json:
        timestamp = peek(letter.raw).timestamp
        return {
            "id": letter.id,
            "frame": str(timestamp) if timestamp else None,
            "kind": letter.kind,
            "reason": letter.reason,
            "errorType": letter.error_type,
            "error": letter.error,
            "traceback": letter.traceback,
            "handler": letter.handler,
            "attempts": letter.attempts,
            "replays": letter.replays,
            "at": letter.last_at,
        }
