"""Accounts, devices, registration, linking, files."""

from __future__ import annotations

import struct
from typing import Any

import httpx
import pytest

from signalbot.testing import FakeSignal

NEW = "+4915155555555"


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("PUT", "accounts/{n}/settings", {"share_number": False}, 201),
        ("POST", "accounts/{n}/username", {"username": "test"}, 201),
        ("DELETE", "accounts/{n}/username", None, 204),
        ("POST", "accounts/{n}/pin", {"pin": "1234"}, 201),
        ("DELETE", "accounts/{n}/pin", None, 204),
        ("POST", "accounts/{n}/pin", {}, 400),
        ("POST", "devices/{n}", {"uri": "sgnl://linkdevice?uuid=x&pub_key=y"}, 204),
        ("POST", "devices/{n}", {"uri": "http://x"}, 400),
        ("DELETE", "devices/{n}/2", None, 204),
        ("DELETE", "devices/{n}/two", None, 400),
        ("DELETE", "devices/{n}/local-data", None, 400),
        ("DELETE", "devices/{n}/local-data", {"ignore_registered": True}, 204),
        ("POST", "unregister/{n}", None, 204),
        ("POST", "unregister/{n}", {"delete_account": True}, 204),
    ],
)
def test_statuses(
    fake: FakeSignal, http: httpx.Client, method: str, path: str, body: Any, status: int
):
    answer = http.request(method, "/v1/" + path.format(n=fake.number), json=body)

    assert answer.status_code == status
    if status == 204:
        assert answer.content == b""


def test_a_username_gets_a_discriminator(fake: FakeSignal, http: httpx.Client):
    path = f"/v1/accounts/{fake.number}/username"

    answer = http.post(path, json={"username": "test"}).json()
    refused = http.post(path, json={"username": "x"})

    assert answer["username"] == "test.123"
    assert answer["username_link"].startswith("https://signal.me/#eu/")
    assert refused.json() == {"error": "Couldn't process request - invalid signal-cli response"}


def test_devices_are_listed_with_milliseconds(fake: FakeSignal, http: httpx.Client):
    first, second = http.get(f"/v1/devices/{fake.number}").json()

    assert (first["id"], first["name"]) == (1, "")
    assert second["creation_timestamp"] > 10**12
    assert second["last_seen_timestamp"] > 10**12


def test_settings_left_out_stay(fake: FakeSignal, http: httpx.Client):
    http.put(f"/v1/accounts/{fake.number}/settings", json={"discoverable_by_number": False})

    account = fake.state.accounts[fake.number]
    assert (account.is_discoverable, account.shares_number) == (False, True)


def test_a_number_is_registered(fake: FakeSignal, http: httpx.Client):
    fake.world.options.captcha = "signalcaptcha://right"
    register, verify = f"/v1/register/{NEW}", f"/v1/register/{NEW}/verify"

    refused = http.post(register)
    assert refused.json()["error"].startswith("Captcha required for verification, use --captcha")
    body = {"captcha": "signalcaptcha://right", "use_voice": True}
    assert http.post(register, json=body).status_code == 201
    assert http.post(f"{verify}/000-000").status_code == 400
    done = http.post(f"{verify}/123456")
    assert (done.status_code, done.content) == (201, b"")
    assert http.get("/v1/accounts").json() == [fake.number, NEW]


def test_a_registration_lock_wants_its_pin(fake: FakeSignal, http: httpx.Client):
    http.post(f"/v1/accounts/{fake.number}/pin", json={"pin": "1234"})
    http.post(f"/v1/register/{fake.number}")
    verify = f"/v1/register/{fake.number}/verify/123-456"

    locked = http.post(verify)
    assert locked.json()["error"].startswith(
        "Verification failed! This number is locked with a pin"
    )
    assert http.post(verify, json={"pin": "1234"}).status_code == 201


def test_an_unregistered_account_is_gone(fake: FakeSignal, http: httpx.Client):
    http.post(f"/v1/unregister/{fake.number}")

    assert http.get("/v1/accounts").json() == []
    assert http.get(f"/v1/groups/{fake.number}").status_code == 400


def test_a_device_link_is_a_png_of_256_pixels(http: httpx.Client):
    answer = http.get("/v1/qrcodelink", params={"device_name": "bot"})

    assert answer.headers["content-type"] == "image/png"
    assert answer.content.startswith(b"\x89PNG\r\n\x1a\n")
    assert struct.unpack(">II", answer.content[16:24]) == (256, 256)


@pytest.mark.parametrize("params", [{}, {"device_name": ""}, {"device_name": "x" * 20}])
def test_a_device_link_needs_a_name_and_room(http: httpx.Client, params: dict[str, str]):
    answer = http.get("/v1/qrcodelink", params={**params, "qrcode_version": "2"})

    assert answer.status_code == 400
    if params.get("device_name"):
        assert answer.json()["error"].startswith("Couldn't create QR code: ")


def test_a_device_link_can_be_had_as_text(http: httpx.Client):
    uri = http.get("/v1/qrcodelink/raw", params={"device_name": "bot"}).json()["device_link_uri"]

    assert uri.startswith("sgnl://linkdevice?uuid=")
    assert "&pub_key=" in uri


def test_files_are_listed_read_deleted(fake: FakeSignal, http: httpx.Client):
    record = fake.upload(("photo.jpg", b"\xff\xd8\xff\xe0 jpeg"))
    path = f"/v1/attachments/{record['id']}"

    assert http.get("/v1/attachments").json() == [record["id"]]
    assert record["id"].endswith(".jpg")
    got = http.get(path)
    assert (got.content, got.headers["content-type"]) == (b"\xff\xd8\xff\xe0 jpeg", "image/jpeg")
    assert http.delete(path).status_code == 204
    gone = http.get(path)
    assert gone.status_code == 404
    assert gone.json() == {"error": "No attachment with that name found"}
    assert http.get("/v1/attachments/..%20x").status_code == 400
    assert http.get("/v1/attachments").json() == []
