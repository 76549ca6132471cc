"""The example bot of the demo: a few handlers of different kinds."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from signalbot import SignalBot, filters


def make_bot(**settings: Any) -> SignalBot:
    """A bot with the demo's handlers; the keywords are SignalBot's."""
    bot = SignalBot(**settings)

    @bot.command("ping")
    def ping(ctx: Any) -> str:
        """Answer, to show that somebody is there."""
        return "pong"

    @bot.command("add")
    def add(ctx: Any, *numbers: float) -> str:
        """Add numbers up."""
        return f"{sum(numbers):g}"

    @bot.command("wait")
    def wait(ctx: Any, delay: timedelta = timedelta(seconds=1)) -> str:
        """Tell how many seconds a time like 1m30s has."""
        return f"That would be {delay.total_seconds():g} seconds."

    @bot.command("fail")
    def fail(ctx: Any) -> None:
        """Break, and go to the dead letters."""
        raise RuntimeError("this handler always fails")

    @bot.on_message(filters.has_attachment())
    def files(ctx: Any) -> str:
        first = ctx.attachments[0]
        return f"Thank you for {first.filename}: {len(first.read())} bytes."

    @bot.on_message(filters.contains("thank", ignore_case=True))
    def thanks(ctx: Any) -> None:
        ctx.react("❤️")

    @bot.on_message(filters.group() & filters.startswith("who"))
    def who(ctx: Any) -> str:
        return f"You are {ctx.sender.name or 'somebody'}, in {ctx.chat.name or 'this group'}."

    @bot.on_message(filters.private())
    def echo(ctx: Any) -> str:
        return f"You said: {ctx.text}"

    return bot
