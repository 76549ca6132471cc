"""The frames of the helpers, against frames as signal-cli writes them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from signalbot.testing import FakeSignal

from .conftest import open_socket

BOT = "+12025550100"
BOT_UUID = "a0a0a0a0-1111-4222-8333-444455556666"
ALICE_UUID = "11111111-aaaa-4bbb-8ccc-111111111111"
BOB_UUID = "22222222-bbbb-4ccc-8ddd-222222222222"
GROUP = "9tpL4CdBQir+9ulGsr26IzGtPtjR4RSzfy+iBmOCljc="
NOW = 1769271479.123

ALICE = (
    '"source":"+12025550143","sourceNumber":"+12025550143",'
    f'"sourceUuid":"{ALICE_UUID}","sourceName":"Alice Adler","sourceDevice":1'
)
BOB = (
    f'"source":"{BOB_UUID}","sourceNumber":null,"sourceUuid":"{BOB_UUID}",'
    '"sourceName":"Bob 🦊","sourceDevice":1'
)
OURS = (
    f'"source":"{BOT}","sourceNumber":"{BOT}","sourceUuid":"{BOT_UUID}",'
    '"sourceName":"Support Bot","sourceDevice":1'
)
EMPTY = '"expiresInSeconds":0,"isExpirationUpdate":false,"viewOnce":false'
INFO = f'"groupInfo":{{"groupId":"{GROUP}","groupName":"Team","revision":1,"type":"DELIVER"}}'
BOT_TARGET = f'"targetAuthor":"{BOT}","targetAuthorNumber":"{BOT}","targetAuthorUuid":"{BOT_UUID}"'
BOT_AUTHOR = f'"author":"{BOT}","authorNumber":"{BOT}","authorUuid":"{BOT_UUID}"'
T = 1769271480000

Call = Callable[[FakeSignal], Any]


def data(rest: str, message: str = "null") -> str:
    return f'"dataMessage":{{"timestamp":{T},"message":{message},{EMPTY}{rest}}}'


NOWHERE = '"destination":null,"destinationNumber":null,"destinationUuid":null'
RECEIPT = f'"when":{T},"isDelivery":false,"isRead":true,"isViewed":false,"timestamps":[1,2]'


def destination(number: str, uuid: str) -> str:
    return f'"destination":"{number}","destinationNumber":"{number}","destinationUuid":"{uuid}"'


def sync_sent(to: str, text: str, rest: str = "") -> str:
    message = f'{to},"timestamp":{T},"message":"{text}",{EMPTY}{rest}'
    return f'"syncMessage":{{"sentMessage":{{{message}}}}}'


CASES: list[tuple[str, Call, str]] = [
    (ALICE, lambda f: f.say("Alice Adler", "hello"), data("", '"hello"')),
    (BOB, lambda f: f.say("Bob 🦊", "hi", "Team"), data("," + INFO, '"hi"')),
    (
        BOB,
        lambda f: f.react("Bob 🦊", "👍", 5, "Team"),
        data(
            f',"reaction":{{"emoji":"👍",{BOT_TARGET},"targetSentTimestamp":5,"isRemove":false}},{INFO}'
        ),
    ),
    (ALICE, lambda f: f.delete(ALICE_UUID, 5), data(',"remoteDelete":{"timestamp":5}')),
    (
        ALICE,
        lambda f: f.edit("+12025550143", 5, "new"),
        f'"editMessage":{{"targetSentTimestamp":5,{data("", chr(34) + "new" + chr(34))}}}',
    ),
    (
        ALICE,
        lambda f: f.typing("Alice Adler", "Team"),
        f'"typingMessage":{{"action":"STARTED","timestamp":{T},"groupId":"{GROUP}"}}',
    ),
    (
        ALICE,
        lambda f: f.receipt("Alice Adler", [1, 2]),
        f'"receiptMessage":{{{RECEIPT}}}',
    ),
    (
        ALICE,
        lambda f: f.poll("Alice Adler", "Where?", ["a", "b"]),
        data(',"pollCreate":{"question":"Where?","allowMultiple":true,"options":["a","b"]}'),
    ),
    (
        ALICE,
        lambda f: f.vote("Alice Adler", 5, [0]),
        data(
            f',"pollVote":{{{BOT_AUTHOR},"targetSentTimestamp":5,"optionIndexes":[0],"voteCount":1}}'
        ),
    ),
    (
        ALICE,
        lambda f: f.close_poll("Alice Adler", 5),
        data(',"pollTerminate":{"targetSentTimestamp":5}'),
    ),
    (
        ALICE,
        lambda f: f.say("Alice Adler", "x", quote=(f.number, 5, "before")),
        data(f',"quote":{{"id":5,{BOT_AUTHOR},"text":"before","attachments":[]}}', '"x"'),
    ),
    (
        ALICE,
        lambda f: f.say("Alice Adler", "x", mentions=[("Bob 🦊", 0, 1)]),
        data(
            f',"mentions":[{{"name":"{BOB_UUID}","number":null,"uuid":"{BOB_UUID}",'
            '"start":0,"length":1}]',
            '"x"',
        ),
    ),
    (
        ALICE,
        lambda f: f.update_group("Alice Adler", "Team", name="New"),
        data("," + INFO.replace("Team", "New").replace(":1,", ":2,").replace("DELIVER", "UPDATE")),
    ),
    (
        OURS,
        lambda f: f.sync_sent("x", "Alice Adler"),
        sync_sent(destination("+12025550143", ALICE_UUID), "x"),
    ),
    (
        OURS,
        lambda f: f.sync_sent("x", group="Team"),
        sync_sent(NOWHERE, "x", "," + INFO),
    ),
    (
        OURS,
        lambda f: f.sync_sent("note to self"),
        sync_sent(destination(BOT, BOT_UUID), "note to self"),
    ),
    (
        ALICE,
        lambda f: f.pin("Alice Adler", 5),
        data(f',"pinMessage":{{{BOT_TARGET},"targetSentTimestamp":5,"pinDurationSeconds":-1}}'),
    ),
    (
        ALICE,
        lambda f: f.unpin("Alice Adler", 5, "Team"),
        data(f',{INFO},"unpinMessage":{{{BOT_TARGET},"targetSentTimestamp":5}}'),
    ),
    (
        ALICE,
        lambda f: f.emit("Alice Adler", callMessage={"busyMessage": {"id": 42}}),
        '"callMessage":{"busyMessage":{"id":42}}',
    ),
    (
        OURS,
        lambda f: f.sync(type="CONTACTS_SYNC"),
        '"syncMessage":{"type":"CONTACTS_SYNC"}',
    ),
]


@pytest.mark.parametrize(("source", "call", "payload"), CASES)
def test_keys_order_and_nulls_are_those_of_signal_cli(source: str, call: Call, payload: str):
    with _scene() as fake, open_socket(fake) as ws:
        fake.wait_for_socket()
        fake.state.now = lambda: T / 1000
        timestamp = call(fake)

        assert timestamp == T
        assert ws.recv(5) == (
            f'{{"envelope":{{{source},"timestamp":{T},"serverReceivedTimestamp":{T + 153},'
            f'"serverDeliveredTimestamp":{T + 154},{payload}}},"account":"{BOT}"}}'
        )


def test_an_exception_frame_has_no_payload():
    with _scene() as fake, open_socket(fake) as ws:
        fake.wait_for_socket()
        fake.fail_to_decrypt("Alice Adler", "UntrustedIdentityException")
        fake.fail_to_decrypt(None)

        known, unknown = json.loads(ws.recv(5)), json.loads(ws.recv(5))

    assert list(known) == ["exception", "envelope", "account"]
    assert known["exception"]["type"] == "UntrustedIdentityException"
    assert "dataMessage" not in known["envelope"]
    assert unknown["envelope"]["source"] is None
    assert unknown["envelope"]["sourceDevice"] is None


def test_an_attachment_record_has_all_eight_keys(fake: FakeSignal):
    record = fake.frame("+4915199999999", None, attachments=[fake.upload(("a.pdf", b"%PDF-1"))])

    (attachment,) = record["envelope"]["dataMessage"]["attachments"]
    assert list(attachment) == [
        "contentType",
        "filename",
        "id",
        "size",
        "width",
        "height",
        "caption",
        "uploadTimestamp",
    ]
    assert (attachment["contentType"], attachment["size"]) == ("application/pdf", 6)


def test_ids_are_the_same_in_every_run():
    first, second = FakeSignal(), FakeSignal()

    for make in (
        lambda f: f.uuid,
        lambda f: f.add_person("Alice").uuid,
        lambda f: f.add_group("Team").id,
    ):
        assert make(first) == make(second)


def test_somebody_may_be_known_by_the_number_only(fake: FakeSignal):
    fake.add_person("Dagmar", number="+491713920012", uuid="")

    envelope = fake.frame("Dagmar", "x")["envelope"]

    assert (envelope["source"], envelope["sourceUuid"]) == ("+491713920012", None)


def test_a_lone_surrogate_is_sent_escaped(fake: FakeSignal):
    with open_socket(fake) as ws:
        fake.wait_for_socket()
        fake.say("+4915199999999", "a\ud83d")

        assert '"message":"a\\ud83d"' in ws.recv(5)


def _scene() -> FakeSignal:
    fake = FakeSignal(number=BOT, now=lambda: NOW)
    fake.state.remove_account(BOT)
    fake.add_account(BOT, "Support Bot", uuid=BOT_UUID)
    fake.add_person("Alice Adler", number="+12025550143", uuid=ALICE_UUID)
    fake.add_person("Bob 🦊", uuid=BOB_UUID)
    fake.add_group("Team", internal_id=GROUP)
    return fake
