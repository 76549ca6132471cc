"""Our bot: one command that echoes, everything else at its defaults."""

from __future__ import annotations

import os
import sys
import tempfile

from benchmarks.targets.measured import report, wait_for_term


def main() -> None:
    """Run until SIGTERM; print what it cost."""
    from signalbot import SignalBot

    with tempfile.TemporaryDirectory(prefix="signalbot-bench-") as state:
        bot = SignalBot(
            "+4915112345678",
            sys.argv[1],
            state_dir=state,
            workers=int(os.environ.get("BENCH_WORKERS", "32")),
            max_concurrency=int(os.environ.get("BENCH_CONCURRENCY", "32")),
            durability=os.environ.get("BENCH_DURABILITY", "process"),
        )

        @bot.command("echo")
        def echo(ctx, number: str) -> str:  # type: ignore[no-untyped-def]  # as users write it
            return number

        bot.start()
        before = report()
        wait_for_term()
        after = report()
        bot.stop()
    from benchmarks.targets.measured import print_cost

    print_cost(before, after)


if __name__ == "__main__":
    main()
