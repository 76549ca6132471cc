"""Questions to people in the middle of a handler: parked until somebody answers."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator

from signalbot.errors import AskTimeout
from signalbot.infrastructure.storage.inbox_base import Inbox
from signalbot.model import Chat, Message, Peek, User, decode
from signalbot.model.delivery import Delivery
from signalbot.model.json_values import object_of
from signalbot.model.records import group_info_of, user_of
from signalbot.runtime.clock import Clock
from signalbot.runtime.lanes import Run
from signalbot.runtime.worker_pool import WorkerPool


class Conversations:
    """Parks a handler until the right message comes.

    ``is_command`` tells a command from an answer: commands work while somebody is being asked.
    ``is_heard`` tells whether somebody in a chat may speak to the bot at all.
    """

    def __init__(
        self,
        pool: WorkerPool,
        inbox: Inbox,
        *,
        account: str,
        is_command: Callable[[str], bool],
        is_heard: Callable[[User | None, Chat | None], bool],
        before_park: Callable[[], None],
        observe: Callable[[Message, Delivery], None],
        clock: Clock,
    ) -> None:
        self._pool = pool
        self._inbox = inbox
        self._account = account
        self._is_command = is_command
        self._is_heard = is_heard
        self._before_park = before_park
        self._observe = observe
        self._clock = clock

    def ask(
        self,
        run: Run,
        *,
        send: Callable[[], int],
        people: Collection[User] | None,
        timeout: float | None,
        keep: Callable[[Message], None] | None = None,
    ) -> Message:
        """Send a question, and return the message that answers it.

        Args:
            send: sends the question, and returns its timestamp.
            people: whose messages count; None for anybody's in this chat.
            timeout: seconds, by the arrival of the answer; None waits for ever.
            keep: called with the answer before the inbox forgets it.

        Raises:
            AskTimeout, AskUnavailable, AskConflict, BotStopping: see WorkerPool.park."""
        wanted = None if people is None else frozenset(_identifiers(people))
        subject = "anyone" if people is None else frozenset(user.id for user in people)
        asked_at = self._clock.time()
        question = [0]

        def match(delivery: Delivery) -> bool:
            return self._answers(delivery, wanted, asked_at, timeout, question[0])

        def ask() -> None:
            # First: a hook may refuse, and then nobody is to be asked.
            self._before_park()
            question[0] = send()
            self._inbox.park(run.job)

        try:
            answer: Delivery | None = self._pool.park(
                run,
                match=match,
                subject=subject,
                timeout=None if timeout is None else timeout + self._clock.transit,
                ask=ask,
            )
        finally:
            self._inbox.unpark(run.job)
        if answer is None:
            raise AskTimeout(f"Nobody answered within {timeout} s.")
        return self._consume(answer, keep)

    def _answers(
        self,
        delivery: Delivery,
        wanted: frozenset[str] | None,
        asked_at: float,
        timeout: float | None,
        question: int,
    ) -> bool:
        """Called under the pool's lock for each new message of the chat: cheap, never raises."""
        peek = delivery.peek
        if peek.kind != "message":
            return False
        if wanted is None:
            # "Anyone" are the others; in a note to self there is nobody else.
            if not (peek.chat == peek.sender if peek.is_own else self._is_heard(*_party(peek))):
                return False
        elif wanted.isdisjoint(_senders(peek)):
            return False
        if timeout is not None and delivery.received_at > asked_at + timeout:
            return False
        body = peek.payload or {}
        quote = body.get("quote")
        if isinstance(quote, dict) and question and quote.get("id") == question:
            return True
        text = body.get("message")
        return not (isinstance(text, str) and self._is_command(text))

    def _consume(self, delivery: Delivery, keep: Callable[[Message], None] | None) -> Message:
        """The answer is done when it is handed over: a replayed conversation asks again."""
        self._inbox.begin(delivery)
        event = decode(
            delivery.raw,
            peeked=delivery.peek,
            received_at=delivery.received_at,
            account=self._account,
        )
        if not isinstance(event, Message):  # _answers lets messages through only
            raise TypeError(f"a {event.kind} event cannot be an answer")
        if keep is not None:
            keep(event)
        self._inbox.finish(delivery)
        self._observe(event, delivery)
        return event


def _identifiers(people: Iterable[User]) -> Iterator[str]:
    for user in people:
        yield from {each.lower() for each in (user.id, user.number) if each}


def _party(peek: Peek) -> tuple[User | None, Chat | None]:
    """Who wrote, and where."""
    envelope = object_of((peek.data or {}).get("envelope")) or {}
    user = user_of(envelope, "source")
    info = group_info_of((peek.payload or {}).get("groupInfo"))
    return user, Chat(user) if info is None else Chat(None, info.group)


def _senders(peek: Peek) -> Iterator[str]:
    """What is known of who wrote: the asked person may have been named by the number alone."""
    envelope = object_of((peek.data or {}).get("envelope")) or {}
    for each in (peek.sender, envelope.get("sourceNumber")):
        if isinstance(each, str):
            yield each.lower()
