"""A Redis URL without what nobody may see."""

from __future__ import annotations

from urllib.parse import urlsplit

from signalbot.errors import SettingsError

SCHEMES = ("redis", "rediss", "unix")

_HOW = (
    "write redis://:password@host:6379/0, rediss:// for TLS, or unix:///path/to/redis.sock, "
    "with odd characters of the password percent-encoded"
)


def describe(url: str) -> str:
    """The URL as errors and ``repr`` may show it: no user, no password, no options.

    Raises:
        SettingsError: if it is none; the text repeats nothing of it.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise SettingsError(f"storage: this is no Redis URL; {_HOW}.") from None
    # Behind an unescaped "/" or "#" of a password its rest would pass for a path.
    if parts.scheme not in SCHEMES or parts.fragment or "@" in parts.path:
        raise SettingsError(f"storage: this is no Redis URL; {_HOW}.")
    if parts.scheme == "unix":
        if not parts.path:
            raise SettingsError(f"storage: the path of the socket is missing; {_HOW}.")
        return f"unix://{parts.path}"
    if parts.path.strip("/") and not parts.path.strip("/").isdigit():
        raise SettingsError(f"storage: behind the host comes a database's number; {_HOW}.")
    host = parts.hostname or "localhost"
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}:{port or 6379}{parts.path}"
