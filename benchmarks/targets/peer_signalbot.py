"""PyPI's ``signalbot``: asyncio, an unbounded queue in memory, three consumers as shipped."""

from __future__ import annotations

import asyncio
import functools
import time
from urllib.parse import urlsplit

from common import NUMBER, PAUSE, begin, options

from signalbot import ConnectionMode, DataMessageHandler, SendMessage, SignalBot, regex_triggered


class Echo(DataMessageHandler):
    @regex_triggered(r"^/(echo|sleep|block) \d+$")
    async def handle_data_message(self, context):
        command, _, number = context.message.text.partition(" ")
        if command == "/sleep":
            await asyncio.sleep(PAUSE)
        elif command == "/block":
            await asyncio.to_thread(time.sleep, PAUSE)
        await context.send(SendMessage(text=number))


def main() -> None:
    given = options()
    begin()
    bot = SignalBot(
        {
            "phone_number": NUMBER,
            "signal_service": urlsplit(given["url"]).netloc,
            # By default it tries https first.
            "connection_mode": ConnectionMode.HTTP_ONLY,
        }
    )
    bot.register(Echo())
    if given.get("tuned", True):
        # There is no setting for it: three handlers at once is what it ships with.
        bot._pipeline.start = functools.partial(bot._pipeline.start, consumers=given["workers"])
    bot.start()


if __name__ == "__main__":
    main()
