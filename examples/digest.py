"""Collects links that a group shares, and sends them as a list every evening."""

import re

from signalbot import SignalBot, filters

bot = SignalBot()


@bot.on_message(filters.group() & filters.link())
def collect(ctx):
    found = re.findall(r"https?://\S+", ctx.text)
    links = bot.storage.namespace("links")
    links.update(ctx.chat.id, lambda known: [*known, *found], default=[])
    ctx.react("🔖")


@bot.cron("0 18 * * *", tz="Europe/Berlin")
def digest(bot):
    links = bot.storage.namespace("links")
    chats = links.keys()
    for chat in chats:
        found = links.get(chat)
        bot.send(chat, "\n".join(["Links of today:", *dict.fromkeys(found)]))
        del links[chat]


if __name__ == "__main__":
    bot.run()
