"""Accounts: settings of the own account, and which accounts the server has."""

from __future__ import annotations

from signalbot.errors import BadRequest
from signalbot.infrastructure import api_models as models
from signalbot.infrastructure.api_clients.area import Area, present
from signalbot.infrastructure.api_clients.operation import Operation, Param, required
from signalbot.infrastructure.calls import Family


class AccountsApi(Area):
    """The account behind ``phone_number``.

    ```python
    print(client.accounts.list())
    mine = client.accounts.set_username("pizza")
    print(mine.username, mine.link)
    client.accounts.update_settings(discoverable_by_number=False)
    ```

    After a :class:`~signalbot.errors.RateLimited` with challenge tokens, solve the captcha at
    https://signalcaptchas.org/challenge/generate.html and hand it in:

    ```python
    client.accounts.solve_challenge(error.challenge_tokens[0], "signalcaptcha://…")
    ```
    """

    LIST = Operation("GET", "/v1/accounts", Family.ADMIN)
    UPDATE_SETTINGS = Operation(
        "PUT",
        "/v1/accounts/{number}/settings",
        Family.ADMIN,
        body=(Param("discoverable_by_number", "boolean"), Param("share_number", "boolean")),
    )
    SET_USERNAME = Operation(
        "POST", "/v1/accounts/{number}/username", Family.ADMIN, body=(required("username"),)
    )
    REMOVE_USERNAME = Operation("DELETE", "/v1/accounts/{number}/username", Family.ADMIN)
    SET_PIN = Operation("POST", "/v1/accounts/{number}/pin", Family.ADMIN, body=(required("pin"),))
    REMOVE_PIN = Operation("DELETE", "/v1/accounts/{number}/pin", Family.ADMIN)
    SOLVE_CHALLENGE = Operation(
        "POST",
        "/v1/accounts/{number}/rate-limit-challenge",
        Family.ADMIN,
        body=(required("challenge_token"), required("captcha")),
    )

    def list(self) -> tuple[str, ...]:
        """The numbers of all accounts on the server; needs no phone number."""
        found = self._ask(self.LIST) or []
        if not isinstance(found, list) or not all(isinstance(item, str) for item in found):
            raise self._caller.unreadable(self.LIST, 200)
        return tuple(found)

    def update_settings(
        self, *, discoverable_by_number: bool | None = None, share_number: bool | None = None
    ) -> None:
        """Change who can find or see the own number; what is None stays as it is."""
        body = present(
            {"discoverable_by_number": discoverable_by_number, "share_number": share_number}
        )
        self._do(self.UPDATE_SETTINGS, body=body)

    def set_username(self, username: str) -> models.Username:
        """Claim ``name`` (Signal adds digits) or ``name.123``.

        Raises:
            BadRequest: if Signal did not give it; the server does not pass on why.
        """
        try:
            answer = self._ask(self.SET_USERNAME, body={"username": username})
        except BadRequest as refusal:
            if "invalid signal-cli response" not in refusal.detail:
                raise
            raise self._no_username(refusal) from refusal
        if not isinstance(answer, dict):
            raise self._caller.unreadable(self.SET_USERNAME, 201)
        return self._read(
            models.Username,
            self.SET_USERNAME,
            {"username": answer.get("username"), "link": answer.get("username_link")},
        )

    def remove_username(self) -> None:
        """Give the username up."""
        self._do(self.REMOVE_USERNAME)

    def set_pin(self, pin: str) -> None:
        """Set the registration lock."""
        self._do(self.SET_PIN, body={"pin": pin})

    def remove_pin(self) -> None:
        """Remove the registration lock."""
        self._do(self.REMOVE_PIN)

    def solve_challenge(self, token: str, captcha: str) -> None:
        """Lift a rate limit; sends that were paused because of it go on at once.

        Args:
            token: one of :attr:`RateLimited.challenge_tokens`.
            captcha: ``signalcaptcha://…`` from the *challenge* page; one from the registration
                page is refused.
        """
        if not token or not captcha:
            raise ValueError("both the challenge token and the captcha are needed")
        self._do(self.SOLVE_CHALLENGE, body={"challenge_token": token, "captcha": captcha})
        self._caller.resume_sends()

    def _no_username(self, refusal: BadRequest) -> BadRequest:
        return BadRequest(
            "the username was not accepted; the server does not say why: it may be taken, "
            "badly formed (letters, digits and _, 3 to 32 of them), or the account rate-limited",
            status=refusal.status,
            detail=refusal.detail,
            method=refusal.method,
            path_template=refusal.path_template,
            account=refusal.account,
        )
