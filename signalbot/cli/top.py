"""``signalbot top``."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from signalbot.cli.options import is_terminal, settings_options, styled

if TYPE_CHECKING:
    from signalbot.settings import Settings

_PACKAGE = str(Path(__file__).resolve().parents[1])


@click.command()
@click.option("--once", is_flag=True, help="Print the state of this moment and end.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, an object a line.")
@click.option(
    "--interval",
    type=click.FloatRange(min=0.1),
    default=1.0,
    show_default=True,
    help="Seconds between two looks.",
)
@click.option("--stacks", is_flag=True, help="Show all of each handler's stack.")
@settings_options("phone_number", "signal_service", "state_dir")
def top(
    settings: Settings, once: bool, as_json: bool, interval: float, stacks: bool
) -> None:  # fmt: skip
    """Watch what a running bot is doing.

    Running handlers with where they are, conversations that wait for an answer, the queue, the
    backlog on disk, the circuit breakers. Chats are shown as hashes, messages never. Works on
    the machine of the bot, for its user.
    """
    from signalbot.cli.dlq import directory_of
    from signalbot.infrastructure.control import ask_status

    directory = directory_of(settings)
    is_live = not once and not as_json and is_terminal()
    try:
        while True:
            status = ask_status(directory)
            if as_json:
                click.echo(json.dumps(status, indent=2 if once else None))
            else:
                if is_live:
                    click.clear()
                click.echo("\n".join(lines_of(status, stacks)))
            if once:
                return
            time.sleep(interval)
    except KeyboardInterrupt:
        return


def lines_of(status: dict[str, Any], stacks: bool) -> list[str]:
    """The status as a person reads it."""
    pool, inbox = status.get("pool", {}), status.get("inbox", {})
    connected = styled("connected", fg="green")
    link = connected if status["connected"] else styled("not connected", fg="red")
    count, waiting = pool.get("running", 0), pool.get("parked", 0)
    queued, chats = pool.get("queued", 0), pool.get("chats", 0)
    pending, spilled = inbox.get("pending", 0), inbox.get("spilled", 0)
    size, dead = inbox.get("bytes", 0) // 1024, inbox.get("dead_letters", 0)
    lines = [
        f"signalbot process {status['pid']}: {status['state']}, {link}",
        f"up        {duration(status['uptime'])}; connections made: {status.get('connections', 0)}",
        f"handlers  {count} running, {waiting} waiting for an answer",
        f"queue     {queued} messages; {chats} chats at work",
        f"inbox     {pending} pending, {spilled} of them on disk only, {size} KiB",
        f"dead      {dead} dead letters",
        "breakers  " + ", ".join(breaker(*item) for item in status["breakers"].items()),
    ]
    for title, entries in (("RUNNING", status.get("running", [])),
                           ("WAITING FOR AN ANSWER", status.get("parked", []))):  # fmt: skip
        if entries:
            lines += ["", styled(title, bold=True)]
        for entry in sorted(entries, key=lambda each: -each["age"]):
            lines += handler_lines(entry, stacks)
    if status.get("lanes"):
        lines += ["", styled("QUEUED", bold=True)]
        lines += [f"  chat {lane['chat']}  {lane['queued']}" for lane in status["lanes"]]
    return lines


def handler_lines(entry: dict[str, Any], stacks: bool) -> list[str]:
    """A handler, and where it is: in its own code, unless all is asked for."""
    age = f"{entry['age']:8.1f} s"
    late = styled(" beyond its deadline", fg="red") if entry.get("expired") else ""
    name = entry["handler"] or entry["kind"]
    attempt = f", attempt {entry['attempt']}" if entry["attempt"] > 1 else ""
    lines = [f"  {age}  {name}  chat {entry['chat']}{attempt}{late}"]
    frames = entry.get("stack", [])
    if not stacks:
        own = [frame for frame in frames if not frame["file"].startswith(_PACKAGE)]
        # The first one is the thread's own beginning.
        frames = [frame for frame in own if Path(frame["file"]).name != "threading.py"][-3:]
    return lines + [f"              {f['file']}:{f['line']} {f['function']}" for f in frames]


def breaker(family: str, facts: dict[str, Any]) -> str:
    """A circuit breaker in two words."""
    state = facts["state"]
    if state == "closed":
        return f"{family} ok"
    return styled(f"{family} {state} (next try in {facts['retry_after']:g} s)", fg="red")


def duration(seconds: float) -> str:
    """Seconds in the two largest units."""
    whole = int(seconds)
    for size, unit, smaller, name in ((86400, "d", 3600, "h"), (3600, "h", 60, "min")):
        if whole >= size:
            return f"{whole // size} {unit} {whole % size // smaller} {name}"
    return f"{whole // 60} min {whole % 60} s" if whole >= 60 else f"{whole} s"
