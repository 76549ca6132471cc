"""What the settings alone decide about the way to the server."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from signalbot.infrastructure.api_service import SignalClient
from signalbot.infrastructure.endpoint import Endpoint
from signalbot.infrastructure.http import HttpApi
from signalbot.infrastructure.websocket_client import WebsocketClient

if TYPE_CHECKING:
    from signalbot.infrastructure.polling_client import PollingClient
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


def intake_client_of(settings: Settings, endpoint: Endpoint, reports: Reports) -> SignalClient:
    """The client that asks how to receive; it waits for nothing but the server.

    What the server sends while nobody is connected is lost, so this waits neither for a breaker
    that calls of others have opened, nor for a place behind sends that hang. Who connects makes
    one call at a time, and has pauses of its own."""
    http = HttpApi(
        endpoint,
        request_timeout=settings.request_timeout,
        max_concurrency=1,
        fail_max=2**31,
        max_retries=0,
        observer=reports.count_request,
    )
    return SignalClient(settings.phone_number, http=http, request_timeout=settings.request_timeout)


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

    def make() -> PollingClient:
        from signalbot.infrastructure.polling_client import PollingClient

        return PollingClient(endpoint, settings.phone_number)

    return make
