"""Warns people who use words that a group does not want; the third warning is the last.

The bot has to be an admin of the group. ``/ban WORD`` is for the people in SIGNAL_ADMINS.
"""

from signalbot import SignalBot, filters

PATIENCE = 3

bot = SignalBot()


@bot.command("ban", filters.group(), allow="admins", deny_reply="Only admins can do that.")
def ban(ctx, word: str):
    """Add a word that is not wanted here."""
    words = ctx.state.update("banned", lambda words: sorted({*words, word.casefold()}), default=[])
    return f"Not wanted here: {', '.join(words)}"


def is_unwanted(ctx):
    return not set(ctx.state.get("banned", [])).isdisjoint(ctx.text.casefold().split())


@bot.on_message(filters.group() & is_unwanted)
def warn(ctx):
    count = ctx.state.incr(f"warnings:{ctx.sender.id}")
    if count < PATIENCE:
        ctx.reply(f"Please don't. ({count}/{PATIENCE})")
    else:
        bot.client.groups.remove_members(ctx.chat, ctx.sender)
        ctx.send(f"{ctx.sender.name} had to leave.")


if __name__ == "__main__":
    bot.run()
