"""One program, several accounts: each has a bot of its own, and they share their handlers.

``SIGNAL_NUMBERS=+4915112345678,+4915112345679 python multi_account.py``
"""

import contextlib
import os
import threading

from signalbot import Router, SignalBot

router = Router("shared")


@router.command("who")
def who(ctx):
    """Which account is this?"""
    return f"You have reached {ctx.bot.account}."


def make_bots(numbers):
    bots = [SignalBot(number) for number in numbers]
    for bot in bots:
        bot.include(router)
    return bots


if __name__ == "__main__":
    with contextlib.ExitStack() as running:
        for each in make_bots(os.environ["SIGNAL_NUMBERS"].split(",")):
            running.enter_context(each)
        with contextlib.suppress(KeyboardInterrupt):
            threading.Event().wait()
