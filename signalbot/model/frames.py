"""Frames out of the body of a poll, which need not be valid JSON.

The server joins the lines of signal-cli's output and of its error output with commas, so a Java
stack trace may stand between two objects. The messages are acknowledged by then: what can be
read must be read.
"""

from __future__ import annotations

import json
import re

_SCAN = json.JSONDecoder().raw_decode
_BLANK = re.compile(r"[ \t\r\n]*")
# A frame begins an element or a line. Deeper inside of something it is somebody's text.
_BEGINNING = re.compile(r'(?:^|[\[,\n])[ \t\r\n]*(\{[ \t]*"(?:envelope|exception|account)")')


def frames(body: str | bytes, account: str | None = None) -> tuple[list[bytes], list[bytes]]:
    """Cut a body into frames, byte for byte, and the rest that is none.

    ``account`` is taken for symmetry with :func:`~signalbot.model.peek.peek`; a body holds the
    frames of one account.
    """
    del account
    # Torn bytes stay with the frame that holds them; the others are read nevertheless.
    text = body if isinstance(body, str) else bytes(body).decode("utf-8", "surrogateescape")
    found = _elements(text)
    rest: list[str] = []
    if found is None:
        found, rest = _salvage(text)
    return list(map(_encode, found)), list(map(_encode, rest))


def _elements(text: str) -> list[str] | None:
    """Cut a proper array into its elements, or give None if it is not one."""
    at = _skip(text, 0)
    if text[at : at + 1] != "[":
        return None
    found: list[str] = []
    at = _skip(text, at + 1)
    if text[at : at + 1] == "]":
        return found if _skip(text, at + 1) == len(text) else None
    while True:
        end = _end_of_value(text, at)
        if end is None:
            return None
        found.append(text[at:end])
        at = _skip(text, end)
        if text[at : at + 1] == "]":
            return found if _skip(text, at + 1) == len(text) else None
        if text[at : at + 1] != ",":
            return None
        at = _skip(text, at + 1)


def _salvage(text: str) -> tuple[list[str], list[str]]:
    """Take the objects that are whole, wherever an element or a line begins with one."""
    found: list[str] = []
    rest: list[str] = []
    done = at = 0
    while beginning := _BEGINNING.search(text, at):
        begin = beginning.start(1)
        end = _end_of_value(text, begin)
        if end is None:
            at = begin + 1
            continue
        rest.append(text[done:begin])
        found.append(text[begin:end])
        done = at = end
    rest.append(text[done:])
    # What only held the array together is not worth keeping.
    return found, [piece for piece in (part.strip(" \t\r\n,[]") for part in rest) if piece]


def _skip(text: str, at: int) -> int:
    found = _BLANK.match(text, at)
    return found.end() if found else at


def _end_of_value(text: str, begin: int) -> int | None:
    try:
        return _SCAN(text, begin)[1]
    except (ValueError, RecursionError):
        return None


def _encode(text: str) -> bytes:
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # lone surrogates in a str that never was bytes
        return text.encode("utf-8", "backslashreplace")
