"""What happens to one delivery in a worker: decoded, routed, handled, settled."""

from __future__ import annotations

import contextvars
import random
import time
import traceback
from collections.abc import Callable
from typing import Any

from signalbot.errors import (
    AskCancelled,
    BotStopping,
    DecodeError,
    Reject,
    RequestFailed,
    Retry,
)
from signalbot.infrastructure.storage.inbox_base import Failure, Inbox
from signalbot.model import Event, decode
from signalbot.model.delivery import Delivery
from signalbot.model.retry import RetryPolicy
from signalbot.observability.logging import get_logger, redact
from signalbot.observability.metrics import Metrics
from signalbot.routing.options import Inherit
from signalbot.runtime.hooks import Hooks
from signalbot.runtime.lanes import Run, Wait
from signalbot.runtime.seams import Seams

log = get_logger("signalbot.processor")


class Processor:
    """Called by the worker pool with one delivery; settles it in the inbox, whatever happens.

    Settled means exactly one of: finished, failed (to the dead letters), left (the bot stops; it
    stays in the inbox), or to be run again after the Wait that is answered.
    """

    def __init__(
        self,
        inbox: Inbox,
        dispatch: Callable[[Any], None],
        make_context: Callable[[Event, Delivery, Run], Any],
        *,
        account: str,
        retry: RetryPolicy | None,
        hooks: Hooks,
        metrics: Metrics,
        on_error: Callable[[Any, BaseException], bool],
        seams: Seams,
    ) -> None:
        self._inbox = inbox
        self._dispatch = dispatch
        self._make_context = make_context
        self._account = account
        self._retry = retry
        self._hooks = hooks
        self._metrics = metrics
        self._on_error = on_error
        self._seams = seams

    def __call__(self, delivery: Delivery, run: Run) -> Wait | None:
        if delivery.attempt or delivery.outages:
            self._inbox.unpark(delivery)
        # Counted before the handler runs: a message that kills the process is counted as well.
        self._inbox.begin(delivery)
        try:
            event = decode(
                delivery.raw,
                peeked=delivery.peek,
                received_at=delivery.received_at,
                account=self._account,
            )
            ctx = self._make_context(event, delivery, run)
        except Exception as error:  # noqa: BLE001 - a mistake of ours loses nothing, stops nothing
            self._fail(delivery, unreadable(error))
            self._seams.on_step("unreadable", delivery, None, error)
            return None
        self._seams.on_step("began", delivery, ctx)
        # Each handler sees contextvars of its own: nothing that it binds leaks into the next.
        return contextvars.Context().run(self._handle, ctx, delivery, run)

    def _handle(self, ctx: Any, delivery: Delivery, run: Run) -> Wait | None:
        try:
            self._hooks.enter_handler()
            self._dispatch(ctx)
        except BotStopping:
            self._seams.on_step("left", delivery, ctx)
            return None  # stays in the inbox, from its first message on
        except BaseException as error:  # noqa: BLE001 - whatever it is ends up somewhere
            return None if run.abandoned else self._settle_error(ctx, delivery, error)
        finally:
            self._hooks.leave_handler()
            if ctx.handler is not None:
                self._metrics.handler_seconds.note((run.age(time.monotonic()), ()))
        if not run.abandoned:
            self._inbox.finish(delivery)
            if ctx.script is not None:
                ctx.forget()
            self._metrics.outcomes.note(("done",))
            self._seams.on_step("done", delivery, ctx)
        return None

    def _settle_error(self, ctx: Any, delivery: Delivery, error: BaseException) -> Wait | None:
        handler = ctx.handler
        policy = self._retry if handler is None else handler_policy(handler, self._retry)
        if not self._seams.retries:
            policy = None
        if policy is not None:
            outage = self._wait_out_outage(ctx, delivery, error, policy)
            if outage is not None:
                self._seams.on_uncaught(ctx, error, True)
                self._seams.on_step("outage", delivery, ctx, error, outage.delay)
                return outage
        if not isinstance(error, (Retry, Reject)):
            try:
                if self._on_error(ctx, error):
                    self._inbox.finish(delivery)
                    ctx.forget()
                    self._metrics.outcomes.note(("handled_error",))
                    self._seams.on_step("handled_error", delivery, ctx, error)
                    return None
            except BotStopping:
                self._seams.on_step("left", delivery, ctx)
                return None
            except BaseException as raised:  # noqa: BLE001 - it hands on by raising
                error = raised
        if isinstance(error, AskCancelled):
            # The person ended the conversation: that is no failure of anybody's.
            self._inbox.finish(delivery)
            ctx.forget()
            self._metrics.outcomes.note(("cancelled",))
            self._seams.on_step("done", delivery, ctx)
            return None
        age = self._seams.clock.time() - delivery.received_at
        will_retry = policy is not None and policy.allows(error, attempt=delivery.attempt, age=age)
        self._seams.on_uncaught(ctx, error, will_retry)
        if policy is not None and will_retry:
            delay = policy.delay_after(delivery.attempt)
            if isinstance(error, Retry) and error.delay is not None:
                delay = error.delay
            log.warning(
                "handler.retry",
                error_type=type(error).__name__,
                attempt=delivery.attempt,
                delay=round(delay, 3),
            )
            self._metrics.outcomes.note(("retried",))
            self._inbox.park(delivery)
            self._seams.on_step("retry", delivery, ctx, error, delay)
            return Wait(delay, hold_chat=holds_chat(handler))
        self._fail(delivery, self.failure(ctx, error))
        ctx.forget()
        self._seams.on_step("dead_letter", delivery, ctx, error)
        return None

    def _wait_out_outage(
        self, ctx: Any, delivery: Delivery, error: BaseException, policy: RetryPolicy
    ) -> Wait | None:
        """The server could not be reached, and nothing was sent: wait, and burn no attempt.

        A handler that had sent something before is retried as after any other error: else it
        would send that again and again for as long as the outage lasts.
        """
        if not isinstance(error, RequestFailed) or error.may_have_been_sent or ctx.has_acted:
            return None
        age = self._seams.clock.time() - delivery.received_at
        if not policy.allows(error, attempt=0, age=age):
            return None
        delivery.attempt -= 1
        delivery.outages += 1
        ceiling = min(15.0, 0.5 * 2.0 ** min(delivery.outages, 16))
        delay = max(
            getattr(error, "retry_after", 0.0),
            random.uniform(ceiling / 2, ceiling),  # nosec B311 - jitter
        )
        log.warning("handler.server_unreachable", delay=round(delay, 3), times=delivery.outages)
        self._metrics.outcomes.note(("outage",))
        self._inbox.park(delivery)
        return Wait(delay, hold_chat=holds_chat(ctx.handler))

    def failure(self, ctx: Any, error: BaseException, reason: str | None = None) -> Failure:
        """A dead letter's cause, without the message's own words."""
        text: str = ctx.text
        # What a handler quotes is mostly the whole of it, a line, or what follows the command.
        words = sorted({text, text.partition(" ")[2], *text.splitlines()}, key=len, reverse=True)
        trace = "".join(traceback.format_exception(type(error), error, error.__traceback__))
        return Failure(
            reason=reason or _reason(error),
            error_type=type(error).__name__,
            error=redact(_text_of(error), also=words)[:500],
            traceback=redact(trace, also=words)[-8000:],
            handler=getattr(ctx.handler, "name", None),
        )

    def break_off(self, delivery: Delivery, error: BaseException) -> None:
        """Something around the handler failed, which nobody has foreseen: keep the frame."""
        # Without its text: what could not be handled could not be redacted for sure either.
        trace = "".join(traceback.format_tb(error.__traceback__))
        self._fail(
            delivery, Failure("handler_error", type(error).__name__, traceback=trace[-8000:])
        )
        self._seams.on_step("dead_letter", delivery, None, error)

    def give_up(self, delivery: Delivery, stack: str, handler: str | None = None) -> None:
        """The handler hangs: its chat goes on, the frame goes to the dead letters."""
        self._fail(
            delivery,
            Failure(
                reason="stuck",
                handler=handler,
                error_type="HandlerTimeout",
                error="The handler did not end after its deadline; its chat went on without it.",
                traceback=stack[-8000:],
            ),
        )
        self._seams.on_step("stuck", delivery, None)

    def _fail(self, delivery: Delivery, failure: Failure) -> None:
        self._inbox.fail(delivery, failure)
        self._metrics.outcomes.note(("dead_letter",))
        log.error(
            "handler.dead_letter",
            reason=failure.reason,
            error_type=failure.error_type,
            handler=failure.handler,
            attempts=delivery.attempt,
        )


def unreadable(error: Exception) -> Failure:
    """Why a frame did not become an event; a DecodeError has said all there is."""
    is_bug = not isinstance(error, DecodeError)
    trace = "".join(traceback.format_exception(error)) if is_bug else ""
    return Failure(
        "unreadable", type(error).__name__, redact(_text_of(error))[:500], redact(trace)[-8000:]
    )


def _text_of(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - a stranger's __str__
        return ""


def _reason(error: BaseException) -> str:
    if isinstance(error, Reject):
        return "rejected"
    return "timeout" if type(error).__name__ == "HandlerTimeout" else "handler_error"


def holds_chat(handler: Any) -> bool:
    """Whether later messages wait for a retry of this handler's."""
    return getattr(handler, "order", "strict") != "relaxed"


def handler_policy(handler: Any, default: RetryPolicy | None) -> RetryPolicy | None:
    """The handler's own retry policy, if it or a router around it has one."""
    policy: RetryPolicy | Inherit | None = handler.retry
    return default if isinstance(policy, Inherit) else policy
