"""What the page does over HTTP, without a browser."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any, TypeVar

import httpx

from signalbot.simulator.web import Simulator

T = TypeVar("T")


class PageClient:
    """Posts actions, and keeps what the event stream tells, as the page's own store does."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator
        self.origin = simulator.url.rstrip("/")
        self.http = httpx.Client(
            base_url=simulator.url, headers={"origin": self.origin}, timeout=20.0
        )

    def __enter__(self) -> PageClient:
        return self

    def __exit__(self, *error: object) -> None:
        self.http.close()

    def post(self, action: str, /, **body: Any) -> httpx.Response:
        return self.http.post(f"api/{action}", json=body)

    def act(self, action: str, /, **body: Any) -> dict[str, Any]:
        response = self.post(action, **body)
        assert response.status_code == 200, response.text
        result: dict[str, Any] = response.json()
        return result

    def snapshot(self) -> dict[str, Any]:
        """Everything as a page that opens now would get it."""
        with self.http.stream("GET", "events") as response:
            for line in response.iter_lines():
                if line.startswith("data: "):
                    snapshot: dict[str, Any] = json.loads(line.removeprefix("data: "))
                    return snapshot
        raise AssertionError("the stream ended without a snapshot")

    def wait(self, find: Callable[[dict[str, Any]], T | None], timeout: float = 20.0) -> T:
        """The first true thing that is found in a snapshot; a new one is made at each change."""
        found: list[T] = []

        def look() -> bool:
            value = find(self.snapshot())
            if value:
                found.append(value)
            return bool(value)

        deadline = threading.Event()
        timer = threading.Timer(timeout, deadline.set)
        timer.start()
        try:
            while not look():
                assert not deadline.wait(0.03), "it did not come in time"
        finally:
            timer.cancel()
        return found[0]

    def messages(self, chat: str) -> list[dict[str, Any]]:
        return [each for each in self.snapshot()["messages"] if each["chat"] == chat]

    def answer(self, chat: str, text: str) -> dict[str, Any]:
        """The bot's message with this in it."""

        def find(snapshot: dict[str, Any]) -> dict[str, Any] | None:
            shown = [m for m in snapshot["messages"] if m["chat"] == chat and m["author"] == "bot"]
            return next((m for m in shown if text in (m["text"] or "")), None)

        message = self.wait(find)
        assert message is not None
        return message

    def trace(self, message: str, until: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
        """The trace of a message's first frame, as soon as it is as wanted."""

        def find(snapshot: dict[str, Any]) -> dict[str, Any] | None:
            shown = next(each for each in snapshot["messages"] if each["id"] == message)
            trace: dict[str, Any] | None = snapshot["traces"].get(shown["frames"][0])
            return trace if trace and until(trace) else None

        trace = self.wait(find)
        assert trace is not None
        return trace
