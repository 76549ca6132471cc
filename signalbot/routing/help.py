"""The text that ``/help`` answers with: what this sender may use in this chat."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from signalbot.model.similar import similar
from signalbot.routing.command_names import CommandName, fold
from signalbot.routing.event_kinds import COMMAND_KINDS
from signalbot.routing.filters import where
from signalbot.routing.handlers import Handler
from signalbot.routing.options import Options
from signalbot.routing.places import here
from signalbot.routing.registration import Description, Registration, Role, Trigger

CLOSE_ENOUGH = 0.7
CLOSE_WITHOUT_PREFIX = 0.8
"""A single word without a prefix may be ordinary talk, so it must be closer."""


class Help:
    """Describes the commands of a bot, and guesses which one was meant."""

    def __init__(
        self, commands: Sequence[Handler], prefixes: Sequence[str], name: str | None
    ) -> None:
        self._commands = [each for each in commands if is_described(each)]
        self._prefixes = tuple(filter(None, prefixes))
        self._prefix = self._prefixes[0] if self._prefixes else ""
        self._name = name

    def text(self, ctx: Any, topic: str = "") -> str:
        """All commands in a line each, or one of them in full."""
        usable = self.usable(ctx)
        if topic:
            return self._one(topic, usable)
        lines = [self._line(each) for each in usable]
        if any(each.description.details or len(each.names) > 1 for each in usable) and self._name:
            lines += ["", f"{self._prefix}{self._name} <command> says more about one of them."]
        return "\n".join(["Commands:", *lines])

    def usable(self, ctx: Any) -> list[Handler]:
        """The commands that are open to the sender, in this chat."""
        return [
            each
            for each in self._commands
            if each.permission.decide(ctx).is_allowed and (each.filter is None or each.filter(ctx))
        ]

    def suggestion(self, ctx: Any, *, allow_bare: bool) -> str | None:
        """A "did you mean" for an unknown command, in direct chats; None if nothing is close."""
        words = (ctx.text or "").split()
        if not words or not ctx.is_direct:
            return None
        prefix = next((each for each in self._prefixes if words[0].startswith(each)), "")
        if not prefix and not (allow_bare and len(words) == 1):
            return None
        names = {
            fold(name.shown("")): (name, name.shown(prefix or self._prefix))
            for each in self.usable(ctx)
            for name in each.names
        }
        called = fold(" ".join(words)[len(prefix) :])
        cutoff = CLOSE_ENOUGH if prefix else CLOSE_WITHOUT_PREFIX
        # As many words as the longest name has: "todo ad milk" is closest to "todo add".
        longest = max((len(name.words) for name, _ in names.values()), default=0)
        for count in range(min(longest, len(words)), 0, -1):
            attempt = " ".join(called.split()[:count])
            near = similar(attempt, names, cutoff=cutoff)
            if near:
                return f"Did you mean {names[near][1]}?"
        return None

    def registration(self) -> Registration | None:
        """The built-in command, unless it has no name, or nothing to tell."""
        if not self._name or not self._commands:
            return None
        trigger = Trigger(
            "command",
            Role.COMMAND,
            COMMAND_KINDS,
            (CommandName.parse(self._name, here()),),
            filter=where(lambda ctx: bool(self.usable(ctx)), "something to tell"),
        )

        def help_command(ctx: Any, *topic: str) -> str:
            return self.text(ctx, " ".join(topic))

        return Registration.of(
            help_command, trigger, Options(), Description("What I can do.", is_hidden=True)
        )

    def _line(self, command: Handler) -> str:
        usage = command.usage(self._called(command))
        summary = command.description.summary
        return f"{usage} – {summary}" if summary else usage

    def _one(self, topic: str, usable: Iterable[Handler]) -> str:
        asked = fold(topic)
        prefix = next((each for each in self._prefixes if asked.startswith(fold(each))), "")
        wanted = asked[len(prefix) :]
        usable = list(usable)
        for command in usable:
            if any(fold(name.written) in (asked, wanted) for name in command.names):
                return self._full(command)
        known = [fold(name.written) for each in usable for name in each.names]
        near = similar(wanted, known, cutoff=CLOSE_ENOUGH)
        return f"There is no command {topic}." + (f" Did you mean {near}?" if near else "")

    def _full(self, command: Handler) -> str:
        description = command.description
        lines = [command.usage(self._called(command))]
        lines += [text for text in (description.summary, description.details) if text]
        others = [name.shown(self._prefix) for name in command.names[1:]]
        if others:
            lines.append(f"Also: {', '.join(others)}")
        return "\n".join(lines)

    def _called(self, command: Handler) -> str:
        return command.names[0].shown(self._prefix) if command.names else ""


def is_described(handler: Handler) -> bool:
    """Whether the help can show it: a pattern needs a usage line of its own."""
    shown = handler.names or handler.description.usage
    return bool(shown) and not handler.description.is_hidden
