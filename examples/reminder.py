"""``/remind 20m tea`` reminds you in twenty minutes, also if the bot was restarted meanwhile."""

from datetime import timedelta

from signalbot import SignalBot

bot = SignalBot()


@bot.command("remind", aliases=["r"])
def remind(ctx, delay: timedelta, *what: str):
    """Remind me of something."""
    ctx.later(delay, f"⏰ {' '.join(what) or 'Time is up.'}")
    ctx.react("👍")


if __name__ == "__main__":
    bot.run()
