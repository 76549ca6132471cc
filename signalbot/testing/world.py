"""What every route may look at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from .faults import Faults
from .receive import Hub
from .records import Logs
from .replies import Refused, Reply
from .state import Account, State


@dataclass(slots=True)
class Options:
    """How the stand-in was asked to be; see :class:`~signalbot.testing.FakeSignal`."""

    mode: str = "json-rpc"
    version: str | None = "0.100"
    send_answer: str = "array"
    latency: float = 0.0
    ping_interval: float = 54.0
    default_text_mode: str = "normal"
    command_timeout: float = 120.0
    verification_code: str = "123-456"
    captcha: str | None = None

    @property
    def is_classic(self) -> bool:
        """Whether each request runs its own signal-cli (``normal``, ``native``)."""
        return self.mode in ("normal", "native")

    @property
    def is_newer(self) -> bool:
        """Whether this is a server after 0.100, known by its answer to sends."""
        return self.send_answer == "array"


@dataclass(slots=True)
class World:
    """State, logs, faults, frames, options: the five things that routes work on."""

    options: Options
    state: State
    logs: Logs
    faults: Faults
    hub: Hub
    poll_noise: list[str] = field(default_factory=list)
    poll_failure: str | None = None

    def account(self, number: str) -> Account:
        """The account of a request.

        Raises:
            Refused: with the words of the mode, if signal-cli does not know it.
        """
        account = self.state.accounts.get(number)
        if account is None:
            if self.options.is_classic:
                raise Refused(f"User {number} is not registered.\n")
            raise Refused("Specified account does not exist")
        return account

    def check_timestamp(self, timestamp: int) -> int:
        """Refuse seconds: signal-cli reads a small number as a Java Integer and fails.

        Raises:
            Refused: in json-rpc mode, for anything below 2**31.
        """
        if timestamp < 2**31 and not self.options.is_classic:
            raise Refused(
                "class java.lang.Integer cannot be cast to class java.lang.Long "
                "(java.lang.ClassCastException)"
            )
        return timestamp


Handler = Callable[..., Reply]
Route = tuple[str, str, Handler]
