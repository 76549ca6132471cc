"""No request may break the stand-in itself: a 500 is a fault that was asked for."""

from __future__ import annotations

import json
import re
from typing import Any, get_args

import httpx
import pytest

from signalbot.testing import FakeSignal
from signalbot.testing.assembly import ROUTES
from signalbot.testing.fake_signal import Mode

from .conftest import ALICE, ask, client, open_socket

STRANGE = "ü:./@%00 \U0001f600"
FULL: dict[str, Any] = {
    "recipient": ALICE,
    "recipients": [ALICE],
    "message": "x",
    "timestamp": 1769271479123,
    "target_author": ALICE,
    "poll_author": ALICE,
    "poll_timestamp": "1769271479123",
    "selected_answers": [99],
    "reaction": "👍",
    "receipt_type": "read",
    "name": "n",
    "members": ["u:alice.42", "alice.42", "", STRANGE],
    "admins": ["u:alice.42", "alice.42", "", STRANGE],
    "answers": ["a", "b"],
    "question": "q",
    "quote_timestamp": 1769271479123,
    "quote_author": "alice.42",
    "mentions": [None, {"start": 0}],
    "permissions": {"add_members": None},
    "logging": None,
    "username": STRANGE,
    "uri": "sgnl://linkdevice?x",
    "challenge_token": STRANGE,
    "captcha": STRANGE,
    "trust_all_known_keys": True,
    "pack_id": STRANGE,
    "pack_key": STRANGE,
}
BODIES = [
    b"",
    b"null",
    b"{}",
    b"[[[[",
    b'{"recipient":"\\ud83d","message":"\\ud83d","recipients":[null,""]}',
    json.dumps(FULL).encode(),
    json.dumps({**FULL, "recipient": STRANGE, "recipients": [STRANGE], "members": None}).encode(),
]


@pytest.mark.parametrize("mode", ["json-rpc", "normal"])
def test_whatever_is_asked_no_route_breaks(mode: Any):
    assert mode in get_args(Mode)
    with FakeSignal(mode=mode) as fake, client(fake) as http:
        fake.add_person("Alice", number=ALICE, username="alice.42")
        group = fake.add_group("Team", ["Alice"])
        for body in BODIES:
            for method, template, _ in ROUTES:
                if "receive" in template or "unregister" in template:
                    continue
                path = template.replace("{number}", fake.number).replace("{groupid}", group.id)
                path = re.sub(r"\{.*?\}", "%20x", path)
                answer = http.request(method, path, content=body.replace(b"{n}", b""))
                assert answer.status_code != 500, (method, path, body)

        assert fake.errors == []


def test_a_bug_of_the_stand_in_shows_up(http: httpx.Client):
    with FakeSignal() as broken:
        broken.state.log_level = object()  # type: ignore[assignment]
        answer = ask(broken, "GET", "/v1/configuration")

        assert (answer.status_code, answer.content) == (500, b"")
        assert isinstance(broken.errors[0], TypeError)


def test_whole_messages_pass_between_accounts_of_one_server():
    other = "+4915100000001"
    with FakeSignal(accounts={other: "Second"}) as fake, open_socket(fake, other) as ws:
        fake.wait_for_socket()
        second = fake.state.accounts[other]
        group = fake.add_group("Team")
        group.members.append(second.uuid)
        pack = {"pack_id": "9a32", "pack_key": "19"}
        ask(fake, "POST", f"/v1/sticker-packs/{fake.number}", json=pack)
        mention = {"start": 0, "length": 1, "author": other}
        base = {"number": fake.number, "recipients": [group.id], "message": "see https://x"}
        quote = {
            "quote_timestamp": 1769271479123,
            "quote_author": other,
            "quote_message": "q",
            "quote_mentions": [mention],
        }
        preview = {"link_preview": {"url": "https://x", "title": "t"}}
        for more in (quote, preview, {"mentions": [mention]}, {"sticker": "9a32:7"}):
            assert ask(fake, "POST", "/v2/send", json={**base, **more}).status_code == 201
        ask(fake, "POST", "/v2/send", json={**base, "edit_timestamp": 1769271479123})

        envelopes = [json.loads(ws.recv(5))["envelope"] for _ in range(5)]
        quoted, previewed, mentioned, sticker = [e["dataMessage"] for e in envelopes[:4]]

    assert quoted["quote"]["authorUuid"] == second.uuid
    assert quoted["groupInfo"]["groupId"] == group.internal_id
    assert previewed["previews"][0] == {
        "url": "https://x",
        "title": "t",
        "description": None,
        "image": None,
    }
    assert mentioned["mentions"][0]["number"] == other
    assert sticker["sticker"] == {"packId": "9a32", "stickerId": 7}
    assert envelopes[4]["editMessage"]["targetSentTimestamp"] == 1769271479123
