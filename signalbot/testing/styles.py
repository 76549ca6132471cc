"""Reading ``styled`` text: markers out, ranges in UTF-16 units."""

from __future__ import annotations

from typing import Any

_STYLES: dict[str, tuple[str, ...]] = {
    "***": ("BOLD", "ITALIC"),
    "**": ("BOLD",),
    "*": ("ITALIC",),
    "~": ("STRIKETHROUGH",),
    "||": ("SPOILER",),
    "`": ("MONOSPACE",),
}


def strip_styles(
    text: str, *, knows_bold_italic: bool = True
) -> tuple[str, tuple[dict[str, Any], ...]]:
    """The text without its markers, with the styles that they made.

    Every marker that is not escaped is swallowed, also one without a partner; spans that cross
    give no style at all.
    """
    markers = [m for m in _STYLES if knows_bold_italic or m != "***"]
    plain: list[str] = []
    open_markers: list[tuple[str, int]] = []
    styles: list[dict[str, Any]] = []
    position = index = 0
    while index < len(text):
        escaped = text[index] == "\\"
        marker = _marker_at(text, index + escaped, markers)
        if marker and not escaped:
            if open_markers and open_markers[-1][0] == marker:
                _, start = open_markers.pop()
                styles += [
                    {"style": style, "start": start, "length": position - start}
                    for style in _STYLES[marker]
                ]
            else:
                open_markers.append((marker, position))
            index += len(marker)
            continue
        piece = marker if marker and escaped else text[index]
        plain.append(piece)
        position += sum(2 if character > "\uffff" else 1 for character in piece)
        index += len(piece) + (1 if marker and escaped else 0)
    return "".join(plain), tuple(styles)


def _marker_at(text: str, index: int, markers: list[str]) -> str | None:
    return next((m for m in markers if text.startswith(m, index)), None)
