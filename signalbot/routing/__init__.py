"""Which handler gets an event: decided in pure code, without a thread, a socket or a clock."""

from __future__ import annotations

from signalbot.routing.class_style import Command, command
from signalbot.routing.filter_algebra import Filter
from signalbot.routing.grammar import Rest
from signalbot.routing.limits import Limit
from signalbot.routing.router import Router
from signalbot.routing.table import RoutingSettings, RoutingTable
from signalbot.routing.usage import UsageError

__all__ = [
    "Router",
    "Command",
    "command",
    "Filter",
    "Rest",
    "Limit",
    "UsageError",
    "RoutingSettings",
    "RoutingTable",
]
