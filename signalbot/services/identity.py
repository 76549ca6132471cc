"""Who the account is: its number from the settings, its uuid learned from what it sees."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from signalbot.errors import ApiError, NotFound, SignalBotError
from signalbot.model import User
from signalbot.observability.logging import get_logger

if TYPE_CHECKING:
    from signalbot.infrastructure.api_service import SignalClient

log = get_logger("signalbot.identity")

# Seconds until the server is asked again for a uuid that it did not tell.
_ASK_AGAIN = 300.0
# Seconds that a handler waits for another one that is asking.
_PATIENCE = 5.0


class Identity:
    """Answers whether somebody is the account itself, also where frames hide its number.

    Most frames tell the uuid sooner or later: those from the account's other devices, mentions
    and quotes that carry both. Only if a stranger's uuid has to be judged before, the server is
    asked, once, by the handler's own thread; the intake never asks.

    ``guard`` raises where a blocking call must not be made.
    """

    def __init__(
        self,
        number: str,
        client: Callable[[], SignalClient],
        guard: Callable[[], None],
        *,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._guard = guard
        self._now = now
        self._asking = threading.Lock()  # held by the one thread that asks the server
        self._ask_at = float("-inf")
        self.me = User(number=number)

    def learn(self, user: User | None) -> None:
        """Take the uuid of somebody who has the account's number."""
        if user is not None and self.me.uuid is None and user.number == self.me.number:
            self._learn_uuid(user.uuid)

    def learn_from_own(self, sender: str | None) -> None:
        """Take the sender of a frame that the account itself has sent; costs nothing later."""
        if self.me.uuid is None and sender is not None and not sender.startswith(("+", "PNI:")):
            self._learn_uuid(sender)

    def is_me(self, user: User) -> bool:
        """Whether that is the account, by number or by uuid."""
        if self.me.matches(user):
            self.learn(user)
            return True
        if user.uuid is None or user.number is not None or self.me.uuid is not None:
            return False
        self._ask()
        return self.me.matches(user)

    def _learn_uuid(self, uuid: str | None) -> None:
        if uuid is not None:
            # One assignment: whoever reads meanwhile sees the old value or the new one.
            self.me = User(uuid=uuid, number=self.me.number)

    def _ask(self) -> None:
        if self._now() < self._ask_at or not self._asking.acquire(timeout=_PATIENCE):
            return
        try:
            if self.me.uuid is None and self._now() >= self._ask_at:
                self._guard()
                self._ask_at = self._now() + _ASK_AGAIN
                self._learn_uuid(self._uuid_by_server())
        except SignalBotError as error:  # no connection, or on the loop's own thread
            log.info("identity.unknown", error_type=type(error).__name__)
        finally:
            self._asking.release()

    def _uuid_by_server(self) -> str | None:
        client, me = self._client(), self.me
        try:
            return client.contacts.get(me, all_recipients=True).uuid or None
        except NotFound:  # or a server before 0.95
            pass
        try:
            groups = client.groups.list(expand=True)
        except ApiError:
            return None
        members = (member for group in groups for member in group.members)
        return next((each.uuid for each in members if each.number == me.number), None)
