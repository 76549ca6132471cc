"""SignalClient: the whole API of signal-cli-rest-api, by area."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING

from signalbot.errors import SettingsError
from signalbot.infrastructure.api_clients.accounts import AccountsApi
from signalbot.infrastructure.api_clients.area import Area
from signalbot.infrastructure.api_clients.attachments import AttachmentsApi
from signalbot.infrastructure.api_clients.caller import Caller
from signalbot.infrastructure.api_clients.configuration import ConfigurationApi
from signalbot.infrastructure.api_clients.contacts import ContactsApi
from signalbot.infrastructure.api_clients.devices import DevicesApi
from signalbot.infrastructure.api_clients.general import GeneralApi
from signalbot.infrastructure.api_clients.groups import GroupsApi
from signalbot.infrastructure.api_clients.identities import IdentitiesApi
from signalbot.infrastructure.api_clients.messages import MessagesApi
from signalbot.infrastructure.api_clients.operation import Operation
from signalbot.infrastructure.api_clients.polls import PollsApi
from signalbot.infrastructure.api_clients.profiles import ProfilesApi
from signalbot.infrastructure.api_clients.reactions import ReactionsApi
from signalbot.infrastructure.api_clients.receipts import ReceiptsApi
from signalbot.infrastructure.api_clients.registration import RegistrationApi
from signalbot.infrastructure.api_clients.search import SearchApi
from signalbot.infrastructure.api_clients.stickers import StickersApi
from signalbot.infrastructure.api_clients.typing_indicator import TypingApi
from signalbot.infrastructure.endpoint import Auth, Endpoint, Secret, Verify
from signalbot.infrastructure.http import HttpApi
from signalbot.infrastructure.outgoing_attachments import DEFAULT_MAX_BYTES
from signalbot.infrastructure.outgoing_sent import FailedRecipient, SentMessage

if TYPE_CHECKING:
    import httpx

__all__ = ["AREAS", "FailedRecipient", "SentMessage", "SignalClient", "operations"]

AREAS: Mapping[str, type[Area]] = {
    "messages": MessagesApi,
    "reactions": ReactionsApi,
    "receipts": ReceiptsApi,
    "typing": TypingApi,
    "polls": PollsApi,
    "groups": GroupsApi,
    "contacts": ContactsApi,
    "profiles": ProfilesApi,
    "accounts": AccountsApi,
    "devices": DevicesApi,
    "identities": IdentitiesApi,
    "attachments": AttachmentsApi,
    "stickers": StickersApi,
    "search": SearchApi,
    "configuration": ConfigurationApi,
    "general": GeneralApi,
    "registration": RegistrationApi,
}

_DEFAULT_SERVICE = "http://127.0.0.1:8080"
_ORNAMENTS = re.compile(r"[\s().\-/]")
_E164 = re.compile(r"\+[0-9]{4,19}", re.ASCII)


class SignalClient:
    """Everything that signal-cli-rest-api can do, in plain calls; needs no bot.

    ```python
    from signalbot import SignalClient

    with SignalClient("+4915112345678", "http://127.0.0.1:8080") as client:
        sent = client.messages.send("+4915187654321", "Dinner is ready")
        print(sent.timestamp, sent.ok)
        group = client.groups.create("Pizza", ["+4915187654321"])
        client.messages.send(group, "Who is in?", attachments=["menu.png"])
    ```

    Every argument that names a person takes a User, number, uuid or username; groups go by Group
    or either of their ids. Nothing connects before the first call. One client may be used by any
    number of threads. Errors are described in :mod:`signalbot.errors`.
    """

    def __init__(
        self,
        phone_number: str | None = None,
        signal_service: str | None = None,
        *,
        auth: Auth | None = None,
        headers: Mapping[str, Secret] | None = None,
        verify: Verify = True,
        request_timeout: float = 60.0,
        send_timeout: float = 120.0,
        max_concurrency: int = 4,
        rate_limit: float | None = None,
        transport: httpx.BaseTransport | None = None,
        http: HttpApi | None = None,
        max_attachment_size: int = DEFAULT_MAX_BYTES,
    ) -> None:
        """Check the settings; connect to nothing yet.

        Args:
            phone_number: the account; else ``SIGNAL_PHONE_NUMBER`` from the environment. What is
                about no account (``general``, ``accounts.list``) works without.
            signal_service: ``host:port`` or URL; else ``SIGNAL_SERVICE`` from the environment,
                else the server's own port on this machine.
            auth: ``("user", "password")`` for a proxy before the server.
            headers: sent with every request.
            verify: False, a CA bundle, or an SSLContext.
            request_timeout: seconds for most calls.
            send_timeout: seconds for sends, uploads and downloads.
            max_concurrency: calls at the same time; the server crashes under many.
            rate_limit: sends per second.
            transport: any httpx transport, instead of our own.
            http: a connection to share; the settings about it are its own then, and closing it
                is its owner's business.
            max_attachment_size: bytes of one attachment to send.

        Raises:
            SettingsError: if a setting does not make sense.
        """
        number = phone_number or os.environ.get("SIGNAL_PHONE_NUMBER") or None
        self._owns_http = http is None
        self._http = http or HttpApi(
            Endpoint.parse(
                signal_service or os.environ.get("SIGNAL_SERVICE") or _DEFAULT_SERVICE,
                auth=auth,
                headers=headers,
                verify=verify,
            ),
            request_timeout=request_timeout,
            send_timeout=send_timeout,
            max_concurrency=max_concurrency,
            rate_limit=rate_limit,
            transport=transport,
        )
        self._phone_number = None if number is None else _account(number)
        caller = Caller(self._http, self._phone_number)
        self.general = GeneralApi(caller)
        self.accounts = AccountsApi(caller)
        self.registration = RegistrationApi(caller)
        self.devices = DevicesApi(caller)
        self.configuration = ConfigurationApi(caller)
        self.identities = IdentitiesApi(caller)
        self.contacts = ContactsApi(caller, self.general)
        self.profiles = ProfilesApi(caller, self.contacts)
        self.groups = GroupsApi(caller, self.general)
        self.attachments = AttachmentsApi(caller)
        self.stickers = StickersApi(caller)
        self.search = SearchApi(caller)
        self.reactions = ReactionsApi(caller)
        self.receipts = ReceiptsApi(caller)
        self.typing = TypingApi(caller)
        self.polls = PollsApi(caller)
        self.messages = MessagesApi(
            caller,
            groups=self.groups,
            contacts=self.contacts,
            reactions=self.reactions,
            max_attachment_size=max_attachment_size,
        )

    @property
    def phone_number(self) -> str | None:
        """The account that the calls are made for."""
        return self._phone_number

    @property
    def http(self) -> HttpApi:
        """The connection: breakers, and an ``httpx.Client`` for what is missing here."""
        return self._http

    def close(self) -> None:
        """Close connections, unless they are shared; may be called twice."""
        if self._owns_http:
            self._http.close()

    def __enter__(self) -> SignalClient:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"SignalClient({self._phone_number!r}, {self._http.endpoint.base_url!r})"


def operations() -> tuple[Operation, ...]:
    """Every endpoint that the areas' methods call, as declared beside them."""
    return tuple(operation for area in AREAS.values() for operation in area.operations())


def _account(number: str) -> str:
    compact = _ORNAMENTS.sub("", number)
    if not _E164.fullmatch(compact):
        raise SettingsError(
            f"phone_number {number!r} is not in international form, like +4915112345678"
        )
    return compact
