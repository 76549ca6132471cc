"""``signalbot decode``."""

from __future__ import annotations

import sys

import click


@click.command()
@click.argument("file", type=click.Path(allow_dash=True))
def decode(file: str) -> None:
    """Say what each frame of a file is.

    FILE holds one frame a line; - is standard input. One line of JSON comes out for each.
    """
    from signalbot.cli.decode import decode_file

    sys.exit(decode_file(file, sys.stdout))
