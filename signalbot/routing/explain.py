"""Why each handler would run for an event, or would not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from signalbot.model.events import EVENT_TYPES
from signalbot.routing.event_kinds import QUIET_KINDS
from signalbot.routing.handlers import Handler
from signalbot.routing.matches import Arguments, Match
from signalbot.routing.permissions import Permission
from signalbot.routing.registration import Role
from signalbot.routing.usage import UsageError


@dataclass(frozen=True, slots=True)
class Explanation:
    """What became of one handler.

    Attributes:
        matched: whether it fits the event; ``runs`` is true only for those that get it.
        why: the reason in words. It may repeat the message's text: do not log it.
    """

    handler: Handler
    matched: bool
    runs: bool
    why: str

    def __str__(self) -> str:
        handler = self.handler
        sign = "+" if self.runs else "~" if self.matched else "-"
        return f"{sign} @{handler.decorator} {handler.name} ({handler.place}): {self.why}"


class Explanations(list[Explanation]):
    """What became of every handler; printed, it is a line for each."""

    def __str__(self) -> str:
        return "\n".join(map(str, self)) or "there are no handlers"


class Explainer:
    """Asks every handler about one event, as dispatch would, and notes the answers."""

    def __init__(
        self,
        ctx: Any,
        arguments: Mapping[Handler, Arguments],
        *,
        only_own: bool,
        match_of: Any,
    ) -> None:
        self._ctx = ctx
        self._arguments = arguments
        self._only_own = only_own
        self._match_of = match_of
        self._winner: Handler | None = None

    def explain(self, handlers: Iterable[Handler]) -> Explanations:
        """One explanation for each handler, in the order in which they are asked."""
        listed = list(handlers)
        found = {each: self._one(each) for each in listed if each.role is not Role.UNHANDLED}
        # Whether these are asked depends on all others.
        found |= {each: self._one(each) for each in listed if each.role is Role.UNHANDLED}
        return Explanations(found[each] for each in listed)

    def _one(self, handler: Handler) -> Explanation:
        obstacle = self._obstacle(handler)
        if obstacle is not None:
            return Explanation(handler, False, False, obstacle)
        match = self._match_of(handler, self._arguments.get(handler), self._ctx)
        if match is None:
            return Explanation(handler, False, False, self._why_filtered(handler))
        decision = decide(handler.permission, self._ctx)
        if decision is not None:
            return self._matched(handler, f"it matches, but {decision}", False)
        misfit = self._misfit(match)
        if misfit is not None:
            return self._matched(handler, f"it is called, but answers: {misfit}", False)
        reason = (
            f"it matches; {handler.filter.explain(self._ctx)}" if handler.filter is not None else ""
        )
        return self._matched(handler, reason or "it matches", True)

    def _matched(self, handler: Handler, why: str, runs: bool) -> Explanation:
        """Note a match; only the first of those that compete gets the event."""
        if handler.role is Role.OBSERVER:
            return Explanation(handler, True, runs, why)
        if self._winner is not None:
            taken = f"{self._winner.name} at {self._winner.place} comes first"
            return Explanation(handler, True, False, f"{why}; but {taken}")
        self._winner = handler
        return Explanation(handler, True, runs, why)

    def _obstacle(self, handler: Handler) -> str | None:
        """What keeps the event from the handler before its filters are asked."""
        kind = self._ctx.event.kind
        if handler.role is Role.UNHANDLED:
            if self._winner is not None:
                return f"{self._winner.name} has handled it"
            if kind in QUIET_KINDS:
                return f"{kind} events are not offered to it"
        if handler.kinds and kind not in handler.kinds:
            return f"it wants {names(handler.kinds)}, this is {names([kind])}"
        if self._only_own and not handler.own and handler.role is not Role.OBSERVER:
            return "I wrote this to others, and it is registered without own=True"
        if handler.is_command and handler not in self._arguments:
            return why_not_called(handler, self._ctx)
        return None

    def _why_filtered(self, handler: Handler) -> str:
        if handler.filter is None:
            return "it does not match"
        if handler.filter(self._ctx):
            return "a group of its pattern does not fit the parameter's type"
        return str(handler.filter.explain(self._ctx))

    def _misfit(self, match: Match) -> str | None:
        try:
            match.values(self._ctx)
        except UsageError as error:
            return error.message
        return None


def why_not_called(handler: Handler, ctx: Any) -> str:
    if not ctx.text:
        return "there is no text to call it with"
    spellings = [name.shown("") for name in handler.names]
    spellings += [pattern.pattern for pattern, _ in handler.patterns]
    place = "" if ctx.is_direct else ", which needs a prefix in a group"
    return f"the text does not call {' or '.join(spellings)}{place}"


def names(kinds: Iterable[str]) -> str:
    """Kinds by the names of their classes, which is how handlers know them."""
    return ", ".join(sorted(EVENT_TYPES[kind].__name__ for kind in kinds if kind in EVENT_TYPES))


def decide(permission: Permission, ctx: Any) -> str | None:
    decision = permission.decide(ctx)
    return None if decision.is_allowed else decision.reason
