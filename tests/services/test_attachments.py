"""Received files, from the stand-in server."""

from __future__ import annotations

import contextlib
import io
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from signalbot import SignalClient
from signalbot.errors import HandlerTimeout, NotFound, StorageError
from signalbot.model.content import Attachment
from signalbot.services.attachments import ReceivedAttachment, safe_name
from signalbot.testing import FakeSignal

PNG = b"\x89PNG\r\n\x1a\n" + bytes(1000)


@pytest.fixture
def server() -> Iterator[FakeSignal]:
    with FakeSignal() as fake:
        yield fake


@pytest.fixture(params=["bare", "httpx"])
def client(server: FakeSignal, request: pytest.FixtureRequest) -> Iterator[SignalClient]:
    """Over both ways that a call may take."""
    transport = httpx.HTTPTransport() if request.param == "httpx" else None
    with SignalClient(server.number, server.url, transport=transport) as made:
        yield made


def received(
    server: FakeSignal, client: SignalClient, data: bytes, name: str | None = None, **options: Any
) -> ReceivedAttachment:
    record = server.upload((name, data) if name else data)
    return ReceivedAttachment(
        Attachment(
            content_type=record["contentType"],
            filename=name,
            id=record["id"],
            size=options.pop("size", len(data)),
        ),
        lambda: client,
        lambda: None,
        **options,
    )


def test_read_open_and_save_give_the_same_bytes(
    server: FakeSignal, client: SignalClient, tmp_path: Path
) -> None:
    image = received(server, client, PNG, "cat.png")

    saved = [image.save(tmp_path), image.save(tmp_path), image.save(tmp_path, name="../dog.png")]

    assert image.read() == PNG
    with image.open() as stream:
        assert stream.read(4) == PNG[:4]
    assert [path.name for path in saved] == ["cat.png", "cat-1.png", "dog.png"]
    assert all(path.parent == tmp_path and path.read_bytes() == PNG for path in saved)
    assert len(list(tmp_path.iterdir())) == 3
    assert saved[0].stat().st_mode & 0o077 == 0


class Pieces(io.FileIO):
    """A file that notes how much is written at once."""

    largest = 0

    def write(self, data: Any, /) -> int:
        self.largest = max(self.largest, len(data))
        return super().write(data)


def test_a_large_file_goes_to_the_disk_in_pieces(
    server: FakeSignal, client: SignalClient, tmp_path: Path
) -> None:
    size = 24 * 2**20
    record = server.upload(("film.mp4", bytes(size)))

    with Pieces(tmp_path / "film.mp4", "w+") as file:
        assert client.attachments.download(record["id"], file) == size

    assert (tmp_path / "film.mp4").stat().st_size == size
    assert 0 < file.largest <= 2**20


def test_the_cap_counts_whatever_the_sender_said(
    server: FakeSignal, client: SignalClient, tmp_path: Path
) -> None:
    honest = received(server, client, bytes(5000), max_bytes=4000)
    liar = received(server, client, bytes(5000), max_bytes=4000, size=10)

    for each in (honest, liar):
        with pytest.raises(StorageError, match="the limit is 4000"):
            each.read()
        with pytest.raises(StorageError):
            each.save(tmp_path)

    assert list(tmp_path.iterdir()) == []
    assert len(server.calls("GET", "/v1/attachments")) == 2  # only the liar's was asked for


def test_a_file_that_the_server_has_not_got_yet_is_asked_for_again(
    server: FakeSignal, client: SignalClient
) -> None:
    late = received(server, client, PNG)
    server.fail_next(2, 404, path="/v1/attachments", text="not yet")

    assert late.read() == PNG


def test_a_file_that_never_comes_is_not_found(
    server: FakeSignal, client: SignalClient, tmp_path: Path
) -> None:
    gone = received(server, client, PNG, patience=0.2)
    server.state.attachments.clear()

    with pytest.raises(NotFound):
        gone.save(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_failed_attempt_leaves_nothing_in_the_file(
    server: FakeSignal, client: SignalClient
) -> None:
    data = bytes(range(256)) * 4000
    file = received(server, client, data)
    server.crash_mid_request(1, path="/v1/attachments", handled=True)

    assert file.read() == data


def test_the_servers_copy_is_deleted_if_asked_for(
    server: FakeSignal, client: SignalClient, tmp_path: Path
) -> None:
    kept, read, saved, opened = (received(server, client, PNG) for _ in range(4))

    kept.read()
    read.read(delete=True)
    saved.save(tmp_path, delete=True)
    with contextlib.suppress(LookupError), opened.open(delete=True):
        raise LookupError  # what could not be processed stays
    read.delete_on_server()

    assert set(server.state.attachments) == {kept.record.id, opened.record.id}


def test_after_the_handlers_deadline_nothing_is_fetched(
    server: FakeSignal, client: SignalClient
) -> None:
    record = Attachment(id="x.png", content_type="image/png")
    expired = threading.Event()

    def guard() -> None:
        if expired.is_set():
            raise HandlerTimeout("too late")

    file = ReceivedAttachment(record, lambda: client, guard)
    expired.set()

    with pytest.raises(HandlerTimeout):
        file.read()
    assert not server.calls("GET", "/v1/attachments")


@pytest.mark.parametrize(
    ("content_type", "kind"),
    [
        ("image/png", "is_image"),
        ("audio/aac", "is_audio"),
        ("video/mp4", "is_video"),
        ("application/pdf", "is_file"),
        (None, "is_file"),
    ],
)
def test_kinds_of_files(content_type: str | None, kind: str) -> None:
    record = Attachment(content_type=content_type, id="x")
    file = ReceivedAttachment(record, lambda: None, lambda: None)  # type: ignore[arg-type,return-value] # never asked

    kinds = ("is_image", "is_audio", "is_video", "is_file")
    assert [name for name in kinds if getattr(file, name)] == [kind]


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        (".bashrc", "bashrc"),
        ("a\x00b/c:d?.txt", "c_d_.txt"),
        ("CON.txt", "attachment.png"),
        ("", "attachment.png"),
        (None, "attachment.png"),
        ("…/", "attachment.png"),
        ("x" * 300 + ".jpeg", "x" * 115 + ".jpeg"),
    ],
)
def test_names_are_safe_as_one_component(name: str | None, safe: str) -> None:
    assert safe_name(name, "image/png", "id.png") == safe
