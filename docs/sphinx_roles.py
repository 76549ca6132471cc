"""Shows Sphinx roles, which editors understand, as plain code on the site."""

from __future__ import annotations

import re
from typing import Any

import griffe

ROLE = re.compile(r":(?:attr|class|exc|func|meth|mod):`(~?)([\w.]+)`")


def plain(match: re.Match[str]) -> str:
    tilde, name = match.groups()
    return f"`{name.rpartition('.')[2] if tilde else name}`"


class SphinxRoles(griffe.Extension):
    """Rewrites each docstring once it is loaded."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        if obj.docstring:
            obj.docstring.value = ROLE.sub(plain, obj.docstring.value)
