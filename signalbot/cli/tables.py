"""Columns of text."""

from __future__ import annotations

from collections.abc import Sequence

import click

from signalbot.cli.options import note, styled


def print_table(
    head: Sequence[str], rows: Sequence[Sequence[str]], *, empty: str = "Nothing."
) -> None:
    """Print the rows under a heading, each column as wide as it must be."""
    if not rows:
        note(empty)
        return
    cells = [[printable(cell) for cell in row] for row in rows]
    widths = [max(len(row[index]) for row in [head, *cells]) for index in range(len(head))]
    click.echo(styled(_line(head, widths), bold=True))
    for row in cells:
        click.echo(_line(row, widths))


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def printable(text: str) -> str:
    """Without line breaks or escape sequences: names are written by strangers."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
