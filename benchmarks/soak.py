"""``python -m benchmarks.soak --minutes N``: a bot under random traffic and random faults.

The driver plays the server: it posts frames to the bot's webhook and counts as committed what was
answered with 200; it pushes some of them over the (lossy) websocket as well. Meanwhile it kills
the bot or restarts it in order, restarts the server, fails the bot's calls in every way that the
stand-in knows, fills the disk and moves the clock. In the end an oracle compares.
The last line says it all:

    sent S, lost after commit 0, duplicates unmarked 0, order violations 0, threads T, rss M

and the exit code is 1 if one of the three is not 0.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.soak_oracle import Frame, Verdict, belongs_there, judge
from signalbot.infrastructure.dead_letter_file import DeadLetterFile
from signalbot.testing import FakeSignal

ROOT = Path(__file__).resolve().parent.parent
BEHAVIOURS = ("plain",) * 70 + ("reply",) * 20 + ("slow",) * 4 + ("fail",) * 5 + ("reject",)


@dataclass(frozen=True)
class Plan:
    """What happens during a soak.

    Attributes:
        seconds: how long there is traffic.
        rate: frames a second that are posted, over all chats.
        kill_every: seconds between two kills, at least and at most.
        fault_every: the same for all other faults; None for none.
        websocket_share: the part of the frames that is pushed over the websocket too.
        quiet_part: the last part of the time, in which nothing is killed.
        disk_mib: size of a disk of its own for the state, so that it can be filled; needs root.
        kills: end after so many kills instead, if given.
    """

    seconds: float = 20.0
    rate: float = 100.0
    kill_every: tuple[float, float] = (2.0, 8.0)
    fault_every: tuple[float, float] | None = (0.5, 3.0)
    websocket_share: float = 0.3
    quiet_part: float = 0.3
    disk_mib: int = 0
    kills: int | None = None
    chats: int = 24
    posters: int = 4
    behaviours: tuple[str, ...] = BEHAVIOURS
    settings: dict[str, str] = field(default_factory=dict)


@dataclass
class Outcome:
    """What was sent, injected and found.

    Attributes:
        refused: posts that were answered with 503, as when the disk is full.
        jumps: jumps of the clock that the bot noted.
        ended: runs that ended in order, the last one included.
    """

    sent: int
    committed: int
    injected: dict[str, int]
    verdict: Verdict
    repeated_sends: int
    threads: int
    rss_mib: int
    clean_end: bool
    refused: int = 0
    jumps: int = 0
    ended: int = 0

    @property
    def line(self) -> str:
        """The one line that counts."""
        verdict = self.verdict
        return (
            f"sent {self.sent}, lost after commit {len(verdict.lost)}, duplicates unmarked "
            f"{len(verdict.unmarked)}, order violations {len(verdict.disorder)}, "
            f"threads {self.threads}, rss {self.rss_mib} MiB"
        )

    @property
    def details(self) -> str:
        """What stands behind it."""
        faults = ", ".join(f"{name} {count}" for name, count in sorted(self.injected.items()))
        verdict = self.verdict
        return (
            f"injected: {faults}; felt: posts refused {self.refused}, clock jumps {self.jumps}, "
            f"runs ended in order {self.ended}\n"
            f"committed {self.committed}, runs {verdict.runs}, handled {verdict.handled}, dead "
            f"letters {verdict.given_up}, repeated after kills {verdict.repeated}, retried "
            f"{verdict.retried}, repeated that had never been acknowledged {verdict.forgotten}, "
            f"sends repeated within an attempt {self.repeated_sends}, "
            f"ended in order {self.clean_end}"
        )


class Soak:
    """One soak: a stand-in server, a bot process, posters, faults, and the oracle's data."""

    def __init__(self, plan: Plan, directory: Path, *, seed: int) -> None:
        self.plan = plan
        self.directory = directory
        self.random = random.Random(seed)
        self.server = FakeSignal(lossy=True)
        self.state = directory / "state"
        self.log = directory / "notes"
        self.port = _free_port()
        self.injected: Counter[str] = Counter()
        self._bot: BotProcess | None = None
        self._committed: set[Frame] = set()
        self._sent = 0
        self._refused = 0
        self._count = threading.Lock()  # guards the three above
        self._ended = threading.Event()  # no new frames
        self._given_up = threading.Event()  # posters end even with a frame in hand

    def run(self) -> Outcome:
        """All of it."""
        with contextlib.ExitStack() as stack:
            stack.enter_context(_own_disk(self.state, self.plan.disk_mib))
            stack.enter_context(self.server)
            people = [self.server.add_person(f"p{n}") for n in range(self.plan.chats)]
            bot = self._bot = BotProcess(self.log, self._environment())
            stack.callback(bot.end_at_once)
            posters = [
                threading.Thread(target=self._post, args=(number, people), daemon=True)
                for number in range(self.plan.posters)
            ]
            for poster in posters:
                poster.start()
            self._trouble(bot)
            self._ended.set()
            self._heal()
            for poster in posters:
                poster.join(10)
            self._given_up.set()
            self._await_quiet()
            threads, rss = bot.footprint()
            clean = bot.stop()
            return self._outcome(threads, rss, clean)

    def _environment(self) -> dict[str, str]:
        return {
            "SIGNAL_PHONE_NUMBER": self.server.number,
            "SIGNAL_SERVICE": self.server.url,
            "SIGNAL_STATE_DIR": str(self.state),
            "SIGNAL_WEBHOOK_LISTEN": f"127.0.0.1:{self.port}",
            "SIGNAL_SEND_TIMEOUT": "1.0",
            "SIGNAL_REQUEST_TIMEOUT": "2.0",
            "SIGNAL_PING_INTERVAL": "1.0",
            "SIGNAL_PING_TIMEOUT": "1.0",
            "SIGNAL_MIN_FREE_DISK": "0",
            "SIGNAL_GRACE": "5",
            **self.plan.settings,
        }

    # -- traffic -----------------------------------------------------------------------------

    def _post(self, number: int, people: list[Any]) -> None:
        """One poster: some chats, a frame at a time, each posted until it is acknowledged."""
        plan = self.plan
        chance = random.Random(number)
        mine = range(number, plan.chats, plan.posters)
        counters = dict.fromkeys(mine, 0)
        door = _Door(self.port)
        # Into the bot's own notes: so it is seen what came before what.
        notes = os.open(self.log, os.O_WRONLY | os.O_APPEND)
        pause = plan.posters / plan.rate
        while not self._ended.is_set():
            chat = chance.choice(mine)
            what = chance.choice(plan.behaviours)
            frame = (f"c{chat}", counters[chat])
            counters[chat] += 1
            payload = self.server.frame(people[chat], f"c{chat} {frame[1]} {what}")
            if chance.random() < plan.websocket_share:
                self.server.push(payload)
            body = json.dumps({"jsonrpc": "2.0", "method": "receive", "params": payload}).encode()
            with self._count:
                self._sent += 1
            while (status := door.post(body)) != 200:
                with self._count:
                    self._refused += status == 503
                if self._given_up.wait(0.02):
                    return
            with self._count:
                self._committed.add(frame)
            os.write(notes, f"C {frame[0]} {frame[1]}\n".encode())
            self._ended.wait(chance.expovariate(1.0 / pause))

    # -- trouble -----------------------------------------------------------------------------

    def _trouble(self, bot: BotProcess) -> None:
        plan, chance = self.plan, self.random
        begin = time.monotonic()
        end = begin + plan.seconds
        next_kill = begin + chance.uniform(*plan.kill_every)
        next_fault = begin + chance.uniform(*plan.fault_every) if plan.fault_every else end + 1e9
        last_kill = end - plan.seconds * plan.quiet_part
        while True:
            now = time.monotonic()
            is_over = now >= end if plan.kills is None else self.injected["kill"] >= plan.kills
            if is_over:
                return
            if now >= next_kill:
                if plan.kills is not None or now < last_kill:
                    bot.kill()
                    self.injected["kill"] += 1
                next_kill = time.monotonic() + chance.uniform(*plan.kill_every)
            if now >= next_fault and plan.fault_every:
                chance.choice(self._faults())()
                next_fault = time.monotonic() + chance.uniform(*plan.fault_every)
            time.sleep(max(0.0, min(next_kill, next_fault, now + 0.5) - time.monotonic()))

    def _faults(self) -> list[Callable[[], None]]:
        faults = [
            self._restart_server, self._fail_sends, self._hang_a_send, self._crash_a_send,
            self._garbage, self._drop_websocket, self._jump_clock, self._restart_bot,
        ]  # fmt: skip
        return [*faults, self._fill_disk] if self.plan.disk_mib else faults

    def _restart_server(self) -> None:
        self.injected["server restart"] += 1
        self.server.stop_listening()
        time.sleep(self.random.uniform(0.0, 1.0))
        self.server.listen_again()

    def _fail_sends(self) -> None:
        self.injected["500"] += 1
        self.server.fail_next(self.random.randint(1, 8), 500, path="/v2/send")

    def _hang_a_send(self) -> None:
        self.injected["hang"] += 1
        self.server.hang("/v2/send", n=1, handled=self.random.random() < 0.5)

    def _crash_a_send(self) -> None:
        self.injected["crash mid-request"] += 1
        self.server.crash_mid_request(path="/v2/send", handled=self.random.random() < 0.5)

    def _garbage(self) -> None:
        self.injected["garbage"] += 1
        self.server.garbage(path="/v2/send")

    def _drop_websocket(self) -> None:
        self.injected["websocket drop"] += 1
        self.random.choice((self.server.drop_websocket, self.server.half_open))()

    def _jump_clock(self) -> None:
        if self._bot is not None and self._bot.signal(signal.SIGUSR1):
            self.injected["clock jump"] += 1

    def _restart_bot(self) -> None:
        if self._bot is not None and self._bot.signal(signal.SIGTERM):
            self.injected["bot restart"] += 1

    def _fill_disk(self) -> None:
        self.injected["disk full"] += 1
        filler = self.state / "filler"
        with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
            while file.write(b"x" * 4096):
                pass
        time.sleep(self.random.uniform(0.1, 1.0))
        filler.unlink()

    def _heal(self) -> None:
        self.server.clear_faults()

    # -- the end -----------------------------------------------------------------------------

    def _await_quiet(self) -> None:
        """Wait until the bot has written nothing for a while: the backlog is through."""
        deadline = time.monotonic() + 120
        size, since = -1, time.monotonic()
        while time.monotonic() < deadline:
            time.sleep(0.1)
            if (now := self.log.stat().st_size) != size:
                size, since = now, time.monotonic()
            # Longer than a retry may wait: until then what is done may still be done twice.
            if time.monotonic() - since > 1.0 and self._is_done():
                return
            if time.monotonic() - since > 20.0:
                return

    def _is_done(self) -> bool:
        return not judge(self._notes(), self._committed, self._dead()).lost

    def _notes(self) -> list[str]:
        return self.log.read_text().splitlines()

    def _dead(self) -> Iterator[Frame]:
        return (frame for frame, _ in self._letters())

    def _letters(self) -> Iterator[tuple[Frame, bool]]:
        """Dead letters, and whether they belong there."""
        for directory in self.state.iterdir():
            if directory.is_dir():
                with DeadLetterFile(directory) as letters:
                    for letter in letters.find(limit=None):
                        frame = json.loads(letter.raw)
                        frame = frame.get("params", frame)
                        text = frame["envelope"]["dataMessage"]["message"]
                        chat, number, what = text.split()
                        yield (chat, int(number)), belongs_there(what, letter.reason)

    def _outcome(self, threads: int, rss: int, clean: bool) -> Outcome:
        notes, letters = self._notes(), list(self._letters())
        verdict = judge(
            notes,
            self._committed,
            (frame for frame, _ in letters),
            misplaced=(frame for frame, belongs in letters if not belongs),
            may_forget=self.plan.disk_mib > 0,
        )
        facts = Counter(line[0] for line in notes)
        # The stamp in each text is of one call of ctx.send: the same one twice was repeated.
        stamps = Counter(sent.text for sent in self.server.sent)
        repeated = sum(1 for times in stamps.values() if times > 1)
        return Outcome(
            self._sent, len(self._committed), dict(self.injected), verdict, repeated, threads,
            rss, clean, self._refused, facts["J"], facts["Q"],
        )  # fmt: skip


class BotProcess:
    """The bot's parent process, which forks it again after each kill."""

    def __init__(self, log: Path, environment: dict[str, str]) -> None:
        log.touch()
        self._end = Path(f"{log}.end")
        clean = {name: value for name, value in os.environ.items() if name[:7] != "SIGNAL_"}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.soak_bot", str(log)],
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**clean, **environment},
        )
        # Set by the reading thread for each run, replaced by kill().
        self._changed = threading.Condition()
        self._pid = 0
        self.code = 0
        threading.Thread(target=self._read, name="soak-pids", daemon=True).start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            word, number = line.split()
            with self._changed:
                self._pid, self.code = (int(number), 0) if word == "run" else (-1, int(number))
                self._changed.notify_all()
        with self._changed:
            self._pid = -1
            self._changed.notify_all()

    def pid(self) -> int:
        """The bot that runs now; waits for it while it is being forked.

        Raises:
            RuntimeError: it has ended, which it should not."""
        with self._changed:
            self._changed.wait_for(lambda: self._pid, 30)
            if self._pid <= 0:
                raise RuntimeError(f"the bot has ended by itself, with {self.code}")
            return self._pid

    def kill(self) -> None:
        """``kill -9``; the parent forks the next one at once."""
        pid = self.pid()
        with self._changed:
            self._pid = 0
        with contextlib.suppress(ProcessLookupError):  # it refused to start, on a full disk
            os.kill(pid, signal.SIGKILL)

    def signal(self, number: int) -> bool:
        """Whether a bot was there to be told."""
        # Before its first line of Python the default action would end it.
        with contextlib.suppress(RuntimeError, ProcessLookupError):
            if self.footprint()[0] > 1:
                os.kill(self.pid(), number)
                return True
        return False

    def footprint(self) -> tuple[int, int]:
        """Threads, and resident MiB."""
        try:
            text = Path(f"/proc/{self.pid()}/status").read_text()
        except OSError:
            return 0, 0
        facts = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
        return int(facts["Threads"]), int(facts.get("VmRSS", "0").split()[0]) // 1024

    def stop(self) -> bool:
        """SIGTERM; whether it ended in order, and was not begun again."""
        self._end.touch()
        with contextlib.suppress(RuntimeError, ProcessLookupError):
            os.kill(self.pid(), signal.SIGTERM)
        try:
            return self._process.wait(20) == 0
        except subprocess.TimeoutExpired:
            return False

    def end_at_once(self) -> None:
        self._process.kill()
        self._process.wait()
        with contextlib.suppress(ProcessLookupError):
            if self._pid > 0:
                os.kill(self._pid, signal.SIGKILL)


class _Door:
    """The bot's webhook, as the server sees it."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._connection: http.client.HTTPConnection | None = None

    def post(self, body: bytes) -> int:
        """The answer's status; 200 acknowledges the frame, 0 is no answer."""
        try:
            if self._connection is None:
                self._connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=5)
            self._connection.request("POST", "/signal/webhook", body)
            answer = self._connection.getresponse()
            answer.read()
            return answer.status
        except (OSError, http.client.HTTPException):
            if self._connection is not None:
                self._connection.close()
            self._connection = None
            return 0


@contextlib.contextmanager
def _own_disk(directory: Path, mib: int) -> Iterator[None]:
    """A file system of its own for the state, if asked for."""
    directory.mkdir(parents=True)
    if not mib:
        yield
        return
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={mib}m,mode=700", "tmpfs", str(directory)], check=True
    )
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(directory)], check=True)


def may_mount() -> bool:
    """Whether a disk can be filled here; only root may mount one."""
    if shutil.which("mount") is None:
        return False
    with tempfile.TemporaryDirectory() as directory:
        try:
            with _own_disk(Path(directory) / "disk", 1):
                return True
        except subprocess.CalledProcessError:
            return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def main() -> int:
    """Parse, run, say."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=0.0)
    parser.add_argument("--seconds", type=float, default=0.0)
    parser.add_argument("--rate", type=float, default=100.0, help="frames a second")
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(4), "big"))
    arguments = parser.parse_args()
    seconds = arguments.minutes * 60 + arguments.seconds or 60.0
    plan = Plan(
        seconds=seconds,
        rate=arguments.rate,
        kill_every=(1.0, max(8.0, seconds / 60)),
        disk_mib=48 if may_mount() else 0,
    )
    with tempfile.TemporaryDirectory(prefix="soak-") as directory:
        print(f"seed {arguments.seed}, {seconds:g} s, disk full {bool(plan.disk_mib)}", flush=True)
        outcome = Soak(plan, Path(directory), seed=arguments.seed).run()
    print(outcome.details)
    for name in ("lost", "unmarked", "disorder", "misplaced"):
        if found := getattr(outcome.verdict, name):
            print(f"{name}: {found[:20]}")
    print(outcome.line)
    return 0 if outcome.verdict.is_kept and not outcome.repeated_sends else 1


if __name__ == "__main__":
    sys.exit(main())
