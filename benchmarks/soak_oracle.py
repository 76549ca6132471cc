"""Judges what a bot noted against what it had acknowledged."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

Frame = tuple[str, int]
"""Chat, and number within the chat."""

ATTEMPTS = 3
# The library waits these out without counting an attempt.
_OUTAGES = ("ConnectFailed", "CircuitOpen")
# Why a frame may be given up, by what its text says; any may have met too many kills.
_REASONS = {"reject": ("rejected",), "reply": ("handler_error", "timeout")}


def belongs_there(what: str, reason: str) -> bool:
    """Whether a frame may be a dead letter for this reason."""
    return reason == "crashed" or reason in _REASONS.get(what, ())


@dataclass
class Verdict:
    """What the oracle found.

    Attributes:
        runs: how often the bot was started.
        handled: frames whose handler came to its end at least once.
        lost: committed frames that were neither handled nor given up.
        given_up: frames among the dead letters.
        repeated: handlers that began again after a kill, marked as redelivered.
        retried: handlers that began again because they had failed.
        unmarked: handlers that began again without any mark.
        forgotten: the same for frames that nobody had acknowledged before: on a full disk the bot
            goes on in memory, a kill forgets that, and whoever was told 503 brings them again.
        disorder: frames that began although their chat was further on already.
        misplaced: dead letters for a reason that their frames gave no cause for.
    """

    runs: int = 0
    handled: int = 0
    lost: list[Frame] = field(default_factory=list)
    given_up: int = 0
    repeated: int = 0
    retried: int = 0
    unmarked: list[Frame] = field(default_factory=list)
    forgotten: int = 0
    disorder: list[Frame] = field(default_factory=list)
    misplaced: list[Frame] = field(default_factory=list)

    @property
    def is_kept(self) -> bool:
        """Whether every promise was kept."""
        return not (self.lost or self.unmarked or self.disorder or self.misplaced)


class _Chat:
    """What is known of one chat so far; ``begin`` judges."""

    def __init__(self) -> None:
        self.committed: dict[int, int] = {}  # by the run that had acknowledged it
        self.begun: dict[int, int] = {}  # by the last run that began it
        self.done: set[int] = set()
        self.failed: set[int] = set()  # to be run again, and not begun since
        self.open: set[int] = set()  # begun, neither handled nor given up
        self.passed: set[int] = set()  # still open when a later one began
        self.highest = -1
        self.run = 0
        self.highest_of_run = -1

    def begin(self, number: int, run: int) -> bool:
        """Whether it was this frame's turn."""
        if run != self.run:
            # A kill repeats what was in flight, and that must be in order in itself.
            self.run, self.highest_of_run = run, -1
        is_in_order = (
            number >= self.highest_of_run
            and number not in self.passed
            and (number in self.begun or number > self.highest)
        )
        self.passed.update(other for other in self.open if other < number)
        self.begun[number] = run
        if number not in self.done:
            self.open.add(number)
        self.highest = max(self.highest, number)
        self.highest_of_run = max(self.highest_of_run, number)
        return is_in_order

    def end(self, number: int) -> None:
        self.open.discard(number)
        self.passed.discard(number)


def judge(
    lines: Iterable[str],
    committed: Iterable[Frame],
    dead: Iterable[Frame],
    *,
    misplaced: Iterable[Frame] = (),
    may_forget: bool = False,
) -> Verdict:
    """Read the notes of all runs, in the order in which they were made.

    Args:
        misplaced: those of the dead that do not belong there.
        may_forget: the disk refused writes now and then.
    """
    verdict = Verdict()
    chats: dict[str, _Chat] = {}
    for line in lines:
        fact, *rest = line.split()
        if fact == "R":
            verdict.runs += 1
        elif fact in ("B", "C", "H", "E"):
            chat = chats.setdefault(rest[0], _Chat())
            _read(verdict, chat, fact, rest, may_forget)
    done = {(name, number) for name, chat in chats.items() for number in chat.done}
    given_up = set(dead)
    verdict.handled = len(done)
    verdict.given_up = len(given_up)
    verdict.misplaced = sorted(misplaced)
    verdict.lost = sorted(set(committed) - done - given_up)
    return verdict


def _read(verdict: Verdict, chat: _Chat, fact: str, rest: list[str], may_forget: bool) -> None:
    name, number = rest[0], int(rest[1])
    if fact == "C":
        chat.committed.setdefault(number, verdict.runs)
    elif fact == "H":
        chat.done.add(number)
        chat.end(number)
    elif fact == "E":
        attempt, error = int(rest[2]), rest[3]
        if error == "Reject" or (attempt >= ATTEMPTS and error not in _OUTAGES):
            chat.end(number)  # given up: it may come back after a kill only, marked
        else:
            chat.failed.add(number)
    else:
        begun = chat.begun.get(number, 0)
        may_forget = may_forget and chat.committed.get(number, verdict.runs) > begun
        _count_repetition(verdict, chat, (name, number), rest[2] == "1", may_forget)
        chat.failed.discard(number)
        if not chat.begin(number, verdict.runs):
            verdict.disorder.append((name, number))


def _count_repetition(
    verdict: Verdict,
    chat: _Chat,
    frame: Frame,
    is_redelivered: bool,
    may_forget: bool,
) -> None:
    if frame[1] not in chat.begun:
        return
    if frame[1] in chat.failed:
        verdict.retried += 1
    elif is_redelivered:
        verdict.repeated += 1
    elif may_forget:
        verdict.forgotten += 1
    else:
        verdict.unmarked.append(frame)
