"""``signalbot send``."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from signalbot.cli.options import client_of, note, settings_options

if TYPE_CHECKING:
    from signalbot.infrastructure.api_service import SentMessage, SignalClient
    from signalbot.model import Group
    from signalbot.settings import Settings

PARTIAL = 3
_WORTH_A_BAR = 512 * 1024


@click.command()
@click.argument("words", metavar="TO... [TEXT]", nargs=-1)
@click.option("--text", "-m", help="The text; then all arguments are recipients.")
@click.option(
    "--group", "-g", "groups", multiple=True, metavar="NAME", help="A group by name or id."
)
@click.option(
    "--attach",
    "-a",
    "files",
    multiple=True,
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Send a file along.",
)
@click.option("--styled", "is_styled", is_flag=True, help="Read *italic*, **bold**, ~struck~ ...")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@settings_options("phone_number", "signal_service")
def send(
    settings: Settings,
    words: tuple[str, ...],
    text: str | None,
    groups: tuple[str, ...],
    files: tuple[Path, ...],
    is_styled: bool,
    as_json: bool,
) -> None:  # fmt: skip
    """Send a message.

    TO is a number, uuid, username or group id; the last argument is the text. Without a text,
    or with -, it is read from standard input:

    \b
        signalbot send +4915187654321 "Dinner is ready"
        df -h | signalbot send --group Admins
        signalbot send +4915187654321 -m "Look" --attach cat.jpg

    Prints the timestamp. Exit code 0: sent; 1: failed; 3: some recipients were not reached.
    """
    people, text = split_words(words, text, has_groups=bool(groups))
    if text == "-" or (text is None and not files):
        text = read_text()
    if not text and not files:
        raise click.UsageError("The text is empty: there is nothing to send.")
    with client_of(settings) as client:
        to: list[Any] = [*people, *(group_named(client, name) for name in groups)]
        if not to:
            raise click.UsageError("Nobody to send to: give a recipient, or --group NAME.")
        try:
            with progress(files) as on_progress:
                sent = client.messages.send(
                    to, text, attachments=files, styled=is_styled, on_progress=on_progress
                )
        except (ValueError, OSError) as error:  # a file that is empty, too large, not readable
            raise click.ClickException(f"Not sent: {error}.") from error
    report(sent, as_json)
    if sent.failed:
        sys.exit(PARTIAL)


def split_words(
    words: tuple[str, ...], text: str | None, *, has_groups: bool
) -> tuple[list[str], str | None]:
    """Recipients and text: the last word is the text unless it is an address itself.

    Raises:
        UsageError: if a recipient is none.
    """
    recipients = list(words)
    is_text_last = bool(words) and (words[-1] == "-" or not is_address(words[-1]))
    if text is None and is_text_last and (len(words) > 1 or has_groups):
        text = recipients.pop()
    for word in recipients:
        if not is_address(word):
            raise click.UsageError(
                f"{word!r} is no number (+4915...), uuid, username (alice.42) or group id. "
                "A text of several words needs quotes, a group's name needs --group."
            )
    return recipients, text


def is_address(word: str) -> bool:
    from signalbot.model import Chat

    try:
        Chat.parse(word)
    except ValueError:
        return False
    return True


def read_text() -> str:
    """Standard input to its end.

    Raises:
        UsageError: if a person sits there, or it is empty.
    """
    if sys.stdin.isatty():
        raise click.UsageError("No text: give it as the last argument, or pipe it in.")
    text = sys.stdin.read().rstrip("\n")
    if not text:
        raise click.UsageError("Standard input is empty: there is nothing to send.")
    return text


def group_named(client: SignalClient, name: str) -> Group:
    """The group of that name or id.

    Raises:
        ClickException: if there is none, or if several have the name.
    """
    known = [info for info in client.groups.list() if info.member is not False]
    exact = [info for info in known if name in (info.name, info.id, info.internal_id)]
    found = exact or [info for info in known if info.name.casefold() == name.casefold()]
    if len(found) == 1:
        return found[0].group
    if found:
        ids = "\n".join(f"  {info.id}" for info in found)
        raise click.ClickException(f"{len(found)} groups are called {name!r}; give an id:\n{ids}")
    raise click.ClickException(f"There is no group {name!r}: see 'signalbot groups'.")


@contextlib.contextmanager
def progress(files: tuple[Path, ...]) -> Iterator[Callable[[int, int], None] | None]:
    """A bar for an upload that takes long, if somebody watches; None if there is none."""
    size = sum(file.stat().st_size for file in files)
    if size < _WORTH_A_BAR or not sys.stderr.isatty():
        yield None
        return
    with click.progressbar(length=size, label="Sending", file=sys.stderr) as bar:

        def advance(done: int, total: int) -> None:
            bar.length = total
            bar.update(done - bar.pos)

        yield advance


def report(sent: SentMessage, as_json: bool) -> None:
    """Print what came of it: the timestamp on standard output, trouble on the other."""
    failed = [{"recipient": one.recipient.id, "reason": str(one.reason)} for one in sent.failed]
    if as_json:
        recipients = [one.id for one in sent.recipients]
        result = {"timestamp": sent.timestamp, "recipients": recipients, "failed": failed}
        click.echo(json.dumps(result))
        return
    click.echo(str(sent.timestamp))
    for one in failed:
        note(f"not sent to {one['recipient']}: {one['reason']}")
