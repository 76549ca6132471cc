"""``signalbot audit-api``: the client's declared operations against a server's specification.

Both sides are compared both ways. What the client declares is what it sends (see
:mod:`signalbot.infrastructure.api_clients.operation`), so nothing here repeats it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TextIO

from signalbot.cli.api_deviations import ACCEPTED, Gap
from signalbot.cli.api_shapes import Shape, Value, own_shape, shapes_of
from signalbot.errors import SignalBotError
from signalbot.infrastructure.api_service import SignalClient, operations
from signalbot.infrastructure.calls import Call, Family

_DOCUMENT = "/swagger/doc.json"


@dataclass(frozen=True)
class AuditReport:
    """What the comparison found.

    Attributes:
        operations: how many the specification has.
        covered: how many of them the client has.
        gaps: every difference that has no reason.
        accepted: differences that are on purpose, each with its reason.
    """

    operations: int
    covered: int
    gaps: tuple[Gap, ...]
    accepted: tuple[tuple[Gap, str], ...]

    @property
    def ok(self) -> bool:
        """Whether client and server agree."""
        return not self.gaps

    def to_dict(self) -> dict[str, Any]:
        """The report as plain values, for JSON."""
        return {
            "ok": self.ok,
            "operations": self.operations,
            "covered": self.covered,
            "gaps": [asdict(gap) for gap in self.gaps],
            "accepted": [{**asdict(gap), "reason": reason} for gap, reason in self.accepted],
        }


def audit(spec: Mapping[str, Any]) -> AuditReport:
    """Compare the client with a Swagger 2 or OpenAPI 3 document.

    Raises:
        ValueError: if it is neither.
    """
    theirs = {shape.key: shape for shape in shapes_of(spec)}
    ours = {shape.key: shape for shape in map(own_shape, operations())}
    gaps: list[Gap] = []
    for key, shape in theirs.items():
        if key in ours:
            gaps += _differences(ours[key], shape)
        else:
            gaps.append(Gap(shape.method, shape.path, "operation", "", "client"))
    for key, shape in ours.items():
        if key not in theirs:
            gaps.append(Gap(shape.method, shape.path, "operation", "", "server"))
    return AuditReport(
        operations=len(theirs),
        covered=len(theirs.keys() & ours.keys()),
        gaps=tuple(gap for gap in gaps if gap not in ACCEPTED),
        accepted=tuple((gap, ACCEPTED[gap]) for gap in gaps if gap in ACCEPTED),
    )


def audit_api(spec_or_url: str, as_json: bool, out: TextIO, err: TextIO) -> int:
    """Compare with a file, or with a running server (its address, or that of its document).

    Args:
        err: where it is said why there is nothing to compare.

    Returns:
        The exit code: 0 if client and server agree, 1 if not, 2 if there is nothing to compare.
    """
    try:
        report = audit(_load(spec_or_url))
    except (OSError, ValueError, LookupError, TypeError, AttributeError, SignalBotError) as error:
        # Of a document that is no specification, any of these may be the first sign.
        print(f"audit-api: cannot read the specification: {_reason(error)}", file=err)
        return 2
    if as_json:
        print(json.dumps(report.to_dict(), indent=2), file=out)
    else:
        for line in _table(report):
            print(line, file=out)
    return 0 if report.ok else 1


def _reason(error: Exception) -> str:
    return str(error) if str(error) else type(error).__name__


def _load(spec_or_url: str) -> Mapping[str, Any]:
    path = Path(spec_or_url)
    is_address = "://" in spec_or_url or (":" in spec_or_url and not path.exists())
    if is_address:
        return _fetch(spec_or_url)
    return _object(json.loads(path.read_bytes()))


def _fetch(url: str) -> Mapping[str, Any]:
    """From a server, or any other place that the document is kept at under a name of its own."""
    base, slash, name = url.rpartition("/")
    if not name.endswith(".json") or url.endswith(_DOCUMENT):
        base = url.partition("/swagger/")[0]
        with SignalClient(signal_service=base) as client:
            return client.general.specification()
    with SignalClient(signal_service=base) as client:
        answer = client.http.exchange(
            Call(
                "GET",
                slash + name,
                slash + name,
                family=Family.ADMIN,
                timeout=client.http.request_timeout,
                repeatable=True,
            )
        )
    return _object(answer.json())


def _object(found: Any) -> Mapping[str, Any]:
    if not isinstance(found, dict):
        raise ValueError("this is no OpenAPI document: it is no JSON object")
    return found


def _differences(ours: Shape, theirs: Shape) -> Iterator[Gap]:
    where = ours.method, ours.path
    for name in sorted(theirs.path_parameters.keys() ^ ours.path_parameters.keys()):
        lacking = "client" if name in theirs.path_parameters else "server"
        yield Gap(*where, "path parameter", name, lacking)
    for name in sorted(theirs.path_parameters.keys() & ours.path_parameters.keys()):
        if not theirs.path_parameters[name]:
            yield Gap(*where, "required", name, "server")
    yield from _value_differences(where, "query parameter", ours.query, theirs.query)
    yield from _value_differences(where, "body field", ours.body, theirs.body)
    if ours.body_required != theirs.body_required:
        yield from _body_difference(where, ours.body_required, theirs.body_required)


def _body_difference(
    where: tuple[str, str], ours: bool | None, theirs: bool | None
) -> Iterator[Gap]:
    if ours is None or theirs is None:
        yield Gap(*where, "body", "", "client" if ours is None else "server")
    else:
        yield Gap(*where, "required", "(body)", "client" if theirs else "server")


def _value_differences(
    where: tuple[str, str], part: str, ours: Mapping[str, Value], theirs: Mapping[str, Value]
) -> Iterator[Gap]:
    for name in sorted(ours.keys() | theirs.keys()):
        if name not in ours or name not in theirs:
            yield Gap(*where, part, name, "client" if name in theirs else "server")
            continue
        own, other = ours[name], theirs[name]
        if own.required != other.required:
            yield Gap(*where, "required", name, "client" if other.required else "server")
        if own.type != other.type:
            yield Gap(*where, "type", name, "client", f"{other.type}, here {own.type}")
        for value in sorted(own.enum ^ other.enum):
            lacking = "client" if value in other.enum else "server"
            yield Gap(*where, "enum value", name, lacking, value)


def _table(report: AuditReport) -> Iterator[str]:
    yield f"{report.covered} of {report.operations} operations are covered."
    if report.gaps:
        yield f"{len(report.gaps)} gaps:"
        width = max(len(f"{gap.method} {gap.path}") for gap in report.gaps)
        for gap in report.gaps:
            place = f"{gap.method} {gap.path}"
            yield f"  {gap.lacking} lacks  {place:<{width}}  {gap.what}"
    else:
        yield "No gaps."
    if report.accepted:
        yield f"{len(report.accepted)} known differences from the document, each for a reason:"
        for reason, places in _by_reason(report.accepted).items():
            yield f"  {reason}:"
            yield from (f"    {place}" for place in places)


def _by_reason(accepted: tuple[tuple[Gap, str], ...]) -> dict[str, list[str]]:
    grouped: dict[str, list[str]] = {}
    for gap, reason in accepted:
        grouped.setdefault(reason, []).append(f"{gap.method} {gap.path}  {gap.what}")
    return grouped
