"""One chat as the stand-in sees it: what was sent there, and since when it counts."""

from __future__ import annotations

from typing import Any

from .records import Sent, SentAttachment
from .stage import Stage
from .state import GroupState, Person


class Reply(str):
    """The text of a message that the bot sent; it compares like the text alone.

    Attributes:
        sent: everything that is known about it.
    """

    __slots__ = ("sent",)

    def __new__(cls, sent: Sent) -> Reply:
        reply = super().__new__(cls, sent.text or "")
        reply.sent = sent
        return reply

    sent: Sent

    @property
    def timestamp(self) -> int:
        """The message's id, together with the bot's account."""
        return self.sent.timestamp

    @property
    def attachments(self) -> tuple[SentAttachment, ...]:
        return self.sent.attachments

    @property
    def quote(self) -> str | None:
        """The text that it quotes, if it is a reply to a message."""
        return None if self.sent.quote is None else str(self.sent.quote.get("text") or "")

    @property
    def mentions(self) -> tuple[dict[str, Any], ...]:
        return self.sent.mentions


class Place:
    """A direct chat with somebody, or a group. All who look at it share the present turn."""

    def __init__(self, stage: Stage, person: Person, group: GroupState | None) -> None:
        self.stage = stage
        self.group = group
        self._person = person
        self._turn = (0, 0, 0)
        self.last_said: dict[str, int] = {}  # by person

    def begin_turn(self) -> None:
        """From here on things count as answers to what is said next."""
        logs = self.stage.server.logs
        self._turn = (len(logs.sent), len(logs.reactions), len(logs.deletes))

    def messages(self, *, all: bool = False) -> list[Sent]:
        """The bot's messages here, first versions and edits: of this turn, or all."""
        sent = self.stage.server.sent[0 if all else self._turn[0] :]
        if self.group is not None:
            return [each for each in sent if each.group == self.group.internal_id]
        return [
            each
            for each in sent
            if each.group is None and any(self._person.is_named(to) for to in each.recipients)
        ]

    def reactions(self) -> list[str]:
        """The emojis of this turn that the bot has not taken off again."""
        shown: dict[int, str] = {}
        for each in self.stage.server.reactions[self._turn[1] :]:
            if self._is_here(each.recipient):
                shown.pop(each.target, None)
                if not each.is_remove:
                    shown[each.target] = each.emoji
        return list(shown.values())

    def deleted(self) -> set[int]:
        """The timestamps of the messages that the bot deleted in this turn."""
        deletes = self.stage.server.deletes[self._turn[2] :]
        return {each.target for each in deletes if self._is_here(each.recipient)}

    def is_typing(self) -> bool:
        """Whether the bot shows that it types here."""
        here = [each for each in self.stage.server.typing_log if self._is_here(each.recipient)]
        return bool(here) and here[-1].is_started

    def _is_here(self, recipient: str) -> bool:
        if self.group is not None:
            return recipient in (self.group.id, self.group.internal_id)
        return self._person.is_named(recipient)
