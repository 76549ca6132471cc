"""Contacts: the people whom the account knows."""

from __future__ import annotations

from datetime import timedelta

from signalbot.infrastructure import api_models as models
from signalbot.infrastructure.api_clients.addresses import PersonLike, address, person
from signalbot.infrastructure.api_clients.area import Area, present
from signalbot.infrastructure.api_clients.caller import Caller
from signalbot.infrastructure.api_clients.durations import seconds
from signalbot.infrastructure.api_clients.general import GeneralApi
from signalbot.infrastructure.api_clients.operation import Operation, Param, required
from signalbot.infrastructure.calls import Family

_ALL = (Param("all_recipients", "string"),)


class ContactsApi(Area):
    """The account's contact list.

    ```python
    for contact in client.contacts.list():
        print(contact.display_name, contact.user.id)
    client.contacts.update("+4915187654321", name="Alice", expires_in=86400)
    ```
    """

    LIST = Operation("GET", "/v1/contacts/{number}", Family.GROUPS, query=_ALL)
    GET = Operation("GET", "/v1/contacts/{number}/{uuid}", Family.GROUPS, query=_ALL)
    AVATAR = Operation("GET", "/v1/contacts/{number}/{uuid}/avatar", Family.GROUPS)
    UPDATE = Operation(
        "PUT",
        "/v1/contacts/{number}",
        Family.GROUPS,
        body=(
            required("recipient"),
            Param("name"),
            Param("expiration_in_seconds", "integer"),
        ),
    )
    SYNC = Operation("POST", "/v1/contacts/{number}/sync", Family.GROUPS)

    def __init__(self, caller: Caller, general: GeneralApi) -> None:
        super().__init__(caller)
        self._general = general

    def list(self, *, all_recipients: bool = False) -> tuple[models.Contact, ...]:
        """The contacts, or with ``all_recipients`` everyone ever seen."""
        return self._ask_all(models.Contact, self.LIST, query=_all(all_recipients))

    def get(self, user: PersonLike, *, all_recipients: bool = False) -> models.Contact:
        """One contact (server 0.95 and newer).

        Raises:
            NotFound: if there is none; somebody known, but no contact, is found with
                ``all_recipients=True``.
        """
        return self._ask_one(models.Contact, self.GET, path=_path(user), query=_all(all_recipients))

    def avatar(self, user: PersonLike) -> bytes:
        """A person's profile picture (server 0.95 and newer).

        Raises:
            NotFound: if they have none, or it was never downloaded.
        """
        return self._caller.exchange(self.AVATAR, path=_path(user)).body

    def update(
        self,
        user: PersonLike,
        *,
        name: str | None = None,
        expires_in: float | timedelta | None = None,
    ) -> None:
        """Change what the account calls a person, or the chat's disappearing timer.

        Args:
            name: "" removes it, which only classic servers can do.
            expires_in: messages in the chat disappear after so many seconds; 0 switches that
                off, which only classic servers can do.

        Raises:
            ValueError: if the server would ignore the request.
        """
        if name == "":
            self._general.refuse_zero("name=''")
        timer = None if expires_in is None else seconds(expires_in)
        if timer == 0:
            self._general.refuse_zero("expires_in=0")
        fields = present({"name": name, "expiration_in_seconds": timer})
        self._do(self.UPDATE, body={"recipient": address(person(user)), **fields})

    def sync(self) -> None:
        """Send the contact list to the account's linked devices; for a primary device only."""
        self._do(self.SYNC)


def _path(user: PersonLike) -> dict[str, str]:
    return {"uuid": address(person(user))}


def _all(all_recipients: bool) -> list[tuple[str, str]]:
    return [("all_recipients", "true")] if all_recipients else []
