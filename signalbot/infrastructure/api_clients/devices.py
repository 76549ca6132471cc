"""Devices: what is linked to the account, and linking the server to a phone."""

from __future__ import annotations

from signalbot.infrastructure import api_models as models
from signalbot.infrastructure.api_clients.area import Area, present
from signalbot.infrastructure.api_clients.operation import Operation, Param, required
from signalbot.infrastructure.calls import Family


class DevicesApi(Area):
    """Linked devices.

    ```python
    for device in client.devices.list():
        print(device.id, device.name)
    uri = client.devices.link_uri("my bot")  # show it as a QR code to the phone
    ```

    Linking goes on in the background on the server for about a minute; when the phone has
    scanned the code, the account appears in ``client.accounts.list()``.
    """

    LIST = Operation("GET", "/v1/devices/{number}", Family.ADMIN)
    ADD = Operation("POST", "/v1/devices/{number}", Family.ADMIN, body=(required("uri"),))
    REMOVE = Operation("DELETE", "/v1/devices/{number}/{deviceId}", Family.ADMIN)
    DELETE_LOCAL_DATA = Operation(
        "DELETE",
        "/v1/devices/{number}/local-data",
        Family.ADMIN,
        body=(Param("ignore_registered", "boolean"),),
        is_body_optional=True,
    )
    # Not repeatable though they are GETs: each one starts another linking.
    LINK_QR_CODE = Operation(
        "GET",
        "/v1/qrcodelink",
        Family.ADMIN,
        query=(required("device_name"), Param("qrcode_version", "integer")),
        is_repeatable=False,
    )
    LINK_URI = Operation(
        "GET",
        "/v1/qrcodelink/raw",
        Family.ADMIN,
        query=(required("device_name"),),
        is_repeatable=False,
    )

    def list(self) -> tuple[models.Device, ...]:
        """All devices of the account."""
        return self._ask_all(models.Device, self.LIST)

    def add(self, uri: str) -> None:
        """Link another device to this account, which must be a primary one.

        Args:
            uri: ``sgnl://linkdevice?…``, what the other device's QR code says.
        """
        self._do(self.ADD, body={"uri": uri})

    def remove(self, device: models.Device | int) -> None:
        """Unlink a device."""
        device_id = device.id if isinstance(device, models.Device) else device
        if not isinstance(device_id, int):
            raise TypeError(f"a Device or its id (int) is needed, not {type(device).__name__}")
        self._do(self.REMOVE, path={"deviceId": str(device_id)})

    def delete_local_data(self, *, ignore_registered: bool | None = None) -> None:
        """Delete the account's keys from the server, which cannot be undone.

        Args:
            ignore_registered: delete even though the account is still registered.
        """
        body = present({"ignore_registered": ignore_registered})
        self._do(self.DELETE_LOCAL_DATA, body=body or None)

    def link_qr_code(self, device_name: str, *, qr_code_version: int | None = None) -> bytes:
        """Start linking the server to a phone; the QR code to scan, as PNG of 256 pixels.

        Args:
            device_name: how the phone lists this device.
            qr_code_version: the code's size, 1 to 40 (server's default: 10).
        """
        query = [("device_name", device_name)]
        if qr_code_version is not None:
            query.append(("qrcode_version", str(qr_code_version)))
        return self._caller.exchange(self.LINK_QR_CODE, query=query).body

    def link_uri(self, device_name: str) -> str:
        """Start linking the server to a phone; the text for a QR code of one's own making."""
        found = self._ask(self.LINK_URI, query=[("device_name", device_name)])
        uri = found.get("device_link_uri") if isinstance(found, dict) else None
        if not isinstance(uri, str) or not uri:
            raise self._caller.unreadable(self.LINK_URI, 200)
        return uri
