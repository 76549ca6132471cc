"""The example bot of the demo: handlers of many kinds, each a few lines."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

from signalbot import Mention, SignalBot, filters
from signalbot.simulator.picture import picture

_PACE = 1.2  # seconds between the lines of something that takes long


def make_bot(**settings: Any) -> SignalBot:
    """A bot with the demo's handlers; the keywords are SignalBot's."""
    bot = SignalBot(**settings)
    _add_commands(bot)
    _add_show_pieces(bot)
    _add_messages(bot)
    return bot


def _add_commands(bot: SignalBot) -> None:
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

    @bot.command("order")
    def order(ctx: Any) -> str:
        """Ask what you would like: a conversation in plain code."""
        dish = ctx.ask("What would you like?")
        count = ctx.ask("How many?", type=int)
        if not ctx.confirm(f"{count} × {dish}, is that right?"):
            return "Then nothing was ordered."
        return f"{count} × {dish}, thank you!"

    @bot.command("fail")
    def fail(ctx: Any) -> None:
        """Break, and go to the dead letters."""
        raise RuntimeError("this handler always fails")


def _add_show_pieces(bot: SignalBot) -> None:
    @bot.command("style")
    def style(ctx: Any) -> None:
        """Show what text can look like."""
        ctx.send("**Bold**, *italic*, ~struck out~, `monospace`, and ||a secret||.", styled=True)

    @bot.command("hello")
    def hello(ctx: Any) -> str:
        """Be greeted by name."""
        return f"Hello {Mention(ctx.sender)}, how are you?"

    @bot.command("work")
    def work(ctx: Any) -> None:
        """Do something that takes a while: typing, then an edit."""
        sent = ctx.reply("Working on it …")
        with ctx.typing():
            time.sleep(_PACE)
        ctx.edit(sent, "Done. That did not take long.")

    @bot.command("vote")
    def vote(ctx: Any) -> None:
        """Start a poll."""
        ctx.bot.client.polls.create(
            ctx.chat, "Where shall we eat?", ["Pizza", "Ramen", "Salad bar"], allow_multiple=False
        )

    @bot.command("picture")
    def send_picture(ctx: Any) -> None:
        """Send an image."""
        ctx.send("Painted just now:", attachments=[("sunset.png", picture())])

    @bot.on_poll_vote
    def count(ctx: Any) -> None:
        ctx.log.info("demo.vote", options=ctx.event.options)


def _add_messages(bot: SignalBot) -> None:
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
        ctx.mark_read()
        return f"You said: {ctx.text}"
