"""OpenTelemetry spans: one for each handled event, one for each request to the server."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from signalbot.errors import (
    AskCancelled,
    AskTimeout,
    BotStopping,
    SettingsError,
    Skip,
)
from signalbot.observability.logging import label

if TYPE_CHECKING:
    from opentelemetry.trace import Tracer, TracerProvider

# How a handler ends that is no failure of its own.
_ORDERLY = (Skip, BotStopping, AskCancelled, AskTimeout)


def enable(bot: Any, provider: TracerProvider | None = None) -> None:
    """Have a bot make spans; call it before handlers are registered. Without it there are none.

    The spans of requests that a handler makes are children of the handler's. They carry the
    handler's name, the kind of event, the chat as a hash; no number, name or text.

    Args:
        provider: the global one of OpenTelemetry if left out.

    Raises:
        SettingsError: opentelemetry-api is not installed."""
    tracer = tracer_of(provider)
    bot.middleware(_event_spans(tracer))
    bot.metrics.follow_requests(request_spans(tracer))


def tracer_of(provider: TracerProvider | None = None) -> Tracer:
    """The library's tracer.

    Raises:
        SettingsError: opentelemetry-api is not installed."""
    try:
        from opentelemetry import trace
    except ImportError as error:
        raise SettingsError(
            "Spans need OpenTelemetry: pip install 'signalbot-sync[otel]', and its SDK."
        ) from error
    return trace.get_tracer("signalbot", tracer_provider=provider)


def request_spans(tracer: Tracer) -> Callable[[str, str, float], None]:
    """A function that makes the span of a request that has just ended in this thread.

    Afterwards, because there is nothing to be seen inside a request, and a request nobody
    follows should cost nothing."""
    from opentelemetry.trace import SpanKind, StatusCode

    def note(family: str, outcome: str, seconds: float) -> None:
        now = time.time_ns()
        span = tracer.start_span(
            f"signal-api {family}", kind=SpanKind.CLIENT, start_time=now - int(seconds * 1e9)
        )
        span.set_attribute("signalbot.family", family)
        if outcome.isdigit():
            span.set_attribute("http.response.status_code", int(outcome))
        if not outcome.startswith("2"):
            span.set_attribute("error.type", outcome)
            span.set_status(StatusCode.ERROR)
        span.end(now)

    return note


def _event_spans(tracer: Tracer) -> Callable[[Any, Callable[[], Any]], Any]:
    from opentelemetry.trace import SpanKind, StatusCode

    def trace_event(ctx: Any, call_next: Callable[[], Any]) -> Any:
        event, name = ctx.event, ctx.handler.name
        with tracer.start_as_current_span(
            f"handle {name}",
            kind=SpanKind.CONSUMER,
            attributes={
                "messaging.system": "signal",
                "messaging.operation.type": "process",
                "signalbot.handler": name,
                "signalbot.kind": event.kind,
                "signalbot.chat": label(event.chat.key if event.chat is not None else None),
                "signalbot.attempt": ctx.attempt,
            },
            # The text of an exception may quote the message; its type says enough here.
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                return call_next()
            except BaseException as error:
                if not isinstance(error, _ORDERLY):
                    span.set_attribute("error.type", type(error).__name__)
                    span.set_status(StatusCode.ERROR)
                raise

    return trace_event
