"""How the server tells numbers, account ids, groups, usernames apart."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import uuid as uuid_module

from .replies import Refused

_HEX = r"[0-9a-fA-F]"
_DASHED = rf"{_HEX}{{8}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{12}}"
# The four spellings that Go's uuid parser takes.
_UUID = re.compile(rf"(?:{_DASHED}|\{{{_DASHED}\}}|urn:uuid:{_DASHED}|{_HEX}{{32}})\Z")
_CANONICAL = re.compile(rf"{_DASHED}\Z")
_USERNAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{2,31}\.[0-9]{2,}\Z")


def is_phone(text: str) -> bool:
    """The server's own test, which lets ``+`` and the empty string pass."""
    return not text or (text[0] == "+" and text[1:].replace(" ", "0").isdigit()) or text == "+"


def is_uuid(text: str) -> bool:
    """Whether the server takes this for an account id."""
    return len(text) >= 32 and _UUID.match(text) is not None


def misread_number(text: str, account_number: str) -> str:
    """What signal-cli dials for a text that is no number: its digits, with our country code."""
    return account_number[:3] + "".join(c for c in text if c.isdigit())


def is_usable_number(text: str) -> bool:
    """Whether signal-cli can reach somebody by this phone number or account id."""
    if _CANONICAL.match(text):
        return True
    return is_phone(text) and len(text.replace(" ", "")) >= 4


def make_uuid(key: str) -> str:
    """An account id that is the same in every run."""
    digest = hashlib.sha256(f"signal person {key}".encode()).digest()
    return str(uuid_module.UUID(bytes=digest[:16], version=4))


def make_group_id(key: str) -> str:
    """An internal group id that is the same in every run."""
    return base64.b64encode(hashlib.sha256(f"signal group {key}".encode()).digest()).decode()


def rest_id(internal_id: str) -> str:
    """The id that REST calls use: base64 over the base64 text."""
    return "group." + base64.b64encode(internal_id.encode()).decode()


def kind_of(recipient: str) -> str:
    """``group``, ``number`` or ``username``, by the rules of ``/v2/send``.

    Raises:
        Refused: if it starts like a group id without being one.
    """
    if recipient.startswith("group."):
        if _internal_bytes(recipient) is None:
            return "username"
        return "group"
    return "number" if is_phone(recipient) or is_uuid(recipient) else "username"


def internal_id(recipient: str) -> str:
    """The internal id within a REST id, with or without its ``group.``.

    Raises:
        Refused: if it is not base64 twice over.
    """
    try:
        inner = base64.b64decode(recipient.removeprefix("group."), validate=True)
        base64.b64decode(inner, validate=True)
        return inner.decode("ascii")
    except (binascii.Error, ValueError):
        raise Refused("Invalid group id") from None


def check_username(username: str) -> None:
    """Refuse what signal-cli does not take for a username.

    Raises:
        Refused: with a text like signal-cli's.
    """
    if "." not in username:
        raise Refused("Username must contain a '.'")
    if not _USERNAME.match(username):
        raise Refused(f"Invalid username: {username}")


def _internal_bytes(recipient: str) -> bytes | None:
    """The 32 bytes of a group id; None for a username that happens to start with ``group.``."""
    encoded = recipient[len("group.") :]
    try:
        inner = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        if len(encoded) <= 10:
            return None
        raise Refused(f"Invalid identifier {recipient}") from None
    try:
        raw = base64.b64decode(inner, validate=True)
    except (binascii.Error, ValueError):
        raise Refused(f"Invalid identifier {recipient}") from None
    if len(raw) != 32:
        raise Refused(f"Invalid Signal group size ({len(raw)}")
    return raw
