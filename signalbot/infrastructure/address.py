"""How ``signal_service`` is written, taken apart without ever showing a password."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from urllib.parse import quote, unquote

from signalbot.errors import SettingsError

_DEFAULT_PORTS = {"http": 80, "https": 443}
_PLAIN_SCHEME = {"http": "http", "https": "https", "ws": "http", "wss": "https"}
_EXAMPLE = "write it like 127.0.0.1:8080 or https://host.example/base/path"
_HOST_NAME = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_.])?")


@dataclass(frozen=True)
class Address:
    """The parts of ``signal_service``, decoded."""

    scheme: str
    host: str
    port: int
    base_path: str
    userinfo: tuple[str, str] | None = field(repr=False)

    @classmethod
    def parse(cls, text: object) -> Address:
        """Take ``host:port`` or a URL apart.

        Raises:
            SettingsError: if it is neither; whatever may be a password is left out of the text.
        """
        if not isinstance(text, str) or not text:
            raise SettingsError(f"signal_service is missing: {_EXAMPLE}")
        if re.search(r"[\s\x00-\x1f\x7f\\]", text):
            raise _bad_address(text, "holds a space, a backslash or a control character")
        has_scheme = "://" in text.split("@", 1)[0]
        scheme, rest = text.split("://", 1) if has_scheme else ("http", text)
        plain = _PLAIN_SCHEME.get(scheme.lower())
        if plain is None:
            raise _bad_address(text, "has an unknown scheme (http, https, ws and wss are known)")
        if "?" in rest or "#" in rest:
            raise _bad_address(text, "holds a '?' or '#', which have no meaning here")
        return cls._from_rest(text, plain, rest, needs_port=not has_scheme)

    @classmethod
    def _from_rest(cls, text: str, scheme: str, rest: str, *, needs_port: bool) -> Address:
        # An '@' behind the first slash is a password with a raw slash far more often than a path.
        if "@" in rest.partition("/")[2]:
            raise _bad_address(text, "has an '@' in its path")
        authority, _, path = rest.partition("/")
        userinfo, _, hostport = authority.rpartition("@")
        host, port = _host_and_port(text, hostport)
        if port is None and needs_port:
            raise _bad_address(text, "has no port (the server's own default is 8080)")
        return cls(
            scheme=scheme,
            host=host,
            port=_DEFAULT_PORTS[scheme] if port is None else port,
            base_path=_base_path(text, path),
            userinfo=_userinfo(userinfo) if "@" in authority else None,
        )

    @property
    def is_tls(self) -> bool:
        return self.scheme == "https"

    @property
    def base_url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == _DEFAULT_PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}{self.base_path}"


def _bad_address(text: str, problem: str) -> SettingsError:
    hint = ""
    if "@" in text:
        hint = "; special characters in a password must be percent-encoded (or use auth=)"
    return SettingsError(f"signal_service {_without_secrets(text)!r} {problem}: {_EXAMPLE}{hint}")


def _without_secrets(text: str) -> str:
    """Cut what may be a password or a token, however the text is malformed."""
    scheme, colon, rest = text.partition("://")
    if not colon or scheme.lower() not in _PLAIN_SCHEME:
        scheme, colon, rest = "", "", text
    _, at, shown = rest.rpartition("@")
    shown = re.sub(r"[?#].+", "?***", shown, flags=re.DOTALL)
    return f"{scheme}{colon}{'***@' if at else ''}{shown}"


def _host_and_port(text: str, hostport: str) -> tuple[str, int | None]:
    match = re.fullmatch(r"(\[[^\]]*\]|[^:]*)(?::([^:]*))?", hostport)
    if match is None:
        raise _bad_address(text, "has more than one colon (an IPv6 address goes into brackets)")
    name, port = match.groups()
    return _host(text, name), None if port is None else _port(text, port)


def _host(text: str, name: str) -> str:
    if name.startswith("["):
        return _ipv6(text, name[1:-1])
    host = _ascii_host(name)
    if host is None or not _HOST_NAME.fullmatch(host):
        raise _bad_address(text, "has no usable host name")
    return host.lower()


def _ipv6(text: str, inner: str) -> str:
    try:
        return str(ipaddress.IPv6Address(unquote(inner)))
    except ValueError:
        problem = "has no IPv6 address in its brackets"
    raise _bad_address(text, problem)


def _ascii_host(name: str) -> str | None:
    if name.isascii():  # the codec would only look at the labels, and takes 200 KB
        *labels, last = name.split(".")
        return name if all(0 < len(each) < 64 for each in labels) and len(last) < 64 else None
    try:
        return name.encode("idna").decode("ascii")
    except UnicodeError:
        return None


def _port(text: str, port: str) -> int:
    if not re.fullmatch(r"[0-9]{1,5}", port) or not 0 < int(port) < 65536:
        raise _bad_address(text, "has no usable port (a number from 1 to 65535)")
    return int(port)


def _base_path(text: str, path: str) -> str:
    segments = [part for part in path.split("/") if part]
    if any(unquote(part) in (".", "..") for part in segments):
        raise _bad_address(text, "has dots as a path segment")
    return "".join("/" + quote(part, safe="%:~!$&'()*+,;=") for part in segments)


def _userinfo(text: str) -> tuple[str, str]:
    user, _, password = text.partition(":")
    return unquote(user), unquote(password)
