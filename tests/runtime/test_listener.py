"""When a connection is made again."""

from __future__ import annotations

import pytest

from signalbot.runtime.listener import Backoff


def test_the_first_attempt_is_immediate_and_the_pauses_stay_low() -> None:
    backoff = Backoff()

    delays = [backoff.next_delay(lived=0.1) for _ in range(50)]

    assert delays[0] == 0.0
    assert max(delays) <= 15.0
    assert any(delays)


@pytest.mark.parametrize("lived", [5.0, 30.0, 3600.0])
def test_a_connection_that_was_cut_after_some_seconds_is_made_again_at_once(lived: float) -> None:
    backoff = Backoff()

    assert {backoff.next_delay(lived) for _ in range(20)} == {0.0}
