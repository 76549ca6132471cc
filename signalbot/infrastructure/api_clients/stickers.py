"""Stickers: the packs that the account can send from."""

from __future__ import annotations

from signalbot.infrastructure import api_models as models
from signalbot.infrastructure.api_clients.area import Area
from signalbot.infrastructure.api_clients.operation import Operation, required
from signalbot.infrastructure.calls import Family


class StickersApi(Area):
    """Sticker packs.

    ```python
    client.stickers.install("9a32eda01a7a28574f2eb48668ae0dc4", "19546e18eba0ff69dea78eb591465289")
    client.messages.send("+4915187654321", sticker="9a32eda01a7a28574f2eb48668ae0dc4:3")
    ```
    """

    LIST = Operation("GET", "/v1/sticker-packs/{number}", Family.ADMIN)
    INSTALL = Operation(
        "POST",
        "/v1/sticker-packs/{number}",
        Family.ADMIN,
        body=(required("pack_id"), required("pack_key")),
    )

    def list(self) -> tuple[models.StickerPack, ...]:
        """The known packs, installed or not."""
        return self._ask_all(models.StickerPack, self.LIST)

    def install(self, pack_id: str, pack_key: str) -> None:
        """Install a pack; id and key are the hex texts in its ``signal.art`` link."""
        self._do(self.INSTALL, body={"pack_id": pack_id, "pack_key": pack_key})
