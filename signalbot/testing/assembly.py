"""The one place that puts the server's parts together; imports the optional packages."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from . import (
    routes_accounts,
    routes_contacts,
    routes_files,
    routes_general,
    routes_groups,
    routes_messages,
    routes_receive,
    routes_send,
)
from .application import Application
from .handshake import Handshakes
from .routing import Router
from .server import Peer, ServerThread
from .webhook import Webhook
from .websocket import ReceiveSocket
from .world import Route, World

ROUTES: list[Route] = [
    *routes_send.ROUTES,
    *routes_general.ROUTES,
    *routes_messages.ROUTES,
    *routes_receive.ROUTES,
    *routes_groups.ROUTES,
    *routes_contacts.ROUTES,
    *routes_accounts.ROUTES,
    *routes_files.ROUTES,
]

LOCAL = frozenset({*routes_general.LOCAL, *routes_files.LOCAL})


def assemble(
    world: World,
    host: str,
    port: int,
    *,
    webhook_url: str | None,
    extra_routes: Sequence[Route] = (),
) -> tuple[Application, ServerThread]:
    """Join routes, application, sockets to a server that is ready to start."""

    def abort(peer: Peer, rest: bytes) -> None:
        transport = server.connections.get(peer)
        if transport is None:
            return
        if not rest:
            transport.abort()
            return
        transport.write(rest)
        transport.close()

    def forget(transport: asyncio.BaseTransport) -> None:
        server.connections.pop(transport.get_extra_info("peername"), None)

    local = LOCAL | {handler for _, _, handler in extra_routes}
    application = Application(world, Router([*ROUTES, *extra_routes]), abort, local=local)
    handshakes = Handshakes(world, application)
    webhook = None if webhook_url is None else Webhook(webhook_url)
    world.hub.post = webhook.post if webhook else None
    server = ServerThread(
        application,
        lambda: ReceiveSocket(world.hub, handshakes, forget),
        host=host,
        port=port,
        on_start=world.hub.attach,
        on_stop=world.hub.detach,
        on_end=webhook.close if webhook else None,
    )
    return application, server
