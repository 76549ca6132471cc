"""The rules of how to read a frame, one row each, on frames that are no samples."""

from __future__ import annotations

from typing import Any

import pytest

from signalbot.model import classify, peek
from tests.model.samples import ACCOUNT, ALICE, GROUP, NOW, TARGET, data, frame, frame_of, raw

GROUP_INFO = {"groupId": GROUP, "groupName": None, "revision": 1, "type": "DELIVER"}
FILE = {"contentType": "image/png", "id": "a.png"}
ON = {"targetAuthor": ALICE, "targetSentTimestamp": TARGET}
EDIT = {"targetSentTimestamp": TARGET, "dataMessage": {"timestamp": NOW, "message": "new"}}
SENT = {"destinationUuid": ALICE, "timestamp": NOW, "message": "hi"}


def kind(value: Any) -> str:
    found = classify(raw(value))
    return str(found.get("kind", found["class"]))


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"reaction": ON, "message": "x"}, "reaction"),
        ({"reaction": ON, "remoteDelete": {"timestamp": TARGET}}, "reaction"),
        ({"remoteDelete": {"timestamp": TARGET}, "adminDelete": ON}, "remote_delete"),
        ({"adminDelete": ON, "pollCreate": {"options": []}}, "admin_delete"),
        ({"pollCreate": {"options": []}, "pollVote": ON}, "poll_create"),
        ({"pollVote": ON, "pollTerminate": ON}, "poll_vote"),
        ({"pollTerminate": ON, "pinMessage": ON}, "poll_terminate"),
        ({"pinMessage": ON, "unpinMessage": ON}, "pin"),
        ({"unpinMessage": ON, "payment": {}}, "unpin"),
        ({"payment": {}, "sticker": {}}, "payment"),
        ({"sticker": {"packId": "ab", "stickerId": 0}, "message": "x"}, "sticker"),
        ({"contacts": [{}], "isExpirationUpdate": True}, "contact"),
        ({"contacts": [{}], "message": "x"}, "message"),
        ({"contacts": [{}], "message": ""}, "contact"),
        ({"contacts": [7]}, "noop"),
        ({"isExpirationUpdate": True, "message": "x"}, "expiration_update"),
        ({"isExpirationUpdate": 1}, "noop"),
        ({"isExpirationUpdate": True, "groupInfo": {**GROUP_INFO, "type": "UPDATE"}},
         "expiration_update"),
        ({"groupInfo": {**GROUP_INFO, "type": "UPDATE"}}, "group_update"),
        ({"groupInfo": {**GROUP_INFO, "type": "UPDATE"}, "message": ""}, "group_update"),
        ({"groupInfo": {**GROUP_INFO, "type": "UPDATE"}, "attachments": [FILE]}, "message"),
        ({"groupInfo": {**GROUP_INFO, "type": "QUIT"}}, "group_update"),
        ({"groupInfo": {**GROUP_INFO, "type": "QUIT"}, "quote": {"id": TARGET}}, "message"),
        ({"groupInfo": GROUP_INFO}, "noop"),
        ({"groupInfo": {"groupId": GROUP}}, "noop"),
        ({"groupInfo": {"groupId": GROUP, "type": 7}, "message": "x"}, "message"),
        ({"attachments": [FILE]}, "message"),
        ({"attachments": [7]}, "noop"),
        ({"attachments": "x"}, "noop"),
        ({"previews": [{"url": "https://example.org"}]}, "message"),
        ({"viewOnce": True}, "message"),
        ({"viewOnce": 1}, "noop"),
        ({"quote": {"id": TARGET}}, "message"),
        ({"quote": {"text": "no id"}}, "noop"),
        ({"quote": {"id": "1"}, "message": "x"}, "message"),
        ({"message": ""}, "noop"),
        ({"message": " "}, "message"),
        ({"mentions": "x", "message": "x"}, "message"),
        ({"sticker": "x", "message": "x"}, "message"),
        ({"reaction": None, "message": "x"}, "message"),
    ],
)  # fmt: skip
def test_the_first_match_decides_the_kind(members: dict[str, Any], expected: str):
    assert kind(data(**members)) == expected


@pytest.mark.parametrize("member", ["reaction", "adminDelete", "pollVote", "pollTerminate",
                                    "pinMessage", "unpinMessage"])  # fmt: skip
@pytest.mark.parametrize("target", [None, "1769271419123", True, 1.5, [], 10**30])
def test_an_action_without_integer_target_is_quarantined(member: str, target: Any):
    assert kind(data(message="x", **{member: {"targetSentTimestamp": target}})) == "quarantine"


@pytest.mark.parametrize("part", ["x", 7, [], {}, True])
def test_an_action_of_the_wrong_type_is_quarantined(part: Any):
    assert kind(data(message="x", reaction=part)) == "quarantine"
    assert kind(data(message="x", remoteDelete=part)) == "quarantine"


@pytest.mark.parametrize("message", [7, True, ["x"], {"text": "x"}, 1.0, False])
def test_a_message_that_is_no_text_is_quarantined(message: Any):
    assert kind(data(message=message)) == "quarantine"
    assert kind(data(message=message, reaction=ON)) == "quarantine"


@pytest.mark.parametrize("group", [{}, {"groupId": None}, {"groupId": 7}, {"groupId": ""}, "x", [],
                                   True, {"groupName": "Team"}])  # fmt: skip
def test_a_group_without_id_is_never_a_direct_message(group: Any):
    assert kind(data(message="x", groupInfo=group)) == "quarantine"
    assert kind(data(message=None, groupInfo=group)) == "quarantine"
    edit = {**EDIT, "dataMessage": {"message": "x", "groupInfo": group}}
    assert kind(frame(editMessage=edit)) == "quarantine"
    assert kind(frame(syncMessage={"sentMessage": {**SENT, "groupInfo": group}})) == "quarantine"


@pytest.mark.parametrize("group_id", [7, [], "", {}])
def test_a_group_id_of_the_wrong_type_is_quarantined_outside_of_messages_too(group_id: Any):
    assert kind(frame(typingMessage={"action": "STARTED", "groupId": group_id})) == "quarantine"
    assert kind(frame(storyMessage={"groupId": group_id})) == "quarantine"


def test_no_group_is_told_by_null():
    found = classify(raw(data(message="x", groupInfo=None)))

    assert (found["chat"], found["group"]) == (ALICE, False)


@pytest.mark.parametrize("member", ["dataMessage", "editMessage", "syncMessage", "storyMessage",
                                    "receiptMessage", "typingMessage", "callMessage"])  # fmt: skip
@pytest.mark.parametrize("payload", ["x", 7, [], True, False, 0, ""])
def test_a_payload_of_the_wrong_type_is_quarantined(member: str, payload: Any):
    assert kind(frame(**{member: payload})) == "quarantine"


def test_the_first_payload_decides():
    both = frame(receiptMessage={"timestamps": []}, dataMessage={"timestamp": NOW, "message": "x"})
    assert kind(both) == "message"
    assert kind(frame(typingMessage={"action": "STARTED"}, receiptMessage={})) == "receipt"
    assert kind(frame(editMessage=EDIT, dataMessage={})) == "noop"


@pytest.mark.parametrize("stamp", [None, "1769271479123", True, 1.5, 0, -1, [], 2**63])
def test_an_event_needs_a_timestamp(stamp: Any):
    payload = {"message": "x", "timestamp": None}
    assert kind(frame(timestamp=stamp, dataMessage=payload)) == "quarantine"


def test_the_innermost_timestamp_is_the_one():
    inner = frame(timestamp=1, dataMessage={"message": "x", "timestamp": 2})
    assert classify(raw(inner))["timestamp"] == 2
    edit = {**EDIT, "dataMessage": {"message": "x", "timestamp": 3}}
    assert classify(raw(frame(timestamp=1, editMessage=edit)))["timestamp"] == 3
    sent = {"sentMessage": {**SENT, "timestamp": 4}}
    assert classify(raw(frame(timestamp=1, syncMessage=sent)))["timestamp"] == 4


@pytest.mark.parametrize("stamp", ["2", None, True, 2.0])
def test_the_envelopes_timestamp_serves_where_the_inner_one_is_no_integer(stamp: Any):
    found = classify(raw(frame(timestamp=1, dataMessage={"message": "x", "timestamp": stamp})))

    assert found["timestamp"] == 1


def test_the_sender_is_the_uuid_else_the_number_else_the_source():
    def sender(**members: Any) -> Any:
        return classify(raw(frame(dataMessage={"message": "x"}, **members))).get("sender")

    assert sender() == ALICE
    assert sender(sourceUuid=None) == "+12025550143"
    assert sender(sourceUuid=7, sourceNumber=None) == "+12025550143"
    assert sender(sourceUuid="", sourceNumber=None, source="PNI:x") == "PNI:x"


def test_no_sender_means_quarantine_unless_nothing_is_dispatched():
    nobody = {"source": None, "sourceNumber": None, "sourceUuid": None}

    assert kind(frame(dataMessage={"message": "x"}, **nobody)) == "quarantine"
    assert kind(frame(dataMessage={"message": None}, **nobody)) == "noop"
    assert kind(frame(**nobody)) == "noop"
    assert kind({**frame(**nobody), "exception": {"type": "X"}}) == "exception"


def test_a_missing_account_spoils_nothing():
    for account in (None, 7, "", []):
        found = classify(raw({**data(message="x"), "account": account}))
        assert (found["class"], found["account"]) == ("event", None)
    assert peek(raw(data(message="x") | {"account": None}), "+49").account == "+49"
    assert peek(raw(data(message="x")), "+49").account == ACCOUNT  # fmt: skip


def test_exceptions_win_over_everything():
    found = classify(raw({**frame_of(1), "exception": {"type": "X", "message": None}}))
    assert (found["class"], found["exception_type"], found["sender"]) == ("exception", "X", ALICE)

    assert kind({"exception": {}, "error": "x"}) == "exception"
    assert kind({"exception": {}, "envelope": "x"}) == "exception"
    assert kind({**frame_of(1), "exception": "not an object"}) == "message"
    assert kind({"exception": "not an object"}) == "quarantine"


def test_an_error_frame_is_a_text_without_envelope():
    assert classify('{"error":"x"}') == {"class": "error", "text": "x"}
    assert kind({"error": "x", "envelope": None}) == "error"
    assert kind({"error": {"code": 1}}) == "quarantine"
    assert kind({"error": "x", **frame_of(1)}) == "message"
    assert kind({"error": "x", "envelope": 7}) == "quarantine"


def test_only_payloads_that_nobody_knows_are_unknown():
    assert kind(frame(hologramMessage={})) == "unknown"
    assert kind(frame(hologramMessage=None)) == "noop"
    assert kind(frame(hologram={})) == "noop"
    assert kind(frame(dataMessage=None, hologramMessage={})) == "unknown"
    assert kind(frame(dataMessage={"message": "x"}, hologramMessage={})) == "message"
    assert peek(raw(frame(hologramMessage={}))).detail == "hologramMessage"


@pytest.mark.parametrize("edit", [
    {}, {"targetSentTimestamp": TARGET}, {"dataMessage": {"message": "x"}},
    {"targetSentTimestamp": None, "dataMessage": {"message": "x"}},
    {"targetSentTimestamp": TARGET, "dataMessage": None},
    {"targetSentTimestamp": TARGET, "dataMessage": "x"},
    {"targetSentTimestamp": TARGET, "dataMessage": {"message": 7}},
])  # fmt: skip
def test_a_broken_edit_is_quarantined(edit: Any):
    assert kind(frame(editMessage=edit)) == "quarantine"
    assert kind(frame(syncMessage={"sentMessage": {"editMessage": edit}})) == "quarantine"


def test_the_order_within_a_sync_message():
    read = {"readMessages": [{"senderUuid": ALICE, "timestamp": TARGET}]}
    assert kind(frame(syncMessage={"sentMessage": SENT, **read})) == "sync_sent"
    assert kind(frame(syncMessage={"sentStoryMessage": {}, **read})) == "sync_sent_story"
    assert kind(frame(syncMessage={**read, "blockedNumbers": []})) == "sync_read"
    assert kind(frame(syncMessage={"blockedNumbers": [], "type": "GROUPS_SYNC"})) == "sync_blocked"
    assert kind(frame(syncMessage={"sentMessage": None, "type": "GROUPS_SYNC"})) == "sync_groups"
    assert kind(frame(syncMessage={"readMessages": [], "type": "CONTACTS_SYNC"})) == "sync_contacts"
    assert kind(frame(syncMessage={"type": "REQUEST_SYNC"})) == "noop"
    assert kind(frame(syncMessage={"type": []})) == "noop"
    assert kind(frame(syncMessage={"sentMessage": "x"})) == "quarantine"
    assert kind(frame(syncMessage={"sentMessage": {"destinationUuid": ALICE}})) == "noop"


def test_the_chat_of_an_own_message_is_its_destination():
    def chat(**sent: Any) -> Any:
        found = classify(raw(frame(syncMessage={"sentMessage": {"message": "x", **sent}})))
        return found["chat"], found["group"]

    everything = {"destination": "+1", "destinationNumber": "+2", "destinationUuid": "u"}
    assert chat(**everything) == ("u", False)
    assert chat(**{**everything, "destinationUuid": None}) == ("+2", False)
    assert chat(destination="+1") == ("+1", False)
    assert chat(**everything, groupInfo=GROUP_INFO) == (GROUP, True)
    assert chat() == (None, False)


def test_an_own_edit_in_a_group_stays_in_the_group_wherever_the_group_is_named():
    inner = {**EDIT, "dataMessage": {"message": "x", "groupInfo": GROUP_INFO}}
    for sent in ({"editMessage": inner}, {"editMessage": EDIT, "groupInfo": GROUP_INFO}):
        found = classify(raw(frame(syncMessage={"sentMessage": sent})))
        assert (found["kind"], found["chat"]) == ("sync_sent_edit", GROUP)


@pytest.mark.parametrize("call", [{}, {"offerMessage": None}, {"offerMessage": "x"},
                                  {"iceUpdateMessages": []}, {"iceUpdateMessages": [7]},
                                  {"somethingNew": {}}])  # fmt: skip
def test_a_call_message_without_a_part_that_we_know_is_a_noop(call: Any):
    assert kind(frame(callMessage=call)) == "noop"


def test_text_is_told_where_there_is_some():
    assert classify(raw(data(message="", attachments=[FILE])))["text"] == ""
    assert classify(raw(data(message="x", reaction=ON)))["text"] == "x"
    assert classify(raw(frame(receiptMessage={"message": "x"})))["text"] is None
    assert classify(raw(frame(storyMessage={"textAttachment": "x"})))["text"] is None


@pytest.mark.parametrize(("value", "expected"), [
    ({"jsonrpc": "2.0", "id": "7", "result": {}}, "noop"),
    ({"jsonrpc": "2.0", "id": 7, "error": {"code": -1}}, "noop"),
    ({"jsonrpc": "2.0", "method": "receive", "params": {"error": "x"}}, "error"),
    ({"jsonrpc": "2.0", "method": "receive", "params": frame_of(1)}, "message"),
    ({"jsonrpc": "2.0", "method": "receive", "params": []}, "quarantine"),
    ({"jsonrpc": "2.0", "method": "receive"}, "quarantine"),
    ({"jsonrpc": "2.0", "method": "other", "params": frame_of(1)}, "quarantine"),
    ({"jsonrpc": "2.0", "method": "receive", "params": {"jsonrpc": "2.0", "method": "receive",
                                                        "params": frame_of(1)}}, "quarantine"),
])  # fmt: skip
def test_webhook_bodies(value: Any, expected: str):
    assert kind(value) == expected


@pytest.mark.parametrize("text", [
    "", " ", "x", "[]", "7", "null", "true", '"x"', "{}", '{"envelope":null}', '{"envelope":[]}',
    '{"envelope":{}', "[{}]", "\ufeff{}", '{"account":"+1"}', "NaN", '{"error":7}',
])  # fmt: skip
def test_what_is_no_frame_is_quarantined_and_says_no_more(text: str):
    assert classify(text) == {"class": "quarantine"}
    assert peek(text).reason


@pytest.mark.parametrize("body", [b"\xff\xfe{\x00}\x00", b'{"error":"caf\xe9"}', b"\x00", b"\x80",
                                  '{"error":"x"}'.encode("utf-16"), b"\xef\xbb\xbf{}"])  # fmt: skip
def test_what_is_no_utf8_is_quarantined(body: bytes):
    assert classify(body) == {"class": "quarantine"}


def test_the_last_of_two_equal_keys_wins():
    assert classify('{"error":"x","error":"y"}')["text"] == "y"


def test_only_own_devices_write_own_messages():
    assert peek(raw(frame(syncMessage={"sentMessage": SENT}))).is_own
    assert peek(raw(data(message="x") | {"account": "+12025550143"})).is_own
    assert not peek(raw(data(message="x"))).is_own
    assert not peek(
        raw(frame(account=None, sourceNumber=None, dataMessage={"message": "x"}))
    ).is_own
