"""What a handler puts off: kept on disk until it is due."""

from __future__ import annotations

import base64
import importlib
import secrets
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from signalbot.errors import BotStopping, Retry, StorageError
from signalbot.model.retry import RetryPolicy
from signalbot.observability.logging import get_logger
from signalbot.runtime.hooks import Hooks
from signalbot.runtime.lanes import Run, Wait
from signalbot.runtime.loop import LoopThread
from signalbot.runtime.seams import Seams

log = get_logger("signalbot.later")

_LONGEST_WAIT = 30.0


@dataclass
class LaterRun:
    """One thing that is due, on its way through the pool."""

    key: str
    entry: dict[str, Any]
    attempt: int = 0


class Later:
    """Texts and function calls that are due later; a restart does not lose them.

    Each is an entry in the storage, with the frame of the event that it belongs to. It runs in
    the chat's own lane, between messages, and is deleted when it is done: a kill in that moment
    repeats it.
    """

    def __init__(
        self,
        loop: LoopThread,
        offer: Callable[[Any, Any], bool],
        *,
        memory: Callable[[], Any],
        make_context: Callable[[bytes], Any],
        send_parts: Callable[[Any, Any], None],
        retry: RetryPolicy | None,
        hooks: Hooks,
        seams: Seams,
    ) -> None:
        self._loop = loop
        self._offer = offer
        self._memory = memory
        self._make_context = make_context
        self._send_parts = send_parts
        self._retry = retry
        self._hooks = hooks
        self._seams = seams
        self._clock = seams.clock
        self._is_open = False

    def add(self, raw: bytes, chat: str, delay: float, what: Any, args: tuple[Any, ...]) -> str:
        """Keep a text, or a call of ``what(ctx, *args)``, for later.

        Raises:
            TypeError: the function cannot be found again after a restart, or an argument is no
                JSON value."""
        key = f"{int(self._clock.time() * 1000):015d}-{secrets.token_hex(4)}"
        entry = {
            "due": self._clock.time() + delay,
            "delay": delay,
            "chat": chat,
            "raw": base64.b64encode(raw).decode("ascii"),
            "args": list(args),
            **({"text": what} if isinstance(what, str) else {"call": path_of(what)}),
        }
        self._memory().set(key, entry)
        self._arm(key, entry)
        return key

    def start(self) -> None:
        """Wait for what was left by earlier runs."""
        self._is_open = True
        memory = self._memory()
        for key in list(memory):
            entry = memory.get(key)
            if isinstance(entry, dict):
                self._arm(key, entry)

    def stop(self, timeout: float) -> None:
        """Begin nothing more; everything stays stored."""
        self._is_open = False

    def execute(self, later: LaterRun, run: Run) -> Wait | None:
        """In a worker: do it, and forget it."""
        later.attempt += 1
        entry = later.entry
        ctx: Any = None
        try:
            self._hooks.enter_handler()
            ctx = self._make_context(base64.b64decode(entry["raw"]))
            if "text" in entry:
                ctx.send(entry["text"])
            else:
                self._send_parts(ctx, function_at(entry["call"])(ctx, *entry["args"]))
        except BotStopping:
            return None
        except BaseException as error:  # whatever it raises is told, and never ends the worker
            policy = self._retry if self._seams.retries else None
            will_retry = policy is not None and policy.allows(error, attempt=later.attempt)
            self._seams.on_uncaught(ctx, error, will_retry)
            if policy is not None and will_retry:
                own = error.delay if isinstance(error, Retry) else None
                return Wait(policy.delay_after(later.attempt) if own is None else own)
            log.error(
                "later.failed",
                call=entry.get("call"),
                attempts=later.attempt,
                error_type=type(error).__name__,
                exc_info=(type(error), error, error.__traceback__),
            )
        finally:
            self._hooks.leave_handler()
        try:
            self._memory().delete(later.key)
        except StorageError as error:  # a full disk: the next start will do it once more
            log.warning("later.not_forgotten", detail=str(error))
        return None

    def _arm(self, key: str, entry: dict[str, Any]) -> None:
        now = self._clock.time()
        # A clock that was set back must not put it off for longer than was asked for.
        entry["due"] = min(entry["due"], now + entry.get("delay", entry["due"]))
        delay = min(max(0.0, entry["due"] - now), _LONGEST_WAIT)
        self._clock.call_later(self._loop, delay, self._look, key, entry)

    def _look(self, key: str, entry: dict[str, Any]) -> None:
        """Loop: offer it if it is due by now."""
        if not self._is_open:
            return
        if self._clock.time() < entry["due"]:
            self._arm(key, entry)
        else:
            self._offer(entry["chat"], LaterRun(key, entry))


def path_of(function: Any) -> str:
    """``module:name`` of a module-level function.

    Raises:
        TypeError: a lambda, a method or an inner function would not be found after a restart."""
    module = getattr(function, "__module__", None)
    name = getattr(function, "__qualname__", "")
    path = f"{module}:{name}"
    try:
        found = function_at(path)
    except (ImportError, AttributeError, TypeError):
        found = None
    if found is None or getattr(found, "__code__", 0) is not getattr(function, "__code__", 1):
        raise TypeError(
            "ctx.later() takes a text, or a function that is defined at the top of a module "
            f"(def {name.rpartition('.')[2] or 'remind'}(ctx, …)): it is called by its name, "
            "perhaps after a restart"
        )
    return path


def function_at(path: str) -> Callable[..., Any]:
    """The function of that path.

    Raises:
        ImportError, AttributeError: it is not there any more."""
    module_name, _, name = path.partition(":")
    module = sys.modules.get(module_name) or importlib.import_module(module_name)
    function: Callable[..., Any] = getattr(module, name)
    return function
