"""Where the client differs from the server's own document on purpose.

Each entry is one exact difference. Anything else about the same endpoint is still a gap.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Gap:
    """One difference between client and specification.

    Attributes:
        part: operation, path parameter, query parameter, body, body field, required, type, or
            enum value.
        name: of the parameter or field; dotted if it is nested.
        lacking: "client" or "server", whichever does not have it.
        value: the enum value, or how types differ.
    """

    method: str
    path: str
    part: str
    name: str
    lacking: str
    value: str = ""

    @property
    def what(self) -> str:
        """The difference in words, without the endpoint."""
        return " ".join(word for word in (self.part, self.name, self.value) if word)


_SEND = "POST", "/v2/send"
_CONFIGURATION = "POST", "/v1/configuration"
_SETTINGS = "/v1/configuration/{number}/settings"
_CONTACT = "/v1/contacts/{number}/{uuid}"
_GROUPS_WITH_PERMISSIONS = (
    ("POST", "/v1/groups/{number}"),
    ("PUT", "/v1/groups/{number}/{groupid}"),
)

_LEVELS = "the document calls it a text; the server refuses every other value"
_NO_BODY = "the document describes the answer as a body of the request; the server reads none"
_IN_TEMPLATE = "the document forgets to declare what its own path names"
_ANY_SUBSET = "the server takes any subset of the three"
_OPTIONAL = "the server wants url and title only, and an empty thumbnail is an error"
_UNDOCUMENTED = "the server has it, its document does not"

ACCEPTED: Mapping[Gap, str] = {
    **{
        Gap(*_CONFIGURATION, "enum value", "logging.Level", "server", level): _LEVELS
        for level in ("debug", "info", "warn", "error")
    },
    **{
        Gap("POST", _SETTINGS, "enum value", "trust_mode", "server", mode): _LEVELS
        for mode in ("on-first-use", "always", "never")
    },
    Gap("GET", _SETTINGS, "body", "", "client"): _NO_BODY,
    Gap("GET", _SETTINGS, "body field", "trust_mode", "client"): _NO_BODY,
    Gap("GET", _CONTACT, "path parameter", "uuid", "server"): _IN_TEMPLATE,
    Gap("GET", f"{_CONTACT}/avatar", "path parameter", "uuid", "server"): _IN_TEMPLATE,
    **{
        Gap(*endpoint, "required", f"permissions.{name}", "client"): _ANY_SUBSET
        for endpoint in _GROUPS_WITH_PERMISSIONS
        for name in ("add_members", "edit_group", "send_messages")
    },
    Gap(*_SEND, "required", "link_preview.description", "client"): _OPTIONAL,
    Gap(*_SEND, "required", "link_preview.base64_thumbnail", "client"): _OPTIONAL,
    Gap("GET", "/v1/search", "operation", "", "server"): _UNDOCUMENTED,
    Gap("GET", "/swagger/doc.json", "operation", "", "server"): _UNDOCUMENTED,
}
