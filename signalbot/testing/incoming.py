"""What people, or our other devices, do: everything that ends in a frame for the bot."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from . import frames
from .injection import File, Group, Injection, Who
from .state import Account, GroupState, Person


class Incoming(Injection):
    """Mixed into :class:`~signalbot.testing.FakeSignal`; may be called from any thread.

    People are given as :class:`Person`, name, number or uuid; groups as :class:`GroupState`,
    name or either id. Everything returns the timestamp, which together with the sender is the
    message's id.
    """

    def say(
        self,
        sender: Who,
        text: str | None,
        group: Group = None,
        *,
        attachments: Iterable[File] = (),
        mentions: Iterable[tuple[Who | Account, int, int] | dict[str, Any]] = (),
        quote: tuple[Who | Account, int, str] | dict[str, Any] | None = None,
        device: int = 1,
        timestamp: int | None = None,
        to: str | None = None,
        **parts: Any,
    ) -> int:
        """Write to the bot, or into a group that it is in.

        Args:
            attachments: bytes, (filename, bytes), or ready records.
            mentions: (who, start, length) in UTF-16 units, or ready records.
            quote: (author, timestamp, text), or a ready record.
            parts: any other member of a dataMessage, ``expires_in=``, ``view_once=``.
        """
        person = self.state.named(sender)
        timestamp = timestamp or self.state.next_timestamp()
        data = self._data(
            timestamp,
            text,
            group,
            attachments=[self.upload(file) for file in attachments],
            mentions=[self._mention(mention) for mention in mentions],
            quote=self._quote(quote),
            **parts,
        )
        return self._receive(person, timestamp, {"dataMessage": data}, device, to)

    def edit(self, sender: Who, target: int, text: str, group: Group = None, **options: Any) -> int:
        """Edit an earlier message; ``target`` is its timestamp."""
        timestamp = self.state.next_timestamp()
        edit = frames.edit(target, self._data(timestamp, text, group))
        return self._receive(self.state.named(sender), timestamp, {"editMessage": edit}, **options)

    def react(
        self,
        sender: Who,
        emoji: str,
        target: int,
        group: Group = None,
        *,
        author: Who | Account | None = None,
        is_remove: bool = False,
        **options: Any,
    ) -> int:
        """React to a message, by default to one of the bot's."""
        reaction = frames.reaction(emoji, self._party(author), target, is_remove=is_remove)
        return self._part(sender, group, options, reaction=reaction)

    def delete(self, sender: Who, target: int, group: Group = None, **options: Any) -> int:
        """Delete an own message for everybody."""
        return self._part(sender, group, options, remoteDelete={"timestamp": target})

    def poll(
        self,
        sender: Who,
        question: str,
        answers: Sequence[str],
        group: Group = None,
        *,
        allow_multiple: bool = True,
        **options: Any,
    ) -> int:
        """Start a poll."""
        poll = {"question": question, "allowMultiple": allow_multiple, "options": list(answers)}
        return self._part(sender, group, options, pollCreate=poll)

    def vote(
        self,
        sender: Who,
        target: int,
        choices: Sequence[int],
        group: Group = None,
        *,
        author: Who | Account | None = None,
        count: int = 1,
        **options: Any,
    ) -> int:
        """Vote in a poll, by default in one of the bot's; choices count from 0."""
        vote = frames.poll_vote(self._party(author), target, choices, count)
        return self._part(sender, group, options, pollVote=vote)

    def close_poll(self, sender: Who, target: int, group: Group = None, **options: Any) -> int:
        """Close an own poll."""
        return self._part(sender, group, options, pollTerminate={"targetSentTimestamp": target})

    def typing(
        self, sender: Who, group: Group = None, *, is_started: bool = True, **options: Any
    ) -> int:
        """Start, or stop, typing."""
        timestamp = self.state.next_timestamp()
        where = None if group is None else self.state.group(group)
        message = frames.typing(timestamp, is_started=is_started, group=where)
        return self._receive(
            self.state.named(sender), timestamp, {"typingMessage": message}, **options
        )

    def receipt(
        self, sender: Who, targets: int | Sequence[int], kind: str = "read", **options: Any
    ) -> int:
        """Tell that messages of the bot were delivered, read, or viewed."""
        timestamps = [targets] if isinstance(targets, int) else targets
        timestamp = self.state.next_timestamp()
        message = frames.receipt(kind, timestamp, timestamps)
        return self._receive(
            self.state.named(sender), timestamp, {"receiptMessage": message}, **options
        )

    def pin(
        self,
        sender: Who,
        target: int,
        group: Group = None,
        *,
        author: Who | Account | None = None,
        seconds: int = -1,
        **options: Any,
    ) -> int:
        """Pin a message, by default one of the bot's; -1 is for ever."""
        pin = {**frames.target(self._party(author), target), "pinDurationSeconds": seconds}
        return self._part(sender, group, options, pinMessage=pin)

    def unpin(
        self,
        sender: Who,
        target: int,
        group: Group = None,
        *,
        author: Who | Account | None = None,
        **options: Any,
    ) -> int:
        """Unpin a message, by default one of the bot's."""
        unpin = frames.target(self._party(author), target)
        return self._part(sender, group, options, unpinMessage=unpin)

    def emit(self, sender: Who, **payload: Any) -> int:
        """Anything else, e.g. ``emit(alice, callMessage={"busyMessage": {"id": 42}})``."""
        return self._receive(self.state.named(sender), self.state.next_timestamp(), payload)

    def update_group(self, sender: Who, group: str | GroupState, **changes: Any) -> int:
        """Change attributes of a group, of which members hear only that something changed."""
        where = self.state.group(group)
        with self.state.lock:
            for name, value in changes.items():
                setattr(where, name, value)
            where.revision += 1
        info = frames.group_info(where, "UPDATE")
        return self._part(sender, None, {}, groupInfo=info)

    def sync_sent(
        self,
        text: str | None,
        to: Who | None = None,
        group: Group = None,
        *,
        device: int = 1,
        **parts: Any,
    ) -> int:
        """Write from another device of ours: to a person, a group, or (neither) to ourselves."""
        account = self._account(None)
        timestamp = self.state.next_timestamp()
        destination: Person | Account | None = None
        if group is None:
            destination = account if to is None else self.state.named(to)
        data = self._data(timestamp, text, group, **parts)
        sync = frames.sent_message(destination, data)
        return self._receive(account, timestamp, {"syncMessage": sync}, device)

    def sync(self, **members: Any) -> int:
        """Any other sync message, e.g. ``sync(type="CONTACTS_SYNC")``."""
        timestamp = self.state.next_timestamp()
        return self._receive(self._account(None), timestamp, {"syncMessage": members})

    def fail_to_decrypt(
        self, sender: Who | None, kind: str = "ProtocolInvalidMessageException"
    ) -> int:
        """Something came that signal-cli could not read."""
        timestamp = self.state.next_timestamp()
        person = None if sender is None else self.state.named(sender)
        self.push(
            frames.exception_frame(
                kind, "decryption failed", person, timestamp, account=self.number
            )
        )
        return timestamp
