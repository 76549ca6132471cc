"""Sending: who gets which call, what becomes of the results, and what is refused beforehand."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
import pytest

from signalbot.errors import (
    BadRequest,
    NotRegistered,
    PartialSendError,
    RateLimited,
    RequestFailed,
    RequestTimedOut,
)
from signalbot.infrastructure.api_models.enums import FailureReason
from signalbot.model.content import LinkPreview, Quote, Sticker
from signalbot.model.event import Event
from signalbot.model.mentions import Mention
from signalbot.model.people import Chat, Group, User
from signalbot.model.styling import escape
from tests.infrastructure.api_recorder import (
    ACCOUNT,
    ALICE,
    BOB,
    GROUP,
    INTERNAL_ID,
    NOW,
    SENT,
    Recorder,
)

OTHER_GROUP = Group("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")
CLASSIC = {"versions": ["v1"], "build": 2, "mode": "native", "version": "0.100"}
JSON_RPC = CLASSIC | {"mode": "json-rpc"}
PARTIAL = [
    {
        "timestamp": str(NOW),
        "errors": {
            "recipients": [
                {"uuid": ALICE, "number": "", "reason": "IDENTITY_FAILURE"},
                {"number": BOB, "reason": "SOMETHING_NEW"},
                {"reason": "NETWORK_FAILURE"},
            ]
        },
    }
]


@dataclass(frozen=True)
class Received(Event):
    text: str | None = "what"
    mentions: tuple[Mention, ...] = ()


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


def recipients(recorder: Recorder) -> list[list[str]]:
    return [body["recipients"] for body in recorder.bodies]


# -- recipients ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "to",
    [
        ALICE,
        ALICE.upper(),
        ALICE.replace("-", ""),
        User(uuid=ALICE),
        User(uuid=ALICE.upper(), number=BOB),
        User(uuid=ALICE.replace("-", "")),
        Chat(user=User(uuid=ALICE)),
        [ALICE],
    ],
)
def test_a_person_in_any_form_is_written_as_lower_case_uuid(to: Any, recorder: Recorder) -> None:
    recorder.client().messages.send(to, "hi")

    assert recipients(recorder) == [[ALICE]]


@pytest.mark.parametrize(
    "to", [GROUP, INTERNAL_ID, Group(INTERNAL_ID), Chat(group=Group(INTERNAL_ID)), {GROUP}]
)
def test_a_group_in_any_form_is_written_as_rest_id(to: Any, recorder: Recorder) -> None:
    recorder.client().messages.send(to, "hi")

    assert recipients(recorder) == [[GROUP]]


def test_a_username_is_bare_when_sent_to(recorder: Recorder) -> None:
    recorder.client().messages.send("u:alice.42", "hi")

    assert recipients(recorder) == [["alice.42"]]


def test_mixed_recipients_are_split_into_legal_calls_and_merged(recorder: Recorder) -> None:
    sent = recorder.client().messages.send(
        ["alice.42", BOB, GROUP, ALICE, OTHER_GROUP, "bob.7"], "hi"
    )

    assert recipients(recorder) == [
        [BOB, ALICE],
        ["alice.42", "bob.7"],
        [GROUP],
        [OTHER_GROUP.id],
    ]
    assert sent.timestamp == NOW
    assert [part.timestamp for part in sent.parts] == [NOW, NOW + 1, NOW + 2, NOW + 3]
    assert len(sent.recipients) == 6
    assert sent.ok


def test_somebody_named_twice_gets_the_message_once(recorder: Recorder) -> None:
    recorder.client().messages.send(
        [User(uuid=ALICE, number=BOB), BOB, ALICE.upper(), GROUP, INTERNAL_ID], "hi"
    )

    assert recipients(recorder) == [[ALICE], [GROUP]]


@pytest.mark.parametrize("to", [[], (), "", "nobody", "group.xyz", 5, None, [None]])
def test_what_names_nobody_is_refused_before_any_request(to: Any, recorder: Recorder) -> None:
    with pytest.raises((ValueError, TypeError)):
        recorder.client().messages.send(to, "hi")

    assert recorder.requests == []


# -- answers -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "answer",
    [
        {"timestamp": str(NOW)},
        [{"timestamp": str(NOW)}],
        [{"timestamp": NOW}],
        {"timestamp": str(NOW), "errors": None},
        [{"timestamp": str(NOW), "errors": {"recipients": None}}],
    ],
)
def test_both_shapes_of_the_answer_are_understood(answer: Any, recorder: Recorder) -> None:
    recorder.answer(201, answer)

    sent = recorder.client().messages.send(BOB, "hi")

    assert sent.timestamp == NOW
    assert sent.ok


@pytest.mark.parametrize("answer", [b"", b"<html>", [], {}, "OK", [{}], {"timestamp": "x"}])
def test_an_answer_without_timestamp_may_mean_that_it_was_sent(
    answer: Any, recorder: Recorder
) -> None:
    recorder.answer(201, answer)

    with pytest.raises(RequestFailed) as caught:
        recorder.client().messages.send(BOB, "hi")

    assert caught.value.may_have_been_sent
    assert len(recorder.requests) == 1


def test_partial_failures_are_listed_with_their_reason(recorder: Recorder) -> None:
    recorder.answer(201, PARTIAL)

    sent = recorder.client().messages.send([ALICE, BOB, "+441234567"], "hi")

    assert not sent.ok
    assert [failure.reason for failure in sent.failed] == ["IDENTITY_FAILURE", "SOMETHING_NEW"]
    assert sent.failed[0].reason == FailureReason.IDENTITY
    assert sent.failed[0].recipient == User(uuid=ALICE)
    assert sent.failed[1].recipient == User(number=BOB)


def test_partial_failures_raise_if_asked_to(recorder: Recorder) -> None:
    recorder.answer(201, PARTIAL)

    with pytest.raises(PartialSendError) as caught:
        recorder.client().messages.send([ALICE, BOB], "hi", raise_on_partial=True)

    assert caught.value.result.timestamp == NOW
    assert caught.value.path_template == "/v2/send"
    assert BOB not in str(caught.value)


def test_a_call_that_fails_beside_one_that_succeeds_is_a_partial_failure(
    recorder: Recorder,
) -> None:
    recorder.answer(201, SENT).answer(400, {"error": "Failed to send message"}).answer(201, SENT)

    sent = recorder.client().messages.send([BOB, "alice.42", GROUP], "hi")

    assert [failure.reason for failure in sent.failed] == ["REFUSED"]
    assert sent.failed[0].recipient == User(username="alice.42")
    assert isinstance(sent.failed[0].error, BadRequest)
    assert len(sent.parts) == 2


def test_after_a_rate_limit_the_other_calls_are_not_tried(recorder: Recorder) -> None:
    recorder.answer(201, SENT).answer(429, {"error": "due to rate limiting"})

    sent = recorder.client().messages.send([BOB, "alice.42", GROUP], "hi")

    assert len(recorder.requests) == 2
    assert [failure.reason for failure in sent.failed] == ["RATE_LIMIT_FAILURE", "NOT_TRIED"]
    assert isinstance(sent.failed[0].error, RateLimited)
    assert sent.failed[1].error is None


def test_an_error_is_raised_if_nobody_was_reached(recorder: Recorder) -> None:
    recorder.answer(400, {"error": "Specified account does not exist"})

    with pytest.raises(NotRegistered):
        recorder.client().messages.send(BOB, "hi")


def test_of_several_errors_the_one_that_leaves_doubt_is_raised(recorder: Recorder) -> None:
    recorder.answer(400, {"error": "Failed to send message"}).fail(httpx.ReadTimeout("late"))

    with pytest.raises(RequestTimedOut) as caught:
        recorder.client().messages.send([BOB, "alice.42"], "hi")

    assert caught.value.may_have_been_sent


def test_a_send_that_timed_out_is_never_repeated(recorder: Recorder) -> None:
    recorder.fail(httpx.ReadTimeout("late"))

    with pytest.raises(RequestTimedOut):
        recorder.client().messages.send(BOB, "hi")

    assert len(recorder.requests) == 1


def test_a_rate_limit_carries_its_tokens(recorder: Recorder) -> None:
    recorder.answer(429, {"error": "limited", "challenge_tokens": ["tok-1", ""]})

    with pytest.raises(RateLimited) as caught:
        recorder.client().messages.send(BOB, "hi")

    assert caught.value.challenge_tokens == ("tok-1",)


def test_solving_a_challenge_lets_sends_go_on_at_once(recorder: Recorder) -> None:
    client = recorder.client(send_timeout=0.5)
    recorder.answer(429, {"error": "limited", "challenge_tokens": ["tok-1"]})
    with pytest.raises(RateLimited) as caught:
        client.messages.send(BOB, "hi")

    client.accounts.solve_challenge(caught.value.challenge_tokens[0], "signalcaptcha://x")

    assert client.messages.send(BOB, "hi").ok


def test_nothing_private_is_in_a_repr(recorder: Recorder) -> None:
    recorder.answer(201, PARTIAL)

    sent = recorder.client().messages.send([ALICE, BOB], "secret")

    shown = repr(sent) + repr(sent.failed) + repr(sent.parts)
    assert not any(private in shown for private in ("secret", BOB, ALICE, ACCOUNT))


# -- what can be done with a sent message --------------------------------------------------


def test_edits_name_the_version_before_and_a_delete_the_first(recorder: Recorder) -> None:
    client = recorder.client()
    sent = client.messages.send(BOB, "one")

    second = sent.edit("two")
    third = sent.edit("three", styled=True)
    fourth = third.edit("four")
    fourth.delete()

    assert [body.get("edit_timestamp") for body in recorder.bodies[:4]] == [
        None,
        NOW,
        NOW + 1,
        NOW + 2,
    ]
    assert (second.timestamp, third.timestamp, fourth.timestamp) == (NOW + 1, NOW + 2, NOW + 3)
    assert recorder.bodies[2]["text_mode"] == "styled"
    assert recorder.last.json == {"recipient": BOB, "timestamp": NOW}


def test_a_timestamp_may_be_edited_again_and_again(recorder: Recorder) -> None:
    client = recorder.client()
    sent = client.messages.send(BOB, "one")

    client.messages.send(BOB, "two", edit=sent.timestamp)
    client.messages.send(BOB, "three", edit=sent.timestamp)
    sent.edit("four")
    client.messages.delete(BOB, NOW + 2)

    assert [body.get("edit_timestamp") for body in recorder.bodies[1:4]] == [NOW, NOW + 1, NOW + 2]
    assert recorder.last.json["timestamp"] == NOW


def test_a_message_to_several_is_changed_for_each_by_its_own_timestamp(
    recorder: Recorder,
) -> None:
    sent = recorder.client().messages.send([BOB, ALICE, "alice.42", GROUP], "hi")
    recorder.requests.clear()

    sent.edit("ho")
    sent.react("👍")
    sent.unreact()
    sent.delete()

    edits, reactions = recorder.bodies[:3], recorder.bodies[3:7]
    assert [(body["recipients"], body["edit_timestamp"]) for body in edits] == [
        ([BOB, ALICE], NOW),
        (["alice.42"], NOW + 1),
        ([GROUP], NOW + 2),
    ]
    assert [(body["recipient"], body["timestamp"]) for body in reactions] == [
        (BOB, NOW),
        (ALICE, NOW),
        ("u:alice.42", NOW + 1),
        (GROUP, NOW + 2),
    ]
    assert {body["target_author"] for body in reactions} == {ACCOUNT}
    assert [request.method for request in recorder.requests[3:]] == ["POST"] * 4 + ["DELETE"] * 8


def test_those_who_were_not_reached_are_left_out(recorder: Recorder) -> None:
    recorder.answer(201, PARTIAL).answer(204)
    sent = recorder.client().messages.send(
        [User(number="+1234567", uuid=ALICE), BOB, "+999999"], "hi"
    )

    sent.react("👍")

    assert [body["recipient"] for body in recorder.bodies[1:]] == ["+999999"]


def test_a_split_message_cannot_be_edited_as_one(recorder: Recorder) -> None:
    sent = recorder.client().messages.send(BOB, "a\n\n" + "b" * 3000, split=True)

    with pytest.raises(ValueError, match="split"):
        sent.edit("c")


def test_a_message_cannot_be_edited_for_those_who_did_not_get_it(recorder: Recorder) -> None:
    client = recorder.client()
    sent = client.messages.send([BOB, GROUP], "hi")

    with pytest.raises(ValueError, match="did not get"):
        client.messages.send("alice.42", "ho", edit=sent)


def test_a_delete_of_an_edited_message_names_the_first_version(recorder: Recorder) -> None:
    client = recorder.client()
    edited = client.messages.send([BOB, GROUP], "hi").edit("ho")

    client.messages.delete(GROUP, edited)

    assert recorder.last.json == {"recipient": GROUP, "timestamp": NOW + 1}


@pytest.mark.parametrize("edit", [1769271479, 0, -1, True, "1769271479123", 1.5])
def test_only_milliseconds_name_a_message(edit: Any, recorder: Recorder) -> None:
    with pytest.raises((ValueError, TypeError)):
        recorder.client().messages.send(BOB, "hi", edit=edit)

    assert recorder.requests == []


# -- text ----------------------------------------------------------------------------------


def test_text_mode_is_always_said(recorder: Recorder) -> None:
    client = recorder.client()

    client.messages.send(BOB, "*a*")
    client.messages.send(BOB, "*a*", styled=True)

    assert [body["text_mode"] for body in recorder.bodies] == ["normal", "styled"]


@pytest.mark.parametrize("nothing", [None, ""])
def test_nothing_cannot_be_sent(nothing: str | None, recorder: Recorder) -> None:
    with pytest.raises(ValueError, match="nothing to send"):
        recorder.client().messages.send(BOB, nothing)


def test_text_must_be_text(recorder: Recorder) -> None:
    with pytest.raises(TypeError, match="int"):
        recorder.client().messages.send(BOB, 5)  # type: ignore[arg-type]  # what is tested


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("a\ud83d", "a\ufffd"),
        ("\ude00b", "\ufffdb"),
        ("\ud83d\ude00", "\U0001f600"),
        ('line\nbreak\t\x00\u2028"\\', 'line\nbreak\t\x00\u2028"\\'),
    ],
)
def test_any_text_can_be_sent(text: str, sent: str, recorder: Recorder) -> None:
    recorder.client().messages.send(BOB, text)

    assert recorder.last.json["message"] == sent
    assert b"\\ud8" not in recorder.last.body


def test_mentions_in_the_text_get_their_offsets(recorder: Recorder) -> None:
    alice, bob = User(uuid=ALICE), User(username="bob.7")

    recorder.client().messages.send(GROUP, f"👋🏽 é {Mention(alice)}, {Mention(bob)}!")

    body = recorder.last.json
    assert body["message"] == "👋🏽 é \ufffc, \ufffc!"
    assert body["mentions"] == [
        {"start": 7, "length": 1, "author": ALICE},
        {"start": 10, "length": 1, "author": "u:bob.7"},
    ]


def test_mentions_in_styled_text_refer_to_what_is_left_of_it(recorder: Recorder) -> None:
    alice = User(uuid=ALICE)

    sent = recorder.client().messages.send(
        GROUP, f"**bold** {escape('2*3')} ||{Mention(alice)}|| 😀 {Mention(alice)}", styled=True
    )

    body = recorder.last.json
    assert body["message"] == "**bold** 2\\*3 ||\ufffc|| 😀 \ufffc"
    assert [mention["start"] for mention in body["mentions"]] == [9, 14]
    assert sent.text == "bold 2*3 \ufffc 😀 \ufffc"
    assert [mention.start for mention in sent.mentions] == [9, 14]


def test_a_mention_alone_is_a_message(recorder: Recorder) -> None:
    recorder.client().messages.send(GROUP, mentions=[Mention(User(uuid=ALICE))])

    assert recorder.last.json["message"] == "\ufffc"


def test_a_long_text_is_left_to_signal_unless_it_is_to_be_split(recorder: Recorder) -> None:
    text = "\n\n".join(f"{number} " + "ü" * 700 for number in range(4))

    recorder.client().messages.send(BOB, text)

    assert [body["message"] for body in recorder.bodies] == [text]


def test_a_split_text_keeps_quote_mentions_and_files_in_place(recorder: Recorder) -> None:
    paragraphs = [f"{number} {Mention(User(uuid=ALICE))} " + "ü" * 700 for number in range(3)]

    sent = recorder.client().messages.send(
        [BOB, GROUP],
        "\n\n".join(paragraphs),
        split=True,
        quote=Received(sender=User(number=BOB), timestamp=NOW),
        attachments=b"x",
    )

    bodies = recorder.bodies
    assert len(bodies) == 6
    assert [body["message"][:3] for body in bodies[:3]] == ["0 \ufffc", "1 \ufffc", "2 \ufffc"]
    assert all(body["mentions"][0]["start"] == 2 for body in bodies)
    assert [("quote_author" in body, "base64_attachments" in body) for body in bodies[:3]] == [
        (True, False),
        (False, False),
        (False, True),
    ]
    assert [body["recipients"] for body in bodies] == [[BOB]] * 3 + [[GROUP]] * 3
    assert len(sent.parts) == 6
    assert sent.recipients == (User(number=BOB), Group(INTERNAL_ID))


def test_when_a_later_part_fails_the_rest_is_not_sent(recorder: Recorder) -> None:
    recorder.answer(201, SENT).answer(400, {"error": "Failed to send message"})

    sent = recorder.client().messages.send(BOB, "\n\n".join(["x" * 1500] * 3), split=True)

    assert len(recorder.requests) == 2
    assert not sent.ok


# -- quotes, previews, stickers, timers ----------------------------------------------------


def test_a_sent_message_can_be_quoted(recorder: Recorder) -> None:
    client = recorder.client()
    sent = client.messages.send(GROUP, f"*hi* {Mention(User(uuid=ALICE))}", styled=True)

    client.messages.send(GROUP, "right", quote=sent)

    body = recorder.last.json
    assert (body["quote_timestamp"], body["quote_author"]) == (NOW, ACCOUNT)
    assert body["quote_message"] == "hi \ufffc"
    assert body["quote_mentions"] == [{"start": 3, "length": 1, "author": ALICE}]


def test_a_message_without_text_can_be_quoted(recorder: Recorder) -> None:
    message = Received(sender=User(number=BOB), timestamp=NOW, text=None)

    recorder.client().messages.send(BOB, "nice", quote=message)

    assert recorder.last.json["quote_message"] == ""


def test_a_received_quote_can_be_quoted_again(recorder: Recorder) -> None:
    recorder.client().messages.send(
        BOB, "again", quote=Quote(NOW, author=User(username="alice.42"), text="what")
    )

    assert recorder.last.json["quote_author"] == "u:alice.42"
    assert recorder.last.json["quote_timestamp"] == NOW


def test_a_quote_needs_an_author(recorder: Recorder) -> None:
    with pytest.raises(ValueError, match="who wrote it"):
        recorder.client().messages.send(BOB, "hi", quote=Received(timestamp=NOW))


@pytest.mark.parametrize(
    ("preview", "text"),
    [
        (LinkPreview("http://example.com", "x"), "http://example.com"),
        (LinkPreview("https://example.com", ""), "https://example.com"),
        (LinkPreview("https://example.com", "x"), "https://example.org"),
    ],
)
def test_a_link_preview_that_the_server_would_refuse_is_refused(
    preview: LinkPreview, text: str, recorder: Recorder
) -> None:
    with pytest.raises(ValueError, match="link preview"):
        recorder.client().messages.send(BOB, text, link_preview=preview)

    assert recorder.requests == []


def test_a_link_preview_leaves_out_what_it_has_not(recorder: Recorder) -> None:
    recorder.client().messages.send(
        BOB, "see https://example.com", link_preview=LinkPreview("https://example.com", "x")
    )

    assert recorder.last.json["link_preview"] == {"url": "https://example.com", "title": "x"}


@pytest.mark.parametrize("sticker", [Sticker("ABC", 3), "ABC:3", ("abc", 3)])
def test_a_sticker_in_any_form(sticker: Any, recorder: Recorder) -> None:
    recorder.client().messages.send(BOB, sticker=sticker)

    assert recorder.last.json["sticker"] == "abc:3"
    assert recorder.last.json["message"] == ""


@pytest.mark.parametrize("sticker", ["abc", ":3", "abc:", "abc:x", ("abc", "x"), "x:1", 5])
def test_what_is_no_sticker_is_refused(sticker: Any, recorder: Recorder) -> None:
    with pytest.raises(ValueError, match="sticker"):
        recorder.client().messages.send(BOB, sticker=sticker)


def test_view_once_needs_an_attachment(recorder: Recorder) -> None:
    with pytest.raises(ValueError, match="view_once"):
        recorder.client().messages.send(BOB, "hi", view_once=True)


def test_an_edit_cannot_be_split(recorder: Recorder) -> None:
    with pytest.raises(ValueError, match="split"):
        recorder.client().messages.send(BOB, "hi", edit=NOW, split=True)


def test_a_timer_is_set_once_for_each_chat_before_the_message(recorder: Recorder) -> None:
    client = recorder.client()
    recorder.answer(204).answer(204)

    client.messages.send([GROUP, "alice.42"], "hi", expires_in=timedelta(minutes=1))
    client.messages.send("alice.42", "ho", expires_in=60)

    assert [(request.method, request.path.split("/")[2]) for request in recorder.requests] == [
        ("PUT", "contacts"),
        ("PUT", "groups"),
        ("POST", "send"),
        ("POST", "send"),
        ("POST", "send"),
    ]
    assert recorder.bodies[0] == {"recipient": "u:alice.42", "expiration_in_seconds": 60}
    assert recorder.bodies[1] == {"expiration_time": 60}


def test_a_timer_of_zero_is_refused_where_the_server_drops_it(recorder: Recorder) -> None:
    recorder.answer(200, JSON_RPC)

    with pytest.raises(ValueError, match="expires_in=0"):
        recorder.client().messages.send(BOB, "hi", expires_in=0)

    assert len(recorder.requests) == 1


def test_a_timer_of_zero_works_on_classic_servers(recorder: Recorder) -> None:
    recorder.answer(200, CLASSIC).answer(204)

    recorder.client().messages.send(BOB, "hi", expires_in=0)

    assert recorder.bodies[1] == {"recipient": BOB, "expiration_in_seconds": 0}


def test_progress_is_reported_up_to_the_whole_body(recorder: Recorder) -> None:
    seen: list[tuple[int, int]] = []

    recorder.client().messages.send(
        BOB, "hi", attachments=b"x" * 1_000_000, on_progress=lambda *now: seen.append(now)
    )

    total = len(recorder.last.body)
    assert seen[-1] == (total, total)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert len(seen) > 2


def test_files_are_part_of_valid_json(recorder: Recorder) -> None:
    recorder.client().messages.send(
        BOB, attachments=[('ü"\\;\n../x.txt', b"a"), ("b.png", b"b"), b"c"]
    )

    assert json.loads(recorder.last.body)["base64_attachments"] == [
        "data:text/plain;filename=x.txt;base64,YQ==",
        "data:image/png;filename=b.png;base64,Yg==",
        "Yw==",
    ]


@pytest.mark.parametrize(
    "send",
    [
        lambda client, text: client.polls.create(BOB, text, ["a", "b"]),
        lambda client, text: client.messages.send_v1(BOB, text),
        lambda client, text: client.groups.create(text),
        lambda client, text: client.profiles.update(text, remove_avatar=True),
        lambda client, text: client.messages.send(
            BOB, "https://x.org", link_preview=LinkPreview("https://x.org", text)
        ),
    ],
)
def test_a_mention_where_nobody_can_be_named_gives_nobody_away(
    send: Callable[[Any, str], Any], recorder: Recorder
) -> None:
    with pytest.raises(ValueError, match="write the person's name"):
        send(recorder.client(), f"hi {Mention(User(number=BOB))}")

    assert recorder.requests == []


def test_a_callback_that_fails_does_not_make_a_sent_message_look_lost(recorder: Recorder) -> None:
    def fail(sent: int, total: int) -> None:
        raise RuntimeError("a bar that nobody drew")

    assert recorder.client().messages.send(BOB, "x", attachments=b"x", on_progress=fail).ok
    assert len(recorder.requests) == 1


@pytest.mark.parametrize(
    ("keyword", "value", "told"),
    [
        ("on_progress", "x", "on_progress= takes a function"),
        ("link_preview", "https://x.org", "link_preview= takes a LinkPreview"),
    ],
)
def test_a_keyword_of_the_wrong_kind_is_named(
    keyword: str, value: Any, told: str, recorder: Recorder
) -> None:
    with pytest.raises(TypeError, match=told):
        recorder.client().messages.send(BOB, "https://x.org", **{keyword: value})

    assert recorder.requests == []
