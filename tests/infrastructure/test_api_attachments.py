"""What may be attached, under which name it goes out, and what is too much."""

from __future__ import annotations

import base64
import io
import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from signalbot.errors import ConnectFailed
from signalbot.infrastructure.outgoing_attachments import (
    DEFAULT_MAX_BYTES,
    load,
    load_all,
    safe_name,
)
from signalbot.infrastructure.outgoing_download import download
from tests.infrastructure.api_recorder import BOB, Recorder

PNG = b"\x89PNG\r\n\x1a\n"


def entry(source: Any) -> str:
    return load(source).text


# -- sources -------------------------------------------------------------------------------


@pytest.mark.parametrize("as_path", [str, Path])
def test_a_path_keeps_its_name(tmp_path: Path, as_path: Callable[[Path], Any]) -> None:
    file = tmp_path / "Übersicht 2.png"
    file.write_bytes(PNG)

    assert entry(as_path(file)).startswith("data:image/png;filename=Übersicht 2.png;base64,")


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_bytes_without_a_name_go_raw_so_that_the_server_looks_at_them(kind: Any) -> None:
    assert entry(kind(PNG)) == base64.b64encode(PNG).decode()


@pytest.mark.parametrize(
    ("source", "name", "mime"),
    [
        (("a.png", PNG), "a.png", "image/png"),
        (("photo", PNG, "image/png"), "photo.png", "image/png"),
        (("photo.bin", PNG, "image/png"), "photo.bin.png", "image/png"),
        (("photo.jpeg", PNG, "image/jpeg"), "photo.jpeg", "image/jpeg"),
        (("", PNG, "image/png"), "attachment.png", "image/png"),
        (("notes", b"x", "text/plain; charset=utf-8"), "notes.txt", "text/plain"),
        (("a.ogg", b"x", "application/octet-stream"), "a.ogg", "audio/ogg"),
        (("sticker", b"x", "image/webp"), "sticker.webp", "image/webp"),
        (("voice", b"x", "audio/mp4"), "voice.m4a", "audio/mp4"),
        (("photo", b"x", "IMAGE/JPEG"), "photo.jpg", "image/jpeg"),
        (("data", b"x"), "data", "application/octet-stream"),
        (("odd", b"x", "application/x-nobody-knows"), "odd", "application/octet-stream"),
    ],
)
def test_a_type_is_told_by_the_extension(source: Any, name: str, mime: str) -> None:
    assert entry(source).startswith(f"data:{mime};filename={name};base64,")


def test_a_file_object_keeps_its_name_and_is_read_from_where_it_is(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"abcdef")

    with path.open("rb") as file:
        file.seek(3)
        found = load(file)

    assert (found.name, found.data) == ("a.txt", b"def")


def test_uploads_of_web_frameworks_are_files_too() -> None:
    class Upload(io.BytesIO):
        filename = "photo"
        content_type = "image/png"
        name = "form-field"

    assert load(Upload(PNG)).name == "photo.png"


def test_a_received_attachment_can_be_passed_on() -> None:
    class Received:
        filename = "photo.png"
        content_type = "image/png"

        def read(self) -> bytes:
            return PNG

    assert (load(Received()).name, load(Received()).data) == ("photo.png", PNG)  # type: ignore[arg-type]  # duck-typed


def test_a_file_object_without_a_name_is_sent_without_one() -> None:
    assert load(io.BytesIO(b"x")).name == ""


def test_text_mode_files_are_refused() -> None:
    with pytest.raises(TypeError, match="'rb'"):
        load(io.StringIO("x"))  # type: ignore[arg-type]  # what is tested
    picture = io.TextIOWrapper(io.BytesIO(PNG), encoding="utf-8")  # it does not even decode
    with pytest.raises(TypeError, match="binary mode"):
        load(picture)  # type: ignore[arg-type]  # what is tested


@pytest.mark.parametrize(
    "source",
    [5, None, ("a",), ("a", "b"), (b"a", b"b"), ("a", b"b", "c", "d"), object()],
)
def test_what_is_no_source_is_refused(source: Any) -> None:
    with pytest.raises(TypeError):
        load(source)


def test_one_or_several_may_be_given(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"x")

    def names(sources: Any) -> list[str]:
        return [file.name for file in load_all(sources, max_bytes=100)]

    assert names(str(path)) == ["a.txt"]
    assert names(("b.txt", b"x")) == ["b.txt"]
    assert names((("b.txt", b"x"), ("c.txt", b"x"))) == ["b.txt", "c.txt"]
    assert names((str(path), str(path))) == ["a.txt", "a.txt"]
    assert names(iter([b"x", path])) == ["", "a.txt"]
    assert names(None) == []
    with pytest.raises(TypeError, match="not int"):
        names(5)


# -- limits --------------------------------------------------------------------------------


def test_empty_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()

    for source in (b"", ("a", b""), tmp_path / "empty", io.BytesIO()):
        with pytest.raises(ValueError, match="empty"):
            load(source)


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "sparse"
    with path.open("wb") as file:
        file.truncate(DEFAULT_MAX_BYTES + 1)

    with pytest.raises(ValueError, match="95,000,000"):
        load(path)


@pytest.mark.parametrize("make", [bytes, io.BytesIO, lambda data: ("a", data)])
def test_the_limit_holds_for_every_source(make: Callable[[bytes], Any]) -> None:
    assert load(make(b"x" * 10), max_bytes=10)
    with pytest.raises(ValueError, match="max_attachment_size"):
        load(make(b"x" * 11), max_bytes=10)


def test_the_limit_can_be_set_on_the_client() -> None:
    recorder = Recorder()

    with pytest.raises(ValueError, match="max_attachment_size"):
        recorder.client(max_attachment_size=10).messages.send(BOB, attachments=b"x" * 11)

    assert recorder.requests == []


def test_only_regular_files_are_read(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="regular"):
        load("/dev/zero")
    with pytest.raises(OSError, match="missing"):
        load(tmp_path / "missing")
    with pytest.raises(OSError, match="directory"):
        load(tmp_path)


# -- names ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "safe"),
    [
        ("../../etc/passwd", "passwd"),
        ("..", ""),
        (".", ""),
        ("a/..", ""),
        ("C:\\Users\\me\\a.txt", "a.txt"),
        ("a;b.txt", "ab.txt"),
        ("a\x00b\r\n.txt", "ab.txt"),
        ("in\u202etxt.exe", "intxt.exe"),
        ('say "hi".txt', "say hi.txt"),
        ("naïve 日本.txt", "naïve 日本.txt"),
        ("a\ud83d.txt", "a\ufffd.txt"),
        (".hidden", ".hidden"),
        ("report..pdf", "report..pdf"),
    ],
)
def test_names_cannot_leave_their_directory_or_end_early(given: str, safe: str) -> None:
    assert safe_name(given) == safe


@pytest.mark.parametrize("letter", ["x", "ü", "日", "😀"])
def test_long_names_are_cut_between_characters_before_the_extension(letter: str) -> None:
    name = safe_name(letter * 300 + ".png")

    assert len(name.encode()) <= 200
    assert name == letter * (len(name) - 4) + ".png"


# -- URLs ----------------------------------------------------------------------------------


class Site:
    """A web server that answers as its ``pages`` say."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.pages: dict[str, tuple[int, dict[str, str], bytes]] = {}
        self.seen: list[tuple[str, dict[str, str]]] = []


@pytest.fixture
def site() -> Iterator[Site]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found.seen.append((self.path, dict(self.headers)))
            status, headers, body = found.pages.get(self.path, (404, {}, b""))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        found = Site(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield found
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("path", "headers", "name"),
    [
        ("/pics/cat.png?token=secret", {}, "cat.png"),
        ("/pics/cat", {"Content-Type": "image/png"}, "cat.png"),
        ("/", {"Content-Type": "image/png; q=1"}, "attachment.png"),
        ("/x", {"Content-Disposition": 'attachment; filename="menü 1.pdf"'}, "menü 1.pdf"),
        ("/x", {"Content-Disposition": "attachment; filename*=UTF-8''men%C3%BC.pdf"}, "menü.pdf"),
        ("/x", {"Content-Disposition": 'attachment; filename="../../a.pdf"'}, "a.pdf"),
        ("/a%2Fb%20c.png", {}, "b c.png"),
    ],
)
def test_a_url_gives_name_and_type(
    site: Site, path: str, headers: dict[str, str], name: str
) -> None:
    encoded = {key: value.encode().decode("latin-1") for key, value in headers.items()}
    site.pages[path] = (200, encoded, PNG)

    found = load(site.url + path)

    assert (found.name, found.data) == (name, PNG)


def test_redirects_are_followed_to_http_only(site: Site) -> None:
    site.pages["/a"] = (302, {"Location": "/b"}, b"")
    site.pages["/b"] = (200, {}, PNG)
    site.pages["/file"] = (302, {"Location": "file:///etc/passwd"}, b"")
    site.pages["/loop"] = (302, {"Location": "/loop"}, b"")

    assert load(site.url + "/a").name == "b"
    for path in ("/file", "/loop"):
        with pytest.raises(ValueError, match="attachment"):
            load(site.url + path)


def test_a_url_that_is_not_there_is_an_error_without_its_secrets(site: Site) -> None:
    with pytest.raises(ValueError, match="answered 404") as caught:
        load(site.url + "/cat.png?token=secret")

    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_what_is_too_large_is_not_downloaded(site: Site) -> None:
    site.pages["/told"] = (200, {"Content-Length": "1000"}, b"x" * 1000)
    site.pages["/untold"] = (200, {}, b"x" * 1000)

    for path in ("/told", "/untold"):
        with pytest.raises(ValueError, match="more than 999 bytes"):
            load(site.url + path, max_bytes=999)
    assert len(load(site.url + "/told", max_bytes=1000).data) == 1000


def test_a_download_that_breaks_off_is_no_attachment(site: Site) -> None:
    site.pages["/cut"] = (200, {"Content-Length": "1000"}, b"x" * 10)

    with pytest.raises(ConnectFailed) as caught:
        load(site.url + "/cut")

    assert not caught.value.may_have_been_sent


def test_a_host_that_does_not_answer_is_named() -> None:
    with pytest.raises(ConnectFailed, match=r"127\.0\.0\.1"):
        load("http://127.0.0.1:9/cat.png?token=secret")


def test_a_download_that_drips_ends_at_its_deadline() -> None:
    released = threading.Event()

    class Dripping(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            while not released.wait(0.01):
                try:
                    self.wfile.write(b"x")
                except OSError:
                    return

        def log_message(self, *arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Dripping) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        start = time.monotonic()
        with pytest.raises(ConnectFailed, match="TimeoutError"):
            download(f"http://127.0.0.1:{server.server_port}/x", max_bytes=10**6, deadline=0.2)
        took = time.monotonic() - start
        released.set()
        server.shutdown()
        thread.join()

    assert took < 5


def test_the_servers_credentials_stay_with_the_server(site: Site) -> None:
    site.pages["/cat.png"] = (200, {}, PNG)
    recorder = Recorder()

    with recorder.client(auth=("user", "password"), headers={"X-Token": "secret"}) as client:
        client.messages.send(BOB, attachments=site.url + "/cat.png")

    sent_to_site = json.dumps(site.seen)
    assert "Authorization" not in sent_to_site
    assert "X-Token" not in sent_to_site


def test_a_url_is_fetched_once_for_all_calls(site: Site) -> None:
    site.pages["/cat.png"] = (200, {}, PNG)
    recorder = Recorder()

    recorder.client().messages.send([BOB, "alice.42"], attachments=site.url + "/cat.png")

    assert len(recorder.requests) == 2
    assert len(site.seen) == 1


def test_mistakes_are_found_before_anything_is_downloaded(site: Site) -> None:
    with pytest.raises(ValueError, match="sticker"):
        Recorder().client().messages.send(BOB, sticker="x", attachments=site.url + "/cat.png")

    assert site.seen == []


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_is_no_attachment(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)

    with pytest.raises(ValueError, match="regular"):
        load(pipe)
