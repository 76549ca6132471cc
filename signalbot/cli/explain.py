"""``signalbot explain``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from signalbot.cli.options import styled

if TYPE_CHECKING:
    from signalbot.routing.explain import Explanation


@click.command()
@click.argument("text")
@click.argument("target", metavar="[BOT]", default="bot.py")
@click.option(
    "--from",
    "sender",
    metavar="WHO",
    default="Somebody",
    show_default=True,
    help="A number, uuid or username; any other name is somebody made up.",
)
@click.option("--group", metavar="NAME", help="In a group, by name or id; else in a direct chat.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def explain(
    text: str, target: str, sender: str, group: str | None, as_json: bool
) -> None:  # fmt: skip
    """Say which handlers would get a text, and why.

    BOT is a file or module as for 'signalbot run'. Nothing is sent, no handler is run.

    \b
        signalbot explain "/order 2" --from +4915187654321 --group Pizza bot.py

    In front of each handler: + gets it, ~ would, if another one did not come first, - does not.
    Exit code 1 if nobody gets it.
    """
    from signalbot.cli.loading import Program
    from signalbot.cli.run import load

    if text.endswith(".py") and Path(text).is_file() and not Path(target).is_file():
        raise click.UsageError(f"The text comes first: signalbot explain TEXT {text}")
    found = load(Program(target)).explain(text, sender=sender, group=group)
    if as_json:
        click.echo(json.dumps([as_values(each) for each in found], indent=2))
    else:
        for each in found:
            click.echo(styled(str(each), bold=each.runs, dim=not each.matched))
        if not any(each.runs for each in found):
            click.echo("Nobody gets it.")
    if not any(each.runs for each in found):
        raise click.exceptions.Exit(1)


def as_values(each: Explanation) -> dict[str, object]:
    """One explanation for a program to read."""
    handler = each.handler
    return {
        "handler": handler.name,
        "decorator": handler.decorator,
        "place": str(handler.place),
        "runs": each.runs,
        "matched": each.matched,
        "why": each.why,
    }
