"""The bot of the soak: forked again whenever it was killed, and noting all that it does.

``python -m benchmarks.soak_bot LOG``: settings come from the environment. The parent imports the
library once and forks a bot for each run, so that a kill costs no second of imports; it prints
``run PID`` for each. Every fact goes into LOG by one ``write`` to a file opened with O_APPEND, so
what was written is there however the process ended:

    R run pid                        a bot begins
    B chat number redelivered attempt  a handler begins with a frame
    H chat number                    the handler is done with it
    E chat number attempt error      the handler fails with it
    Q                                a run ended in order
    J offset                         the clock jumped
    C chat number                    by the driver: the frame was acknowledged

A message's text says what to do: ``chat number what``. SIGTERM ends a run in order, and another
one begins unless ``LOG.end`` is there. SIGUSR1 jumps the clock that the library
reads by up to two hours, in either direction.
"""

from __future__ import annotations

import importlib
import logging
import os
import random
import signal
import sys
import time
import traceback
from typing import Any

_real_time = time.time
_offset = [0.0]
_notes = [-1]


def _jumping_time() -> float:
    return _real_time() + _offset[0]


time.time = _jumping_time  # before the library is imported: some of it keeps the function

from signalbot import Reject, RetryPolicy, SignalBot  # noqa: E402 - see above
from signalbot.errors import StorageError  # noqa: E402 - see above

SLOW = 0.1
NO_STORAGE = 75


def _jump(number: int, frame: Any) -> None:
    # The dedupe keys live for 24 hours of this clock: a jump beyond that would be unfair.
    _offset[0] = random.uniform(-7200.0, 7200.0)
    os.write(_notes[0], f"J {_offset[0]:.0f}\n".encode())


def build(log: int) -> SignalBot:
    """The bot; all it does is note, and misbehave as it is told."""
    bot = SignalBot(retry=RetryPolicy(delay=0.05, max_delay=0.2))

    def note(*words: object) -> None:
        os.write(log, (" ".join(map(str, words)) + "\n").encode())

    @bot.on_message
    def handle(ctx: Any) -> None:
        chat, number, what = ctx.text.split()
        note("B", chat, number, int(ctx.redelivered), ctx.attempt)
        try:
            if what == "slow":
                time.sleep(SLOW)
            elif what == "reply":
                ctx.send(f"{chat} {number} {ctx.attempt} {os.getpid()} {time.monotonic_ns()}")
            elif what == "fail" and ctx.attempt == 1:
                raise ValueError("as it was told")
            elif what == "reject":
                raise Reject("as it was told")
        except BaseException as error:
            note("E", chat, number, ctx.attempt, type(error).__name__)
            raise
        note("H", chat, number)

    return bot


def one_run(log: int, run: int) -> None:
    """In the forked child: a bot's life until a signal."""
    os.write(log, f"R {run} {os.getpid()}\n".encode())
    random.seed()
    _notes[0] = log
    signal.signal(signal.SIGUSR1, _jump)
    build(log).run()
    os.write(log, b"Q\n")


def main(path: str) -> None:
    log = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    importlib.import_module("waitress.server")
    logging.getLogger("waitress").setLevel(logging.ERROR)  # it tells how deep its queue is
    build(log)  # imports what a bot needs, and starts nothing
    run = 0
    while True:
        run += 1
        child = os.fork()
        if child == 0:
            code = 1
            try:
                one_run(log, run)
                code = 0
            except StorageError:
                code = NO_STORAGE  # it was killed, and is to start on a disk that is still full
            except BaseException:  # noqa: BLE001 - the process's outer edge
                traceback.print_exc()
            finally:
                sys.stderr.flush()
                os._exit(code)
        print(f"run {child}", flush=True)
        _, status = os.waitpid(child, 0)
        code = os.waitstatus_to_exitcode(status)
        if code == NO_STORAGE:
            time.sleep(0.2)  # a service manager would wait longer
        elif code not in (-signal.SIGKILL, -signal.SIGTERM, 0) or os.path.exists(f"{path}.end"):
            print(f"end {code}", flush=True)
            raise SystemExit(abs(code))


if __name__ == "__main__":
    main(sys.argv[1])
