"""``signalbot groups``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from signalbot.cli.options import client_of, settings_options
from signalbot.cli.tables import print_table

if TYPE_CHECKING:
    from signalbot.settings import Settings


@click.command()
@click.option("--all", "with_left", is_flag=True, help="Also those that the account has left.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
@settings_options("phone_number", "signal_service")
def groups(settings: Settings, with_left: bool, as_json: bool) -> None:
    """List the groups of the account."""
    with client_of(settings) as client:
        known = client.groups.list()
    listed = [info for info in known if with_left or info.member is not False]
    if as_json:
        click.echo(
            json.dumps(
                [
                    {
                        "id": info.id,
                        "internal_id": info.internal_id,
                        "name": info.name,
                        "members": len(info.members),
                        "member": info.member is not False,
                    }
                    for info in listed
                ],
                indent=2,
            )
        )
        return
    rows = [(info.name or "(no name)", str(len(info.members)), info.id) for info in listed]
    print_table(("NAME", "MEMBERS", "ID"), rows, empty="The account is in no group.")
