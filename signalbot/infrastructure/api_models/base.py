"""The ground of all answers' models: frozen, tolerant of what newer servers add or leave out."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict

from signalbot.model.people import User


class WireModel(BaseModel):
    """An answer of the server.

    Built on first use (``defer_build``), so that importing the library stays cheap. Null counts as
    absent everywhere: the server writes null for lists and texts that signal-cli left out.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        defer_build=True,
        arbitrary_types_allowed=True,
        populate_by_name=True,
        hide_input_in_errors=True,
    )


def _text(value: Any) -> Any:
    return "" if value is None else value


def _items(value: Any) -> Any:
    return () if value is None else value


def _flag(value: Any) -> Any:
    return False if value is None else value


def _number(value: Any) -> Any:
    return 0 if value is None or value == "" else value


def _people(value: Any) -> tuple[User, ...]:
    return tuple(person(item) for item in value or ())


def person(value: Any) -> User:
    """Read a member entry: a number or uuid, or with ``expand=true`` an object of both."""
    if isinstance(value, str):
        return User.parse(value)
    if isinstance(value, dict):
        return User(
            uuid=value.get("uuid") or None,
            number=value.get("number") or None,
            username=value.get("username") or None,
        )
    raise ValueError("neither a text nor an object")


Text = Annotated[str, BeforeValidator(_text)]
Number = Annotated[int, BeforeValidator(_number)]
Flag = Annotated[bool, BeforeValidator(_flag)]
Texts = Annotated[tuple[str, ...], BeforeValidator(_items)]
People = Annotated[tuple[User, ...], BeforeValidator(_people)]
