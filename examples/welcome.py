"""Greets who joins a group, with a mention, and says goodbye."""

from signalbot import Mention, SignalBot

bot = SignalBot()


@bot.on_group_update
def welcome(ctx):
    event = ctx.event
    for user in event.joined:
        if ctx.is_me(user):
            ctx.send("Hello everybody! Write /help to see what I can do.")
        else:
            ctx.send(f"Welcome {Mention(user)}!")
    for user in event.left:
        ctx.send(f"Goodbye {bot.directory.name(user) or 'somebody'}.")
    for user in event.promoted:
        ctx.send(f"{Mention(user)} is an admin now.")


if __name__ == "__main__":
    bot.run()
