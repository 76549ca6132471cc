"""What somebody may have meant who wrote a name that does not exist."""

from __future__ import annotations

from collections.abc import Iterable


def similar(word: str, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """The known word that is most like this one; None if none is like it.

    Args:
        cutoff: how much of the words must agree, from 0 to 1.
    """
    import difflib  # only where somebody has mistyped: it takes 250 KB

    near = difflib.get_close_matches(word, list(known), n=1, cutoff=cutoff)
    return near[0] if near else None
