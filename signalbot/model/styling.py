r"""The markup of styled messages, written so that other people's text cannot break it.

The server turns ``*italic*``, ``**bold**``, ``~strike~``, ``||spoiler||`` and `` `mono` `` into
styles and swallows every marker that is not escaped, matched or not. So text that you did not
write goes through ``escape``, or through the functions here, which do it themselves::

    bot.send(chat, styled("Dear ", bold(name), ", your code is ", monospace(code)), styled=True)
"""

from __future__ import annotations

import re
from itertools import groupby

from signalbot.model.text import escape

__all__ = [
    "Styled",
    "bold",
    "escape",
    "italic",
    "monospace",
    "spoiler",
    "strike",
    "strip_styles",
    "styled",
]

# What the server reads, from left to right. A backslash before anything else stays.
_TOKEN = re.compile(r"\\(\*\*|\*|~|`|\|\|)|\*|~|`|\|\|")

# Invisible, no place for a line break: keeps a marker from running into what stands before it,
# for a backslash would escape it, and an asterisk or a pipe would make another marker of it.
_WORD_JOINER = "\u2060"


class Styled(str):
    """Text that holds markup on purpose; the functions here do not escape it again."""

    __slots__ = ()


def strip_styles(text: str) -> str:
    """The text that remains when the server has taken the markup out: offsets refer to it."""
    return _TOKEN.sub(lambda found: found[1] or "", text)


def styled(*parts: object) -> Styled:
    """Join parts of a styled message; markup made here is kept, everything else is escaped."""
    joined = ""
    # Plain neighbours are escaped as one: two pipes may meet only where two parts do.
    for is_markup, neighbours in groupby(parts, key=lambda part: isinstance(part, Styled)):
        pieces = [str(part) for part in neighbours]
        for piece in pieces if is_markup else [escape("".join(pieces))]:
            joined += _WORD_JOINER + piece if _collide(joined, piece) else piece
    return Styled(joined)


def bold(*parts: object) -> Styled:
    """Bold, with plain parts escaped; styles nest: ``bold("very ", italic("much"))``."""
    return _wrap("**", parts)


def italic(*parts: object) -> Styled:
    """Italic, with plain parts escaped."""
    return _wrap("*", parts)


def strike(*parts: object) -> Styled:
    """Struck through, with plain parts escaped."""
    return _wrap("~", parts)


def spoiler(*parts: object) -> Styled:
    """Hidden until tapped, with plain parts escaped."""
    return _wrap("||", parts)


def monospace(*parts: object) -> Styled:
    """Fixed-width, with plain parts escaped."""
    return _wrap("`", parts)


def _wrap(marker: str, parts: tuple[object, ...]) -> Styled:
    inside = styled(*parts)
    if not inside:
        return inside  # a marker pair around nothing would be read as another marker
    return styled(Styled(marker), inside, Styled(marker))


def _collide(before: str, after: str) -> bool:
    """Whether a marker at the seam would be escaped, or read as a longer one."""
    if before.endswith("\\"):
        return after.startswith(("*", "~", "`", "||"))
    return before[-1:] == after[:1] and before.endswith(("*", "|"))
