"""Typing: the indicator that somebody is writing."""

from __future__ import annotations

from signalbot.infrastructure.api_clients.addresses import ChatLike, address, target
from signalbot.infrastructure.api_clients.area import Area
from signalbot.infrastructure.api_clients.operation import Operation, required
from signalbot.infrastructure.calls import Family


class TypingApi(Area):
    """Show in a chat that an answer is on its way.

    ```python
    client.typing.start("+4915187654321")
    client.typing.stop("+4915187654321")
    ```

    The apps drop the indicator after about 15 seconds: start again every 10 to keep it.
    In a handler ``with ctx.typing():`` does all of that.
    """

    START = Operation(
        "PUT", "/v1/typing-indicator/{number}", Family.SEND, body=(required("recipient"),)
    )
    STOP = Operation(
        "DELETE", "/v1/typing-indicator/{number}", Family.SEND, body=(required("recipient"),)
    )

    def start(self, to: ChatLike) -> None:
        """Show the indicator."""
        self._do(self.START, body={"recipient": address(target(to))})

    def stop(self, to: ChatLike) -> None:
        """Hide the indicator."""
        self._do(self.STOP, body={"recipient": address(target(to))})
