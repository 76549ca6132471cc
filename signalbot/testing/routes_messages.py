"""Calls about messages other than sending one."""

from __future__ import annotations

from .bodies import bind, boolean, integer, many, string
from .identifiers import internal_id, kind_of
from .records import RecordedRequest, SentDelete, SentReaction, SentReceipt, SentTyping, SentVote
from .replies import Refused, Reply, empty, json_reply
from .state import Person, Poll
from .world import Route, World

_REACTION = {
    "recipient": string,
    "reaction": string,
    "target_author": string,
    "timestamp": integer,
}


def react(world: World, request: RecordedRequest, number: str) -> Reply:
    """``POST`` or ``DELETE /v1/reactions/{number}``."""
    is_remove = request.method == "DELETE"
    body = bind(request.body, _REACTION)
    for field, words in (
        ("recipient", "recipient missing"),
        ("reaction", "reaction missing"),
        ("target_author", "target_author missing"),
        ("timestamp", "timestamp missing"),
    ):
        if not body.get(field) and not (is_remove and field == "reaction"):
            raise Refused(f"Couldn't process request - {words}")
    account = world.account(number)
    _check_reachable(world, body["recipient"])
    world.logs.reactions.append(
        SentReaction(
            account.number,
            body["recipient"],
            body.get("reaction", ""),
            body["target_author"],
            world.check_timestamp(body["timestamp"]),
            is_remove,
        )
    )
    return empty(204)


def send_receipt(world: World, request: RecordedRequest, number: str) -> Reply:
    """``POST /v1/receipts/{number}``; ``viewed`` is taken, though a read receipt goes out."""
    body = bind(request.body, {"recipient": string, "receipt_type": string, "timestamp": integer})
    if not body.get("recipient"):
        raise Refused("Couldn't process request - recipient missing")
    kind = body.get("receipt_type", "")
    if kind not in ("read", "viewed"):
        raise Refused("Couldn't process request - receipt type must be read or viewed")
    if not body.get("timestamp"):
        raise Refused("Couldn't process request - timestamp missing")
    account = world.account(number)
    timestamp = world.check_timestamp(body["timestamp"])
    world.logs.receipts.append(SentReceipt(account.number, body["recipient"], kind, timestamp))
    return empty(204)


def set_typing(world: World, request: RecordedRequest, number: str) -> Reply:
    """``PUT`` or ``DELETE /v1/typing-indicator/{number}``."""
    recipient = bind(request.body, {"recipient": string}).get("recipient", "")
    account = world.account(number)
    if not recipient:
        raise Refused("No recipients given")
    world.logs.typing.append(
        SentTyping(account.number, recipient, request.method == "PUT", request.at)
    )
    return empty(204)


def remote_delete(world: World, request: RecordedRequest, number: str) -> Reply:
    """``DELETE /v1/remote-delete/{number}``."""
    body = bind(request.body, {"recipient": string, "timestamp": integer})
    if not body.get("recipient"):
        raise Refused("Couldn't process request - recipient missing")
    if not body.get("timestamp"):
        raise Refused("Couldn't process request - timestamp missing")
    account = world.account(number)
    _check_reachable(world, body["recipient"])
    timestamp = world.state.next_timestamp()
    world.logs.deletes.append(
        SentDelete(
            account.number,
            body["recipient"],
            world.check_timestamp(body["timestamp"]),
            timestamp,
        )
    )
    return json_reply({"timestamp": str(timestamp)}, 201)


def create_poll(world: World, request: RecordedRequest, number: str) -> Reply:
    """``POST /v1/polls/{number}``."""
    body = bind(
        request.body,
        {
            "recipient": string,
            "question": string,
            "answers": many(string),
            "allow_multiple_selections": boolean,
        },
    )
    recipient, question = body.get("recipient", ""), body.get("question", "")
    answers = body.get("answers", [])
    if not recipient:
        raise Refused("Couldn't process request - recipient missing")
    if not question:
        raise Refused("Couldn't process request - question missing")
    if not answers:
        raise Refused("Couldn't process request - answers missing")
    account = world.account(number)
    _check_reachable(world, recipient)
    if len(answers) < 2:
        raise Refused("Poll needs at least two options")
    if len(answers) > 10:
        raise Refused("Poll cannot have more than 10 options")
    if not all(1 <= len(answer.encode("utf-16-le")) // 2 <= 100 for answer in answers):
        raise Refused("Poll options must have between 1 and 100 characters")
    timestamp = world.state.next_timestamp()
    world.state.polls[timestamp] = Poll(
        account.number,
        recipient,
        question,
        answers,
        body.get("allow_multiple_selections", True),
    )
    return json_reply({"timestamp": str(timestamp)}, 201)


def vote(world: World, request: RecordedRequest, number: str) -> Reply:
    """``POST /v1/polls/{number}/vote``; answers count from 1."""
    body = bind(
        request.body,
        {
            "recipient": string,
            "poll_author": string,
            "poll_timestamp": string,
            "selected_answers": many(integer, 0),
        },
    )
    for field in ("recipient", "poll_author", "poll_timestamp", "selected_answers"):
        if not body.get(field):
            raise Refused(f"Couldn't process request - {field} missing")
    timestamp = _poll_timestamp(body["poll_timestamp"])
    account = world.account(number)
    _check_reachable(world, body["recipient"])
    if min(body["selected_answers"]) < 1:
        raise Refused("Couldn't process request - selected_answers must be greater than 0")
    world.logs.votes.append(
        SentVote(
            account.number,
            body["recipient"],
            body["poll_author"],
            timestamp,
            tuple(body["selected_answers"]),
        )
    )
    return empty(204)


def close_poll(world: World, request: RecordedRequest, number: str) -> Reply:
    """``DELETE /v1/polls/{number}``."""
    body = bind(request.body, {"recipient": string, "poll_timestamp": string})
    if not body.get("recipient"):
        raise Refused("Couldn't process request - recipient missing")
    timestamp = _poll_timestamp(body.get("poll_timestamp", ""))
    world.account(number)
    _check_reachable(world, body["recipient"])
    poll = world.state.polls.get(timestamp)
    if poll is not None:
        poll.is_open = False
    return empty(204)


def _poll_timestamp(text: str) -> int:
    if not text.isdigit():
        raise Refused("Couldn't process request - poll_timestamp must be numeric")
    return int(text)


def _check_reachable(world: World, recipient: str) -> None:
    """Refuse groups that do not exist, and people with whom sending fails."""
    if recipient.startswith("group.") and kind_of(recipient) == "group":
        if internal_id(recipient) not in world.state.groups:
            raise Refused(f"Group not found: {internal_id(recipient)}")
        return
    party = world.state.find(recipient)
    if isinstance(party, Person) and party.failure:
        raise Refused("Failed to send message")


ROUTES: list[Route] = [
    ("POST", "/v1/reactions/{number}", react),
    ("DELETE", "/v1/reactions/{number}", react),
    ("POST", "/v1/receipts/{number}", send_receipt),
    ("PUT", "/v1/typing-indicator/{number}", set_typing),
    ("DELETE", "/v1/typing-indicator/{number}", set_typing),
    ("DELETE", "/v1/remote-delete/{number}", remote_delete),
    ("POST", "/v1/polls/{number}", create_poll),
    ("POST", "/v1/polls/{number}/vote", vote),
    ("DELETE", "/v1/polls/{number}", close_poll),
]
