"""A typing indicator that lives as long as a block of code."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any

from signalbot.errors import ApiError
from signalbot.services.messages import Messages

# The apps drop the indicator after about 15 seconds.
_REFRESH = 8.0


class TypingBlock:
    """Shows "typing…" in a chat until the block ends, however it ends.

    A failure to show it is no reason to fail the handler: the indicator is a courtesy. In an async
    handler it is ``async with``.
    """

    def __init__(
        self,
        messages: Messages,
        chat: Any,
        ended: threading.Event,
        in_thread: Callable[..., Awaitable[Any]],
    ) -> None:
        self._messages = messages
        self._chat = chat
        self._ended = ended
        self._in_thread = in_thread
        self._thread = threading.Thread(target=self._refresh, name="signalbot-typing", daemon=True)

    def __enter__(self) -> TypingBlock:
        with contextlib.suppress(ApiError):
            self._messages.start_typing(self._chat)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._thread.join(_REFRESH)  # else a late refresh could switch it on again after the stop
        with contextlib.suppress(ApiError):
            self._messages.stop_typing(self._chat)

    async def __aenter__(self) -> TypingBlock:
        await self._in_thread(self.__enter__)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._in_thread(self.__exit__, kind, error, trace)

    def _refresh(self) -> None:
        while not self._ended.wait(_REFRESH):
            with contextlib.suppress(Exception):
                self._messages.start_typing(self._chat)
