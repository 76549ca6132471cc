"""Runs the handlers that routing has chosen for an event."""

from __future__ import annotations

import contextlib
import inspect
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from typing import Any, Protocol

from signalbot.errors import BotStopping, Skip
from signalbot.observability.logging import get_logger
from signalbot.routing.event_kinds import QUIET_KINDS
from signalbot.routing.limits import MemoryWindows, limit_key
from signalbot.routing.matches import Match
from signalbot.routing.middleware import compose
from signalbot.routing.options import Inherit
from signalbot.routing.table import RoutingTable
from signalbot.routing.usage import UsageError

log = get_logger("signalbot.dispatcher")


class AsyncSide(Protocol):
    """The event loop, as those see it who run handlers."""

    def finish(self, awaitable: Awaitable[Any], name: str) -> Any: ...
    async def in_thread(self, function: Callable[..., Any], *args: Any, **keywords: Any) -> Any: ...


class Dispatcher:
    """Observers first, then the first handler that fits; what it returns is sent to the chat.

    ``table_of`` is asked for each event, so that handlers registered while the bot runs (a
    notebook cell) count from the next message on.
    """

    def __init__(
        self,
        table_of: Callable[[], RoutingTable],
        loop: AsyncSide,
        *,
        on_event: Callable[[Any], None],
        on_uncaught: Callable[[Any, BaseException, bool], None],
        windows: Callable[[str, Callable[[Any], Any]], Any] | None = None,
    ) -> None:
        self._table_of = table_of
        self._loop = loop
        self._on_event = on_event
        self._on_uncaught = on_uncaught
        self._windows = windows or MemoryWindows()

    def dispatch(self, ctx: Any) -> None:
        """Handle the event; what the handler raises comes out here."""
        table = self._table_of()
        if ctx.attempt == 1:
            self._on_event(ctx)
        if table.has_observers:
            self.observe(ctx, table)
        handled = False
        for match in table.matches(ctx):
            handled = True
            try:
                self._run_if_permitted(match, ctx)
            except Skip:
                continue
            return
        if not handled:
            for match in table.unhandled(ctx):
                with contextlib.suppress(Skip):
                    self._run(match, ctx)
                    return
            hint = table.suggestion(ctx)
            if hint:
                ctx.send(hint)

    def observe(self, ctx: Any, table: RoutingTable | None = None) -> None:
        """Run the observers; what one raises is logged, and never keeps the handlers from it."""
        for match in (table or self._table_of()).observers(ctx):
            try:
                match.announce(ctx)
                self._run(match, ctx)
            except BotStopping:
                raise
            except Exception as error:
                log.exception(
                    "observer.failed", handler=match.handler.name, error_type=type(error).__name__
                )
                self._on_uncaught(ctx, error, False)
            finally:
                ctx.handler = None

    def settle_error(self, ctx: Any, error: BaseException) -> bool:
        """Give an error to the most specific error handler; False if there is none for it."""
        handler = ctx.handler
        found = None if handler is None else handler.error_handler(error)
        if found is None:
            return False
        self._deliver(ctx, found(ctx, error), "an error handler")
        return True

    def send_parts(self, ctx: Any, result: Any) -> None:
        """Send what a function returned to the chat."""
        self._deliver(ctx, result, "a function")

    def _run_if_permitted(self, match: Match, ctx: Any) -> None:
        handler = match.handler
        permission = handler.permission
        if permission.rules and not (decision := permission.decide(ctx)).is_allowed:
            log.info("handler.denied", handler=handler.name, reason=decision.reason)
            refuse(ctx, decision.reply)
            return
        limit = handler.limit
        # A retry is no second call of the sender's.
        if limit is not None and not isinstance(limit, Inherit) and ctx.attempt == 1:
            sender = ctx.sender.id if ctx.sender is not None else ""
            verdict = limit.decide(
                limit_key(handler.name, sender),
                ctx.event.received_at or time.time(),
                self._windows,
            )
            if not verdict.is_allowed:
                log.info("handler.limited", handler=handler.name)
                refuse(ctx, handler.limit_reply if verdict.is_first_refusal else None)
                return
        try:
            self._run(match, ctx)
        except UsageError as error:
            ctx.send(error.reply)

    def _run(self, match: Match, ctx: Any) -> None:
        handler = match.handler
        ctx.begin_handler(handler)
        if not handler.middlewares:
            self._deliver(ctx, match.call(ctx), handler.name)
            return
        was_called = False

        def endpoint() -> Any:
            nonlocal was_called
            was_called = True
            # Sent inside the onion: a middleware that forgets to return loses no answer, and one
            # that catches errors also sees those of sending.
            return self._deliver(ctx, match.call(ctx), handler.name)

        result = compose(handler.middlewares, ctx, endpoint)
        if not was_called:
            self._deliver(ctx, result, "a middleware")

    def _deliver(self, ctx: Any, result: Any, where: str) -> Any:
        """Send what a function returned, after waiting for it if it is async."""
        if type(result) is str:  # what most return; the questions below take 5 µs
            if result:
                ctx.send(result)
            return result
        if inspect.isasyncgen(result):
            self._loop.finish(self._send_each(ctx, result, where), where)
            return None
        if inspect.isawaitable(result):
            result = self._loop.finish(result, where)
        for part in parts_of(result, where):
            ctx.send(part)
        return result

    async def _send_each(self, ctx: Any, parts: AsyncGenerator[Any, Any], where: str) -> None:
        """On the loop: one task for the whole generator, so that its own scopes may span yields."""
        async with contextlib.aclosing(parts):
            async for part in parts:
                for text in parts_of(part, where):
                    await self._loop.in_thread(ctx.send, text)


def refuse(ctx: Any, reply: str | None) -> None:
    """Tell somebody who may not, or not so often, where the bot has something to say."""
    # An answer to a receipt would cause the next receipt.
    if reply and ctx.chat is not None and ctx.event.kind not in QUIET_KINDS:
        ctx.send(reply)


def parts_of(result: Any, where: str) -> Iterator[str]:
    """The texts in what a handler returned: a str, several from a generator, or none.

    An empty str is no text: ``"\\n".join(found)`` of nothing says nothing.
    """
    if result is None or result == "" or type(result).__name__ == "SentMessage":
        return
    if isinstance(result, str):
        yield result
    elif inspect.isgenerator(result):
        for part in result:
            yield from parts_of(part, where)
    else:
        raise TypeError(
            f"{where} returned {type(result).__name__}: return a str to answer with, "
            "None for no answer, or yield several strs."
        )
