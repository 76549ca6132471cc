"""Where the server is: one parsed address for HTTP calls as well as for the websocket."""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TypeAlias
from urllib.parse import quote

from signalbot.errors import SettingsError
from signalbot.infrastructure.address import Address

if TYPE_CHECKING:
    import ssl


class HidesSecret(Protocol):
    """What pydantic's ``SecretStr`` offers, so that this module needs no pydantic."""

    def get_secret_value(self) -> str:
        """Return the plain text."""


Secret: TypeAlias = "str | HidesSecret"
Auth: TypeAlias = "Secret | Sequence[Secret]"  # "user:password", or the two apart
Verify: TypeAlias = "bool | str | os.PathLike[str] | ssl.SSLContext"

_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
# Each of these is computed for every request; a second one would break the framing.
_RESERVED_HEADERS = frozenset(
    {"host", "connection", "upgrade", "content-length", "content-type", "transfer-encoding"}
)


@dataclass(frozen=True, repr=False)
class Endpoint:
    """The address of signal-cli-rest-api (or the proxy before it), with what it asks for.

    Credentials and header values never show in ``repr``, ``str`` or in an error.

    Attributes:
        base_url: ``http(s)://host[:port][/base/path]``, normalised, without credentials.
        base_path: "" or a path that starts with a slash and does not end with one.
    """

    base_url: str
    host: str
    port: int
    is_tls: bool
    base_path: str
    _headers: tuple[tuple[str, str], ...] = field(default=())
    _ssl_context: ssl.SSLContext | None = field(default=None)

    @classmethod
    def parse(
        cls,
        signal_service: str,
        *,
        auth: Auth | None = None,
        headers: Mapping[str, Secret] | None = None,
        verify: Verify = True,
    ) -> Endpoint:
        """Understand ``host:port`` or a URL, and check everything that can be checked now.

        Args:
            signal_service: ``host:port``, or a URL with http, https, ws or wss; it may carry a
                base path and ``user:password@`` (percent-encoded).
            auth: HTTP basic authentication, ``("user", "password")`` or ``"user:password"``.
            headers: sent with every request and with the websocket handshake.
            verify: False, the path of a CA bundle or directory, or an ``SSLContext``.

        Raises:
            SettingsError: with the setting's name and how to write it.
        """
        address = Address.parse(signal_service)
        if auth is not None and address.userinfo is not None:
            raise SettingsError("auth= and a user in signal_service are both set: keep one of them")
        credentials = _credentials(auth) if auth is not None else address.userinfo
        context = _ssl_context(verify)
        return cls(
            base_url=address.base_url,
            host=address.host,
            port=address.port,
            is_tls=address.is_tls,
            base_path=address.base_path,
            _headers=_checked_headers(headers or {}, credentials),
            _ssl_context=(context or _trusting_known_authorities()) if address.is_tls else None,
        )

    @property
    def key(self) -> str:
        """What identifies this server among others: the normalised base URL."""
        return self.base_url

    @property
    def authority(self) -> str:
        """The ``Host`` header: host, with the port unless it is the scheme's own."""
        return self.base_url.split("/", 3)[2]

    def url(self, path: str) -> str:
        """Put a path (percent-encoded, with its leading slash) behind the base path."""
        return self.base_url + path

    def websocket_url(self, number: str) -> str:
        """The ``ws(s)://…/v1/receive/…`` address on which the frames of ``number`` arrive."""
        return f"ws{self.base_url[len('http') :]}/v1/receive/{quote(number, safe='')}"

    def request_headers(self) -> dict[str, str]:
        """A fresh dict of the extra headers, ``Authorization`` included."""
        return dict(self._headers)

    def ssl_context(self) -> ssl.SSLContext | None:
        """The one context for all connections to this server; None if it speaks plain HTTP."""
        return self._ssl_context

    def __repr__(self) -> str:
        return f"Endpoint({self.base_url!r})"


def _credentials(auth: object) -> tuple[str, str]:
    if isinstance(auth, (str, bytes)) or hasattr(auth, "get_secret_value"):
        user, colon, password = _reveal("auth", auth).partition(":")
        if not colon:
            raise SettingsError("auth has no colon: write 'user:password' or ('user', 'password')")
    elif isinstance(auth, Sequence) and len(auth) == 2:
        user, password = _reveal("auth", auth[0]), _reveal("auth", auth[1])
    else:
        raise SettingsError(
            f"auth is a {type(auth).__name__}: write 'user:password' or ('user', 'password'); "
            "any other kind of authentication goes into headers="
        )
    return _checked_credentials("auth", user, password)


def _checked_credentials(setting: str, user: str, password: str) -> tuple[str, str]:
    if not user and not password:
        raise SettingsError(f"{setting} has an empty user and password")
    if ":" in user:
        raise SettingsError(f"{setting}: a user name with a colon cannot be used with HTTP")
    if re.search(r"[\x00-\x1f\x7f]", user + password):
        raise SettingsError(f"{setting}: user or password holds a control character")
    return user, password


def _reveal(setting: str, value: object) -> str:
    """Unwrap a SecretStr (by its method) or pass a str; the value is in no error text."""
    unwrap = getattr(value, "get_secret_value", None)
    plain = unwrap() if callable(unwrap) else value
    if not isinstance(plain, str):
        raise SettingsError(f"{setting} must be text, not {type(plain).__name__}")
    return plain


def _checked_headers(
    headers: object, credentials: tuple[str, str] | None
) -> tuple[tuple[str, str], ...]:
    if not isinstance(headers, Mapping):
        raise SettingsError(f"headers is a {type(headers).__name__}: write {{'Name': 'value'}}")
    checked: dict[str, str] = {}
    seen: set[str] = set()
    for name, secret in headers.items():
        _check_header_name(name)
        if name.lower() in seen:
            raise SettingsError(f"headers names {name!r} twice")
        seen.add(name.lower())
        checked[name] = _checked_header_value(name, secret)
    if credentials is not None:
        if "authorization" in seen:
            raise SettingsError("headers has Authorization, and a user is set too: keep one")
        token = base64.b64encode(":".join(credentials).encode("utf-8", "surrogatepass"))
        checked["Authorization"] = f"Basic {token.decode('ascii')}"
    return tuple(checked.items())


def _check_header_name(name: object) -> None:
    if not isinstance(name, str) or not _HEADER_NAME.fullmatch(name):
        raise SettingsError(f"headers has a name that HTTP does not allow: {name!r}")
    if name.lower() in _RESERVED_HEADERS or name.lower().startswith("sec-websocket-"):
        raise SettingsError(f"headers may not hold {name!r}: every request sets its own")


def _checked_header_value(name: str, secret: object) -> str:
    value = _reveal(f"headers[{name!r}]", secret).strip(" \t")
    if not _HEADER_VALUE.fullmatch(value):
        raise SettingsError(
            f"headers[{name!r}] holds a line break, a control character or one beyond Latin-1"
        )
    return value


def _ssl_context(verify: object) -> ssl.SSLContext | None:
    """Turn ``verify=`` into a context; None stands for the default (built only for https)."""
    if verify is True:
        return None
    import ssl  # 10 ms that plain http does not need

    if isinstance(verify, ssl.SSLContext):
        return verify
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if verify is False:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context
    if not isinstance(verify, (str, os.PathLike)):
        raise SettingsError("verify must be True, False, the path of a CA bundle or an SSLContext")
    path = os.fspath(verify)
    try:
        is_dir = os.path.isdir(path)
        context.load_verify_locations(
            cafile=None if is_dir else path, capath=path if is_dir else None
        )
    except (OSError, ValueError) as error:  # SSLError is an OSError
        raise SettingsError(f"verify={path!r} is no readable CA bundle: {error}") from error
    return context


def _trusting_known_authorities() -> ssl.SSLContext:
    """Trust the system's authorities as well as certifi's, so that slim containers work too."""
    import ssl

    context = ssl.create_default_context()
    try:
        import certifi
    except ImportError:  # it comes with httpx, but is nothing we may insist on
        return context
    context.load_verify_locations(cafile=certifi.where())
    return context
