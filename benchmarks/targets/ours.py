"""Our bot, as its users write it."""

from __future__ import annotations

import tempfile
import time

from common import NUMBER, PAUSE, begin, options

from signalbot import SignalBot


def main() -> None:
    given = options()
    with tempfile.TemporaryDirectory(prefix="signalbot-bench-") as directory:
        begin()
        bot = SignalBot(
            NUMBER,
            given["url"],
            state_dir=given.get("state_dir", directory),
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

        @bot.command("note")
        def note(ctx, number: str):
            return None

        @bot.command("ask")
        def ask(ctx, number: str):
            ctx.ask(f"? {number}", timeout=120)
            return f"done {number}"

        bot.run()


if __name__ == "__main__":
    main()
