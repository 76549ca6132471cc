"""Reactions, receipts, typing, deletes, polls."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from signalbot.testing import FakeSignal

from .conftest import ALICE, ask

STAMP = 1769271479123


def test_reactions_are_put_on_and_taken_off(fake: FakeSignal, http: httpx.Client):
    path = f"/v1/reactions/{fake.number}"
    body = {"recipient": ALICE, "reaction": "👍", "target_author": ALICE, "timestamp": STAMP}

    put = http.post(path, json=body)
    taken = http.request("DELETE", path, json={**body, "reaction": ""})

    assert (put.status_code, taken.status_code) == (204, 204)
    on, off = fake.reactions
    assert (on.emoji, on.target, on.target_author, on.is_remove) == ("👍", STAMP, ALICE, False)
    assert off.is_remove


@pytest.mark.parametrize("missing", ["recipient", "reaction", "target_author", "timestamp"])
def test_reactions_need_every_field(fake: FakeSignal, http: httpx.Client, missing: str):
    body = {"recipient": ALICE, "reaction": "👍", "target_author": ALICE, "timestamp": STAMP}
    del body[missing]

    answer = http.post(f"/v1/reactions/{fake.number}", json=body)

    assert answer.status_code == 400
    assert answer.json() == {"error": f"Couldn't process request - {missing} missing"}


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "reactions", {"reaction": "x", "target_author": ALICE}),
        ("POST", "receipts", {"receipt_type": "read"}),
        ("DELETE", "remote-delete", {}),
    ],
)
def test_seconds_make_signal_cli_fail_in_json_rpc_only(
    method: str, path: str, body: dict[str, Any]
):
    statuses = []
    for mode in ("json-rpc", "normal"):
        with FakeSignal(mode=mode) as fake:
            url = f"{fake.url}/v1/{path}/{fake.number}"
            whole = {"recipient": ALICE, "timestamp": 1769271479, **body}
            answer = ask(fake, method, url, json=whole)
            statuses.append(answer.status_code)
            if mode == "json-rpc":
                assert "java.lang.Integer cannot be cast" in answer.json()["error"]

    assert statuses[0] == 400
    assert statuses[1] in (201, 204)


def test_viewed_receipts_are_accepted(fake: FakeSignal, http: httpx.Client):
    path = f"/v1/receipts/{fake.number}"
    for kind, status in (("read", 204), ("viewed", 204), ("delivery", 400)):
        body = {"recipient": ALICE, "receipt_type": kind, "timestamp": STAMP}
        assert http.post(path, json=body).status_code == status

    assert [receipt.type for receipt in fake.receipts] == ["read", "viewed"]


def test_typing_starts_and_stops(fake: FakeSignal, http: httpx.Client):
    path = f"/v1/typing-indicator/{fake.number}"
    http.put(path, json={"recipient": ALICE})
    http.request("DELETE", path, json={"recipient": ALICE})

    assert [typing.is_started for typing in fake.typing_log] == [True, False]
    assert http.put(path, json={}).json() == {"error": "No recipients given"}


def test_a_remote_delete_answers_201_with_a_timestamp(fake: FakeSignal, http: httpx.Client):
    body = {"recipient": ALICE, "timestamp": STAMP}
    answer = http.request("DELETE", f"/v1/remote-delete/{fake.number}", json=body)

    assert answer.status_code == 201
    assert answer.json() == {"timestamp": str(fake.deletes[0].timestamp)}
    assert fake.deletes[0].target == STAMP


def poll(http: httpx.Client, fake: FakeSignal, *answers: str, **more: Any) -> httpx.Response:
    body = {"recipient": ALICE, "question": "Where?", "answers": answers, **more}
    return http.post(f"/v1/polls/{fake.number}", json=body)


def test_polls_are_opened_and_closed(fake: FakeSignal, http: httpx.Client):
    answer = poll(http, fake, "a", "b")
    timestamp = answer.json()["timestamp"]
    stored = fake.state.polls[int(timestamp)]

    assert answer.status_code == 201
    assert isinstance(timestamp, str)
    assert stored.allow_multiple
    body = {"recipient": ALICE, "poll_timestamp": timestamp}
    assert http.request("DELETE", f"/v1/polls/{fake.number}", json=body).status_code == 204
    assert not stored.is_open


@pytest.mark.parametrize(
    ("answers", "text"),
    [
        (["one"], "Poll needs at least two options"),
        (["x"] * 11, "more than 10"),
        (["a", "👩" * 51], "between 1 and 100"),
        (["a", ""], "between 1 and 100"),
    ],
)
def test_polls_have_limits(fake: FakeSignal, http: httpx.Client, answers: list[str], text: str):
    answer = poll(http, fake, *answers)

    assert answer.status_code == 400
    assert text in answer.json()["error"]


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({}, 204),
        ({"poll_timestamp": STAMP}, 400),
        ({"selected_answers": []}, 400),
        ({"selected_answers": [0]}, 400),
        ({"poll_author": ""}, 400),
    ],
)
def test_votes_count_from_one_with_a_timestamp_as_text(
    fake: FakeSignal, http: httpx.Client, change: dict[str, Any], status: int
):
    body = {
        "recipient": ALICE,
        "poll_author": ALICE,
        "poll_timestamp": str(STAMP),
        "selected_answers": [1, 2],
        **change,
    }

    assert http.post(f"/v1/polls/{fake.number}/vote", json=body).status_code == status
    if status == 204:
        assert (fake.votes[0].answers, fake.votes[0].poll_timestamp) == ((1, 2), STAMP)


def test_groups_must_exist(fake: FakeSignal, http: httpx.Client):
    group = fake.add_group("Team")
    body = {"recipient": group.id, "reaction": "x", "target_author": ALICE, "timestamp": STAMP}
    path = f"/v1/reactions/{fake.number}"

    assert http.post(path, json=body).status_code == 204
    del fake.state.groups[group.internal_id]
    assert "Group not found" in http.post(path, json=body).json()["error"]
