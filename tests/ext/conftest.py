"""The stand-in server, and programs that run against it in processes of their own."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from signalbot.testing import FakeSignal
from tests.ext import django_project

# The frameworks are extras; without one of them its tests are not collected.
collect_ignore_glob = [
    f"test_{name}*.py" for name in ("flask", "django") if importlib.util.find_spec(name) is None
]

# Seconds: processes of frameworks on a machine that is busy with others. Whoever waits in vain
# fails; nobody waits for longer than it takes.
PATIENCE = 60.0

ROOT = Path(__file__).resolve().parent.parent.parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that start programs start several of them, one after the other."""
    for item in items:
        if {"place", "kernel", "tutorial"} & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.timeout(4 * PATIENCE))


@pytest.fixture
def server() -> Iterator[FakeSignal]:
    with FakeSignal() as fake:
        yield fake


class Program:
    """A process with what it printed; killed with its children at the end of the test."""

    def __init__(self, words: Sequence[str], cwd: Path, env: dict[str, str]) -> None:
        self.log = cwd / f"log-{len(list(cwd.glob('log-*')))}.txt"
        with self.log.open("wb") as output:
            # Started in the background of a shell, we ignore SIGINT, and so would our children.
            self.process = subprocess.Popen(
                words,
                cwd=cwd,
                env=env,
                stdout=output,
                stderr=output,
                start_new_session=True,
                preexec_fn=lambda: signal.signal(  # noqa: PLW1509 - it takes no lock
                    signal.SIGINT, signal.SIG_DFL
                ),
            )

    @property
    def output(self) -> str:
        return self.log.read_text(errors="replace")

    def stop(self, number: int = signal.SIGTERM, timeout: float = PATIENCE) -> int:
        """Send a signal to the process, as a supervisor does; its exit code."""
        self.process.send_signal(number)
        return self.process.wait(timeout)

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)


@dataclass
class Place:
    """A directory with the files of a program, and the environment to run it in."""

    path: Path
    env: dict[str, str]
    programs: list[Program]

    def write(self, **files: str) -> None:
        """Write modules, by name with ``__`` for slashes and without the ``.py``."""
        for name, text in files.items():
            file = self.path / (name.replace("__", "/") + ".py")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(textwrap.dedent(text))

    def start(self, *words: str, **env: str) -> Program:
        """Run ``python -m words…`` in the background."""
        program = Program([sys.executable, "-m", *words], self.path, {**self.env, **env})
        self.programs.append(program)
        return program

    def run(self, *words: str, code: int = 0, stdin: str = "") -> str:
        """Run ``python -m words…`` to its end; what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", *words], cwd=self.path, env=self.env, input=stdin,
            capture_output=True, text=True, timeout=PATIENCE, check=False,
        )  # fmt: skip
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + (done.stderr if code else "")

    def call(self, *commands: str) -> list[str]:
        """Run commands of manage.py in one process; what each of them printed."""
        script = (
            "import io, json, sys\n"
            "from contextlib import redirect_stdout\n"
            "from django.core.management import call_command\n"
            "told = []\n"
            f"for words in {[command.split() for command in commands]!r}:\n"
            "    with redirect_stdout(io.StringIO()) as out:\n"
            "        call_command(*words)\n"
            "    told.append(out.getvalue())\n"
            "sys.__stdout__.write('\\n' + json.dumps(told))\n"
        )
        told: list[str] = json.loads(self.run("manage", "shell", "-c", script).splitlines()[-1])
        return told


@pytest.fixture(scope="session")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The database of the Django project with its tables and an admin, made once."""
    path = tmp_path_factory.mktemp("database")
    env = {
        **os.environ,
        "PYTHONPATH": f"{path}{os.pathsep}{ROOT}",
        "DJANGO_SUPERUSER_PASSWORD": "sesame",
    }
    Place(path, env, []).write(**django_project.FILES)
    for words in (
        ("migrate", "--run-syncdb", "-v", "0", "--skip-checks"),
        ("createsuperuser", "--noinput", "--username=root", "--email=root@example.org"),
    ):
        Place(path, env, []).run("manage", *words)
    return path / "db.sqlite3"


@pytest.fixture
def project(place: Place, database: Path) -> Place:
    """A Django project."""
    place.write(**django_project.FILES)
    shutil.copy(database, place.path)
    return place


@pytest.fixture
def place(server: FakeSignal, tmp_path: Path) -> Iterator[Place]:
    path = tmp_path / "project"
    path.mkdir()
    env = {
        **os.environ,
        "PYTHONPATH": f"{path}{os.pathsep}{ROOT}",
        "PYTHONUNBUFFERED": "1",
        "SIGNAL_PHONE_NUMBER": server.number,
        "SIGNAL_SERVICE": server.url,
        "SIGNAL_STATE_DIR": str(tmp_path / "state"),
    }
    found = Place(path, env, [])
    yield found
    for program in found.programs:
        program.kill()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def fetch(url: str, data: bytes | None = None, **headers: str) -> tuple[int, str]:
    """One request; 0 as the status if nobody listens."""
    request = urllib.request.Request(url, data, headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError:
        return 0, ""


def answers(url: str) -> Callable[[], Any]:
    return lambda: fetch(url)[0] == 200


def eventually(condition: Callable[[], Any], timeout: float = PATIENCE) -> Any:
    """Wait for what another process does; asked less often than its answer costs."""
    deadline = time.monotonic() + timeout
    pause = threading.Event()
    while not (value := condition()):
        assert time.monotonic() < deadline, "the condition did not become true in time"
        pause.wait(0.1)
    return value
