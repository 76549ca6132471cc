"""What a bot and the stand-in write to the host's logs, at any level."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest

from signalbot import SignalBot
from signalbot.testing import FakeSignal
from tests.bot.conftest import eventually

ALICE = "+4915199999999"


def test_no_text_and_nobody_elses_number_is_logged(
    server: FakeSignal,
    make_bot: Callable[..., SignalBot],
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    bot = make_bot(retry=None)
    alice = server.add_person("Alice Adler", number=ALICE)

    @bot.command("fail")
    def fail(ctx: Any) -> None:
        ctx.reply("an answer for your eyes")
        ctx.bot.send(ALICE, "another answer")
        ctx.log.info("failing")
        raise ValueError(f"cannot serve {ALICE}")

    with caplog.at_level(logging.DEBUG):
        for name in list(logging.root.manager.loggerDict):
            caplog.set_level(logging.DEBUG, logger=name)
        with bot:
            server.wait_for_socket()
            server.say(alice, "/fail precious words")
            eventually(bot.dead_letters.list)

    captured = capsys.readouterr()
    written = caplog.text + captured.out + captured.err
    assert written
    for private in ("precious", "your eyes", "another answer", ALICE, ALICE[1:], "Adler"):
        assert private not in written
    assert str(alice.uuid) not in written
