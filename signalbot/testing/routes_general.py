"""What the server tells about itself."""

from __future__ import annotations

from typing import Any

from .bodies import bind, record, string
from .records import RecordedRequest
from .replies import Refused, Reply, empty, json_reply
from .world import Handler, Route, World

_LEVELS = ("debug", "info", "warn", "error", "")
_TRUST_MODES = ("on-first-use", "always", "never")


def about(world: World, _: RecordedRequest) -> Reply:
    """``GET /v1/about``; old servers leave out mode and version."""
    options = world.options
    answer: dict[str, Any] = {"versions": ["v1", "v2"], "build": 2}
    if options.version is not None:
        # json-rpc-native is reported as json-rpc.
        answer["mode"] = options.mode if options.is_classic else "json-rpc"
        answer["version"] = options.version
    answer["capabilities"] = {"v2/send": ["quotes", "mentions"]}
    return json_reply(answer)


def health(_: World, __: RecordedRequest) -> Reply:
    """``GET /v1/health``, fine as long as the process runs."""
    return empty(204)


def get_document(_: World, __: RecordedRequest) -> Reply:
    """``GET /swagger/doc.json``."""
    from .document import specification  # loads the whole client, which the stand-in does not need

    return json_reply(specification())


def get_document_page(_: World, __: RecordedRequest) -> Reply:
    """``GET /swagger/index.html``: the server's shows the document, this one leads to it."""
    return Reply(200, b'<a href="doc.json">doc.json</a>\n', "text/html; charset=utf-8")


def get_configuration(world: World, _: RecordedRequest) -> Reply:
    """``GET /v1/configuration``, with Go's capital L; nothing for the level error."""
    level = world.state.log_level
    return json_reply({"logging": {"Level": "" if level == "error" else level}})


def set_configuration(world: World, request: RecordedRequest) -> Reply:
    """``POST /v1/configuration``."""
    body = bind(request.body, {"logging": record({"level": string})})
    level = body.get("logging", {}).get("level", "")
    if level not in _LEVELS:
        raise Refused("Couldn't set log level - invalid log level")
    world.state.log_level = level or world.state.log_level
    return empty(204)


def get_trust_mode(world: World, _: RecordedRequest, number: str) -> Reply:
    """``GET /v1/configuration/{number}/settings``."""
    return json_reply({"trust_mode": world.account(number).trust_mode})


def set_trust_mode(world: World, request: RecordedRequest, number: str) -> Reply:
    """``POST /v1/configuration/{number}/settings``, for classic modes only."""
    mode = bind(request.body, {"trust_mode": string}).get("trust_mode", "")
    if mode not in _TRUST_MODES:
        raise Refused("Invalid trust mode")
    if not world.options.is_classic:
        raise Refused("Couldn't set trust mode")
    world.account(number).trust_mode = mode
    return empty(204)


def accounts(world: World, _: RecordedRequest) -> Reply:
    """``GET /v1/accounts``."""
    return json_reply(list(world.state.accounts))


LOCAL: tuple[Handler, ...] = (
    about,
    health,
    get_configuration,
    set_configuration,
    get_trust_mode,
    set_trust_mode,
    get_document,
    get_document_page,
)
ROUTES: list[Route] = [
    ("GET", "/v1/about", about),
    ("GET", "/v1/health", health),
    ("GET", "/v1/configuration", get_configuration),
    ("POST", "/v1/configuration", set_configuration),
    ("GET", "/v1/configuration/{number}/settings", get_trust_mode),
    ("POST", "/v1/configuration/{number}/settings", set_trust_mode),
    ("GET", "/v1/accounts", accounts),
    ("GET", "/swagger/doc.json", get_document),
    ("GET", "/swagger/index.html", get_document_page),
]
