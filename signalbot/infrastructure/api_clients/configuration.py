"""Configuration: settings of the server itself."""

from __future__ import annotations

from signalbot.infrastructure.api_clients.area import Area
from signalbot.infrastructure.api_clients.operation import Operation, Param, required, values
from signalbot.infrastructure.api_models.enums import LogLevel, TrustMode
from signalbot.infrastructure.calls import Family


class ConfigurationApi(Area):
    """What the server logs, and what it does with new keys.

    ```python
    client.configuration.set_log_level(LogLevel.WARN)
    print(client.configuration.trust_mode())
    ```
    """

    GET = Operation("GET", "/v1/configuration", Family.ADMIN)
    SET = Operation(
        "POST",
        "/v1/configuration",
        Family.ADMIN,
        body=(
            required(
                "logging",
                "object",
                fields=(Param("Level", required=True, enum=values(LogLevel)),),
            ),
        ),
    )
    GET_SETTINGS = Operation("GET", "/v1/configuration/{number}/settings", Family.ADMIN)
    SET_SETTINGS = Operation(
        "POST",
        "/v1/configuration/{number}/settings",
        Family.ADMIN,
        body=(required("trust_mode", enum=values(TrustMode)),),
    )

    def log_level(self) -> LogLevel:
        """How much the server logs."""
        found = self._ask(self.GET)
        try:
            # The server calls the error level "".
            return LogLevel(found["logging"]["Level"] or LogLevel.ERROR)
        except (KeyError, TypeError, ValueError):
            raise self._caller.unreadable(self.GET, 200) from None

    def set_log_level(self, level: LogLevel | str) -> None:
        """Change how much the server logs, until it restarts."""
        self._do(self.SET, body={"logging": {"Level": LogLevel(level).value}})

    def trust_mode(self) -> TrustMode:
        """What is stored for the account; in json-rpc mode the daemon may do otherwise."""
        found = self._ask(self.GET_SETTINGS)
        try:
            return TrustMode(found["trust_mode"])
        except (KeyError, TypeError, ValueError):
            raise self._caller.unreadable(self.GET_SETTINGS, 200) from None

    def set_trust_mode(self, mode: TrustMode | str) -> None:
        """Decide what happens to people's new keys; classic modes only.

        Raises:
            BadRequest: always in json-rpc mode, where the operator decides by the server's
                environment variable ``JSON_RPC_TRUST_NEW_IDENTITIES``.
        """
        self._do(self.SET_SETTINGS, body={"trust_mode": TrustMode(mode).value})
