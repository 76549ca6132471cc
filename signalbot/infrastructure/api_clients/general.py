"""General: which server this is, whether it runs, and what its operator has added."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from signalbot.infrastructure import api_models as models
from signalbot.infrastructure.api_clients.area import Area
from signalbot.infrastructure.api_clients.caller import Caller
from signalbot.infrastructure.api_clients.operation import Operation
from signalbot.infrastructure.api_models.enums import Mode
from signalbot.infrastructure.calls import Family


class GeneralApi(Area):
    """Ask the server about itself; needs no phone number.

    ```python
    about = client.general.about()
    print(about.version, about.mode.value)
    if not about.is_at_least("0.97"):
        print("polls need signal-cli-rest-api 0.97")
    client.general.health()
    ```
    """

    ABOUT = Operation("GET", "/v1/about", Family.ADMIN)
    HEALTH = Operation("GET", "/v1/health", Family.ADMIN)
    SPECIFICATION = Operation("GET", "/swagger/doc.json", Family.ADMIN)

    def __init__(self, caller: Caller) -> None:
        super().__init__(caller)
        self._mode = Mode.UNKNOWN  # as last seen; a server cannot change it without a restart

    def about(self) -> models.About:
        """Version and mode of the server."""
        about = self._ask_one(models.About, self.ABOUT)
        self._mode = about.mode
        return about

    def mode(self) -> Mode:
        """The server's mode, asked for once; UNKNOWN is asked for again next time."""
        return self.about().mode if self._mode is Mode.UNKNOWN else self._mode

    def refuse_zero(self, argument: str) -> None:
        """Raise if the server would drop an empty value without a word, as in json-rpc mode.

        Raises:
            ValueError: naming ``argument``.
        """
        if not self.mode().is_classic:
            raise ValueError(
                f"{argument} has no effect on this server: in json-rpc mode it leaves empty values "
                "out of what it tells signal-cli; change it on a phone instead"
            )

    def health(self) -> None:
        """Return if the server process answers (which says nothing about signal-cli behind it).

        Raises:
            ApiError: if it does not.
        """
        self._do(self.HEALTH)

    def specification(self) -> dict[str, Any]:
        """The server's own Swagger document (not in the document itself)."""
        found = self._ask(self.SPECIFICATION)
        if not isinstance(found, dict):
            raise self._caller.unreadable(self.SPECIFICATION, 200)
        return found

    def plugin(
        self, path: str, body: Mapping[str, Any] | None = None, *, method: str = "POST"
    ) -> Any:
        """Call an endpoint that the operator has added as a Lua plugin.

        Args:
            path: what follows ``/v1/plugins/``.

        Returns:
            The JSON that the plugin made, unpacked also where the server quotes it as a string;
            plain text as it is, None if there was nothing.
        """
        segments = [part for part in path.split("/") if part]
        names = [f"part{index}" for index in range(len(segments))]
        # Declared on the spot: only the operator knows which plugins there are.
        operation = Operation(
            method.upper(),
            "/v1/plugins/" + "/".join("{" + name + "}" for name in names),
            Family.ADMIN,
            takes_any_body=True,
        )
        answer = self._caller.exchange(
            operation, path=dict(zip(names, segments, strict=True)), body=body
        )
        return _unquoted(answer.body)


def _unquoted(body: bytes) -> Any:
    """Plugin answers are JSON, or JSON inside a JSON string, or plain text."""
    text = body.decode("utf-8", "replace")
    if not text.strip():
        return None
    try:
        value = json.loads(text)
    except ValueError:
        return text
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value
