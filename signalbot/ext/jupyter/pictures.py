"""A picture of the last hour: messages, waiting times, queue."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING

from signalbot.observability.hour import SLOT, SLOTS, Slot

if TYPE_CHECKING:
    from signalbot.bot import SignalBot

_WIDTH, _HEIGHT = 720, 104  # of one panel
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 24, 26, 20
_INK, _PALE, _GRID = "#22252b", "#6b7280", "#e5e7eb"


def plots(bot: SignalBot) -> HourPicture:
    """Events per second, how long they waited, and the queue, over the last hour.

    Raises:
        SignalBotError: the bot remembers nothing, because it was made outside of IPython."""
    recent = bot.messages.recent
    now = recent.clock()
    return HourPicture(recent.hour.slots(now), now)


class HourPicture:
    """What ``plots(bot)`` returns: an SVG image of the moment it was made."""

    def __init__(self, slots: Sequence[Slot | None], now: float) -> None:
        self._slots = slots
        self._now = now

    @property
    def svg(self) -> str:
        """The image as text; save it with ``Path("hour.svg").write_text(picture.svg)``."""
        slots = [slot or Slot() for slot in self._slots]
        panels = (
            ("events per second", "#3a76f0", [slot.events / SLOT for slot in slots]),
            ("longest wait for a handler, s", "#b7791f", [slot.waited for slot in slots]),
            ("most events in the queue", "#2e9e5b", [float(slot.queued) for slot in slots]),
        )
        height = _HEIGHT * len(panels)
        inside = "".join(
            _panel(title, colour, values, row * _HEIGHT, self._now)
            for row, (title, colour, values) in enumerate(panels)
        )
        # A ground of its own: as an image it takes no colours from a dark page.
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" '
            f'viewBox="0 0 {_WIDTH} {height}" font-family="system-ui, sans-serif" font-size="11" '
            f'role="img"><title>The last hour of the bot</title>'
            f'<rect width="100%" height="100%" rx="8" fill="#fff"/>{inside}</svg>'
        )

    def _repr_svg_(self) -> str:
        return self.svg


def _panel(title: str, colour: str, values: Sequence[float], top: int, now: float) -> str:
    highest = max(values)
    scale = _nice(highest)
    base = top + _HEIGHT - _BOTTOM
    tall = _HEIGHT - _TOP - _BOTTOM
    wide = _WIDTH - _LEFT - _RIGHT
    points = [
        (_LEFT + wide * index / (SLOTS - 1), base - tall * value / scale)
        for index, value in enumerate(values)
    ]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    times = "".join(
        f'<text x="{_LEFT + wide * part / 4:.0f}" y="{base + 14}" fill="{_PALE}" '
        f'text-anchor="middle">{_clock(now - SLOT * SLOTS * (1 - part / 4))}</text>'
        for part in range(5)
    )
    return (
        f'<text x="{_LEFT}" y="{top + 17}" fill="{_INK}" font-weight="600">{title}</text>'
        f'<text x="{_WIDTH - _RIGHT}" y="{top + 17}" fill="{_PALE}" text-anchor="end">'
        f"now {_number(values[-1])}, at most {_number(highest)}</text>"
        f'<path d="M{_LEFT} {base - tall}H{_WIDTH - _RIGHT}M{_LEFT} {base}H{_WIDTH - _RIGHT}" '
        f'stroke="{_GRID}"/>'
        f'<text x="{_LEFT - 8}" y="{base - tall + 4}" fill="{_PALE}" text-anchor="end">'
        f"{_number(scale)}</text>"
        f'<text x="{_LEFT - 8}" y="{base + 4}" fill="{_PALE}" text-anchor="end">0</text>'
        f'<polygon points="{_LEFT},{base} {line} {_WIDTH - _RIGHT},{base}" fill="{colour}" '
        f'fill-opacity=".15"/><polyline points="{line}" fill="none" stroke="{colour}" '
        f'stroke-width="1.5" stroke-linejoin="round"/>{times}'
    )


def _nice(highest: float) -> float:
    """The next of 1, 2, 5, 10, 20 …, up or down, that holds the highest value."""
    if highest <= 0:
        return 1.0
    step = 1e-9
    while True:
        for factor in (1, 2, 5):
            if highest <= step * factor:
                return step * factor
        step *= 10


def _number(value: float) -> str:
    return f"{value:.3g}" if value < 1000 else f"{value:.0f}"


def _clock(moment: float) -> str:
    return dt.datetime.fromtimestamp(moment).astimezone().strftime("%H:%M")
