"""What is wrong with a bot, as far as it shows without starting it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from signalbot.errors import RegistrationError
from signalbot.routing.router import Router
from signalbot.routing.table import RoutingSettings

if TYPE_CHECKING:
    from signalbot.settings import Settings

_LOOPBACK = ("127.", "localhost:", "[::1]:")


@dataclass(frozen=True)
class Finding:
    """One thing that was found.

    Attributes:
        level: an error keeps the bot from starting, a warning is probably a mistake.
    """

    level: Literal["error", "warning"]
    text: str


def findings_of(router: Router, settings: Settings) -> list[Finding]:
    """Errors and doubts about handlers and settings."""
    try:
        table = router.compile(RoutingSettings.of(settings))
    except RegistrationError as error:
        return [Finding("error", str(error))]
    found = [Finding("warning", text) for text in table.warnings]
    listen = settings.webhook_listen
    if listen and settings.webhook_secret is None and not listen.startswith(_LOOPBACK):
        found.append(
            Finding(
                "warning",
                f"webhook_listen={listen!r} can be reached from other machines, and there is no "
                "webhook_secret: anybody there could post messages in anybody's name.",
            )
        )
    return found
