"""The signalbot command."""

from __future__ import annotations

import sys

_HINT = (
    "The signalbot command needs the package 'click':\n"
    "    pip install 'signalbot-sync[cli]'\n"
    "(python -m signalbot decode FILE works without it.)"
)


def main(argv: list[str] | None = None) -> int:  # noqa: RET503 - click's main never returns
    """Run the command line; answers the exit code, or leaves by SystemExit with it."""
    words = sys.argv[1:] if argv is None else argv
    try:
        from signalbot.cli.commands import cli
    except ModuleNotFoundError as error:
        if error.name != "click":
            raise
        return _without_click(words)
    cli.main(args=words, prog_name="signalbot")


def _without_click(words: list[str]) -> int:
    if len(words) == 2 and words[0] == "decode":
        from signalbot.cli.decode import decode_file

        return decode_file(words[1], sys.stdout)
    print(_HINT, file=sys.stderr)
    return 2
