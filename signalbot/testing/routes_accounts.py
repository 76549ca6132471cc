"""Registering, linking, settings of an account."""

from __future__ import annotations

from .bodies import bind, boolean, string
from .identifiers import make_uuid
from .qr import png_of, too_long_for
from .records import RecordedRequest
from .replies import Refused, Reply, empty, json_reply
from .state import Account, Device
from .world import Route, World

_ON_LINKED = "This command doesn't work on linked devices."


def register(world: World, request: RecordedRequest, number: str) -> Reply:
    """``POST /v1/register/{number}``."""
    body = bind(request.body, {"use_voice": boolean, "captcha": string}, is_optional=True)
    if world.options.captcha is not None and body.get("captcha") != world.options.captcha:
        raise Refused(
            "Captcha required for verification, use --captcha CAPTCHA\n"
            "To get the token, go to https://signalcaptchas.org/registration/generate.html"
        )
    world.state.pending_registrations[number] = "voice" if body.get("use_voice") else "sms"
    return empty(201)


def verify(world: World, request: RecordedRequest, number: str, token: str) -> Reply:
    """``POST /v1/register/{number}/verify/{token}``."""
    body = bind(request.body, {"pin": string}, is_optional=True)
    known = world.state.accounts.get(number)
    if number not in world.state.pending_registrations:
        raise Refused("Verify error: No registration in progress")
    if token.replace("-", "") != world.options.verification_code.replace("-", ""):
        raise Refused("Verify error: StatusCode: 403")
    if known is not None and known.pin and body.get("pin") != known.pin:
        raise Refused(
            "Verification failed! This number is locked with a pin. "
            "Hours remaining until reset: 168"
        )
    del world.state.pending_registrations[number]
    if known is None:
        now = world.state.next_timestamp()
        account = Account(number, make_uuid(f"account {number}"), None, device_id=1)
        account.devices = [Device(1, "", now, now)]
        world.state.add_account(account)
    return empty(201)


def unregister(world: World, request: RecordedRequest, number: str) -> Reply:
    """``POST /v1/unregister/{number}``."""
    bind(request.body, {"delete_account": boolean, "delete_local_data": boolean}, is_optional=True)
    world.account(number)
    world.state.remove_account(number)
    return empty(204)


def link_image(world: World, request: RecordedRequest) -> Reply:
    """``GET /v1/qrcodelink``: the link as a picture, in a QR code of a fixed version."""
    query = request.query
    name = _device_name(query)
    version = query.get("qrcode_version", ["10"])[0]
    if not version.isdigit():
        raise Refused("Couldn't process request - qrcode_version needs to be numeric")
    uri = _link_uri(world, name)
    problem = too_long_for(uri, int(version))
    if problem:
        raise Refused(f"Couldn't create QR code: {problem}")
    return Reply(200, png_of(uri, int(version)), "image/png")


def link_text(world: World, request: RecordedRequest) -> Reply:
    """``GET /v1/qrcodelink/raw``."""
    return json_reply({"device_link_uri": _link_uri(world, _device_name(request.query))})


def list_devices(world: World, _: RecordedRequest, number: str) -> Reply:
    """``GET /v1/devices/{number}``."""
    return json_reply(
        [
            {
                "id": device.id,
                "name": device.name,
                "last_seen_timestamp": device.last_seen,
                "creation_timestamp": device.created,
            }
            for device in world.account(number).devices
        ]
    )


def add_device(world: World, request: RecordedRequest, number: str) -> Reply:
    """``POST /v1/devices/{number}``."""
    uri = bind(request.body, {"uri": string}).get("uri", "")
    if not uri:
        raise Refused("Couldn't process request - uri missing")
    account = _primary(world, number)
    if not uri.startswith(("sgnl://linkdevice?", "tsdevice:/?")):
        raise Refused("Invalid device link uri")
    now = world.state.next_timestamp()
    next_id = 1 + max((device.id for device in account.devices), default=0)
    account.devices.append(Device(next_id, "", now, now))
    return empty(204)


def remove_device(world: World, _: RecordedRequest, number: str, device: str) -> Reply:
    """``DELETE /v1/devices/{number}/{device}``."""
    if not device.isdigit():
        raise Refused("deviceId must be numeric")
    account = _primary(world, number)
    account.devices = [each for each in account.devices if each.id != int(device)]
    return empty(204)


def delete_local_data(world: World, request: RecordedRequest, number: str) -> Reply:
    """``DELETE /v1/devices/{number}/local-data``; a registered account needs the flag."""
    body = bind(request.body, {"ignore_registered": boolean}, is_optional=True)
    world.account(number)
    if not body.get("ignore_registered"):
        raise Refused(
            "Not deleting data from registered account. "
            "Use --ignore-registered to delete it anyway."
        )
    world.state.remove_account(number)
    return empty(204)


def update_settings(world: World, request: RecordedRequest, number: str) -> Reply:
    """``PUT /v1/accounts/{number}/settings``; what is absent stays as it is."""
    body = bind(request.body, {"discoverable_by_number": boolean, "share_number": boolean})
    account = world.account(number)
    account.is_discoverable = body.get("discoverable_by_number", account.is_discoverable)
    account.shares_number = body.get("share_number", account.shares_number)
    return empty(201)


def set_username(world: World, request: RecordedRequest, number: str) -> Reply:
    """``POST /v1/accounts/{number}/username``; every failure reads the same."""
    username = bind(request.body, {"username": string}).get("username", "")
    account = world.state.accounts.get(number)
    nickname, _, discriminator = username.partition(".")
    if account is None or len(nickname) < 3 or (discriminator and not discriminator.isdigit()):
        raise Refused("Couldn't process request - invalid signal-cli response")
    account.username = f"{nickname}.{discriminator or '123'}"
    link = f"https://signal.me/#eu/{make_uuid(account.username).replace('-', '')}"
    return json_reply({"username": account.username, "username_link": link}, 201)


def delete_username(world: World, _: RecordedRequest, number: str) -> Reply:
    """``DELETE /v1/accounts/{number}/username``."""
    world.account(number).username = None
    return empty(204)


def set_pin(world: World, request: RecordedRequest, number: str) -> Reply:
    """``POST /v1/accounts/{number}/pin``."""
    pin = bind(request.body, {"pin": string}).get("pin")
    if not pin:
        raise Refused("Couldn't process request - pin missing")
    _primary(world, number).pin = pin
    return empty(201)


def delete_pin(world: World, _: RecordedRequest, number: str) -> Reply:
    """``DELETE /v1/accounts/{number}/pin``."""
    _primary(world, number).pin = None
    return empty(204)


def solve_challenge(world: World, request: RecordedRequest, number: str) -> Reply:
    """``POST /v1/accounts/{number}/rate-limit-challenge``; lifts the limit of that token."""
    body = bind(request.body, {"challenge_token": string, "captcha": string})
    for field in ("challenge_token", "captcha"):
        if not body.get(field):
            raise Refused(f"Couldn't process request - {field} missing")
    world.account(number)
    is_captcha = body["captcha"].startswith("signalcaptcha://")
    if not is_captcha or not world.faults.lift_rate_limit(body["challenge_token"]):
        raise Refused(
            "Captcha rejected, it may be outdated, already used or solved "
            "from a different IP address."
        )
    return empty(204)


def _primary(world: World, number: str) -> Account:
    account = world.account(number)
    if not account.is_primary:
        raise Refused(_ON_LINKED)
    return account


def _device_name(query: dict[str, list[str]]) -> str:
    name = query.get("device_name", [""])[0]
    if not name:
        raise Refused("Please provide a name for the device")
    return name


def _link_uri(world: World, name: str) -> str:
    key = make_uuid(f"link {name} {world.state.next_timestamp()}")
    return f"sgnl://linkdevice?uuid={key}&pub_key=BS{key.replace('-', '')}Aabbccdd99"


ROUTES: list[Route] = [
    ("POST", "/v1/register/{number}", register),
    ("POST", "/v1/register/{number}/verify/{token}", verify),
    ("POST", "/v1/unregister/{number}", unregister),
    ("GET", "/v1/qrcodelink", link_image),
    ("GET", "/v1/qrcodelink/raw", link_text),
    ("GET", "/v1/devices/{number}", list_devices),
    ("POST", "/v1/devices/{number}", add_device),
    ("DELETE", "/v1/devices/{number}/local-data", delete_local_data),
    ("DELETE", "/v1/devices/{number}/{device}", remove_device),
    ("PUT", "/v1/accounts/{number}/settings", update_settings),
    ("POST", "/v1/accounts/{number}/username", set_username),
    ("DELETE", "/v1/accounts/{number}/username", delete_username),
    ("POST", "/v1/accounts/{number}/pin", set_pin),
    ("DELETE", "/v1/accounts/{number}/pin", delete_pin),
    ("POST", "/v1/accounts/{number}/rate-limit-challenge", solve_challenge),
]
