"""From a word that somebody typed to a value of the annotated type."""

from __future__ import annotations

import datetime as dt
import enum
import math
import re
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, Literal, TypeAlias, Union, get_args, get_origin

from signalbot.model.people import Group, User
from signalbot.routing.usage import UsageError
from signalbot.routing.words import Word

CONVERSION_FAILED = (ValueError, ArithmeticError, LookupError)
"""How a converter says no. Anything else is a bug in it, and treated as one."""

Read: TypeAlias = Callable[[Word, Any], Any]


@dataclass(frozen=True, slots=True)
class Converter:
    """How one type is read.

    Attributes:
        read: gets the word and the context; a ValueError means that it does not fit.
        expected: what fits, as the end of "… is not …".
        choices: the only words that fit, if they are few enough to show.
    """

    read: Read
    expected: str
    choices: tuple[str, ...] = ()


Registry: TypeAlias = Mapping[Any, Converter]


def converter_for(annotation: Any, own: Registry) -> Converter | None:
    """The converter of a type, the user's own before ours; None if there is none."""
    try:
        known = own.get(annotation) or BUILT_IN.get(annotation)
    except TypeError:  # unhashable, such as Literal[[]]
        return None
    if known is not None:
        return known
    origin = get_origin(annotation)
    if origin is Annotated:
        return converter_for(get_args(annotation)[0], own)
    if origin is Literal:
        return one_of({str(value): value for value in get_args(annotation)})
    if origin is Union or origin is types.UnionType:
        return first_of([converter_for(each, own) for each in members(annotation)])
    if isinstance(annotation, enum.EnumMeta):
        return member_of(annotation)
    if hasattr(annotation, "__supertype__"):
        return converter_for(annotation.__supertype__, own)
    return None


def members(annotation: Any) -> list[Any]:
    """The types of a union, without None."""
    return [each for each in get_args(annotation) if each is not type(None)]


def is_optional(annotation: Any) -> bool:
    """Whether None is among the values of the type."""
    if get_origin(annotation) is Annotated:
        return is_optional(get_args(annotation)[0])
    return annotation is None or type(None) in get_args(annotation)


def one_of(choices: Mapping[str, Any]) -> Converter:
    """One of a few words, in any case, with ``-`` for ``_``."""
    by_word = {plain(word): value for word, value in choices.items()}

    def read(word: Word, _ctx: Any) -> Any:
        return by_word[plain(word.text)]

    words = tuple(word.replace("_", "-") for word in choices)
    return Converter(read, "one of " + ", ".join(words), choices=words)


def plain(word: str) -> str:
    return word.casefold().replace("_", "-")


def member_of(enumeration: enum.EnumMeta) -> Converter:
    """A member by its name or, where no name fits, by its value."""
    named: dict[str, Any] = dict(enumeration.__members__)
    by_name = one_of({name.lower(): member for name, member in named.items()})
    by_value = one_of({str(member.value): member for member in named.values()})

    def read(word: Word, ctx: Any) -> Any:
        try:
            return by_name.read(word, ctx)
        except LookupError:
            return by_value.read(word, ctx)

    return Converter(read, by_name.expected, by_name.choices)


def first_of(alternatives: list[Converter | None]) -> Converter | None:
    """Whatever of a union fits first, in the order it was written; all must be known."""
    known = [each for each in alternatives if each is not None]
    if not known or len(known) < len(alternatives):
        return None
    if len(known) == 1:
        return known[0]

    def read(word: Word, ctx: Any) -> Any:
        refusal: UsageError | None = None
        for each in known:
            try:
                return each.read(word, ctx)
            except UsageError as error:
                refusal = refusal or error
            except CONVERSION_FAILED:
                continue
        raise refusal or ValueError(word.text)

    return Converter(
        read,
        " or ".join(each.expected for each in known),
        choices=tuple(choice for each in known for choice in each.choices)
        if all(each.choices for each in known)
        else (),
    )


def read_int(word: Word, _ctx: Any) -> int:
    return int(word.text)


def read_float(word: Word, _ctx: Any) -> float:
    number = float(word.text)
    if not math.isfinite(number):
        raise ValueError(word.text)
    return number


def read_decimal(word: Word, _ctx: Any) -> Decimal:
    number = Decimal(word.text)
    if not number.is_finite():
        raise ValueError(word.text)
    return number


TRUTH = dict.fromkeys(("yes", "y", "true", "on", "1"), True) | dict.fromkeys(
    ("no", "n", "false", "off", "0"), False
)


def read_bool(word: Word, _ctx: Any) -> bool:
    return TRUTH[word.text.casefold()]


DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def read_date(word: Word, _ctx: Any) -> dt.date:
    # Newer Pythons read more spellings of ISO 8601; what a command takes should not depend on that.
    if not DATE.fullmatch(word.text):
        raise ValueError(word.text)
    return dt.date.fromisoformat(word.text)


CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?", re.ASCII)


def read_time(word: Word, _ctx: Any) -> dt.time:
    found = CLOCK.fullmatch(word.text)
    if not found:
        raise ValueError(word.text)
    hour, minute, second = (int(part or 0) for part in found.groups())
    return dt.time(hour, minute, second)


MOMENT = re.compile(
    r"(\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2})?)(Z|[+-]\d{2}:\d{2})?", re.ASCII | re.IGNORECASE
)


def read_datetime(word: Word, _ctx: Any) -> dt.datetime:
    found = MOMENT.fullmatch(word.text)
    if not found:
        raise ValueError(word.text)
    moment, zone = found.groups()
    return dt.datetime.fromisoformat(moment + ("+00:00" if zone in ("Z", "z") else zone or ""))


SECONDS = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1.0),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), 60.0),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), 3600.0),
    **dict.fromkeys(("d", "day", "days"), 86400.0),
    **dict.fromkeys(("w", "week", "weeks"), 604800.0),
}
PART = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([a-z]+)", re.ASCII)
ISO_DURATION = re.compile(
    r"p(?:(\d+)w)?(?:(\d+)d)?(?:t(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s)?)?", re.ASCII
)


def read_duration(word: Word, _ctx: Any) -> dt.timedelta:
    return parse_duration(word.text)


def parse_duration(text: str) -> dt.timedelta:
    """Read ``10m``, ``1h30m``, ``1.5 hours``, ``90`` (seconds) or ISO 8601 (``PT10M``).

    Raises:
        ValueError: if it is none of these.
        OverflowError: if no timedelta is that long.
    """
    folded = text.strip().lower()
    if re.fullmatch(r"\d+(\.\d+)?", folded, re.ASCII):
        return dt.timedelta(seconds=float(folded))
    iso = ISO_DURATION.fullmatch(folded)
    if iso and any(iso.groups()) and not folded.endswith("t"):
        weeks, days, hours, minutes, seconds = (float(part or 0) for part in iso.groups())
        return dt.timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
    total, at = 0.0, 0
    while at < len(folded):
        part = PART.match(folded, at)
        if not part or part[2] not in SECONDS:
            raise ValueError("not a duration: write it like '10m', '1h30m', or as seconds")
        total += float(part[1]) * SECONDS[part[2]]
        at = part.end()
    if not folded:
        raise ValueError("not a duration: the text is empty")
    return dt.timedelta(seconds=total)


def read_user(word: Word, _ctx: Any) -> User:
    return word.user if word.user is not None else User.parse(word.text)


def read_group(word: Word, ctx: Any) -> Group:
    try:
        return Group.parse(word.text)
    except ValueError:
        named: Group = ctx.group_named(word.text)
        return named


def read_text(word: Word, _ctx: Any) -> str:
    return word.text


TEXT = Converter(read_text, "text")

BUILT_IN: Registry = {
    str: TEXT,
    Any: TEXT,
    int: Converter(read_int, "a whole number"),
    float: Converter(read_float, "a number"),
    Decimal: Converter(read_decimal, "a number"),
    bool: Converter(read_bool, "yes or no"),
    dt.date: Converter(read_date, "a date like 2024-12-31"),
    dt.time: Converter(read_time, "a time like 8:30"),
    dt.datetime: Converter(read_datetime, "a moment like 2024-12-31T08:30"),
    dt.timedelta: Converter(read_duration, "a duration like 10m or 1h30m"),
    User: Converter(read_user, "a person: mention them, or give a number with its +"),
    Group: Converter(read_group, "the name or id of a group that I am in"),
}
