"""A table of messages that grows in its cell while the notebook goes on."""

from __future__ import annotations

import threading
import uuid
import weakref
from typing import TYPE_CHECKING, Any

from signalbot.observability.html import message_table

if TYPE_CHECKING:
    from signalbot.bot import SignalBot
    from signalbot.runtime.feed import Feed

# Seconds between two updates of one table: what comes faster is shown together.
_PACE = 0.25


def live(bot: SignalBot, rows: int = 20, *, own: bool = False, kinds: str | None = "message",
         ) -> LiveTable:  # fmt: skip
    """Show the last messages here, and go on showing them while other cells run.

    Args:
        rows: how many.
        own: those of my other devices, too.
        kinds: another kind of event, such as ``"reaction"``; None for every kind.

    Raises:
        SignalBotError: the bot remembers no messages, because it was made outside of IPython."""
    table = LiveTable(bot, rows, own=own, kinds=kinds)
    bot.messages.recent.follow(table.touch)
    return table


class LiveTable:
    """What ``live(bot)`` returns; each cell that shows it is updated.

    The table is drawn by a timer's thread, never by the worker whose event it was: a slow browser
    must not hold up a chat.
    """

    def __init__(self, bot: SignalBot, rows: int, *, own: bool, kinds: str | None) -> None:
        self._bot = weakref.ref(bot)
        self._rows = rows
        self._own = own
        self._kinds = kinds
        self._display_id = f"signalbot-{uuid.uuid4().hex}"
        # Guards _timer: events come from many workers.
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None  # while an update is due
        self._is_shown = False
        self._is_closed = False

    def touch(self) -> None:
        """Have the table drawn anew soon; from any thread."""
        with self._lock:
            if self._timer is not None or self._is_closed or not self._is_shown:
                return
            self._timer = threading.Timer(_PACE, self._draw)
            self._timer.daemon = True
            self._timer.name = "signalbot-table"
            self._timer.start()

    def close(self) -> None:
        """Change no more; what is shown stays."""
        self._is_closed = True

    @property
    def html(self) -> str:
        """The table of this moment."""
        bot = self._bot()
        if bot is None:
            return message_table([], caption="the bot is gone")
        feed: Feed = bot.messages
        rows = feed.rows(own=self._own, kinds=self._kinds)
        return message_table(rows[-self._rows :], caption=f"{bot.state}, {len(rows)} in all")

    def _ipython_display_(self) -> None:
        from IPython.display import display

        self._is_shown = True
        display(_bundle(self.html), raw=True, display_id=self._display_id)  # type: ignore[no-untyped-call]  # IPython's own

    def _draw(self) -> None:
        from IPython.display import update_display

        with self._lock:
            self._timer = None  # first: an event that comes while we draw wants the next one
        update_display(_bundle(self.html), raw=True, display_id=self._display_id)  # type: ignore[no-untyped-call]  # IPython's own


def _bundle(html: str) -> dict[str, Any]:
    return {"text/html": html, "text/plain": "a table of messages"}
