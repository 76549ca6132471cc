"""Each answer and each exception has its error, and errors give nobody away."""

from __future__ import annotations

import inspect
import json

import httpx
import pytest

from signalbot.errors import (
    ApiError,
    BadRequest,
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
from signalbot.infrastructure.calls import Answer, Call, Family
from signalbot.infrastructure.errors_table import (
    HTTPX_ERRORS,
    error_for_answer,
    error_for_exception,
    is_server_trouble,
    locate,
)
from signalbot.infrastructure.lean_http1 import RawAnswer, too_large
from signalbot.infrastructure.privacy import masked

OWN = "+4915112345678"
OTHER = "+12025550143"
UUID = "11111111-aaaa-4bbb-8ccc-111111111111"

CALL = Call(
    "POST", "/v2/send", "/v2/send", family=Family.SEND, timeout=1.0, account=OWN, is_send=True
)


def error_of(status: int, body: object, *headers: tuple[bytes, bytes]) -> ApiError:
    if not isinstance(body, bytes):
        body = json.dumps(body if isinstance(body, dict) else {"error": body}).encode()
    return error_for_answer(RawAnswer(status, tuple(headers), body), CALL)


RESULTS = json.dumps(
    {
        "timestamp": 1769271479123,
        "results": [
            {"recipientAddress": {"uuid": None, "number": "+4400"}, "type": "SUCCESS"},
            {
                "recipientAddress": {"uuid": UUID, "number": OTHER},
                "type": "IDENTITY_FAILURE",
            },
        ],
    }
)

# REST.md, section 4, row by row: (status, server text, class).
TABLE = [
    (400, "Couldn't process request - invalid request", BadRequest),
    (400, "Couldn't process request - recipients missing", BadRequest),
    (400, "please provide a valid number", BadRequest),
    (400, "Specified account does not exist", NotRegistered),
    (500, "Specified account does not exist", NotRegistered),
    (400, f"User {OWN} is not registered.\n", NotRegistered),
    (400, "Failed to send message", BadRequest),
    (400, '{"results":[{"type":"UNREGISTERED_FAILURE"}]}\nFailed to send message', NotRegistered),
    (400, "Unable to complete request due to untrusted recipient keys", UntrustedIdentity),
    (400, "Failed to send message due to untrusted identities", UntrustedIdentity),
    (400, f"{RESULTS}\nFailed to send message due to untrusted identities\n", UntrustedIdentity),
    (
        400,
        (
            f'Failed to send (some) messages:\n{OTHER}: Untrusted Identity for "{OTHER}"\n'
            "1769271479123\nFailed to send message due to untrusted identities\n"
        ),
        UntrustedIdentity,
    ),
    (400, "Failed to send message due to rate limiting", RateLimited),
    (400, "Rate limit reached\nNext attempt may be tried at 2026-11-22T00:00:00Z", RateLimited),
    (
        400,
        (
            f"Failed to send (some) messages:\n{OTHER}: CAPTCHA proof required for sending to "
            f'"{OTHER}", available options "RECAPTCHA" with challenge token "tok-1", or wait'
        ),
        RateLimited,
    ),
    (400, "Captcha rejected, it may be outdated, already used or solved from a ...", BadRequest),
    (400, "Captcha required for verification, use --captcha CAPTCHA", BadRequest),
    (400, "Invalid group id", BadRequest),
    (400, "Invalid value (IllegalArgumentException)", BadRequest),
    (400, "No avatar found.", NotFound),
    (404, "No group with that group id (group.abc) found", NotFound),
    (404, "No attachment with that name found", NotFound),
    (400, "process killed as timeout reached", RequestTimedOut),
    (400, "write tcp 127.0.0.1:5->127.0.0.1:6: use of closed network connection", ServerFailed),
    (400, "write tcp 127.0.0.1:5->127.0.0.1:6: write: broken pipe", ServerFailed),
    (500, "Couldn't list accounts", ServerFailed),
    (503, "", ServerFailed),
    (409, "conflict", BadRequest),
]


@pytest.mark.parametrize(("status", "text", "kind"), TABLE)
def test_each_text_has_its_class(status: int, text: str, kind: type[ApiError]) -> None:
    error = error_of(status, text)

    assert type(error) is kind
    if isinstance(error, StatusError):
        assert error.status == status
        assert bool(error.detail) is bool(text)
    else:
        assert isinstance(error, RequestFailed)
        assert error.may_have_been_sent


def test_rate_limit_with_challenge() -> None:
    body = {
        "error": "Failed to send message due to rate limiting. Use the attached challenge tokens",
        "challenge_tokens": ["tok-1", "", "tok-2"],
        "account": OWN,
    }

    error = error_of(429, body)

    assert isinstance(error, RateLimited)
    assert error.challenge_tokens == ("tok-1", "tok-2")
    assert error.status == 429
    assert "tok-" not in str(error) + error.detail


@pytest.mark.parametrize("tokens", [None, [], [""], "tok", [1, None]])
def test_rate_limit_without_a_token_to_answer(tokens: object) -> None:
    body = {"error": "due to rate limiting"} | (
        {} if tokens is None else {"challenge_tokens": tokens}
    )

    error = error_of(429, body)

    assert isinstance(error, RateLimited)
    assert error.challenge_tokens == ()


@pytest.mark.parametrize(
    "text",
    [
        'CAPTCHA proof required for sending to "x" with challenge token "tok-9", or wait',
        (
            '{"results":[{"type":"RATE_LIMIT_FAILURE","token":"tok-9"}]}\n'
            "Failed to send message due to rate limiting"
        ),
    ],
)
def test_tokens_are_found_in_the_text_and_hidden_there(text: str) -> None:
    error = error_of(400, text)

    assert isinstance(error, RateLimited)
    assert error.challenge_tokens == ("tok-9",)
    assert "tok-9" not in str(error) + error.detail


def test_a_proxy_s_retry_after_is_passed_on() -> None:
    error = error_of(429, b"<html>429 Too Many Requests</html>", (b"retry-after", b"17"))

    assert isinstance(error, RateLimited)
    assert error.retry_after == 17.0
    later = error_of(429, b"", (b"retry-after", b"Wed, 21 Oct 2026 07:28:00 GMT"))
    assert isinstance(later, RateLimited)
    assert later.retry_after == 0.0


@pytest.mark.parametrize(
    ("text", "recipient"),
    [
        ("Unable to complete request due to untrusted recipient keys", None),
        (f'{OTHER}: Untrusted Identity for "{OTHER}"\n1769271479123', OTHER),
        (f"{RESULTS}\nFailed to send message due to untrusted identities\n", UUID),
        ('{"results": 1} due to untrusted identities', None),
        ("{" * 100_000 + " due to untrusted identities", None),
    ],
)
def test_the_untrusted_recipient_is_an_attribute_and_in_no_text(
    text: str, recipient: str | None
) -> None:
    error = error_of(400, text)

    assert isinstance(error, UntrustedIdentity)
    assert error.recipient == recipient
    assert OTHER not in str(error) + error.detail
    assert UUID not in str(error) + error.detail


def test_what_is_not_there_on_old_servers_says_so() -> None:
    error = error_of(404, b"404 page not found", (b"content-type", b"text/plain"))

    assert isinstance(error, NotFound)
    assert "too old" in str(error)


def test_an_empty_500_is_a_panic() -> None:
    error = error_of(500, b"")

    assert isinstance(error, ServerFailed)
    assert "panicked" in str(error)


@pytest.mark.parametrize("status", [401, 403])
def test_refused_credentials_name_the_setting(status: int) -> None:
    error = error_of(status, b"<html><h1>401 Authorization Required</h1></html>")

    assert type(error) is StatusError
    assert error.status == status
    assert "auth=" in str(error)
    assert "<h1>" not in str(error)


def test_redirects_name_the_place_but_not_the_path() -> None:
    error = error_of(301, b"", (b"location", f"https://signal.example/v1/x/{OTHER}".encode()))

    assert type(error) is StatusError
    assert "to https://signal.example," in str(error)
    assert OTHER not in str(error)


@pytest.mark.parametrize("body", [b"[1]", b'{"error": 5}', b"\xff\xfe", b"[" * 100_000])
def test_odd_bodies_do_no_harm(body: bytes) -> None:
    assert type(error_of(400, body)) is BadRequest


def test_errors_say_which_call_it_was() -> None:
    error = error_of(400, "Invalid group id")

    locate(error, CALL)

    assert str(error) == "POST /v2/send: Invalid group id (HTTP 400)"
    assert (error.method, error.path_template, error.account) == ("POST", "/v2/send", OWN)


def test_own_number_stays_and_others_are_masked() -> None:
    text = masked(
        f"{OWN} %2B4915112345678 {OTHER} %2B12025550143 +1 202-555-0143 (+44 20 7946 0958) {UUID}",
        own=OWN,
    )

    assert text == f"{OWN} %2B4915112345678 <number> <number> <number> (<number>) <uuid>"


def test_timestamps_and_short_things_are_no_numbers() -> None:
    text = "at 1769271479123: C++14 a+1 +12 byte 7"

    assert masked(text) == text


@pytest.mark.parametrize(
    "secret",
    [
        "sgnl://linkdevice?uuid=abc&pub_key=def",
        "signalcaptcha://signal-hcaptcha.xyz.challenge.abc",
        "https://user:pa55@host/path",
    ],
)
def test_secret_links_are_masked(secret: str) -> None:
    assert secret not in masked(f"bad link {secret} given")


def test_credentials_are_masked() -> None:
    assert "dXNlcjpwYXNz" not in masked("Authorization: Basic dXNlcjpwYXNz was refused")


def test_long_texts_are_cut() -> None:
    error = error_of(400, "at java.base/x\n" * 1000)

    assert isinstance(error, BadRequest)
    assert len(error.detail) < 600


def httpx_exceptions() -> list[type[Exception]]:
    return [
        value
        for name in httpx.__all__
        if inspect.isclass(value := getattr(httpx, name)) and issubclass(value, Exception)
    ]


def test_every_exception_of_httpx_is_in_the_table() -> None:
    """Fails when httpx grows one: add it, with the answer to "may it have been sent?"."""
    assert {kind.__name__ for kind in httpx_exceptions()} == set(HTTPX_ERRORS)


@pytest.mark.parametrize("kind", httpx_exceptions(), ids=lambda kind: kind.__name__)
def test_httpx_exceptions_are_translated(kind: type[Exception]) -> None:
    error = kind.__new__(kind)
    error.args = (f"for https://host/v1/search/{OTHER}",)

    translated = error_for_exception(error)

    assert type(translated) is HTTPX_ERRORS[kind.__name__][0]
    assert translated.may_have_been_sent is HTTPX_ERRORS[kind.__name__][1]
    assert OTHER not in str(translated)


def test_what_fails_before_a_connection_is_unsent_and_nothing_else_is() -> None:
    unsent = {name for name, (_, sent) in HTTPX_ERRORS.items() if not sent}

    assert unsent == {
        "ConnectError",
        "ConnectTimeout",
        "InvalidURL",
        "PoolTimeout",
        "ProxyError",
        "RequestNotRead",
        "UnsupportedProtocol",
    }


def test_exceptions_of_subclasses_and_sockets_are_translated() -> None:
    class Custom(httpx.ConnectError):
        pass

    assert isinstance(error_for_exception(Custom("x")), ConnectFailed)
    broken = error_for_exception(ConnectionResetError("reset"))
    assert isinstance(broken, RequestFailed)
    assert broken.may_have_been_sent
    assert error_for_exception(ValueError("a bug")) is None


def test_what_counts_for_the_breaker() -> None:
    assert is_server_trouble(ConnectFailed("x"))
    assert is_server_trouble(RequestTimedOut("x"))
    assert is_server_trouble(error_of(502, b""))
    for neutral in (
        too_large(1),
        error_of(400, "bad"),
        error_of(429, "slow"),
        KeyboardInterrupt(),
        ValueError(),
    ):
        assert not is_server_trouble(neutral)


def test_json_is_read_whatever_it_calls_itself() -> None:
    assert Answer(200, ((b"content-type", b"text/plain"),), b'[{"a": 1}]').json() == [{"a": 1}]
    assert Answer(204, (), b"").json() is None
    assert Answer(200, (), b" \n").json() is None
    assert Answer(200, ((b"content-type", b"application/json"),), b"null").json() is None


def test_an_answer_that_is_no_json_names_the_likely_cause() -> None:
    for body in (b"<html>", b"[" * 200_000, b"\xff"):
        with pytest.raises(RequestFailed, match="signal_service"):
            Answer(200, ((b"content-type", b"text/html"),), body).json()
