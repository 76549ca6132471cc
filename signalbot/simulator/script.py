"""The fixed conversation of ``signalbot demo --script``."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable
from typing import Any, TextIO

from signalbot.bot import SignalBot
from signalbot.simulator.demo_bot import make_bot
from signalbot.testing import FakeSignal

_PATIENCE = 10.0  # seconds for each step
_UNKNOWN = "hologramMessage"


class Script:
    """Plays each step against a real bot on the stand-in server, and says how it went."""

    def __init__(self, server: FakeSignal, bot: SignalBot, out: TextIO, aside: TextIO) -> None:
        self._server = server
        self._bot = bot
        self._out = out
        self._aside = aside
        self._alice = server.add_person("Alice", number="+4915199999999")
        self._group = server.add_group("Lunch", [self._alice])
        self._unknown: list[str] = []
        bot.on_unknown(self._note_unknown)

    def play(self) -> bool:
        """Run all steps; True if every one passed."""
        steps: list[tuple[str, Callable[[], bool]]] = [
            ("a command is answered", self._command),
            ("an argument is converted", self._argument),
            ("a wrong argument gets a usage line", self._usage),
            ("a message is reacted to", self._reaction),
            ("a group message is answered in the group", self._group_message),
            ("an attachment is fetched", self._attachment),
            ("an unknown frame is an event", self._unknown_frame),
            ("a failing handler ends in the dead letters", self._failure),
            ("the bot still answers", self._command),
        ]
        passed = True
        for name, step in steps:
            try:
                good = step()
            except (TimeoutError, AssertionError) as error:
                self._print(f"    ({type(error).__name__})")
                good = False
            passed = passed and good
            print(f"{'PASS' if good else 'FAIL'} {name}", file=self._out, flush=True)
        return passed

    def _say(self, text: str | None, *, group: bool = False, **parts: Any) -> int:
        where = "Lunch" if group else "direct"
        self._print(f"    Alice ({where}): {text or '[attachment]'}")
        where_to = self._group if group else None
        return self._server.say(self._alice, text, group=where_to, **parts)

    def _answer(self, before: int) -> str:
        sent = self._server.wait_for(
            lambda: self._server.sent[before:], _PATIENCE, "an answer of the bot"
        )
        text = sent[0].text or ""
        self._print(f"    bot: {text}")
        return text

    def _ask(self, text: str | None, **parts: Any) -> str:
        before = len(self._server.sent)
        self._say(text, **parts)
        return self._answer(before)

    def _command(self) -> bool:
        return self._ask("/ping") == "pong"

    def _argument(self) -> bool:
        return "90 seconds" in self._ask("/wait 1m30s")

    def _usage(self) -> bool:
        return "/wait" in self._ask("/wait soonish")

    def _reaction(self) -> bool:
        target = self._say("thank you, bot")
        self._server.wait_for(
            lambda: [one for one in self._server.reactions if one.target == target],
            _PATIENCE,
            "a reaction",
        )
        self._print("    bot: [reacts]")
        return True

    def _group_message(self) -> bool:
        before = len(self._server.sent)
        self._say("who am I?", group=True)
        answer = self._answer(before)
        return "Alice" in answer and self._server.sent[before].group == self._group.internal_id

    def _attachment(self) -> bool:
        answer = self._ask(None, attachments=[("notes.txt", b"hello " * 20)])
        return "notes.txt" in answer and "120 bytes" in answer

    def _unknown_frame(self) -> bool:
        frame = self._server.frame(self._alice, "from the future")
        frame["envelope"][_UNKNOWN] = frame["envelope"].pop("dataMessage")
        self._print(f"    server: [a frame with {_UNKNOWN}]")
        self._server.push(frame)
        self._wait_for(lambda: bool(self._unknown))
        return self._unknown == [_UNKNOWN]

    def _failure(self) -> bool:
        self._say("/fail")
        self._wait_for(lambda: len(self._bot.dead_letters.list()) == 1)
        (letter,) = self._bot.dead_letters.list()
        self._print(f"    dead letters: {letter.reason}, {letter.error_type}")
        return letter.error_type == "RuntimeError"

    def _wait_for(self, condition: Callable[[], bool]) -> None:
        """Wait for something that happens in the bot, where the server notices nothing."""
        deadline = time.monotonic() + _PATIENCE
        pause = threading.Event()
        while not condition():
            if time.monotonic() > deadline:
                raise TimeoutError
            pause.wait(0.02)

    def _note_unknown(self, ctx: Any) -> None:
        self._unknown.append(ctx.event.member)

    def _print(self, line: str) -> None:
        print(line, file=self._aside, flush=True)


def play_script(out: TextIO, aside: TextIO) -> int:
    """Play the demo's conversation on a stand-in of its own; the exit code tells.

    Args:
        out: gets one line for each step, ``PASS`` or ``FAIL`` and its name.
        aside: gets what was said, for people who watch.
    """
    with tempfile.TemporaryDirectory(prefix="signalbot-demo-") as state, FakeSignal() as server:
        bot = make_bot(
            phone_number=server.number, signal_service=server.url, state_dir=state, retry=None
        )
        script = Script(server, bot, out, aside)
        with bot:
            passed = script.play()
    print("all steps passed" if passed else "some steps failed", file=aside)
    return 0 if passed else 1
