"""What a durable handler has done so far, so that a restart goes on where it was."""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from signalbot.errors import Reject
from signalbot.model import Message, decode
from signalbot.services.messages import Messages

if TYPE_CHECKING:
    from signalbot.infrastructure.outgoing_sent import SentMessage

# Seconds that an unfinished conversation is kept.
_KEPT = 30 * 86400.0

CHANGED = "I was changed while we were talking. Please start again."


class ScriptChanged(Reject):
    """The handler does something else now than what it did before the restart."""


@dataclass(frozen=True)
class RecordedMessage:
    """A message that an earlier run has sent."""

    timestamp: int
    text: str
    chat: Any
    _messages: Messages
    ok: bool = True
    recipients: tuple[Any, ...] = ()
    failed: tuple[Any, ...] = ()

    def edit(self, text: str, **options: Any) -> SentMessage:
        return self._messages.send(self.chat, text, edit=self.timestamp, **options)

    def delete(self) -> None:
        self._messages.delete_at(self.chat, self.timestamp)


class Script:
    """The steps of one handler for one event, in order, kept in the storage.

    Each send and each question is a step. When the handler runs again, its first steps are
    answered from here, nothing is sent, and it goes on from the first step that is not known.
    That needs a handler that takes the same way with the same answers; if a step differs, the
    code was changed, and the conversation ends.
    """

    def __init__(self, memory: Any, key: str, chat: Any, messages: Messages) -> None:
        self._memory = memory
        self._key = key
        self._chat = chat
        self._messages = messages
        self._steps: list[dict[str, Any]] = memory.get(key) or []
        self._next = 0

    def send(self, text: str | None, send: Callable[[], SentMessage]) -> Any:
        """Send a message, unless an earlier run did."""
        step = self._take("send", text or "")
        if "sent" in step:
            return RecordedMessage(step["sent"], text or "", self._chat, self._messages)
        sent = send()
        step["sent"] = sent.timestamp
        self._save()
        return sent

    def ask(
        self,
        question: str,
        timeout: float | None,
        *,
        send: Callable[[], int],
        wait: Callable[[Callable[[], int], float | None, Callable[[Message], None]], Message],
    ) -> Message:
        """Ask, or go on waiting, or give the answer of an earlier run.

        Args:
            send: sends the question, and returns its timestamp.
            wait: parks until the answer comes: (send, timeout, keep); ``keep`` is called with
                the answer before the inbox forgets it."""
        step = self._take("ask", question)
        if "answer" in step:
            answer = decode(base64.b64decode(step["answer"]))
            if isinstance(answer, Message):
                return answer

        def send_and_note() -> int:
            step["sent"] = send()
            step["until"] = None if timeout is None else time.time() + timeout
            self._save()
            return int(step["sent"])

        def keep(message: Message) -> None:
            raw = message.raw.encode("utf-8", "surrogatepass")
            step["answer"] = base64.b64encode(raw).decode("ascii")
            self._save()

        if "sent" in step:  # asked before the restart: the question stands in the chat
            until = step["until"]
            left = None if until is None else max(0.0, until - time.time())
            return wait(lambda: int(step["sent"]), left, keep)
        return wait(send_and_note, timeout, keep)

    def forget(self) -> None:
        """The event is settled."""
        if self._steps:
            self._memory.delete(self._key)

    def _take(self, kind: str, what: str) -> dict[str, Any]:
        """The record of the next step, which is a new one where nothing is known."""
        mark = hashlib.blake2b(what.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
        position = self._next
        self._next += 1
        if position < len(self._steps):
            step = self._steps[position]
            if (step["kind"], step["mark"]) != (kind, mark):
                self._messages.send(self._chat, CHANGED)
                raise ScriptChanged(
                    f"step {position + 1} of the conversation was a {step['kind']} before the "
                    f"restart, and is another {kind} now: the handler was changed"
                )
            return step
        self._steps.append({"kind": kind, "mark": mark})
        return self._steps[-1]

    def _save(self) -> None:
        self._memory.set(self._key, self._steps, ttl=_KEPT)
