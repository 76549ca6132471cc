"""Logging by structlog, through the host's own logging, with people's data taken out."""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import logging
import re
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from contextvars import Context, ContextVar
from functools import lru_cache
from typing import Any

import structlog

_NUMBER = re.compile(r"\+\d[\d \-]{5,18}\d|%2B\d{6,15}")
_UUID = re.compile(r"\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b")
_GROUP = re.compile(r"\bgroup\.[A-Za-z0-9+/]{20,}={0,2}|\b[A-Za-z0-9+/]{43}=")
_SECRET = re.compile(
    r"(?i)(\b(?:token|password|passwd|secret|captcha|authorization|pin)\b[\"']?\s*[:=]\s*)"
    r"((?:Basic|Bearer)\s+)?[^\s,;\"'}]+"
)
_CREDENTIALS = re.compile(r"(://)[^/@\s]+@")
_CHALLENGE = re.compile(r"signalcaptcha://\S+")

# Fields whose whole value is somebody's data, whatever it looks like.
PRIVATE_FIELDS = frozenset(
    {"text", "message", "body", "number", "sender", "recipient", "recipients", "name", "username",
     "uuid", "phone_number", "source", "token", "challenge_tokens", "password", "secret", "auth",
     "raw", "quote", "caption", "filename"}
)  # fmt: skip

EventDict = MutableMapping[str, Any]

_CONSOLE = "signalbot-console"  # the handler that configure() adds


def redact(text: str, *, keep: Iterable[str] = (), also: Iterable[str] = ()) -> str:
    """Mask numbers, uuids, group ids, tokens and credentials; ``also`` masks given words too."""
    kept = frozenset(keep)
    for word in also:
        if len(word) >= 3:
            text = text.replace(word, "[text]")
    text = _CREDENTIALS.sub(r"\1[credentials]@", text)
    text = _CHALLENGE.sub("[captcha]", text)
    text = _SECRET.sub(r"\1[secret]", text)
    text = _UUID.sub("[uuid]", text)
    text = _GROUP.sub("[group]", text)
    return _NUMBER.sub(
        lambda found: found[0] if found[0].replace("%2B", "+") in kept else "[number]", text
    )


@lru_cache(maxsize=1024)  # asked for with every message
def label(key: str | None) -> str:
    """A short stand-in for a chat or person: the same one always, and nobody's data."""
    if not key:
        return "-"
    return hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=4).hexdigest()


def context_variables(*names: str) -> tuple[ContextVar[Any], ...]:
    """The variables behind ``structlog.contextvars``: to set one takes a tenth of a ``bind``."""
    unset = dict.fromkeys(names, "-")
    tokens = Context().run(lambda: structlog.contextvars.bind_contextvars(**unset))
    return tuple(tokens[name].var for name in names)


def redact_event(logger: Any, method: str, event: EventDict) -> EventDict:
    """The structlog processor: on by default for everything that signalbot logs."""
    for field, value in event.items():
        event[field] = _redacted(field, value)
    return event


def _redacted(field: str, value: Any) -> Any:
    """What may be seen of a value; of what is neither text, number nor list, its repr."""
    if field in PRIVATE_FIELDS:
        return "[redacted]"
    if isinstance(value, str):
        return redact(value)
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, Mapping):
        return {redact(str(key)): _redacted(str(key), each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_redacted("", each) for each in value]
    return redact(repr(value))


def _traceback(logger: Any, method: str, event: EventDict) -> EventDict:
    """Render ``exc_info`` without the exceptions' texts: they quote what people wrote."""
    info = event.pop("exc_info", None)
    error = sys.exc_info()[1] if info is True else info[1] if isinstance(info, tuple) else info
    if isinstance(error, BaseException):
        event["traceback"] = "".join(_frames_of(error)).rstrip()
    return event


def _frames_of(error: BaseException) -> Iterator[str]:
    """The traceback of an exception and of those behind it, with their types."""
    earlier = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if earlier is not None:
        yield from _frames_of(earlier)
        yield "\nThen:\n\n"
    yield "Traceback (most recent call last):\n"
    yield from traceback.format_tb(error.__traceback__)
    yield f"{type(error).__name__}\n"


def _render(logger: Any, method: str, event: EventDict) -> tuple[tuple[str], dict[str, Any]]:
    """One line of words and ``field=value``; a traceback follows on lines of its own.

    The fields go along as ``record.signalbot``, for formatters that want them apart."""
    extra = {"signalbot": dict(event)}
    trace = event.pop("traceback", "")
    name = event.pop("event", "")
    fields = " ".join(f"{field}={_plain(value)}" for field, value in event.items())
    line = f"{name} {fields}".rstrip()
    line = f"{line}\n{trace}" if trace else line
    return (line.encode("utf-8", "backslashreplace").decode(),), {"extra": extra}


def _plain(value: Any) -> str:
    text = str(value)
    return text if text and not any(c.isspace() or c == '"' for c in text) else repr(text)


_PROCESSORS: list[Callable[..., Any]] = [
    structlog.stdlib.filter_by_level,  # first: a line nobody wants costs nothing more
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.PositionalArgumentsFormatter(),
    _traceback,
    redact_event,
    _render,
]


class _Logger(structlog.stdlib.BoundLogger):
    def exception(self, event: str | None = None, *args: Any, **fields: Any) -> Any:
        """As error() with the traceback; stdlib's own exception() would print it unredacted."""
        return self.error(event, *args, exc_info=fields.pop("exc_info", True), **fields)


def get_logger(name: str = "signalbot", **fields: Any) -> Any:
    """A structlog logger over the stdlib logger of that name.

    Nothing global is configured, neither structlog nor logging: levels, handlers and formats
    are the host's."""
    logger = structlog.wrap_logger(
        logging.getLogger(name),
        processors=_PROCESSORS,
        wrapper_class=_Logger,
        context_class=dict,
    )
    return logger.bind(**fields) if fields else logger


def configure(level: str | int = "INFO", *, json: bool = False) -> None:
    """Logging for a script that has none: to stderr, in words or as JSON lines.

    Only the logger ``signalbot`` is touched, and of its handlers only the one of an earlier call;
    for your own program to call: the library does it only in programs of its own, and for the
    length of ``bot.run()`` where nothing else shows what it logs."""
    handler = logging.StreamHandler()
    handler.set_name(_CONSOLE)
    handler.setFormatter(
        JsonFormatter() if json else logging.Formatter("%(asctime)s %(levelname)-7s %(message)s")
    )
    logger = logging.getLogger("signalbot")
    for old in [each for each in logger.handlers if each.get_name() == _CONSOLE]:
        logger.removeHandler(old)
    logger.addHandler(handler)
    logger.setLevel(level if isinstance(level, int) else level.upper())
    logger.propagate = False


def configure_unless_shown(level: str | int) -> None:
    """As :func:`configure`, unless the host's own configuration shows these lines already."""
    if not is_shown():
        configure(level)


def is_shown() -> bool:
    """Whether the host has a handler that gets what the bot logs."""
    logger: logging.Logger | None = logging.getLogger("signalbot")
    while logger is not None:
        if any(not isinstance(handler, logging.NullHandler) for handler in logger.handlers):
            return True
        logger = logger.parent if logger.propagate else None
    return False


@contextlib.contextmanager
def shown_meanwhile(level: str | None) -> Iterator[None]:
    """For ``bot.run()``, which has the process to itself: what nobody shows goes to stderr.

    Without a level only warnings and errors, as Python does it for a program that configures no
    logging; otherwise a ten-line bot whose server is down would say nothing at all.
    """
    if is_shown():
        yield
        return
    logger = logging.getLogger("signalbot")
    before = logger.level, logger.propagate
    configure(level or "WARNING")
    try:
        yield
    finally:
        for handler in [each for each in logger.handlers if each.get_name() == _CONSOLE]:
            logger.removeHandler(handler)
        logger.setLevel(before[0])
        logger.propagate = before[1]


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time (UTC), level, logger, event, and the event's fields."""

    def format(self, record: logging.LogRecord) -> str:
        import json

        moment = dt.datetime.fromtimestamp(record.created, dt.timezone.utc)
        fields: dict[str, Any] = {
            "time": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
        }
        own = getattr(record, "signalbot", None)
        if isinstance(own, Mapping):
            fields["event"] = own.get("event", "")
            fields.update((name, own[name]) for name in own if name not in fields)
        elif record.exc_info and record.exc_info[1] is not None:
            fields["traceback"] = "".join(_frames_of(record.exc_info[1])).rstrip()
        return json.dumps(fields, default=repr)


logging.getLogger("signalbot").addHandler(logging.NullHandler())
