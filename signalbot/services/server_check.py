"""Whether this server can receive for this account, and how."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from signalbot.errors import NotRegistered, SettingsError

if TYPE_CHECKING:
    from signalbot.infrastructure.api_service import SignalClient

Way = Literal["websocket", "polling"]


def way_to_receive(client: SignalClient, account: str, receive_mode: str) -> Way:
    """Ask the server for its mode and its accounts, and choose.

    A websocket handshake on a classic server runs a poll and loses what it returns, and a
    websocket for an unknown number is silent for ever: so both are asked for before connecting.

    Raises:
        SettingsError: ``receive_mode`` does not fit the server's mode; the text names the fix.
        NotRegistered: the server has no such account.
        ApiError: the server did not answer."""
    about = client.general.about()
    mode = str(getattr(about.mode, "value", about.mode) or "")
    classic = mode in ("normal", "native")
    if receive_mode == "websocket" and classic:
        raise SettingsError(
            f"receive_mode='websocket', but the server runs in MODE={mode}, which can only be "
            "polled. Set MODE=json-rpc on the server (recommended), or receive_mode='auto'."
        )
    if receive_mode == "polling" and not classic:
        raise SettingsError(
            f"receive_mode='polling', but the server runs in MODE={mode or 'json-rpc'}, which "
            "pushes over a websocket. Set receive_mode='auto', or MODE=normal on the server."
        )
    registered = client.accounts.list()
    if account not in registered:
        how_many = f"{len(registered)} other" if registered else "no"
        raise NotRegistered(
            f"{account} is not an account of this server, which has {how_many} account(s). Spell "
            "it exactly as it was registered ('+' and digits), or register or link it first: "
            "'signalbot link', 'signalbot register'.",
            status=200,
            account=account,
        )
    return "polling" if classic else "websocket"
