"""Whether the program is typed in piece by piece while it runs: a notebook, IPython."""

from __future__ import annotations

import sys

_is_switched_on = False


def switch(on: bool) -> None:
    """Say that this is such a program, where it cannot be seen; counts for bots made later."""
    global _is_switched_on  # noqa: PLW0603 - one program, one answer
    _is_switched_on = on


def is_interactive() -> bool:
    """Whether a cell may run again: then its handlers replace those of its last run.

    IPython is not imported for it: who runs under it has it."""
    if _is_switched_on:
        return True
    ipython = sys.modules.get("IPython")
    get_shell = getattr(ipython, "get_ipython", None)
    return get_shell is not None and get_shell() is not None
