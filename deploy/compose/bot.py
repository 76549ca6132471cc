"""A bot to begin with."""

from signalbot import SignalBot

bot = SignalBot()


@bot.command("ping")
def ping(ctx):
    """Say pong."""
    return "pong"


if __name__ == "__main__":
    bot.run()
