"""Search: which phone numbers are on Signal."""

from __future__ import annotations

from collections.abc import Iterable

from signalbot.infrastructure import api_models as models
from signalbot.infrastructure.api_clients.addresses import PersonLike, person
from signalbot.infrastructure.api_clients.area import Area
from signalbot.infrastructure.api_clients.operation import Operation, required
from signalbot.infrastructure.calls import Family

_NUMBERS = (required("numbers", "array:string"),)


class SearchApi(Area):
    """Look numbers up; Signal limits how often.

    ```python
    for result in client.search.numbers(["+4915187654321", "+4915112345679"]):
        print(result.number, result.registered)
    ```
    """

    NUMBERS = Operation("GET", "/v1/search/{number}", Family.ADMIN, query=_NUMBERS)
    NUMBERS_BY_ANY_ACCOUNT = Operation("GET", "/v1/search", Family.ADMIN, query=_NUMBERS)

    def numbers(
        self, numbers: Iterable[PersonLike] | PersonLike, *, by_any_account: bool = False
    ) -> tuple[models.SearchResult, ...]:
        """Ask for each number whether it is registered.

        The answers come in any order, with numbers in normal form, "" for one that is none.

        Args:
            by_any_account: use whatever account the server has (classic modes only).
        """
        wanted = (
            [numbers] if not isinstance(numbers, Iterable) or isinstance(numbers, str) else numbers
        )
        query = [("numbers", _number(value)) for value in wanted]
        if not query:
            return ()
        operation = self.NUMBERS_BY_ANY_ACCOUNT if by_any_account else self.NUMBERS
        return self._ask_all(models.SearchResult, operation, query=query)


def _number(value: PersonLike) -> str:
    number = person(value).number
    if number is None:
        raise ValueError("only phone numbers can be searched for")
    return number
