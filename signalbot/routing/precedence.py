"""The order of handlers, and which of them can never have their turn."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from signalbot.routing.command_names import CommandName
from signalbot.routing.handlers import Handler
from signalbot.routing.registration import Role


def in_order(handlers: Sequence[Handler]) -> list[Handler]:
    """By priority, then as registered; but ``todo add`` is asked before ``todo``."""
    seen: dict[tuple[int, bool, tuple[str, ...]], int] = {}
    keys: dict[Handler, tuple[int, int, int, int]] = {}
    for index, handler in enumerate(handlers):
        # A command moves up to the first one whose name its own name continues.
        anchor = min(
            (
                seen.get((handler.priority, name.is_literal, name.words[:count]), index)
                for name in handler.names
                for count in range(1, len(name.words))
            ),
            default=index,
        )
        for name in handler.names:
            seen.setdefault((handler.priority, name.is_literal, name.words), index)
        words = max((len(name.words) for name in handler.names), default=0)
        keys[handler] = (-handler.priority, anchor, -words, index)
    return sorted(handlers, key=keys.__getitem__)


def shadowed(handlers: Sequence[Handler], prefixes: Iterable[str]) -> list[str]:
    """A sentence for each handler, or name of a command, that an earlier one always takes."""
    found: list[str] = []
    taken: dict[str, Handler] = {}
    takers: list[Handler] = []
    for handler in handlers:
        if handler.role not in (Role.COMMAND, Role.EVENT):
            continue
        taker = next((each for each in takers if covers(each, handler)), None)
        if taker is not None:
            found.append(
                f"{handler.place}: {label(handler)} never runs: {label(taker)} at {taker.place} "
                "takes all such events"
            )
        for spelling in spellings(handler.names, prefixes):
            earlier = taken.get(spelling)
            if earlier is not None and earlier is not handler:
                found.append(
                    f"{handler.place}: command {spelling!r} of {label(handler)} is taken by "
                    f"{label(earlier)} at {earlier.place}"
                )
            elif is_greedy(handler):
                taken[spelling] = handler
        if not handler.is_command and is_greedy(handler):
            takers.append(handler)
    return found


def covers(taker: Handler, handler: Handler) -> bool:
    return handler.kinds <= taker.kinds and (taker.own or not handler.own)


def is_greedy(handler: Handler) -> bool:
    """Whether it keeps everything that reaches it, as far as can be seen from outside."""
    skips = "skip" in getattr(getattr(handler.fn, "__code__", None), "co_names", ())
    return handler.filter is None and not skips and not handler.permission.rules


def spellings(names: Iterable[CommandName], prefixes: Iterable[str]) -> list[str]:
    """All that may stand in a message for these names; one spelling for each."""
    found: dict[str, None] = {}
    for name in names:
        if name.is_literal:
            found[" ".join(name.words)] = None
        else:
            found.update(dict.fromkeys(prefix + " ".join(name.words) for prefix in prefixes))
    return list(found)


def label(handler: Handler) -> str:
    """A handler by its decorator and its own name."""
    return f"@{handler.decorator} {handler.name.rpartition('.')[2]}"
