"""What is measured: messages, settings, and who takes part."""

from __future__ import annotations

from dataclasses import dataclass, replace

from benchmarks.load_script import Phase

CEILING = "raw"
UNLIMITED = 1000
EVERYBODY = ("ours", "ours-off", "signalbot", "signal-client", "reference")
OURS = ("ours", "ours-off")


@dataclass(frozen=True)
class Scenario:
    """One load, the same for all who take part.

    Attributes:
        about: one line for the table.
        phases: what the server sends; nothing for a bot that idles.
        contenders: who takes part unless others are named.
        rounds: more than these are not run, whatever is asked for.
        turns: how often each takes its turn in a round; what is over within a second needs more
            of them, as a virtual core may run half as fast in the next.
        workers: handlers at once.
        concurrency: requests to the server at once.
        delay: seconds until the server answers a send.
        rest: seconds after connecting in which a bot may finish what it does at its start.
        idle: seconds to watch a bot that has nothing to do.
        letters: dead letters that are there before.
        limit: messages a second that nobody can exceed; 0 if there is no such thing.
        seconds: about what a run takes, for the estimate.
    """

    name: str
    about: str
    phases: tuple[Phase, ...] = ()
    contenders: tuple[str, ...] = EVERYBODY
    rounds: int = UNLIMITED
    turns: int = 1
    workers: int = 32
    concurrency: int = 32
    delay: float = 0.0
    rest: float = 0.5
    idle: float = 0.0
    letters: int = 0
    limit: float = 0.0
    seconds: float = 5.0

    def scaled(self, scale: float) -> Scenario:
        """The same with fewer messages and less time."""
        if scale == 1:
            return self
        phases = tuple(
            replace(each, count=max(2, int(each.count * scale)), chats=_chats(each, scale))
            for each in self.phases
        )
        return replace(
            self,
            phases=phases,
            rest=min(self.rest, 0.2),
            idle=self.idle * scale,
            letters=int(self.letters * scale),
            seconds=2 + self.seconds * scale,
        )


def _chats(phase: Phase, scale: float) -> int:
    """As many as before, or one for each message."""
    return min(phase.chats, max(2, int(phase.count * scale)))


SCENARIOS = {
    each.name: each
    for each in (
        Scenario(
            "ceiling",
            "what the load server can take: 20,000 sends from a client without a bot",
            (Phase("/echo {n}", "{n}", 20_000, 100),),
            contenders=(CEILING,),
            rounds=3,
            seconds=3.0,
        ),
        Scenario(
            "burst",
            "5,000 commands from 100 chats at once, a reply each",
            (Phase("/echo {n}", "{n}", 5000, 100),),
            turns=3,
            seconds=4.5,
        ),
        Scenario(
            "paced",
            "200 commands a second for 20 s, a reply each",
            (Phase("/echo {n}", "{n}", 4000, 100, rate=200.0),),
            rounds=3,
            seconds=23.0,
        ),
        Scenario(
            "intake",
            "50,000 messages at once, 50 of which want a reply",
            (Phase("/echo {n}", "{n}", 50_000, 100, every=1000),),
            seconds=7.0,
        ),
        Scenario(
            "slow_handler",
            "the handler sleeps 50 ms, 200 chats",
            (Phase("/sleep {n}", "{n}", 1600, 200),),
            limit=640.0,
            seconds=5.5,
        ),
        Scenario(
            "blocking_handler",
            "the handler blocks 50 ms like a database driver, 200 chats",
            (Phase("/block {n}", "{n}", 800, 200),),
            limit=640.0,
            seconds=6.5,
        ),
        Scenario(
            "slow_server",
            "a send takes 100 ms, 32 at once",
            (Phase("/echo {n}", "{n}", 800, 200),),
            delay=0.1,
            limit=320.0,
            seconds=5.5,
        ),
        Scenario(
            "asks",
            "500 conversations wait for an answer on 4 workers, another chat writes",
            (
                Phase("/ask {n}", "? {n}", 500, 500, measured=False),
                Phase("/echo {n}", "{n}", 200, 1, first_chat=500, rate=100.0),
                Phase("yes", "done {n}", 500, 500, measured=False),
            ),
            contenders=OURS,
            workers=4,
            seconds=7.0,
        ),
        Scenario(
            "idle",
            "connected for 5 s, then 10 s without a message",
            contenders=tuple(name for name in EVERYBODY if name != "ours-off"),
            rounds=1,
            rest=5.0,
            idle=10.0,
            seconds=18.0,
        ),
        Scenario(
            "chats",
            "a message from each of 100,000 chats, 100 of which want a reply",
            (Phase("/echo {n}", "{n}", 100_000, 100_000, every=1000),),
            contenders=OURS,
            rounds=1,
            seconds=20.0,
        ),
        Scenario(
            "letters",
            "1,000,000 dead letters on disk, 1,000 commands, a reply each",
            (Phase("/echo {n}", "{n}", 1000, 100),),
            contenders=("ours",),
            rounds=1,
            letters=1_000_000,
            seconds=60.0,
        ),
    )
}
