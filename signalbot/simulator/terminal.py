"""A chat with a bot in the terminal, on the stand-in server."""

from __future__ import annotations

import shlex
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

from signalbot.bot import SignalBot
from signalbot.simulator.stage import BotOrFactory, number_of, on_stage
from signalbot.testing import FakeSignal

HELP = """\
Write a message and press Enter. What starts with a dot is for the simulator:
  .as NAME        write as somebody else       .group       switch to the group and back
  .attach FILE    send a file                  .react 👍    react to the bot's last message
  .dead           list the dead letters        .quit        end"""


class TerminalChat:
    """Reads lines, sends them as somebody's messages, prints what the bot does."""

    def __init__(
        self, server: FakeSignal, bot: SignalBot, *, lines: Callable[[], str | None], out: TextIO
    ) -> None:
        self._server = server
        self._bot = bot
        self._lines = lines
        self._out = out
        self._people: dict[str, Any] = {}
        self._who = self._person("Alice")
        self._group = server.add_group("Lunch", [self._who, self._person("Bob")])
        self._in_group = False
        self._ended = threading.Event()
        self._said = 0  # frames for the bot
        self._shown = 0
        self._reactions_shown = 0

    def run(self) -> None:
        """Chat until the lines end or ``.quit``."""
        self._print(HELP)
        watcher = threading.Thread(target=self._watch, name="signalbot-demo-watch", daemon=True)
        watcher.start()
        try:
            while (line := self._lines()) is not None:
                if not self._take(line.strip()):
                    break
        finally:
            self._settle()
            self._ended.set()
            self._server.logs.ring()
            watcher.join(2)
            self._show()

    def _take(self, line: str) -> bool:
        if not line:
            return True
        if not line.startswith(".") or line.startswith(".."):
            self._server.say(self._who, line, group=self._group if self._in_group else None)
            self._said += 1
            return True
        word, _, rest = line[1:].partition(" ")
        if word == "quit":
            return False
        commands: dict[str, Callable[[str], None]] = {
            "as": self._become,
            "group": self._switch,
            "attach": self._attach,
            "react": self._react,
            "dead": self._dead_letters,
        }
        commands.get(word, self._help)(rest.strip())
        return True

    def _help(self, rest: str) -> None:
        self._print(HELP)

    def _become(self, name: str) -> None:
        self._who = self._person(name or "Alice")
        self._print(f"(you are {name or 'Alice'})")

    def _switch(self, rest: str) -> None:
        self._in_group = not self._in_group
        self._print("(in the group Lunch)" if self._in_group else "(in the direct chat)")

    def _attach(self, rest: str) -> None:
        try:
            path = Path(shlex.split(rest)[0])
            data = path.read_bytes()
        except (OSError, ValueError, IndexError) as error:
            self._print(f"(cannot attach: {error})")
            return
        group = self._group if self._in_group else None
        self._server.say(self._who, None, group=group, attachments=[(path.name, data)])
        self._said += 1

    def _react(self, emoji: str) -> None:
        if not self._server.sent:
            self._print("(the bot has said nothing yet)")
            return
        last = self._server.sent[-1]
        self._server.react(
            self._who, emoji or "👍", last.timestamp,
            group=self._group if self._in_group else None,
        )  # fmt: skip
        self._said += 1

    def _dead_letters(self, rest: str) -> None:
        for letter in self._bot.dead_letters.list():
            self._print(f"  {letter.id}: {letter.reason} {letter.error_type} in {letter.handler}")
        self._print(f"({len(self._bot.dead_letters.list())} dead letters)")

    def _person(self, name: str) -> Any:
        if name not in self._people:
            number = f"+49151{10_000_000 + len(self._people)}"
            self._people[name] = self._server.add_person(name, number=number)
        return self._people[name]

    def _watch(self) -> None:
        def news() -> bool:
            return (
                self._ended.is_set()
                or len(self._server.sent) > self._shown
                or len(self._server.reactions) > self._reactions_shown
            )

        while not self._ended.is_set():
            try:
                self._server.wait_for(news, 3600.0, "something to show")
            except TimeoutError:
                continue
            self._show()

    def _show(self) -> None:
        sent = self._server.sent
        for message in sent[self._shown :]:
            where = " (Lunch)" if message.group else ""
            files = "".join(f" [{one.filename}]" for one in message.attachments)
            self._print(f"bot{where}: {message.text or ''}{files}")
        self._shown = len(sent)
        reactions = self._server.reactions
        for reaction in reactions[self._reactions_shown :]:
            self._print(f"bot: [reacts {reaction.emoji}]")
        self._reactions_shown = len(reactions)

    def _settle(self) -> None:
        """Lines from a pipe end before the answers come: wait until the bot has nothing to do."""
        deadline = time.monotonic() + 5.0
        while time.monotonic() < deadline:
            inbox = self._bot.stats()["inbox"]
            arrived = inbox["recorded"] + inbox["duplicates"] + inbox["unwanted"]
            if not inbox["pending"] and arrived >= self._said:
                return
            self._ended.wait(0.02)
        self._print("(the bot is still busy)")

    def _print(self, text: str) -> None:
        print(text, file=self._out, flush=True)


def chat_in_terminal(bot: BotOrFactory, out: TextIO) -> int:
    """Start the stand-in and the bot, and chat until the input ends."""

    def read() -> str | None:
        try:
            return input()
        except (EOFError, KeyboardInterrupt):
            return None

    with FakeSignal(number=number_of(bot)) as server, on_stage(bot, server) as staged, staged:
        TerminalChat(server, staged, lines=read, out=out).run()
    return 0
