"""The websocket of json-rpc modes."""

from __future__ import annotations

import json
import socket

import httpx
import pytest
from websockets.exceptions import (
    ConnectionClosed,
    ConnectionClosedError,
    InvalidMessage,
    InvalidStatus,
)

from signalbot.testing import FakeSignal, Person

from .conftest import open_socket


def test_a_frame_reaches_the_socket_byte_for_byte(fake: FakeSignal):
    raw = '{"envelope":{"timestamp": 17293822569102704641 , "x":"\\ud83d\\ude00"},"account":"%s"}'

    with open_socket(fake) as ws:
        fake.push(raw % fake.number)

        assert ws.recv(5) == raw % fake.number


@pytest.mark.parametrize("spelling", ["+4915112345678", "%2B4915112345678", "%252B4915112345678"])
def test_the_number_of_the_path_is_decoded_twice(fake: FakeSignal, alice: Person, spelling: str):
    socket_ = socket.create_connection((fake.host, fake.port))
    socket_.sendall(
        f"GET /v1/receive/{spelling} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        "Sec-WebSocket-Version: 13\r\nOrigin: http://anything\r\n\r\n".encode()
    )
    fake.wait_for_socket(account=fake.number)
    socket_.close()


def test_nothing_is_checked_so_a_wrong_number_is_silent(fake: FakeSignal, alice: Person):
    with open_socket(fake, "4915112345678") as wrong:
        fake.say(alice, "hi")
        fake.wait_for(lambda: fake.unheard == 1)

        with pytest.raises(TimeoutError):
            wrong.recv(0.05)


def test_every_socket_of_a_number_gets_every_frame_in_order(fake: FakeSignal, alice: Person):
    with open_socket(fake) as first, open_socket(fake) as second:
        fake.wait_for_socket(count=2)
        count = fake.push_many(fake.frame(alice, str(i)) for i in range(500))

        for ws in (first, second):
            texts = [_text(ws.recv(5)) for _ in range(count)]
            assert texts == [str(i) for i in range(500)]
    assert (fake.delivered, fake.dropped) == (1000, 0)


def test_other_accounts_are_filtered_out(alice: Person):
    other = "+4915100000001"
    with FakeSignal(accounts=[other]) as fake:
        bob = fake.add_person("Bob")
        with open_socket(fake) as one, open_socket(fake, other) as two:
            fake.wait_for_socket(count=2)
            fake.say(bob, "for two", to=other)
            fake.say(bob, "for one")
            fake.push({"error": "for all"})

            assert _text(one.recv(5)) == "for one"
            assert _text(two.recv(5)) == "for two"
            assert [one.recv(5), two.recv(5)] == ['{"error":"for all"}'] * 2


def test_frames_without_a_socket_are_lost(fake: FakeSignal, alice: Person):
    fake.say(alice, "lost")
    fake.wait_for(lambda: fake.unheard == 1)

    with open_socket(fake) as ws:
        fake.wait_for_socket()
        fake.say(alice, "heard")

        assert _text(ws.recv(5)) == "heard"


def test_with_hold_they_wait_for_the_first_socket():
    with FakeSignal(hold=True) as fake:
        bob = fake.add_person("Bob")
        for text in ("a", "b"):
            fake.say(bob, text)

        with open_socket(fake) as ws:
            fake.say(bob, "c")

            assert [_text(ws.recv(5)) for _ in range(3)] == ["a", "b", "c"]


def test_pings_go_out_empty_and_missing_pongs_are_never_noticed():
    with FakeSignal(ping_interval=0.05) as fake:
        raw = _shake_hands(fake)
        raw.settimeout(5)

        pings = b""
        while len(pings) < 6:
            pings += raw.recv(100)

        assert pings[:6] == b"\x89\x00" * 3
        assert fake.connections == 1
        raw.close()


def test_client_pings_are_answered(fake: FakeSignal):
    with open_socket(fake) as ws:
        assert ws.ping().wait(5)
        assert fake.sockets[0].pings == 1


def test_client_data_is_ignored_up_to_512_bytes(fake: FakeSignal, alice: Person):
    with open_socket(fake) as ws:
        ws.send("x" * 512)
        fake.wait_for_socket()
        fake.say(alice, "still here")
        assert _text(ws.recv(5)) == "still here"

        ws.send("x" * 513)
        with pytest.raises(ConnectionClosedError) as closed:
            ws.recv(5)

    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1009


def test_a_close_is_echoed_with_its_code(fake: FakeSignal):
    with open_socket(fake) as ws:
        fake.wait_for_socket()

        ws.close(4001, "bye")

    assert ws.close_code == 4001
    fake.wait_for(lambda: fake.connections == 0)
    assert fake.past_sockets[0].close_code == 4001


def test_big_frames_come_in_one_piece(fake: FakeSignal, alice: Person):
    with open_socket(fake) as ws:
        fake.wait_for_socket()
        fake.say(alice, "x" * 3_000_000)

        assert len(_text(ws.recv(10))) == 3_000_000


def test_bad_utf8_is_sent_as_it_is(fake: FakeSignal):
    with open_socket(fake) as ws:
        fake.wait_for_socket()
        fake.push(b'{"account":"' + fake.number.encode() + b'","x":"\xff"}')

        assert ws.recv(5, decode=False).endswith(b'"x":"\xff"}')


def test_a_plain_get_is_400_that_is_no_json(fake: FakeSignal, http: httpx.Client):
    answer = http.get(f"/v1/receive/{fake.number}")

    assert answer.status_code == 400
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.text == (
        'Bad Request\n{"error":"websocket: the client is not using the websocket protocol: '
        "'upgrade' token not found in 'Connection' header\"}"
    )


def test_a_handshake_elsewhere_is_an_ordinary_request(fake: FakeSignal):
    with pytest.raises(InvalidStatus) as refused, open_socket(fake, "x/y"):
        pass

    assert refused.value.response.status_code == 404


def test_the_handshake_is_recorded_with_its_headers(fake: FakeSignal):
    with open_socket(fake):
        handshake = fake.wait_for_request("GET", "/v1/receive/")[0]

    assert handshake.path == f"/v1/receive/{fake.number}"
    assert handshake.raw_path == b"/v1/receive/%2B4915112345678"
    assert handshake.headers["upgrade"] == "websocket"


def test_two_accounts_of_one_server_talk_to_each_other():
    other = "+4915100000001"
    with FakeSignal(accounts={other: "Second"}) as fake, open_socket(fake, other) as ws:
        fake.wait_for_socket()
        body = {"number": fake.number, "recipients": [other], "message": "hello"}
        body |= {"base64_attachments": ["aGk="], "mentions": []}
        with httpx.Client(base_url=fake.url, verify=False) as http:
            timestamp = int(http.post("/v2/send", json=body).json()[0]["timestamp"])
            envelope = json.loads(ws.recv(5))["envelope"]
            record = envelope["dataMessage"]["attachments"][0]

            assert envelope["sourceNumber"] == fake.number
            assert (envelope["timestamp"], envelope["sourceDevice"]) == (timestamp, 2)
            assert http.get(f"/v1/attachments/{record['id']}").content == b"hi"


# -- faults of sockets ------------------------------------------------------------------


def test_a_dropped_socket_ends_without_a_close_frame(fake: FakeSignal):
    with open_socket(fake) as ws:
        fake.wait_for_socket()
        fake.drop_websocket()

        with pytest.raises(ConnectionClosed) as closed:
            ws.recv(5)

    assert closed.value.rcvd is None
    assert ws.close_code == 1006


def test_a_socket_can_be_closed_with_a_code(fake: FakeSignal):
    with open_socket(fake) as ws:
        fake.wait_for_socket()
        fake.close_websocket(1012, "restart")

        with pytest.raises(ConnectionClosed):
            ws.recv(5)

    assert (ws.close_code, ws.close_reason) == (1012, "restart")


@pytest.mark.parametrize("status", [503, 401])
def test_handshakes_are_refused(fake: FakeSignal, status: int):
    fake.refuse_websocket(1, status)

    with pytest.raises(InvalidStatus) as refused, open_socket(fake):
        pass

    assert refused.value.response.status_code == status
    with open_socket(fake):
        fake.wait_for_socket()


def test_handshakes_are_cut(fake: FakeSignal):
    fake.refuse_websocket(1, None)

    with pytest.raises((InvalidMessage, EOFError, ConnectionError)), open_socket(fake):
        pass


def test_a_half_open_socket_is_silent_but_alive(fake: FakeSignal, alice: Person):
    with open_socket(fake) as ws:
        fake.wait_for_socket()
        fake.half_open()
        fake.say(alice, "into the void")

        assert not ws.ping().wait(0.1)
        with pytest.raises(TimeoutError):
            ws.recv(0.05)
        with open_socket(fake) as again:
            fake.wait_for_socket(count=2)
            fake.say(alice, "new one works")
            assert _text(again.recv(5)) == "new one works"
        fake.drop_websocket()


def test_frames_are_delivered_twice(fake: FakeSignal, alice: Person):
    with open_socket(fake) as ws:
        fake.wait_for_socket()
        fake.duplicate_next()
        for text in ("a", "b"):
            fake.say(alice, text)

        assert [_text(ws.recv(5)) for _ in range(3)] == ["a", "a", "b"]


def test_a_restarted_server_serves_new_sockets(fake: FakeSignal, alice: Person):
    with open_socket(fake) as ws:
        fake.wait_for_socket()
        fake.stop_listening()
        with pytest.raises(ConnectionClosed):
            ws.recv(5)
        with pytest.raises(OSError, match="refused"), open_socket(fake):
            pass
        fake.listen_again()
    with open_socket(fake) as ws:
        fake.wait_for_socket()
        fake.say(alice, "back")
        assert _text(ws.recv(5)) == "back"
    assert fake.connections_made == 2


# -- lossy ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "spacing", "low", "high"),
    [
        (110, 0.0, 3, 40),
        (4000, 0.0, 25, 110),
        (110, 0.005, 290, 300),
    ],
)
def test_bursts_lose_frames_as_in_the_table(size: int, spacing: float, low: int, high: int):
    with FakeSignal(lossy=True) as fake, open_socket(fake):
        fake.wait_for_socket()
        frame = json.dumps({"account": fake.number, "x": "y" * (size - 40)})
        count = 300 if spacing == 0 else 60

        fake.push_many([frame] * count, spacing=spacing, account=fake.number)
        fake.wait_for(lambda: fake.hub.pushed == count)

        assert low <= fake.delivered * 300 / count <= high
        assert fake.delivered + fake.dropped == count


def test_one_stuck_reader_starves_the_others_until_it_goes():
    with FakeSignal(lossy=True) as fake, open_socket(fake) as healthy:
        stuck = _shake_hands(fake, receive_buffer=4096)
        fake.wait_for_socket(count=2)
        big = json.dumps({"account": fake.number, "x": "y" * 400_000})

        fake.push_many([big] * 40, spacing=0.005)
        fake.wait_for(lambda: fake.hub.pushed == 40)
        sockets = fake.sockets
        starved = sockets[0].dropped
        stuck.close()
        fake.wait_for(lambda: fake.connections == 1)
        before = sockets[0].delivered
        _drain(healthy)
        fake.push(big)
        fake.wait_for(lambda: sockets[0].delivered > before)

    assert starved >= 10


def _text(frame: str | bytes) -> str:
    text: str = json.loads(frame)["envelope"]["dataMessage"]["message"]
    return text


def _shake_hands(fake: FakeSignal, receive_buffer: int | None = None) -> socket.socket:
    raw = socket.socket()
    if receive_buffer is not None:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    raw.connect((fake.host, fake.port))
    raw.sendall(
        b"GET /v1/receive/%2B4915112345678 HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
        b"Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        b"Sec-WebSocket-Version: 13\r\n\r\n"
    )
    answer = b""
    while not answer.endswith(b"\r\n\r\n"):
        answer += raw.recv(1)
    assert answer.startswith(b"HTTP/1.1 101")
    return raw


def _drain(ws: object) -> None:
    try:
        while True:
            ws.recv(0.05)  # type: ignore[attr-defined]
    except TimeoutError:
        pass
