"""The table of the commands; each of them is a module of its own."""

from __future__ import annotations

import click

import signalbot
from signalbot.cli.group import LazyGroup

# The short help stands here a second time, so that listing the commands loads none of them.
COMMANDS: dict[str, tuple[str, str]] = {
    "new": ("signalbot.cli.new:new", "Write a new bot: code, test, compose file, systemd unit."),
    "run": ("signalbot.cli.run:run", "Run a bot in the foreground."),
    "demo": ("signalbot.cli.demo:demo", "Try an example bot without an account or a server."),
    "sim": ("signalbot.cli.sim:sim", "Chat with your own bot, without an account or a server."),
    "doctor": ("signalbot.cli.doctor:doctor", "Look for what is wrong with a set-up."),
    "link": ("signalbot.cli.link:link", "Link the server to a phone by a QR code."),
    "register": ("signalbot.cli.register:register", "Register the number on Signal."),
    "verify": ("signalbot.cli.register:verify", "Finish a registration with the code."),
    "send": ("signalbot.cli.send:send", "Send a message."),
    "groups": ("signalbot.cli.groups:groups", "List the groups of the account."),
    "top": ("signalbot.cli.top:top", "Watch what a running bot is doing."),
    "dlq": ("signalbot.cli.dlq:dlq", "Dead letters: messages that were given up."),
    "explain": ("signalbot.cli.explain:explain", "Say which handlers would get a text, and why."),
    "decode": ("signalbot.cli.decode_command:decode", "Say what each frame of a file is."),
    "audit-api": (
        "signalbot.cli.audit_command:audit_api",
        "Compare the client with the server's API.",
    ),
    "completion": ("signalbot.cli.completion:completion", "Print the completion for a shell."),
}


@click.group(
    cls=LazyGroup, table=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.version_option(signalbot.__version__, prog_name="signalbot")
def cli() -> None:
    """Signal bots in plain synchronous Python.

    Settings come from options, from SIGNAL_... variables or from a .env file; the names are the
    same everywhere. Exit codes: 0 done, 1 failed, 2 wrong usage.
    """
