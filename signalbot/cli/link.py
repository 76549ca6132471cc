"""``signalbot link``."""

from __future__ import annotations

import io
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from signalbot.cli.options import client_of, note, settings_options, styled

if TYPE_CHECKING:
    from signalbot.infrastructure.api_service import SignalClient
    from signalbot.settings import Settings

_LOOK_EVERY = 1.0


@click.command()
@click.option(
    "--device-name", default="signalbot", show_default=True, help="Its name on the phone."
)
@click.option(
    "--timeout", type=float, default=90.0, show_default=True, help="Seconds to wait for the phone."
)
@click.option("--no-wait", is_flag=True, help="Only show the code.")
@click.option("--uri", "as_uri", is_flag=True, help="Print the link instead of drawing a code.")
@click.option(
    "--png",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the code as an image, too.",
)
@settings_options("signal_service", needs_number=False)
def link(
    settings: Settings,
    device_name: str,
    timeout: float,
    no_wait: bool,
    as_uri: bool,
    png: Path | None,
) -> None:  # fmt: skip
    """Link the server to a phone by a QR code.

    On the phone: Settings, Linked devices, Link new device. The bot then has the phone's number.
    """
    with client_of(settings) as client:
        before = frozenset(client.accounts.list())
        uri = client.devices.link_uri(device_name)
        if as_uri:
            click.echo(uri)
        show(uri, png, draws=not as_uri)
        if no_wait:
            return
        note("Scan it: Settings > Linked devices > Link new device. Waiting ...")
        number = wait_for_account(client, before, timeout)
    click.echo(f"Linked: {number}")
    note(f"Next: SIGNAL_PHONE_NUMBER={number} signalbot doctor")


def show(uri: str, png: Path | None, *, draws: bool) -> None:
    """Make the code, in the terminal and as an image.

    White is light whatever colours the terminal has, as phones expect.
    """
    if not draws and png is None:
        return
    import segno

    code = segno.make(uri, error="l")
    if png is not None:
        code.save(str(png), kind="png", scale=8)
    if draws:
        drawing = io.StringIO()
        code.terminal(drawing, compact=True, border=2)
        for line in drawing.getvalue().splitlines():
            click.echo(styled(line, fg="bright_white", bg="black"))


def wait_for_account(client: SignalClient, before: frozenset[str], timeout: float) -> str:
    """The number that the server has not had before.

    Raises:
        ClickException: if none came in time.
    """
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        new = sorted(frozenset(client.accounts.list()) - before)
        if new:
            return new[0]
        time.sleep(min(_LOOK_EVERY, max(0.0, deadline - time.monotonic())))
    raise click.ClickException(
        "No account appeared in time. The code is good for about a minute: run it again. (If the "
        "server had the account before, it is linked already.)"
    )
