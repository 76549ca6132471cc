"""What the areas make of the server's answers, with its oddities hidden."""

from __future__ import annotations

import subprocess
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from signalbot.errors import (
    BadRequest,
    NotFound,
    RequestFailed,
    RequestTimedOut,
    ServerFailed,
    SettingsError,
)
from signalbot.infrastructure import api_models
from signalbot.infrastructure.api_clients.operation import Operation, Param, required
from signalbot.infrastructure.api_models import About
from signalbot.infrastructure.api_models.enums import (
    GroupPermission,
    LogLevel,
    Mode,
    TrustLevel,
    TrustMode,
)
from signalbot.infrastructure.api_service import AREAS, SignalClient, operations
from signalbot.infrastructure.calls import Answer, Call, Family
from signalbot.infrastructure.endpoint import Endpoint
from signalbot.infrastructure.http import HttpApi
from signalbot.model.event import Event
from signalbot.model.people import Group, User
from tests.infrastructure.api_recorder import (
    ACCOUNT,
    ALICE,
    BOB,
    GROUP,
    INTERNAL_ID,
    NOW,
    Recorder,
)

NO_AVATAR = {"error": "No avatar found."}
ABOUT = {"versions": ["v1", "v2"], "build": 2, "mode": "json-rpc", "version": "0.100"}
GROUP_ENTRY = {
    "name": "Pizza",
    "description": "",
    "id": GROUP,
    "internal_id": INTERNAL_ID,
    "members": [BOB, ALICE],
    "blocked": False,
    "member": True,
    "pending_invites": [],
    "pending_requests": None,
    "invite_link": "",
    "admins": [{"number": "", "uuid": ALICE}, {"number": "", "uuid": ""}, ""],
    "permissions": {"add_members": "only-admins", "edit_group": "", "send_messages": ""},
    "something_new": {"x": 1},
}


@dataclass(frozen=True)
class AskedPoll(Event):
    options: tuple[str, ...] = ("Pizza", "Pasta", "Soup")


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


# -- general -------------------------------------------------------------------------------


def test_about_is_typed(recorder: Recorder) -> None:
    recorder.answer(200, ABOUT | {"capabilities": {"v2/send": ["quotes"]}})

    about = recorder.client().general.about()

    assert (about.versions, about.build, about.mode) == (("v1", "v2"), 2, Mode.JSON_RPC)
    assert about.version_parts == (0, 100)
    assert about.capabilities["v2/send"] == ("quotes",)


@pytest.mark.parametrize(
    ("version", "wanted", "is_at_least"),
    [
        ("0.100", "0.99", True),
        ("0.99", "0.100", False),
        ("0.168-dev", "0.100", True),
        ("0.97", "0.97", True),
        ("unset", "0.99", True),
        ("", "0.99", False),
    ],
)
def test_versions_compare_by_their_parts(version: str, wanted: str, is_at_least: bool) -> None:
    assert About(version=version).is_at_least(wanted) is is_at_least


@pytest.mark.parametrize(
    ("answer", "mode"),
    [
        ({"versions": ["v1"], "build": 2}, Mode.UNKNOWN),
        ({"mode": "normal"}, Mode.NORMAL),
        ({"mode": "native"}, Mode.NATIVE),
        ({"mode": "quantum"}, Mode.UNKNOWN),
        ({"mode": None, "versions": None, "capabilities": None}, Mode.UNKNOWN),
    ],
)
def test_old_and_future_servers_have_a_mode_too(
    answer: Any, mode: Mode, recorder: Recorder
) -> None:
    recorder.answer(200, answer)

    assert recorder.client().general.about().mode is mode


def test_the_mode_is_asked_for_once(recorder: Recorder) -> None:
    general = recorder.answer(200, {}).answer(200, ABOUT).client().general

    assert [general.mode() for _ in range(4)] == [Mode.UNKNOWN] + [Mode.JSON_RPC] * 3
    assert len(recorder.requests) == 2


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'{"a":1}', {"a": 1}),
        (b'"{\\"a\\":1}"', {"a": 1}),
        (b'"plain"', "plain"),
        (b"not json", "not json"),
        (b"", None),
        (b"3", 3),
    ],
)
def test_a_plugin_answers_whatever_it_likes(body: bytes, value: Any, recorder: Recorder) -> None:
    recorder.answer(200, body)

    assert recorder.client().general.plugin("my/hook?x", {"any": ["thing"]}) == value
    assert recorder.last.path == "/v1/plugins/my/hook%3Fx"
    assert recorder.last.json == {"any": ["thing"]}


def test_a_plugin_path_cannot_reach_other_endpoints(recorder: Recorder) -> None:
    with pytest.raises(ValueError, match="path"):
        recorder.client().general.plugin("../accounts")


# -- groups --------------------------------------------------------------------------------


def test_a_group_is_typed_with_people_of_either_form(recorder: Recorder) -> None:
    recorder.answer(200, [GROUP_ENTRY])

    (info,) = recorder.client().groups.list()

    assert info.group == Group(INTERNAL_ID)
    assert info.group.name == "Pizza"
    assert info.members == (User(number=BOB), User(uuid=ALICE))
    assert info.admins == (User(uuid=ALICE),)
    assert info.pending_requests == ()
    assert info.permissions.add_members is GroupPermission.ONLY_ADMINS
    assert info.permissions.edit_group is None
    assert info.member is True


def test_an_old_servers_group_does_not_say_whether_we_are_in_it(recorder: Recorder) -> None:
    recorder.answer(200, {"id": GROUP, "internal_id": INTERNAL_ID, "permissions": None})

    assert recorder.client().groups.get(GROUP).member is None


def test_an_unknown_group_is_not_found_although_the_server_says_200(recorder: Recorder) -> None:
    recorder.answer(200, b"null")

    with pytest.raises(NotFound) as caught:
        recorder.client().groups.get(GROUP)

    assert caught.value.path_template == "/v1/groups/{number}/{groupid}"
    assert caught.value.account == ACCOUNT


@pytest.mark.parametrize("answer", [{"id": "group."}, {"id": ""}, {}, None, "x", b""])
def test_a_group_without_an_id_was_not_created_for_sure(answer: Any, recorder: Recorder) -> None:
    recorder.answer(201, answer)

    with pytest.raises(RequestFailed) as caught:
        recorder.client().groups.create("Pizza")

    assert caught.value.may_have_been_sent


def test_nobody_added_is_no_request(recorder: Recorder) -> None:
    groups = recorder.client().groups

    groups.add_members(GROUP, [])
    groups.remove_members(GROUP, [])
    groups.add_admins(GROUP, [])
    groups.remove_admins(GROUP, [])

    assert recorder.requests == []


def test_uuids_and_numbers_need_no_question_about_the_mode(recorder: Recorder) -> None:
    recorder.client().groups.add_members(GROUP, [BOB, ALICE])

    assert len(recorder.requests) == 1


@pytest.mark.parametrize("mode", ["json-rpc", None])
def test_a_group_timer_of_zero_is_refused_where_it_would_be_dropped(
    mode: str | None, recorder: Recorder
) -> None:
    recorder.answer(200, ABOUT | {"mode": mode})

    with pytest.raises(ValueError, match="expires_in=0"):
        recorder.client().groups.update(GROUP, expires_in=0)


@pytest.mark.parametrize(
    "call",
    [
        lambda c: c.groups.get(BOB),
        lambda c: c.groups.get("alice.42"),
        lambda c: c.contacts.get(GROUP),
        lambda c: c.receipts.read(GROUP, NOW),
        lambda c: c.identities.trust(INTERNAL_ID, all_known_keys=True),
        lambda c: c.groups.create("x", [GROUP]),
        lambda c: c.search.numbers("alice.42"),
        lambda c: c.search.numbers(ALICE),
    ],
)
def test_people_and_groups_cannot_be_mixed_up(
    call: Callable[[SignalClient], Any], recorder: Recorder
) -> None:
    with pytest.raises(ValueError, match=r"needed|only"):
        call(recorder.client())

    assert recorder.requests == []


# -- contacts, profiles, identities --------------------------------------------------------


def test_a_contact_is_typed(recorder: Recorder) -> None:
    recorder.answer(
        200,
        {
            "number": BOB,
            "uuid": ALICE,
            "name": "",
            "username": None,
            "profile": {
                "given_name": "Bob",
                "lastname": "Smith",
                "has_avatar": True,
                "last_updated_timestamp": NOW,
            },
            "nickname": None,
        },
    )

    contact = recorder.client().contacts.get(BOB)

    assert contact.user == User(uuid=ALICE)
    assert contact.user.number == BOB
    assert contact.display_name == "Bob Smith"
    assert contact.profile.last_name == "Smith"
    assert contact.profile.last_updated_timestamp == NOW


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"nickname": {"name": "Bobby"}, "name": "Bob"}, "Bobby"),
        ({"name": "Bob", "profile": {"given_name": "Robert"}}, "Bob"),
        ({"profile": {"given_name": "Robert"}, "profile_name": "R"}, "Robert"),
        ({"profile_name": "R"}, "R"),
        ({"profile": None}, ""),
    ],
)
def test_a_contact_goes_by_the_name_we_gave_it(
    fields: dict[str, Any], name: str, recorder: Recorder
) -> None:
    recorder.answer(200, [{"number": BOB, **fields}])

    assert recorder.client().contacts.list()[0].display_name == name


def test_a_missing_avatar_is_not_found_although_the_server_says_400(recorder: Recorder) -> None:
    recorder.answer(400, NO_AVATAR)

    with pytest.raises(NotFound):
        recorder.client().contacts.avatar(BOB)


def test_a_contacts_name_cannot_be_emptied_where_it_would_be_dropped(recorder: Recorder) -> None:
    recorder.answer(200, ABOUT)

    with pytest.raises(ValueError, match="name=''"):
        recorder.client().contacts.update(BOB, name="")


def test_a_profile_update_sends_the_present_avatar_again(recorder: Recorder) -> None:
    recorder.answer(200, b"\xff\xd8").answer(204)

    recorder.client().profiles.update("Bot")

    assert recorder.requests[0].path == "/v1/contacts/%2B4915112345678/%2B4915112345678/avatar"
    assert recorder.last.json == {"name": "Bot", "base64_avatar": "/9g="}


def test_a_profile_without_avatar_is_updated_without_one(recorder: Recorder) -> None:
    recorder.answer(400, NO_AVATAR).answer(200, {"profile": {"has_avatar": False}}).answer(204)

    recorder.client().profiles.update("Bot", about="hi")

    assert recorder.last.json == {"name": "Bot", "about": "hi"}


def test_a_profile_of_nobody_we_know_is_updated_without_avatar(recorder: Recorder) -> None:
    recorder.answer(400, NO_AVATAR).answer(404, {"error": "No user with that id (x) found"})

    recorder.client().profiles.update("Bot")

    assert recorder.last.json == {"name": "Bot"}


@pytest.mark.parametrize(
    ("answers", "error"),
    [
        ([(400, NO_AVATAR), (200, {"profile": {"has_avatar": True}})], NotFound),
        ([(404, b"404 page not found")], NotFound),
        ([(500, b"")], ServerFailed),
    ],
)
def test_a_profile_is_left_alone_if_its_avatar_would_be_lost(
    answers: list[tuple[int, Any]], error: type[Exception], recorder: Recorder
) -> None:
    for status, body in answers:
        recorder.answer(status, body)

    with pytest.raises(error):
        recorder.client().profiles.update("Bot")

    assert {request.method for request in recorder.requests} == {"GET"}


def test_an_avatar_goes_only_if_asked_to(recorder: Recorder) -> None:
    recorder.client().profiles.update("Bot", remove_avatar=True)

    assert recorder.bodies == [{"name": "Bot"}]


def test_a_profile_takes_an_image_file(recorder: Recorder, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"\xff\xd8")

    recorder.client().profiles.update("Bot", avatar=tmp_path / "a.png")

    assert recorder.last.json["base64_avatar"] == "/9g="


@pytest.mark.parametrize(
    "arguments",
    [
        {"name": ""},
        {"name": "x", "avatar": b"x", "remove_avatar": True},
        {"name": "x", "avatar": b""},
    ],
)
def test_a_profile_update_that_makes_no_sense_is_refused(
    arguments: dict[str, Any], recorder: Recorder
) -> None:
    with pytest.raises(ValueError, match=r"name|either|empty"):
        recorder.client().profiles.update(**arguments)


def test_an_identity_is_typed_and_unknown_levels_stay(recorder: Recorder) -> None:
    entry = {"number": BOB, "uuid": ALICE, "added": str(NOW), "safety_number": "1"}
    recorder.answer(200, [entry | {"status": "TRUSTED_VERIFIED"}, entry | {"status": "NEW_WORD"}])

    known, unknown = recorder.client().identities.list()

    assert known.status is TrustLevel.TRUSTED_VERIFIED
    assert unknown.status == "NEW_WORD"
    assert known.added == NOW
    assert known.user == User(uuid=ALICE)


@pytest.mark.parametrize("arguments", [{}, {"safety_number": "1", "all_known_keys": True}])
def test_trust_wants_one_of_its_two_ways(arguments: Any, recorder: Recorder) -> None:
    with pytest.raises(ValueError, match="either"):
        recorder.client().identities.trust(BOB, **arguments)


# -- accounts, devices, configuration ------------------------------------------------------


def test_a_refused_username_says_what_may_be_wrong(recorder: Recorder) -> None:
    recorder.answer(400, {"error": "Couldn't process request - invalid signal-cli response"})

    with pytest.raises(BadRequest, match="may be taken"):
        recorder.client().accounts.set_username("pizza")


def test_a_username_comes_with_its_link(recorder: Recorder) -> None:
    recorder.answer(201, {"username": "pizza.123", "username_link": "https://signal.me/#eu/x"})

    mine = recorder.client().accounts.set_username("pizza")

    assert (mine.username, mine.link) == ("pizza.123", "https://signal.me/#eu/x")


def test_a_device_is_typed_and_may_be_handed_back(recorder: Recorder) -> None:
    recorder.answer(200, [{"id": 2, "name": "", "last_seen_timestamp": NOW}])
    client = recorder.client()

    (device,) = client.devices.list()
    client.devices.remove(device)

    assert (device.id, device.last_seen_timestamp) == (2, NOW)
    assert recorder.last.path.endswith("/devices/%2B4915112345678/2")


def test_the_error_level_of_the_log_has_a_name(recorder: Recorder) -> None:
    recorder.answer(200, {"logging": {"Level": ""}})

    assert recorder.client().configuration.log_level() is LogLevel.ERROR


def test_the_trust_mode_is_typed(recorder: Recorder) -> None:
    recorder.answer(200, {"trust_mode": "never"})

    assert recorder.client().configuration.trust_mode() is TrustMode.NEVER


@pytest.mark.parametrize(
    "call",
    [
        lambda c: c.configuration.set_trust_mode("sometimes"),
        lambda c: c.configuration.set_log_level("loud"),
        lambda c: c.groups.update(GROUP, link="open"),
        lambda c: c.groups.update(GROUP, permissions={"add_members": "nobody"}),
        lambda c: c.receipts.send(BOB, NOW, "seen"),
        lambda c: c.accounts.solve_challenge("", "x"),
        lambda c: c.reactions.add(BOB, "", NOW, author=BOB),
        lambda c: c.messages.receive(timeout=1.5),
        lambda c: c.messages.receive(timeout=101),
        lambda c: c.messages.receive(max_messages=-1),
        lambda c: c.attachments.get("../x"),
        lambda c: c.attachments.get(".."),
        lambda c: c.attachments.get(""),
        lambda c: c.registration.verify(".."),
        lambda c: c.groups.create("x", expires_in=-1),
    ],
)
def test_words_that_the_server_does_not_know_are_refused(
    call: Callable[[SignalClient], Any], recorder: Recorder
) -> None:
    with pytest.raises(ValueError, match=r"."):
        call(recorder.client())

    assert recorder.requests == []


# -- polls ---------------------------------------------------------------------------------


def test_a_sent_poll_can_be_voted_in_and_closed(recorder: Recorder) -> None:
    recorder.answer(201, {"timestamp": str(NOW)})
    poll = recorder.client().polls.create(GROUP, "Dinner?", ["Pizza", "Pasta"])

    poll.vote("Pasta")
    poll.close()

    assert poll.timestamp == NOW
    vote, close = recorder.bodies[1:]
    assert vote["poll_author"] == ACCOUNT
    assert vote["selected_answers"] == [2]
    assert close == {"recipient": GROUP, "poll_timestamp": str(NOW)}


@pytest.mark.parametrize(
    ("options", "answers"), [("Soup", [3]), (0, [1]), ([0, "Pasta"], [1, 2]), ((1,), [2])]
)
def test_a_vote_counts_from_zero_or_by_text(
    options: Any, answers: list[int], recorder: Recorder
) -> None:
    poll = AskedPoll(sender=User(uuid=ALICE), timestamp=NOW)

    recorder.client().polls.vote(GROUP, poll, options)

    assert recorder.last.json["selected_answers"] == answers
    assert recorder.last.json["poll_author"] == ALICE
    assert recorder.last.json["poll_timestamp"] == str(NOW)


@pytest.mark.parametrize("options", [3, -1, "Salad", [], True])
def test_a_vote_for_what_is_not_there_is_refused(options: Any, recorder: Recorder) -> None:
    poll = AskedPoll(sender=User(uuid=ALICE), timestamp=NOW)

    with pytest.raises(ValueError, match="option"):
        recorder.client().polls.vote(GROUP, poll, options)


def test_a_text_needs_a_poll_that_lists_it(recorder: Recorder) -> None:
    with pytest.raises(ValueError, match="Poll event"):
        recorder.client().polls.vote(GROUP, NOW, "Pizza", author=BOB)


@pytest.mark.parametrize(
    ("question", "options"),
    [
        ("", ["a", "b"]),
        ("q", ["a"]),
        ("q", list("abcdefghijk")),
        ("q", ["a", ""]),
        ("q", ["a", "x" * 101]),
        ("q", ["a", "😀" * 51]),
        ("q", "ab"),
    ],
)
def test_a_poll_that_signal_would_refuse_is_refused(
    question: str, options: Any, recorder: Recorder
) -> None:
    with pytest.raises(ValueError, match="poll"):
        recorder.client().polls.create(GROUP, question, options)

    assert recorder.requests == []


# -- receipts, reactions, receiving --------------------------------------------------------


def test_several_messages_are_marked_as_read_one_by_one(recorder: Recorder) -> None:
    message = AskedPoll(sender=User(uuid=ALICE), timestamp=NOW)

    recorder.client().receipts.read(message.sender, [message, NOW + 1])

    assert [body["timestamp"] for body in recorder.bodies] == [NOW, NOW + 1]


def test_a_viewed_receipt_warns_that_it_is_none(recorder: Recorder) -> None:
    with pytest.warns(RuntimeWarning, match="read receipt"):
        recorder.client().receipts.viewed(ALICE, NOW)

    assert recorder.last.json["receipt_type"] == "viewed"


def test_a_read_receipt_does_not_warn(recorder: Recorder) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        recorder.client().receipts.read(ALICE, NOW)


def test_a_timestamp_alone_does_not_name_a_message(recorder: Recorder) -> None:
    with pytest.raises(TypeError, match="author="):
        recorder.client().reactions.add(GROUP, "👍", NOW)


def test_a_poll_brings_events_and_keeps_what_is_unreadable(recorder: Recorder) -> None:
    envelope = (
        b'{"envelope":{"sourceUuid":"%s","sourceNumber":null,"sourceDevice":1,"timestamp":%d,'
        b'"dataMessage":{"timestamp":%d,"message":"hi"}},"account":"%s"}'
        % (ALICE.encode(), NOW, NOW, ACCOUNT.encode())
    )
    recorder.answer(200, b"[" + envelope + b",java.lang.RuntimeException: x," + envelope + b"]")

    received = recorder.client().messages.receive()

    assert [event.text for event in received] == ["hi", "hi"]  # type: ignore[attr-defined]  # messages
    assert len(received) == 2
    assert b"java.lang" in b"".join(received.unreadable)


def test_a_poll_that_failed_is_not_made_again(recorder: Recorder) -> None:
    recorder.answer(400, {"error": "process killed as timeout reached"})

    with pytest.raises(RequestTimedOut):
        recorder.client().messages.receive()

    assert len(recorder.requests) == 1


# -- answers that are none -----------------------------------------------------------------


@pytest.mark.parametrize(
    "call",
    [
        lambda c: c.general.about(),
        lambda c: c.general.specification(),
        lambda c: c.accounts.list(),
        lambda c: c.accounts.set_username("x"),
        lambda c: c.devices.list(),
        lambda c: c.devices.link_uri("x"),
        lambda c: c.groups.list(),
        lambda c: c.groups.get(GROUP),
        lambda c: c.contacts.list(),
        lambda c: c.contacts.get(BOB),
        lambda c: c.identities.list(),
        lambda c: c.stickers.list(),
        lambda c: c.search.numbers(BOB),
        lambda c: c.attachments.list(),
        lambda c: c.configuration.log_level(),
        lambda c: c.configuration.trust_mode(),
        lambda c: c.polls.create(GROUP, "q", ["a", "b"]),
        lambda c: c.messages.delete(BOB, NOW),
        lambda c: c.messages.send_v1(BOB, "x"),
    ],
)
@pytest.mark.parametrize("answer", [b"<html>login</html>", b'"x"', b"[[]]", b"5"])
def test_an_answer_of_something_else_is_no_usable_answer(
    call: Callable[[SignalClient], Any], answer: bytes, recorder: Recorder
) -> None:
    recorder.answer(200, answer)

    with pytest.raises(RequestFailed) as caught:
        call(recorder.client())

    assert caught.value.path_template
    assert caught.value.__cause__ is None


def test_what_an_unreadable_answer_says_stays_out_of_the_error(recorder: Recorder) -> None:
    recorder.answer(200, [{"number": 5, "name": "secret"}])

    with pytest.raises(RequestFailed) as caught:
        recorder.client().contacts.list()

    shown = [str(caught.value), repr(caught.value.__context__)]
    assert not any("secret" in text for text in shown)


# -- the client ----------------------------------------------------------------------------


def test_every_area_is_an_attribute() -> None:
    client = Recorder().client()

    assert {name: type(getattr(client, name)) for name in AREAS} == AREAS


def test_settings_may_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGNAL_PHONE_NUMBER", "+49 151 1234-5678")
    monkeypatch.setenv("SIGNAL_SERVICE", "127.0.0.1:8080")

    with SignalClient() as client:
        assert client.phone_number == ACCOUNT
        assert repr(client) == "SignalClient('+4915112345678', 'http://127.0.0.1:8080')"


def test_the_server_is_looked_for_on_this_machine_by_default() -> None:
    with SignalClient(ACCOUNT) as client:
        assert client.http.endpoint.base_url == "http://127.0.0.1:8080"


@pytest.mark.parametrize("number", ["4915112345678", "+49x", "me", "+"])
def test_a_number_that_is_none_is_a_settings_error(number: str) -> None:
    with pytest.raises(SettingsError, match="phone_number"):
        SignalClient(number, "127.0.0.1:8080")


def test_without_a_number_only_calls_about_no_account_work(recorder: Recorder) -> None:
    client = recorder.client(phone_number=None)
    recorder.answer(200, [ACCOUNT])

    assert client.accounts.list() == (ACCOUNT,)
    for call in (
        lambda: client.messages.send(BOB, "hi"),
        client.groups.list,
        lambda: client.typing.start(BOB),
    ):
        with pytest.raises(SettingsError, match="phone_number"):
            call()


def test_a_shared_connection_outlives_the_client(recorder: Recorder) -> None:
    owner = recorder.client()

    with SignalClient("+4999999999", http=owner.http) as guest:
        guest.typing.start(BOB)
    owner.typing.start(BOB)
    owner.close()
    owner.close()

    assert len(recorder.requests) == 2
    with pytest.raises(RequestFailed):
        owner.typing.start(BOB)


def test_importing_the_client_loads_no_heavy_library() -> None:
    code = (
        "import sys, signalbot.infrastructure.api_service; "
        "print([name for name in ('pydantic', 'httpx', 'urllib.request') if name in sys.modules])"
    )

    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert found.stdout.strip() == "[]"


def test_models_are_found_by_name() -> None:
    assert [getattr(api_models, name).__name__ for name in api_models.__all__] == api_models.__all__
    with pytest.raises(AttributeError):
        api_models.Nothing  # noqa: B018  it is the access that raises


class Calls(HttpApi):
    """Keeps the calls instead of making them."""

    def __init__(self) -> None:
        super().__init__(Endpoint.parse("127.0.0.1:8080"), request_timeout=1.0, send_timeout=2.0)
        self.made: list[Call] = []

    def exchange(self, call: Call) -> Answer:
        self.made.append(call)
        return Answer(201, (), b'[{"timestamp":"1769271479123"}]')


def test_sends_have_their_own_time_limit_and_pace() -> None:
    calls = Calls()
    client = SignalClient(ACCOUNT, http=calls)

    client.messages.send(BOB, "hi")
    client.typing.start(BOB)
    client.attachments.get("x")

    assert [(call.is_send, call.timeout) for call in calls.made] == [
        (True, 2.0),
        (False, 1.0),
        (False, 2.0),
    ]
    assert [call.account for call in calls.made] == [ACCOUNT] * 3


def test_only_questions_are_repeated() -> None:
    repeatable = {op.path for op in operations() if op.is_repeatable}
    never = {"/v1/receive/{number}", "/v1/qrcodelink", "/v1/qrcodelink/raw"}

    assert repeatable == {op.path for op in operations() if op.method == "GET"} - never


# -- operations ----------------------------------------------------------------------------

OPERATION = Operation(
    "POST",
    "/v1/x/{number}/{id}",
    Family.ADMIN,
    query=(required("a"), Param("b")),
    body=(required("c"), Param("d", "object", fields=(required("e"), Param("f")))),
)


@pytest.mark.parametrize(
    "wrong",
    [
        {"path": {}},
        {"path": {"id": "1", "other": "2"}},
        {"query": ()},
        {"query": (("a", "1"), ("z", "1"))},
        {"body": None},
        {"body": {}},
        {"body": {"c": 1, "z": 1}},
        {"body": {"c": 1, "d": {}}},
        {"body": {"c": 1, "d": {"e": 1, "z": 1}}},
    ],
)
def test_a_call_that_does_not_fit_the_declaration_is_a_bug(wrong: dict[str, Any]) -> None:
    right: dict[str, Any] = {"path": {"id": "1"}, "query": (("a", "1"),), "body": {"c": 1}}

    OPERATION.call(ACCOUNT, **right, timeout=1.0)
    with pytest.raises(TypeError):
        OPERATION.call(ACCOUNT, **(right | wrong), timeout=1.0)
