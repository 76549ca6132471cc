"""Caller: an account's connection to the server, as the area classes see it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import IO, TYPE_CHECKING, Any

from signalbot.errors import NotFound, RequestFailed, SettingsError
from signalbot.infrastructure.api_clients.operation import Operation
from signalbot.infrastructure.calls import Answer
from signalbot.model.people import User

if TYPE_CHECKING:
    from signalbot.infrastructure.http import HttpApi


class Caller:
    """Make calls for one account, with the time limits that fit them."""

    def __init__(self, http: HttpApi, account: str | None) -> None:
        self._http = http
        self._account = account
        self._own_user = None if account is None else User(number=account)

    @property
    def send_timeout(self) -> float:
        """Seconds for a call that uploads, downloads or delivers something."""
        return self._http.send_timeout

    @property
    def request_timeout(self) -> float:
        """Seconds for any other call."""
        return self._http.request_timeout

    @property
    def account(self) -> str:
        """The own number.

        Raises:
            SettingsError: if the client was made without one.
        """
        if self._account is None:
            raise SettingsError("phone_number is missing: this call is made for an account")
        return self._account

    @property
    def own_user(self) -> User:
        """The own account as a person; raises like :attr:`account`."""
        return self._own_user if self._own_user is not None else User(number=self.account)

    def exchange(
        self,
        operation: Operation,
        *,
        path: Mapping[str, str] | None = None,
        query: Sequence[tuple[str, str]] = (),
        body: Mapping[str, Any] | None = None,
        encoded: bytes | None = None,
        timeout: float | None = None,
        on_progress: Callable[[int, int], None] | None = None,
        sink: IO[bytes] | None = None,
        max_answer: int | None = None,
    ) -> Answer:
        """Call the server for the account; errors are those of :mod:`signalbot.errors`.

        Args:
            timeout: seconds, if not those that fit the operation.
            sink: a file for the answer's body, which then need not fit into memory.
            max_answer: bytes of body to accept, if not the client's own limit.
        """
        http = self._http
        if timeout is None:
            timeout = http.send_timeout if operation.is_send else http.request_timeout
        call = operation.call(
            self.account if "number" in operation.placeholders else self._account,
            path=path,
            query=query,
            body=body,
            encoded=encoded,
            timeout=timeout,
            on_progress=on_progress,
            sink=sink,
            max_answer=max_answer,
        )
        return http.exchange(call)

    def unreadable(self, operation: Operation, status: int) -> RequestFailed:
        """The error for a 2xx answer that is not what the operation promises."""
        return RequestFailed(
            f"{operation.method} {operation.path} was accepted ({status}), but the answer "
            "is not what this call promises; is there a proxy in between?",
            method=operation.method,
            path_template=operation.path,
            account=self._account,
        )

    def not_found(self, operation: Operation, what: str) -> NotFound:
        """The error for an answer that means "does not exist" without saying so."""
        return NotFound(
            f"{operation.method} {operation.path}: {what}",
            status=404,
            method=operation.method,
            path_template=operation.path,
            account=self._account,
        )

    def resume_sends(self) -> None:
        """End the pause after a rate limit."""
        self._http.resume_sends()
