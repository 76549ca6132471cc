"""What the bot made of each frame: the handlers asked, the attempts, the end."""

from __future__ import annotations

import threading
import time
import traceback
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from signalbot.bot import SignalBot
from signalbot.model import peek
from signalbot.routing.live_table import LiveTable
from signalbot.routing.table import RoutingSettings
from signalbot.runtime.seams import Sink
from signalbot.simulator.broadcast import Json
from signalbot.simulator.timeline import Timeline

_KEPT = 2000  # frames


class Traces:
    """Follows every frame through a bot, by its timestamp, which the stand-in never gives twice.

    A trace reaches the pages once a message shows it (``show``), and at each step from then on.
    """

    def __init__(self, bot: SignalBot, settings: RoutingSettings, timeline: Timeline) -> None:
        self._timeline = timeline
        self._table = LiveTable(bot, settings, on_warning=lambda warning: None)
        # Guarded by the timeline's lock; workers, the reader and the page's thread come here.
        self._frames: OrderedDict[int, Json] = OrderedDict()
        self._shown: set[int] = set()
        self._here = threading.local()  # .frame: what this worker handles now
        self.on_failure: Callable[[], None] = lambda: None

    def attach(self, bot: SignalBot) -> None:
        """Listen to a bot at rest; its hooks outlive the simulator, so ``detach`` later."""
        bot.seams.intake = self._watch_intake
        bot.seams.on_step = self._step
        bot.hooks.before_park.append(self._parked)

    def detach(self, bot: SignalBot) -> None:
        """Take the hook off."""
        bot.hooks.before_park.remove(self._parked)

    def show(self, timestamp: int, chat: str, about: str) -> None:
        """Let the pages see this frame; ``about`` says what it told the bot."""
        with self._timeline.lock:
            frame = self._frame(timestamp)
            frame.update(chat=chat, about=about)
            self._shown.add(timestamp)
            self._tell(frame)

    def to_json(self) -> Json:
        """Every frame that is shown, by id."""
        with self._timeline.lock:
            return {str(t): self._frames[t] for t in self._frames if t in self._shown}

    def waiting(self) -> int:
        """How many frames a handler has not ended with."""
        with self._timeline.lock:
            return sum(
                bool(frame["attempts"]) and frame["attempts"][-1]["ended"] is None
                for frame in self._frames.values()
            )

    # -- on the bot's threads ----------------------------------------------------------------

    def _watch_intake(self, sink: Sink) -> Sink:
        def take(raw: bytes, received_at: float) -> None:
            peeked = peek(raw)
            if peeked.timestamp:
                with self._timeline.lock:
                    frame = self._frame(peeked.timestamp)
                    frame["copies"] += 1
                    frame["kind"] = peeked.kind
                    frame["arrived"] = frame["arrived"] or received_at
                    frame["wanted"] = self._table().wanted(peeked.kind, peeked.is_own)
                    self._tell(frame)
            sink(raw, received_at)

        return take

    def _step(
        self,
        step: str,
        delivery: Any,
        ctx: Any,
        error: BaseException | None = None,
        delay: float = 0.0,
    ) -> None:
        timestamp = delivery.peek.timestamp
        if not timestamp:
            return
        routing = self._explain(ctx) if step == "began" and delivery.attempt == 1 else None
        with self._timeline.lock:
            frame = self._frame(timestamp)
            if step == "began":
                if routing is not None:
                    frame.update(routing=routing, letter=False)
                self._begin(frame, delivery)
                self._here.frame = frame
            elif step == "answer":
                self._answer(frame)
            else:
                self._end(frame, step, ctx, error, delay)
            self._tell(frame)
        if step in ("dead_letter", "unreadable", "stuck"):
            self.on_failure()

    def _begin(self, frame: Json, delivery: Any) -> None:
        frame["attempts"] = [
            *frame["attempts"],
            {
                "number": delivery.attempt,
                "redelivered": delivery.redelivered,
                "began": time.time(),
                "ended": None,
                "outcome": "running",
                "handler": None,
                "place": None,
                "error": None,
                "delay": None,
            },
        ]

    def _end(
        self, frame: Json, step: str, ctx: Any, error: BaseException | None, delay: float
    ) -> None:
        if not frame["attempts"]:
            return
        handler = getattr(ctx, "handler", None)
        attempt = {
            **frame["attempts"][-1],
            "ended": time.time(),
            "outcome": step,
            "handler": None if handler is None else handler.name,
            "place": None if handler is None else str(handler.place),
            "error": None if error is None else told(error),
            "delay": delay if step in ("retry", "outage") else None,
        }
        frame["attempts"] = [*frame["attempts"][:-1], attempt]
        frame["letter"] = step in ("dead_letter", "unreadable", "stuck")

    def _answer(self, frame: Json) -> None:
        """Runs in the thread of the handler that had asked."""
        asking: Json | None = getattr(self._here, "frame", None)
        frame["answers"] = None if asking is None else asking["id"]
        if asking is not None:
            asking["attempts"][-1]["outcome"] = "running"
            self._tell(asking)

    def _parked(self) -> None:
        frame: Json | None = getattr(self._here, "frame", None)
        if frame is not None:
            with self._timeline.lock:
                frame["attempts"][-1]["outcome"] = "asking"
                self._tell(frame)

    def _explain(self, ctx: Any) -> list[Json]:
        try:
            explanations = self._table().explain(ctx)
        except Exception as error:  # noqa: BLE001 - a filter of the user's; dispatch meets it again
            return [_row("the filters", "", "", False, False, f"raised {type(error).__name__}")]
        return [
            _row(
                each.handler.name,
                each.handler.decorator,
                str(each.handler.place),
                each.matched,
                each.runs,
                each.why,
            )
            for each in explanations
        ]

    # -- under the lock ----------------------------------------------------------------------

    def _frame(self, timestamp: int) -> Json:
        frame = self._frames.get(timestamp)
        if frame is None:
            frame = self._frames[timestamp] = {
                "id": str(timestamp),
                "about": "",
                "chat": None,
                "kind": "",
                "arrived": None,
                "copies": 0,
                "wanted": True,
                "answers": None,
                "routing": [],
                "attempts": [],
                "letter": False,
            }
            while len(self._frames) > _KEPT:
                oldest, _ = self._frames.popitem(last=False)
                self._shown.discard(oldest)
        return frame

    def _tell(self, frame: Json) -> None:
        if int(frame["id"]) in self._shown:
            self._timeline.broadcast.publish({"type": "trace", "trace": frame})


def told(error: BaseException) -> Json:
    """An error for the eyes of the one who writes the bot."""
    lines = traceback.format_exception(type(error), error, error.__traceback__)
    return {
        "type": type(error).__name__,
        "text": str(error)[:2000],
        "traceback": "".join(lines)[-12000:],
    }


def _row(handler: str, decorator: str, place: str, matched: bool, runs: bool, why: str) -> Json:
    return {
        "handler": handler,
        "decorator": decorator,
        "place": place,
        "matched": matched,
        "runs": runs,
        "why": why[:1000],
    }
