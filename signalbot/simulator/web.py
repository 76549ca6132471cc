"""A bot on the stand-in server, with a chat page in the browser."""

from __future__ import annotations

import os
import sys
import threading
import webbrowser
from contextlib import ExitStack
from types import TracebackType
from typing import TextIO

from signalbot.routing.table import RoutingSettings
from signalbot.simulator.desk import Desk
from signalbot.simulator.faults import FaultPanel
from signalbot.simulator.files import Files
from signalbot.simulator.page_server import PageServer, is_loopback
from signalbot.simulator.people import People
from signalbot.simulator.places import Places
from signalbot.simulator.stage import BotOrFactory, number_of, on_stage
from signalbot.simulator.timeline import Timeline
from signalbot.simulator.traces import Traces
from signalbot.simulator.watcher import Watcher
from signalbot.testing import FakeSignal


class Simulator:
    """A running simulation: people who write, a server, the bot, the page.

    The bot runs as it would against Signal, only that its server is the stand-in and its state
    is in a directory that goes away; its own settings are back after ``stop``. As a context
    manager it stops at the end of the block.

    Attributes:
        bot: the bot.
        server: the stand-in, for ``say``, faults and everything else from Python.
        url: where the page is.

    Raises:
        SignalBotError: the bot cannot start, or is running already.
        OSError: the port is taken.
    """

    def __init__(self, bot: BotOrFactory, *, host: str = "127.0.0.1", port: int = 0) -> None:
        self._stack = ExitStack()
        self._stopping = threading.Lock()
        with ExitStack() as stack:
            self.server = FakeSignal(number=number_of(bot))
            _settle(self.server)
            stack.enter_context(self.server)
            self.bot = stack.enter_context(on_stage(bot, self.server))
            lock = threading.RLock()
            timeline = Timeline(Places(self.server, lock), lock)
            files = Files()
            traces = Traces(self.bot, RoutingSettings.of(self.bot.settings), timeline)
            timeline.parts["traces"] = traces.to_json
            people = People(self.server, timeline, traces, files)
            faults = FaultPanel(self.server)
            desk = Desk(self.server, self.bot, timeline, faults)
            traces.on_failure = desk.note_letters
            watcher = Watcher(
                self.server, timeline, files, look=desk.look, delivered=people.receive
            )
            page = PageServer(
                timeline.broadcast,
                files,
                {**people.actions, "faults": faults.act, "dead-letters": desk.act},
                host=host,
                port=port,
            )
            traces.attach(self.bot)
            stack.callback(traces.detach, self.bot)
            self.bot.start()
            # What shows the bot ends before the bot, so that no page sees it fall apart.
            stack.callback(self.bot.stop)
            watcher.start()
            stack.callback(watcher.stop)
            page.start()
            stack.callback(page.stop)
            self.url = page.url
            self._stack = stack.pop_all()

    def stop(self) -> None:
        """End page, bot and server; may be called twice."""
        with self._stopping:
            self._stack.close()

    def __enter__(self) -> Simulator:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def __repr__(self) -> str:
        return f"<Simulator {self.url}>"


def start(bot: BotOrFactory, *, host: str = "127.0.0.1", port: int = 0) -> Simulator:
    """Start a bot on the stand-in server with a chat page, and return at once."""
    return Simulator(bot, host=host, port=port)


def serve(
    bot: BotOrFactory,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    open_browser: bool | None = None,
    out: TextIO | None = None,
) -> int:
    """Run the simulator until Ctrl-C; returns the exit code.

    Args:
        open_browser: None opens the page where somebody is likely to see it.
    """
    out = out or sys.stdout
    with start(bot, host=host, port=port) as simulator:
        print(f"The simulator is at {simulator.url}", file=out)
        if not is_loopback(host):
            print("Everybody who can reach this address can use it.", file=out)
        print("Ctrl-C ends it.", file=out, flush=True)
        if browser_is_likely() if open_browser is None else open_browser:
            webbrowser.open(simulator.url)
        try:
            while not simulator.bot.join(timeout=1.0):
                continue
        except KeyboardInterrupt:
            print("", file=out)
    return 0


def browser_is_likely() -> bool:
    """Whether somebody sits here, at a screen."""
    if not sys.stdout.isatty() or "SSH_CONNECTION" in os.environ:
        return False
    if sys.platform in ("darwin", "win32"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _settle(server: FakeSignal) -> None:
    """Some people and groups to begin with; one hides the number, as most do on Signal."""
    alice = server.add_person("Alice", number="+4915199000001")
    bob = server.add_person("Bob", number="+4915199000002")
    carol = server.add_person("Carol")
    server.add_group("Lunch", [alice, bob, carol], admins=[alice])
    server.add_group("Project Aurora", [alice, carol], admins=[carol])
