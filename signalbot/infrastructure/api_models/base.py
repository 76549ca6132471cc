"""The ground of all answers' models: frozen, tolerant of what newer servers add or leave out."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, model_validator

from signalbot.model.people import User


class WireModel(BaseModel):
    """An answer of the server, with a default for all that it may leave out.

    Built on first use (``defer_build``), as a program may meet only a few of them.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        defer_build=True,
        arbitrary_types_allowed=True,
        populate_by_name=True,
        hide_input_in_errors=True,
    )

    @model_validator(mode="before")
    @classmethod
    def _null_is_absent(cls, value: Any) -> Any:
        """The server writes null for what signal-cli left out."""
        if not isinstance(value, dict):
            return value
        return {name: found for name, found in value.items() if found is not None}


def _people(value: Any) -> Any:
    """Members by number or uuid, or with ``expand=true`` by both; nameless ones are left out."""
    if not isinstance(value, list):
        return value
    return tuple(_person(entry) for entry in value if _is_named(entry))


def _is_named(entry: Any) -> bool:
    return any(entry.values()) if isinstance(entry, dict) else bool(entry)


def _person(entry: Any) -> Any:
    if isinstance(entry, str):
        return User.from_wire(entry)
    if isinstance(entry, dict):
        return User(uuid=entry.get("uuid") or None, number=entry.get("number") or None)
    return entry


People = Annotated[tuple[User, ...], BeforeValidator(_people)]
