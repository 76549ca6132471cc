from signalbot import SignalBot

bot = SignalBot()


@bot.command("hello")
def hello(ctx):
    return f"Hello {ctx.sender.name}!"


bot.run()
