"""``signalbot dlq``: list, show, replay and purge dead letters, or make a test of one."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from signalbot.cli.options import note, settings_options, styled
from signalbot.cli.tables import print_table

if TYPE_CHECKING:
    from signalbot.services.dead_letters import DeadLetter, DeadLetters
    from signalbot.settings import Settings

_account = settings_options("phone_number", "signal_service", "state_dir")
_ids = click.argument("ids", metavar="[ID]...", type=int, nargs=-1)


@click.group()
def dlq() -> None:
    """Dead letters: messages that were given up.

    Works beside a running bot and without one, on the machine where the bot runs.
    """


@dlq.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
@click.option("--reason", help="Only those given up for this reason: error, stuck, rejected ...")
@click.option("--handler", help="Only those of this handler: bot.order")
@click.option("--chat", help="Only those of this chat: a uuid, number, or internal group id.")
@click.option("--kind", help="Only events of this kind: message, reaction ...")
@click.option("--limit", type=click.IntRange(min=1), help="Not more than the newest so many.")
@_account
def list_(settings: Settings, as_json: bool, limit: int | None, **where: Any) -> None:
    """List them, the newest first."""
    letters = letters_of(settings).list(limit=limit, **where)
    if as_json:
        click.echo(json.dumps([letter.to_dict() for letter in letters], indent=2))
        return
    rows = [
        (
            str(letter.id),
            moment(letter.last_at),
            letter.kind,
            letter.reason,
            letter.error_type or "-",
            letter.handler or "-",
            str(letter.attempts),
        )
        for letter in letters
    ]
    head = ("ID", "GIVEN UP", "KIND", "REASON", "ERROR", "HANDLER", "ATTEMPTS")
    print_table(head, rows, empty="There are no dead letters.")


@dlq.command()
@click.argument("id", type=int)
@click.option("--raw", is_flag=True, help="Print the frame alone, with the message's text.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@_account
def show(settings: Settings, id: int, raw: bool, as_json: bool) -> None:
    """Show one with its traceback."""
    letter = letter_of(settings, id)
    if raw:
        sys.stdout.buffer.write(letter.raw + b"\n")
        return
    facts: dict[str, Any] = {
        **letter.to_dict(),
        "error": letter.error,
        "replays": letter.replays,
        "source": letter.source,
    }
    if as_json:
        click.echo(json.dumps({**facts, "traceback": letter.traceback}, indent=2))
        return
    facts["first_at"], facts["last_at"] = moment(letter.first_at), moment(letter.last_at)
    for name, value in facts.items():
        if value not in (None, ""):
            click.echo(f"{styled(name.ljust(11), bold=True)} {value}")
    if letter.traceback:
        click.echo()
        click.echo(letter.traceback.rstrip())
    note(f"\nAgain: signalbot dlq replay {id}. As a test: signalbot dlq to-test {id}")


@dlq.command()
@_ids
@click.option("--all", "all_", is_flag=True, help="All of them.")
@_account
def replay(settings: Settings, ids: tuple[int, ...], all_: bool) -> None:
    """Have them handled again, as if they had just come."""
    from signalbot.cli.checks_local import holder_of

    letters = letters_of(settings)
    count = letters.replay(**which(ids, all_))
    refuse_unknown(ids, count)
    is_running = holder_of(directory_of(settings)) is not None
    when = "the bot takes them within a second" if is_running else "at the bot's next start"
    click.echo(f"{count} to be handled again: {when}." if count else "Nothing to replay.")


@dlq.command()
@_ids
@click.option("--all", "all_", is_flag=True, help="All of them.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@_account
def purge(settings: Settings, ids: tuple[int, ...], all_: bool, yes: bool) -> None:
    """Delete them for good."""
    letters = letters_of(settings)
    wanted = which(ids, all_)
    if all_ and not yes:
        count = letters.count()
        click.confirm(f"Delete {count} dead letter(s) for good?", abort=True, err=True)
    count = letters.purge(**wanted)
    refuse_unknown(ids, count)
    click.echo(f"{count} deleted.")


@dlq.command("to-test")
@click.argument("id", type=int)
@click.option(
    "--output",
    "-o",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where to write; - prints. Default: test_dead_letter_ID.py",
)
@click.option("--bot", "target", metavar="MODULE:NAME", help="Where the test finds the bot.")
@click.option("--keep-text", is_flag=True, help="Leave the message's text as it is.")
@_account
def to_test(
    settings: Settings, id: int, output: Path | None, target: str | None, keep_text: bool
) -> None:  # fmt: skip
    """Make a failing test of one.

    Numbers, names, ids and words are replaced: the test can be shown around. It fails as the
    handler did, as long as that does not hang on a word that was replaced (see --keep-text).
    """
    from signalbot.cli.reproduction import source_of_test

    letter = letter_of(settings, id)
    text = source_of_test(letter, account=settings.phone_number, bot=target, keeps_text=keep_text)
    if output is not None and str(output) == "-":
        click.echo(text, nl=False)
        return
    path = output or Path(f"test_dead_letter_{id}.py")
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise click.ClickException(f"{path} is there already; it was left alone.") from error
    except OSError as error:
        raise click.ClickException(f"Cannot write {path}: {error.strerror}.") from error
    click.echo(f"Wrote {path}. Run: pytest {path}")


def directory_of(settings: Settings) -> Path:
    """Where the account's state is."""
    from signalbot.infrastructure.endpoint import Endpoint
    from signalbot.infrastructure.state_directory import account_directory

    key = Endpoint.parse(settings.signal_service).key
    return account_directory(settings.state_dir, key, settings.phone_number)


def letters_of(settings: Settings) -> DeadLetters:
    """The account's dead letters, read beside the bot."""
    from signalbot.services.dead_letters import DeadLetters

    return DeadLetters(directory_of(settings), lambda: None)


def letter_of(settings: Settings, id: int) -> DeadLetter:
    """One dead letter.

    Raises:
        ClickException: if there is none with this id."""
    letter = letters_of(settings).get(id)
    if letter is None:
        raise click.ClickException(f"There is no dead letter {id}: see 'signalbot dlq list'.")
    return letter


def which(ids: tuple[int, ...], all_: bool) -> dict[str, Any]:
    """The ids or all: exactly one of them must be given."""
    if bool(ids) == all_:
        raise click.UsageError("Give ids, or --all.")
    return {"all": True} if all_ else {"which": list(ids)}


def refuse_unknown(ids: Iterable[int], count: int) -> None:
    """Fail if ids were given and none of them fits."""
    if ids and not count:
        raise click.ClickException("There are no such dead letters: see 'signalbot dlq list'.")


def moment(at: float) -> str:
    """A time as people at this machine read it."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))
