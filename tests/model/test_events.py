"""What decoded events hold, record by record."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from signalbot.errors import DecodeError
from signalbot.model import (
    EVENT_CLASSES,
    EVENT_TYPES,
    AdminDelete,
    Attachment,
    BlockedSync,
    Call,
    Chat,
    ContactMessage,
    Delete,
    Edit,
    ErrorEvent,
    Event,
    ExceptionEvent,
    ExpirationUpdate,
    Group,
    GroupUpdate,
    Message,
    Payment,
    Pin,
    Poll,
    PollClose,
    PollVote,
    Reaction,
    ReadSync,
    Receipt,
    StickerMessage,
    Story,
    Typing,
    UnknownEvent,
    Unpin,
    User,
    decode,
    peek,
    utf16_slice,
)
from tests.model.samples import ALICE, GROUP, NOW, SAMPLES, TARGET, data, frame, raw, sample

ME = "a0a0a0a0-1111-4222-8333-444455556666"
BOB = "22222222-bbbb-4ccc-8ddd-222222222222"


def event(number: int) -> Any:
    return decode(sample(number).raw)


def test_an_ordinary_message():
    found = event(1)

    assert type(found) is Message
    assert found.text == "hello bot"
    assert found.sender == User(ALICE)
    assert (found.sender.number, found.sender.name) == ("+12025550143", "Alice Adler")
    assert found.chat == Chat(User(ALICE))
    assert found.id == ("+12025550100", ALICE, NOW)
    assert (found.device, found.server_received) == (1, 1769271479276)
    assert found.sent_at == NOW / 1000
    assert (found.is_private, found.is_group, found.is_own, found.is_reply) == (True, *[False] * 3)
    assert (found.attachments, found.mentions, found.quote, found.group) == ((), (), None, None)


def test_a_sender_without_a_name_has_none():
    assert [event(n).sender.name for n in (4, 5)] == [None, None]


def test_server_times_of_0_are_unknown():
    assert (event(102).server_received, event(97).server_delivered) == (None, None)


def test_text_is_unchanged():
    for number in (6, 7, 8, 9, 103):
        assert event(number).text == sample(number).expected["text"]


def test_styles_point_at_their_words():
    found = event(10)

    words = {
        style.style: utf16_slice(found.text, style.start, style.length) for style in found.styles
    }

    assert words == {"BOLD": "bold", "MONOSPACE": "code", "SPOILER": "hidden"}
    assert event(99).styles[0].style == "GLOW"


def test_a_long_text_hides_its_own_copy_but_no_other_file():
    assert event(12).attachments == ()
    assert "text/x-signal-plain" in event(12).raw

    alone = decode(raw(data(attachments=[{"contentType": "text/x-signal-plain", "id": "a"}])))
    assert [file.id for file in alone.attachments] == ["a"]  # type: ignore[attr-defined]


def test_a_group_message():
    found = event(14)

    assert found.chat == Chat(group=Group(GROUP))
    assert found.group.name == "Team Lunch 🍜"
    assert (found.group_info.revision, found.group_info.type) == (7, "DELIVER")
    assert found.chat.recipient == Group(GROUP).id
    assert (found.is_group, found.is_private) == (True, False)


def test_mentions_are_people_and_places():
    found = event(17)

    assert [(m.user.id, m.start, m.length) for m in found.mentions] == [(ALICE, 5, 1), (BOB, 11, 1)]
    assert all(utf16_slice(found.text, m.start, m.length) == "\ufffc" for m in found.mentions)
    assert found.mentions_user(User(number="+12025550143"))
    assert found.mentions_user(BOB.upper())
    assert not found.mentions_user(ME)


@pytest.mark.parametrize(("start", "length", "expected"), [
    (4000, 1, []), (-1, 1, []), (0, 0, []), (0, -1, []), (5, 1, []), ("0", 1, []), (True, 1, []),
    (4, 1, [(4, 1)]), (4, 100, [(4, 1)]), (0, 5, [(0, 5)]), (2**62, 2**62, []),
])  # fmt: skip
def test_ranges_outside_of_the_text_are_dropped_or_clamped(start: Any, length: Any, expected: Any):
    place = {"start": start, "length": length}

    found = decode(raw(data(message="short", mentions=[{"uuid": BOB, **place}],
                            textStyles=[{"style": "BOLD", **place}])))  # fmt: skip

    assert [(m.start, m.length) for m in found.mentions] == expected  # type: ignore[attr-defined]
    assert [(s.start, s.length) for s in found.styles] == expected  # type: ignore[attr-defined]


def test_mentions_of_old_servers_have_a_name_only():
    old = {"name": "+12025550143", "start": 0, "length": 1}

    found = decode(raw(data(message="x", mentions=[old, {"start": 0, "length": 1}, "x"])))

    assert [m.user for m in found.mentions] == [User(number="+12025550143")]  # type: ignore[attr-defined]


def test_attachments():
    pdf, image, hostile = event(25).attachments

    assert (pdf.id, pdf.size, pdf.filename) == (
        "d1_Rechnung.pdf",
        104857600,
        "Rechnung März №7 📄.pdf",
    )
    assert (image.caption, image.width, image.is_image) == ("fig. 1", 64, True)
    assert hostile.filename == "../../etc/passwd"
    assert event(24).attachments[0].is_voice_note
    assert not pdf.is_voice_note
    assert Attachment().is_video is False
    assert event(26).view_once


def test_broken_parts_count_as_absent():
    found: Any = decode(raw(data(
        message="x", mentions="x", attachments=[7, {"contentType": 5, "size": "7", "id": ["a"]}],
        quote={"text": "no id"}, previews={}, textStyles=[None], expiresInSeconds="1",
        viewOnce="true", storyContext={"authorUuid": BOB}, contacts=[[]], sticker=9,
    )))  # fmt: skip

    assert found.attachments == (Attachment(),)
    assert (found.mentions, found.quote, found.previews, found.styles) == ((), None, (), ())
    assert (found.expires_in, found.view_once, found.story_context) == (0, False, None)
    assert (found.contacts, found.sticker) == ((), None)


def test_a_sticker_is_a_message():
    found = event(27)

    assert type(found) is StickerMessage
    assert isinstance(found, Message)
    assert (found.sticker.pack_id, found.sticker.sticker_id) == (
        "9a32eda01a7a28574f2eb48668ae0dc4",
        18,
    )
    assert event(28).is_group


def test_a_quote_names_message_and_author():
    quote = event(30).quote

    assert quote.author == User("55555555-eeee-4fff-8aaa-555555555555")
    assert (quote.id, quote.text) == (1769271389123, "￼ see pic")
    assert quote.mentions[0].user == User(ALICE)
    assert quote.styles[0].style == "ITALIC"
    assert (quote.attachments[0].filename, quote.attachments[0].thumbnail.id) == (
        "pic.jpg",
        "thumb-1.jpg",
    )
    assert event(30).is_reply
    assert (event(31).quote.text, event(31).quote.attachments[0].thumbnail) == ("", None)


def test_previews():
    assert event(32).previews[0].image.id == "pv-1.webp"
    assert (event(33).previews[0].image, event(33).previews[0].description) == (None, "")


def test_a_shared_contact():
    found = event(34)
    card = found.contacts[0]

    assert type(found) is ContactMessage
    assert card.name.full == "Lady Ada King Lovelace I"
    assert [phone.value for phone in card.phones] == ["+442079460018", "020 7946 0019"]
    assert (card.phones[1].type, card.phones[1].label) == ("CUSTOM", "engine room")
    assert (card.emails[0].value, card.addresses[0].city) == ("ada@example.org", "London")
    assert (card.organization, card.avatar.id) == ("Analytical Engines Ltd", "av-9.jpg")
    assert event(35).contacts[0].name.full == ""
    assert (type(event(105)), len(event(105).contacts)) == (Message, 1)


def test_actions_on_messages():
    reaction = event(37)
    assert isinstance(reaction, Reaction)
    assert (reaction.emoji, reaction.target, reaction.target_author.id) == ("👍", TARGET, ME)
    assert [event(n).is_remove for n in (37, 38)] == [False, True]
    assert event(61).story_context.timestamp == 1769270979123

    deleted = event(40)
    assert (type(deleted), deleted.target, deleted.author.id) == (Delete, NOW, ALICE)
    assert not deleted.by_admin
    by_admin = event(42)
    assert (type(by_admin), by_admin.author.id, by_admin.by_admin) == (AdminDelete, BOB, True)
    assert isinstance(by_admin, Delete)

    pin = event(49)
    assert isinstance(pin, Pin)
    assert (pin.target, pin.target_author.id, pin.duration) == (1769271499123, ALICE, -1)
    assert isinstance(event(51), Unpin)
    assert event(51).target_author.id == ALICE


def test_polls():
    poll, vote, closed = event(43), event(45), event(47)

    assert isinstance(poll, Poll)
    assert (poll.question, poll.allow_multiple) == ("Where to?", False)
    assert poll.options == ("Ramen", "Pizza 🍕", "Home")
    assert isinstance(vote, PollVote)
    assert (vote.author.id, vote.target, vote.options, vote.count) == (
        ALICE,
        poll.timestamp,
        (1, 2),
        2,
    )
    assert event(46).options == ()
    assert isinstance(closed, PollClose)
    assert closed.target == poll.timestamp


def test_changes_of_state():
    assert isinstance(event(36), Payment)
    assert event(36).note == "for lunch"
    assert isinstance(event(52), ExpirationUpdate)
    assert [event(n).seconds for n in (52, 53)] == [86400, 0]
    update = event(18)
    assert isinstance(update, GroupUpdate)
    assert (update.group.name, update.revision, update.joined) == ("Team Dinner 🍲", 9, ())


def test_edits():
    found = event(55)

    assert isinstance(found, Edit)
    assert not isinstance(found, Message)
    assert (found.target, found.timestamp) == (1769271499123, 1769271560123)
    assert (found.group.internal_id, found.mentions[0].start) == (GROUP, 13)


def test_stories():
    film, words, colours = event(57), event(58), event(59)

    assert isinstance(film, Story)
    assert (film.attachment.caption, film.allows_replies, film.text) == ("at the beach", True, "")
    assert (words.text, words.look.style, words.allows_replies) == (
        "Happy new year 🎆",
        "BOLD",
        False,
    )
    assert words.look.gradient.positions == (0.0, 1.0)
    assert words.look.gradient.start_color == "#ff19a9fa"
    assert (colours.look.background, colours.look.preview.title) == ("#ff112233", "S")
    assert colours.group.internal_id == "ikktGPKAqJkn236deni2Apo1klenswaFTkWXp6w8zn8="
    odd = {"backgroundGradient": {"positions": [float("nan"), 10**400, "x", True, 1]}}
    assert decode(raw(frame(storyMessage={"textAttachment": odd}))).look.gradient.positions == (
        1.0,
    )  # type: ignore[attr-defined]


def test_notices():
    assert [event(n).type for n in (62, 63, 64, 65)] == ["delivery", "read", "viewed", "unknown"]
    assert isinstance(event(63), Receipt)
    assert event(63).timestamps == (1769271419123, 1769271429123, 1769271439123)
    assert event(66).when == 1769271592123
    assert isinstance(event(67), Typing)
    assert [event(n).started for n in (67, 68)] == [True, False]
    assert event(69).group.internal_id == GROUP


def test_calls_have_ids_of_64_bits_without_a_sign():
    assert isinstance(event(70), Call)
    assert [event(n).type for n in range(70, 75)] == ["offer", "answer", "ice", "hangup", "busy"]
    assert [event(n).call_id for n in (70, 74)] == [17293822569102704641, 42]
    assert (event(70).subtype, event(73).subtype, event(73).device_id) == (
        "AUDIO_CALL",
        "NORMAL",
        0,
    )
    assert len(event(72).ice) == 2


def test_own_messages_are_what_they_are_inside():
    found = event(76)

    assert type(found) is Message
    assert (found.is_own, found.sender.id, found.chat.key) == (True, ME, ALICE)
    assert event(77).group.internal_id == GROUP
    assert event(78).chat.key == ME
    assert isinstance(event(79), Reaction)
    assert isinstance(event(80), Edit)
    assert isinstance(event(81), Story)
    assert all(event(n).is_own for n in range(76, 86))


def test_news_from_other_devices():
    assert isinstance(event(82), ReadSync)
    assert [(m.author.id, m.timestamp) for m in event(82).messages] == [
        (ALICE, NOW),
        (BOB, 1769271480123),
    ]
    blocked = event(83)
    assert isinstance(blocked, BlockedSync)
    assert blocked.users == (
        User(number="+12025550199"),
        User("77777777-0000-4000-8000-777777777777"),
    )
    assert blocked.groups == (Group("ikktGPKAqJkn236deni2Apo1klenswaFTkWXp6w8zn8="),)
    assert all(event(n).chat is None for n in range(82, 86))


def test_errors_are_events_too():
    exception = event(90)
    assert isinstance(exception, ExceptionEvent)
    assert (exception.type, exception.sender.id, exception.chat) == (
        "UntrustedIdentityException",
        ALICE,
        None,
    )
    assert (event(93).sender, event(93).timestamp) == (None, 0)
    assert isinstance(event(94), ErrorEvent)
    assert event(94).text == "Failed to receive: closed"


def test_what_is_unknown_is_offered_as_it_came():
    found = event(96)

    assert isinstance(found, UnknownEvent)
    assert found.member == "hologramMessage"
    assert found.data()["envelope"]["hologramMessage"]["payload"] == "…"


def test_a_frame_for_the_quarantine_raises():
    with pytest.raises(DecodeError, match="not an object"):
        decode("[]")
    with pytest.raises(DecodeError):
        decode("{", peeked=peek("{"))


def test_the_sockets_account_stands_in_where_the_frame_names_none():
    text = raw(data(message="x") | {"account": None})

    assert decode(text, account="+49").account == "+49"
    assert decode(text, peeked=peek(text, "+49")).account == "+49"


def test_every_kind_has_one_class():
    assert {cls.kind for cls in EVENT_CLASSES} == set(EVENT_TYPES)
    assert len(EVENT_CLASSES) == len(EVENT_TYPES)
    assert {decode(found.raw).kind for found in SAMPLES} == set(EVENT_TYPES)
    assert all(issubclass(cls, Event) for cls in EVENT_CLASSES)


def test_events_are_frozen_but_can_be_derived():
    update = event(18)

    with pytest.raises(dataclasses.FrozenInstanceError):
        update.revision = 10
    assert dataclasses.replace(update, joined=(User(BOB),)).joined == (User(BOB),)


def test_copies_that_came_two_ways_are_equal():
    body = b'{"jsonrpc":"2.0","method":"receive","params":' + sample(1).raw + b"}\n"

    assert decode(body, received_at=1.0) == decode(sample(1).raw, received_at=2.0)
    assert peek(body).dedupe_key == peek(sample(1).raw).dedupe_key
    assert decode(body).raw == body.decode()


class TestDedupeKey:
    def key(self, **members: Any) -> bytes:
        found = peek(raw(frame(**{"dataMessage": {"message": "x"}, **members}))).dedupe_key
        assert found is not None
        return found

    def test_it_depends_on_what_names_a_message(self):
        other = [
            self.key(),
            self.key(sourceDevice=2),
            self.key(sourceUuid=BOB),
            self.key(timestamp=NOW + 1),
            self.key(dataMessage={"remoteDelete": {"timestamp": 1}}),
            self.key(dataMessage={"remoteDelete": {"timestamp": 2}}),
            peek(raw(frame("+49", dataMessage={"message": "x"}))).dedupe_key,
        ]

        assert len(set(other)) == len(other)

    def test_it_ignores_the_rest(self):
        assert self.key() == self.key(sourceName="new", dataMessage={"message": "y"}, x=1)

    def test_receipts_typing_and_calls_with_one_timestamp_differ(self):
        frames = [
            {"receiptMessage": {"isRead": True, "timestamps": [1]}, "dataMessage": None},
            {"receiptMessage": {"isDelivery": True, "timestamps": [1]}, "dataMessage": None},
            {"receiptMessage": {"isRead": True, "timestamps": [2]}, "dataMessage": None},
            {"typingMessage": {"action": "STARTED"}, "dataMessage": None},
            {"typingMessage": {"action": "STOPPED"}, "dataMessage": None},
            {"callMessage": {"offerMessage": {"id": 1}}, "dataMessage": None},
            {"callMessage": {"hangupMessage": {"id": 1}}, "dataMessage": None},
        ]

        assert len({self.key(**members) for members in frames}) == len(frames)
