"""``manage.py signalbot_dlq``: list, show, replay and purge dead letters."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from signalbot.errors import SignalBotError
from signalbot.ext.console import dead_letter_lines, dead_letter_text, refuse_unknown
from signalbot.ext.django import get_bot


class Command(BaseCommand):
    """Works beside the running bot, and without one."""

    help = "Lists, shows, replays or purges messages that were given up."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        listing = actions.add_parser("list", help="List them, newest first.")
        listing.add_argument("--json", action="store_true", dest="as_json")
        show = actions.add_parser("show", help="Print one with its traceback and frame.")
        show.add_argument("id", type=int)
        for name, text in (
            ("replay", "Have them handled again by the process that receives."),
            ("purge", "Delete them for good."),
        ):
            changing = actions.add_parser(name, help=text)
            changing.add_argument("ids", type=int, nargs="*", metavar="id")
            changing.add_argument("--all", action="store_true", dest="is_all")
            changing.add_argument("--yes", action="store_true", help="Do not ask.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            getattr(self, f"_{options['action']}")(get_bot().dead_letters, options)
        except SignalBotError as error:
            raise CommandError(str(error)) from error

    def _list(self, letters: Any, options: dict[str, Any]) -> None:
        for line in dead_letter_lines(letters, as_json=options["as_json"]):
            self.stdout.write(line)

    def _show(self, letters: Any, options: dict[str, Any]) -> None:
        letter = letters.get(options["id"])
        if letter is None:
            raise CommandError(f"There is no dead letter {options['id']}.")
        for line in dead_letter_text(letter):
            self.stdout.write(line)

    def _replay(self, letters: Any, options: dict[str, Any]) -> None:
        which = _which(options)
        count = letters.replay(which)
        refuse_unknown(which, count)
        self.stdout.write(str(count))

    def _purge(self, letters: Any, options: dict[str, Any]) -> None:
        which = _which(options)
        if not options["yes"] and not _is_confirmed():
            raise CommandError("Nothing was deleted.")
        count = letters.purge(which)
        refuse_unknown(which, count)
        self.stdout.write(str(count))


def _is_confirmed() -> bool:
    try:
        return input("Delete them for good? [y/N] ").lower() in ("y", "yes")
    except EOFError:
        raise CommandError("Nobody is there to ask: --yes deletes without asking.") from None


def _which(options: dict[str, Any]) -> list[int] | None:
    if bool(options["ids"]) == options["is_all"]:
        raise CommandError("Give ids, or --all.")
    return options["ids"] or None
