"""Puts what the bot does at the stand-in server into the timeline."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from signalbot.observability.logging import get_logger
from signalbot.simulator.broadcast import Json
from signalbot.simulator.files import Files
from signalbot.simulator.places import BOT
from signalbot.simulator.timeline import Timeline
from signalbot.testing import FakeSignal
from signalbot.testing.records import Sent, SentDelete, SentReaction, SentReceipt, SentTyping

log = get_logger("signalbot.simulator")

_LOOK = 0.5  # seconds between two looks at what rings no bell, like the connection
_TYPING = 15.0  # seconds after which the apps forget an indicator


class Watcher:
    """Owns the thread that follows the stand-in's records; ``stop`` joins it.

    Args:
        look: called about twice a second and after every event, to show the rest.
        delivered: called for each message of the bot, with the people who got it.
    """

    def __init__(
        self,
        server: FakeSignal,
        timeline: Timeline,
        files: Files,
        *,
        look: Callable[[], None],
        delivered: Callable[[Json, list[str]], None],
    ) -> None:
        self._server = server
        self._timeline = timeline
        self._files = files
        self._look = look
        self._delivered = delivered
        self._ended = threading.Event()
        self._seen: dict[str, int] = {}
        self._polls: set[int] = set()
        self._thread = threading.Thread(target=self._run, name="signalbot-simulator", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._ended.set()
        self._server.logs.ring()
        if self._thread.is_alive():
            self._thread.join(5)

    def _run(self) -> None:
        while not self._ended.is_set():
            try:
                self._take_news()
                self._look()
            except Exception:
                log.exception("simulator.watcher_failed")
            try:
                self._server.wait_for(self._has_news, _LOOK)
            except TimeoutError:
                continue

    def _has_news(self) -> bool:
        return self._ended.is_set() or self._sizes() != self._seen or self._poll_news()

    def _poll_news(self) -> bool:
        return len(self._server.state.polls) != len(self._polls)

    def _sizes(self) -> dict[str, int]:
        logs = self._server.logs
        return {
            name: len(getattr(logs, name))
            for name in ("deletes", "votes", "reactions", "receipts", "typing", "sent")
        }

    def _take_news(self) -> None:
        # Counted before anything is read, the messages last: whatever a reaction or a delete
        # refers to is among the messages then.
        sizes = self._sizes()
        logs = self._server.logs
        seen, self._seen = self._seen, sizes
        takers: list[tuple[str, list[Any], Callable[[Any], None]]] = [
            ("sent", logs.sent, self._sent),
            ("reactions", logs.reactions, self._reaction),
            ("receipts", logs.receipts, self._receipt),
            ("typing", logs.typing, self._typing),
            ("deletes", logs.deletes, self._delete),
        ]
        if self._timeline.places.refresh():
            self._show_places()
        for name, records, take in takers:
            for record in records[seen.get(name, 0) : sizes[name]]:
                take(record)
            if name == "sent":
                self._take_polls()
        for vote in logs.votes[seen.get("votes", 0) : sizes["votes"]]:
            message = self._target(vote.recipient, vote.poll_timestamp)
            if message is not None:
                self._timeline.vote(message, BOT, [answer - 1 for answer in vote.answers])
        self._timeline.forget_typing(time.time() - _TYPING)

    def _show_places(self) -> None:
        places = self._timeline.places
        with self._timeline.lock:
            self._timeline.broadcast.publish(
                {"type": "places", "people": places.people(), "chats": places.chats()}
            )

    # -- one record each ---------------------------------------------------------------------

    def _sent(self, sent: Sent) -> None:
        chats = [sent.group] if sent.group else list(sent.recipients)
        for recipient in chats:
            chat = self._timeline.places.chat_of(recipient)
            if chat is None:
                continue
            parts = self._parts(chat, sent)
            edited = None
            if sent.edit_of is not None:
                edited = self._timeline.find(chat, sent.edit_of)
            if edited is not None:
                parts.pop("quote")
                self._timeline.edit(edited, sent.timestamp, **parts)
                continue
            failed = {self._timeline.places.person_id(each.recipient) for each in sent.failed}
            message = self._timeline.add(
                chat, sent.timestamp, BOT, **parts, failed=[each for each in failed if each]
            )
            members = self._timeline.places.members(chat)
            self._delivered(message, [each for each in members if each not in failed])

    def _parts(self, chat: str, sent: Sent) -> dict[str, Any]:
        places = self._timeline.places
        preview = sent.link_preview
        quote = None
        if sent.quote is not None:
            quoted = self._timeline.find(chat, sent.quote["timestamp"])
            quote = {
                "id": quoted["id"] if quoted else None,
                "author": places.person_id(sent.quote["author"]),
                "text": sent.quote["text"],
            }
        return {
            "text": sent.text,
            "styles": list(sent.styles),
            "mentions": [
                {
                    "who": places.person_id(mention["author"]),
                    "start": mention.get("start", 0),
                    "length": mention.get("length", 0),
                }
                for mention in sent.mentions
            ],
            "quote": quote,
            "files": [
                self._files.add(each.filename, each.data).to_json() for each in sent.attachments
            ],
            "sticker": sent.sticker,
            "viewOnce": sent.view_once,
            "preview": preview
            and {
                "url": preview["url"],
                "title": preview["title"],
                "description": preview.get("description"),
            },
        }

    def _take_polls(self) -> None:
        for timestamp, poll in list(self._server.state.polls.items()):
            chat = self._timeline.places.chat_of(poll.recipient)
            if chat is None:
                continue
            if timestamp not in self._polls:
                self._polls.add(timestamp)
                shown = {
                    "question": poll.question,
                    "options": list(poll.answers),
                    "multiple": poll.allow_multiple,
                    "votes": {},
                    "closed": False,
                }
                message = self._timeline.add(chat, timestamp, BOT, poll=shown)
                self._delivered(message, self._timeline.places.members(chat))
            found = self._timeline.find(chat, timestamp)
            if found is not None and not poll.is_open:
                self._timeline.close_poll(found)

    def _reaction(self, reaction: SentReaction) -> None:
        message = self._target(reaction.recipient, reaction.target)
        if message is not None:
            self._timeline.react(message, BOT, reaction.emoji, is_remove=reaction.is_remove)

    def _receipt(self, receipt: SentReceipt) -> None:
        # A receipt goes to the author of the message, who may have written it in a group.
        author = self._timeline.places.person_id(receipt.recipient)
        for chat in self._timeline.places.chats():
            message = self._timeline.find(chat["id"], receipt.target)
            if message is not None and message["author"] == author:
                self._timeline.receive(message, BOT, "read")

    def _typing(self, typing: SentTyping) -> None:
        chat = self._timeline.places.chat_of(typing.recipient)
        if chat is not None:
            self._timeline.typing(chat, BOT, on=typing.is_started, at=time.time())

    def _delete(self, delete: SentDelete) -> None:
        message = self._target(delete.recipient, delete.target)
        if message is not None:
            self._timeline.delete(message)

    def _target(self, recipient: str, timestamp: int) -> Json | None:
        chat = self._timeline.places.chat_of(recipient)
        return None if chat is None else self._timeline.find(chat, timestamp)
