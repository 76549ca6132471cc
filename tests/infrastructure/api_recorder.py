"""A client with recorded requests and scripted answers, over the real HttpApi."""

from __future__ import annotations

import json
from collections import deque
from dataclasses import dataclass
from typing import Any

import httpx

from signalbot.infrastructure.api_service import SignalClient

ACCOUNT = "+4915112345678"
ALICE = "11111111-aaaa-4bbb-8ccc-111111111111"
BOB = "+4915187654321"
INTERNAL_ID = "Pmpi+EfPWmsxiomLe9Nx2XF9HOE483p6iKiFj65iMwI="
GROUP = "group.UG1waStFZlBXbXN4aW9tTGU5TngyWEY5SE9FNDgzcDZpS2lGajY1aU13ST0="
GROUP_PATH = GROUP.replace("=", "%3D")
NOW = 1769271479123
SENT = [{"timestamp": str(NOW)}]


@dataclass(frozen=True)
class Recorded:
    """A request as it went over the wire."""

    method: str
    path: str
    query: str
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body) if self.body else None


class Recorder(httpx.BaseTransport):
    """Answers from a queue; an empty queue answers every send with a new timestamp, else 204."""

    def __init__(self) -> None:
        self.requests: list[Recorded] = []
        self._answers: deque[httpx.Response | Exception] = deque()
        self._sends = 0

    def answer(self, status: int = 200, body: Any = None) -> Recorder:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self._answers.append(
            httpx.Response(status, content=b"" if body is None and status != 200 else content)
        )
        return self

    def fail(self, error: Exception) -> Recorder:
        self._answers.append(error)
        return self

    def client(self, **settings: Any) -> SignalClient:
        number = settings.pop("phone_number", ACCOUNT)
        return SignalClient(number, "http://server.example:8080", transport=self, **settings)

    @property
    def last(self) -> Recorded:
        return self.requests[-1]

    @property
    def bodies(self) -> list[Any]:
        return [request.json for request in self.requests]

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        path, _, query = request.url.raw_path.decode().partition("?")
        self.requests.append(Recorded(request.method, path, query, request.read()))
        if self._answers:
            answer = self._answers.popleft()
            if isinstance(answer, Exception):
                raise answer
            return answer
        if path == "/v2/send":
            self._sends += 1
            return httpx.Response(201, json=[{"timestamp": str(NOW + self._sends - 1)}])
        if path.startswith("/v1/remote-delete"):
            return httpx.Response(201, json={"timestamp": str(NOW + 1000)})
        return httpx.Response(204)
