"""Text as Signal takes it: positions in UTF-16 units, length in UTF-8 bytes, markers escaped."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

# Where a text may be cut, best first. The break itself stays with the part before it.
_PARAGRAPH = re.compile(r"(?:\r?\n[ \t]*){2,}")
_LINE = re.compile(r"\n")
_WORD = re.compile(r"\s+")

# What styles the text of a styled message. A single pipe is nothing special.
_MARKER = re.compile(r"\*|~|`|\|\|")

_ZERO_WIDTH_JOINER = "\u200d"


def utf16_length(text: str) -> int:
    """Count UTF-16 units: two for a character beyond the basic plane, one for any other."""
    if text.isascii():
        return len(text)
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def utf16_offset(text: str, index: int) -> int:
    """Turn an index into ``text`` into the offset that mentions and styles use."""
    return utf16_length(text[:index])


def utf16_slice(text: str, start: int, length: int) -> str:
    """Cut out a range given in UTF-16 units; one that leaves the text is clamped to it."""
    start, end = max(start, 0), max(start + length, 0)
    if text.isascii():
        return text[start:end]
    units = text.encode("utf-16-le", "surrogatepass")[2 * start : 2 * end]
    return units.decode("utf-16-le", "surrogatepass")


def without_lone_surrogates(text: str) -> str:
    """Replace each half of a torn surrogate pair by U+FFFD, so that the text can be encoded.

    The length in UTF-16 units stays the same, hence offsets stay right.
    """
    if text.isascii():
        return text
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def escape(text: str) -> str:
    r"""Make text come out unchanged in a styled message.

    A marker gets a backslash, ``*`` becomes ``\*``. A backslash needs none: the server keeps one
    that stands before another backslash, and the second one then escapes. Text that ends in a
    backslash must not be put directly before a marker; ``styled()`` takes care of that.
    """
    return _MARKER.sub(r"\\\g<0>", text)


def split_paragraphs(text: str, limit: int = 2000) -> list[str]:
    """Cut a text into parts of at most ``limit`` UTF-8 bytes that join to the same text.

    A cut falls behind a paragraph if it can, else behind a line, else behind a word, else between
    two visible characters.

    Raises:
        ValueError: if ``limit`` is below 4, the size of one character.
    """
    if limit < 4:
        raise ValueError(f"limit={limit}: a single character may need 4 bytes")
    return list(_parts(text, limit))


def _parts(text: str, limit: int) -> Iterator[str]:
    begin = 0
    while begin < len(text):
        end = _reach(text, begin, limit)
        if end < len(text):
            end = _best_cut(text, begin, end)
        yield text[begin:end]
        begin = end


def _reach(text: str, begin: int, limit: int) -> int:
    """Find the furthest end whose part still fits, by bisection over at most ``limit`` chars."""
    low, high = begin + 1, min(len(text), begin + limit)
    while low < high:
        middle = (low + high + 1) // 2
        if len(text[begin:middle].encode("utf-8", "surrogatepass")) <= limit:
            low = middle
        else:
            high = middle - 1
    return low


def _best_cut(text: str, begin: int, end: int) -> int:
    part = text[begin:end]
    for pattern in (_PARAGRAPH, _LINE, _WORD):
        cut = 0
        for found in pattern.finditer(part):
            cut = found.end()
        if cut:
            return begin + cut
    cut = end
    while cut > begin and _belongs_together(text, begin, cut):
        cut -= 1
    return cut if cut > begin else end  # one endless cluster: cut it between code points


def _belongs_together(text: str, begin: int, index: int) -> bool:
    """Whether a reader of the part from ``begin`` sees the characters around ``index`` as one.

    A short approximation of Unicode's grapheme rules: marks, joiners, skin tones, flags, tags,
    surrogate pairs written as two characters, private-use runs (mention markers).
    """
    before, after = text[index - 1], text[index]
    if after.isascii():
        return False
    if after == _ZERO_WIDTH_JOINER or before == _ZERO_WIDTH_JOINER:
        return True
    if unicodedata.category(after) in ("Mn", "Me", "Mc"):  # variation selectors are Mn too
        return True
    if "\U0001f3fb" <= after <= "\U0001f3ff" or "\U000e0020" <= after <= "\U000e007f":
        return True
    if "\ud800" <= before <= "\udbff" and "\udc00" <= after <= "\udfff":
        return True
    if before >= "\U000f0000" and after >= "\U000f0000":
        return True
    return _is_flag_letter(after) and _flag_letters(text, begin, index) % 2 == 1


def _is_flag_letter(char: str) -> bool:
    return "\U0001f1e6" <= char <= "\U0001f1ff"


def _flag_letters(text: str, begin: int, index: int) -> int:
    """Count the letters of flags right before ``index``: two make one flag."""
    first = index
    while first > begin and _is_flag_letter(text[first - 1]):
        first -= 1
    return index - first
