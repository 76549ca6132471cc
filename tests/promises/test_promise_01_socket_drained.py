"""The socket is drained, whatever handlers, queue and disk do."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from signalbot import SignalBot
from signalbot.testing import FakeSignal
from tests.bot.conftest import eventually

MakeBot = Callable[..., SignalBot]

FRAMES = 6000
SIZE = 4000


def test_hung_handlers_a_full_queue_and_a_hung_disk_stop_no_read(
    server: FakeSignal, make_bot: MakeBot
) -> None:
    bot = make_bot(workers=2, max_queued=10, handler_timeout=None)
    let_go = threading.Event()
    handled: set[int] = set()
    lock = threading.Lock()

    @bot.on_message
    def hang(ctx: Any) -> None:
        let_go.wait(60)
        with lock:
            handled.add(int(ctx.text.split()[0]))

    people = [server.add_person(f"p{number}") for number in range(50)]
    with bot:
        server.wait_for_socket()
        (socket,) = server.sockets
        inbox: Any = bot.engine.parts.inbox  # type: ignore[union-attr]  # started
        with inbox.lock:  # SQLite runs under it: as if the disk had stopped answering
            server.push_many(
                server.frame(people[number % 50], f"{number} {'x' * SIZE}")
                for number in range(FRAMES)
            )
            server.wait_for(lambda: socket.delivered == FRAMES, 30, "not all were written")
            # Far more than the kernel's buffers hold: it can only be out if it was read.
            eventually(lambda: bot.stats()["inbox"]["memory_bytes"] > 0.9 * FRAMES * SIZE, 20)
            eventually(lambda: not socket.is_paused)
        let_go.set()
        eventually(lambda: len(handled) == FRAMES, 40)

    print(
        f"{FRAMES} frames of {SIZE} bytes with hung handlers and a hung disk: delivered "
        f"{socket.delivered}, handled {len(handled)}, connections {server.connections_made}"
    )
    assert server.connections_made == 1
