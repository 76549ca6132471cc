"""Everything that can be made to go wrong with a request."""

from __future__ import annotations

import threading
import time

import httpx
import pytest

from signalbot.testing import FakeSignal

from .conftest import ALICE, ask, client, open_socket


def send(fake: FakeSignal, **more: float) -> httpx.Response:
    body = {"number": fake.number, "recipients": [ALICE], "message": "x"}
    return ask(fake, "POST", "/v2/send", json=body, **more)


def test_a_go_panic_is_an_empty_500(fake: FakeSignal):
    fake.fail_next(2)

    answers = [ask(fake, "GET", "/v1/about") for _ in range(3)]

    assert [answer.status_code for answer in answers] == [500, 500, 200]
    assert answers[0].content == b""


def test_a_fault_can_be_for_a_path_and_method_only(fake: FakeSignal):
    fake.fail_next(text="no", status=400, path="/v2/send", method="post")

    assert ask(fake, "GET", "/v1/about").status_code == 200
    assert send(fake).json() == {"error": "no"}
    assert fake.sent == []
    assert send(fake).status_code == 201


def test_a_failed_call_may_have_taken_effect(fake: FakeSignal):
    fake.fail_next(handled=True)

    assert send(fake).status_code == 500
    assert len(fake.sent) == 1


def test_a_fault_without_a_path_is_not_for_websockets(fake: FakeSignal):
    fake.fail_next(text="no", status=400)

    with open_socket(fake):
        assert send(fake).status_code == 400


def test_a_rate_limit_without_a_path_is_for_all_that_sends(fake: FakeSignal):
    fake.rate_limit(2, path=None)

    assert ask(fake, "GET", "/v1/about").status_code == 200
    assert ask(fake, "POST", f"/v1/reactions/{fake.number}", json={}).status_code == 400
    assert send(fake).status_code == 429


def test_faults_hit_in_the_order_in_which_they_were_set(fake: FakeSignal):
    fake.fail_next(status=502, body=b"<html>", content_type="text/html")
    fake.fail_next(status=400, text="second")

    first, second = ask(fake, "GET", "/v1/about"), ask(fake, "GET", "/v1/about")

    assert (first.status_code, first.headers["content-type"]) == (502, "text/html")
    assert second.json() == {"error": "second"}


def test_garbage_is_no_json_but_the_message_went_out(fake: FakeSignal):
    fake.garbage()

    answer = send(fake)

    assert answer.status_code == 201
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        answer.json()
    assert len(fake.sent) == 1


def test_a_hanging_request_is_released(fake: FakeSignal):
    fake.hang("/v2/send", 1)
    answers: list[httpx.Response] = []
    thread = threading.Thread(target=lambda: answers.append(send(fake)))
    thread.start()
    fake.wait_for_request("POST", "/v2/send")
    assert ask(fake, "GET", "/v1/about").status_code == 200

    fake.wait_for(lambda: fake.hanging == 1)
    fake.release()
    thread.join(5)

    assert answers[0].status_code == 500
    assert send(fake).status_code == 201


def test_a_lost_answer_means_that_the_message_went_out(fake: FakeSignal):
    fake.hang("/v2/send", handled=True)

    with pytest.raises(httpx.ReadTimeout):
        send(fake, timeout=0.2)

    assert len(fake.sent) == 1


def test_slow_is_slow_until_cleared(fake: FakeSignal):
    fake.slow(0.2, path="/v1/about")
    started = time.monotonic()
    ask(fake, "GET", "/v1/health")
    quick = time.monotonic() - started
    ask(fake, "GET", "/v1/about")
    slow = time.monotonic() - started - quick
    fake.clear_faults()

    assert quick < 0.2 <= slow
    assert not fake.faults.is_armed


@pytest.mark.parametrize("handled", [False, True])
def test_a_crash_cuts_the_connection(fake: FakeSignal, handled: bool):
    fake.crash_mid_request(handled=handled)

    with pytest.raises(httpx.RemoteProtocolError):
        send(fake)

    assert len(fake.sent) == int(handled)
    assert send(fake).status_code == 201


def test_clearing_mends_recipients_too(fake: FakeSignal):
    fake.untrusted(ALICE)
    fake.fail_next(99)
    fake.clear_faults()

    assert send(fake).status_code == 201


def test_a_rate_limit_can_end_by_time(fake: FakeSignal):
    fake.rate_limit(seconds=0.15)

    assert [send(fake).status_code for _ in range(2)] == [429, 429]
    fake.wait_for(lambda: send(fake).status_code == 201, 2)


def test_latency_delays_every_answer_and_parallel_requests_are_counted():
    with FakeSignal(latency=0.1) as fake:
        threads = [threading.Thread(target=send, args=(fake,)) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert fake.peak_parallel == 3


def test_the_switches_of_sockets_need_a_running_server():
    with pytest.raises(RuntimeError, match="call start"):
        FakeSignal().drop_websocket()


def test_a_name_that_nobody_has_is_an_error(fake: FakeSignal):
    with pytest.raises(LookupError, match="no person 'Bob' here"):
        fake.say("Bob", "x")
    with pytest.raises(LookupError, match="no group"):
        fake.say(ALICE, "x", group="Nope")
    with pytest.raises(TypeError, match="no such part"):
        fake.say(ALICE, "x", hologram={})


def test_waiting_in_vain_is_a_timeout_that_says_for_what(fake: FakeSignal):
    with pytest.raises(TimeoutError, match=r"fewer than 1 websockets connected within 0\.05 s"):
        fake.wait_for_socket(0.05)
    with pytest.raises(TimeoutError, match="fewer than 2 messages were sent"):
        fake.wait_for_sent(2, 0.01)
    with pytest.raises(TimeoutError, match="no such message"):
        fake.wait_for_sent(lambda sent: sent.text == "y", 0.01)


def test_what_was_recorded_can_be_forgotten(fake: FakeSignal):
    send(fake)
    fake.forget()

    assert (fake.sent, fake.requests) == ([], [])
    with client(fake) as http:
        http.get("/v1/about")
    assert len(fake.requests) == 1
