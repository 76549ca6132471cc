"""Reading what a page sent: every value checked before anything happens."""

from __future__ import annotations

from typing import Any

_LONGEST_TEXT = 64 * 1024


class BadRequest(Exception):
    """The page asked for something that cannot be; the text says why."""


class Body:
    """The JSON object of a request."""

    def __init__(self, values: Any) -> None:
        if not isinstance(values, dict):
            raise BadRequest("send a JSON object")
        self._values: dict[str, Any] = values

    def text(self, name: str, *, longest: int = _LONGEST_TEXT) -> str:
        """Some text with something in it.

        Raises:
            BadRequest: there is none, or too much.
        """
        text = self.optional(name, longest=longest)
        if text is None or not text.strip():
            raise BadRequest(f"{name} is missing")
        return text

    def optional(self, name: str, *, longest: int = _LONGEST_TEXT) -> str | None:
        """Some text, or None."""
        value = self._values.get(name)
        if value is None:
            return None
        if not isinstance(value, str):
            raise BadRequest(f"{name} must be text")
        if len(value) > longest:
            raise BadRequest(f"{name} is too long")
        return value

    def flag(self, name: str, default: bool = False) -> bool:
        """True or false."""
        value = self._values.get(name, default)
        if not isinstance(value, bool):
            raise BadRequest(f"{name} must be true or false")
        return value

    def number(self, name: str, lowest: float, highest: float, default: float = 0) -> float:
        """A number within limits."""
        value = self._values.get(name, default)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise BadRequest(f"{name} must be a number")
        if not lowest <= value <= highest:
            raise BadRequest(f"{name} must be from {lowest:g} to {highest:g}")
        return value

    def integer(self, name: str, lowest: int, highest: int, default: int = 0) -> int:
        """A whole number within limits."""
        value = self.number(name, lowest, highest, default)
        if not isinstance(value, int):
            raise BadRequest(f"{name} must be a whole number")
        return value

    def texts(self, name: str, *, most: int, longest: int = 200) -> list[str]:
        """A list of texts; empty if it was left out."""
        return [Body({name: each}).text(name, longest=longest) for each in self._list(name, most)]

    def integers(self, name: str, *, most: int, highest: int) -> list[int]:
        """A list of whole numbers from 0 on; empty if it was left out."""
        return [Body({name: each}).integer(name, 0, highest) for each in self._list(name, most)]

    def bodies(self, name: str, *, most: int) -> list[Body]:
        """A list of objects; empty if it was left out."""
        return [Body(each) for each in self._list(name, most)]

    def _list(self, name: str, most: int) -> list[Any]:
        value = self._values.get(name, [])
        if not isinstance(value, list):
            raise BadRequest(f"{name} must be a list")
        if len(value) > most:
            raise BadRequest(f"{name} has more than {most} entries")
        return value
