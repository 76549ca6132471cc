"""What every check of ``signalbot doctor`` hands back."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Check:
    """One thing that was looked at.

    Attributes:
        fix: what to do if it is not ok; advice if it is.
    """

    name: str
    ok: bool
    detail: str
    fix: str = ""


Look = Callable[[], Check]


@dataclass(frozen=True)
class Step:
    """A check, and the names of those without which it would say nothing."""

    name: str
    look: Look
    needs: tuple[str, ...] = ()


def run_steps(steps: Iterable[Step]) -> tuple[list[Check], dict[str, str]]:
    """The checks that were made, and the names of the others with what they waited for."""
    made: list[Check] = []
    left_out: dict[str, str] = {}
    good: set[str] = set()
    for step in steps:
        missing = next((name for name in step.needs if name not in good), None)
        if missing is not None:
            left_out[step.name] = missing
            continue
        check = step.look()
        made.append(check)
        if check.ok:
            good.add(check.name)
    return made, left_out
