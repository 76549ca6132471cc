"""Every operation of the server: what goes over the wire, compared byte by byte."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from signalbot.infrastructure.api_clients.operation import Operation, Param
from signalbot.infrastructure.api_models import GroupPermissions
from signalbot.infrastructure.api_models.enums import (
    GroupLink,
    GroupPermission,
    LogLevel,
    ReceiptType,
    TrustMode,
)
from signalbot.infrastructure.api_service import SignalClient, operations
from signalbot.model.content import LinkPreview
from signalbot.model.event import Event
from signalbot.model.mentions import Mention
from signalbot.model.people import User
from tests.infrastructure.api_recorder import (
    ACCOUNT,
    ALICE,
    BOB,
    GROUP,
    GROUP_PATH,
    INTERNAL_ID,
    NOW,
    SENT,
    Recorder,
)

N = "%2B4915112345678"
G = f"/v1/groups/{N}/{GROUP_PATH}"
JSON_RPC = {"versions": ["v1", "v2"], "build": 2, "mode": "json-rpc", "version": "0.100"}
CLASSIC = JSON_RPC | {"mode": "normal"}
NO_AVATAR = {"error": "No avatar found."}


@dataclass(frozen=True)
class Quoted(Event):
    """A received message, as far as quoting looks at it."""

    text: str = "Ümlaut \ufffc"
    mentions: tuple[Mention, ...] = ()


QUOTED = Quoted(
    sender=User(username="alice.42"),
    timestamp=NOW - 5,
    mentions=(Mention(User(uuid=ALICE), 7, 1),),
)


@dataclass(frozen=True)
class Case:
    """One call: the requests it makes, the last of which is compared."""

    name: str
    call: Callable[[SignalClient], Any]
    method: str
    path: str
    body: bytes = b""
    query: str = ""
    answers: tuple[tuple[int, Any], ...] = ((204, None),)


def case(
    name: str,
    call: Callable[[SignalClient], Any],
    line: str,
    body: str = "",
    *answers: tuple[int, Any],
) -> Any:
    method, _, target = line.partition(" ")
    path, _, query = target.partition("?")
    return pytest.param(
        Case(name, call, method, path, body.encode(), query, answers or ((204, None),)), id=name
    )


CASES = [
    # -- general ---------------------------------------------------------------------------
    case("about", lambda c: c.general.about(), "GET /v1/about", "", (200, JSON_RPC)),
    case("health", lambda c: c.general.health(), "GET /v1/health"),
    case(
        "specification",
        lambda c: c.general.specification(),
        "GET /swagger/doc.json",
        "",
        (200, {"swagger": "2.0"}),
    ),
    # -- accounts --------------------------------------------------------------------------
    case("accounts", lambda c: c.accounts.list(), "GET /v1/accounts", "", (200, [ACCOUNT])),
    case(
        "account settings",
        lambda c: c.accounts.update_settings(discoverable_by_number=False, share_number=True),
        f"PUT /v1/accounts/{N}/settings",
        '{"discoverable_by_number":false,"share_number":true}',
        (201, None),
    ),
    case(
        "account settings, one",
        lambda c: c.accounts.update_settings(share_number=False),
        f"PUT /v1/accounts/{N}/settings",
        '{"share_number":false}',
        (201, None),
    ),
    case(
        "username",
        lambda c: c.accounts.set_username("pizza"),
        f"POST /v1/accounts/{N}/username",
        '{"username":"pizza"}',
        (201, {"username": "pizza.123", "username_link": "https://signal.me/#eu/x"}),
    ),
    case(
        "no username",
        lambda c: c.accounts.remove_username(),
        f"DELETE /v1/accounts/{N}/username",
    ),
    case(
        "pin",
        lambda c: c.accounts.set_pin("1234"),
        f"POST /v1/accounts/{N}/pin",
        '{"pin":"1234"}',
        (201, None),
    ),
    case("no pin", lambda c: c.accounts.remove_pin(), f"DELETE /v1/accounts/{N}/pin"),
    case(
        "challenge",
        lambda c: c.accounts.solve_challenge("tok-1", "signalcaptcha://x"),
        f"POST /v1/accounts/{N}/rate-limit-challenge",
        '{"challenge_token":"tok-1","captcha":"signalcaptcha://x"}',
    ),
    # -- registration ----------------------------------------------------------------------
    case(
        "register",
        lambda c: c.registration.register(captcha="signalcaptcha://x", use_voice=True),
        f"POST /v1/register/{N}",
        '{"use_voice":true,"captcha":"signalcaptcha://x"}',
        (201, None),
    ),
    case(
        "register, plain",
        lambda c: c.registration.register(),
        f"POST /v1/register/{N}",
        "",
        (201, None),
    ),
    case(
        "verify",
        lambda c: c.registration.verify("123-456", pin="9"),
        f"POST /v1/register/{N}/verify/123-456",
        '{"pin":"9"}',
        (201, None),
    ),
    case(
        "verify, plain",
        lambda c: c.registration.verify(" 123456 "),
        f"POST /v1/register/{N}/verify/123456",
        "",
        (201, None),
    ),
    case(
        "unregister",
        lambda c: c.registration.unregister(delete_local_data=True),
        f"POST /v1/unregister/{N}",
        '{"delete_account":false,"delete_local_data":true}',
    ),
    # -- devices ---------------------------------------------------------------------------
    case("devices", lambda c: c.devices.list(), f"GET /v1/devices/{N}", "", (200, [{"id": 1}])),
    case(
        "link another",
        lambda c: c.devices.add("sgnl://linkdevice?x=1"),
        f"POST /v1/devices/{N}",
        '{"uri":"sgnl://linkdevice?x=1"}',
    ),
    case("unlink", lambda c: c.devices.remove(2), f"DELETE /v1/devices/{N}/2"),
    case(
        "local data",
        lambda c: c.devices.delete_local_data(ignore_registered=True),
        f"DELETE /v1/devices/{N}/local-data",
        '{"ignore_registered":true}',
    ),
    case(
        "local data, plain",
        lambda c: c.devices.delete_local_data(),
        f"DELETE /v1/devices/{N}/local-data",
    ),
    case(
        "qr code",
        lambda c: c.devices.link_qr_code("my bot+", qr_code_version=12),
        "GET /v1/qrcodelink?device_name=my%20bot%2B&qrcode_version=12",
        "",
        (200, b"\x89PNG"),
    ),
    case(
        "link uri",
        lambda c: c.devices.link_uri("my bot"),
        "GET /v1/qrcodelink/raw?device_name=my%20bot",
        "",
        (200, {"device_link_uri": "sgnl://linkdevice?uuid=x"}),
    ),
    # -- configuration ---------------------------------------------------------------------
    case(
        "log level",
        lambda c: c.configuration.log_level(),
        "GET /v1/configuration",
        "",
        (200, {"logging": {"Level": "info"}}),
    ),
    case(
        "set log level",
        lambda c: c.configuration.set_log_level(LogLevel.WARN),
        "POST /v1/configuration",
        '{"logging":{"Level":"warn"}}',
    ),
    case(
        "trust mode",
        lambda c: c.configuration.trust_mode(),
        f"GET /v1/configuration/{N}/settings",
        "",
        (200, {"trust_mode": "on-first-use"}),
    ),
    case(
        "set trust mode",
        lambda c: c.configuration.set_trust_mode(TrustMode.ALWAYS),
        f"POST /v1/configuration/{N}/settings",
        '{"trust_mode":"always"}',
    ),
    # -- sending ---------------------------------------------------------------------------
    case(
        "send",
        lambda c: c.messages.send(BOB, "hi ☕"),
        "POST /v2/send",
        f'{{"number":"{ACCOUNT}","recipients":["{BOB}"],"message":"hi ☕","text_mode":"normal"}}',
        (201, SENT),
    ),
    case(
        "send, everything",
        lambda c: c.messages.send(
            "alice.42",
            "see https://example.com",
            attachments=[("a.txt", b"hello")],
            quote=QUOTED,
            mentions=[Mention(User(uuid=ALICE), 0, 3)],
            view_once=True,
            link_preview=LinkPreview("https://example.com", "Example", "An example", b"\xff\xd8"),
            sticker="ABCD:3",
            edit=NOW - 1,
            notify_self=False,
        ),
        "POST /v2/send",
        f'{{"number":"{ACCOUNT}","recipients":["alice.42"],"message":"see https://example.com",'
        '"text_mode":"normal",'
        f'"mentions":[{{"start":0,"length":3,"author":"{ALICE}"}}],'
        f'"quote_timestamp":{NOW - 5},"quote_author":"u:alice.42",'
        '"quote_message":"Ümlaut \ufffc",'
        f'"quote_mentions":[{{"start":7,"length":1,"author":"{ALICE}"}}],'
        '"link_preview":{"url":"https://example.com","title":"Example",'
        '"description":"An example","base64_thumbnail":"/9g="},'
        f'"sticker":"abcd:3","notify_self":false,"view_once":true,"edit_timestamp":{NOW - 1},'
        '"base64_attachments":["data:text/plain;filename=a.txt;base64,aGVsbG8="]}',
        (201, SENT),
    ),
    case(
        "send v1",
        lambda c: c.messages.send_v1([BOB, ALICE], "hi", attachment=b"x"),
        "POST /v1/send",
        f'{{"number":"{ACCOUNT}","recipients":["{BOB}","{ALICE}"],"message":"hi",'
        '"base64_attachment":"eA=="}',
        (201, {"timestamp": str(NOW)}),
    ),
    case(
        "send v1, group",
        lambda c: c.messages.send_v1(INTERNAL_ID, "hi"),
        "POST /v1/send",
        f'{{"number":"{ACCOUNT}","recipients":["{GROUP[6:]}"],"message":"hi","is_group":true}}',
        (201, {"timestamp": str(NOW)}),
    ),
    case(
        "remote delete",
        lambda c: c.messages.delete("alice.42", NOW),
        f"DELETE /v1/remote-delete/{N}",
        f'{{"recipient":"u:alice.42","timestamp":{NOW}}}',
        (201, {"timestamp": str(NOW + 1)}),
    ),
    case(
        "receive",
        lambda c: c.messages.receive(),
        f"GET /v1/receive/{N}?timeout=1&max_messages=100",
        "",
        (200, []),
    ),
    case(
        "receive, everything",
        lambda c: c.messages.receive(
            timeout=10,
            max_messages=5,
            ignore_attachments=True,
            ignore_stories=True,
            ignore_avatars=True,
            ignore_stickers=True,
            send_read_receipts=True,
        ),
        f"GET /v1/receive/{N}?timeout=10&max_messages=5&ignore_attachments=true"
        "&ignore_stories=true&ignore_avatars=true&ignore_stickers=true&send_read_receipts=true",
        "",
        (200, []),
    ),
    # -- typing, reactions, receipts -------------------------------------------------------
    case(
        "typing",
        lambda c: c.typing.start("alice.42"),
        f"PUT /v1/typing-indicator/{N}",
        '{"recipient":"u:alice.42"}',
    ),
    case(
        "typing stops",
        lambda c: c.typing.stop(INTERNAL_ID),
        f"DELETE /v1/typing-indicator/{N}",
        f'{{"recipient":"{GROUP}"}}',
    ),
    case(
        "react",
        lambda c: c.reactions.add(GROUP, "👍", NOW, author="alice.42"),
        f"POST /v1/reactions/{N}",
        f'{{"recipient":"{GROUP}","reaction":"👍","target_author":"u:alice.42","timestamp":{NOW}}}',
    ),
    case(
        "unreact",
        lambda c: c.reactions.remove(BOB, NOW, author=BOB),
        f"DELETE /v1/reactions/{N}",
        f'{{"recipient":"{BOB}","target_author":"{BOB}","timestamp":{NOW}}}',
    ),
    case(
        "unreact, named",
        lambda c: c.reactions.remove("u:alice.42", QUOTED, emoji="👍"),
        f"DELETE /v1/reactions/{N}",
        '{"recipient":"u:alice.42","reaction":"👍","target_author":"u:alice.42",'
        f'"timestamp":{NOW - 5}}}',
    ),
    case(
        "read receipt",
        lambda c: c.receipts.send("alice.42", NOW, ReceiptType.READ),
        f"POST /v1/receipts/{N}",
        f'{{"receipt_type":"read","recipient":"u:alice.42","timestamp":{NOW}}}',
    ),
    # -- polls -----------------------------------------------------------------------------
    case(
        "poll",
        lambda c: c.polls.create("alice.42", "Pizza?", ["Yes", "No"], allow_multiple=False),
        f"POST /v1/polls/{N}",
        '{"recipient":"alice.42","question":"Pizza?","answers":["Yes","No"],'
        '"allow_multiple_selections":false}',
        (201, {"timestamp": str(NOW)}),
    ),
    case(
        "vote",
        lambda c: c.polls.vote(INTERNAL_ID, NOW, [0, 2], author="alice.42"),
        f"POST /v1/polls/{N}/vote",
        f'{{"recipient":"{GROUP}","poll_author":"u:alice.42","poll_timestamp":"{NOW}",'
        '"selected_answers":[1,3]}',
    ),
    case(
        "close poll",
        lambda c: c.polls.close(BOB, NOW),
        f"DELETE /v1/polls/{N}",
        f'{{"recipient":"{BOB}","poll_timestamp":"{NOW}"}}',
    ),
    # -- groups ----------------------------------------------------------------------------
    case("groups", lambda c: c.groups.list(), f"GET /v1/groups/{N}", "", (200, [])),
    case(
        "groups, expanded",
        lambda c: c.groups.list(expand=True),
        f"GET /v1/groups/{N}?expand=true",
        "",
        (200, []),
    ),
    case(
        "create group",
        lambda c: c.groups.create(
            "Pizza",
            [BOB, "u:alice.42"],
            description="Fridays",
            permissions=GroupPermissions(
                add_members=GroupPermission.ONLY_ADMINS,
                edit_group=GroupPermission.ONLY_ADMINS,
                send_messages=GroupPermission.EVERY_MEMBER,
            ),
            link=GroupLink.ENABLED_WITH_APPROVAL,
            expires_in=60,
        ),
        f"POST /v1/groups/{N}",
        f'{{"name":"Pizza","members":["{BOB}","alice.42"],"description":"Fridays",'
        '"permissions":{"add_members":"only-admins","edit_group":"only-admins",'
        '"send_messages":"every-member"},"group_link":"enabled-with-approval",'
        '"expiration_time":60}',
        (201, {"id": GROUP}),
    ),
    case(
        "create group, one member",
        lambda c: c.groups.create("Pizza", BOB),
        f"POST /v1/groups/{N}",
        f'{{"name":"Pizza","members":["{BOB}"]}}',
        (201, {"id": GROUP}),
    ),
    case(
        "group",
        lambda c: c.groups.get(INTERNAL_ID, expand=True),
        f"GET {G}?expand=true",
        "",
        (200, {"id": GROUP, "internal_id": INTERNAL_ID}),
    ),
    case(
        "update group",
        lambda c: c.groups.update(
            GROUP,
            name="Pasta",
            description="",
            avatar=b"\xff\xd8",
            expires_in=3600,
            link="disabled",
            permissions={
                "add_members": "every-member",
                "edit_group": "every-member",
                "send_messages": GroupPermission.ONLY_ADMINS,
            },
        ),
        f"PUT {G}",
        '{"name":"Pasta","description":"","base64_avatar":"/9g=","expiration_time":3600,'
        '"group_link":"disabled","permissions":{"add_members":"every-member",'
        '"edit_group":"every-member","send_messages":"only-admins"}}',
    ),
    case("delete group", lambda c: c.groups.delete(GROUP), f"DELETE {G}", "", (200, b"")),
    case("quit", lambda c: c.groups.quit(GROUP), f"POST {G}/quit"),
    case("join", lambda c: c.groups.join(GROUP), f"POST {G}/join"),
    case("block", lambda c: c.groups.block(GROUP), f"POST {G}/block"),
    case(
        "add members",
        lambda c: c.groups.add_members(GROUP, [BOB, ALICE.upper()]),
        f"POST {G}/members",
        f'{{"members":["{BOB}","{ALICE}"]}}',
    ),
    case(
        "add usernames, json-rpc",
        lambda c: c.groups.add_members(GROUP, "u:alice.42"),
        f"POST {G}/members",
        '{"members":["alice.42"]}',
        (200, JSON_RPC),
        (204, None),
    ),
    case(
        "remove usernames, classic",
        lambda c: c.groups.remove_members(GROUP, ["alice.42", BOB]),
        f"DELETE {G}/members",
        f'{{"members":["u:alice.42","{BOB}"]}}',
        (200, CLASSIC),
        (204, None),
    ),
    case(
        "add admins",
        lambda c: c.groups.add_admins(GROUP, ["alice.42"]),
        f"POST {G}/admins",
        '{"admins":["u:alice.42"]}',
    ),
    case(
        "remove admins",
        lambda c: c.groups.remove_admins(GROUP, BOB),
        f"DELETE {G}/admins",
        f'{{"admins":["{BOB}"]}}',
    ),
    case("group avatar", lambda c: c.groups.avatar(GROUP), f"GET {G}/avatar", "", (200, b"\xff")),
    case(
        "pin message",
        lambda c: c.groups.pin(GROUP, NOW, author="alice.42", duration=60),
        f"POST {G}/pin-message",
        f'{{"target_author":"u:alice.42","timestamp":{NOW},"duration":60}}',
        (201, None),
    ),
    case(
        "unpin message",
        lambda c: c.groups.unpin(GROUP, QUOTED),
        f"DELETE {G}/pin-message",
        f'{{"target_author":"u:alice.42","timestamp":{NOW - 5}}}',
        (201, None),
    ),
    # -- contacts, profiles, identities, search --------------------------------------------
    case("contacts", lambda c: c.contacts.list(), f"GET /v1/contacts/{N}", "", (200, [])),
    case(
        "all recipients",
        lambda c: c.contacts.list(all_recipients=True),
        f"GET /v1/contacts/{N}?all_recipients=true",
        "",
        (200, []),
    ),
    case(
        "contact",
        lambda c: c.contacts.get("alice.42", all_recipients=True),
        f"GET /v1/contacts/{N}/u%3Aalice.42?all_recipients=true",
        "",
        (200, {"uuid": ALICE}),
    ),
    case(
        "contact avatar",
        lambda c: c.contacts.avatar(BOB),
        f"GET /v1/contacts/{N}/%2B4915187654321/avatar",
        "",
        (200, b"\xff\xd8"),
    ),
    case(
        "update contact",
        lambda c: c.contacts.update("alice.42", name="Alice", expires_in=86400),
        f"PUT /v1/contacts/{N}",
        '{"recipient":"u:alice.42","name":"Alice","expiration_in_seconds":86400}',
    ),
    case("sync contacts", lambda c: c.contacts.sync(), f"POST /v1/contacts/{N}/sync"),
    case(
        "profile",
        lambda c: c.profiles.update("Bot", about="", avatar=b"\xff\xd8"),
        f"PUT /v1/profiles/{N}",
        '{"name":"Bot","base64_avatar":"/9g=","about":""}',
    ),
    case(
        "identities",
        lambda c: c.identities.list(),
        f"GET /v1/identities/{N}",
        "",
        (200, []),
    ),
    case(
        "trust",
        lambda c: c.identities.trust("alice.42", safety_number="12345"),
        f"PUT /v1/identities/{N}/trust/u%3Aalice.42",
        '{"verified_safety_number":"12345"}',
    ),
    case(
        "trust all",
        lambda c: c.identities.trust(BOB, all_known_keys=True),
        f"PUT /v1/identities/{N}/trust/%2B4915187654321",
        '{"trust_all_known_keys":true}',
    ),
    case(
        "search",
        lambda c: c.search.numbers([BOB, "+44 20 7946 0000"]),
        f"GET /v1/search/{N}?numbers=%2B4915187654321&numbers=%2B442079460000",
        "",
        (200, []),
    ),
    case(
        "search by any account",
        lambda c: c.search.numbers(BOB, by_any_account=True),
        "GET /v1/search?numbers=%2B4915187654321",
        "",
        (200, []),
    ),
    # -- attachments, stickers -------------------------------------------------------------
    case("attachments", lambda c: c.attachments.list(), "GET /v1/attachments", "", (200, [])),
    case(
        "attachment",
        lambda c: c.attachments.get("abc-1.jpg"),
        "GET /v1/attachments/abc-1.jpg",
        "",
        (200, b"\xff\xd8"),
    ),
    case(
        "delete attachment",
        lambda c: c.attachments.delete("abc-1.jpg"),
        "DELETE /v1/attachments/abc-1.jpg",
    ),
    case(
        "sticker packs",
        lambda c: c.stickers.list(),
        f"GET /v1/sticker-packs/{N}",
        "",
        (200, []),
    ),
    case(
        "install sticker pack",
        lambda c: c.stickers.install("ab", "cd"),
        f"POST /v1/sticker-packs/{N}",
        '{"pack_id":"ab","pack_key":"cd"}',
        (201, None),
    ),
]


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.mark.parametrize("case", CASES)
def test_operation_is_written_as_the_server_wants_it(case: Case, recorder: Recorder) -> None:
    for status, body in case.answers:
        recorder.answer(status, body)

    with recorder.client() as client:
        case.call(client)

    sent = recorder.last
    assert (sent.method, sent.path, sent.query) == (case.method, case.path, case.query)
    assert sent.body.decode() == case.body.decode()
    assert len(recorder.requests) == len(case.answers)


def test_every_operation_and_every_declared_field_is_used_by_some_call() -> None:
    recorder = Recorder()
    for param in CASES:
        case: Case = param.values[0]
        for status, body in case.answers:
            recorder.answer(status, body)
        with recorder.client() as client:
            case.call(client)

    unused = [
        f"{operation.method} {operation.path} {missing}"
        for operation in operations()
        for missing in _never_sent(operation, recorder)
    ]

    assert unused == []


def _never_sent(operation: Operation, recorder: Recorder) -> list[str]:
    shape = [None if part.startswith("{") else part for part in operation.path.split("/")]
    literal = [
        r for r in recorder.requests if r.method == operation.method and _fits(shape, r.path)
    ]
    if not literal:
        return ["(never called)"]
    queries = {pair.partition("=")[0] for r in literal for pair in r.query.split("&")}
    missing = [param.name for param in operation.query if param.name not in queries]
    bodies = [r.json for r in literal if r.body]
    return missing + _missing_fields(operation.body, bodies)


def _fits(shape: list[str | None], path: str) -> bool:
    parts = path.split("/")
    return len(parts) == len(shape) and all(
        wanted in (None, part) for wanted, part in zip(shape, parts, strict=True)
    )


def _missing_fields(params: tuple[Param, ...], bodies: list[dict[str, Any]]) -> list[str]:
    missing = []
    for param in params:
        found = [body[param.name] for body in bodies if param.name in body]
        if not found:
            missing.append(param.name)
        elif param.fields:
            inner = [
                item for value in found for item in (value if isinstance(value, list) else [value])
            ]
            missing += [f"{param.name}.{name}" for name in _missing_fields(param.fields, inner)]
    return missing
