"""What people do on the page: each becomes a frame for the bot."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from signalbot.simulator.broadcast import Json
from signalbot.simulator.files import Files
from signalbot.simulator.requests import BadRequest, Body
from signalbot.simulator.timeline import Timeline
from signalbot.simulator.traces import Traces
from signalbot.testing import FakeSignal
from signalbot.testing.state import GroupState, Person

_MOST_PEOPLE = 50
_PLACEHOLDER = "\ufffc"


class People:
    """Does what a page asks for as one of the people; ``actions`` lists it all by name."""

    def __init__(
        self, server: FakeSignal, timeline: Timeline, traces: Traces, files: Files
    ) -> None:
        self._server = server
        self._timeline = timeline
        self._traces = traces
        self._files = files
        self._places = timeline.places
        self.actions: dict[str, Callable[[Body], Any]] = {
            "say": self._say,
            "edit": self._edit,
            "delete": self._delete,
            "react": self._react,
            "poll": self._poll,
            "vote": self._vote,
            "close-poll": self._close_poll,
            "typing": self._type,
            "read": self._read,
            "burst": self._burst,
            "add-person": self._add_person,
            "add-group": self._add_group,
        }

    def receive(self, message: Json, people: list[str]) -> None:
        """Everybody's phone confirms that a message of the bot came, as phones do."""
        for id in people:
            person = self._places.person(id)
            if person is not None:
                self._timeline.receive(message, id, "delivery")
                self._server.receipt(person, message["timestamp"], "delivery")

    # -- messages ----------------------------------------------------------------------------

    def _say(self, body: Body) -> Json:
        chat, id, person, group = self._where(body)
        text = body.optional("text")
        files = []
        for each in body.texts("files", most=10, longest=64):
            stored = self._files.get(each)
            if stored is None:
                raise BadRequest("that file is not here any more")
            files.append(stored)
        if not files and not (text and text.strip()):
            raise BadRequest("write something, or attach a file")
        mentions = [self._mention(each, text or "") for each in body.bodies("mentions", most=50)]
        quote = self._quoted(chat, body.optional("quote"))
        timestamp = self._server.state.next_timestamp()
        # Shown before it is sent: the bot's answer must not come to stand above it.
        message = self._timeline.add(
            chat,
            timestamp,
            id,
            text=text,
            mentions=mentions,
            files=[stored.to_json() for stored in files],
            quote=quote and {key: quote[key] for key in ("id", "author", "text")},
        )
        self._link(message, timestamp, "the message")
        self._server.say(
            person,
            text,
            group,
            timestamp=timestamp,
            attachments=[(stored.name, stored.data) for stored in files],
            mentions=[
                (self._party(each["who"]), each["start"], each["length"]) for each in mentions
            ],
            quote=quote and (self._party(quote["author"]), quote["timestamp"], quote["text"] or ""),
        )
        return {"id": message["id"]}

    def _mention(self, body: Body, text: str) -> Json:
        who = body.text("who", longest=20)
        self._party(who)
        start = body.integer("start", 0, len(text) * 2)
        if text.encode("utf-16-le", "surrogatepass")[start * 2 : start * 2 + 2] != (
            _PLACEHOLDER.encode("utf-16-le")
        ):
            raise BadRequest("a mention stands where the text has U+FFFC")
        return {"who": who, "start": start, "length": 1}

    def _quoted(self, chat: str, id: str | None) -> Json | None:
        if id is None:
            return None
        message = self._timeline.get(id)
        if message is None or message["chat"] != chat:
            raise BadRequest("the quoted message is not in this chat")
        return {**message, "text": message["text"] or ""}

    def _edit(self, body: Body) -> Json:
        message, _, person, group = self._own_message(body)
        text = body.text("text")
        timestamp = self._server.edit(person, message["latest"], text, group)
        self._timeline.edit(message, timestamp, text)
        self._link(message, timestamp, f"an edit by {person.name}")
        return {}

    def _delete(self, body: Body) -> Json:
        message, _, person, group = self._own_message(body)
        timestamp = self._server.delete(person, message["timestamp"], group)
        self._timeline.delete(message)
        self._link(message, timestamp, f"its deletion by {person.name}")
        return {}

    def _react(self, body: Body) -> Json:
        message, id, person, group = self._message(body)
        emoji = body.text("emoji", longest=32)
        is_remove = body.flag("remove")
        author = self._party(message["author"])
        timestamp = self._server.react(
            person, emoji, message["timestamp"], group, author=author, is_remove=is_remove
        )
        self._timeline.react(message, id, emoji, is_remove=is_remove)
        what = f"{emoji} taken off by" if is_remove else f"{emoji} by"
        self._link(message, timestamp, f"{what} {person.name}")
        return {}

    # -- polls -------------------------------------------------------------------------------

    def _poll(self, body: Body) -> Json:
        chat, id, person, group = self._where(body)
        question = body.text("question", longest=200)
        options = body.texts("options", most=10, longest=100)
        if len(options) < 2:
            raise BadRequest("a poll needs at least two options")
        multiple = body.flag("multiple")
        timestamp = self._server.poll(person, question, options, group, allow_multiple=multiple)
        shown = {
            "question": question,
            "options": options,
            "multiple": multiple,
            "votes": {},
            "closed": False,
        }
        message = self._timeline.add(chat, timestamp, id, poll=shown)
        self._link(message, timestamp, "the poll")
        return {"id": message["id"]}

    def _vote(self, body: Body) -> Json:
        message, id, person, group = self._message(body)
        poll = message["poll"]
        if poll is None or poll["closed"]:
            raise BadRequest("there is no open poll in this message")
        choices = sorted(set(body.integers("choices", most=10, highest=len(poll["options"]) - 1)))
        if len(choices) > 1 and not poll["multiple"]:
            raise BadRequest("this poll takes one choice")
        timestamp = self._server.vote(
            person, message["timestamp"], choices, group, author=self._party(message["author"])
        )
        self._timeline.vote(message, id, choices)
        self._link(message, timestamp, f"a vote by {person.name}")
        return {}

    def _close_poll(self, body: Body) -> Json:
        message, _, person, group = self._own_message(body)
        timestamp = self._server.close_poll(person, message["timestamp"], group)
        self._timeline.close_poll(message)
        self._link(message, timestamp, f"the poll's end by {person.name}")
        return {}

    # -- signs of life -----------------------------------------------------------------------

    def _type(self, body: Body) -> Json:
        chat, id, person, group = self._where(body)
        on = body.flag("on")
        self._timeline.typing(chat, id, on=on, at=time.time())
        self._server.typing(person, group, is_started=on)
        return {}

    def _read(self, body: Body) -> Json:
        chat, id, person, _ = self._where(body)
        unread = self._timeline.unread(chat, id)
        for message in unread:
            self._timeline.receive(message, id, "read")
        if unread:
            self._server.receipt(person, [message["timestamp"] for message in unread], "read")
        return {}

    def _burst(self, body: Body) -> Json:
        """Many messages in one instant: what a lossy socket drops most of."""
        chat, id, person, group = self._where(body)
        for number in range(1, body.integer("count", 1, 50, 10) + 1):
            timestamp = self._server.state.next_timestamp()
            text = f"message {number} of a burst"
            message = self._timeline.add(chat, timestamp, id, text=text)
            self._link(message, timestamp, "the message")
            self._server.say(person, text, group, timestamp=timestamp)
        return {}

    # -- newcomers ---------------------------------------------------------------------------

    def _add_person(self, body: Body) -> Json:
        name = body.text("name", longest=60).strip()
        state = self._server.state
        with self._timeline.lock, state.lock:
            if len(state.people) >= _MOST_PEOPLE:
                raise BadRequest("there are enough people here")
            if any(person.name == name for person in state.people):
                raise BadRequest(f"{name} is here already")
            number = f"+4915199{len(state.people):06}"
            person = self._server.add_person(name, number=number)
        return {"id": self._places.person_id(person.id)}

    def _add_group(self, body: Body) -> Json:
        name = body.text("name", longest=60).strip()
        members = []
        for id in body.texts("members", most=_MOST_PEOPLE):
            person = self._places.person(id)
            if person is None:
                raise BadRequest("nobody has that id")
            members.append(person)
        if not members:
            raise BadRequest("a group needs somebody in it")
        with self._timeline.lock:
            if len(self._server.state.groups) >= _MOST_PEOPLE:
                raise BadRequest("there are enough groups here")
            group = self._server.add_group(name, members, admins=members[:1])
        return {"id": self._places.chat_of(group.id)}

    # -- inside ------------------------------------------------------------------------------

    def _where(self, body: Body) -> tuple[str, str, Person, GroupState | None]:
        """The chat, and who posts; somebody outside a group is refused, as Signal does."""
        chat = body.text("chat", longest=20)
        id = body.text("as", longest=20)
        return (chat, id, *self._poster(chat, id))

    def _message(self, body: Body) -> tuple[Json, str, Person, GroupState | None]:
        message = self._timeline.get(body.text("message", longest=60))
        if message is None:
            raise BadRequest("that message is not here any more")
        id = body.text("as", longest=20)
        return (message, id, *self._poster(message["chat"], id))

    def _own_message(self, body: Body) -> tuple[Json, str, Person, GroupState | None]:
        found = self._message(body)
        if found[0]["author"] != found[1] or found[0]["deleted"]:
            raise BadRequest("only the one who wrote a message can do that")
        return found

    def _poster(self, chat: str, id: str) -> tuple[Person, GroupState | None]:
        person = self._places.person(id)
        if person is None or id not in self._places.members(chat):
            raise BadRequest("nobody with that id is in this chat")
        return person, self._places.group(chat)

    def _party(self, id: str) -> Any:
        party = self._places.party(id)
        if party is None:
            raise BadRequest("nobody has that id")
        return party

    def _link(self, message: Json, timestamp: int, about: str) -> None:
        self._timeline.link(message, timestamp)
        self._traces.show(timestamp, message["chat"], about)
