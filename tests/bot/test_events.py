"""Every ``on_…`` decorator and every filter, with frames that came over a socket."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from signalbot import SignalBot, filters
from signalbot.model import Edit, Event, Reaction, decode
from signalbot.model.decode import peek
from signalbot.routing.event_hooks import EventHook, EventHooks
from signalbot.routing.registration import Role
from signalbot.testing import Chat, FakeSignal
from tests.bot.conftest import eventually

MakeBot = Callable[..., SignalBot]

SAMPLES = Path(__file__).resolve().parents[1] / "data" / "signal-api" / "envelopes.jsonl"
ACCOUNT = "+12025550100"
HOOKS = {name: hook for name, hook in vars(EventHooks).items() if isinstance(hook, EventHook)}


@pytest.fixture
def server() -> Iterator[FakeSignal]:
    with FakeSignal(number=ACCOUNT) as fake:
        yield fake


def samples() -> dict[str, list[str]]:
    """Frames as the real server sends them, by the kind of event that they are."""
    found: dict[str, list[str]] = defaultdict(list)
    for line in SAMPLES.read_text(encoding="utf-8").splitlines():
        seen = peek(line, ACCOUNT)
        if seen.cls != "quarantine" and seen.account == ACCOUNT:
            found[seen.kind].append(line)
    return found


def until_done(server: FakeSignal, bot: SignalBot) -> None:
    """Wait until all that was pushed is handled; the inbox keeps the order of arrival."""
    watching = bot.messages(timeout=20)
    server.say(server.add_person("Last"), "the end")
    while next(watching).text != "the end":
        pass
    watching.close()
    eventually(lambda: bot.stats()["inbox"]["pending"] == 0)


def test_every_decorator_gets_its_events_and_no_others(
    server: FakeSignal, make_bot: MakeBot
) -> None:
    bot = make_bot()
    got: dict[str, list[Event]] = defaultdict(list)

    def note(name: str) -> Callable[[Any], None]:
        def handler(ctx: Any) -> None:
            if ctx.text != "the end":
                got[name].append(ctx.event)
                if HOOKS[name].role is Role.EVENT:
                    ctx.skip()

        handler.__qualname__ = name
        return handler

    for name, hook in HOOKS.items():
        if hook.role is not Role.UNHANDLED:
            getattr(bot, name)(own=True)(note(name))
    frames = samples()
    with bot:
        server.push_many([line for lines in frames.values() for line in lines], account=ACCOUNT)
        until_done(server, bot)

    kinds = {kind for kind in frames if kind != "noop"}
    assert {event.kind for event in got["on_event"]} >= kinds
    for name, hook in HOOKS.items():
        if hook.role is Role.EVENT:
            assert {event.kind for event in got[name]} == hook.kinds & kinds, name
            assert all(isinstance(event.raw, str) for event in got[name])
    covered = {kind for hook in HOOKS.values() for kind in hook.kinds}
    assert kinds <= covered


def test_what_nobody_handles_goes_to_on_unhandled_but_for_quiet_kinds(
    server: FakeSignal, make_bot: MakeBot
) -> None:
    bot = make_bot()
    unhandled: list[str] = []

    @bot.on_reaction
    def reacted(ctx: Any) -> None:
        """Handled."""

    @bot.on_unhandled
    def other(ctx: Any) -> None:
        if ctx.text != "the end":
            unhandled.append(ctx.event.kind)

    alice = server.add_person("Alice")
    with bot:
        server.react(alice, "👍", 1)
        server.typing(alice)
        server.receipt(alice, 1)
        server.edit(alice, 1, "changed")
        server.sync(type="CONTACTS_SYNC")
        server.sync_sent("to somebody else", to=alice)
        server.say(alice, "hello")
        until_done(server, bot)

    assert unhandled == ["edit", "message"]


# -- filters -----------------------------------------------------------------------------------


def note_filters(bot: SignalBot, wanted: dict[str, Any]) -> dict[str, set[str]]:
    """Has each filter noted with the texts (or kinds) that it let through."""
    passed: dict[str, set[str]] = defaultdict(set)

    def watch(name: str, made: Any) -> None:
        def observer(ctx: Any) -> None:
            passed[name].add(ctx.text or ctx.event.kind)

        observer.__qualname__ = name
        bot.on_event(made)(observer)

    for name, made in wanted.items():
        watch(name, made)
    return passed


def test_filters_of_texts_people_and_places(server: FakeSignal, make_bot: MakeBot) -> None:
    bot = make_bot()
    alice = server.add_person("Alice", number="+12025550143")
    bob = server.add_person("Bob", username="bob.42")
    lunch = server.add_group("Lunch", [alice, bob])
    other = server.add_group("Other", [alice, bob])
    passed = note_filters(
        bot,
        {
            "text": filters.text("one", "two"),
            "folded": filters.text("ONE", ignore_case=True),
            "any text": filters.text(),
            "startswith": filters.startswith("t"),
            "endswith": filters.endswith("e"),
            "contains": filters.contains("w"),
            "regex": filters.regex(r"^t(?P<rest>\w+)$"),
            "private": filters.private(),
            "group": filters.group(),
            "lunch by name": filters.group("Lunch"),
            "lunch by id": filters.group(lunch.id),
            "lunch by internal id": filters.group(lunch.internal_id),
            "alice by number": filters.sender("+12025550143"),
            "bob by uuid": filters.sender(str(bob.uuid)),
            "both": filters.sender(str(alice.uuid), str(bob.uuid)),
            "own": filters.own(),
            "note to self": filters.note_to_self(),
            "where": filters.where(lambda ctx: len(ctx.text) == 5, "five letters"),
            "composed": filters.private() & ~filters.text("one") & (lambda ctx: ctx.text < "u"),
            "either": filters.text("one") | filters.group("Other"),
        },
    )
    with bot:
        server.say(alice, "one")
        server.say(bob, "two")
        server.say(alice, "three", group=lunch)
        server.say(bob, "four", group=other)
        server.sync_sent("to bob", to=bob)
        server.sync_sent("to me")
        until_done(server, bot)

    everything = {"one", "two", "three", "four", "to bob", "to me", "the end"}
    assert passed == {
        "text": {"one", "two"},
        "folded": {"one"},
        "any text": everything,
        "startswith": {"two", "three", "to bob", "to me", "the end"},
        "endswith": {"one", "three", "to me"},
        "contains": {"two"},
        "regex": {"two", "three"},
        "private": everything - {"three", "four"},
        "group": {"three", "four"},
        "lunch by name": {"three"},
        "lunch by id": {"three"},
        "lunch by internal id": {"three"},
        "alice by number": {"one", "three"},
        "bob by uuid": {"two", "four"},
        "both": {"one", "two", "three", "four"},
        "own": {"to bob", "to me"},
        "note to self": {"to me"},
        "where": {"three", "to me"},
        "composed": {"two", "to bob", "to me", "the end"},
        "either": {"one", "four"},
    }


def test_filters_of_what_a_message_carries(server: FakeSignal, make_bot: MakeBot) -> None:
    bot = make_bot()
    alice, bob = server.add_person("Alice"), server.add_person("Bob")
    sticker = json.loads(samples()["sticker"][0])["envelope"]["dataMessage"]["sticker"]
    card = json.loads(samples()["contact"][0])["envelope"]["dataMessage"]["contacts"]
    passed = note_filters(
        bot,
        {
            "has_attachment": filters.has_attachment(),
            "image": filters.has_attachment("image"),
            "quote": filters.quote(),
            "replies_to_me": filters.replies_to_me(),
            "mentions": filters.mentions(),
            "mentions bob": filters.mentions(str(bob.uuid)),
            "mentions_me": filters.mentions_me(),
            "sticker": filters.sticker(),
            "this sticker": filters.sticker(sticker["packId"]),
            "another sticker": filters.sticker("ff" * 16),
            "contact": filters.contact(),
            "link": filters.link(),
            "view_once": filters.view_once(),
            "story_reply": filters.story_reply(),
        },
    )
    account = server.state.accounts[ACCOUNT]
    with bot:
        server.say(alice, "image", attachments=[b"\x89PNG\r\n\x1a\n"])
        server.say(alice, "notes", attachments=[("notes.txt", b"x")])
        server.say(alice, "to bob", quote=(bob, 1, "x"))
        server.say(alice, "to me", quote=(account, 1, "x"))
        server.say(alice, "\ufffc bob", mentions=[(bob, 0, 1)])
        server.say(alice, "\ufffc me", mentions=[(account, 0, 1)])
        server.say(alice, None, sticker=sticker)
        server.say(alice, None, contacts=card)
        server.say(alice, "see https://example.org/")
        server.say(alice, "once", view_once=True)
        server.say(
            alice,
            "nice story",
            storyContext={
                "authorNumber": ACCOUNT,
                "authorUuid": server.uuid,
                "sentTimestamp": 1,
            },
        )
        server.say(alice, "plain")
        until_done(server, bot)

    assert {name: len(texts) for name, texts in passed.items()} == {
        "has_attachment": 2,
        "image": 1,
        "quote": 2,
        "replies_to_me": 1,
        "mentions": 2,
        "mentions bob": 1,
        "mentions_me": 1,
        "sticker": 1,
        "this sticker": 1,
        "contact": 1,
        "link": 1,
        "view_once": 1,
        "story_reply": 1,
    }
    assert passed["image"] == {"image"}
    assert passed["replies_to_me"] == {"to me"}
    assert {text[-2:] for text in passed["mentions_me"]} == {"me"}


def test_filters_of_other_kinds_of_events(server: FakeSignal, make_bot: MakeBot) -> None:
    bot = make_bot()
    got: list[str] = []

    def note(name: str) -> Callable[[Any], None]:
        def handler(ctx: Any) -> None:
            got.append(name)
            ctx.skip()

        handler.__qualname__ = name
        return handler

    bot.on_reaction(filters.emoji("👍"))(note("thumb"))
    bot.on_reaction(filters.emoji() & ~filters.removed())(note("any emoji"))
    bot.on_reaction(filters.removed())(note("removed"))
    bot.on_reaction(filters.reacts_to_me())(note("to me"))
    bot.on_poll_vote(filters.voted())(note("voted"))
    bot.on_poll_vote(filters.voted(2, 3))(note("voted for 2 or 3"))
    alice, bob = server.add_person("Alice"), server.add_person("Bob")
    by_kind = note_filters(bot, {"edited": filters.edited(), "kind": filters.kind(Edit, Reaction)})
    with bot:
        server.react(alice, "👍🏿", 1)
        server.react(alice, "🎉", 1, author=bob)
        server.react(alice, "🎉", 1, author=bob, is_remove=True)
        server.vote(alice, 1, [0, 1])
        server.vote(alice, 1, [2], count=2)
        server.edit(alice, 1, "changed")
        until_done(server, bot)

    reactions = ["thumb", "any emoji", "to me", "any emoji", "removed"]
    votes = ["voted", "voted", "voted for 2 or 3"]
    assert sorted(got) == sorted([*reactions, *votes])
    assert by_kind == {"edited": {"changed"}, "kind": {"changed", "reaction"}}


def test_groups_of_a_pattern_are_arguments(server: FakeSignal, make_bot: MakeBot) -> None:
    bot = make_bot()

    @bot.on_message(filters.regex(r"(?P<count>\d+) (?P<what>\w+)"))
    def order(ctx: Any, count: int, what: str) -> str:
        return f"{count + 1} {what} {ctx.match.start()}"

    alice = server.add_person("Alice")
    with bot:
        server.say(alice, "I'd like 3 pizzas")
        server.wait_for_sent(1)

    assert server.sent[0].text == "4 pizzas 9"


def test_a_bot_explains_what_it_would_do(make_bot: MakeBot) -> None:
    bot = make_bot(admins=["+4915199999999"])

    @bot.command("ban", filters.group("Lunch"), allow="admins")
    def ban(ctx: Any, name: str) -> None:
        raise AssertionError("nothing is run")

    @bot.on_message(filters.mentions_me())
    def mentioned(ctx: Any) -> None: ...

    @bot.on_reaction
    def reacted(ctx: Any) -> None: ...

    def reasons(*arguments: Any, **keywords: Any) -> dict[str, tuple[bool, str]]:
        found = bot.explain(*arguments, **keywords)
        assert str(found).count("\n") == len(found) - 1
        return {each.handler.fn.__name__: (each.runs, each.why) for each in found}

    admin = reasons("/ban Bob", sender="+4915199999999", group="Lunch")
    assert admin["ban"][0]
    assert "mention" in admin["mentioned"][1]
    assert not admin["reacted"][0]
    assert not reasons("/ban Bob", sender="+4915100000000", group="Lunch")["ban"][0]
    assert not reasons("/ban Bob", sender="+4915199999999", group="Other")["ban"][0]
    assert not reasons("/ban Bob", sender="+4915199999999")["ban"][0]
    assert "name" in reasons("/ban", sender="+4915199999999", group="Lunch")["ban"][1]
    assert bot.state == "new"


def test_the_samples_have_what_these_tests_are_about() -> None:
    frames = samples()

    assert len(frames) > 25
    assert all(
        decode(line, account=ACCOUNT).kind == kind for kind in frames for line in frames[kind]
    )


def test_a_reply_quotes_what_is_a_message_and_answers_the_rest_without() -> None:
    bot = SignalBot("+4915112345678", "http://signal.invalid:8080")

    @bot.on_event
    def answer(ctx: Any) -> None:
        ctx.reply(type(ctx.event).__name__)

    with Chat(bot) as chat:
        chat.say("hello")
        assert [(reply, reply.quote) for reply in chat.replies] == [("Message", "hello")]
        answered = chat.replies[0]
        chat.edit("hello!")
        assert [(reply, reply.quote) for reply in chat.replies] == [("Edit", "hello!")]
        chat.act(lambda server: server.poll("Alice", "Where?", ["here", "there"]))
        assert [(reply, reply.quote) for reply in chat.replies] == [("Poll", "Where?")]
        chat.react("❤️", to=answered)
        assert [(reply, reply.quote) for reply in chat.replies] == [("Reaction", None)]
        chat.delete()
        assert [(reply, reply.quote) for reply in chat.replies] == [("Delete", None)]
        chat.typing()
        assert [(reply, reply.quote) for reply in chat.replies] == [("Typing", None)]
