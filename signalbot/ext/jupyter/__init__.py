"""Signalbot in a notebook: ``%load_ext signalbot.ext.jupyter``, or import it."""

from __future__ import annotations

from typing import Any

from signalbot.ext.jupyter.live import LiveTable, live
from signalbot.ext.jupyter.pictures import HourPicture, plots
from signalbot.runtime.interactive import switch

__all__ = ["HourPicture", "LiveTable", "live", "plots", "switch_on"]


def switch_on() -> None:
    """Have bots behave as in a notebook where IPython does not run; for bots made afterwards.

    Under IPython, Jupyter included, nobody needs to say it."""
    switch(True)


def load_ipython_extension(shell: Any) -> None:
    """``%load_ext signalbot.ext.jupyter``: puts ``live`` and ``plots`` at hand, unless taken."""
    switch(True)
    for name, function in (("live", live), ("plots", plots)):
        shell.user_ns.setdefault(name, function)


def unload_ipython_extension(shell: Any) -> None:
    """``%unload_ext signalbot.ext.jupyter``: takes the names away again."""
    switch(False)
    for name, function in (("live", live), ("plots", plots)):
        if shell.user_ns.get(name) is function:
            del shell.user_ns[name]
