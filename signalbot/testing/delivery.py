"""Whom a message reaches, with the answers for those whom it does not."""

from __future__ import annotations

import json
from typing import Any

from .identifiers import internal_id, is_usable_number
from .passing_on import pass_on
from .records import Failure, RecordedRequest, Sent
from .replies import Refused, Reply, go_json, json_reply
from .state import Account, Person
from .world import World

_LIMITED = (
    "Failed to send message due to rate limiting. Use the attached challenge tokens to lift the "
    "rate limit restrictions via the '/v1/accounts/{number}/rate-limit-challenge' endpoint."
)


def deliver(
    world: World,
    account: Account,
    recipients: list[str],
    kind: str,
    parts: dict[str, Any],
    *,
    is_v1: bool = False,
) -> Reply:
    """Send to all that can be reached, and answer as signal-cli's results make the server do."""
    group = None
    addressed = recipients
    if kind == "group":
        group = internal_id(recipients[0])
        addressed = _members(world, account, group)
    failed = _failures(world, addressed)
    timestamp = world.state.next_timestamp()
    if failed and len(failed) == len(addressed):
        return _nobody_reached(world, account, failed, timestamp, is_v1=is_v1)
    sent = Sent(
        account.number, tuple(recipients), timestamp, group=group, failed=tuple(failed), **parts
    )
    world.logs.sent.append(sent)
    if len(world.state.accounts) > 1:
        pass_on(world, account, sent, addressed)
    return _answer(world, sent, is_v1=is_v1)


def _first_recipient(request: RecordedRequest) -> str:
    body = request.json
    recipients = body.get("recipients") if isinstance(body, dict) else None
    return str(recipients[0]) if isinstance(recipients, list) and recipients else ""


def limited(world: World, request: RecordedRequest, tokens: tuple[str, ...]) -> Reply:
    """The answer to a call that Signal's rate limit stopped."""
    if request.path == "/v2/send" and not world.options.is_classic:
        body = request.json
        number = body.get("number", "") if isinstance(body, dict) else ""
        answer: dict[str, Any] = {"error": _LIMITED}
        if tokens:
            answer["challenge_tokens"] = list(tokens)
        return json_reply({**answer, "account": number}, 429)
    text = "Failed to send message due to rate limiting"
    if world.options.is_classic:
        recipient = _first_recipient(request)
        proofs = "".join(
            f'CAPTCHA proof required for sending to "{recipient}", available options "CAPTCHA" '
            f'with challenge token "{token}", or wait "3600" seconds\n'
            for token in tokens
            if token
        )
        text = f"{proofs}{text}\n"
    return Refused(text).reply


def _members(world: World, account: Account, group_id: str) -> list[str]:
    group = world.state.groups.get(group_id)
    if group is None:
        raise Refused(f"Group not found: {group_id}")
    if account.uuid not in group.members:
        raise Refused(f'User is not a member in group: "{group.name}" ({group_id})')
    return [member for member in group.members if member != account.uuid]


def _failures(world: World, addressed: list[str]) -> list[Failure]:
    failed = []
    for recipient in addressed:
        party = world.state.find(recipient)
        if isinstance(party, Person):
            if party.failure:
                failed.append(Failure(recipient, party.failure))
        elif party is None and "." not in recipient and not is_usable_number(recipient):
            failed.append(Failure(recipient, "UNREGISTERED_FAILURE"))
    return failed


def _answer(world: World, sent: Sent, *, is_v1: bool) -> Reply:
    result: dict[str, Any] = {"timestamp": str(sent.timestamp)}
    if world.options.is_newer:
        if sent.failed:
            result["errors"] = {"recipients": [_failed_entry(world, f) for f in sent.failed]}
        return json_reply(result if is_v1 else [result], 201)
    if sent.failed and world.options.is_classic:
        return Refused(_classic_text(world, sent.failed, sent.timestamp)).reply
    return json_reply(result, 201)


def _failed_entry(world: World, failure: Failure) -> dict[str, str]:
    return {**_addresses(world, failure.recipient), "reason": failure.reason}


def _addresses(world: World, recipient: str) -> dict[str, str]:
    party = world.state.find(recipient)
    if party is None:
        return {"number": recipient}
    found = {"uuid": party.uuid, "number": party.number, "username": party.username}
    return {kind: address for kind, address in found.items() if address}


def _nobody_reached(
    world: World, account: Account, failed: list[Failure], timestamp: int, *, is_v1: bool
) -> Reply:
    reasons = {failure.reason for failure in failed}
    if world.options.is_classic:
        return Refused(_classic_text(world, tuple(failed), timestamp)).reply
    if reasons == {"IDENTITY_FAILURE"}:
        if world.options.is_newer:
            raise Refused("Unable to complete request due to untrusted recipient keys")
        raise Refused("Failed to send message due to untrusted identities")
    if reasons == {"RATE_LIMIT_FAILURE"}:
        if is_v1:
            raise Refused("Failed to send message due to rate limiting")
        answer = {"error": _LIMITED, "challenge_tokens": [""] * len(failed)}
        return Reply(429, go_json({**answer, "account": account.number}))
    raise Refused("Failed to send message")


def _classic_text(world: World, failed: tuple[Failure, ...], timestamp: int) -> str:
    """What signal-cli printed, which is all that the classic server has."""
    cause = "Failed to send message"
    reasons = {failure.reason for failure in failed}
    if reasons == {"IDENTITY_FAILURE"}:
        cause = "Failed to send message due to untrusted identities"
    elif reasons == {"RATE_LIMIT_FAILURE"}:
        cause = "Failed to send message due to rate limiting"
    if world.options.is_newer:
        results = [
            {
                "recipientAddress": _addresses(world, f.recipient),
                "type": f.reason,
            }
            for f in failed
        ]
        line = json.dumps({"timestamp": timestamp, "results": results}, separators=(",", ":"))
        return f"{line}\n{cause}\n"
    lines = [f'{f.recipient}: {_WORDS.get(f.reason, f.reason)} "{f.recipient}"' for f in failed]
    listed = "\n".join(lines)
    return f"Failed to send (some) messages:\n{listed}\n{timestamp}\n{cause}\n"


_WORDS = {
    "IDENTITY_FAILURE": "Untrusted Identity for",
    "UNREGISTERED_FAILURE": "Unregistered user",
    "NETWORK_FAILURE": "Network failure for",
    "RATE_LIMIT_FAILURE": "Rate limit reached for",
}
