"""What a mistake around a handler does to its event, and to the bot: nothing that is not told."""

from __future__ import annotations

import json
from typing import Any, cast

from signalbot import SignalBot
from signalbot.infrastructure.storage.inbox_base import Failure, Inbox
from signalbot.model import peek
from signalbot.model.delivery import Delivery
from signalbot.observability.metrics import Metrics
from signalbot.runtime.lanes import Lane, Run
from signalbot.runtime.processor import Hooks, Processor
from signalbot.runtime.seams import Seams
from signalbot.testing import Chat
from tests.model.samples import frame


class Notes:
    """Stands for the inbox, and keeps what it is told."""

    def __init__(self) -> None:
        self.failed: list[Failure] = []

    def begin(self, delivery: Delivery) -> None:
        delivery.attempt += 1

    def fail(self, delivery: Delivery, failure: Failure) -> None:
        self.failed.append(failure)


def test_an_event_that_cannot_be_made_is_a_dead_letter_with_its_cause() -> None:
    def make_context(*_: Any) -> Any:
        raise KeyError("a mistake of ours")

    notes = Notes()
    processor = Processor(
        cast(Inbox, notes),
        lambda ctx: None,
        make_context,
        account="+12025550100",
        retry=None,
        hooks=Hooks(),
        metrics=Metrics(),
        on_error=lambda ctx, error: False,
        seams=Seams(),
    )
    raw = json.dumps(frame(dataMessage={"timestamp": 1, "message": "hi"})).encode()
    delivery = Delivery(1, raw, 0.0, "test", peek(raw))

    assert processor(delivery, Run(Lane("chat"), delivery)) is None

    (failure,) = notes.failed
    assert (failure.reason, failure.error_type) == ("unreadable", "KeyError")
    assert "make_context" in failure.traceback


def test_a_hook_that_fails_after_a_handler_stops_nothing() -> None:
    bot = SignalBot(phone_number="+4915112345678", retry=None)

    @bot.on_message
    def echo(ctx: Any) -> str:
        return ctx.text

    def broken() -> None:
        raise OSError("the connection was closed before")

    bot.hooks.after_handler.append(broken)
    with Chat(bot) as chat:
        assert chat.say("one") == ["one"]
        assert chat.say("two") == ["two"]
        assert bot.state == "running"
