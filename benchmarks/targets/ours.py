"""Our bot, as its users write it."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from common import NUMBER, PAUSE, begin, options

from signalbot import SignalBot

_FILL = Path(__file__).with_name("fill_dead_letters.py")


def make(given, directory) -> SignalBot:
    bot = SignalBot(
        NUMBER,
        given["url"],
        state_dir=directory,
        workers=given["workers"],
        max_concurrency=given["concurrency"],
        durability=given["durability"],
    )

    @bot.command("echo")
    def echo(ctx, number: str):
        return number

    @bot.command("sleep", aliases=["block"])
    def pause(ctx, number: str):
        time.sleep(PAUSE)
        return number

    @bot.command("ask")
    def ask(ctx, number: str):
        ctx.ask(f"? {number}", timeout=120)
        return f"done {number}"

    return bot


def main() -> None:
    given = options()
    with tempfile.TemporaryDirectory(prefix="signalbot-bench-") as directory:
        if given["letters"]:
            place = make(given, directory).state_directory
            # In another process, so that this one's memory is that of the bot alone.
            subprocess.run([sys.executable, _FILL, place, str(given["letters"])], check=True)
        begin()
        make(given, directory).run()


if __name__ == "__main__":
    main()
