"""Groups over REST."""

from __future__ import annotations

import base64
from typing import Any

import httpx
import pytest

from signalbot.testing import FakeSignal, GroupState

from .conftest import ask

PNG = b"\x89PNG\r\n\x1a\n...."
BOB = "+4915177777777"
KEYS = [
    "name",
    "description",
    "id",
    "internal_id",
    "members",
    "blocked",
    "member",
    "pending_invites",
    "pending_requests",
    "invite_link",
    "admins",
    "permissions",
]


@pytest.fixture
def group(fake: FakeSignal) -> GroupState:
    hidden = fake.add_person("Hidden")
    return fake.add_group("Team", [fake.add_person("Bob", number=BOB), hidden])


def path(fake: FakeSignal, group: GroupState, rest: str = "") -> str:
    return f"/v1/groups/{fake.number}/{group.id}{rest}"


def test_the_rest_id_is_base64_twice():
    group = GroupState("Pmpi+EfPWmsxiomLe9Nx2XF9HOE483p6iKiFj65iMwI=", "x")

    assert group.id == "group.UG1waStFZlBXbXN4aW9tTGU5TngyWEY5SE9FNDgzcDZpS2lGajY1aU13ST0="


def test_groups_are_listed(fake: FakeSignal, http: httpx.Client, group: GroupState):
    (entry,) = http.get(f"/v1/groups/{fake.number}").json()

    assert list(entry) == KEYS
    assert (entry["id"], entry["internal_id"]) == (group.id, group.internal_id)
    assert entry["members"] == [fake.number, BOB, fake.state.named("Hidden").uuid]
    assert entry["member"] is True
    assert http.get(path(fake, group)).json() == entry


def test_expanded_members_are_objects(fake: FakeSignal, http: httpx.Client, group: GroupState):
    entry = http.get(path(fake, group), params={"expand": "true"}).json()

    hidden = fake.state.named("Hidden")
    assert entry["members"][2] == {"number": "", "uuid": hidden.uuid}
    assert entry["members"][0] == {"number": fake.number, "uuid": fake.uuid}


def test_0_100_does_not_tell_whether_we_are_a_member():
    with FakeSignal(send_answer="object") as fake:
        fake.add_group("Team")
        assert "member" not in ask(fake, "GET", f"/v1/groups/{fake.number}").json()[0]


def test_an_unknown_group_is_200_null(fake: FakeSignal, http: httpx.Client, group: GroupState):
    for unknown in ("group.nothing", group.id.removeprefix("group."), group.name):
        answer = http.get(f"/v1/groups/{fake.number}/{unknown}")
        assert (answer.status_code, answer.json()) == (200, None)


def test_a_group_is_created(fake: FakeSignal, http: httpx.Client):
    body = {
        "name": "New",
        "members": [BOB],
        "description": "d",
        "permissions": {"add_members": "only-admins", "send_messages": "only-admins"},
        "group_link": "enabled",
        "expiration_time": 60,
    }
    answer = http.post(f"/v1/groups/{fake.number}", json=body)
    entry = http.get(f"/v1/groups/{fake.number}/{answer.json()['id']}").json()

    assert answer.status_code == 201
    assert (entry["name"], entry["description"]) == ("New", "d")
    assert entry["members"] == [fake.number, BOB]
    assert entry["admins"] == [fake.number]
    assert entry["invite_link"].startswith("https://signal.group/#")
    # The server shows send_messages in place of edit_group.
    assert entry["permissions"]["edit_group"] == "only-admins"
    assert fake.state.group("New").permissions.edit_group == "every-member"


def test_creating_needs_a_profile_name(fake: FakeSignal, http: httpx.Client):
    fake.state.accounts[fake.number].name = None

    answer = http.post(f"/v1/groups/{fake.number}", json={"name": "x"})

    assert answer.json()["error"] == ("Cannot create group - please first update your profile.")


def test_a_group_is_changed(fake: FakeSignal, http: httpx.Client, group: GroupState):
    avatar = base64.b64encode(PNG).decode()

    assert http.get(path(fake, group, "/avatar")).status_code == 404
    changed = http.put(path(fake, group), json={"base64_avatar": avatar, "name": "Other"})
    shown = http.get(path(fake, group, "/avatar"))

    assert changed.status_code == 204
    assert (shown.content, shown.headers["content-type"]) == (PNG, "image/png")
    assert (group.name, group.revision) == ("Other", 2)


@pytest.mark.parametrize(("mode", "expected"), [("json-rpc", 60), ("normal", 0)])
def test_json_rpc_cannot_switch_the_timer_off(mode: Any, expected: int):
    with FakeSignal(mode=mode) as fake:
        group = fake.add_group("Team")
        for seconds in (60, 0):
            ask(fake, "PUT", path(fake, group), json={"expiration_time": seconds})

        assert group.expires_in == expected


def test_members_come_and_go(fake: FakeSignal, http: httpx.Client, group: GroupState):
    members = path(fake, group, "/members")
    fake.add_person("Alice", username="alice.42")

    assert http.post(members, json={"members": ["alice.42"]}).status_code == 204
    assert fake.state.named("Alice").id in group.members
    removed = http.request("DELETE", members, json={"members": [BOB]})
    assert removed.status_code == 204
    assert fake.state.named("Bob").id not in group.members
    assert http.post(members, json={"members": []}).status_code == 400
    assert http.request("DELETE", members, json={"members": []}).status_code == 204
    assert http.post(members, json={"members": ["u:alice.42"]}).status_code == 400


def test_classic_members_and_all_admins_take_usernames_with_prefix(
    fake: FakeSignal, http: httpx.Client, group: GroupState
):
    alice = fake.add_person("Alice", username="alice.42")

    http.post(path(fake, group, "/admins"), json={"admins": ["u:alice.42"]})
    assert group.admins == [alice.id]
    # The trap: without the prefix the digits are a phone number.
    http.post(path(fake, group, "/admins"), json={"admins": ["alice.42"]})
    assert fake.state.named(group.admins[1]).number == "+4942"
    http.request("DELETE", path(fake, group, "/admins"), json={"admins": ["u:alice.42"]})
    assert alice.id not in group.admins


def test_an_unknown_group_is_404_for_members_and_admins(fake: FakeSignal, http: httpx.Client):
    for rest in ("members", "admins"):
        answer = http.post(f"/v1/groups/{fake.number}/group.x/{rest}", json={rest: [BOB]})
        assert answer.status_code == 404
        assert answer.json() == {"error": "No group with that group id (group.x) found"}


def test_leaving_keeps_the_group_in_the_list(
    fake: FakeSignal, http: httpx.Client, group: GroupState
):
    assert http.post(path(fake, group, "/quit")).status_code == 204
    assert http.request("DELETE", path(fake, group)).status_code == 200

    (entry,) = http.get(f"/v1/groups/{fake.number}").json()
    assert entry["member"] is False
    assert fake.number not in entry["members"]


def test_the_last_admin_cannot_leave(fake: FakeSignal, http: httpx.Client, group: GroupState):
    group.admins = [fake.uuid]

    answer = http.post(path(fake, group, "/quit"))

    assert answer.status_code == 400
    assert answer.json()["error"].startswith("You need to specify a new admin with --admin: ")


def test_join_accepts_an_invitation(fake: FakeSignal, http: httpx.Client, group: GroupState):
    group.members.remove(fake.uuid)
    group.pending_invites.append(fake.uuid)

    assert http.post(path(fake, group, "/join")).status_code == 204
    assert fake.uuid in group.members


def test_blocking_is_for_primary_devices(fake: FakeSignal, http: httpx.Client, group: GroupState):
    assert http.post(path(fake, group, "/block")).status_code == 204
    assert http.get(path(fake, group)).json()["blocked"] is True
    fake.state.accounts[fake.number].is_primary = False
    assert "linked devices" in http.post(path(fake, group, "/block")).json()["error"]


def test_messages_are_pinned_with_201(fake: FakeSignal, http: httpx.Client, group: GroupState):
    pin = path(fake, group, "/pin-message")
    body = {"target_author": BOB, "timestamp": 1769271479123}

    assert http.post(pin, json=body).status_code == 201
    assert group.pinned == {f"{BOB}:1769271479123": -1}
    assert http.request("DELETE", pin, json=body).status_code == 201
    assert group.pinned == {}


def test_handlers_that_decode_take_the_bare_id_and_refuse_nonsense(
    fake: FakeSignal, http: httpx.Client, group: GroupState
):
    bare = group.id.removeprefix("group.")

    assert http.post(f"/v1/groups/{fake.number}/{bare}/join").status_code == 204
    nonsense = http.post(f"/v1/groups/{fake.number}/group.@@/join")
    assert nonsense.json() == {"error": "Invalid group id"}
