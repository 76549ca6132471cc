"""A click group that loads a command's module only when that command is used."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

import click

from signalbot.errors import SignalBotError
from signalbot.model.similar import similar

# Package to the extra that brings it.
_EXTRAS = {
    "segno": "cli",
    "starlette": "demo",
    "uvicorn": "demo",
    "waitress": "webhook",
    "websockets": "demo",
}


class LazyGroup(click.Group):
    """Lists its commands from a table, so that ``signalbot --help`` imports none of them.

    Args:
        table: name of a command to (``module:attribute``, its short help).
    """

    def __init__(self, *args: Any, table: Mapping[str, tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.table = table

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.table:
            return None
        module, _, attribute = self.table[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in self.table and not name.startswith("-"):
            near = similar(name, self.table)
            hint = f" Did you mean {near!r}?" if near else ""
            ctx.fail(f"There is no command {name!r}.{hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in self.table.items()])

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; what signalbot raises on purpose ends it with its text, and with 1."""
        try:
            return super().invoke(ctx)
        except SignalBotError as error:
            raise click.ClickException(str(error)) from error
        except ModuleNotFoundError as error:
            extra = _EXTRAS.get(error.name or "")
            if extra is None:
                raise
            hint = f"pip install 'signalbot-sync[{extra}]'"
            raise click.ClickException(f"{error.msg}: {hint}") from error
        except ImportError as error:
            # The stand-in says by itself which packages it lacks.
            if "signalbot-sync[" not in str(error):
                raise
            raise click.ClickException(str(error)) from error
