"""Naming people in outgoing text: from ``f"hi {Mention(user)}"`` to places in UTF-16 units.

A mention in a string becomes a run of private-use characters that carries the person itself, so
the string may be joined, stored in a variable and passed on like any other; there is no table of
pending mentions that could leak or be missed. The run ends in a tag made with a key of this
process: text that somebody else wrote cannot hold a valid one, and an invalid one stays what it
is, plain text. Hence a marker works in the process that made it (and its forked children) only;
across processes pass ``mentions=[Mention(user, start, length)]``.
"""

from __future__ import annotations

import hmac
import json
import re
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b

from signalbot.model.people import User
from signalbot.model.styling import strip_styles
from signalbot.model.text import utf16_length, utf16_slice

PLACEHOLDER = "\ufffc"  # what the apps themselves put where a name is to be shown

_BYTES_BASE = 0xF0000  # one private-use character for each byte, none of them whitespace
MARKER_BEGINS, _END = "\U000f1000", "\U000f1001"
_MARKER = re.compile(f"{MARKER_BEGINS}([\U000f0000-\U000f00ff]+){_END}")
_TAG_SIZE = 8
_KEY = secrets.token_bytes(32)

Place = tuple[int, int, User]  # start, length, who


@dataclass(frozen=True, slots=True, repr=False, init=False)
class Mention:
    """A person named in a text; ``start`` and ``length`` count UTF-16 units.

    In an f-string it writes itself in place. In ``mentions=[...]`` without ``start`` it takes the
    next U+FFFC of the text, else the person's ``@name``, else it stands before the text.
    """

    user: User
    start: int | None
    length: int | None

    def __init__(
        self, user: User | str, start: int | None = None, length: int | None = None
    ) -> None:
        """Name a person, who may be given by number, uuid or username.

        Raises:
            ValueError: if the text can be none of them.
            TypeError: if it is neither a User nor a text.
        """
        if not isinstance(user, User):
            if not isinstance(user, str):
                raise TypeError(
                    "a mention names a User, a number, a uuid or a username, "
                    f"not a {type(user).__name__}"
                )
            user = User.parse(user)
        object.__setattr__(self, "user", user)  # frozen for everybody else
        object.__setattr__(self, "start", start)
        object.__setattr__(self, "length", length)

    def __str__(self) -> str:
        return _marker(self.user)

    def __format__(self, spec: str) -> str:
        return _marker(self.user)  # padding a name that the app fills in would pad the wrong thing

    def __repr__(self) -> str:
        return f"<Mention start={self.start} length={self.length}>"


def resolve_mentions(
    text: str, mentions: Iterable[Mention | User | str] = (), *, styled: bool = False
) -> tuple[str, list[Place]]:
    """Replace the markers in a text and say where everybody is named, in order.

    Explicit positions count in the text without markers, each being one unit. With ``styled``
    the text still holds its markup, while the places are those after the server removed it.

    Raises:
        ValueError: if a position lies outside the text, or two of them overlap.
    """
    plain, places = _take_markers(text)
    named = [m if isinstance(m, Mention) else Mention(m) for m in mentions]
    places += [
        (mention.start, 1 if mention.length is None else mention.length, mention.user)
        for mention in named
        if mention.start is not None
    ]
    plain, places = _place(plain, places, [m.user for m in named if m.start is None])
    places.sort(key=lambda place: place[0])
    _check(plain, places)
    return plain, [_without_markup(plain, place) for place in places] if styled else places


def has_markers(text: str) -> bool:
    """Whether a text may name somebody by a marker; cheap enough to ask for every send."""
    return MARKER_BEGINS in text


def refuse_markers(text: str) -> None:
    """Make sure that no marker is left: it holds the person's identifiers for all to read.

    Raises:
        ValueError: if there is one, as in a poll's question, where nobody can be named.
    """
    if has_markers(text) and _take_markers(text)[1]:
        raise ValueError(
            "a Mention works in the text of a message only; in a poll, a title or a group's name "
            "write the person's name"
        )


def _marker(user: User) -> str:
    payload = json.dumps([user.uuid, user.number, user.username, user.name]).encode()
    return (
        MARKER_BEGINS + "".join(chr(_BYTES_BASE + byte) for byte in payload + _tag(payload)) + _END
    )


def _tag(payload: bytes) -> bytes:
    return blake2b(payload, key=_KEY, digest_size=_TAG_SIZE).digest()


def _user(characters: str) -> User | None:
    """Read the person back, or None if this process did not write the marker."""
    content = bytes(ord(char) - _BYTES_BASE for char in characters)
    payload, tag = content[:-_TAG_SIZE], content[-_TAG_SIZE:]
    if not hmac.compare_digest(tag, _tag(payload)):
        return None
    return User(*json.loads(payload))


def _take_markers(text: str) -> tuple[str, list[Place]]:
    if not has_markers(text):
        return text, []
    plain, places, done, units = [], [], 0, 0
    for found in _MARKER.finditer(text):
        user = _user(found[1])
        if user is None:
            continue
        before = text[done : found.start()]
        units += utf16_length(before)
        places.append((units, 1, user))
        plain += [before, PLACEHOLDER]
        units += 1
        done = found.end()
    return "".join([*plain, text[done:]]), places


def _place(text: str, places: list[Place], users: list[User]) -> tuple[str, list[Place]]:
    """Find a place for people who came without one; who has none stands before the text."""
    left = []
    for user in users:
        place = _free_place(text, places, user)
        if place is None:
            left.append(user)
        else:
            places.append(place)
    if not left:
        return text, places
    lead = " ".join([PLACEHOLDER] * len(left)) + (" " if text else "")
    moved = [(start + len(lead), length, user) for start, length, user in places]
    return lead + text, [(2 * n, 1, user) for n, user in enumerate(left)] + moved


def _free_place(text: str, places: list[Place], user: User) -> Place | None:
    taken = {start for start, _, _ in places}
    names = [f"@{name}" for name in (user.name, user.username, user.number) if name]
    for candidate in (PLACEHOLDER, *names):
        for found in re.finditer(re.escape(candidate), text):
            start = utf16_length(text[: found.start()])
            if start not in taken:
                return start, utf16_length(candidate), user
    return None


def _check(text: str, places: Sequence[Place]) -> None:
    end = 0
    for start, length, _ in places:
        if start < 0 or length < 1:
            raise ValueError(
                f"a mention needs start >= 0 and length >= 1, not {start} and {length}"
            )
        if start < end:
            raise ValueError(f"two mentions overlap at UTF-16 unit {start}")
        end = start + length
    if end > utf16_length(text):
        raise ValueError(
            f"a mention ends at UTF-16 unit {end}, but the text has {utf16_length(text)}"
        )


def _without_markup(text: str, place: Place) -> Place:
    start, length, user = place
    before = utf16_length(strip_styles(utf16_slice(text, 0, start)))
    inside = utf16_length(strip_styles(utf16_slice(text, start, length)))
    return before, max(inside, 1), user
