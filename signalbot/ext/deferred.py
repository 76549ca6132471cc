"""A bot that handlers are registered on before its settings are known."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Any

from signalbot.routing.router import Router

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from signalbot.bot import SignalBot
    from signalbot.infrastructure.api_service import SentMessage
    from signalbot.infrastructure.outgoing_options import SendOptions
    from signalbot.infrastructure.outgoing_recipients import Recipients
    from signalbot.runtime.engine import StopReport


class DeferredBot(Router):
    """Collects handlers as a router does; everything else is done by :attr:`bot`, made later.

    A framework knows its configuration only after the modules with the handlers were imported.
    """

    @property
    def bot(self) -> SignalBot:
        """The bot itself, which has included the handlers registered here."""
        raise NotImplementedError

    def send(
        self, to: Recipients, text: str | None = None, **options: Unpack[SendOptions]
    ) -> SentMessage:
        """Send a message, from any thread; see :meth:`signalbot.SignalBot.send`."""
        return self.bot.send(to, text, **options)

    def start(self, timeout: float | None = 30.0, **options: Any) -> bool:
        """Begin to receive in this process; see :meth:`signalbot.SignalBot.start`."""
        return self.bot.start(timeout, **options)

    def stop(self, grace: float | None = None) -> StopReport:
        """End in order; see :meth:`signalbot.SignalBot.stop`."""
        return self.bot.stop(grace)

    def run(self) -> None:
        """Receive until Ctrl-C, SIGTERM or ``stop``; see :meth:`signalbot.SignalBot.run`."""
        self.bot.run()

    def __enter__(self) -> SignalBot:
        self.start()
        return self.bot

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:  # fmt: skip
        self.stop()

    def __getattr__(self, name: str) -> Any:
        # Tools that look through modules ask for private names; they must not make the bot.
        if name.startswith("_"):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return getattr(self.bot, name)
