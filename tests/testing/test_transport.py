"""Paths, encodings, bodies: the behaviour that all endpoints share."""

from __future__ import annotations

import json

import httpx
import pytest

from signalbot.testing import FakeSignal
from signalbot.testing.assembly import ROUTES

from .conftest import ask

TEXT = "text/plain; charset=utf-8"
INVALID = {"error": "Couldn't process request - invalid request"}

OPERATIONS = """
GET /v1/about
GET /v1/accounts
DELETE /v1/accounts/{}/pin
POST /v1/accounts/{}/pin
POST /v1/accounts/{}/rate-limit-challenge
PUT /v1/accounts/{}/settings
DELETE /v1/accounts/{}/username
POST /v1/accounts/{}/username
GET /v1/attachments
DELETE /v1/attachments/{}
GET /v1/attachments/{}
GET /v1/configuration
POST /v1/configuration
GET /v1/configuration/{}/settings
POST /v1/configuration/{}/settings
GET /v1/contacts/{}
PUT /v1/contacts/{}
POST /v1/contacts/{}/sync
GET /v1/contacts/{}/{}
GET /v1/contacts/{}/{}/avatar
GET /v1/devices/{}
POST /v1/devices/{}
DELETE /v1/devices/{}/local-data
DELETE /v1/devices/{}/{}
GET /v1/groups/{}
POST /v1/groups/{}
DELETE /v1/groups/{}/{}
GET /v1/groups/{}/{}
PUT /v1/groups/{}/{}
DELETE /v1/groups/{}/{}/admins
POST /v1/groups/{}/{}/admins
GET /v1/groups/{}/{}/avatar
POST /v1/groups/{}/{}/block
POST /v1/groups/{}/{}/join
DELETE /v1/groups/{}/{}/members
POST /v1/groups/{}/{}/members
DELETE /v1/groups/{}/{}/pin-message
POST /v1/groups/{}/{}/pin-message
POST /v1/groups/{}/{}/quit
GET /v1/health
GET /v1/identities/{}
PUT /v1/identities/{}/trust/{}
DELETE /v1/polls/{}
POST /v1/polls/{}
POST /v1/polls/{}/vote
PUT /v1/profiles/{}
GET /v1/qrcodelink
GET /v1/qrcodelink/raw
DELETE /v1/reactions/{}
POST /v1/reactions/{}
POST /v1/receipts/{}
GET /v1/receive/{}
POST /v1/register/{}
POST /v1/register/{}/verify/{}
DELETE /v1/remote-delete/{}
GET /v1/search/{}
POST /v1/send
GET /v1/sticker-packs/{}
POST /v1/sticker-packs/{}
DELETE /v1/typing-indicator/{}
PUT /v1/typing-indicator/{}
POST /v1/unregister/{}
POST /v2/send
"""


def test_all_63_operations_have_a_route():
    wanted = set(OPERATIONS.split("\n")) - {""}
    there = {
        f"{method} " + "/".join("{}" if part[:1] == "{" else part for part in path.split("/"))
        for method, path, _ in ROUTES
    }

    assert len(wanted) == 63
    assert wanted - there == set()
    undocumented = {"GET /v1/search", "GET /swagger/doc.json", "GET /swagger/index.html"}
    assert there - wanted == undocumented


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/v1"),
        ("GET", "/v1/nothing"),
        ("POST", "/v1/about"),
        ("HEAD", "/v1/about"),
        ("OPTIONS", "/v1/about"),
        ("GET", "/v1/groups"),
        ("GET", "/v2/send"),
    ],
)
def test_an_unknown_path_or_method_is_404_as_text(http: httpx.Client, method: str, path: str):
    answer = http.request(method, path)

    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/plain")
    if method != "HEAD":
        assert answer.text == "404 page not found"


def test_a_trailing_slash_is_redirected(http: httpx.Client):
    get = http.get("/v1/about/?x=1")
    post = http.post("/v2/send/")

    assert (get.status_code, get.headers["location"]) == (301, "/v1/about?x=1")
    assert (post.status_code, post.headers["location"]) == (307, "/v2/send")


@pytest.mark.parametrize("spelling", ["+4915112345678", "%2B4915112345678", "%252B4915112345678"])
def test_an_account_number_is_decoded_twice(fake: FakeSignal, http: httpx.Client, spelling: str):
    request = httpx.Request("GET", f"{fake.url}/v1/devices/{spelling}")

    assert http.send(request).status_code == 200


@pytest.mark.parametrize("spelling", ["4915112345678", "%204915112345678", "%25zz"])
def test_other_spellings_are_other_numbers(http: httpx.Client, spelling: str):
    assert http.get(f"/v1/devices/{spelling}").status_code == 400


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'{"recipient":1}', b'{"timestamp":"1"}', b'{"timestamp":1.0}']
)
def test_an_unreadable_body_is_a_text_400_with_json_inside(
    fake: FakeSignal, http: httpx.Client, body: bytes
):
    answer = http.post(f"/v1/reactions/{fake.number}", content=body)

    assert answer.status_code == 400
    assert answer.headers["content-type"] == TEXT
    assert answer.json() == INVALID


def test_keys_are_found_in_any_case_and_unknown_ones_ignored(fake: FakeSignal, http: httpx.Client):
    answer = http.put(
        f"/v1/typing-indicator/{fake.number}", json={"ReCipient": "+4915199999999", "x": [1]}
    )

    assert answer.status_code == 204
    assert fake.typing_log[0].recipient == "+4915199999999"


def test_the_content_type_of_a_request_does_not_matter(fake: FakeSignal, http: httpx.Client):
    body = json.dumps({"number": fake.number, "recipients": ["+4915199999999"], "message": "x"})
    answer = http.post("/v2/send", content=body, headers={"content-type": "text/html"})

    assert answer.status_code == 201


@pytest.mark.parametrize("value", ["True", "1", "yes", ""])
def test_query_booleans_are_exact(fake: FakeSignal, http: httpx.Client, value: str):
    assert http.get(f"/v1/groups/{fake.number}", params={"expand": value}).status_code == 400


def test_json_is_escaped_as_go_does(fake: FakeSignal, http: httpx.Client):
    fake.add_group("<a> & \u2028 ü")

    body = http.get(f"/v1/groups/{fake.number}").content

    assert b'"name":"\\u003ca\\u003e \\u0026 \\u2028 \xc3\xbc"' in body


def test_empty_answers_have_no_body(fake: FakeSignal, http: httpx.Client):
    answer = http.get("/v1/health")

    assert (answer.status_code, answer.content) == (204, b"")
    assert "content-type" not in answer.headers


@pytest.mark.parametrize(
    ("mode", "shown"),
    [("json-rpc", "json-rpc"), ("json-rpc-native", "json-rpc"), ("native", "native")],
)
def test_about_tells_the_mode(mode, shown: str):
    with FakeSignal(mode=mode, version="0.168-dev") as fake:
        about = ask(fake, "GET", "/v1/about").json()

    assert about == {
        "versions": ["v1", "v2"],
        "build": 2,
        "mode": shown,
        "version": "0.168-dev",
        "capabilities": {"v2/send": ["quotes", "mentions"]},
    }


def test_an_old_server_tells_neither_mode_nor_version():
    with FakeSignal(version=None) as fake:
        assert set(ask(fake, "GET", "/v1/about").json()) == {
            "versions",
            "build",
            "capabilities",
        }


def test_configuration_has_a_capital_letter(http: httpx.Client):
    assert http.get("/v1/configuration").json() == {"logging": {"Level": "info"}}
    assert http.post("/v1/configuration", json={"logging": {"Level": "error"}}).status_code == 204
    assert http.get("/v1/configuration").json() == {"logging": {"Level": ""}}
    assert http.post("/v1/configuration", json={"logging": {"Level": "x"}}).status_code == 400


def test_the_trust_mode_is_set_in_classic_modes_only():
    path = "/v1/configuration/%2B4915112345678/settings"
    for mode, status in (("json-rpc", 400), ("normal", 204)):
        with FakeSignal(mode=mode) as fake:
            answer = ask(fake, "POST", f"{path}", json={"trust_mode": "always"})
            shown = ask(fake, "GET", f"{path}").json()

        assert answer.status_code == status
        assert shown == {"trust_mode": "always" if status == 204 else "on-first-use"}


def test_an_unknown_account_is_refused_in_the_words_of_the_mode():
    texts = []
    for mode in ("json-rpc", "normal"):
        with FakeSignal(mode=mode) as fake:
            texts.append(ask(fake, "GET", "/v1/groups/+1555").json()["error"])

    assert texts == ["Specified account does not exist", "User +1555 is not registered.\n"]


def test_requests_are_recorded_whole(fake: FakeSignal, http: httpx.Client):
    http.post("/v1/nothing?a=1&a=%2B2", json={"k": "v"}, headers={"X-Token": "t"})

    request = fake.requests[0]
    assert (request.method, request.path) == ("POST", "/v1/nothing")
    assert request.query == {"a": ["1", "+2"]}
    assert request.headers["x-token"] == "t"
    assert request.json == {"k": "v"}
    assert request.body == b'{"k":"v"}'
    assert request.at > 1e9
