"""A message that nobody wrote, to ask what would become of it."""

from __future__ import annotations

import base64
import hashlib
import re
import uuid
from typing import TYPE_CHECKING, Any

from signalbot.model.events import Message
from signalbot.model.people import Chat, Group, User

if TYPE_CHECKING:
    from signalbot.routing.explain import Explanation
    from signalbot.routing.table import RoutingSettings, RoutingTable


class Supposed:
    """The context of such a message, as far as routing and filters look at it."""

    attempt = 1
    redelivered = False
    attachments = ()

    def __init__(self, event: Message, bot: Any, me: User) -> None:
        self.event = event
        self.bot = bot
        self.args: Any = ()
        self.match: re.Match[str] | None = None
        self._me = me

    @property
    def message(self) -> Message:
        return self.event

    @property
    def text(self) -> str:
        return self.event.text

    @property
    def chat(self) -> Chat | None:
        return self.event.chat

    @property
    def sender(self) -> User | None:
        return self.event.sender

    @property
    def is_direct(self) -> bool:
        return self.event.is_private

    @property
    def log(self) -> Any:
        return self.bot.log

    @property
    def storage(self) -> Any:
        return self.bot.storage

    @property
    def state(self) -> Any:
        chat = self.event.chat
        return self.bot.storage.namespace(f"chat:{chat.key if chat is not None else ''}")

    def group_named(self, name: str) -> Group:
        return some_group(name)

    def is_me(self, user: User) -> bool:
        return self._me.matches(user)


class Supposing:
    """``explain``, for routers and bots."""

    def explain(
        self, text: str, *, sender: User | str = "Somebody", group: Group | str | None = None
    ) -> list[Explanation]:
        """For each handler, why it would get this message or would not; none of them is run.

        Filters are asked, though, and limits are not counted.

        Args:
            sender: a User, number, uuid or username; any other name is somebody made up.
            group: a Group or its id; any other name is a group of that name.
        """
        from signalbot.routing.table import RoutingSettings

        own: Any = getattr(self, "settings", None)  # of a bot; a router has none
        number = getattr(own, "phone_number", "") or "+0000"
        table = self.compile(RoutingSettings() if own is None else RoutingSettings.of(own))
        event = suppose(text, sender=sender, group=group, account=number)
        return table.explain(Supposed(event, self, User(number=number)))

    def compile(self, settings: RoutingSettings | None = None) -> RoutingTable:
        """See Router."""
        raise NotImplementedError


def suppose(text: str, *, sender: User | str, group: Group | str | None, account: str) -> Message:
    """The message of somebody, in a group or not."""
    user = somebody(sender)
    chat = Chat(user=user) if group is None else Chat(group=some_group(group))
    return Message(sender=user, chat=chat, account=account, timestamp=1, text=text)


def somebody(who: User | str) -> User:
    """The person meant; one with a made-up uuid if it is just a name."""
    try:
        return User.parse(who)
    except ValueError:
        name = str(who)
        return User(uuid=str(uuid.uuid5(uuid.NAMESPACE_URL, f"signalbot:{name}")), name=name)


def some_group(which: Group | str) -> Group:
    """The group meant; one with a made-up id if it is just a name."""
    try:
        return Group.parse(which)
    except ValueError:
        name = str(which)
        digest = hashlib.sha256(name.encode()).digest()
        return Group(base64.b64encode(digest).decode(), name)
