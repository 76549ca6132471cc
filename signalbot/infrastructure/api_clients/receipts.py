"""Receipts: tell an author that their message was read."""

from __future__ import annotations

import warnings
from collections.abc import Iterable

from signalbot.infrastructure.api_clients.addresses import PersonLike, address, person
from signalbot.infrastructure.api_clients.area import Area
from signalbot.infrastructure.api_clients.operation import Operation, required, values
from signalbot.infrastructure.api_clients.references import Target, timestamp_of
from signalbot.infrastructure.api_models.enums import ReceiptType
from signalbot.infrastructure.calls import Family


class ReceiptsApi(Area):
    """Send read receipts; delivery receipts are signal-cli's own work.

    ```python
    client.receipts.read(message.sender, message)
    client.receipts.read("+4915187654321", [1769271479123, 1769271480456])
    ```
    """

    SEND = Operation(
        "POST",
        "/v1/receipts/{number}",
        Family.SEND,
        body=(
            required("receipt_type", enum=values(ReceiptType)),
            required("recipient"),
            required("timestamp", "integer"),
        ),
    )

    def read(self, author: PersonLike, messages: Target | Iterable[Target]) -> None:
        """Mark messages of one author as read (one call each: the server takes no lists).

        Args:
            author: who wrote them, also in a group.
        """
        self.send(author, messages, ReceiptType.READ)

    def viewed(self, author: PersonLike, messages: Target | Iterable[Target]) -> None:
        """Ask for "viewed" receipts, which the known servers send as *read* receipts (a bug)."""
        warnings.warn(
            "signal-cli-rest-api sends a read receipt where a viewed receipt is asked for",
            RuntimeWarning,
            stacklevel=2,
        )
        self.send(author, messages, ReceiptType.VIEWED)

    def send(
        self,
        author: PersonLike,
        messages: Target | Iterable[Target],
        receipt_type: ReceiptType = ReceiptType.READ,
    ) -> None:
        """Send a receipt of the given type for each message."""
        recipient = address(person(author))
        kind = ReceiptType(receipt_type).value
        several = messages if isinstance(messages, Iterable) else (messages,)
        for timestamp in [timestamp_of(message) for message in several]:
            self._do(
                self.SEND,
                body={"receipt_type": kind, "recipient": recipient, "timestamp": timestamp},
            )
