"""``signalbot new``."""

from __future__ import annotations

import importlib.resources
import re
import string
import sys
from pathlib import Path

import click

# File in the new folder: template.
FILES = {
    "bot.py": "bot.py.tmpl",
    "test_bot.py": "test_bot.py.tmpl",
    "compose.yaml": "compose.yaml.tmpl",
    "{name}.service": "unit.service.tmpl",
    ".env.example": "env.tmpl",
    ".gitignore": "gitignore.tmpl",
    "README.md": "README.md.tmpl",
}


@click.command()
@click.argument("folder", metavar="NAME", type=click.Path(path_type=Path))
def new(folder: Path) -> None:
    """Write a new bot: code, test, compose file, systemd unit.

    They go into a folder of that name. Nothing that is there is overwritten.
    """
    name = unit_name(folder.resolve().name)
    values = {
        "name": name,
        "title": folder.resolve().name,
        "folder": str(folder.resolve()),
        "python": sys.executable,
    }
    files = {folder / path.format(name=name): text_of(each, values) for path, each in FILES.items()}
    taken = [str(path) for path in files if path.exists() or path.is_symlink()]
    if taken:
        raise click.ClickException(
            f"{', '.join(taken)}: there already. Nothing was written; choose another name."
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, text in files.items():
            # "x": whoever made the file since we looked keeps it.
            with path.open("x", encoding="utf-8") as file:
                file.write(text)
            click.echo(f"wrote {path}")
    except OSError as error:
        raise click.ClickException(f"Cannot write {error.filename}: {error.strerror}.") from error
    click.echo(f"\nNext: cd {folder} && pytest; then see README.md.")


def unit_name(name: str) -> str:
    """The name as systemd and files take it.

    Raises:
        UsageError: if nothing is left of it."""
    plain = re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-").lower()
    if not plain:
        raise click.UsageError(f"{name!r} is no name for a folder with a bot.")
    return plain


def text_of(template: str, values: dict[str, str]) -> str:
    """A template with its blanks filled in."""
    place = importlib.resources.files("signalbot.cli") / "templates" / template
    return string.Template(place.read_text(encoding="utf-8")).substitute(values)
