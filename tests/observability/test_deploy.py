"""The files in deploy/ fit the program: settings, paths, metric names, times."""

from __future__ import annotations

import configparser
import json
import re
import runpy
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from signalbot import SignalBot
from signalbot.infrastructure.webhook_listener import WebhookListener
from signalbot.settings import Settings, environment_name
from signalbot.testing import FakeSignal
from tests.bot.conftest import eventually

MakeBot = Callable[..., SignalBot]

DEPLOY = Path(__file__).resolve().parent.parent.parent / "deploy"
SETTINGS = {environment_name(field) for field in Settings.model_fields}
GRACE = Settings.model_fields["grace"].default
COMPOSE = yaml.safe_load((DEPLOY / "compose" / "compose.yaml").read_text())["services"]
OBJECTS = list(yaml.safe_load_all((DEPLOY / "kubernetes" / "signalbot.yaml").read_text()))


def object_named(kind: str, name: str) -> dict[str, Any]:
    (found,) = [o for o in OBJECTS if (o["kind"], o["metadata"]["name"]) == (kind, name)]
    return dict(found)


# -- metrics ---------------------------------------------------------------------------------


def expressions() -> Iterator[tuple[str, str]]:
    rules = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yml").read_text())
    for group in rules["groups"]:
        for rule in group["rules"]:
            yield rule["alert"], rule["expr"]
    dashboard = json.loads((DEPLOY / "grafana" / "signalbot.json").read_text())
    for panel in dashboard["panels"]:
        for target in panel["targets"]:
            yield panel["title"], target["expr"]


@pytest.fixture(scope="module")
def known_metrics(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """The names that a bot exposes after some work, with their labels."""
    with FakeSignal() as server:
        bot = SignalBot(server.number, server.url, state_dir=tmp_path_factory.mktemp("state"))
        bot.command("ping")(answer)
        with bot:
            server.say(server.add_person("Alice"), "/ping")
            server.wait_for_sent()
            eventually(lambda: bot.stats()["inbox"]["pending"] == 0)
            # Labels that only trouble makes.
            bot.metrics.breaker_open.note((("send",), 0.0))
            bot.metrics.inbox_events.note(("damaged",))
            text = bot.metrics.text().decode()
    known: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(text):
        if family.type == "counter":
            known.setdefault(family.name + "_total", set())
        for sample in family.samples:
            known.setdefault(sample.name, set()).update(sample.labels)
    known["signalbot_inbox_shed_total"].add("kind")
    return known


def answer(ctx: Any) -> str:
    return "pong"


@pytest.mark.parametrize(("title", "expression"), list(expressions()))
def test_an_expression_reads_what_is_there(
    title: str, expression: str, known_metrics: dict[str, set[str]]
) -> None:
    names = set(re.findall(r"\b(?:signalbot_\w+|up)\b", re.sub(r'"[^"]*"', '""', expression)))
    labels = {
        label
        for part in re.findall(r"\bby \(([^)]*)\)", expression)
        for label in re.split(r",\s*", part)
    } | set(re.findall(r"(\w+)(?:=~|=|!=|!~)\"", expression))

    assert names
    assert names - {"up"} <= set(known_metrics)
    allowed = {"job"}.union(*(known_metrics.get(name, set()) for name in names))
    assert labels <= allowed
    assert expression.count("(") == expression.count(")")


def test_names_and_units_follow_the_conventions(known_metrics: dict[str, set[str]]) -> None:
    for name in known_metrics:
        assert re.fullmatch(r"signalbot_[a-z0-9_]+", name), name
        assert not re.search(r"_(ms|milliseconds|minutes|kb|mb|percent)(_|$)", name), name
    labels = set().union(*known_metrics.values())
    assert labels <= {"kind", "outcome", "family", "event", "le"}


# -- compose, kubernetes, systemd --------------------------------------------------------------


def test_the_containers_know_only_settings_that_exist() -> None:
    bot = COMPOSE["bot"]["environment"]
    pod = object_named("StatefulSet", "signalbot")["spec"]["template"]["spec"]["containers"][0]
    secret = object_named("Secret", "signalbot")["stringData"]

    assert set(bot) <= SETTINGS
    assert {entry["name"] for entry in pod["env"]} | set(secret) <= SETTINGS


def test_only_the_bot_reaches_the_server() -> None:
    assert "ports" not in COMPOSE["signal-api"]
    assert COMPOSE["signal-api"]["environment"]["MODE"] == "json-rpc"


def test_whoever_stops_the_bot_waits_for_its_grace(unit: dict[str, dict[str, str]]) -> None:
    pod = object_named("StatefulSet", "signalbot")["spec"]["template"]["spec"]
    longest = GRACE + 4.0

    assert int(COMPOSE["bot"]["stop_grace_period"].rstrip("s")) > longest
    assert pod["terminationGracePeriodSeconds"] > longest
    assert int(unit["Service"]["TimeoutStopSec"]) > longest


def test_there_is_one_owner() -> None:
    for name in ("signalbot", "signal-api"):
        assert object_named("StatefulSet", name)["spec"]["replicas"] == 1


def test_probes_and_webhook_are_answered(
    server: FakeSignal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The program of the image, set up as the files do, asked as they ask."""
    secret = "s3cret"
    environment = {
        **COMPOSE["bot"]["environment"],
        "SIGNAL_SERVICE": server.url,
        "SIGNAL_PHONE_NUMBER": server.number,
        "SIGNAL_STATE_DIR": str(tmp_path),
        "SIGNAL_WEBHOOK_LISTEN": "127.0.0.1:0",
        "SIGNAL_WEBHOOK_SECRET": secret,
        "SIGNAL_OPS_LISTEN": "127.0.0.1:0",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    posted = urlsplit(
        COMPOSE["signal-api"]["environment"]["RECEIVE_WEBHOOK_URL"].partition("${")[0] + secret
    ).path
    pod = object_named("StatefulSet", "signalbot")["spec"]["template"]["spec"]["containers"][0]
    probes = [pod[name]["httpGet"]["path"] for name in ("livenessProbe", "readinessProbe")]
    probes += re.findall(r"9081(/\w+)", COMPOSE["bot"]["healthcheck"]["test"][-1])
    bot: SignalBot = runpy.run_path(str(DEPLOY / "compose" / "bot.py"))["bot"]

    with bot:
        assert bot.engine is not None
        doors = [one for one in bot.engine.parts.services if isinstance(one, WebhookListener)]
        webhook, ops = (f"http://127.0.0.1:{door.port}" for door in doors)
        with httpx.Client(trust_env=False) as http:
            assert [http.get(ops + path).status_code for path in probes] == [200, 200, 200]
            assert http.post(webhook + posted, json={"jsonrpc": "2.0"}).status_code == 200
            assert http.post(webhook + posted + "x", json={}).status_code == 401
        server.say(server.add_person("Alice"), "/ping")
        assert server.wait_for_sent()[-1].text == "pong"


def test_the_ports_are_those_that_are_listened_on() -> None:
    bot = COMPOSE["bot"]["environment"]
    pod = object_named("StatefulSet", "signalbot")["spec"]["template"]["spec"]["containers"][0]
    listened = {
        entry["value"].rpartition(":")[2] for entry in pod["env"] if "LISTEN" in entry["name"]
    }
    service = object_named("Service", "signalbot")["spec"]["ports"]

    assert {str(port["containerPort"]) for port in pod["ports"]} == listened
    assert {str(port["port"]) for port in service} == listened
    posted = COMPOSE["signal-api"]["environment"]["RECEIVE_WEBHOOK_URL"]
    assert posted.startswith("http://bot:" + bot["SIGNAL_WEBHOOK_LISTEN"].rpartition(":")[2] + "/")


@pytest.fixture(scope="module")
def unit() -> dict[str, dict[str, str]]:
    parser = configparser.ConfigParser(strict=True, interpolation=None)
    parser.optionxform = str  # type: ignore[method-assign,assignment]  # systemd's names have capitals
    parser.read(DEPLOY / "systemd" / "signalbot.service")
    return {section: dict(parser[section]) for section in parser.sections()}


def test_systemd_is_told_and_keeps_the_state_private(unit: dict[str, dict[str, str]]) -> None:
    service = unit["Service"]

    assert service["Type"] == "notify"
    assert int(service["WatchdogSec"]) >= 10
    assert service["StateDirectoryMode"] == "0700"
    for entry in service["Environment"].split():
        assert entry.partition("=")[0] in SETTINGS


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
def test_systemd_understands_the_unit(tmp_path: Path) -> None:
    text = (DEPLOY / "systemd" / "signalbot.service").read_text()
    file = tmp_path / "signalbot.service"
    file.write_text(re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", text, flags=re.MULTILINE))

    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(file)],
        capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip

    complaints = [line for line in done.stderr.splitlines() if "signalbot.service" in line]
    assert complaints == []
