"""The webhook as part of a web program that has its own way to route and answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from signalbot.infrastructure.webhook import WebhookApp

_NO_SECRET = (
    b'{"error": "set webhook_secret: whoever reaches this address could post messages in '
    b"anybody's name\"}\n"
)


@dataclass(frozen=True)
class Answer:
    """What the host is to answer with."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


def post_to_webhook(app: WebhookApp, environ: Mapping[str, Any], in_path: str) -> Answer:
    """Hand a request over; ``in_path`` is what stood behind the webhook's own path.

    A web program is reachable by everybody, unlike a listener on loopback: without a secret the
    answer is 403, whatever was posted."""
    if not app.has_secret:
        return Answer(403, (("Content-Type", "application/json"),), _NO_SECRET)
    # WSGI wants bytes dressed as Latin-1; the mount point stands for the webhook's path.
    path = "/" + in_path.encode("utf-8", "replace").decode("latin-1")
    taken: list[Any] = []

    def start_response(
        status: str, headers: list[tuple[str, str]], *rest: Any
    ) -> Callable[[bytes], None]:
        taken[:] = [int(status.split(maxsplit=1)[0]), tuple(headers)]
        return lambda chunk: None

    body = b"".join(app({**environ, "SCRIPT_NAME": "/mounted", "PATH_INFO": path}, start_response))
    return Answer(taken[0], taken[1], body)
