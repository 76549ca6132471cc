"""``/lunch`` opens a poll in the group, and tells who leads whenever somebody votes."""

from collections import Counter

from signalbot import SignalBot, filters

PLACES = ["Pizza", "Pho", "Falafel"]

bot = SignalBot()


@bot.command("lunch", filters.group())
def lunch(ctx):
    """Where do we go today?"""
    poll = bot.client.polls.create(ctx.chat, "Where do we go?", PLACES)
    ctx.state["poll"] = poll.timestamp
    ctx.state["votes"] = {}


@bot.on_poll_vote
def voted(ctx):
    vote = ctx.event
    if vote.target != ctx.state.get("poll"):
        return None  # a poll of somebody else's
    votes = ctx.state.update("votes", lambda votes: {**votes, ctx.sender.id: list(vote.options)})
    counts = Counter(option for options in votes.values() for option in options)
    if not counts:
        return "Nobody wants to eat."
    option, count = counts.most_common(1)[0]
    return f"{PLACES[option]} leads with {count} of {len(votes)}."


if __name__ == "__main__":
    bot.run()
