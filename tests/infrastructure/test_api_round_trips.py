"""The client and the stand-in server together: what is set comes back, in every mode."""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Iterator
from typing import Any

import pytest

from signalbot.errors import BadRequest, NotFound, RateLimited, UntrustedIdentity
from signalbot.infrastructure.api_models.enums import (
    GroupLink,
    GroupPermission,
    LogLevel,
    Mode,
    TrustMode,
)
from signalbot.infrastructure.api_service import AREAS, SignalClient
from signalbot.model.content import Attachment
from signalbot.model.events import Message, Poll
from signalbot.model.mentions import Mention
from signalbot.model.people import Chat, Group, User
from signalbot.model.styling import bold, styled
from signalbot.testing import FakeSignal

ALICE = "+4915112345679"
BOB = "+4915187654321"
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 32


@pytest.fixture
def signal() -> Iterator[FakeSignal]:
    with FakeSignal() as server:
        server.add_person("Alice", number=ALICE, username="alice.42")
        server.add_person("Bob", number=BOB)
        yield server
        assert server.errors == []


@pytest.fixture
def client(signal: FakeSignal) -> Iterator[SignalClient]:
    with SignalClient(signal.number, signal.url) as connected:
        yield connected


@pytest.mark.parametrize("shape", ["array", "object"])
def test_a_message_is_sent_edited_quoted_and_deleted(shape: Any) -> None:
    with FakeSignal(send_answer=shape) as signal, SignalClient(signal.number, signal.url) as client:
        alice = signal.add_person("Alice", number=ALICE)

        sent = client.messages.send(ALICE, styled("dear ", bold("Alice")), styled=True)
        edited = sent.edit("dear all")
        client.messages.send(ALICE, "indeed", quote=sent)
        sent.react("👍")
        edited.delete()

        first, edit, quoting = signal.replies_to(alice)
        assert first.text == "dear Alice"
        assert edit.edit_of == sent.timestamp
        assert quoting.quote is not None
        assert [delete.target for delete in signal.deletes] == [sent.timestamp]


def test_mentions_and_files_arrive(signal: FakeSignal, client: SignalClient) -> None:
    client.messages.send(
        ALICE, f"😀 {Mention(User(number=BOB))}!", attachments=[("menu.png", PNG), b"plain"]
    )

    (sent,) = signal.sent
    assert [(mention["start"], mention["length"]) for mention in sent.mentions] == [(3, 1)]
    assert [file.data for file in sent.attachments] == [PNG, b"plain"]
    assert sent.attachments[0].filename == "menu.png"


def test_a_mixed_send_reaches_everybody(signal: FakeSignal, client: SignalClient) -> None:
    group = client.groups.create("Pizza", [ALICE])

    sent = client.messages.send([ALICE, BOB, "alice.42", group], "hi")

    assert sent.ok
    assert len(signal.sent) == 3


def test_an_untrusted_key_can_be_trusted(signal: FakeSignal, client: SignalClient) -> None:
    signal.untrusted(ALICE)
    with pytest.raises(UntrustedIdentity):
        client.messages.send(ALICE, "hi")

    client.identities.trust(ALICE, all_known_keys=True)

    assert client.messages.send(ALICE, "hi").ok


def test_a_rate_limit_can_be_lifted(signal: FakeSignal, client: SignalClient) -> None:
    signal.rate_limit(None, ("tok-1",))
    with pytest.raises(RateLimited) as caught:
        client.messages.send(ALICE, "hi")

    client.accounts.solve_challenge(caught.value.challenge_tokens[0], "signalcaptcha://x")

    assert client.messages.send(ALICE, "hi").ok


def test_a_group_lives(signal: FakeSignal, client: SignalClient) -> None:
    group = client.groups.create(
        "Pizza", [ALICE], description="Fridays", link=GroupLink.ENABLED_WITH_APPROVAL
    )

    client.groups.add_members(group, [BOB])
    client.groups.add_admins(group, BOB)
    client.groups.update(
        group.internal_id,
        name="Pasta",
        avatar=PNG,
        permissions={"add_members": GroupPermission.ONLY_ADMINS},
    )
    info = client.groups.get(group.id, expand=True)

    assert (info.name, info.description) == ("Pasta", "Fridays")
    assert {BOB, ALICE} <= {user.number for user in info.members}
    assert BOB in {user.number for user in info.admins}
    assert info.permissions.add_members is GroupPermission.ONLY_ADMINS
    assert client.groups.avatar(group) == PNG
    assert [known.group for known in client.groups.list()] == [group]

    client.groups.remove_admins(group, [BOB])
    client.groups.remove_members(group, [BOB])
    assert BOB not in {user.number for user in client.groups.get(group).members}


def test_an_unknown_group_is_not_found(client: SignalClient) -> None:
    stranger = Group("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")

    with pytest.raises(NotFound):
        client.groups.get(stranger)
    with pytest.raises(NotFound):
        client.groups.add_members(stranger, [ALICE])


@pytest.mark.parametrize("mode", ["json-rpc", "normal"])
def test_usernames_are_added_to_groups_in_every_mode(mode: Any) -> None:
    with FakeSignal(mode=mode) as signal, SignalClient(signal.number, signal.url) as client:
        alice = signal.add_person("Alice", username="alice.42")
        group = client.groups.create("Pizza")

        client.groups.add_members(group, "alice.42")

        members = client.groups.get(group, expand=True).members
        assert alice.uuid in {user.uuid for user in members}


def test_a_contact_gets_a_name(client: SignalClient) -> None:
    client.contacts.update(ALICE, name="Alice A.")

    assert client.contacts.get(ALICE).name == "Alice A."


def test_a_poll_is_asked_answered_and_closed(signal: FakeSignal, client: SignalClient) -> None:
    poll = client.polls.create(ALICE, "Dinner?", ["Pizza", "Pasta"])

    poll.vote("Pasta")
    poll.close()

    assert [vote.answers for vote in signal.votes] == [(2,)]


def test_a_username_comes_and_goes(client: SignalClient) -> None:
    mine = client.accounts.set_username("pizza")

    assert mine.username.startswith("pizza.")
    assert mine.link.startswith("https://")
    client.accounts.remove_username()


def test_configuration_comes_back() -> None:
    with FakeSignal(mode="normal") as signal, SignalClient(signal.number, signal.url) as client:
        client.configuration.set_log_level("warn")
        client.configuration.set_trust_mode(TrustMode.ALWAYS)

        assert client.configuration.log_level() is LogLevel.WARN
        assert client.configuration.trust_mode() is TrustMode.ALWAYS
        assert client.general.about().mode is Mode.NORMAL


def test_the_trust_mode_is_the_operators_in_json_rpc(client: SignalClient) -> None:
    with pytest.raises(BadRequest):
        client.configuration.set_trust_mode(TrustMode.ALWAYS)


def test_polling_by_hand_brings_events() -> None:
    with FakeSignal(mode="normal") as signal, SignalClient(signal.number, signal.url) as client:
        alice = signal.add_person("Alice", number=ALICE)
        signal.say(alice, "one")
        signal.say(alice, "two")

        received = client.messages.receive(timeout=1)

        assert [getattr(event, "text", None) for event in received] == ["one", "two"]
        assert received.unreadable == ()


# -- the examples in the reference ---------------------------------------------------------


def examples(owner: type) -> list[str]:
    return re.findall(r"```python\n(.*?)```", inspect.cleandoc(owner.__doc__ or ""), re.DOTALL)


def rate_limited(signal: FakeSignal) -> RateLimited:
    """What a send raises that runs into a limit, which stays until its challenge is solved."""
    signal.rate_limit(None, ("tok-1",))
    with SignalClient(signal.number, signal.url) as other, pytest.raises(RateLimited) as caught:
        other.messages.send(BOB, "hi")
    return caught.value


def received_message(signal: FakeSignal, group: Group) -> Message:
    alice = signal.state.named("Alice A.")
    file = signal.upload(("menu.png", PNG))
    return Message(
        sender=User(uuid=alice.uuid),
        chat=Chat(group=group),
        timestamp=signal.say(alice, "hi", group.id, attachments=[file]),
        attachments=(Attachment(id=file["id"]),),
    )


def received_poll(signal: FakeSignal, group: Group) -> Poll:
    alice = signal.state.named("Alice A.")
    options = ("Pizza", "Pasta")
    return Poll(
        sender=User(uuid=alice.uuid),
        chat=Chat(group=group),
        timestamp=signal.poll(alice, "Dinner?", options, group.id),
        options=options,
    )


@pytest.mark.parametrize("name", sorted(AREAS))
def test_every_area_shows_an_example(name: str) -> None:
    assert examples(AREAS[name])


@pytest.mark.parametrize(
    ("name", "example"),
    [(name, code) for name in sorted(AREAS) for code in examples(AREAS[name])],
)
def test_examples_run(
    name: str,
    example: str,
    signal: FakeSignal,
    client: SignalClient,
    tmp_path: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "pizza.png").write_bytes(PNG)
    monkeypatch.chdir(tmp_path)
    alice = signal.add_person("Alice A.", number="+4915112340000", username="alice.43")
    signal.add_person("Carol", username="alice.44")
    group = client.groups.create("Friends", [alice.number or ""])
    limited = rate_limited(signal)
    if name != "accounts":  # whose example lifts it
        signal.clear_faults()
    namespace: dict[str, Any] = {
        "client": client,
        "alice": User(number=alice.number),
        "group": group,
        "chat": Chat(group=group),
        "picture": PNG,
        "message": received_message(signal, group),
        "event": received_poll(signal, group),
        "error": limited,
        "Mention": Mention,
        "LogLevel": LogLevel,
        "GroupLink": GroupLink,
        "UntrustedIdentity": UntrustedIdentity,
    }

    exec(compile(textwrap.dedent(example), f"<example of {name}>", "exec"), namespace)
