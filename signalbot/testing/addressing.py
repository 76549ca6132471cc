"""Whom an address in a request means to signal-cli."""

from __future__ import annotations

from .identifiers import is_phone, is_uuid, misread_number
from .state import Account, Party, State


def addressee(state: State, account: Account, address: str) -> Party:
    """The party with this address; strangers become known on the spot.

    A username without its ``u:`` is the trap that it is with the real signal-cli: its digits
    are taken for a phone number.
    """
    is_direct = is_phone(address) or is_uuid(address)
    if not is_direct and not address.startswith(("u:", "PNI:")):
        address = misread_number(address, account.number)
    known = state.find(address)
    if known is not None:
        return known
    if address.startswith("u:"):
        return state.add_person(None, username=address.removeprefix("u:"))
    return state.named(address.removeprefix("PNI:") or account.number[:3])
