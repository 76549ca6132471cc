"""``GET /v1/receive/{number}`` without a websocket."""

from __future__ import annotations

import asyncio

from .bodies import flag
from .records import RecordedRequest
from .replies import TEXT, Refused, Reply
from .world import Route, World

_NO_WEBSOCKET = (
    b'Bad Request\n{"error":"websocket: the client is not using the websocket protocol: '
    b"'upgrade' token not found in 'Connection' header\"}"
)
_FLAGS = (
    "ignore_attachments",
    "ignore_stories",
    "ignore_avatars",
    "ignore_stickers",
    "send_read_receipts",
)


def refuse_plain_get(_: World, __: RecordedRequest, number: str) -> Reply:
    """What json-rpc modes say to a plain GET."""
    del number
    return Reply(400, _NO_WEBSOCKET, TEXT)


async def poll(world: World, request: RecordedRequest, number: str) -> Reply:
    """What classic modes do: run signal-cli until ``timeout`` seconds pass without a message.

    Messages taken from the queue are gone, whether or not the client still listens.
    """
    query = request.query
    timeout = _number(query, "timeout", 1)
    limit = _number(query, "max_messages", 0)
    for name in _FLAGS:
        flag(query, name)
    world.account(number)
    taken: list[bytes] = []
    is_killed = await _collect(world, number, timeout, limit, taken)
    if is_killed:
        return Refused("process killed as timeout reached").reply
    failure, world.poll_failure = world.poll_failure, None
    if failure is not None:
        lines = [payload.decode("utf-8", "replace") for payload in taken]
        return Refused("\n".join([*lines, failure])).reply
    noise, world.poll_noise = world.poll_noise, []
    for position, line in enumerate(noise):
        taken.insert(min(len(taken), 2 * position + 1), line.encode())
    return Reply(200, b"[" + b",".join(taken) + b"]", TEXT)


async def _collect(world: World, number: str, timeout: int, limit: int, taken: list[bytes]) -> bool:
    """Move queued frames into ``taken``; True if signal-cli had to be killed."""
    if timeout == 0:
        return False
    loop = asyncio.get_running_loop()
    killed_at = loop.time() + world.options.command_timeout
    while True:
        idle_until = loop.time() + timeout if timeout > 0 else killed_at
        payload = await world.hub.next_queued(number, min(idle_until, killed_at) - loop.time())
        if payload is None:
            return loop.time() >= killed_at
        taken.append(payload)
        if limit > 0 and len(taken) >= limit:
            return False


def _number(query: dict[str, list[str]], name: str, default: int) -> int:
    text = query.get(name, [str(default)])[0]
    try:
        return int(text)
    except ValueError:
        raise Refused(f"{name} needs to be numeric!") from None


ROUTES: list[Route] = [("GET", "/v1/receive/{number}", refuse_plain_get)]
