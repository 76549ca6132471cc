"""One call to the server as data, and its answer."""

from __future__ import annotations

import json
from collections.abc import Callable
from enum import Enum
from typing import IO, Any, NamedTuple

from pydantic_core import from_json

from signalbot.errors import RequestFailed
from signalbot.infrastructure.lean_http1 import Headers, header_of


class Family(str, Enum):
    """Calls that fail together: each family has a circuit breaker of its own."""

    SEND = "send"
    ATTACHMENTS = "attachments"
    GROUPS = "groups"  # contacts and profiles too
    ADMIN = "admin"


class Call(NamedTuple):
    """A call to the server; a tuple, as a frozen dataclass takes six times as long to make (3 µs).

    Attributes:
        path_template: for texts and metrics, e.g. ``/v1/groups/{number}``.
        path: what goes over the wire: percent-encoded, from ``/v1`` or ``/v2`` on.
        query: percent-encoded, without the question mark.
        body: JSON, encoded.
        timeout: seconds for everything: waiting for a turn, retries, connecting, answering.
        repeatable: it may be sent again although it may have arrived (most GETs).
        is_send: it makes a message on Signal, so rate limit and pauses apply to it.
        max_answer: bytes of body to accept; None for the client's own limit.
        on_progress: told (bytes of the body sent so far, bytes in all) while it is uploaded.
        sink: a file for the body of a 2xx answer, which is empty then; written from its beginning.
    """

    method: str
    path_template: str
    path: str
    family: Family
    timeout: float
    query: str = ""
    body: bytes | None = None
    repeatable: bool = False
    account: str | None = None
    is_send: bool = False
    max_answer: int | None = None
    on_progress: Callable[[int, int], None] | None = None
    sink: IO[bytes] | None = None


class Answer(NamedTuple):
    """A 2xx answer; its headers' names are in lower case."""

    status: int
    headers: Headers
    body: bytes

    @property
    def content_type(self) -> str:
        """What the server calls the body; looked for only when somebody asks."""
        return header_of(self.headers, b"content-type")

    def json(self) -> Any:
        """The body as JSON, whatever its content type claims; None if it is empty.

        Raises:
            RequestFailed: if it is no JSON, as when something else listens at that address.
        """
        if not self.body.strip():
            return None
        try:
            return from_json(self.body)
        except ValueError:  # it takes half the time, and refuses some of what json.loads takes
            pass
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError) as error:
            raise RequestFailed(
                f"the answer (HTTP {self.status}, {self.content_type or 'no type'}) is no JSON: "
                "does signal_service point to signal-cli-rest-api?"
            ) from error
