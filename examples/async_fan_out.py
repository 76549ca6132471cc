"""An async handler, for those who have a library that is async anyway.

It runs on the bot's event loop, so nothing in it may block: what does, goes through ``ctx.run``.
"""

import asyncio

from signalbot import SignalBot

bot = SignalBot()


async def look_up(city):
    """Stands for a call of an async library."""
    await asyncio.sleep(0.01)
    return f"{city}: {len(city)} degrees"


@bot.command("weather")
async def weather(ctx, *cities: str):
    """The weather in several cities at once."""
    if not cities:
        cities = [await ctx.run(ctx.ask, "Which city?")]
    async with ctx.typing():
        answers = await asyncio.gather(*map(look_up, cities))
    for answer in answers:
        yield answer


if __name__ == "__main__":
    bot.run()
