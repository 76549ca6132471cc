"""Registration: make the number an account on Signal, or undo that."""

from __future__ import annotations

from signalbot.infrastructure.api_clients.area import Area, present
from signalbot.infrastructure.api_clients.operation import Operation, Param
from signalbot.infrastructure.calls import Family


class RegistrationApi(Area):
    """Register the client's ``phone_number`` as a primary device.

    ```python
    client.registration.register(captcha="signalcaptcha://…")  # Signal sends an SMS
    client.registration.verify("123-456")
    ```

    To link the server to a phone instead, see ``client.devices.link_qr_code``.
    """

    REGISTER = Operation(
        "POST",
        "/v1/register/{number}",
        Family.ADMIN,
        body=(Param("use_voice", "boolean"), Param("captcha")),
        is_body_optional=True,
    )
    VERIFY = Operation(
        "POST",
        "/v1/register/{number}/verify/{token}",
        Family.ADMIN,
        body=(Param("pin"),),
        is_body_optional=True,
    )
    UNREGISTER = Operation(
        "POST",
        "/v1/unregister/{number}",
        Family.ADMIN,
        body=(Param("delete_account", "boolean"), Param("delete_local_data", "boolean")),
        is_body_optional=True,
    )

    def register(self, *, captcha: str | None = None, use_voice: bool | None = None) -> None:
        """Ask Signal for a code by SMS, or by a call with ``use_voice``.

        Raises:
            BadRequest: if a captcha is needed (get one from
                https://signalcaptchas.org/registration/generate.html) or SMS is impossible.
        """
        body = present({"use_voice": use_voice, "captcha": captcha})
        self._do(self.REGISTER, body=body or None)

    def verify(self, code: str, *, pin: str | None = None) -> None:
        """Finish with the code from the SMS, with or without its hyphen.

        Args:
            pin: the registration lock, if the number has one.
        """
        self._do(self.VERIFY, path={"token": code.strip()}, body=present({"pin": pin}) or None)

    def unregister(self, *, delete_account: bool = False, delete_local_data: bool = False) -> None:
        """Make the number unreachable on Signal.

        Args:
            delete_account: also delete the account at Signal, which cannot be undone.
            delete_local_data: also delete the keys on the server.
        """
        self._do(
            self.UNREGISTER,
            body={"delete_account": delete_account, "delete_local_data": delete_local_data},
        )
