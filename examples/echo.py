"""Sends back what it gets, files included."""

from signalbot import SignalBot, filters

bot = SignalBot()


@bot.on_message(filters.private())
def echo(ctx):
    files = [(file.filename, file.read()) for file in ctx.attachments]
    ctx.reply(ctx.text or None, attachments=files)


@bot.on_reaction(filters.reacts_to_me())
def like(ctx):
    return f"{ctx.event.emoji} back!"


if __name__ == "__main__":
    bot.run()
