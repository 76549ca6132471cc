"""The records inside of events: attachments, quotes, previews, contacts."""

from __future__ import annotations

from dataclasses import dataclass

from signalbot.model.mentions import Mention
from signalbot.model.people import Group, User


class _Private:
    """Keeps content out of reprs, for these end up in logs and tracebacks."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


@dataclass(frozen=True, slots=True, repr=False)
class Attachment(_Private):
    """A file on the server; ``id`` fetches it.

    ``filename`` is the sender's own text: never a path to write to. All but ``id`` may be
    unknown, and ``id`` is None for a file that was not fetched.
    """

    content_type: str | None = None
    filename: str | None = None
    id: str | None = None
    size: int | None = None
    width: int | None = None
    height: int | None = None
    caption: str | None = None
    upload_timestamp: int | None = None

    @property
    def is_image(self) -> bool:
        """Whether the sender's app called it an image."""
        return self._is("image/")

    @property
    def is_audio(self) -> bool:
        """Whether the sender's app called it sound."""
        return self._is("audio/")

    @property
    def is_video(self) -> bool:
        """Whether the sender's app called it a film."""
        return self._is("video/")

    @property
    def is_voice_note(self) -> bool:
        """Whether it looks like one: nothing marks them but sound without a file name."""
        return self.is_audio and self.filename is None

    def _is(self, family: str) -> bool:
        return (self.content_type or "").lower().startswith(family)


@dataclass(frozen=True, slots=True, repr=False)
class TextStyle(_Private):
    """A styled range in UTF-16 units; ``style`` is Signal's word, such as ``BOLD``."""

    style: str
    start: int
    length: int


@dataclass(frozen=True, slots=True, repr=False)
class QuotedAttachment(_Private):
    """What is shown of a file in a quoted message; the file itself is not named."""

    content_type: str | None = None
    filename: str | None = None
    thumbnail: Attachment | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Quote(_Private):
    """The message that is answered: named by its author and its timestamp ``id``."""

    id: int
    author: User | None = None
    text: str = ""
    mentions: tuple[Mention, ...] = ()
    attachments: tuple[QuotedAttachment, ...] = ()
    styles: tuple[TextStyle, ...] = ()


@dataclass(frozen=True, slots=True, repr=False)
class Preview(_Private):
    """A link preview that was received."""

    url: str | None = None
    title: str | None = None
    description: str | None = None
    image: Attachment | None = None


@dataclass(frozen=True, slots=True, repr=False)
class LinkPreview(_Private):
    """A link preview to send; the message's text has to hold ``url``, an https address.

    ``image`` is the thumbnail: a path, or the bytes themselves.
    """

    url: str
    title: str
    description: str | None = None
    image: str | bytes | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Sticker(_Private):
    """A sticker by pack and number; its picture is not part of the message."""

    pack_id: str
    sticker_id: int


@dataclass(frozen=True, slots=True, repr=False)
class ContactName(_Private):
    """The parts of a shared contact's name."""

    given: str | None = None
    family: str | None = None
    nickname: str | None = None
    prefix: str | None = None
    middle: str | None = None
    suffix: str | None = None

    @property
    def full(self) -> str:
        """The parts in their usual order, else the nickname."""
        parts = (self.prefix, self.given, self.middle, self.family, self.suffix)
        return " ".join(part for part in parts if part) or self.nickname or ""


@dataclass(frozen=True, slots=True, repr=False)
class ContactField(_Private):
    """A number or mail address on a contact card; ``type`` is ``HOME WORK MOBILE CUSTOM``."""

    value: str | None = None
    type: str | None = None
    label: str | None = None


@dataclass(frozen=True, slots=True, repr=False)
class ContactAddress(_Private):
    """A postal address on a contact card."""

    type: str | None = None
    label: str | None = None
    street: str | None = None
    pobox: str | None = None
    neighborhood: str | None = None
    city: str | None = None
    region: str | None = None
    postcode: str | None = None
    country: str | None = None


@dataclass(frozen=True, slots=True, repr=False)
class ContactCard(_Private):
    """A contact that somebody shared."""

    name: ContactName
    phones: tuple[ContactField, ...] = ()
    emails: tuple[ContactField, ...] = ()
    addresses: tuple[ContactAddress, ...] = ()
    organization: str | None = None
    avatar: Attachment | None = None
    avatar_is_profile: bool = False


@dataclass(frozen=True, slots=True, repr=False)
class StoryContext(_Private):
    """The story that a message or reaction answers."""

    timestamp: int
    author: User | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Gradient(_Private):
    """The background of a text story; colours are ``#aarrggbb``."""

    colors: tuple[str, ...] = ()
    positions: tuple[float, ...] = ()
    angle: int | None = None
    start_color: str | None = None
    end_color: str | None = None


@dataclass(frozen=True, slots=True, repr=False)
class StoryText(_Private):
    """The look of a story that is text."""

    text: str = ""
    style: str | None = None
    foreground: str | None = None
    text_background: str | None = None
    background: str | None = None
    gradient: Gradient | None = None
    preview: Preview | None = None


@dataclass(frozen=True, slots=True, repr=False)
class GroupInfo(_Private):
    """What a frame tells about its group; ``type`` is ``DELIVER`` or ``UPDATE``."""

    group: Group
    revision: int | None = None
    type: str | None = None


@dataclass(frozen=True, slots=True, repr=False)
class IceUpdate(_Private):
    """One network path offered for a call."""

    id: int | None = None
    opaque: str | None = None


@dataclass(frozen=True, slots=True, repr=False)
class ReadMark(_Private):
    """A message that was read on another device: author and timestamp."""

    author: User
    timestamp: int
