"""What a notebook shows of a bot, as HTML; everything that others wrote is escaped."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

# Colours that can be read on a light page as well as on a dark one.
_COLOURS = {
    "running": "#2e9e5b", "standby": "#3a76f0", "starting": "#b7791f", "draining": "#b7791f",
    "failed": "#d03b3b", "forked": "#d03b3b",
}  # fmt: skip
_LONGEST_TEXT = 300


def escape(text: str) -> str:
    """As ``html.escape``, imported when something is shown: its entities take 800 KB."""
    import html

    return html.escape(text)


def status_card(account: str, server: str, handlers: int, stats: Mapping[str, Any]) -> str:
    """A bot at a glance: numbers, no names; of its own phone number only the ends."""
    state = str(stats["state"])
    colour = _COLOURS.get(state, "#7a7f8a")
    facts = "".join(
        f'<div><div style="font-size:1.25em;font-weight:600">{escape(str(value))}</div>'
        f'<div style="opacity:.7;font-size:.85em">{escape(name)}</div></div>'
        for name, value in _facts(handlers, stats)
    )
    troubles = "".join(
        f'<div style="margin-top:.5em;color:{_COLOURS["failed"]}">{escape(text)}</div>'
        for text in _troubles(stats)
    )
    return (
        '<div style="display:inline-block;border:1px solid #8886;border-radius:8px;'
        'padding:.8em 1.1em;font-family:system-ui,sans-serif;line-height:1.35">'
        f'<div><b>Signal bot {escape(shortened(account))}</b> '
        f'<span style="background:{colour};color:#fff;border-radius:1em;padding:.1em .7em;'
        f'margin-left:.4em;font-size:.85em">{escape(state)}</span></div>'
        f'<div style="opacity:.7;font-size:.85em">{escape(server)}</div>'
        f'<div style="display:flex;gap:1.6em;margin-top:.6em">{facts}</div>{troubles}</div>'
    )  # fmt: skip


def shortened(number: str) -> str:
    """The ends of a phone number: notebooks are passed on with their outputs."""
    return f"{number[:3]}…{number[-3:]}" if len(number) > 8 else "…"


def message_table(rows: Sequence[Mapping[str, Any]], *, caption: str = "") -> str:
    """Messages as a table, the newest first."""
    head = "".join(
        f'<th style="text-align:left">{name}</th>' for name in ("time", "chat", "sender", "text")
    )
    body = "".join(_message_row(row) for row in reversed(rows))
    if not rows:
        body = '<tr><td colspan="4" style="opacity:.7;text-align:left">no messages yet</td></tr>'
    note = f'<div style="opacity:.7;font-size:.85em">{escape(caption)}</div>' if caption else ""
    return f"<div><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{note}</div>"


def _facts(handlers: int, stats: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    yield "connected", "yes" if stats["connected"] else "no"
    yield "handlers", handlers
    if "pool" in stats:
        yield "running", stats["pool"]["running"]
        yield "queued", stats["pool"]["queued"]
        yield "in conversation", stats["pool"]["parked"]
        yield "in the inbox", stats["inbox"]["pending"]
        yield "dead letters", stats["inbox"]["dead_letters"]


def _troubles(stats: Mapping[str, Any]) -> Iterable[str]:
    if stats.get("last_error") and not stats["connected"]:
        yield f"no connection: {stats['last_error']}"
    for family, state in stats.get("breakers", {}).items():
        if state != "closed":
            yield f"the server fails for {family}: calls are held back ({state})"


def _message_row(row: Mapping[str, Any]) -> str:
    cells = (_time(row["time"]), row["chat"], row["sender"], _text(row))
    # <bdi>: a name written from right to left does not turn the rest of the line around.
    inside = "".join(
        '<td style="text-align:left;white-space:pre-wrap">'
        f"<bdi>{escape(str(cell if cell is not None else '–'))}</bdi></td>"
        for cell in cells
    )
    return f"<tr>{inside}</tr>"


def _text(row: Mapping[str, Any]) -> str:
    text = row["text"] or ("" if row["kind"] == "message" else f"({row['kind']})")
    if len(text) > _LONGEST_TEXT:
        text = text[:_LONGEST_TEXT] + "…"
    files = row["attachments"]
    return text + (f" [{files} file{'s' if files > 1 else ''}]" if files else "")


def _time(moment: dt.datetime | None) -> str:
    return "–" if moment is None else moment.astimezone().strftime("%H:%M:%S")
