"""What the settings alone decide about the way to the server."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from signalbot.infrastructure.api_service import SignalClient
from signalbot.infrastructure.endpoint import Endpoint
from signalbot.infrastructure.http import HttpApi
from signalbot.infrastructure.polling_client import PollingClient
from signalbot.infrastructure.websocket_client import WebsocketClient

if TYPE_CHECKING:
    from signalbot.observability.reports import Reports
    from signalbot.settings import Settings


def endpoint_of(settings: Settings) -> Endpoint:
    """Where the server is, and what opens it.

    Raises:
        SettingsError: the address cannot work."""
    headers = {name: value.get_secret_value() for name, value in settings.headers.items()}
    return Endpoint.parse(
        settings.signal_service, auth=settings.auth, headers=headers, verify=settings.verify
    )


def client_of(settings: Settings, endpoint: Endpoint, reports: Reports) -> SignalClient:
    """The client of the bot's account; it connects when it is used."""
    http = HttpApi(
        endpoint,
        request_timeout=settings.request_timeout,
        send_timeout=settings.send_timeout,
        max_concurrency=settings.max_concurrency,
        rate_limit=settings.rate_limit,
        observer=reports.count_request,
        on_breaker=reports.note_breaker,
    )
    return SignalClient(
        settings.phone_number,
        http=http,
        request_timeout=settings.request_timeout,
        send_timeout=settings.send_timeout,
    )


def websocket_of(settings: Settings, endpoint: Endpoint) -> Callable[[], WebsocketClient]:
    """Makes the connection of a json-rpc server."""

    def make() -> WebsocketClient:
        return WebsocketClient(
            endpoint,
            settings.phone_number,
            ping_interval=settings.ping_interval,
            ping_timeout=settings.ping_timeout,
            max_frame=settings.max_frame,
        )

    return make


def polling_of(settings: Settings, endpoint: Endpoint) -> Callable[[], PollingClient]:
    """Makes the poller of a classic server."""
    return lambda: PollingClient(endpoint, settings.phone_number)
