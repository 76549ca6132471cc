"""A failing test from a dead letter, without anybody's data in it."""

from __future__ import annotations

import json
import pprint
import re
import string
from typing import TYPE_CHECKING, Any

from signalbot.observability.logging import redact

if TYPE_CHECKING:
    from signalbot.services.dead_letters import DeadLetter

_TEMPLATE = string.Template('''\
"""Dead letter $id: $error in $handler. Made by 'signalbot dlq to-test', with all data replaced."""

import pytest

FRAME = $frame


@pytest.fixture
def bot():
    from $module import $name

    return $name


def test_dead_letter_$id(chat):
    """Fails with $error until the handler is mended."""

    def arrive(server):
$scene        server.push({**FRAME, "account": chat.bot.account}, account=chat.bot.account)
        return FRAME["envelope"]["timestamp"]

    chat.act(arrive)
''')

# Members that say who or where, by the stand-in's spelling; everything else that is text is
# either a name of the protocol or somebody's words.
_NUMBERS = {"source", "sourceNumber", "number", "authorNumber", "targetAuthorNumber", "author",
            "targetAuthor", "destination", "destinationNumber"}  # fmt: skip
_UUIDS = {"sourceUuid", "uuid", "authorUuid", "targetAuthorUuid", "destinationUuid"}
_NAMES = {"sourceName", "name", "groupName", "profileName", "username", "title", "filename"}
_GROUPS = {"groupId"}
_WORDS = {"message", "text", "caption", "question", "option", "description", "url", "note"}
_PLAIN = {"type", "contentType", "action", "emoji", "style", "mode"}

_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_COMMAND = re.compile(r"\s*\S+")


class Redactor:
    """Replaces everybody and everything in a frame, the same by the same each time."""

    def __init__(self, account: str, *, keeps_text: bool) -> None:
        self._account = account
        self._keeps_text = keeps_text
        self._known: dict[str, str] = {}

    def value(self, value: Any, member: str = "") -> Any:
        """The value without data; ``member`` is the name it has in the frame."""
        if isinstance(value, dict):
            return {key: self.value(each, key) for key, each in value.items()}
        if isinstance(value, list):
            return [self.value(each, member) for each in value]
        if not isinstance(value, str) or not value:
            return value
        return self._text(value, member)

    def _text(self, value: str, member: str) -> str:
        if member in _WORDS:
            return value if self._keeps_text else words(value)
        if member in _PLAIN:
            return value
        if member in _UUIDS or _UUID.fullmatch(value):
            return self._stand_in(value, "{:08d}-0000-4000-8000-000000000000", 1)
        if value == self._account or (member in _NUMBERS and value.startswith("+")):
            return self._stand_in(value, "+1202555{:04d}", 100)
        if member in _GROUPS:
            # 32 bytes in base64, as all group ids are.
            return self._stand_in(value, "R3JvdXA{:036d}=", 1)
        if member in _NAMES:
            return self._stand_in(value, "Name {}", 1)
        return value if member in {"account"} else redact(words(value))

    def _stand_in(self, value: str, pattern: str, first: int) -> str:
        if value not in self._known:
            self._known[value] = pattern.format(first + len(self._known))
        return self._known[value]


def words(text: str) -> str:
    """The text as dots and dashes would look: of the same length and shape, saying nothing.

    The first word stays if it calls a command; so do digits in small numbers and punctuation,
    on which handlers fail most.
    """
    first = _COMMAND.match(text)
    is_command = first is not None and first[0].strip()[:1] in "/!.#"
    kept = first[0] if first is not None and is_command else ""
    rest = re.sub(r"\d{5,}", lambda found: "1" * len(found[0]), text[len(kept) :])
    return kept + "".join(
        ("X" if char.isupper() else "x") if char.isalpha() else char for char in rest
    )


def source_of_test(
    letter: DeadLetter, *, account: str, bot: str | None = None, keeps_text: bool = False
) -> str:
    """The module's text.

    Raises:
        ClickException: the frame cannot be read, so that no test can send it.
    """
    frame = _read(letter)
    module, name = _place_of_bot(letter, bot)
    redacted = Redactor(account, keeps_text=keeps_text).value(frame)
    redacted.pop("account", None)
    return _TEMPLATE.substitute(
        id=letter.id,
        error=letter.error_type or letter.reason,
        handler=letter.handler or "no handler",
        frame=pprint.pformat(redacted, width=96, sort_dicts=False),
        module=module,
        name=name,
        scene=_scene(redacted["envelope"]),
    )


def _read(letter: DeadLetter) -> dict[str, Any]:
    import click

    try:
        frame = json.loads(letter.raw)
    except ValueError:
        frame = None
    if isinstance(frame, dict):
        frame = frame.get("params", frame)  # as posted to a webhook
    envelope = frame.get("envelope") if isinstance(frame, dict) else None
    if not isinstance(frame, dict) or not isinstance(envelope, dict) or "timestamp" not in envelope:
        raise click.ClickException(
            f"Dead letter {letter.id} holds no frame that a test could send: see 'dlq show --raw'."
        )
    return frame


def _place_of_bot(letter: DeadLetter, bot: str | None) -> tuple[str, str]:
    """Module and variable: as told, or where the handler was, or bot.py."""
    if bot is not None:
        module, _, name = bot.removesuffix(".py").partition(":")
        return module.removesuffix(".py").replace("/", "."), name or "bot"
    module = (letter.handler or "").partition(".")[0]
    return (module if module.isidentifier() and module != "__main__" else "bot"), "bot"


def _scene(envelope: dict[str, Any]) -> str:
    """The lines that make sender and group known to the stand-in, so that replies get there."""
    person = {
        "name": envelope.get("sourceName"),
        "number": envelope.get("sourceNumber"),
        "uuid": envelope.get("sourceUuid") or "",
    }
    arguments = ", ".join(f"{key}={value!r}" for key, value in person.items())
    lines = [f"sender = server.add_person({arguments})"]
    group = _group_in(envelope)
    if group is not None:
        lines.append(f'server.add_group("Group", [sender], internal_id={group!r})')
    else:
        lines[0] = lines[0].removeprefix("sender = ")
    return "".join(f"        {line}\n" for line in lines)


def _group_in(value: Any) -> str | None:
    if isinstance(value, dict):
        info = value.get("groupInfo")
        if isinstance(info, dict) and isinstance(info.get("groupId"), str):
            return str(info["groupId"])
        return next((found for each in value.values() if (found := _group_in(each))), None)
    return None
