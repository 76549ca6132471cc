"""What a failed call is called here: one table for httpx, one for the server's answers.

The server says nearly everything with a 400 and a text, so the texts decide: those of json-rpc
mode and of the classic modes, of releases up to 0.100 and of newer ones.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from signalbot.errors import (
    ApiError,
    BadRequest,
    CircuitOpen,
    ConnectFailed,
    NotFound,
    NotRegistered,
    RateLimited,
    RequestFailed,
    RequestTimedOut,
    ServerFailed,
    StatusError,
    UntrustedIdentity,
)
from signalbot.infrastructure.lean_http1 import AnswerTooLarge, RawAnswer
from signalbot.infrastructure.privacy import challenge_tokens, masked
from signalbot.infrastructure.throttle import NoSlot

if TYPE_CHECKING:
    from signalbot.infrastructure.calls import Call

# httpx's exceptions by name, so that nobody has to import httpx (80 ms) to read the table.
# The second column: may the request have been sent?
HTTPX_ERRORS: dict[str, tuple[type[RequestFailed], bool]] = {
    "ConnectError": (ConnectFailed, False),
    "ConnectTimeout": (ConnectFailed, False),
    "ProxyError": (ConnectFailed, False),
    "UnsupportedProtocol": (ConnectFailed, False),
    "PoolTimeout": (RequestTimedOut, False),
    "ReadTimeout": (RequestTimedOut, True),
    "WriteTimeout": (RequestTimedOut, True),
    "TimeoutException": (RequestTimedOut, True),
    "ReadError": (RequestFailed, True),
    "WriteError": (RequestFailed, True),
    "CloseError": (RequestFailed, True),
    "NetworkError": (RequestFailed, True),
    "LocalProtocolError": (RequestFailed, True),
    "RemoteProtocolError": (RequestFailed, True),
    "ProtocolError": (RequestFailed, True),
    "TransportError": (RequestFailed, True),
    "DecodingError": (RequestFailed, True),
    "TooManyRedirects": (RequestFailed, True),
    "RequestError": (RequestFailed, True),
    "HTTPStatusError": (RequestFailed, True),
    "HTTPError": (RequestFailed, True),
    "InvalidURL": (RequestFailed, False),
    "CookieConflict": (RequestFailed, True),
    "StreamConsumed": (RequestFailed, True),
    "StreamClosed": (RequestFailed, True),
    "ResponseNotRead": (RequestFailed, True),
    "RequestNotRead": (RequestFailed, False),
    "StreamError": (RequestFailed, True),
}


def error_for_exception(error: Exception) -> RequestFailed | None:
    """Translate an exception of httpx or of a socket; None if it is neither."""
    for ancestor in type(error).__mro__:
        if ancestor.__module__.split(".")[0] == "httpx" and ancestor.__name__ in HTTPX_ERRORS:
            kind, may_have_been_sent = HTTPX_ERRORS[ancestor.__name__]
            return kind(_described(error), may_have_been_sent=may_have_been_sent)
    if isinstance(error, OSError):
        return RequestFailed(_described(error))
    return None


def _described(error: Exception) -> str:
    text = masked(str(error))  # some transports put the whole URL into it
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def is_server_trouble(error: BaseException) -> bool:
    """Tell what counts for a breaker: no usable answer, or one that says the server is broken."""
    if isinstance(error, RequestFailed):
        return not isinstance(error, (CircuitOpen, NoSlot, AnswerTooLarge))
    return isinstance(error, ServerFailed)


def locate(error: ApiError, call: Call) -> None:
    """Say in the error which call it was."""
    error.method, error.path_template, error.account = call.method, call.path_template, call.account
    error.args = (f"{call.method} {call.path_template}: {error.args[0]}", *error.args[1:])


def error_for_answer(answer: RawAnswer, call: Call) -> ApiError:
    """Choose the error for an answer that is not 2xx; ``locate`` has yet to be called."""
    text, payload = _server_text(answer)
    detail = masked(text, own=call.account)
    kind, hint = _kind_of(answer, text)
    message = f"{detail or 'no reason given'} (HTTP {answer.status})"
    if hint:
        message = f"{message}; {hint}"
    if issubclass(kind, RequestFailed):
        return kind(message, may_have_been_sent=True)
    facts: dict[str, Any] = {"status": answer.status, "detail": detail}
    if kind is RateLimited:
        facts["challenge_tokens"] = challenge_tokens(text, payload)
        facts["retry_after"] = _retry_after(answer)
    elif kind is UntrustedIdentity:
        facts["recipient"] = _untrusted_recipient(text)
    return kind(message, **facts)


# Texts of answers, first match wins. Endings come first: in the classic modes the last line is the
# verdict, and what stands before it may name several failures.
_TEXTS: tuple[tuple[str, type[ApiError], str], ...] = (
    (r"due to rate limiting\s*\Z", RateLimited, ""),
    (r"due to untrusted identities\s*\Z|untrusted recipient keys", UntrustedIdentity, ""),
    (
        (
            r"due to rate limiting|Rate limit reached|CAPTCHA proof required"
            r"|RATE_LIMIT_FAILURE|RateLimitException"
        ),
        RateLimited,
        "",
    ),
    (r"Untrusted Identity for \"|IDENTITY_FAILURE", UntrustedIdentity, ""),
    (
        r"Specified account does not exist|User \S+ is not registered",
        NotRegistered,
        "register or link this number on the server, or check phone_number",
    ),
    (r"UNREGISTERED_FAILURE|Unregistered user", NotRegistered, "the recipient is not on Signal"),
    (
        (
            r"No avatar found|No (?:group|user) with that (?:group )?id|"
            r"No attachment with that name found"
        ),
        NotFound,
        "",
    ),
    (
        r"process killed as timeout reached",
        RequestTimedOut,
        "signal-cli took longer than SIGNAL_CLI_CMD_TIMEOUT",
    ),
    (
        r"\b(?:write|read|dial) tcp\b.*(?:closed network connection|broken pipe|connection re)",
        ServerFailed,
        "the server has lost its signal-cli daemon; it reconnects by itself",
    ),
    (
        r"\AFailed to send message\s*\Z",
        BadRequest,
        "usually the recipient is not on Signal; the server does not say more",
    ),
)
_COMPILED = tuple((re.compile(pattern), kind, hint) for pattern, kind, hint in _TEXTS)

_STATUSES: dict[int, tuple[type[ApiError], str]] = {
    401: (StatusError, "check auth= or headers="),
    403: (StatusError, "the proxy before the server forbids this; check auth= or headers="),
    407: (StatusError, "a proxy wants credentials"),
    404: (NotFound, ""),
    413: (BadRequest, "the proxy before the server limits the size of requests"),
    429: (RateLimited, ""),
    502: (ServerFailed, "the proxy cannot reach the server"),
    503: (ServerFailed, "the server, or what stands behind the proxy, is not up"),
    504: (ServerFailed, "the proxy waited too long for the server"),
}


def _kind_of(answer: RawAnswer, text: str) -> tuple[type[ApiError], str]:
    status = answer.status
    if status == 404 and text.strip() == "404 page not found":
        return NotFound, "this server is too old for the call, or signal_service has a wrong path"
    if status in (400, 500):  # some endpoints answer 500 where others answer 400
        for pattern, kind, hint in _COMPILED:
            if pattern.search(text):
                return kind, hint
    if status in _STATUSES:
        return _STATUSES[status]
    if 300 <= status < 400:
        return StatusError, _redirect_hint(answer)
    if status == 500 and not text:
        return ServerFailed, "the server panicked; its log says why"
    if status >= 500:
        return ServerFailed, ""
    return BadRequest, ""


def _redirect_hint(answer: RawAnswer) -> str:
    target = re.match(r"https?://[^/?#@\s]+", answer.header(b"location"))
    to = f" to {target[0]}" if target else ""
    return f"redirected{to}, which is not followed: write the final address in signal_service"


def _server_text(answer: RawAnswer) -> tuple[str, Any]:
    """The text of ``{"error": ...}``, else of the body; and the body as JSON, if it is JSON."""
    text = answer.body.decode("utf-8", "replace").strip()
    try:
        payload = json.loads(text)
    except (ValueError, RecursionError):
        payload = None
    if isinstance(payload, dict) and isinstance(payload.get("error"), str):
        return payload["error"], payload
    if text.startswith("<"):  # a proxy's error page
        text = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", text)).strip()
    return text, payload


def _retry_after(answer: RawAnswer) -> float:
    """The server never says; a proxy may."""
    value = answer.header(b"retry-after")
    return float(value) if value.isdigit() and len(value) < 8 else 0.0


def _untrusted_recipient(text: str) -> str | None:
    if quoted := re.search(r"Untrusted Identity for \"([^\"]+)\"", text):
        return quoted[1]
    for result in _json_results(text):
        address = result.get("recipientAddress")
        if result.get("type") == "IDENTITY_FAILURE" and isinstance(address, dict):
            for key in ("uuid", "number", "username"):
                if isinstance(address.get(key), str) and address[key]:
                    return str(address[key])
    return None


def _json_results(text: str) -> Iterator[dict[str, Any]]:
    """The per-recipient results that newer servers put before their verdict (classic modes)."""
    try:
        found, _ = json.JSONDecoder().raw_decode(text, text.index("{"))
    except (ValueError, RecursionError):
        return
    results = found.get("results") if isinstance(found, dict) else None
    for result in results if isinstance(results, list) else ():
        if isinstance(result, dict):
            yield result
