"""How this server is received from, found out before connecting."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Literal, Protocol

from signalbot.errors import NotRegistered, SettingsError
from signalbot.infrastructure.frame_source import SourceStats

if TYPE_CHECKING:
    from signalbot.infrastructure.api_service import SignalClient

Way = Literal["websocket", "polling"]


def way_to_receive(client: SignalClient, account: str, receive_mode: str) -> Way:
    """Ask the server for its mode and its accounts, and choose.

    A websocket handshake on a classic server runs a poll and loses what it returns, and a
    websocket for an unknown number is silent for ever: so both are asked for before connecting.

    Raises:
        SettingsError: ``receive_mode`` does not fit the server's mode; the text names the fix.
        NotRegistered: the server has no such account.
        ApiError: the server did not answer."""
    about = client.general.about()
    mode = str(getattr(about.mode, "value", about.mode) or "")
    classic = mode in ("normal", "native")
    if receive_mode == "websocket" and classic:
        raise SettingsError(
            f"receive_mode='websocket', but the server runs in MODE={mode}, which can only be "
            "polled. Set MODE=json-rpc on the server (recommended), or receive_mode='auto'."
        )
    if receive_mode == "polling" and not classic:
        raise SettingsError(
            f"receive_mode='polling', but the server runs in MODE={mode or 'json-rpc'}, which "
            "pushes over a websocket. Set receive_mode='auto', or MODE=normal on the server."
        )
    registered = client.accounts.list()
    if account not in registered:
        how_many = f"{len(registered)} other" if registered else "no"
        raise NotRegistered(
            f"{account} is not an account of this server, which has {how_many} account(s). Spell "
            "it exactly as it was registered ('+' and digits), or register or link it first: "
            "'signalbot link', 'signalbot register'.",
            status=200,
            account=account,
        )
    return "polling" if classic else "websocket"


class Source(Protocol):
    """A frame source: see the listener in the runtime."""

    def run(
        self, on_frame: Callable[[bytes, float], None], *, on_open: Callable[[], None]
    ) -> None: ...
    def close(self, grace: float = 1.0) -> None: ...
    @property
    def stats(self) -> SourceStats: ...


class Connector:
    """Makes a frame source, after asking the server once how it wants to be received from."""

    def __init__(
        self, find_way: Callable[[], Way], sources: Mapping[Way, Callable[[], Source]]
    ) -> None:
        self._find_way = find_way
        self._sources = sources
        self._proven: Way | None = None  # the way that worked last

    def connect(self) -> Source:
        """A source that is not connected yet.

        Raises:
            SettingsError, NotRegistered, ApiError: see way_to_receive."""
        # After a drop no time is lost by asking again: the server drops what nobody reads. If
        # the way does not work any more, the next attempt asks.
        way, self._proven = self._proven, None
        if way is None:
            way = self._find_way()
        return _Remembering(self, way, self._sources[way]())

    def worked(self, way: Way) -> None:
        """A connection of that kind came about."""
        self._proven = way


class LatePolls:
    """A poller whose last poll may end after the inbox: what it brings is stored all the same.

    The server has acknowledged those messages to Signal, so they are nowhere else."""

    must_finish = True  # who closes it gives it the time that there is

    def __init__(
        self,
        source: Source,
        *,
        is_open: Callable[[], bool],
        keep: Callable[[bytes, float], None],
    ) -> None:
        self._source = source
        self._is_open = is_open
        self._keep = keep
        self.close = source.close
        self.stats = source.stats

    def run(self, on_frame: Callable[[bytes, float], None], *, on_open: Callable[[], None]) -> None:
        def take(raw: bytes, received_at: float) -> None:
            (on_frame if self._is_open() else self._keep)(raw, received_at)

        self._source.run(take, on_open=on_open)


class _Remembering:
    """A source that tells the connector that its way works."""

    def __init__(self, connector: Connector, way: Way, source: Source) -> None:
        self._connector = connector
        self._way: Way = way
        self._source = source
        self.must_finish = getattr(source, "must_finish", False)
        self.close = source.close
        self.stats = source.stats

    def run(self, on_frame: Callable[[bytes, float], None], *, on_open: Callable[[], None]) -> None:
        def opened() -> None:
            self._connector.worked(self._way)
            on_open()

        self._source.run(on_frame, on_open=opened)
