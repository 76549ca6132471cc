from signalbot import SignalBot

bot = SignalBot()


@bot.cron("0 8 * * *", tz="Europe/Berlin")
def good_morning(bot):
    bot.send("+4915187654321", "Good morning!")


bot.run()
