"""Identities: people's keys, and whether to trust them."""

from __future__ import annotations

from signalbot.infrastructure import api_models as models
from signalbot.infrastructure.api_clients.addresses import PersonLike, address, person
from signalbot.infrastructure.api_clients.area import Area
from signalbot.infrastructure.api_clients.operation import Operation, Param
from signalbot.infrastructure.calls import Family


class IdentitiesApi(Area):
    """What to do when a safety number has changed.

    ```python
    try:
        client.messages.send("+4915187654321", "hello")
    except UntrustedIdentity as error:
        client.identities.trust(error.recipient or "+4915187654321", all_known_keys=True)
    ```
    """

    LIST = Operation("GET", "/v1/identities/{number}", Family.ADMIN)
    TRUST = Operation(
        "PUT",
        "/v1/identities/{number}/trust/{numberToTrust}",
        Family.ADMIN,
        body=(Param("verified_safety_number"), Param("trust_all_known_keys", "boolean")),
    )

    def list(self) -> tuple[models.Identity, ...]:
        """Every key that the account has seen; one person may have several."""
        return self._ask_all(models.Identity, self.LIST)

    def trust(
        self,
        user: PersonLike,
        *,
        safety_number: str | None = None,
        all_known_keys: bool = False,
    ) -> None:
        """Trust a person's key, either verified by its safety number or whatever it is.

        Args:
            safety_number: 60 digits, compared with the person by another way.
            all_known_keys: trust without comparing; only sensible where a person may rightly
                change phones unannounced.
        """
        if (safety_number is not None) == all_known_keys:
            raise ValueError("give either safety_number= or all_known_keys=True")
        body = (
            {"trust_all_known_keys": True}
            if safety_number is None
            else {"verified_safety_number": safety_number}
        )
        self._do(self.TRUST, path={"numberToTrust": address(person(user))}, body=body)
