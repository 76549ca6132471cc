from signalbot import SignalBot

bot = SignalBot()


@bot.command("order")
def order(ctx):
    count = ctx.ask("How many pizzas?", type=int, check=lambda count: 0 < count < 20)
    return f"{count} pizzas are on their way."


bot.run()
