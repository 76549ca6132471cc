"""What the server tells about other people."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field

from signalbot.infrastructure.api_models.base import WireModel
from signalbot.infrastructure.api_models.enums import TrustLevel
from signalbot.model.people import User


class ContactProfile(WireModel):
    """What a person has published about themselves.

    Attributes:
        last_updated_timestamp: ms since the epoch, 0 if unknown.
    """

    given_name: str = ""
    last_name: str = Field(default="", alias="lastname")
    about: str = ""
    has_avatar: bool = False
    last_updated_timestamp: int = 0


class Nickname(WireModel):
    """What the account's owner calls a person."""

    name: str = ""
    given_name: str = ""
    family_name: str = ""


class Contact(WireModel):
    """A person the account knows; unknown texts are "".

    With current signal-cli the server gets ``blocked`` (always False), ``message_expiration`` and
    ``profile_name`` (always "") wrong: use ``profile`` for the name, rely on none of the three.
    """

    number: str = ""
    uuid: str = ""
    username: str = ""
    name: str = ""
    given_name: str = ""
    profile_name: str = ""
    color: str = ""
    note: str = ""
    blocked: bool = False
    message_expiration: str = ""
    profile: ContactProfile = ContactProfile.model_construct()
    nickname: Nickname = Nickname.model_construct()

    @property
    def user(self) -> User:
        """The person, as every other call takes them."""
        return User(
            uuid=self.uuid or None,
            number=self.number or None,
            username=self.username or None,
            name=self.display_name or None,
        )

    @property
    def display_name(self) -> str:
        """The first of nickname, contact name and profile name that is set."""
        own = f"{self.profile.given_name} {self.profile.last_name}".strip()
        return self.nickname.name or self.name or own or self.profile_name


class Identity(WireModel):
    """A person's key as this account has seen it.

    Attributes:
        status: a :class:`TrustLevel`, or plain text that this version does not know.
        added: ms since the epoch when the key was first seen.
        safety_number: what :meth:`IdentitiesApi.trust` takes to verify the key.
    """

    number: str = ""
    uuid: str = ""
    status: Annotated[TrustLevel | str, Field(union_mode="left_to_right")] = ""
    fingerprint: str = ""
    safety_number: str = ""
    added: Annotated[int, BeforeValidator(lambda value: value or 0)] = 0

    @property
    def user(self) -> User:
        """The person whose key it is."""
        return User(uuid=self.uuid or None, number=self.number or None)


class SearchResult(WireModel):
    """Whether a number is on Signal.

    Attributes:
        number: in the server's own normal form; "" if it could not make sense of it.
    """

    number: str = ""
    registered: bool = False
