"""The event loop in a thread of its own: it waits, it never runs user code that blocks."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextvars
import threading
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

import anyio

from signalbot.errors import BotStopping, SignalBotError
from signalbot.runtime.lag_watch import LagWatch

T = TypeVar("T")

CALL_THREAD = "signalbot-call"
"""The name of threads in which blocking calls of async handlers run."""


class Timer:
    """A call that the loop makes later; ``cancel`` works from any thread."""

    def __init__(self, loop: LoopThread) -> None:
        self._loop = loop
        self._handle: asyncio.TimerHandle | None = None
        self._cancelled = False

    def cancel(self) -> None:
        self._cancelled = True
        self._loop.call_soon(self._cancel_on_loop)

    def _arm(self, delay: float, function: Callable[..., None], args: tuple[Any, ...]) -> None:
        if not self._cancelled:
            self._handle = asyncio.get_running_loop().call_later(delay, function, *args)

    def _cancel_on_loop(self) -> None:
        if self._handle is not None:
            self._handle.cancel()


class LoopThread:
    """Runs one anyio loop (asyncio backend) in the daemon thread ``signalbot-loop``.

    The backend is pinned because anyio has no public wake-up that does not block the caller;
    asyncio's ``call_soon_threadsafe`` costs 4 µs, anyio's ``from_thread`` 20 to 80.
    The thread is our own and daemon: an open blocking portal hangs interpreter exit.

    Args:
        max_threads: how many calls may block at a time for the sake of async code.
        on_thread_exit: called at the end of each thread that such a call ran in.
    """

    def __init__(
        self,
        on_crash: Callable[[BaseException], None],
        *,
        max_threads: int = 64,
        on_thread_exit: Callable[[], None] | None = None,
    ) -> None:
        self._on_crash = on_crash
        self._threads = asyncio.Semaphore(max_threads)
        self._on_thread_exit = on_thread_exit
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ready = threading.Event()
        self._ending: asyncio.Event | None = None
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="signalbot-loop", daemon=True)
        self._services: list[Callable[[], Coroutine[Any, Any, None]]] = []
        self._lag = LagWatch(self.call_soon, lambda: (self._loop, self._thread.ident))

    def start(self, *services: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Start the thread; each service is an async function that runs until the loop stops."""
        self._services = list(services)
        self._thread.start()
        self._ready.wait()
        if self._failure is not None:
            raise self._failure

    def stop(self, timeout: float) -> bool:
        """End the services and the loop; False if it did not end in time."""
        self.call_soon(self._end)
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def is_current(self) -> bool:
        """Whether the caller is on the loop's own thread."""
        # Not by ident: those are given again to later threads, when this loop has long ended.
        return threading.current_thread() is self._thread

    def call_soon(self, function: Callable[..., Any], *args: Any) -> bool:
        """Have the loop call a function soon; False if the loop is gone. From any thread."""
        loop = self._loop
        if loop is None:
            return False
        try:
            loop.call_soon_threadsafe(function, *args)
        except RuntimeError:  # the loop has closed: whoever calls is told, nothing else is lost
            return False
        return True

    def call_later(self, delay: float, function: Callable[..., None], *args: Any) -> Timer:
        """Have the loop call a function after some seconds. From any thread."""
        timer = Timer(self)
        if self._loop is not None and self._loop.is_running() and self.is_current():
            timer._arm(delay, function, args)
        else:
            self.call_soon(timer._arm, delay, function, args)
        return timer

    def run(self, function: Callable[..., Awaitable[T]], *args: Any) -> T:
        """Run an async function on the loop and wait for its result; see :meth:`finish`."""
        return self.finish(function(*args), getattr(function, "__name__", "a function"))

    def finish(self, awaitable: Awaitable[T], name: str) -> T:
        """Await something on the loop, for a thread that waits for it.

        Raises:
            SignalBotError: if called on the loop's own thread, where waiting would deadlock.
            BotStopping: if the loop ended before."""
        self.refuse_on_loop("This")
        future: concurrent.futures.Future[T] = concurrent.futures.Future()

        async def call() -> None:
            try:
                result = await awaitable
            except asyncio.CancelledError as error:
                is_ending = self._ending is not None and self._ending.is_set()
                future.set_exception(BotStopping() if is_ending else error)
                raise
            except BaseException as error:  # noqa: BLE001 - raised by the thread that waits
                future.set_exception(error)
            else:
                future.set_result(result)

        tasks: set[asyncio.Task[None]] = self._tasks

        def begin() -> None:
            task = asyncio.get_running_loop().create_task(call(), name=name)
            tasks.add(task)
            task.add_done_callback(tasks.discard)

        if not self.call_soon(begin):
            if asyncio.iscoroutine(awaitable):
                awaitable.close()
            raise SignalBotError("The bot's event loop is not running.")
        return self._lag.wait(future)

    async def in_thread(self, function: Callable[..., T], *args: Any, **keywords: Any) -> T:
        """On the loop: call something that blocks, in a thread.

        The thread is a new one, and daemon: those of anyio are not, so one that hangs would keep
        the interpreter from exiting. It costs less than what such a call waits for."""
        loop = asyncio.get_running_loop()
        await self._threads.acquire()
        done: asyncio.Future[T] = loop.create_future()
        context = contextvars.copy_context()

        def settle(result: Any, error: BaseException | None) -> None:
            # The place is free when the thread ends, not when somebody ceases to wait for it.
            self._threads.release()
            if done.cancelled():
                return
            if isinstance(error, StopIteration):  # which no future takes
                error = RuntimeError("the function raised StopIteration")
            if error is not None:
                done.set_exception(error)
            else:
                done.set_result(result)

        def call() -> None:
            try:
                result = context.run(function, *args, **keywords)
            except BaseException as error:  # noqa: BLE001 - raised where it is awaited
                self.call_soon(settle, None, error)
            else:
                self.call_soon(settle, result, None)
            finally:
                if self._on_thread_exit is not None:
                    self._on_thread_exit()

        threading.Thread(target=call, name=CALL_THREAD, daemon=True).start()
        return await done

    def refuse_on_loop(self, what: str) -> None:
        """Raise instead of deadlocking when a blocking call is made on the loop's thread."""
        if self.is_current():
            raise SignalBotError(
                f"{what} blocks, and this is the bot's event loop. In an async handler write "
                "'await ctx.run(ctx.send, ...)', or write the handler without async."
            )

    def _run(self) -> None:
        try:
            anyio.run(self._main, backend="asyncio")
        except BaseException as error:  # noqa: BLE001 - the thread's edge: the engine decides
            self._failure = error
            if self._ready.is_set():
                self._on_crash(error)
        finally:
            self._ready.set()

    async def _main(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._ending = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        async with anyio.create_task_group() as group:
            for service in self._services:
                group.start_soon(service)
            self._ready.set()
            await self._ending.wait()
            group.cancel_scope.cancel()
        for task in list(self._tasks):
            task.cancel()

    def _end(self) -> None:
        if self._ending is not None:
            self._ending.set()
