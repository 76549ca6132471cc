"""What a handler gets: the event, and everything it may do about it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from signalbot.errors import AskUnavailable, Skip
from signalbot.model import Message, Poll, User
from signalbot.model.events import ContentEvent
from signalbot.routing.schedules import seconds_of
from signalbot.services.handled_event import HandledEvent, HandlerServices
from signalbot.services.questions import ask, choice_prompt, read_choice, read_yes_or_no
from signalbot.services.typing_indicator import TypingBlock

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from signalbot.bot import SignalBot
    from signalbot.infrastructure.api_service import SentMessage
    from signalbot.infrastructure.outgoing_options import (
        EditOptions,
        HandlerReplyOptions,
        HandlerSendOptions,
    )
    from signalbot.infrastructure.storage.lock import Lock

__all__ = ["Context", "HandlerServices"]

T = TypeVar("T")

# Seconds that the results of ctx.once() are kept: as long as a duplicate is recognised, and more.
_ONCE_KEPT = 14 * 86400.0


class Context(HandledEvent):
    """The event in hand, bound to its chat.

    ```python
    @bot.command("ping")
    def ping(ctx):
        ctx.react("👍")
        ctx.reply("pong")
    ```

    Attributes:
        event: the event, whatever kind it is.
        args: the words after the command's name.
        match: what a regular expression found, if one was used.
        attempt: which run of this event this is, from 1.
        redelivered: True if an earlier process may have run the handler for it already.
    """

    @property
    def bot(self) -> SignalBot:
        """The bot that got the event."""
        bot: SignalBot = self._services.bot
        return bot

    def send(self, text: str | None = None, **options: Unpack[HandlerSendOptions]) -> SentMessage:
        """Send to the event's chat; the options are those of ``bot.send``."""
        here, script, send = self.event.chat, self.script, self._services.messages.send
        if here is None:
            here = self._here()  # which says so
        if script is None:
            return self._act(send, here, text, **options)
        sent: SentMessage = self._act(script.send, text, lambda: send(here, text, **options))
        return sent

    def reply(self, text: str | None = None, **options: Unpack[HandlerReplyOptions]) -> SentMessage:
        """Send to the event's chat, quoting the message.

        What is no message (a reaction, a typing sign, a deletion) is answered without a quote.
        """
        event = self.event
        if isinstance(event, (ContentEvent, Poll)):
            return self.send(text, quote=event, **options)
        return self.send(text, **options)

    def react(self, emoji: str) -> None:
        """Put an emoji on the message."""
        self._act(self._services.messages.react, self._here(), emoji, self.event)

    def unreact(self) -> None:
        """Take our emoji off the message."""
        self._act(self._services.messages.unreact, self._here(), self.event)

    def edit(self, sent: SentMessage, text: str, **options: Unpack[EditOptions]) -> SentMessage:
        """Replace the text of a message that was sent with ``ctx.send``."""
        return self._act(self._services.messages.edit, sent, text, **options)

    def delete(self, sent: SentMessage) -> None:
        """Delete a message that was sent with ``ctx.send``, for everybody."""
        self._act(self._services.messages.delete, sent)

    def typing(self) -> TypingBlock:
        """``with ctx.typing():`` shows the indicator until the block ends."""
        self._check()
        return TypingBlock(
            self._services.messages,
            self._here(),
            self._services.clock.event(),
            self._services.in_thread,
        )

    def mark_read(self) -> None:
        """Send a read receipt for the message."""
        self._check()
        self._services.messages.mark_read(self.event.sender, self.event)

    async def run(self, function: Callable[..., T], *args: Any, **keywords: Any) -> T:
        """In an async handler: call what would block the loop, in a thread, and await its result.

        ```python
        @bot.command("count")
        async def count(ctx):
            number = await ctx.run(ctx.ask, "How far?", type=int)
            await ctx.run(ctx.react, "👍")
            return " ".join(map(str, range(number)))
        ```"""
        result: T = await self._services.in_thread(function, *args, **keywords)
        return result

    def lock(self, name: str, timeout: float | None = None, lease: float = 60.0) -> Lock:
        """``with ctx.lock("invoices"):`` lets in one handler at a time, in all chats.

        Args:
            timeout: seconds to wait for it; 0 tries once, None waits as long as it takes.
            lease: seconds after which it is free again, should its owner have died.

        Raises:
            LockTimeout: on entering; it is a ``TimeoutError`` too."""
        self._check()
        lock: Lock = self.storage.lock(name, timeout, lease)
        return lock

    def ask(
        self,
        prompt: str,
        *,
        type: Any = str,
        check: Callable[[Any], Any] | None = None,
        timeout: float | str | timedelta | None = 300.0,
        retries: int = 3,
        retry_text: str | None = None,
        from_: Any = None,
        **options: Any,
    ) -> Any:
        """Ask in this chat and return the answer, in plain code; other chats go on meanwhile.

        While it waits the handler holds neither a worker nor the chat. A wrong answer is asked
        about again, ``retries`` times.

        Args:
            type: what to read the answer as: a type that a command's parameter may have, or
                ``Message`` for the message itself.
            check: called with the value; False, or a text that says what is wrong, asks again.
            timeout: seconds, a timedelta or a text like ``"5m"``, for the whole, by the arrival of
                the answer; None waits for ever.
            from_: who may answer: by default the sender; a User, number or uuid, several of them,
                or "anyone".
            options: of ``ctx.send``, for the question.

        Raises:
            AskTimeout: nobody answered in time.
            AskCancelled: the person wrote /cancel, or no answer fitted.
            AskUnavailable: ``max_parked`` conversations wait already; or this is not the handler's
                own thread, or after its end.
            AskConflict: this person is being asked something in this chat already."""
        return self._ask(
            prompt, self._services.reader(type, self), check=check, timeout=timeout,
            retries=retries, retry_text=retry_text, from_=from_, options=options,
        )  # fmt: skip

    def choose(
        self, prompt: str, choices: Sequence[Any] | Mapping[str, Any], **options: Any
    ) -> Any:
        """Ask for one of several, by number or words; returns the choice, or its value."""
        named = (
            dict(choices) if isinstance(choices, Mapping) else {str(one): one for one in choices}
        )
        if not named:
            raise ValueError("choose() needs at least one choice")
        return self._ask(choice_prompt(prompt, list(named)), read_choice(named), **_asking(options))

    def confirm(self, prompt: str, **options: Any) -> bool:
        """Ask for yes or no."""
        answer: bool = self._ask(f"{prompt} (yes/no)", read_yes_or_no, **_asking(options))
        return answer

    def _ask(self, prompt: str, read: Callable[[Message], Any], *, from_: Any, timeout: Any,
             options: dict[str, Any], **how: Any) -> Any:  # fmt: skip
        self._check()
        if self._run is None:
            raise AskUnavailable("Only a running handler can ask.")
        is_own = self._run.thread == threading.get_ident()
        if not is_own and not getattr(self.handler, "is_async", False):
            raise AskUnavailable("A handler asks in its own thread, not in one that it started.")
        if from_ is None:
            from_ = self.event.sender
        if from_ is None:
            raise ValueError("Nobody to ask: the event has no sender. Say who with from_=.")
        people = None if from_ == "anyone" else _people(from_)

        def once(question: str, timeout: float | None, more: dict[str, Any]) -> Message:
            self._check()

            def send() -> int:
                sent = self._act(self._services.messages.send, self._here(), question, **more)
                return sent.timestamp

            def wait(
                send: Callable[[], int],
                timeout: float | None,
                keep: Callable[[Message], None] | None = None,
            ) -> Message:
                return self._services.ask(
                    self._run, send=send, people=people, timeout=timeout, keep=keep
                )

            if self.script is None:
                return wait(send, timeout)
            return self.script.ask(question, timeout, send=send, wait=wait)

        return ask(
            once, prompt, read, options=options, now=self._services.clock.monotonic,
            timeout=None if timeout is None else seconds_of(timeout),
            prefixes=self.bot.settings.command_prefixes, **how,
        )  # fmt: skip

    def later(self, delay: float | str | timedelta, what: Any, *args: Any) -> str:
        """Send a text to this chat, or call ``what(ctx, *args)``, after a delay.

        It is stored, so a restart does not lose it; see :meth:`every` on the bot for what
        repeats. Returns an id.

        Args:
            delay: seconds, a timedelta, or a text like ``"10m"``.
            what: a text, or a function defined at the top of a module.
            args: JSON values.

        Raises:
            TypeError: the function could not be found after a restart."""
        seconds = seconds_of(delay)
        raw = self.event.raw.encode("utf-8", "surrogatepass")
        return self._services.later(raw, self._here().key, seconds, what, args)

    def once(self, name: str, function: Callable[[], Any]) -> Any:
        """Do something once for this event, however often the handler runs; returns its result.

        A retry, or a redelivery after a kill, gets the stored result instead. The result is a
        JSON value. A kill between the act and its record repeats the act: nothing can rule that
        out."""
        key = f"{self.event.id}:{name}"
        memory = self._services.state_of("once")
        known = memory.get(key)
        if known is None:
            result = function()
            memory.set(key, {"result": result}, ttl=_ONCE_KEPT)
            return result
        return known["result"]

    def skip(self) -> None:
        """Leave the event to the next matching handler; does not return."""
        raise Skip

    def stop(self) -> None:
        """Stop the bot, once this handler and the other running ones are done."""
        self._services.request_stop()


def _asking(options: dict[str, Any]) -> dict[str, Any]:
    """Split what was passed to choose() and confirm() into ask()'s own and the send options."""
    defaults = {"check": None, "timeout": 300.0, "retries": 3, "retry_text": None, "from_": None}
    own = {name: options.pop(name, default) for name, default in defaults.items()}
    return {**own, "options": options}


def _people(given: Any) -> tuple[User, ...]:
    """Those who may answer.

    Raises:
        ValueError: for what names nobody, or nobody who could be recognised by a message."""
    several = given if isinstance(given, (list, tuple, set, frozenset)) else (given,)
    people = tuple(User.parse(one) for one in several)
    by_username = [user for user in people if user not in several and user.username]
    if not people or by_username:
        raise ValueError(
            'from_= takes people by number or uuid, or "anyone": messages come without usernames.'
        )
    return people
