"""The commands and their options; the work of each is in a module of its own."""

from __future__ import annotations

import sys

import click

import signalbot

_EXTRA_HINT = "pip install 'signalbot-sync[demo]'"


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(signalbot.__version__, prog_name="signalbot")
def cli() -> None:
    """Signal bots in plain synchronous Python."""


@cli.command()
@click.argument("file", type=click.Path(allow_dash=True))
def decode(file: str) -> None:
    """Say for each line of FILE (frames, one a line; - is standard input) what it is."""
    from signalbot.cli.decode import decode_file

    sys.exit(decode_file(file, sys.stdout))


@cli.command()
@click.option("--script", is_flag=True, help="Play a fixed conversation, print PASS or FAIL.")
def demo(script: bool) -> None:
    """Try an example bot on the built-in stand-in server: no account, no Docker."""
    try:
        from signalbot.simulator.demo_bot import make_bot
        from signalbot.simulator.script import play_script
        from signalbot.simulator.terminal import chat_in_terminal

        sys.exit(play_script(sys.stdout) if script else chat_in_terminal(make_bot, sys.stdout))
    except ImportError as error:
        raise click.ClickException(f"{error}\nThe demo needs more packages: {_EXTRA_HINT}") from error


@cli.command("audit-api")
@click.argument("spec")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def audit_api(spec: str, as_json: bool) -> None:
    """Compare the client with SPEC: an OpenAPI file, or the URL of a running server."""
    from signalbot.cli.audit_api import audit_api as audit

    sys.exit(audit(spec, as_json, sys.stdout))
