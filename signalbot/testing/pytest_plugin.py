"""Fixtures for tests of bots: ``chat``, ``group``, ``clock``, ``signal_server``, ``bot``.

pytest loads this by itself where signalbot is installed. It imports nothing but pytest until a
test asks for one of the fixtures.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from signalbot.bot import SignalBot
    from signalbot.testing.chat import Chat
    from signalbot.testing.clock import FakeClock
    from signalbot.testing.fake_signal import FakeSignal
    from signalbot.testing.stage import Stage

_INI = "signalbot_bot"

_NO_BOT = f"""\
The chat needs to know your bot. Define a fixture in the test's module or in conftest.py:

    @pytest.fixture
    def bot():
        return make_bot()          # server, number, state directory are in the environment

or name it in the configuration of pytest:

    {_INI} = "mypackage.mybot:bot"  # a SignalBot, or a function that makes one
"""


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("signalbot")
    group.addoption(
        "--signal-server",
        metavar="URL",
        help="talk to this signal-cli-rest-api instead of a stand-in (see docs/testing.md)",
    )
    group.addoption(
        "--signal-number", metavar="NUMBER", help="the bot's account on --signal-server"
    )
    group.addoption(
        "--signal-person",
        metavar="NUMBER",
        help="a second account on --signal-server, which writes to the bot",
    )
    parser.addini(_INI, "module:name of the bot that the chat fixture uses", default="")


@pytest.hookimpl(tryfirst=True)
def pytest_fixture_setup(fixturedef: pytest.FixtureDef[Any], request: Any) -> None:
    """Set the environment right before the test's bot is made, whatever it asks for itself.

    A test that asks for none of the fixtures that need a server gets none: its ``bot`` may be
    no bot for Signal at all.
    """
    if fixturedef.argname == "bot" and fixturedef.scope == "function":
        with_server = "_signal_environment" in request.fixturenames
        request.getfixturevalue("_signal_environment" if with_server else "_signal_settings")


@pytest.fixture
def clock(request: pytest.FixtureRequest) -> FakeClock:
    """The bot's time; it stands still until ``clock.advance("5m")``."""
    from signalbot.testing.clock import FakeClock

    return FakeClock()


@pytest.fixture
def _signal_settings(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Settings with which a bot can be made, and can harm nobody."""
    monkeypatch.setenv("SIGNAL_SERVICE", "http://signal-server.invalid")
    monkeypatch.setenv("SIGNAL_PHONE_NUMBER", "+4915112345678")
    monkeypatch.setenv("SIGNAL_STATE_DIR", str(tmp_path_factory.mktemp("signalbot")))


@pytest.fixture
def _signal_environment(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[FakeSignal | None]:
    """The stand-in, with the settings of a bot for it in the environment; None if it is real."""
    from signalbot.testing.plugin_environment import environment

    with environment(request.config, tmp_path_factory, _clock_of(request)) as server:
        yield server


@pytest.fixture
def signal_server(_signal_environment: FakeSignal | None) -> FakeSignal:
    """The stand-in server: faults, people, groups, everything that it recorded."""
    if _signal_environment is None:
        pytest.skip("a real server cannot be prepared or looked into (--signal-server)")
    return _signal_environment


@pytest.fixture
def bot(request: pytest.FixtureRequest) -> SignalBot:
    """The bot under test: define your own, or name it with the ini option signalbot_bot."""
    name = request.config.getini(_INI)
    if not name:
        pytest.fail(_NO_BOT, pytrace=False)
    from signalbot.testing.plugin_environment import load_bot

    return load_bot(name)


@pytest.fixture
def _signal_stage(
    request: pytest.FixtureRequest, _signal_environment: FakeSignal | None, bot: SignalBot
) -> Iterator[Stage]:
    from signalbot.testing.plugin_environment import stage_for

    with stage_for(request.config, bot, _signal_environment, _clock_of(request)) as stage:
        yield stage
        stage.finish()


@pytest.fixture
def chat(request: pytest.FixtureRequest, _signal_stage: Stage) -> Chat:
    """Alice's chat with the bot."""
    from signalbot.testing.chat import Chat

    number = request.config.getoption("--signal-person") if _signal_stage.is_real else None
    return Chat.on(_signal_stage, number or "Alice")


@pytest.fixture
def group(_signal_stage: Stage) -> Chat:
    """A group of Alice, Bob and the bot: ``group.say("hi", sender="Bob")``."""
    from signalbot.testing.chat import Chat

    if _signal_stage.is_real:
        pytest.skip("making groups on a real server would leave them behind (--signal-server)")
    return Chat.on(_signal_stage, "Alice").in_group("Lunch", "Bob")


def _clock_of(request: pytest.FixtureRequest) -> FakeClock | None:
    """The test's clock, if it asks for one, and if it is ours."""
    if "clock" not in request.fixturenames:
        return None
    from signalbot.testing.clock import FakeClock

    clock = request.getfixturevalue("clock")
    return clock if isinstance(clock, FakeClock) else None
