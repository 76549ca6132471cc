"""The keywords that editors are told about are those that there are."""

from __future__ import annotations

import inspect

import pytest

from signalbot.infrastructure.api_clients.messages import MessagesApi
from signalbot.infrastructure.outgoing_options import (
    EditOptions,
    HandlerReplyOptions,
    HandlerSendOptions,
    ReplyOptions,
    SendOptions,
)

KEYWORDS = {
    name
    for name, parameter in inspect.signature(MessagesApi.send).parameters.items()
    if parameter.kind is inspect.Parameter.KEYWORD_ONLY
}


@pytest.mark.parametrize(
    ("options", "keywords"),
    [
        (SendOptions, KEYWORDS),
        (ReplyOptions, KEYWORDS - {"quote"}),
        (EditOptions, KEYWORDS - {"edit", "split"}),
        (HandlerSendOptions, KEYWORDS | {"on_commit"}),
        (HandlerReplyOptions, KEYWORDS - {"quote"} | {"on_commit"}),
    ],
)
def test_the_options_are_those_of_send(options: type, keywords: set[str]) -> None:
    assert set(options.__annotations__) | inherited(options) == keywords


def inherited(options: type) -> set[str]:
    keys: frozenset[str] = getattr(options, "__optional_keys__", frozenset())
    return set(keys)
