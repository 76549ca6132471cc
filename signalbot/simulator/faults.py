"""The switches of the fault panel."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from typing import Any

from signalbot.simulator.requests import BadRequest, Body
from signalbot.testing import FakeSignal

_SEND = "/v2/send"


class FaultPanel:
    """Breaks the stand-in server, and mends it; ``actions`` lists it all by name."""

    def __init__(self, server: FakeSignal) -> None:
        self._server = server
        self._is_down = False
        self.actions: dict[str, Callable[[Body], Any]] = {
            "fail": self._fail,
            "rate-limit": self._rate_limit,
            "solve": self._solve,
            "slow": self._slow,
            "lossy": self._lossy,
            "drop": self._drop,
            "down": self._down,
            "duplicate": self._duplicate,
            "clear": self._clear,
        }

    def to_json(self) -> dict[str, Any]:
        """What is broken now."""
        present = self._server.faults.present(time.monotonic())
        return {
            "fail": sum(fault.left or 0 for fault in present if fault.kind == "reply"),
            "limits": [
                {"left": fault.left, "tokens": list(fault.tokens)}
                for fault in present
                if fault.kind == "rate-limit"
            ],
            "slow": sum(fault.seconds for fault in present if fault.kind == "slow"),
            "lossy": self._server.hub.lossy,
            "down": self._is_down,
            "duplicates": self._server.hub.duplicates,
        }

    def act(self, body: Body) -> Any:
        """Do one of the actions.

        Raises:
            BadRequest: there is none of that name.
        """
        action = self.actions.get(body.text("action", longest=20))
        if action is None:
            raise BadRequest("no such fault")
        return action(body)

    def _fail(self, body: Body) -> None:
        self._server.fail_next(body.integer("count", 1, 100, 1), path=_SEND)

    def _rate_limit(self, body: Body) -> dict[str, str]:
        token = f"token-{secrets.token_hex(4)}"
        self._server.rate_limit(body.integer("count", 1, 100, 1), (token,))
        return {"token": token}

    def _solve(self, body: Body) -> None:
        if not self._server.faults.lift_rate_limit(body.text("token", longest=100)):
            raise BadRequest("no limit gave out that token")

    def _slow(self, body: Body) -> None:
        seconds = body.number("seconds", 0, 60)
        self._server.faults.drop("slow")
        if seconds:
            self._server.slow(seconds, path=_SEND)

    def _lossy(self, body: Body) -> None:
        self._server.hub.lossy = body.flag("on")
        # A socket is prepared for it when it subscribes, so the present ones begin anew.
        self._reconnect()

    def _drop(self, body: Body) -> None:
        self._reconnect()

    def _down(self, body: Body) -> None:
        on = body.flag("on")
        if on == self._is_down:
            return
        if on:
            self._server.stop_listening()
        else:
            self._server.listen_again()
        self._is_down = on

    def _duplicate(self, body: Body) -> None:
        self._server.duplicate_next(body.integer("count", 1, 100, 1))

    def _clear(self, body: Body) -> None:
        self._server.clear_faults()
        if self._server.hub.lossy:
            self._server.hub.lossy = False
            self._reconnect()
        if self._is_down:
            self._server.listen_again()
            self._is_down = False

    def _reconnect(self) -> None:
        if not self._is_down:
            self._server.drop_websocket()
