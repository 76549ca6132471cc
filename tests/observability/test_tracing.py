"""OpenTelemetry spans: of handled events and of requests, and nobody's data in them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind

from signalbot import SignalBot
from signalbot.errors import SettingsError
from signalbot.observability import tracing
from signalbot.testing import FakeSignal
from tests.bot.conftest import eventually

MakeBot = Callable[..., SignalBot]


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def provider(exporter: InMemorySpanExporter) -> TracerProvider:
    made = TracerProvider()
    made.add_span_processor(SimpleSpanProcessor(exporter))
    return made


def test_a_handled_event_and_its_requests(
    server: FakeSignal, make_bot: MakeBot, provider: TracerProvider, exporter: InMemorySpanExporter
) -> None:
    bot = make_bot()
    tracing.enable(bot, provider)

    @bot.command("ping")
    def ping(ctx: Any) -> str:
        return "pong"

    alice = server.add_person("Alice", number="+4915199999999")
    with bot:
        server.say(alice, "/ping")
        handled = span_named(exporter, "handle", "ping")

    request = span_named(exporter, "signal-api send")
    assert (handled.kind, request.kind) == (SpanKind.CONSUMER, SpanKind.CLIENT)
    assert request.parent is not None
    assert handled.context is not None
    assert request.parent.span_id == handled.context.span_id
    assert attributes(request)["http.response.status_code"] == 201
    assert attributes(handled)["signalbot.kind"] == "message"
    assert attributes(handled)["signalbot.attempt"] == 1
    assert handled.status.is_unset
    told = "".join(span.to_json() for span in exporter.get_finished_spans())
    assert not [word for word in (alice.uuid, "+49", "Alice", "pong") if word in told]


def test_a_failing_handler_and_a_failing_request(
    server: FakeSignal, make_bot: MakeBot, provider: TracerProvider, exporter: InMemorySpanExporter
) -> None:
    bot = make_bot(retry=None)
    tracing.enable(bot, provider)

    @bot.command("fail")
    def fail(ctx: Any) -> None:
        server.fail_next(status=400, text="no", path="/v2/send")
        ctx.send("never")

    with bot:
        server.say(server.add_person("Alice"), "/fail")
        handled = span_named(exporter, "handle", "fail")

    request = span_named(exporter, "signal-api send")
    assert not handled.status.is_ok
    assert not handled.status.is_unset
    assert not request.status.is_unset
    assert attributes(request)["error.type"] == "400"
    assert "error.type" in attributes(handled)
    assert not handled.events  # an exception's text may quote the message


def test_off_unless_enabled(
    server: FakeSignal, make_bot: MakeBot, exporter: InMemorySpanExporter
) -> None:
    bot = make_bot()

    @bot.command("ping")
    def ping(ctx: Any) -> str:
        return "pong"

    with bot:
        server.say(server.add_person("Alice"), "/ping")
        server.wait_for_sent()

    assert exporter.get_finished_spans() == ()


def test_without_opentelemetry_it_says_what_to_install(
    make_bot: MakeBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry", None)

    with pytest.raises(SettingsError, match=r"signalbot-sync\[otel\]"):
        tracing.enable(make_bot())


def span_named(exporter: InMemorySpanExporter, *parts: str) -> ReadableSpan:
    """The finished span whose name has these parts, once it is there."""

    def found() -> ReadableSpan | None:
        spans = exporter.get_finished_spans()
        return next((s for s in spans if all(part in s.name for part in parts)), None)

    span: ReadableSpan = eventually(found)
    return span


def attributes(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})
