"""A stand-in for signal-cli-rest-api that runs inside the test's process."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal

from . import control, snapshot
from .fault_controls import FaultControls
from .faults import Faults
from .identifiers import make_uuid
from .incoming import Incoming
from .inspection import Inspection
from .receive import Hub
from .records import Logs
from .state import Account, Device, GroupState, Person, State
from .world import Options, World

if TYPE_CHECKING:
    from .application import Application
    from .server import ServerThread

_HINT = "the stand-in server needs more packages: pip install 'signalbot-sync[test]'"

Mode = Literal["json-rpc", "json-rpc-native", "normal", "native"]


class FakeSignal(Incoming, Inspection, FaultControls):
    """A real HTTP and websocket server on loopback that behaves like signal-cli-rest-api.

    ::

        from signalbot.testing import FakeSignal

        with FakeSignal() as signal:
            alice = signal.add_person("Alice", number="+4915199999999")
            ...                               # start a bot on signal.url for signal.number
            signal.wait_for_socket()
            signal.say(alice, "/ping")
            signal.wait_for_sent()
            assert [sent.text for sent in signal.replies_to(alice)] == ["pong"]

    It may be started and stopped again; what it knows stays. More switches are in ``options``
    (captcha and code of a registration, the time after which a poll is killed, ...).

    Args:
        number: the first account; ``accounts`` adds more, number to name.
        lossy: drop frames in bursts, let one stuck reader starve the others, as the real server
            does. Without it every frame reaches every open socket, in order.
        hold: keep frames while no socket is open for their account. Off by default, because the
            real server drops them: a test that needs ``hold`` should know that it does.
        version: of ``/v1/about``; None for a server too old to tell mode and version.
        send_answer: what ``/v2/send`` answers: ``"array"`` after 0.100, ``"object"`` up to it;
            error texts, partial failures go with it.
        webhook_url: where each frame is posted, while everything else waits (json-rpc modes).
        latency: seconds by which every answer comes later.
        is_controllable: offer the calls of this class under ``/fake/``, too.
        now: the clock, in seconds since the epoch.
    """

    def __init__(
        self,
        *,
        number: str = "+4915112345678",
        accounts: Mapping[str, str | None] | Iterable[str] = (),
        mode: Mode = "json-rpc",
        lossy: bool = False,
        hold: bool = False,
        version: str | None = "0.100",
        send_answer: Literal["array", "object"] = "array",
        host: str = "127.0.0.1",
        port: int = 0,
        webhook_url: str | None = None,
        latency: float = 0.0,
        ping_interval: float = 54.0,
        default_text_mode: str = "normal",
        is_controllable: bool = False,
        now: Callable[[], float] = time.time,
    ) -> None:
        options = Options(
            mode=mode,
            version=version,
            send_answer=send_answer,
            latency=latency,
            ping_interval=ping_interval,
            default_text_mode=default_text_mode,
        )
        if lossy and hold:
            raise ValueError("lossy and hold contradict each other")
        if webhook_url is not None and options.is_classic:
            raise ValueError("RECEIVE_WEBHOOK_URL works in json-rpc modes only")
        self.options = options
        self.number = number
        self.host = host
        self.port = port
        self.webhook_url = webhook_url
        self._is_controllable = is_controllable
        self.state = State(now)
        self.logs = Logs()
        self.faults = Faults()
        self.hub = Hub(self.logs, is_classic=options.is_classic, lossy=lossy, hold=hold)
        self.world = World(options, self.state, self.logs, self.faults, self.hub)
        self._application: Application | None = None
        self._server: ServerThread | None = None
        names: Mapping[str, str | None]
        names = accounts if isinstance(accounts, Mapping) else dict.fromkeys(accounts, "Bot")
        for each, name in {number: "Bot", **names}.items():
            self.add_account(each, name)

    # -- life ---------------------------------------------------------------------------

    @property
    def url(self) -> str:
        """Where it listens; known once it was started."""
        return f"http://{self.host}:{self.port}"

    @property
    def uuid(self) -> str:
        """The account id of the first account."""
        return self.state.accounts[self.number].uuid

    def start(self) -> FakeSignal:
        """Listen, and return when connections are accepted.

        Raises:
            ImportError: if the extra with the server's packages is not installed.
            OSError: if the port is taken.
        """
        if self._server is not None:
            return self
        try:
            from .assembly import assemble
        except ImportError as error:
            raise ImportError(f"{_HINT} ({error})") from error
        self._application, server = assemble(
            self.world,
            self.host,
            self.port,
            webhook_url=self.webhook_url,
            extra_routes=control.routes(self) if self._is_controllable else (),
        )
        server.start()
        self._server = server
        self.port = server.port
        return self

    def stop(self) -> None:
        """End at once, hanging requests included; may be called twice."""
        server, self._server = self._server, None
        if server is not None:
            server.stop()

    def __enter__(self) -> FakeSignal:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def hanging(self) -> int:
        """How many requests hang now."""
        return self._application.hanging if self._application is not None else 0

    @property
    def peak_parallel(self) -> int:
        """The most requests that were under way at once since the start."""
        return self._application.peak if self._application is not None else 0

    # -- people, groups -----------------------------------------------------------------

    def add_account(
        self,
        number: str,
        name: str | None = "Bot",
        *,
        uuid: str | None = None,
        is_linked: bool = False,
    ) -> Account:
        """Register one more number with this server, or link it to somebody's phone."""
        now = self.state.next_timestamp()
        account = Account(number, uuid or make_uuid(f"account {number}"), name)
        account.devices = [Device(1, "", now, now), Device(2, "signal-cli", now, now)]
        account.is_primary = not is_linked
        return self.state.add_account(account)

    def add_person(
        self,
        name: str | None,
        number: str | None = None,
        uuid: str | None = None,
        username: str | None = None,
    ) -> Person:
        """Make somebody who can write; without ``number`` it is somebody who hides it.

        ``uuid=""`` is somebody of whom only the number is known.
        """
        return self.state.add_person(name, number=number, uuid=uuid, username=username)

    def add_group(
        self,
        name: str,
        members: Iterable[str | Person] = (),
        *,
        admins: Iterable[str | Person] = (),
        internal_id: str | None = None,
    ) -> GroupState:
        """Make a group of these people with the first account."""
        group = self.state.add_group(
            name,
            [self.uuid, *(self.state.named(member).id for member in members)],
            internal_id=internal_id,
        )
        group.admins = [self.state.named(admin).id for admin in admins]
        return group

    # -- scenes -------------------------------------------------------------------------

    def dump(self) -> dict[str, Any]:
        """Accounts, people, groups, polls, files: as JSON values."""
        return snapshot.dump(self.state)

    def load(self, data: dict[str, Any]) -> None:
        """Replace the state by a dump.

        Raises:
            ValueError: if it is not a dump.
        """
        snapshot.load(self.state, data)
        self.number = next(iter(self.state.accounts), self.number)
