"""``GET /v1/receive`` in classic modes."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from websockets.exceptions import InvalidStatus

from signalbot.testing import FakeSignal

from .conftest import ask, open_socket


@pytest.fixture
def classic() -> Iterator[FakeSignal]:
    with FakeSignal(mode="normal") as fake:
        fake.add_person("Alice", number="+4915199999999")
        yield fake
        assert fake.errors == []


def poll(fake: FakeSignal, **params: Any) -> httpx.Response:
    return ask(fake, "GET", f"/v1/receive/{fake.number}", params=params)


def texts(answer: httpx.Response) -> list[str]:
    return [frame["envelope"]["dataMessage"]["message"] for frame in answer.json()]


def test_messages_wait_for_the_poll_and_come_once(classic: FakeSignal):
    for text in ("a", "b"):
        classic.say("Alice", text)

    classic.wait_for(lambda: classic.queued == 2)

    answer = poll(classic, timeout=1)

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert texts(answer) == ["a", "b"]
    assert classic.queued == 0


def test_a_timeout_of_zero_returns_at_once_with_nothing(classic: FakeSignal):
    classic.say("Alice", "a")

    assert poll(classic, timeout=0).text == "[]"
    assert texts(poll(classic, max_messages=1)) == ["a"]


def test_max_messages_ends_the_poll(classic: FakeSignal):
    for text in "abc":
        classic.say("Alice", text)
    started = time.monotonic()

    assert texts(poll(classic, max_messages=2, timeout=30)) == ["a", "b"]
    assert time.monotonic() - started < 5


def test_a_waiting_poll_gets_what_comes(classic: FakeSignal):
    answers: list[httpx.Response] = []
    thread = threading.Thread(
        target=lambda: answers.append(poll(classic, timeout=10, max_messages=1))
    )
    thread.start()
    classic.wait_for_request("GET", "/v1/receive/")
    classic.say("Alice", "late")
    thread.join(5)

    assert texts(answers[0]) == ["late"]


@pytest.mark.parametrize(
    ("params", "text"),
    [
        ({"timeout": "1.5"}, "timeout needs to be numeric!"),
        ({"max_messages": "x"}, "max_messages needs to be numeric!"),
        ({"ignore_stories": "True"}, "ignore_stories"),
        ({"send_read_receipts": "1"}, "send_read_receipts"),
    ],
)
def test_parameters_are_strict(classic: FakeSignal, params: dict[str, str], text: str):
    answer = poll(classic, **params)

    assert answer.status_code == 400
    assert text in answer.json()["error"]


def test_the_array_may_be_invalid_json(classic: FakeSignal):
    for text in ("a", "b"):
        classic.say("Alice", text)
    classic.add_poll_noise("java.lang.RuntimeException: x")

    answer = poll(classic, max_messages=2)

    assert answer.status_code == 200
    assert ",java.lang.RuntimeException: x,{" in answer.text
    with pytest.raises(json.JSONDecodeError):
        answer.json()


def test_a_failing_poll_holds_the_messages_in_its_text(classic: FakeSignal):
    classic.say("Alice", "salvage me")
    classic.fail_poll("Failed to receive messages: closed")

    answer = poll(classic, max_messages=1)

    assert answer.status_code == 400
    first, last = answer.json()["error"].split("\n")
    assert json.loads(first)["envelope"]["dataMessage"]["message"] == "salvage me"
    assert last == "Failed to receive messages: closed"


def test_a_poll_that_takes_too_long_is_killed_and_its_messages_are_gone(classic: FakeSignal):
    classic.world.options.command_timeout = 0.1
    classic.say("Alice", "lost")

    answer = poll(classic, timeout=-1)

    assert answer.json() == {"error": "process killed as timeout reached"}
    assert classic.queued == 0


def test_other_calls_for_the_account_wait_for_a_running_poll(classic: FakeSignal):
    order: list[str] = []

    def run(name: str, method: str, path: str, **params: Any) -> threading.Thread:
        def go() -> None:
            ask(classic, method, path, **params)
            order.append(name)

        thread = threading.Thread(target=go)
        thread.start()
        return thread

    path = f"/v1/receive/{classic.number}"
    first = run("poll", "GET", path, params={"timeout": 20, "max_messages": 1})
    classic.wait_for_request("GET", "/v1/receive/")
    second = run("groups", "GET", f"/v1/groups/{classic.number}")
    classic.wait_for_request("GET", "/v1/groups/")
    assert ask(classic, "GET", "/v1/about").status_code == 200
    assert order == []
    classic.say("Alice", "x")
    first.join(5)
    second.join(5)

    assert sorted(order) == ["groups", "poll"]


def test_a_websocket_handshake_is_a_poll_that_eats_the_messages(classic: FakeSignal):
    classic.say("Alice", "eaten")

    with pytest.raises(InvalidStatus) as refused, open_socket(classic):
        pass

    assert refused.value.response.status_code == 200
    assert b"eaten" in refused.value.response.body
    assert classic.queued == 0


def test_only_a_registered_account_is_polled(classic: FakeSignal):
    answer = ask(classic, "GET", "/v1/receive/+1555")

    assert answer.json() == {"error": "User +1555 is not registered.\n"}
