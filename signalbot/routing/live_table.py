"""A routing table that follows what is registered while the bot runs."""

from __future__ import annotations

from collections.abc import Callable

from signalbot.routing.router import Router
from signalbot.routing.table import RoutingSettings, RoutingTable


class LiveTable:
    """Call it for the table of this moment; it is made anew when a handler came since."""

    def __init__(
        self, router: Router, settings: RoutingSettings, *, on_warning: Callable[[str], None]
    ) -> None:
        self._router = router
        self._registrar = router._registrar  # asked twice for each message
        self._settings = settings
        self._on_warning = on_warning
        # Replaced as a whole: readers see an old pair or a new one, never a mixture.
        self._known: tuple[int, RoutingTable] | None = None

    def __call__(self) -> RoutingTable:
        known = self._known
        revision = self._registrar.revision
        if known is None or known[0] != revision:
            table = self._router.compile(self._settings)
            for warning in table.warnings:
                self._on_warning(warning)
            known = self._known = (revision, table)
        return known[1]
