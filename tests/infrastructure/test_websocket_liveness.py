"""When a silent peer is asked, and when it is given up."""

from __future__ import annotations

from signalbot.infrastructure.liveness import Liveness, Verdict


def watched() -> Liveness:
    return Liveness(ping_interval=20.0, ping_timeout=10.0, now=100.0)


def test_silence_calls_for_a_ping_after_the_interval() -> None:
    liveness = watched()

    assert liveness.deadline == 120.0
    assert liveness.verdict(119.9) is Verdict.WAIT
    assert liveness.verdict(120.0) is Verdict.PING


def test_an_unanswered_ping_means_dead_after_the_timeout() -> None:
    liveness = watched()
    liveness.pinged(120.0)

    assert liveness.deadline == 130.0
    assert liveness.verdict(129.9) is Verdict.WAIT
    assert liveness.verdict(130.0) is Verdict.DEAD


def test_anything_that_arrives_is_a_sign_of_life() -> None:
    liveness = watched()
    liveness.pinged(120.0)

    liveness.heard(125.0)

    assert liveness.deadline == 145.0
    assert liveness.verdict(145.0) is Verdict.PING


def test_what_arrived_before_the_ping_is_no_answer_to_it() -> None:
    liveness = watched()
    liveness.heard(110.0)
    liveness.pinged(130.0)

    liveness.heard(110.0)

    assert liveness.verdict(140.0) is Verdict.DEAD
