"""The check of the webhook: would the server's posts arrive."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit, urlunsplit

from signalbot.cli.checks import Check

if TYPE_CHECKING:
    from signalbot.settings import Settings

_NO_FRAME = b"signalbot doctor"


def webhook_check(
    settings: Settings, *, url: str | None, has_owner: bool, timeout: float
) -> Check | None:
    """Whether posts arrive where the settings say; None if no webhook is used."""
    listen = settings.webhook_listen
    if url is None and listen is None:
        if settings.receive_mode == "webhook":
            return Check(
                "webhook", True,
                "receive_mode is 'webhook' without webhook_listen: your own web server must mount "
                "bot.webhook_app. Give --webhook-url to have that tried.",
            )  # fmt: skip
        return None
    if url is None and importlib.util.find_spec("waitress") is None:
        return Check("webhook", False, "webhook_listen is set, but waitress is not installed.",
                     "pip install 'signalbot-sync[webhook]'")  # fmt: skip
    target = url or _address(str(listen), settings.webhook_path)
    secret = settings.webhook_secret
    status = _post(target, secret.get_secret_value() if secret else None, timeout)
    return _judge(target, status, is_started=has_owner or url is not None)


def _address(listen: str, path: str) -> str:
    host, _, port = listen.rpartition(":")
    if host in ("0.0.0.0", "[::]"):  # nosec B104
        host = "127.0.0.1"
    return f"http://{host}:{port}{path}"


def _post(url: str, secret: str | None, timeout: float) -> int | str:
    """The status that a post of something that is no frame gets, or why there is none."""
    import httpx

    if secret is not None:
        parts = urlsplit(url)
        url = urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/{quote(secret, safe='')}"))
    try:
        return httpx.post(url, content=_NO_FRAME, timeout=timeout, trust_env=False).status_code
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return type(error).__name__


def _judge(url: str, status: int | str, *, is_started: bool) -> Check:
    if status == 400:  # what the app says to something that is no JSON, behind path and secret
        return Check("webhook", True, f"{url} takes posts.",
                     f"The server's environment: RECEIVE_WEBHOOK_URL={url}")  # fmt: skip
    if isinstance(status, str):
        if not is_started and status == "ConnectError":
            return Check("webhook", True, f"{url} will be opened when the bot starts.")
        return Check("webhook", False, f"{url} cannot be reached ({status}).",
                     "Start the bot; check the address and the firewall between.")  # fmt: skip
    fixes = {
        401: "Set the SIGNAL_WEBHOOK_SECRET that the bot runs with.",
        404: "The path differs: compare SIGNAL_WEBHOOK_PATH with what the bot runs with.",
        405: "Something else answers there: is the port taken by another program?",
        503: "The webhook cannot store: see the check of the directory.",
    }
    fix = fixes.get(status, "Something else answers there: check address and proxy.")
    return Check("webhook", False, f"{url} answers {status}.", fix)
