"""The audit finds every difference between client and specification, and nothing else."""

from __future__ import annotations

import copy
import io
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from signalbot.cli.api_deviations import ACCEPTED
from signalbot.cli.audit_api import audit, audit_api
from signalbot.testing import FakeSignal
from signalbot.testing.document import specification

Spec = dict[str, Any]

# Beside the repository, or beside what a worktree of it stands in.
_DOCUMENT = Path("shared", "signal-api", "openapi.json")
_PLACES = [parent / _DOCUMENT for parent in Path(__file__).resolve().parents[3:]]
REAL = next((place for place in _PLACES if place.exists()), _PLACES[0])


def own_spec() -> Spec:
    """A document that says exactly what the client does."""
    return specification()


def body_schema(spec: Spec, method: str, path: str) -> dict[str, Any]:
    for parameter in spec["paths"][path][method]["parameters"]:
        if parameter["in"] == "body":
            schema = parameter["schema"]
            if "$ref" in schema:
                schema = spec["definitions"][schema["$ref"].rpartition("/")[2]]
            found: dict[str, Any] = schema
            return found
    raise LookupError(path)


def remove_operation(spec: Spec) -> None:
    del spec["paths"]["/v1/groups/{number}/{groupid}/quit"]


def add_operation(spec: Spec) -> None:
    spec["paths"]["/v1/calls/{number}"] = {"post": {"parameters": []}}


def change_method(spec: Spec) -> None:
    path = spec["paths"]["/v1/typing-indicator/{number}"]
    path["patch"] = path.pop("put")


def remove_field(spec: Spec) -> None:
    del body_schema(spec, "post", "/v2/send")["properties"]["view_once"]


def add_field(spec: Spec) -> None:
    body_schema(spec, "post", "/v2/send")["properties"]["story"] = {"type": "boolean"}


def add_body(spec: Spec) -> None:
    spec["paths"]["/v1/groups/{number}/{groupid}/quit"]["post"]["parameters"].append(
        {"in": "body", "name": "data", "required": True, "schema": {"type": "object"}}
    )


def remove_enum_value(spec: Spec) -> None:
    body_schema(spec, "post", "/v1/receipts/{number}")["properties"]["receipt_type"]["enum"].remove(
        "viewed"
    )


def add_enum_value(spec: Spec) -> None:
    body_schema(spec, "post", "/v2/send")["properties"]["text_mode"]["enum"].append("markdown")


def make_required(spec: Spec) -> None:
    schema = body_schema(spec, "post", "/v2/send")
    schema["required"] = [*schema["required"], "notify_self"]


def make_optional(spec: Spec) -> None:
    body_schema(spec, "post", "/v1/reactions/{number}")["required"].remove("reaction")


def require_body(spec: Spec) -> None:
    for parameter in spec["paths"]["/v1/unregister/{number}"]["post"]["parameters"]:
        parameter["required"] = True


def add_query(spec: Spec) -> None:
    spec["paths"]["/v1/accounts"]["get"].setdefault("parameters", []).append(
        {"in": "query", "name": "page", "type": "integer"}
    )


def remove_query(spec: Spec) -> None:
    operation = spec["paths"]["/v1/receive/{number}"]["get"]
    operation["parameters"] = [p for p in operation["parameters"] if p["name"] != "max_messages"]


def rename_placeholder(spec: Spec) -> None:
    operation = spec["paths"]["/v1/groups/{number}/{groupid}/join"]["post"]
    for parameter in operation["parameters"]:
        if parameter["name"] == "groupid":
            parameter["name"] = "group"


def unrequire_placeholder(spec: Spec) -> None:
    for parameter in spec["paths"]["/v1/groups/{number}/{groupid}/join"]["post"]["parameters"]:
        parameter["required"] = False


def change_type(spec: Spec) -> None:
    body_schema(spec, "post", "/v1/polls/{number}/vote")["properties"]["poll_timestamp"] = {
        "type": "integer"
    }


MUTATIONS: list[tuple[Callable[[Spec], None], set[str]]] = [
    (remove_operation, {"server lacks operation"}),
    (add_operation, {"client lacks operation"}),
    (change_method, {"server lacks operation", "client lacks operation"}),
    (remove_field, {"server lacks body field view_once"}),
    (add_field, {"client lacks body field story"}),
    (add_body, {"client lacks body"}),
    (remove_enum_value, {"server lacks enum value receipt_type viewed"}),
    (add_enum_value, {"client lacks enum value text_mode markdown"}),
    (make_required, {"client lacks required notify_self"}),
    (make_optional, {"server lacks required reaction"}),
    (require_body, {"client lacks required (body)"}),
    (add_query, {"client lacks query parameter page"}),
    (remove_query, {"server lacks query parameter max_messages"}),
    (
        rename_placeholder,
        {"client lacks path parameter group", "server lacks path parameter groupid"},
    ),
    (unrequire_placeholder, {"server lacks required groupid", "server lacks required number"}),
    (change_type, {"client lacks type poll_timestamp integer, here string"}),
]

SPECS = [
    pytest.param("own", id="own"),
    pytest.param(
        "real",
        id="real",
        marks=pytest.mark.skipif(not REAL.exists(), reason="the server's document is not here"),
    ),
]


@pytest.fixture
def spec(request: pytest.FixtureRequest) -> Spec:
    return own_spec() if request.param == "own" else json.loads(REAL.read_bytes())


def run(spec: Spec, tmp_path: Path, *, as_json: bool = False) -> tuple[int, str]:
    file = tmp_path / "spec.json"
    file.write_text(json.dumps(spec))
    out = io.StringIO()
    return audit_api(str(file), as_json, out, out), out.getvalue()


@pytest.mark.parametrize("spec", SPECS, indirect=True)
def test_client_and_server_agree(spec: Spec, tmp_path: Path) -> None:
    code, text = run(spec, tmp_path)

    assert code == 0
    assert "No gaps." in text


@pytest.mark.skipif(not REAL.exists(), reason="the server's document is not here")
def test_all_63_operations_are_covered() -> None:
    report = audit(json.loads(REAL.read_bytes()))

    assert (report.operations, report.covered) == (63, 63)


@pytest.mark.skipif(not REAL.exists(), reason="the server's document is not here")
def test_every_accepted_difference_is_still_there() -> None:
    report = audit(json.loads(REAL.read_bytes()))

    assert {gap for gap, _ in report.accepted} == set(ACCEPTED)


@pytest.mark.parametrize("spec", SPECS, indirect=True)
@pytest.mark.parametrize(
    ("mutate", "expected"), MUTATIONS, ids=[mutation.__name__ for mutation, _ in MUTATIONS]
)
def test_each_change_of_the_specification_is_reported(
    spec: Spec, mutate: Callable[[Spec], None], expected: set[str], tmp_path: Path
) -> None:
    changed = copy.deepcopy(spec)
    mutate(changed)

    code, text = run(changed, tmp_path)
    gaps = json.loads(run(changed, tmp_path, as_json=True)[1])["gaps"]

    assert code == 1
    assert {words(gap) for gap in gaps} == expected
    assert all(gap["path"] in text for gap in gaps)


def words(gap: dict[str, str]) -> str:
    found = (gap["lacking"], "lacks", gap["part"], gap["name"], gap["value"])
    return " ".join(word for word in found if word)


def test_json_report_names_operations_and_reasons(tmp_path: Path) -> None:
    code, text = run(own_spec(), tmp_path, as_json=True)

    report = json.loads(text)
    assert code == 0
    assert report["ok"] is True
    assert report["covered"] == report["operations"] == 63
    assert report["gaps"] == []


def test_an_openapi_3_document_is_read_as_well() -> None:
    spec = own_spec()
    for methods in spec["paths"].values():
        for described_operation in methods.values():
            for parameter in list(described_operation["parameters"]):
                if parameter["in"] == "body":
                    described_operation["parameters"].remove(parameter)
                    described_operation["requestBody"] = {
                        "required": parameter["required"],
                        "content": {"application/json": {"schema": parameter["schema"]}},
                    }
                else:
                    parameter["schema"] = {
                        key: parameter.pop(key) for key in ("type", "items") if key in parameter
                    }

    assert audit(spec).gaps == ()


def test_what_is_composed_of_parts_counts_as_a_whole() -> None:
    spec = own_spec()
    whole = body_schema(spec, "post", "/v1/polls/{number}")
    names = list(whole["properties"])
    parts = [{"type": "object", "properties": {name: whole["properties"][name]}} for name in names]
    required = whole["required"]
    whole.clear()
    whole.update({"allOf": parts, "required": required})

    assert audit(spec).gaps == ()


@pytest.mark.parametrize("content", ["[]", "{}", '{"paths": []}', '{"paths": {"/x": 3}}', "no"])
def test_what_is_no_specification_is_said_to_be_none(content: str, tmp_path: Path) -> None:
    file = tmp_path / "spec.json"
    file.write_text(content)
    out, err = io.StringIO(), io.StringIO()

    assert audit_api(str(file), True, out, err) == 2
    assert "cannot read the specification" in err.getvalue()
    assert out.getvalue() == ""


def test_a_missing_file_is_said_to_be_missing(tmp_path: Path) -> None:
    out, err = io.StringIO(), io.StringIO()

    assert audit_api(str(tmp_path / "none.json"), True, out, err) == 2
    assert "none.json" in err.getvalue()
    assert out.getvalue() == ""


@pytest.fixture
def server_with_document() -> Iterator[str]:
    """A server behind a path prefix that has nothing but its own specification."""
    document = json.dumps(own_spec()).encode()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            is_document = self.path in ("/signal/swagger/doc.json", "/signal/files/api.json")
            self.send_response(200 if is_document else 404)
            self.send_header("Content-Length", str(len(document) if is_document else 0))
            self.end_headers()
            if is_document:
                self.wfile.write(document)

        def log_message(self, *arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/signal"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    "tail", ["", "/", "/swagger/doc.json", "/swagger/index.html", "/files/api.json"]
)
def test_a_running_server_is_asked_for_its_own_document(
    server_with_document: str, tail: str
) -> None:
    out = io.StringIO()

    assert audit_api(server_with_document + tail, False, out, out) == 0
    assert "No gaps." in out.getvalue()


def test_a_server_that_is_down_is_said_to_be_down() -> None:
    out, err = io.StringIO(), io.StringIO()

    assert audit_api("http://127.0.0.1:9", True, out, err) == 2
    assert "cannot read the specification" in err.getvalue()
    assert out.getvalue() == ""


def test_the_stand_in_has_a_document_too() -> None:
    out = io.StringIO()

    with FakeSignal() as fake:
        assert audit_api(fake.url, False, out, out) == 0

    assert "63 of 63 operations are covered." in out.getvalue()
