"""A simulator for each test, one browser for all of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from signalbot import SignalBot
from signalbot.model.retry import RetryPolicy
from signalbot.simulator.demo_bot import make_bot
from signalbot.simulator.web import Simulator
from tests.simulator.browser import Browser, why_no_browser
from tests.simulator.page_client import PageClient


def make_quick_bot(**settings: Any) -> SignalBot:
    """The demo bot, whose second attempt comes soon."""
    return make_bot(**settings, retry=RetryPolicy(max_attempts=2, delay=0.05))


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator(make_quick_bot) as simulator:
        yield simulator


@pytest.fixture
def client(simulator: Simulator) -> Iterator[PageClient]:
    with PageClient(simulator) as client:
        yield client


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    reason = why_no_browser()
    if reason:
        pytest.skip(reason)
    browser = Browser(tmp_path_factory.mktemp("chromium"))
    yield browser
    browser.quit()


@pytest.fixture
def page(chromium: Browser, simulator: Simulator) -> Iterator[Browser]:
    """The browser at the simulator, in a window as wide as a laptop's."""
    chromium.open(simulator.url)
    yield chromium
    # Leaves the page, so that its stream ends before the server does.
    problems = chromium.problems()
    chromium.leave()
    assert problems == []


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    from signalbot.simulator.picture import picture

    path = tmp_path / "photo.png"
    path.write_bytes(picture())
    return path
