"""``signalbot completion``."""

from __future__ import annotations

import click

SHELLS = ("bash", "zsh", "fish")


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
def completion(shell: str) -> None:
    """Print the completion for a shell.

    \b
        bash:  eval "$(signalbot completion bash)"       in ~/.bashrc
        zsh:   eval "$(signalbot completion zsh)"        in ~/.zshrc
        fish:  signalbot completion fish | source        in ~/.config/fish/config.fish
    """
    from click.shell_completion import get_completion_class

    from signalbot.cli.commands import cli

    made = get_completion_class(shell)
    if made is None:  # cannot be: the choice names click's own
        raise click.UsageError(f"click knows no completion for {shell}")
    click.echo(made(cli, {}, "signalbot", "_SIGNALBOT_COMPLETE").source())
