"""``signalbot doctor``."""

from __future__ import annotations

import dataclasses
import json
import sys
import time
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from signalbot.cli.checks import Check, Step, run_steps
from signalbot.cli.options import client_of, given_among, raw_options, styled
from signalbot.errors import ApiError, SettingsError

if TYPE_CHECKING:
    from signalbot.cli.checks_server import ServerChecks
    from signalbot.infrastructure.api_service import SignalClient
    from signalbot.settings import Settings


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--running", is_flag=True, help="Expect a running bot, as a health check does.")
@click.option("--webhook-url", metavar="URL", help="Where the server posts to, if it does.")
@click.option("--send", "sends", is_flag=True, help="Also send a note to the account itself.")
@click.option(
    "--timeout", type=float, default=5.0, show_default=True, help="Seconds for each question."
)
@raw_options("phone_number", "signal_service", "state_dir")
def doctor(
    as_json: bool,
    running: bool,
    webhook_url: str | None,
    sends: bool,
    timeout: float,
    **values: Any,
) -> None:
    """Look for what is wrong with a set-up.

    Asks the server, opens the websocket, looks at the state directory; changes nothing. Each
    failure names its fix. Exit code 0 if all is well, else 1.
    """
    from signalbot.settings import load_settings

    try:
        settings = load_settings(**given_among(values, list(values)))
        with client_of(settings, request_timeout=timeout, send_timeout=timeout) as client:
            steps = steps_for(
                settings,
                client,
                expects_bot=running,
                webhook_url=webhook_url,
                sends=sends,
                timeout=timeout,
            )
            made, left_out = run_steps(steps)
    except SettingsError as error:
        fix = "Correct the option, the SIGNAL_ variable or the line in .env."
        made, left_out = [Check("settings", False, str(error), fix)], {}
    is_well = all(check.ok for check in made)
    if as_json:
        result = {"ok": is_well, "checks": [dataclasses.asdict(check) for check in made]}
        click.echo(json.dumps(result, indent=2))
    else:
        show(made, left_out)
    sys.exit(0 if is_well else 1)


def steps_for(
    settings: Settings,
    client: SignalClient,
    *,
    expects_bot: bool,
    webhook_url: str | None,
    sends: bool,
    timeout: float,
) -> list[Step]:
    """Every check in the order in which they make sense."""
    from signalbot.cli.checks_local import directory_check, holder_of, owner_check
    from signalbot.cli.checks_server import ServerChecks
    from signalbot.cli.checks_webhook import webhook_check
    from signalbot.infrastructure.state_directory import account_directory

    server = ServerChecks(settings, client)
    directory = account_directory(
        settings.state_dir, client.http.endpoint.key, settings.phone_number
    )
    webhook = webhook_check(
        settings, url=webhook_url, has_owner=holder_of(directory) is not None, timeout=timeout
    )
    return [
        Step("settings", partial(settings_check, settings)),
        Step(
            "directory", partial(directory_check, directory, settings.min_free_disk), ("settings",)
        ),
        Step(
            "owner",
            partial(owner_check, directory, settings, expects_bot=expects_bot),
            ("settings", "directory"),
        ),
        Step("server", server.server),
        Step("version", server.version, ("server",)),
        Step("mode", server.mode, ("server",)),
        Step("clock", server.clock, ("server",)),
        Step("account", server.account, ("server", "settings")),
        Step("socket", partial(pushed_check, server, settings, timeout), ("mode", "account")),
        *([Step("webhook", lambda: webhook)] if webhook is not None else []),
        *([Step("send", partial(send_check, client), ("account",))] if sends else []),
    ]


def settings_check(settings: Settings) -> Check:
    """Whether it is known which account is meant."""
    if settings.phone_number:
        return Check("settings", True, f"The account is {settings.phone_number}.")
    return Check(
        "settings",
        False,
        "No phone number is set.",
        "Set SIGNAL_PHONE_NUMBER (in the environment or in .env), or give --phone-number.",
    )


def pushed_check(server: ServerChecks, settings: Settings, timeout: float) -> Check:
    """The websocket, if messages come that way."""
    from signalbot.cli.checks_socket import socket_check

    if settings.receive_mode in ("webhook", "none"):
        return Check("socket", True, f"Not used: receive_mode is {settings.receive_mode!r}.")
    if server.about.mode.is_classic:
        # A handshake would be a poll there, and take messages with it.
        return Check("socket", True, "Not used: this server is polled.")
    return socket_check(server.endpoint, settings.phone_number, timeout)


def send_check(client: SignalClient) -> Check:
    """Whether a note to self goes out; its timestamp tells the server's time as well."""
    from signalbot.cli.checks_server import fix_for, skew_check

    try:
        sent = client.messages.send(str(client.phone_number), "signalbot doctor", notify_self=False)
    except ApiError as error:
        return Check("send", False, str(error), fix_for(error))
    skew = skew_check("send", time.time() - sent.timestamp / 1000)
    return skew if not skew.ok else Check("send", True, "A note to self was sent.")


def show(made: list[Check], left_out: dict[str, str]) -> None:
    """Print the checks for a person."""
    for check in made:
        mark = styled("ok  ", fg="green") if check.ok else styled("FAIL", fg="red", bold=True)
        click.echo(f"{mark}  {check.name:<10} {check.detail}")
        if check.fix:
            click.echo(f"      {'':<10} {'hint' if check.ok else 'fix'}: {check.fix}")
    for name, missing in left_out.items():
        click.echo(f"-     {name:<10} not checked, because of {missing}")
