"""Contacts, profiles, identities, search."""

from __future__ import annotations

import base64
from typing import Any

import httpx
import pytest

from signalbot import SignalClient
from signalbot.testing import FakeSignal, Person

from .conftest import ALICE, ask

PNG = b"\x89PNG\r\n\x1a\n...."


def test_a_contact_has_all_fields(fake: FakeSignal, http: httpx.Client, alice: Person):
    entry = http.get(f"/v1/contacts/{fake.number}/{alice.uuid}").json()

    assert (entry["number"], entry["uuid"], entry["blocked"]) == (ALICE, alice.uuid, False)
    assert set(entry["profile"]) == {
        "given_name",
        "lastname",
        "about",
        "has_avatar",
        "last_updated_timestamp",
    }
    assert set(entry["nickname"]) == {"name", "given_name", "family_name"}
    assert http.get(f"/v1/contacts/{fake.number}/{ALICE}").json() == entry
    assert http.get(f"/v1/contacts/{fake.number}").json() == [entry]


def test_strangers_are_listed_only_when_asked_for(
    fake: FakeSignal, http: httpx.Client, alice: Person
):
    alice.is_contact = False
    path = f"/v1/contacts/{fake.number}"

    assert http.get(path).json() == []
    assert len(http.get(path, params={"all_recipients": "true"}).json()) == 1
    missing = http.get(f"{path}/{alice.uuid}")
    assert missing.status_code == 404
    assert missing.json() == {"error": f"No user with that id ({alice.uuid}) found"}


def test_a_missing_contact_avatar_is_400(fake: FakeSignal, http: httpx.Client, alice: Person):
    path = f"/v1/contacts/{fake.number}/{alice.uuid}/avatar"
    missing = http.get(path)
    alice.avatar = PNG

    assert (missing.status_code, missing.json()) == (400, {"error": "No avatar found."})
    assert http.get(path).content == PNG


@pytest.mark.parametrize(("mode", "name", "timer"), [("json-rpc", "Al", 60), ("normal", "", 0)])
def test_json_rpc_loses_empty_names_and_zero_timers(mode: Any, name: str, timer: int):
    with FakeSignal(mode=mode) as fake:
        alice = fake.add_person("Alice", number=ALICE)
        url = f"{fake.url}/v1/contacts/{fake.number}"
        for change in (("Al", 60), ("", 0)):
            body = {"recipient": ALICE, "name": change[0], "expiration_in_seconds": change[1]}
            assert ask(fake, "PUT", url, json=body).status_code == 204

        assert (alice.contact_name, alice.expires_in) == (name, timer)


def test_syncing_contacts_is_for_primary_devices(fake: FakeSignal, http: httpx.Client):
    path = f"/v1/contacts/{fake.number}/sync"

    assert http.post(path).status_code == 204
    fake.state.accounts[fake.number].is_primary = False
    assert http.post(path).status_code == 400


def test_a_profile_update_without_avatar_deletes_it(fake: FakeSignal, http: httpx.Client):
    path = f"/v1/profiles/{fake.number}"
    account = fake.state.accounts[fake.number]

    body = {"name": "Bot", "base64_avatar": base64.b64encode(PNG).decode(), "about": "a"}
    assert http.put(path, json=body).status_code == 204
    assert (account.avatar, account.about) == (PNG, "a")
    http.put(path, json={"name": "Bot"})
    assert (account.avatar, account.about) == (None, "a")
    http.put(path, json={"name": "Bot", "about": ""})
    assert account.about == ""
    assert http.put(path, json={}).status_code == 400


def test_an_identity_is_trusted_again(fake: FakeSignal, http: httpx.Client, alice: Person):
    fake.untrusted(alice)
    (identity,) = http.get(f"/v1/identities/{fake.number}").json()
    path = f"/v1/identities/{fake.number}/trust/{ALICE}"

    assert identity["status"] == "UNTRUSTED"
    assert isinstance(identity["added"], str)
    assert [len(group) for group in identity["safety_number"].split()] == [5] * 12
    both = {"verified_safety_number": "1", "trust_all_known_keys": True}
    assert http.put(path, json=both).status_code == 400
    assert http.put(path, json={}).status_code == 400
    assert http.put(path, json={"verified_safety_number": "12345"}).status_code == 400
    verified = {"verified_safety_number": identity["safety_number"]}
    assert http.put(path, json=verified).status_code == 204
    assert (alice.trust, alice.failure) == ("TRUSTED_VERIFIED", None)


def test_identities_fail_with_500(http: httpx.Client):
    assert http.get("/v1/identities/+1555").status_code == 500


def test_search_wants_each_number_on_its_own(fake: FakeSignal, http: httpx.Client, alice: Person):
    path = f"/v1/search/{fake.number}"
    fake.unregistered("+4915166666666")

    found = http.get(path, params={"numbers": ["+49 151 99999999", "+4915166666666", "x"]}).json()

    assert alice.number == ALICE
    assert found == [
        {"number": ALICE, "registered": True},
        {"number": "+4915166666666", "registered": False},
        {"number": "", "registered": False},
    ]
    assert http.get(path).status_code == 400
    assert http.get("/v1/search", params={"numbers": ALICE}).status_code == 400


def test_a_literal_plus_in_a_query_is_a_space(fake: FakeSignal, http: httpx.Client):
    found = http.get(f"/v1/search/{fake.number}?numbers=+4915199999999").json()

    assert found == [{"number": "", "registered": False}]


def test_a_profile_keeps_its_avatar_through_the_client():
    with FakeSignal() as fake, SignalClient(fake.number, fake.url) as client:
        client.profiles.update("Pizza Bot", avatar=PNG, about="Ask me")
        client.profiles.update("Pasta Bot")

        assert client.contacts.avatar(fake.number) == PNG
        assert client.contacts.avatar(fake.uuid) == PNG
        mine = client.contacts.get(fake.number, all_recipients=True)
        assert (mine.given_name, mine.profile.about) == ("Pasta", "Ask me")

        client.profiles.update("Pasta Bot", remove_avatar=True)
        client.profiles.update("Pasta Bot")

        assert fake.state.accounts[fake.number].avatar is None
