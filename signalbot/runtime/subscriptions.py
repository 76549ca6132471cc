"""Watching events from plain code: iterate over them, or wait for one."""

from __future__ import annotations

import queue
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

from signalbot.model import Message
from signalbot.routing.filter_algebra import as_filter

_LONGEST = 10_000  # unread events that an iterator keeps; older ones are dropped, and counted


class Watcher(Protocol):
    """Is shown every event; told when the bot stops."""

    def offer(self, ctx: Any) -> None: ...
    def end(self) -> None: ...


class Subscription:
    """An iterator over events as they are handled; ends when the bot stops, or is closed."""

    def __init__(
        self, subscriptions: Subscriptions, wanted: Callable[[Any], bool], timeout: float | None
    ) -> None:
        self._subscriptions = subscriptions
        self._wanted = wanted
        self._timeout = timeout
        self._events: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._ended = False
        self.dropped = 0
        self.watcher = _Weakly(self, subscriptions)

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        if self._ended:
            raise StopIteration
        try:
            event = self._events.get(timeout=self._timeout)
        except queue.Empty:
            self.close()
            raise StopIteration from None
        if event is None:
            self._ended = True
            raise StopIteration
        return _told(event)

    def next_within(self, timeout: float | None) -> Any:
        """The next event, or None if there is none in so many seconds, or the bot stops.

        What a filter raised for an event is raised here."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            # In slices: a get() that never times out cannot be interrupted on every platform.
            left = 1.0 if deadline is None else min(1.0, deadline - time.monotonic())
            if left <= 0:
                return None
            try:
                return _told(self._events.get(timeout=left))
            except queue.Empty:
                continue

    def close(self) -> None:
        """Stop watching."""
        self._ended = True
        self._subscriptions.remove(self.watcher)

    def offer(self, ctx: Any) -> None:
        try:
            if not self._wanted(ctx):
                return
            item = ctx.event
        except Exception as error:  # noqa: BLE001 - it is the watcher's mistake, not the handler's
            item = _Mistake(error)
        if self._events.qsize() >= _LONGEST:
            self.dropped += 1
            self._events.get_nowait()
        self._events.put(item)

    def end(self) -> None:
        self._events.put(None)


class _Weakly:
    """Shows events to a subscription while somebody holds it.

    A loop that was left by ``break`` closes nothing, and must not keep events for ever."""

    def __init__(self, subscription: Subscription, subscriptions: Subscriptions) -> None:
        self._reference = weakref.ref(subscription)
        self._subscriptions = subscriptions

    def offer(self, ctx: Any) -> None:
        subscription = self._reference()
        if subscription is None:
            self._subscriptions.remove(self)
        else:
            subscription.offer(ctx)

    def end(self) -> None:
        subscription = self._reference()
        if subscription is not None:
            subscription.end()


class _Mistake:
    """What a watcher's own filter raised, on its way to who waits."""

    def __init__(self, error: Exception) -> None:
        self.error = error


def _told(event: Any) -> Any:
    if isinstance(event, _Mistake):
        raise event.error
    return event


class Subscriptions:
    """Everybody who watches; handlers run all the same."""

    def __init__(self) -> None:
        # Guards the tuple's replacement; readers take the tuple as it is.
        self._lock = threading.Lock()
        self._all: tuple[Watcher, ...] = ()

    def __bool__(self) -> bool:
        return bool(self._all)

    def add(self, wanted: Callable[[Any], bool], timeout: float | None = None) -> Subscription:
        """Watch the events for which ``wanted(ctx)`` is true."""
        subscription = Subscription(self, wanted, timeout)
        self.attach(subscription.watcher)
        return subscription

    def attach(self, watcher: Watcher) -> None:
        """Show it every event until it is removed."""
        with self._lock:
            self._all = (*self._all, watcher)

    def messages(self, timeout: float | None, *, own: bool) -> Subscription:
        """Watch messages; those of my other devices only with ``own``."""
        return self.add(lambda ctx: _is_message(ctx, own), timeout)

    def wait_for(
        self, filters: Sequence[Callable[[Any], Any]], timeout: float | None, *, own: bool
    ) -> Message:
        """The next message that passes all filters.

        Raises:
            RegistrationError: one of them is no filter.
            TimeoutError: none came in time, or the bot stopped."""
        wanted = [as_filter(each) for each in filters]
        subscription = self.add(
            lambda ctx: _is_message(ctx, own) and all(each(ctx) for each in wanted)
        )
        try:
            message: Message | None = subscription.next_within(timeout)
        finally:
            subscription.close()
        if message is None:
            raise TimeoutError("no such message came in time, or before the bot stopped")
        return message

    def remove(self, watcher: Watcher) -> None:
        with self._lock:
            self._all = tuple(each for each in self._all if each is not watcher)

    def offer(self, ctx: Any) -> None:
        """Show an event to everybody who watches; called by workers."""
        for watcher in self._all:
            watcher.offer(ctx)

    def end(self) -> None:
        """The bot stops: every iterator ends."""
        for watcher in self._all:
            watcher.end()


def _is_message(ctx: Any, own: bool) -> bool:
    return isinstance(ctx.event, Message) and (own or not ctx.event.is_own)
