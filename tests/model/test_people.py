"""People, groups and chats: one identity in any spelling."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signalbot.model import Chat, Group, User, to_rest_id

UUID = "11111111-aaaa-4bbb-8ccc-111111111111"
NUMBER = "+12025550143"
GROUP = "9tpL4CdBQir+9ulGsr26IzGtPtjR4RSzfy+iBmOCljc="


@pytest.mark.parametrize(("value", "expected"), [
    (NUMBER, User(number=NUMBER)),
    (" +1 (202) 555-0143 ", User(number=NUMBER)),
    ("+1.202/555 0143", User(number=NUMBER)),
    (UUID, User(UUID)),
    (UUID.upper(), User(UUID)),
    (UUID.replace("-", ""), User(UUID)),
    ("{" + UUID + "}", User(UUID)),
    ("urn:uuid:" + UUID, User(UUID)),
    ("PNI:" + UUID.upper(), User("PNI:" + UUID)),
    ("alice.42", User(username="alice.42")),
    ("u:alice.42", User(username="alice.42")),
])  # fmt: skip
def test_a_person_in_any_spelling(value: str, expected: User):
    assert User.parse(value) == expected
    assert User.parse(User.parse(value)) == expected


@pytest.mark.parametrize("value", [
    "", " ", "+", "+49", "4917139200", "dagmar", "dagmar.", ".42", "u:", "+49abc", GROUP, "\ud800",
    "group." + "x" * 60, "alice.42\n.1", "+" + "1" * 30, "+１２３４５６７", "12025550143",
])  # fmt: skip
def test_what_names_nobody_is_refused_without_repeating_it(value: str):
    with pytest.raises(ValueError, match="expected a number") as caught:
        User.parse(value)

    assert len(value) < 4 or value not in str(caught.value)


def test_a_person_needs_an_identifier():
    with pytest.raises(ValueError, match="uuid"):
        User(name="Alice")


def test_equality_is_by_the_best_identifier_and_ignores_the_name():
    assert User(UUID, NUMBER, name="Alice") == User(UUID)
    assert hash(User(UUID, NUMBER)) == hash(User(UUID))
    assert User(UUID, NUMBER) != User(number=NUMBER)
    assert User(UUID) != UUID


def test_matching_is_by_any_shared_identifier():
    alice = User(UUID, NUMBER, "Alice.42")

    assert all(
        map(alice.matches, (UUID.upper(), NUMBER, "+1 202 555 0143", "alice.42", "u:alice.42"))
    )
    assert alice.matches(User(number=NUMBER))
    assert User(number=NUMBER).matches(alice)
    assert not User(UUID).matches(User(number=NUMBER))
    assert not alice.matches("nobody in particular")
    assert not User(username="a.1").matches(User(username="a.2"))


def test_how_requests_name_a_person():
    assert (User(UUID, NUMBER).recipient, User(UUID, NUMBER).address) == (UUID, UUID)
    assert (User(number=NUMBER).recipient, User(number=NUMBER).address) == (NUMBER, NUMBER)
    for spelling in ("alice.42", "u:alice.42"):
        person = User(username=spelling)
        assert (person.recipient, person.address) == ("alice.42", "u:alice.42")


@pytest.mark.parametrize("value", [NUMBER, UUID, "PNI:" + UUID, "alice.42", "u:alice.42", "hm?"])
def test_a_person_off_the_wire_keeps_the_identifier(value: str):
    assert User.from_wire(value).id == value


def test_a_group_in_any_spelling():
    for value in (GROUP, to_rest_id(GROUP), f" {GROUP} ", Group(GROUP, "Team")):
        assert Group.parse(value) == Group(GROUP)
    assert Group(GROUP).id == Group(GROUP).recipient == to_rest_id(GROUP)
    assert hash(Group(GROUP, "Team")) == hash(Group(GROUP))
    assert Group(GROUP) != GROUP


@pytest.mark.parametrize("value", ["", "Team", "group.", "group.42", NUMBER, UUID])
def test_what_is_no_group_id_is_refused(value: str):
    with pytest.raises(ValueError, match="not a group"):
        Group.parse(value)


def test_a_group_needs_an_id():
    with pytest.raises(ValueError, match="id"):
        Group("")


def test_a_group_matches_ids_and_its_name():
    team = Group(GROUP, "Team")

    assert all(map(team.matches, (GROUP, to_rest_id(GROUP), "Team", Group(GROUP))))
    assert not any(map(team.matches, ("team", "", Group("x"), NUMBER)))
    assert not Group(GROUP).matches("Team")


def test_a_chat_is_with_one_person_or_in_one_group():
    with pytest.raises(ValueError, match="one user or in one group"):
        Chat()
    with pytest.raises(ValueError, match="one user or in one group"):
        Chat(User(UUID), Group(GROUP))


def test_where_a_chat_answers():
    direct = Chat(User(username="alice.42", name="Alice"))
    team = Chat(group=Group(GROUP, "Team"))

    assert (direct.key, direct.id, direct.name) == ("alice.42", "alice.42", "Alice")
    assert (direct.recipient, direct.address) == ("alice.42", "u:alice.42")
    assert (direct.is_private, direct.is_group) == (True, False)
    assert (team.key, team.id, team.name) == (GROUP, to_rest_id(GROUP), "Team")
    assert team.recipient == team.address == to_rest_id(GROUP)
    assert (team.is_private, team.is_group) == (False, True)


def test_chats_are_equal_by_key():
    assert Chat(User(UUID, NUMBER)) == Chat(User(UUID))
    assert Chat(group=Group(GROUP, "Team")) == Chat(group=Group(GROUP))
    assert Chat(User(UUID)) != Chat(User(number=NUMBER))
    assert Chat(User("x")) != Chat(group=Group("x"))
    assert len({Chat(User(UUID)), Chat(User(UUID, NUMBER)), Chat(group=Group(GROUP))}) == 2
    assert Chat(User(UUID)) != UUID


def test_a_chat_in_any_spelling():
    assert Chat.parse(NUMBER) == Chat.parse(User(number=NUMBER)) == Chat(User(number=NUMBER))
    for value in (GROUP, to_rest_id(GROUP), Group(GROUP), Chat(group=Group(GROUP))):
        assert Chat.parse(value) == Chat(group=Group(GROUP))
    assert Chat.parse("group.42").user == User(username="group.42")
    with pytest.raises(ValueError, match="not a"):
        Chat.parse("group.zzz")


def test_a_chat_matches_what_names_it():
    direct, team = Chat(User(UUID, NUMBER)), Chat(group=Group(GROUP, "Team"))

    assert all(map(direct.matches, (NUMBER, UUID, User(number=NUMBER), Chat(User(UUID)))))
    assert all(map(team.matches, (GROUP, to_rest_id(GROUP), "Team", Group(GROUP), team)))
    assert not any(map(direct.matches, (GROUP, Group(UUID), team)))
    assert not any(map(team.matches, (NUMBER, User(GROUP), direct)))


@given(st.text(st.characters(), max_size=80))
def test_parsing_gives_somebody_or_a_value_error(value: str):
    for parse in (User.parse, Group.parse, Chat.parse):
        try:
            found = parse(value)
        except ValueError:
            continue
        assert parse(found.id) == found
        repr(found).encode("ascii")
