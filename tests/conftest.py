"""What every test gets: a clean environment, its own state directory, no thread left behind."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

# No deadline: a shared machine is slow at random. Derandomised in CI, so that a red run can be
# repeated.
settings.register_profile("dev", deadline=None, max_examples=50)
settings.register_profile("ci", settings.get_profile("dev"), derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "dev")

# For a pytest that a test starts: importing hypothesis, which it does not use, is most of its time.
FEW_PLUGINS = ("-p", "no:cacheprovider", "-p", "no:hypothesispytest")

OUR_THREADS = ("signalbot-", "fake-signal")
THREAD_GRACE = 5.0


def our_threads() -> set[threading.Thread]:
    return {t for t in threading.enumerate() if t.name.startswith(OUR_THREADS)}


def still_alive(threads: set[threading.Thread], grace: float) -> list[str]:
    """Give the threads ``grace`` seconds together to end; the names of those that did not."""
    deadline = time.monotonic() + grace
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    return sorted(thread.name for thread in threads if thread.is_alive())


@pytest.fixture(autouse=True)
def no_thread_left_behind() -> Iterator[None]:
    """Fail the test that leaves a thread of ours running.

    Being the outermost fixture it looks when every other fixture of the test has been torn down;
    threads of fixtures with a wider scope were there before and do not count.
    """
    before = our_threads()
    yield
    left = still_alive(our_threads() - before, THREAD_GRACE)
    if left:
        pytest.fail(f"threads left behind {THREAD_GRACE:g} s after the test: {', '.join(left)}")


@pytest.fixture(autouse=True)
def clean_environment(
    no_thread_left_behind: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Neither the developer's own bot settings nor the state of another test can be seen."""
    for name in [name for name in os.environ if name.upper().startswith("SIGNAL_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
