"""``POST /v2/send`` and ``/v1/send``."""

from __future__ import annotations

import base64
from typing import Any

import httpx
import pytest

from signalbot.testing import FakeSignal, Person

from .conftest import ALICE, client

PNG = b"\x89PNG\r\n\x1a\n...."


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def send(http: httpx.Client, fake: FakeSignal, *recipients: str, **body: Any) -> httpx.Response:
    whole = {"number": fake.number, "recipients": recipients or (ALICE,), "message": "hi", **body}
    return http.post("/v2/send", json={k: v for k, v in whole.items() if v is not None})


def error(answer: httpx.Response) -> str:
    assert answer.status_code == 400
    text: str = answer.json()["error"]
    return text


def test_the_answer_is_an_array_with_a_timestamp_as_text(fake: FakeSignal, http: httpx.Client):
    answer = send(http, fake)

    assert answer.status_code == 201
    assert answer.json() == [{"timestamp": str(fake.sent[0].timestamp)}]


def test_up_to_0_100_the_answer_is_an_object():
    with FakeSignal(send_answer="object") as fake, client(fake) as http:
        assert set(send(http, fake).json()) == {"timestamp"}


def test_what_was_sent_is_recorded(fake: FakeSignal, http: httpx.Client, alice: Person):
    send(http, fake, ALICE, "+4915188888888", notify_self=False)

    sent = fake.wait_for_sent()[0]
    assert (sent.account, sent.recipients) == (fake.number, (ALICE, "+4915188888888"))
    assert (sent.text, sent.group, sent.notify_self) == ("hi", None, False)
    assert fake.replies_to(alice) == fake.replies_to("Alice") == fake.replies_to(ALICE) == [sent]


def test_timestamps_never_repeat(fake: FakeSignal, http: httpx.Client):
    timestamps = [int(send(http, fake).json()[0]["timestamp"]) for _ in range(20)]

    assert len(set(timestamps)) == 20
    assert timestamps == sorted(timestamps)


def test_the_undocumented_single_recipient_works(fake: FakeSignal, http: httpx.Client):
    body = {"number": fake.number, "recipient": ALICE, "message": "x"}

    assert http.post("/v2/send", json=body).status_code == 201


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"number": ""}, "please provide a valid number"),
        ({"recipients": []}, "at least one recipient"),
        ({"message": None}, "No message"),
        ({"recipients": ["Pmpi+EfPWmsxiomLe9Nx2XF9HOE483p6iKiFj65iMwI="]}, "Username must contain"),
        ({"recipients": ["u:alice.42"]}, "u:alice.42"),
        ({"recipients": [ALICE, "alice.42"]}, "cannot be specified together"),
        ({"recipients": ["group." + "x" * 20]}, "Invalid identifier group.xxx"),
        (
            {"recipients": ["group." + b64(b64(b"0123456789abcdef").encode())]},
            "Invalid Signal group size (16",
        ),
        ({"quote_timestamp": 1769271479123}, "Quote author parameter is missing"),
        ({"view_once": True}, "'view_once' can only be set for image attachments!"),
        ({"sticker": "nocolon"}, "sticker"),
        ({"sticker": "9a32eda01a7a28574f2eb48668ae0dc4:1"}, "ticker"),
        ({"edit_timestamp": 1769271479}, "class java.lang.Integer cannot be cast"),
        (
            {"mentions": [{"start": -1, "length": 1, "author": ALICE}]},
            f"Invalid mention syntax (-1:1:{ALICE})",
        ),
        ({"base64_attachments": ["@@@@"]}, "illegal base64 data at input byte 0"),
        ({"base64_attachments": [""]}, "The base64 data does not exist."),
        ({"link_preview": {"title": "t"}}, "Please provide a valid Link Preview URL"),
        ({"link_preview": {"url": "http://x", "title": "t"}}, "must start with https.."),
        ({"link_preview": {"url": "https://x"}}, "Title"),
        (
            {"link_preview": {"url": "https://x", "title": "t"}},
            "Link Preview URL is missing in the message!",
        ),
        ({"number": "+1555"}, "Specified account does not exist"),
    ],
)
def test_what_the_server_refuses(
    fake: FakeSignal, http: httpx.Client, body: dict[str, Any], text: str
):
    recipients = body.pop("recipients", [ALICE])
    whole = {"number": fake.number, "recipients": recipients, "message": "hi", **body}

    assert text in error(http.post("/v2/send", json=whole))
    assert fake.sent == []


def test_two_groups_are_refused_one_is_fine(fake: FakeSignal, http: httpx.Client):
    group, other = fake.add_group("A"), fake.add_group("B")

    assert "more than one group" in error(send(http, fake, group.id, other.id))
    assert send(http, fake, group.id).status_code == 201
    assert fake.sent[0].group == group.internal_id
    assert fake.replies_to(group) == fake.replies_to("A") == fake.sent
    assert fake.replies_to("B") == []


def test_a_group_that_the_account_left_is_refused(fake: FakeSignal, http: httpx.Client):
    group = fake.add_group("A")
    http.post(f"/v1/groups/{fake.number}/{group.id}/quit")

    assert "not a member" in error(send(http, fake, group.id))
    assert "Group not found" in error(send(http, fake, "group." + b64(b64(bytes(32)).encode())))


def test_usernames_are_sent_to_bare(fake: FakeSignal, http: httpx.Client):
    alice = fake.add_person("Alice", username="alice.42")

    assert send(http, fake, "alice.42", "bob.11").status_code == 201
    assert len(fake.replies_to(alice)) == 1


@pytest.mark.parametrize("spelling", ["{%s}", "urn:uuid:%s"])
def test_an_account_id_must_be_canonical(fake: FakeSignal, http: httpx.Client, spelling: str):
    uuid = fake.add_person("Bob").uuid

    assert send(http, fake, str(uuid)).status_code == 201
    assert error(send(http, fake, spelling % uuid)) == "Failed to send message"


def test_attachments_are_decoded_and_typed_by_name_then_content(
    fake: FakeSignal, http: httpx.Client
):
    entries = [
        b64(PNG),
        f"data:image/x-wrong;base64,{b64(PNG)}",
        f"data:application/pdf;filename=Rechnung März.pdf;base64,{b64(b'text')}",
        f"data:;filename=a.bin;base64,{b64(b'a' * 60)[:40]}\r\n{b64(b'a' * 60)[40:]}",
    ]
    send(http, fake, base64_attachments=entries, message=None)

    raw, typed, named, lines = fake.sent[0].attachments
    assert (raw.data, raw.content_type) == (PNG, "image/png")
    assert raw.filename is not None
    assert raw.filename.endswith(".png")
    assert typed.content_type == "image/png"
    assert (named.filename, named.content_type) == ("Rechnung März.pdf", "application/pdf")
    assert lines.data == b"a" * 60


def test_quotes_mentions_edits_are_recorded(fake: FakeSignal, http: httpx.Client):
    mention = {"start": 0, "length": 1, "author": "u:bob.11"}
    send(
        http,
        fake,
        quote_timestamp=1769271479123,
        quote_author=ALICE,
        quote_message="before",
        quote_mentions=[mention],
        mentions=[mention],
        edit_timestamp=1769271479124,
    )

    sent = fake.sent[0]
    assert sent.quote == {
        "timestamp": 1769271479123,
        "author": ALICE,
        "text": "before",
        "mentions": (mention,),
    }
    assert (sent.mentions, sent.edit_of) == ((mention,), 1769271479124)


def test_a_quote_without_timestamp_is_ignored(fake: FakeSignal, http: httpx.Client):
    send(http, fake, quote_author=ALICE, quote_message="x")

    assert fake.sent[0].quote is None


@pytest.mark.parametrize(
    ("source", "text", "styles"),
    [
        ("*a* **b**", "a b", [("ITALIC", 0, 1), ("BOLD", 2, 1)]),
        (
            "👩 ~x~ ||y|| `z`",
            "👩 x y z",
            [("STRIKETHROUGH", 3, 1), ("SPOILER", 5, 1), ("MONOSPACE", 7, 1)],
        ),
        ("2 * 3 = 6", "2  3 = 6", []),
        ("2*3*4", "234", [("ITALIC", 1, 1)]),
        (r"\*a\* \**b\** \~ \|| \` \n", r"*a* **b** ~ || ` \n", []),
        ("a | b", "a | b", []),
        ("**a *b* c**", "a b c", [("ITALIC", 2, 1), ("BOLD", 0, 5)]),
        ("**a ~b** c~", "a b c", []),
        ("***x***", "x", [("BOLD", 0, 1), ("ITALIC", 0, 1)]),
    ],
)
def test_styled_text_is_stripped(
    fake: FakeSignal, http: httpx.Client, source: str, text: str, styles: list[tuple[str, int, int]]
):
    send(http, fake, message=source, text_mode="styled")

    sent = fake.sent[0]
    assert sent.text == text
    assert [(s["style"], s["start"], s["length"]) for s in sent.styles] == styles


def test_plain_text_stays_unless_the_operator_made_styled_the_default(
    fake: FakeSignal, http: httpx.Client
):
    send(http, fake, message="*a*")
    with (
        FakeSignal(default_text_mode="styled") as other,
        client(other) as plain,
    ):
        send(plain, other, message="*a*")
        send(plain, other, message="*a*", text_mode="normal")

        assert [s.text for s in [*fake.sent, *other.sent]] == ["*a*", "a", "*a*"]


def test_partial_failures_are_201_with_errors(fake: FakeSignal, http: httpx.Client):
    bob = fake.add_person("Bob", number="+4915177777777", username="bob.11")
    fake.untrusted(bob)
    fake.unregistered("+4915166666666")

    answer = send(http, fake, ALICE, "+4915177777777", "+4915166666666")

    assert answer.status_code == 201
    assert answer.json()[0]["errors"]["recipients"] == [
        {
            "uuid": bob.uuid,
            "number": "+4915177777777",
            "username": "bob.11",
            "reason": "IDENTITY_FAILURE",
        },
        {
            "uuid": fake.state.named("+4915166666666").uuid,
            "number": "+4915166666666",
            "reason": "UNREGISTERED_FAILURE",
        },
    ]
    assert [failure.reason for failure in fake.sent[0].failed] == [
        "IDENTITY_FAILURE",
        "UNREGISTERED_FAILURE",
    ]


def test_a_group_message_can_fail_for_some_members(fake: FakeSignal, http: httpx.Client):
    bob = fake.add_person("Bob")
    group = fake.add_group("Team", [bob, fake.add_person("Eve")])
    fake.fail_recipient(bob)

    errors = send(http, fake, group.id).json()[0]["errors"]["recipients"]

    assert errors == [{"uuid": bob.uuid, "reason": "NETWORK_FAILURE"}]


def test_0_100_keeps_silent_about_partial_failures():
    with FakeSignal(send_answer="object") as fake, client(fake) as http:
        fake.unregistered("+4915166666666")
        answer = send(http, fake, ALICE, "+4915166666666")

    assert answer.status_code == 201
    assert "errors" not in answer.json()


@pytest.mark.parametrize(
    ("reason", "shape", "text"),
    [
        ("UNREGISTERED_FAILURE", "array", "Failed to send message"),
        (
            "IDENTITY_FAILURE",
            "array",
            "Unable to complete request due to untrusted recipient keys",
        ),
        ("IDENTITY_FAILURE", "object", "Failed to send message due to untrusted identities"),
    ],
)
def test_only_failures_are_400(reason: str, shape: Any, text: str):
    with FakeSignal(send_answer=shape) as fake, client(fake) as http:
        fake.fail_recipient(ALICE, reason)

        assert error(send(http, fake)) == text
        assert fake.sent == []


def test_classic_modes_answer_with_signal_clis_output():
    with FakeSignal(mode="normal") as fake, client(fake) as http:
        fake.untrusted(ALICE)
        newer = error(send(http, fake))
    old = FakeSignal(mode="normal", send_answer="object")
    with old as fake, client(old) as http:
        fake.untrusted(ALICE)
        older = error(send(http, fake))
        partial = error(send(http, fake, ALICE, "+4915188888888"))
        assert len(fake.sent) == 1

    assert newer.startswith('{"timestamp":')
    assert newer.endswith("\nFailed to send message due to untrusted identities\n")
    assert older.startswith("Failed to send (some) messages:\n")
    assert f'Untrusted Identity for "{ALICE}"' in older
    assert older.endswith("Failed to send message due to untrusted identities\n")
    assert partial.startswith("Failed to send (some) messages:\n")


@pytest.mark.parametrize("tokens", [("tok-1",), ("",), ("tok-1", ""), ()])
def test_a_rate_limit_is_429_with_the_tokens_there_are(
    fake: FakeSignal, http: httpx.Client, tokens: tuple[str, ...]
):
    fake.rate_limit(tokens=tokens)

    answer = send(http, fake)
    body = answer.json()

    assert answer.status_code == 429
    assert body["account"] == fake.number
    assert body["error"].startswith("Failed to send message due to rate limiting.")
    assert body.get("challenge_tokens", []) == list(tokens)
    assert ("challenge_tokens" in body) == bool(tokens)
    assert send(http, fake).status_code == 201


def test_a_rate_limit_ends_when_its_challenge_is_solved(fake: FakeSignal, http: httpx.Client):
    fake.rate_limit(n=None, tokens=("tok-1",))
    path = f"/v1/accounts/{fake.number}/rate-limit-challenge"
    assert send(http, fake).status_code == 429

    wrong = http.post(path, json={"challenge_token": "tok-1", "captcha": "nonsense"})
    right = http.post(
        path, json={"challenge_token": "tok-1", "captcha": "signalcaptcha://signal-hcaptcha.x"}
    )

    assert "Captcha rejected, it may be outdated, " in error(wrong)
    assert right.status_code == 204
    assert send(http, fake).status_code == 201


def test_a_limited_message_may_have_been_delivered(fake: FakeSignal, http: httpx.Client):
    fake.rate_limit(tokens=("",), handled=True)

    assert send(http, fake).status_code == 429
    assert len(fake.sent) == 1


def test_elsewhere_and_in_classic_modes_a_rate_limit_is_400(fake: FakeSignal, http: httpx.Client):
    fake.rate_limit(path="/v1/reactions")
    elsewhere = http.post(f"/v1/reactions/{fake.number}", json={})
    with FakeSignal(mode="normal") as other, client(other) as plain:
        other.rate_limit()
        classic = error(send(plain, other))

    assert error(elsewhere) == "Failed to send message due to rate limiting"
    assert 'challenge token "tok-1"' in classic
    assert classic.endswith("Failed to send message due to rate limiting\n")


def test_v1_takes_the_group_id_without_its_prefix(fake: FakeSignal, http: httpx.Client):
    group = fake.add_group("Team")
    body = {
        "number": fake.number,
        "recipients": [group.id.removeprefix("group.")],
        "message": "old",
        "is_group": True,
        "base64_attachment": b64(PNG),
    }

    answer = http.post("/v1/send", json=body)

    assert answer.status_code == 201
    assert set(answer.json()) == {"timestamp"}
    assert fake.sent[0].group == group.internal_id
    assert fake.sent[0].attachments[0].data == PNG


def test_a_sticker_needs_its_pack(fake: FakeSignal, http: httpx.Client):
    pack = {"pack_id": "9a32eda01a7a28574f2eb48668ae0dc4", "pack_key": "19546e18"}
    assert http.post(f"/v1/sticker-packs/{fake.number}", json=pack).status_code == 201

    answer = send(http, fake, message=None, sticker=f"{pack['pack_id']}:18")

    assert answer.status_code == 201
    assert fake.sent[0].sticker == f"{pack['pack_id']}:18"
    listed = http.get(f"/v1/sticker-packs/{fake.number}").json()
    assert listed[0]["pack_id"] == pack["pack_id"]
    assert set(listed[0]) == {"pack_id", "url", "installed", "title", "author"}
