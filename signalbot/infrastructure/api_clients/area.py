"""Area: what the sixteen areas of the API have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from signalbot.errors import RequestFailed
from signalbot.infrastructure.api_clients.caller import Caller
from signalbot.infrastructure.api_clients.operation import Operation

if TYPE_CHECKING:
    from signalbot.infrastructure.api_models.base import WireModel

Model = TypeVar("Model", bound="WireModel")


class Area:
    """A group of operations, bound to a client's connection."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    @classmethod
    def operations(cls) -> tuple[Operation, ...]:
        """The endpoints that this area's methods call."""
        declared = (value for base in cls.__mro__ for value in vars(base).values())
        return tuple(value for value in declared if isinstance(value, Operation))

    def _do(self, operation: Operation, **arguments: Any) -> None:
        """Call an operation whose answer says nothing beyond its success."""
        self._caller.exchange(operation, **arguments)

    def _ask(self, operation: Operation, **arguments: Any) -> Any:
        """Call an operation for the JSON of its answer.

        Raises:
            RequestFailed: if the answer is no JSON."""
        answer = self._caller.exchange(operation, **arguments)
        try:
            return answer.json()
        except RequestFailed:  # says the same, but not which call it was
            raise self._caller.unreadable(operation, answer.status) from None

    def _ask_one(self, model: type[Model], operation: Operation, **arguments: Any) -> Model:
        """Call an operation that answers with one object."""
        return self._read(model, operation, self._ask(operation, **arguments))

    def _ask_all(
        self, model: type[Model], operation: Operation, **arguments: Any
    ) -> tuple[Model, ...]:
        """Call an operation that answers with a list of objects (null counts as empty)."""
        found = self._ask(operation, **arguments)
        if found is None:
            return ()
        if not isinstance(found, list):
            raise self._caller.unreadable(operation, 200)
        return tuple(self._read(model, operation, item) for item in found)

    def _read(self, model: type[Model], operation: Operation, value: Any) -> Model:
        try:
            return model.model_validate(value)
        except ValueError:
            pass  # pydantic's error may quote people's data, so it stays out of the chain
        raise self._caller.unreadable(operation, 200)


def present(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that are set: None means "not given", and is left out of the request."""
    return {name: value for name, value in fields.items() if value is not None}
