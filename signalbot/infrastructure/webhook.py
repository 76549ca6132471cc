"""The door for ``RECEIVE_WEBHOOK_URL``: a WSGI app that stores what is posted, nothing else.

The server posts one frame after the other and does nothing else meanwhile, not even answer API
calls; it does not repeat a post. So a frame is stored and acknowledged, and handled later.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from signalbot.errors import SettingsError, StorageError
from signalbot.infrastructure.endpoint import Secret
from signalbot.observability.logging import get_logger

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

Store = Callable[[bytes], bool]
"""Keeps a frame for good; False if it was known already. Raises StorageError if it cannot."""

log = get_logger("signalbot.webhook")

DEFAULT_PATH = "/signal/webhook"
MAX_BODY = 16 * 1024 * 1024
_READ_SIZE = 64 * 1024


class WebhookApp:
    """A WSGI app; give it to any WSGI server, or mount it in Flask or Django.

    It answers where its ``path`` is asked for (wherever it is mounted), and at its mount point
    itself. With a secret, the request must bring it, either as one more path segment (the
    operator's ``RECEIVE_WEBHOOK_URL`` is then ``http://host:9080/signal/webhook/SECRET``), or in
    the header.

        app = WebhookApp(bot.feed, secret=os.environ["WEBHOOK_SECRET"])
        waitress.serve(app, listen="127.0.0.1:9080")

    It answers 200 (stored, or known already), 400 (no JSON, or the body ended early), 401 (wrong
    secret), 404 (another path), 405 (not a POST), 411 (no length), 413 (larger than ``max_body``)
    or 503 (could not be stored).
    """

    def __init__(
        self,
        store: Store,
        *,
        path: str = DEFAULT_PATH,
        secret: Secret | None = None,
        header: str = "X-Signalbot-Secret",
        max_body: int = MAX_BODY,
    ) -> None:
        if not path.startswith("/"):
            raise SettingsError(f"the webhook's path must begin with a slash, unlike {path!r}")
        self._store = store
        self._path = path.rstrip("/")
        self._secret = None if secret is None else _bytes_of(secret)
        self._header = "HTTP_" + header.upper().replace("-", "_")
        self.max_body = max_body

    @property
    def has_secret(self) -> bool:
        """Whether anybody who reaches it may post."""
        return self._secret is not None

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        try:
            answer = self._answer(environ)
        except _Refused as refusal:
            answer = refusal.answer
        body = json.dumps(answer.body).encode() + b"\n"
        headers = [
            ("Content-Type", "application/json"),
            ("Content-Length", str(len(body))),
            *answer.headers,
        ]
        start_response(answer.status, headers)
        # Only whoever asked with HEAD must not get a body (WSGI leaves that to the app).
        return [] if environ.get("REQUEST_METHOD") == "HEAD" else [body]

    def _answer(self, environ: WSGIEnvironment) -> _Answer:
        offered = self._secret_in_path(environ)
        if environ["REQUEST_METHOD"] != "POST":
            raise _Refused("405 Method Not Allowed", "POST a frame here", [("Allow", "POST")])
        self._check_secret(offered, environ)
        raw = self._read(environ)
        if not _is_json(raw):
            raise _Refused("400 Bad Request", "the body is no JSON")
        return self._keep(raw)

    def _secret_in_path(self, environ: WSGIEnvironment) -> bytes:
        """Check the path, and return what stands behind it."""
        mount, path = environ.get("SCRIPT_NAME", ""), environ.get("PATH_INFO", "")
        for asked in (path, mount + path):
            if asked.rstrip("/") == self._path:
                return b""
            if self._secret is not None and asked.startswith(self._path + "/"):
                return _raw(asked[len(self._path) + 1 :])
        if mount and (path in {"", "/"} or self._secret is not None):
            return _raw(path[1:])
        raise _Refused("404 Not Found", "nothing here")

    def _check_secret(self, in_path: bytes, environ: WSGIEnvironment) -> None:
        if self._secret is None:
            return
        in_header = _raw(environ.get(self._header, ""))
        # Both are compared, always and in constant time: the answer's delay tells nothing.
        by_path = hmac.compare_digest(in_path, self._secret)
        by_header = hmac.compare_digest(in_header, self._secret)
        if not (by_path | by_header):
            raise _Refused("401 Unauthorized", "the secret is wrong or missing")

    def _read(self, environ: WSGIEnvironment) -> bytes:
        """Read the body, never more of it than allowed, whatever length is claimed."""
        stream = environ["wsgi.input"]
        claimed = environ.get("CONTENT_LENGTH", "")
        if not claimed:
            if not environ.get("wsgi.input_terminated"):
                raise _Refused("411 Length Required", "send Content-Length")
            body = _read_up_to(stream, self.max_body + 1)
        elif not claimed.isascii() or not claimed.isdigit():
            raise _Refused("400 Bad Request", "Content-Length is no number")
        elif len(claimed) > 18 or int(claimed) > self.max_body:
            raise self._too_large()
        else:
            body = _read_up_to(stream, int(claimed))
            if len(body) < int(claimed):
                raise _Refused("400 Bad Request", "the body ended early")
        if len(body) > self.max_body:
            raise self._too_large()
        return body

    def _too_large(self) -> _Refused:
        return _Refused("413 Content Too Large", f"more than {self.max_body} bytes")

    def _keep(self, raw: bytes) -> _Answer:
        try:
            is_new = self._store(raw)
        except StorageError as error:
            log.error("webhook.not_stored", detail=str(error))
        except Exception:  # the outer edge: the server must learn that this frame is not kept
            log.exception("webhook.not_stored")
        else:
            return _Answer("200 OK", {"status": "stored" if is_new else "known"})
        raise _Refused("503 Service Unavailable", "not stored", [("Retry-After", "5")])


@dataclass(frozen=True)
class _Answer:
    status: str
    body: dict[str, str]
    headers: list[tuple[str, str]] = field(default_factory=list)


class _Refused(Exception):
    """Ends a request early."""

    def __init__(
        self, status: str, reason: str, headers: list[tuple[str, str]] | None = None
    ) -> None:
        super().__init__(status)
        self.answer = _Answer(status, {"error": reason}, headers or [])


def _bytes_of(secret: Secret) -> bytes:
    plain = secret if isinstance(secret, str) else secret.get_secret_value()
    if not plain:
        raise SettingsError("the webhook's secret is empty; leave it out if there shall be none")
    return plain.encode("utf-8", "surrogatepass")


def _raw(text: str) -> bytes:
    """WSGI hands over bytes as if they were Latin-1."""
    return text.encode("latin-1", "replace")


def _read_up_to(stream: Any, size: int) -> bytes:
    parts: list[bytes] = []
    while size > 0 and (part := stream.read(min(size, _READ_SIZE))):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _is_json(raw: bytes) -> bool:
    """Whether it can be parsed. Bad UTF-8 passes, as it does on the websocket: it is kept."""
    try:
        # Numbers stay text: a number of 5,000 digits is JSON, although no int is made of it.
        json.loads(raw.decode("utf-8", "replace"), parse_int=str, parse_float=str)
    except (ValueError, RecursionError):
        return False
    return True
