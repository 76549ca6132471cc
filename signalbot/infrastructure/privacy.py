"""The server's error texts without what belongs to other people."""

from __future__ import annotations

import re
from typing import Any

_LONGEST = 500  # classic modes answer with whole stack traces

_NUMBER = re.compile(r"(?:\+|%2[Bb])\d(?:[ ().-]?\d){4,17}")
_UUID = re.compile(r"\b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b")
_TOKEN = re.compile(r"token\"?\s*[:=]?\s*\"([^\"]+)\"", re.IGNORECASE)
_SECRET_LINK = re.compile(r"\b(?:sgnl|signalcaptcha|tsdevice)://\S+|\bhttps?://[^\s/@]+@\S+")
_BASIC = re.compile(r"\b(Basic|Bearer) +[A-Za-z0-9+/=._~-]+")


def masked(text: str, *, own: str | None = None) -> str:
    """Hide phone numbers but the account's own, account ids, tokens and secret links; shorten."""
    own_digits = re.sub(r"\D", "", own or "")

    def number(found: re.Match[str]) -> str:
        digits = re.sub(r"\D", "", found[0].replace("%2B", "+").replace("%2b", "+"))
        return found[0] if digits == own_digits else "<number>"

    text = _TOKEN.sub(lambda found: found[0].replace(found[1], "<token>"), text)
    text = _SECRET_LINK.sub("<link>", text)
    text = _BASIC.sub(r"\1 <secret>", text)
    text = _UUID.sub("<uuid>", text)
    text = _NUMBER.sub(number, text)
    return text if len(text) <= _LONGEST else text[:_LONGEST] + " …"


def challenge_tokens(text: str, payload: Any) -> tuple[str, ...]:
    """The tokens to answer with a captcha: from the answer's own field, else out of its text.

    Empty ones mean that signal-cli gave none; they are dropped, as are repetitions."""
    field = payload.get("challenge_tokens") if isinstance(payload, dict) else None
    listed = [token for token in field if isinstance(token, str)] if isinstance(field, list) else []
    found = listed or [match[1] for match in _TOKEN.finditer(text)]
    return tuple(dict.fromkeys(token for token in found if token.strip()))
