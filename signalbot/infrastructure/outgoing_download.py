"""Fetch an attachment that was given as a URL, within limits of size and time.

With urllib, and not with the client for the server: that one carries the server's credentials, and
httpx logs whole URLs, which often hold a token.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from signalbot.errors import ConnectFailed

if TYPE_CHECKING:
    from email.message import Message
    from urllib.request import OpenerDirector

_CHUNK = 256 * 1024
_TIMEOUT = 30.0  # for each step: connecting, and each wait for more bytes
_DEADLINE = 120.0  # for the whole
_MAX_REDIRECTS = 5


@dataclass(frozen=True, slots=True)
class Downloaded:
    """What a URL led to.

    Attributes:
        name: as the server named it, else the last part of the path; not yet made safe.
    """

    name: str = field(repr=False)
    mime_type: str
    data: bytes = field(repr=False)


def is_url(text: str) -> bool:
    """Whether it is an address to fetch and not a path."""
    return text.lower().startswith(("http://", "https://"))


def download(url: str, *, max_bytes: int, deadline: float = _DEADLINE) -> Downloaded:
    """Fetch a URL; redirects are followed only to http and https.

    The address may lie in the local network: whoever chooses the URL decides where this machine
    connects to. Error texts name the host only, as the rest of a URL may be secret.

    Raises:
        ValueError: if the answer is no success, or too large.
        ConnectFailed: if there was no whole answer in time; no message was sent.
    """
    from http.client import HTTPException  # these imports cost 20 ms that few bots need
    from urllib.error import HTTPError

    host = urlsplit(url).hostname or "?"
    try:
        with _opener().open(url, timeout=_TIMEOUT) as answer:
            data = _read(answer, host, max_bytes, time.monotonic() + deadline)
            return Downloaded(_name(answer.headers, answer.geturl()), _type(answer.headers), data)
    except HTTPError as refusal:
        problem = f"answered {refusal.code}"
        refusal.close()
    except (OSError, HTTPException) as failure:  # URLError and timeouts are OSErrors
        raise ConnectFailed(
            f"the attachment could not be fetched from {host} ({type(failure).__name__}); "
            "no message was sent"
        ) from None
    raise ValueError(f"the attachment could not be fetched: {host} {problem}")


def _opener() -> OpenerDirector:
    """Handlers for http and https only, so that no file or ftp address can be opened."""
    from urllib import request

    class FewRedirects(request.HTTPRedirectHandler):
        max_redirections = _MAX_REDIRECTS

        def redirect_request(self, *arguments: Any) -> Any:
            if not is_url(arguments[-1]):
                raise ValueError("the attachment's URL leads to something other than http(s)")
            return super().redirect_request(*arguments)

    opener = request.OpenerDirector()
    for handler in (
        request.ProxyHandler(),
        request.HTTPHandler(),
        request.HTTPSHandler(),
        FewRedirects(),
        request.HTTPDefaultErrorHandler(),
        request.HTTPErrorProcessor(),
    ):
        opener.add_handler(handler)
    opener.addheaders = [("User-Agent", "signalbot"), ("Accept", "*/*")]
    return opener


def _read(answer: Any, host: str, max_bytes: int, until: float) -> bytes:
    announced = answer.headers.get("Content-Length", "")
    if announced.isdigit() and int(announced) > max_bytes:
        raise _too_large(host, max_bytes)
    data = bytearray()
    while chunk := answer.read1(_CHUNK):
        data += chunk
        if len(data) > max_bytes:
            raise _too_large(host, max_bytes)
        if time.monotonic() > until:
            raise TimeoutError
    if announced.isdigit() and len(data) < int(announced):
        raise ConnectionError  # the other side hung up in the middle
    return bytes(data)


def _too_large(host: str, max_bytes: int) -> ValueError:
    return ValueError(f"the attachment at {host} has more than {max_bytes:,} bytes")


def _name(headers: Message, url: str) -> str:
    given = headers.get_filename()  # from Content-Disposition, in either of its spellings
    if not given:
        return unquote(urlsplit(url).path.rpartition("/")[2])
    try:
        return given.encode("latin-1").decode()  # headers are read as Latin-1, but many are UTF-8
    except UnicodeError:
        return given


def _type(headers: Message) -> str:
    return headers.get_content_type() if headers.get("Content-Type") else ""
