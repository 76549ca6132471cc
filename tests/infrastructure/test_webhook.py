"""What the webhook app answers, checked against the WSGI specification in each test."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable
from typing import Any
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

import pytest
from pydantic import SecretStr

from signalbot.errors import InboxFull, SettingsError, StorageError
from signalbot.infrastructure.webhook import WebhookApp

FRAME = b'{"jsonrpc":"2.0","method":"receive","params":{"envelope":{},"account":"+49"}}\n'
SECRET = "k\u00f6nigs/weg"
RAW_SECRET = SECRET.encode().decode("latin-1")  # as a WSGI server hands over the decoded path


class Stored:
    """A store that remembers, or fails as it is told."""

    def __init__(self, error: Exception | None = None) -> None:
        self.frames: list[bytes] = []
        self._error = error

    def __call__(self, raw: bytes) -> bool:
        if self._error is not None:
            raise self._error
        is_new = raw not in self.frames
        self.frames.append(raw)
        return is_new


class Answer:
    def __init__(self, status: str, headers: list[tuple[str, str]], body: bytes) -> None:
        self.code = int(status.split(maxsplit=1)[0])
        self.headers = dict(headers)
        self.body = body


class Input(io.BytesIO):
    """A request body that says how much of it was read."""

    def read(self, size: int | None = -1) -> bytes:
        assert size is not None
        assert size >= 0, "never all there is"
        return super().read(size)


def post(
    app: WebhookApp, body: bytes = FRAME, path: str = "/signal/webhook", **changes: Any
) -> Answer:
    """Call the app as a server would; a change to None removes a variable."""
    environ: dict[str, Any] = {
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "CONTENT_LENGTH": str(len(body)),
        "CONTENT_TYPE": "application/json",
        "wsgi.input": Input(body),
    }
    environ.update(changes)
    for name in [name for name, value in environ.items() if value is None]:
        del environ[name]
    setup_testing_defaults(environ)
    started: list[Any] = []

    def start_response(
        status: str, headers: list[tuple[str, str]], exc_info: Any = None
    ) -> Callable[[bytes], object]:
        started[:] = [status, headers]
        return lambda data: None

    iterable = validator(app)(environ, start_response)
    try:
        content = b"".join(iterable)
    finally:
        iterable.close()  # type: ignore[attr-defined]
    return Answer(*started, content)


def test_a_frame_is_stored_as_it_came() -> None:
    stored = Stored()

    answer = post(WebhookApp(stored))

    assert answer.code == 200
    assert json.loads(answer.body) == {"status": "stored"}
    assert stored.frames == [FRAME]


def test_a_known_frame_is_acknowledged_too() -> None:
    app = WebhookApp(Stored())
    post(app)

    answer = post(app)

    assert answer.code == 200
    assert json.loads(answer.body) == {"status": "known"}


@pytest.mark.parametrize(
    "body",
    [
        b'{"a": "\xff\xfe bad UTF-8"}',
        b'{"a": "\\ud800"}',
        b'{"n": ' + b"9" * 5000 + b"}",
        b'{"n": 1e999}',
        b"[]",
        b"5",
    ],
)
def test_any_json_is_stored(body: bytes) -> None:
    stored = Stored()

    assert post(WebhookApp(stored), body).code == 200
    assert stored.frames == [body]


@pytest.mark.parametrize("body", [b"", b"{", b"a=b", b"{} {}", b"[" * 100_000, b"\x00"])
def test_what_is_no_json_is_not_stored(body: bytes) -> None:
    stored = Stored()

    assert post(WebhookApp(stored), body).code == 400
    assert stored.frames == []


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_only_post_is_allowed(method: str) -> None:
    stored = Stored()

    answer = post(WebhookApp(stored), REQUEST_METHOD=method)

    assert answer.code == 405
    assert answer.headers["Allow"] == "POST"
    assert stored.frames == []


@pytest.mark.parametrize(
    "path",
    ["", "/", "/other", "/signal", "/signal/webhooks", "/signal/webhook/x", "/x/signal/webhook"],
)
def test_other_paths_are_not_found(path: str) -> None:
    assert post(WebhookApp(Stored()), path=path).code == 404


def test_the_path_can_be_chosen() -> None:
    app = WebhookApp(Stored(), path="/hooks/signal/")

    assert post(app, path="/hooks/signal").code == 200
    assert post(app, path="/hooks/signal/").code == 200
    assert post(app).code == 404


@pytest.mark.parametrize(
    ("mount", "path"),
    [
        ("/signal", "/webhook"),
        ("/signal/webhook", ""),
        ("/signal/webhook", "/"),
        ("/site", "/signal/webhook"),
        ("/anywhere", ""),
        ("/anywhere/else", "/"),
    ],
)
def test_it_can_be_mounted(mount: str, path: str) -> None:
    assert post(WebhookApp(Stored()), SCRIPT_NAME=mount, path=path).code == 200


def test_mounted_it_still_has_one_path() -> None:
    assert post(WebhookApp(Stored()), SCRIPT_NAME="/site", path="/other").code == 404


@pytest.mark.parametrize(
    ("path", "mount"),
    [
        (f"/signal/webhook/{RAW_SECRET}", ""),
        (f"/signal/webhook/{RAW_SECRET}", "/site"),
        (f"/webhook/{RAW_SECRET}", "/signal"),
        (f"/{RAW_SECRET}", "/signal/webhook"),
        (f"/{RAW_SECRET}", "/anywhere"),
    ],
)
@pytest.mark.parametrize("secret", [SECRET, SecretStr(SECRET)])
def test_the_secret_in_the_path(path: str, mount: str, secret: str | SecretStr) -> None:
    app = WebhookApp(Stored(), secret=secret)

    assert post(app, path=path, SCRIPT_NAME=mount).code == 200
    assert post(app, path=path + "x", SCRIPT_NAME=mount).code == 401
    assert post(app, path=path[:-1], SCRIPT_NAME=mount).code == 401


def test_the_secret_in_the_header() -> None:
    stored = Stored()
    app = WebhookApp(stored, secret=SECRET)

    assert post(app, HTTP_X_SIGNALBOT_SECRET=RAW_SECRET).code == 200
    assert post(app, HTTP_X_SIGNALBOT_SECRET="wrong").code == 401
    assert post(app, HTTP_X_SIGNALBOT_SECRET="").code == 401
    assert post(app).code == 401
    assert post(app, SCRIPT_NAME="/anywhere", path="").code == 401
    assert len(stored.frames) == 1


def test_the_header_can_be_chosen() -> None:
    app = WebhookApp(Stored(), secret="s", header="X-Api-Key")

    assert post(app, HTTP_X_API_KEY="s").code == 200
    assert post(app, HTTP_X_SIGNALBOT_SECRET="s").code == 401


def test_without_the_secret_nothing_is_read() -> None:
    body = Input(b"x" * 100)

    post(WebhookApp(Stored(), secret="s"), **{"wsgi.input": body, "CONTENT_LENGTH": "100"})

    assert body.tell() == 0


def test_the_secret_is_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    import hmac

    compared: list[bytes] = []
    compare = hmac.compare_digest
    monkeypatch.setattr(hmac, "compare_digest", lambda a, b: (compared.append(a), compare(a, b))[1])

    post(WebhookApp(Stored(), secret="s"), path="/signal/webhook/s")

    assert compared == [b"s", b""]


@pytest.mark.parametrize("options", [{"secret": ""}, {"secret": SecretStr("")}, {"path": "hook"}])
def test_settings_that_make_no_sense_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(SettingsError):
        WebhookApp(Stored(), **options)


def test_a_body_that_claims_to_be_too_large_is_not_read() -> None:
    body = Input(b"x" * 100)

    answer = post(
        WebhookApp(Stored(), max_body=99), **{"wsgi.input": body, "CONTENT_LENGTH": "100"}
    )

    assert answer.code == 413
    assert body.tell() == 0


def test_a_chunked_body_is_read_to_its_end_or_the_limit() -> None:
    stored = Stored()
    app = WebhookApp(stored, max_body=100)
    chunked = {"CONTENT_LENGTH": None, "wsgi.input_terminated": True}
    small, large = Input(b'"' + b"x" * 98 + b'"'), Input(b'"' + b"x" * 10_000 + b'"')

    assert post(app, **chunked, **{"wsgi.input": small}).code == 200
    assert post(app, **chunked, **{"wsgi.input": large}).code == 413

    assert large.tell() == 101
    assert len(stored.frames) == 1


def test_a_body_without_length_or_end_is_refused() -> None:
    assert post(WebhookApp(Stored()), CONTENT_LENGTH=None).code == 411
    assert post(WebhookApp(Stored()), CONTENT_LENGTH="").code == 411


@pytest.mark.parametrize("claimed", ["100", "1000"])
def test_a_body_that_is_shorter_than_claimed_is_not_stored(claimed: str) -> None:
    stored = Stored()

    assert post(WebhookApp(stored), b"{}", CONTENT_LENGTH=claimed).code == 400
    assert stored.frames == []


def test_a_body_that_is_longer_than_claimed_is_read_as_claimed() -> None:
    stored = Stored()

    assert post(WebhookApp(stored), b"{}garbage", CONTENT_LENGTH="2").code == 200
    assert stored.frames == [b"{}"]


@pytest.mark.parametrize("claimed", ["-1", "abc", "1.5", "²", " 2"])
def test_a_length_that_is_no_number_is_refused(claimed: str) -> None:
    # Straight to the app: the validator itself gives up on such a length.
    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/signal/webhook",
        "CONTENT_LENGTH": claimed,
        "wsgi.input": Input(b"{}"),
    }
    statuses: list[str] = []

    WebhookApp(Stored())(environ, lambda status, headers, exc_info=None: statuses.append(status))  # type: ignore[arg-type,misc]

    assert statuses == ["400 Bad Request"]


def test_an_astronomic_length_is_too_large() -> None:
    assert post(WebhookApp(Stored()), CONTENT_LENGTH="9" * 400).code == 413


@pytest.mark.parametrize("error", [InboxFull("full"), StorageError("disk"), RuntimeError("odd")])
def test_what_cannot_be_stored_is_not_acknowledged(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        answer = post(WebhookApp(Stored(error)))

    assert answer.code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert "webhook.not_stored" in caplog.text


def test_answers_and_logs_hold_nothing_of_the_frame(caplog: pytest.LogCaptureFixture) -> None:
    body = b'{"params": {"envelope": {"sourceNumber": "+4917099999999", "text": "geheim"}}'
    with caplog.at_level(logging.DEBUG):
        answers = [
            post(WebhookApp(Stored()), body),
            post(WebhookApp(Stored(RuntimeError("from +4917099999999"))), body + b"}"),
            post(WebhookApp(Stored(), secret="topsecret"), body, path="/signal/webhook/geheim"),
        ]

    shown = caplog.text + repr([answer.body for answer in answers])
    assert [answer.code for answer in answers] == [400, 503, 401]
    for private in ("geheim", "+4917099999999", "topsecret"):
        assert private not in shown
