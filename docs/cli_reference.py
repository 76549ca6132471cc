"""Writes docs/cli.md from the commands themselves: python docs/cli_reference.py"""

# ruff: noqa: E501 - rows of a Markdown table cannot be broken

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from signalbot.cli.commands import COMMANDS, cli

PAGE = Path(__file__).with_name("cli.md")

HEAD = """\
# Command line

`pip install 'signalbot-sync[cli]'` brings the command `signalbot`; `python -m signalbot` is the same.

Settings are options, variables or lines in `.env`, under [the same names](settings.md): `--phone-number` is `SIGNAL_PHONE_NUMBER`, `--signal-service` (short: `--service`) is `SIGNAL_SERVICE`,
`--state-dir` is `SIGNAL_STATE_DIR`. Results go to standard output, everything else to standard error; there are no colours in a pipe, nor with `NO_COLOR`.

| exit code | means |
| --- | --- |
| 0 | done |
| 1 | failed, or the answer is no (`doctor`, `explain`, `audit-api`) |
| 2 | called wrongly |
| 3 | `send`: some recipients were reached, others not |

Tab completion: `eval "$(signalbot completion bash)"`, and [the same for zsh and fish](#signalbot-completion).

"""

NOTES = {
    "run": """\
With `--reload` the process, its websocket and its inbox stay; only the handlers are replaced: the file is executed anew, with the modules that it imports from its own folder, and what it registers takes the
place of what was registered before. A message that is being handled comes to its end in the old code. Settings count from the next start on, and the program is told so. Variables of the module start
from scratch: keep what must last in `bot.storage`.

`bot.run()` at the end of the file does not get in the way. What starts a bot in another fashion belongs under `if __name__ == "__main__":`.
""",
    "doctor": """\
| check | what is looked at |
| --- | --- |
| `settings` | is it known which account is meant |
| `directory` | can this user keep private files in the state directory, and is there room |
| `owner` | does a bot receive for the account already, here or under another spelling of the server's address; `--running` wants one |
| `server` | does signal-cli-rest-api answer at the address |
| `version` | is it new enough |
| `mode` | does its `MODE` fit `receive_mode` |
| `clock` | do the clocks agree (if the server, or a proxy, tells the time) |
| `account` | does the server have the number, spelled exactly like this |
| `socket` | does the websocket open, and is a ping answered |
| `webhook` | do posts arrive (if `webhook_listen` is set, or `--webhook-url` given) |
| `send` | does a note to self go out (with `--send`) |

A check that rests on one that failed is left out. `--json` prints `{"ok": bool, "checks": [{"name", "ok", "detail", "fix"}]}`.
`HEALTHCHECK CMD signalbot doctor --running` suits a container.
""",
    "top": """\
It asks the bot through the socket `control.sock` in its state directory, which only answers and changes nothing. The directory is open to the bot's own user alone.
""",
}


def page() -> str:
    """The whole page."""
    parts = [HEAD]
    for name in COMMANDS:
        command = cli.get_command(click.Context(cli), name)
        assert command is not None
        parts += section(f"signalbot {name}", command, "##")
        if name in NOTES:
            parts.append(NOTES[name] + "\n")
    return "".join(parts).rstrip("\n") + "\n"


def section(path: str, command: click.Command, mark: str) -> Iterator[str]:
    """A command under a heading; a group with its commands below."""
    ctx = click.Context(command, info_name=path)
    yield f"{mark} {path}\n\n"
    yield f"{text_of(command.help or '')}\n\n"
    yield f"```text\n{path} {' '.join(command.collect_usage_pieces(ctx))}\n```\n\n"
    options = [param for param in command.get_params(ctx) if isinstance(param, click.Option)]
    rows = [record for option in options if (record := option.get_help_record(ctx))]
    rows = [(names, text) for names, text in rows if "--help" not in names]
    if rows:
        yield "| option | |\n| --- | --- |\n"
        yield from (f"| `{names}` | {cell(text)} |\n" for names, text in rows)
        yield "\n"
    if isinstance(command, click.Group):
        for name, inner in command.commands.items():
            yield from section(f"{path} {name}", inner, mark + "#")


def text_of(help_text: str) -> str:
    """Help as Markdown: one line a paragraph, the literal parts as they are."""
    paragraphs = []
    for paragraph in help_text.split("\n\n"):
        if paragraph.startswith("\b"):
            lines = [line.removeprefix("    ") for line in paragraph.splitlines()[1:]]
            paragraphs.append("```sh\n" + "\n".join(lines) + "\n```")
        else:
            paragraphs.append(" ".join(paragraph.split()))
    return "\n\n".join(paragraphs)


def cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").replace("*", "\\*").replace("~", "\\~").split())


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(f"wrote {PAGE}", file=sys.stderr)
