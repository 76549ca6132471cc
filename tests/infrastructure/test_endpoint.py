from __future__ import annotations

import ssl
import traceback
from pathlib import Path

import pytest
import trustme
from pydantic import SecretStr

from signalbot.errors import SettingsError
from signalbot.infrastructure.endpoint import Endpoint


@pytest.mark.parametrize(
    ("text", "base_url"),
    [
        ("127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("signal_api:8080", "http://signal_api:8080"),
        ("proxy:80/signal", "http://proxy/signal"),
        ("http://host", "http://host"),
        ("http://host:80/", "http://host"),
        ("HTTP://Host.Example:8080/Base/Path/", "http://host.example:8080/Base/Path"),
        ("https://host//a//b/", "https://host/a/b"),
        ("https://host:443", "https://host"),
        ("ws://host:8080", "http://host:8080"),
        ("wss://host/base", "https://host/base"),
        ("[::1]:8080", "http://[::1]:8080"),
        ("https://[2001:DB8::0001]/x", "https://[2001:db8::1]/x"),
        ("http://bücher.example:1", "http://xn--bcher-kva.example:1"),
        ("http://host/ä b".replace(" ", "%20"), "http://host/%C3%A4%20b"),
    ],
)
def test_address_is_normalised(text: str, base_url: str) -> None:
    endpoint = Endpoint.parse(text)

    assert endpoint.base_url == base_url
    assert endpoint.key == base_url


def test_parts_of_the_address() -> None:
    endpoint = Endpoint.parse("https://Host.Example:8443/base/path/")

    assert (endpoint.host, endpoint.port, endpoint.is_tls) == ("host.example", 8443, True)
    assert endpoint.base_path == "/base/path"
    assert endpoint.authority == "host.example:8443"
    assert endpoint.url("/v1/about") == "https://host.example:8443/base/path/v1/about"


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("host:8080", "ws://host:8080/v1/receive/%2B4915112345678"),
        ("https://host/base", "wss://host/base/v1/receive/%2B4915112345678"),
        ("[::1]:8080", "ws://[::1]:8080/v1/receive/%2B4915112345678"),
    ],
)
def test_websocket_url_has_the_base_path_and_an_encoded_number(text: str, url: str) -> None:
    assert Endpoint.parse(text).websocket_url("+4915112345678") == url


@pytest.mark.parametrize(
    "text",
    [
        "",
        None,
        8080,
        "localhost",
        "localhost:",
        "localhost:0",
        "localhost:65536",
        "localhost:http",
        "localhost:80:80",
        "::1:8080",
        "[::1:8080",
        "[::g]:8080",
        "[::1]x:8080",
        "http://",
        "http:///v1",
        "http://:8080",
        "http://-host:1",
        "http://ho st:1",
        " host:1",
        "host:1\n",
        "host\\x:1",
        "ftp://host:1",
        "http//host:1",
        "http://host:1?x=1",
        "http://host:1#x",
        "http://host/a/../b",
        "http://host/%2e%2e/b",
        "http://" + "ä" * 70 + ":1",
    ],
)
def test_nonsense_is_refused_with_an_example(text: object) -> None:
    with pytest.raises(SettingsError, match=r"signal_service .*write it like"):
        Endpoint.parse(text)  # type: ignore[arg-type]


def test_missing_port_names_the_servers_own() -> None:
    with pytest.raises(SettingsError, match=r"has no port.*8080"):
        Endpoint.parse("localhost")


def test_user_in_the_url_is_decoded() -> None:
    endpoint = Endpoint.parse("http://al%40ice:p%C3%A4%3A%2Fss@host:8080/base")

    assert endpoint.base_url == "http://host:8080/base"
    # base64 of al@ice:pä:/ss
    assert endpoint.request_headers() == {"Authorization": "Basic YWxAaWNlOnDDpDovc3M="}


@pytest.mark.parametrize(
    "auth",
    [
        ("user", "pass"),
        ["user", SecretStr("pass")],
        "user:pass",
        SecretStr("user:pass"),
        (SecretStr("user"), SecretStr("pass")),
    ],
)
def test_auth_is_taken_in_any_form(auth: object) -> None:
    endpoint = Endpoint.parse("host:1", auth=auth)  # type: ignore[arg-type]

    assert endpoint.request_headers() == {"Authorization": "Basic dXNlcjpwYXNz"}


@pytest.mark.parametrize(
    "auth",
    [
        "nocolon",
        SecretStr("nocolon"),
        ("a", "b", "c"),
        ("a", 1),
        7,
        ("u:x", "p"),
        ("", ""),
        ("u\n", "p"),
    ],
)
def test_auth_that_cannot_be_used_is_refused(auth: object) -> None:
    with pytest.raises(SettingsError, match="auth"):
        Endpoint.parse("host:1", auth=auth)  # type: ignore[arg-type]


def test_credentials_may_not_be_given_twice() -> None:
    with pytest.raises(SettingsError, match="both set"):
        Endpoint.parse("http://u:p@host:1", auth=("u", "p"))
    with pytest.raises(SettingsError, match="Authorization"):
        Endpoint.parse("host:1", auth=("u", "p"), headers={"authorization": "Bearer x"})


def test_headers_are_kept_and_secrets_unwrapped() -> None:
    endpoint = Endpoint.parse(
        "host:1", headers={"X-Key": SecretStr("k"), "Accept-Language": " de "}
    )

    assert endpoint.request_headers() == {"X-Key": "k", "Accept-Language": "de"}
    endpoint.request_headers().clear()
    assert endpoint.request_headers()["X-Key"] == "k"


@pytest.mark.parametrize(
    "headers",
    [
        {"X-A": "a\r\nX-B: b"},
        {"X-A": "a\nb"},
        {"X-A": "a\0b"},
        {"X-A": "€"},
        {"X-A": 1},
        {"X A": "a"},
        {"X-A:": "a"},
        {"X-A\r\nX-B": "a"},
        {"": "a"},
        {7: "a"},
        {"Host": "other"},
        {"content-length": "0"},
        {"Connection": "close"},
        {"Sec-WebSocket-Key": "x"},
        {"X-A": "1", "x-a": "2"},
        [("X-A", "a")],
    ],
)
def test_headers_that_would_break_a_request_are_refused(headers: object) -> None:
    with pytest.raises(SettingsError, match="headers"):
        Endpoint.parse("host:1", headers=headers)  # type: ignore[arg-type]


SECRETS = [
    ("http://user:geheim@host:x", {}),
    ("http://user:geh eim-geheim@host:1", {}),
    ("http://user:ab/geheim@host:1", {}),
    ("http://user:ab#geheim@host:1", {}),
    ("http://user:ab?geheim@host:1", {}),
    ("geheim://x@host", {}),
    ("user:geheim@host", {}),
    ("http://host:1/?token=geheim", {}),
    ("http://user:geheim@host:1", {"auth": ("a", "b")}),
    ("host:1", {"auth": ("geheim:", "x")}),
    ("host:1", {"auth": "geheim"}),
    ("host:1", {"auth": ("user", "geheim\n")}),
    ("host:1", {"headers": {"X-A": "geheim\n"}}),
    ("host:1", {"headers": {"Authorization": "geheim"}, "auth": ("a", "geheim")}),
]


@pytest.mark.parametrize(("text", "options"), SECRETS)
def test_errors_show_no_secret(text: str, options: dict[str, object]) -> None:
    with pytest.raises(SettingsError) as caught:
        Endpoint.parse(text, **options)  # type: ignore[arg-type]

    shown = "".join(traceback.format_exception_only(caught.type, caught.value))
    context = caught.value.__cause__ or caught.value.__context__
    assert "geheim" not in shown
    assert "geheim" not in repr(context)


def test_repr_shows_no_secret() -> None:
    endpoint = Endpoint.parse("http://user:geheim@host:1", headers={"X-Key": "geheim"})

    assert repr(endpoint) == str(endpoint) == "Endpoint('http://host:1')"
    assert "geheim" not in f"{endpoint!r} {vars(endpoint).keys()}"


def test_plain_http_needs_no_tls_context() -> None:
    assert Endpoint.parse("http://host:1").ssl_context() is None


def test_https_checks_certificates_and_names() -> None:
    context = Endpoint.parse("https://host").ssl_context()

    assert context is not None
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.cert_store_stats()["x509_ca"] > 50


def test_verify_false_checks_nothing() -> None:
    context = Endpoint.parse("https://host", verify=False).ssl_context()

    assert context is not None
    assert context.verify_mode is ssl.CERT_NONE


def test_verify_takes_a_ca_file_a_directory_or_a_context(tmp_path: Path) -> None:
    bundle = tmp_path / "ca.pem"
    trustme.CA().cert_pem.write_to_path(str(bundle))
    own = ssl.create_default_context()

    from_file = Endpoint.parse("https://host", verify=bundle).ssl_context()

    assert from_file is not None
    assert from_file.cert_store_stats()["x509_ca"] == 1
    assert Endpoint.parse("https://host", verify=str(tmp_path)).ssl_context() is not None
    assert Endpoint.parse("https://host", verify=own).ssl_context() is own


@pytest.mark.parametrize("verify", ["/nowhere/ca.pem", __file__, 1, None, b"x"])
def test_verify_that_cannot_be_used_is_refused_even_without_tls(verify: object) -> None:
    with pytest.raises(SettingsError, match="verify"):
        Endpoint.parse("http://host:1", verify=verify)  # type: ignore[arg-type]


def test_the_same_context_serves_every_connection() -> None:
    endpoint = Endpoint.parse("https://host")

    assert endpoint.ssl_context() is endpoint.ssl_context()
