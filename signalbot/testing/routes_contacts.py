"""Contacts, our own profile, identities, search."""

from __future__ import annotations

import hashlib
from typing import Any

from .addressing import addressee
from .bodies import bind, boolean, flag, integer, string
from .identifiers import is_usable_number
from .records import RecordedRequest
from .replies import Refused, Reply, empty, json_reply
from .state import Account, Person
from .uploads import decode_base64, sniff
from .world import Route, World


def list_contacts(world: World, request: RecordedRequest, number: str) -> Reply:
    """``GET /v1/contacts/{number}``."""
    world.account(number)
    everybody = flag(request.query, "all_recipients")
    return json_reply([_entry(p) for p in world.state.people if everybody or p.is_contact])


def get_contact(world: World, request: RecordedRequest, number: str, uuid: str) -> Reply:
    """``GET /v1/contacts/{number}/{uuid}``; phone numbers, ``u:`` names, and oneself go too."""
    world.account(number)
    everybody = flag(request.query, "all_recipients")
    person = _known(world, uuid)
    if person is None or not (everybody or person.is_contact):
        raise Refused(f"No user with that id ({uuid}) found", 404)
    return json_reply(_entry(person))


def get_contact_avatar(world: World, _: RecordedRequest, number: str, uuid: str) -> Reply:
    """``GET …/avatar``: the profile's; without one it is a 400, unlike a group's."""
    world.account(number)
    person = _known(world, uuid)
    if person is None or person.avatar is None:
        raise Refused("No avatar found.")
    return Reply(200, person.avatar, sniff(person.avatar)[0])


def update_contact(world: World, request: RecordedRequest, number: str) -> Reply:
    """``PUT /v1/contacts/{number}``; json-rpc loses empty names and zero timers."""
    body = bind(
        request.body, {"recipient": string, "name": string, "expiration_in_seconds": integer}
    )
    if not body.get("recipient"):
        raise Refused("Couldn't process request - recipient missing")
    person = addressee(world.state, world.account(number), body["recipient"])
    if not isinstance(person, Person):
        # Our own account is no contact; signal-cli takes the call all the same.
        return empty(204)
    person.is_contact = True
    loses_zeroes = not world.options.is_classic
    if body.get("name") or ("name" in body and not loses_zeroes):
        person.contact_name = body["name"]
    timer = body.get("expiration_in_seconds")
    if timer or (timer == 0 and not loses_zeroes):
        person.expires_in = timer
    return empty(204)


def sync_contacts(world: World, _: RecordedRequest, number: str) -> Reply:
    """``POST /v1/contacts/{number}/sync``, for primary devices."""
    if not world.account(number).is_primary:
        raise Refused("This command doesn't work on linked devices.")
    return empty(204)


def update_profile(world: World, request: RecordedRequest, number: str) -> Reply:
    """``PUT /v1/profiles/{number}``; leaving out the avatar deletes it."""
    body = bind(request.body, {"name": string, "base64_avatar": string, "about": string})
    if not body.get("name"):
        raise Refused("Couldn't process request - profile name missing")
    account = world.account(number)
    avatar = body.get("base64_avatar")
    data = decode_base64(avatar) if avatar else None
    account.name = body["name"]
    account.avatar = data
    account.about = body.get("about", account.about)
    return empty(204)


def list_identities(world: World, _: RecordedRequest, number: str) -> Reply:
    """``GET /v1/identities/{number}``; its failures are 500."""
    try:
        world.account(number)
    except Refused as refused:
        raise Refused(str(refused), 500) from None
    return json_reply([_identity(person) for person in world.state.people])


def trust_identity(world: World, request: RecordedRequest, number: str, who: str) -> Reply:
    """``PUT /v1/identities/{number}/trust/{who}``."""
    body = bind(request.body, {"verified_safety_number": string, "trust_all_known_keys": boolean})
    world.account(number)
    verified = body.get("verified_safety_number")
    if bool(verified) == bool(body.get("trust_all_known_keys")):
        raise Refused(
            "Couldn't process request - please either provide 'verified_safety_number' "
            "or set 'trust_all_known_keys' to true"
        )
    person = world.state.person(who)
    if person is None:
        raise Refused(f"Failed to set the trust for {who}, no such user")
    if verified and verified.replace(" ", "") != safety_number(person).replace(" ", ""):
        raise Refused(
            "Failed to set the trust for this number, make sure the number and the "
            "fingerprint/safety number are correct."
        )
    person.trust = "TRUSTED_VERIFIED" if verified else "TRUSTED_UNVERIFIED"
    if person.failure == "IDENTITY_FAILURE":
        person.failure = None
    return empty(204)


def search(world: World, request: RecordedRequest, number: str = "") -> Reply:
    """``GET /v1/search/{number}``, ``numbers`` given once for each number."""
    numbers = request.query.get("numbers", [])
    if not numbers:
        raise Refused("Please provide at least one number")
    if number:
        world.account(number)
    elif not world.options.is_classic:
        raise Refused("Method requires valid account parameter")
    found = []
    for each in numbers:
        normalised = each.replace(" ", "").replace("-", "")
        if not (normalised.startswith("+") and is_usable_number(normalised)):
            normalised = ""
        party = world.state.find(normalised)
        is_registered = party is not None and getattr(party, "is_registered", True)
        found.append({"number": normalised, "registered": is_registered})
    return json_reply(found)


def safety_number(person: Person) -> str:
    """Twelve groups of five digits, the same in every run."""
    digits = str(int(hashlib.sha512(person.id.encode()).hexdigest(), 16))[:60]
    return " ".join(digits[i : i + 5] for i in range(0, 60, 5))


def _known(world: World, identifier: str) -> Person | None:
    """Somebody by any address; an account is seen as others see it, and is no contact."""
    party = world.state.find(identifier)
    if not isinstance(party, Account):
        return party
    return Person(
        party.name,
        party.number,
        party.uuid,
        party.username,
        about=party.about,
        avatar=party.avatar,
        is_contact=False,
    )


def _identity(person: Person) -> dict[str, str]:
    key = hashlib.sha256(person.id.encode()).hexdigest()
    return {
        "number": person.number or "",
        "status": person.trust,
        "fingerprint": " ".join(key[i : i + 2] for i in range(0, 64, 2)),
        "added": str(person.added),
        "safety_number": safety_number(person),
        "uuid": person.uuid or "",
    }


def _entry(person: Person) -> dict[str, Any]:
    given, _, family = (person.name or "").partition(" ")
    return {
        "number": person.number or "",
        "uuid": person.uuid or "",
        "name": person.contact_name,
        # Renamed upstream: the next four never carry what they should.
        "profile_name": "",
        "username": person.username or "",
        "color": "",
        "blocked": False,
        "message_expiration": "",
        "note": person.note,
        "given_name": given,
        "profile": {
            "given_name": given,
            "lastname": family,
            "about": person.about,
            "has_avatar": person.avatar is not None,
            "last_updated_timestamp": person.added,
        },
        "nickname": {"name": "", "given_name": "", "family_name": ""},
    }


_CONTACTS = "/v1/contacts/{number}"
ROUTES: list[Route] = [
    ("GET", _CONTACTS, list_contacts),
    ("PUT", _CONTACTS, update_contact),
    ("POST", f"{_CONTACTS}/sync", sync_contacts),
    ("GET", f"{_CONTACTS}/{{uuid}}", get_contact),
    ("GET", f"{_CONTACTS}/{{uuid}}/avatar", get_contact_avatar),
    ("PUT", "/v1/profiles/{number}", update_profile),
    ("GET", "/v1/identities/{number}", list_identities),
    ("PUT", "/v1/identities/{number}/trust/{who}", trust_identity),
    ("GET", "/v1/search/{number}", search),
    ("GET", "/v1/search", search),
]
