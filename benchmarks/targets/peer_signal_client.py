"""PyPI's ``signal-client``: asyncio, chats hashed onto workers.

Tuned: as shipped it sends 50 messages a second at most, rewrites its list of the last 5,000
messages for each one, and drops what waits behind 1,000 others for a second.
"""

from __future__ import annotations

import asyncio
import re
import time

from common import NUMBER, PAUSE, begin, options
from signal_client import SignalClient, command


@command(re.compile(r"^/(echo|sleep|block) \d+$"))
async def echo(ctx):
    name, _, number = ctx.message.message.partition(" ")
    if name == "/sleep":
        await asyncio.sleep(PAUSE)
    elif name == "/block":
        await asyncio.to_thread(time.sleep, PAUSE)
    await ctx.send_text(number)


async def main() -> None:
    given = options()
    begin()
    bot = SignalClient(
        {
            "phone_number": NUMBER,
            "signal_service": given["url"],
            "base_url": given["url"],
            "worker_pool_size": given["workers"],
            "queue_size": 1_000_000,
            "rate_limit": 1_000_000,
            "ingest_checkpoint_window": 1,
        }
    )
    bot.register(echo)
    await bot.start()


if __name__ == "__main__":
    asyncio.run(main())
