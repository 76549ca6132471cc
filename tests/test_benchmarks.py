"""The benchmarks still run, and their oracle still notices; nothing here is about speed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks import goals, page, plot, table
from benchmarks.contenders import CONTENDERS, Contender
from benchmarks.load_http import Connection, message_of
from benchmarks.load_oracle import Oracle
from benchmarks.load_script import Phase, write_out
from benchmarks.probes import PROBES, probe_once
from benchmarks.results import Results, value_of
from benchmarks.runs import Cores, Figures, RunFailed, run_once
from benchmarks.scenarios import SCENARIOS

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="epoll and /proc")
PYTHON = Path(sys.executable)
ANY_CORE = Cores(None, None)


def run(scenario: str, contender: str = "ours", scale: float = 0.01) -> Figures:
    return run_once(SCENARIOS[scenario].scaled(scale), CONTENDERS[contender], PYTHON, ANY_CORE)


def oracle(count: int, chats: int) -> Oracle:
    (sheet,) = write_out([Phase("/echo {n}", "{n}", count, chats)])
    return Oracle(sheet)


@on_linux
@pytest.mark.parametrize(
    ("scenario", "contender", "scale"),
    [
        ("burst", "ours", 0.01),
        ("asks", "ours-off", 0.02),
        ("letters", "ours", 0.001),
        # What the server does is the same for a client that comes up in no time.
        ("ceiling", "raw", 0.01),
        ("paced", "raw", 0.01),
        ("intake", "raw", 0.02),
        ("slow_server", "raw", 0.1),
    ],
)
def test_every_message_of_a_small_run_is_answered_once(
    scenario: str, contender: str, scale: float
) -> None:
    figures = run(scenario, contender, scale)

    assert value_of(scenario, figures, "wrong") == 0
    assert figures["messages"] > 0
    assert figures["cpu"] > 0


@on_linux
def test_an_idle_target_is_looked_at() -> None:
    figures = run("idle", "raw")

    assert value_of("idle", figures, "wakeups_per_second") is not None
    assert value_of("idle", figures, "rate") is None


@on_linux
def test_dead_letters_are_written_and_replayed() -> None:
    probe = PROBES["dead_letters"].scaled(0.01)

    figures = probe_once(probe, CONTENDERS["ours"], PYTHON, ANY_CORE)

    assert figures["replay_rate"] > 0


def test_the_oracle_notices_what_is_lost_doubled_or_out_of_order() -> None:
    seen = oracle(4, chats=1)

    for text in ("1", "0", "0", "2"):
        assert seen.take(text, at=1.0)

    assert (seen.lost, seen.duplicates, seen.out_of_order) == (1, 1, 1)
    assert not seen.take("nobody asked", at=1.0)


def test_chats_are_independent_of_each_other() -> None:
    seen = oracle(2, chats=2)

    for text in ("1", "0"):
        seen.take(text, at=1.0)

    assert seen.out_of_order == 0
    assert seen.is_complete


def test_no_two_frames_have_the_same_timestamp() -> None:
    sheets = write_out([Phase("/echo {n}", "{n}", 50, 7), Phase("/echo {n}", "{n}", 50, 7)])

    frames = [frame for sheet in sheets for frame in sheet.frames]

    assert len({frame.partition(b'"timestamp":')[2] for frame in frames}) == 100


def test_requests_are_cut_wherever_the_network_cuts_them() -> None:
    body = b'{"quote_message":"x","message": "17"}'
    request = b"POST /v2/send HTTP/1.1\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    connection = Connection(None)  # type: ignore[arg-type]  # nothing is read from it

    found = [each for byte in request * 2 for each in connection.requests(bytes((byte,)))]

    assert [message_of(each) for _, each in found] == ["17", "17"]


def made_up() -> Results:
    """Round figures: ours twice as fast as the better peer."""
    about = {
        "at": "2026-01-01T00:00:00+00:00", "command": "python -m benchmarks", "processor": "any",
        "cores": 2, "kernel": "Linux 6", "python": "3.12.1", "pinned": True, "load": 0.0,
        "versions": {"signalbot": ["signalbot==2.2.1", "pydantic==2.9"]},
        "scenarios": {"burst": "many at once"},
    }  # fmt: skip
    results = Results(about)
    for contender, rates in (
        ("ours", (200, 50)),
        ("signalbot", (100, 25)),
        ("signal-client", (9,)),
    ):
        for rate in rates:
            results.add("burst", contender, {
                "messages": 100, "measured": 100, "seconds": 100 / rate, "cpu": 1 / rate,
                "wall": 1.0, "server_cpu": 0.1, "lost": 0, "duplicates": 0, "out_of_order": 0,
                "rss": 5e7, "peak": 5e7, "start": 0.1, "launch": 0.5, "noise": 0.0, "p50": 0.001,
            })  # fmt: skip
    return results


def test_ratios_are_taken_within_a_round_against_the_better_peer() -> None:
    results = made_up()

    assert results.better_peer("burst", "rate", more_is_better=True) == "signalbot"
    assert results.ratio("burst", "ours", "rate", more_is_better=True) == 2.0
    assert results.ratio("burst", "ours", "cpu_us", more_is_better=False) == 0.5


def test_goals_are_judged_as_far_as_they_were_measured() -> None:
    verdicts = {row[0]: row[3] for row in goals.rows(made_up())}

    assert verdicts["burst, messages/s"] == "yes"
    assert verdicts["burst, memory after it"] == "NO"
    assert "paced, p50" not in verdicts


def test_the_page_gets_what_stands_between_its_marks(tmp_path: Path) -> None:
    document, picture = tmp_path / "page.md", tmp_path / "plot.svg"
    document.write_text(f"before\n{page.BEGIN}\nold\n{page.END}\nafter\n")

    page.write(made_up(), document, picture)

    text = document.read_text()
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert "old" not in text
    assert table.markdown(table.rows(made_up(), "burst")) in text
    assert picture.read_text() == plot.draw(made_up())


def test_the_page_in_the_documentation_has_the_marks() -> None:
    assert page.PAGE.read_text(encoding="utf-8").count(page.BEGIN) == 1


def test_every_scenario_has_columns() -> None:
    assert {*SCENARIOS, *PROBES} == set(table.SHOWN)


@on_linux
def test_a_target_that_does_not_come_up_fails_the_run() -> None:
    broken = Contender("broken", "ours", "common.py", "")

    with pytest.raises(RunFailed, match=r"broken failed in burst: see .*broken\.log"):
        run_once(SCENARIOS["burst"].scaled(0.01), broken, PYTHON, ANY_CORE)


@on_linux
def test_a_target_that_ends_before_it_connects_fails_the_run() -> None:
    broken = Contender("broken", "ours", "ours.py", "", {"durability": "none of these"})

    with pytest.raises(RunFailed, match="broken failed in burst"):
        run_once(SCENARIOS["burst"].scaled(0.01), broken, PYTHON, ANY_CORE)
