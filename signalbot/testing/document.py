"""The stand-in's Swagger document: every operation, with what the client knows to send.

The stand-in understands what :class:`~signalbot.infrastructure.api_service.SignalClient` sends, so
its document is written from the same declarations. It is good for trying ``signalbot audit-api``,
not for finding gaps: for that the document of a real server is needed.
"""

from __future__ import annotations

from typing import Any

from signalbot.infrastructure.api_clients.operation import Operation, Param
from signalbot.infrastructure.api_service import operations

# The server answers them; its own document does not mention them.
_UNMENTIONED = {("GET", "/v1/search"), ("GET", "/swagger/doc.json")}


def specification() -> dict[str, Any]:
    """A Swagger 2 document of the same operations as the server's."""
    paths: dict[str, Any] = {}
    for operation in operations():
        if (operation.method, operation.path) not in _UNMENTIONED:
            paths.setdefault(operation.path, {})[operation.method.lower()] = _described(operation)
    return {
        "swagger": "2.0",
        "info": {"title": "Stand-in for signal-cli-rest-api", "version": "1.0"},
        "basePath": "/",
        "paths": paths,
    }


def _described(operation: Operation) -> dict[str, Any]:
    parameters: list[dict[str, Any]] = [
        {"in": "path", "name": name, "required": True, "type": "string"}
        for name in operation.placeholders
    ]
    for param in operation.query:
        kind, _, items = param.type.partition(":")
        more = {"items": {"type": items}} if items else {}
        parameters.append(
            {"in": "query", "name": param.name, "required": param.required, "type": kind, **more}
        )
    if operation.body:
        body = {"in": "body", "name": "data", "required": not operation.is_body_optional}
        parameters.append(body | {"schema": _schema(operation.body)})
    return {"parameters": parameters, "responses": {}}


def _schema(params: tuple[Param, ...]) -> dict[str, Any]:
    return {
        "type": "object",
        "required": [param.name for param in params if param.required],
        "properties": {param.name: _property(param) for param in params},
    }


def _property(param: Param) -> dict[str, Any]:
    kind, _, items = param.type.partition(":")
    inner: dict[str, Any] = _schema(param.fields) if param.fields else {"type": items or kind}
    if param.enum:
        inner["enum"] = list(param.enum)
    return {"type": "array", "items": inner} if kind == "array" else inner
