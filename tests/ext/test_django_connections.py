"""Database connections of handlers: each gets one, none is left over."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator

import pytest

from signalbot.testing import FakeSignal
from tests.conftest import FEW_PLUGINS
from tests.ext import postgres
from tests.ext.conftest import PATIENCE, Place, Program, eventually
from tests.ext.test_django import texts

PEOPLE = 24


@pytest.fixture(scope="module")
def postgres_socket() -> Iterator[str]:
    programs = postgres.find_programs()
    if programs is None:
        pytest.skip("PostgreSQL is not installed")
    pytest.importorskip("psycopg")
    with postgres.running(programs) as place:
        yield place


def write_from_all_workers(server: FakeSignal, count: Callable[[], int]) -> None:
    """Many people write at once, then all of them are asked something at once."""
    people = [server.add_person(f"p{number}") for number in range(PEOPLE)]
    for word in ("one", "two", "three"):
        for person in people:
            server.say(person, f"/note {word}")
    server.wait_for_sent(3 * PEOPLE, timeout=PATIENCE)
    assert sum(f"{3 * PEOPLE} notes" in text for text in texts(server)) >= 1
    server.forget()
    for person in people:
        server.say(person, "/pair")
    server.wait_for_sent(PEOPLE, timeout=PATIENCE)
    eventually(lambda: count() == 0)
    for person in people:
        server.say(person, "the answer")
    server.wait_for_sent(2 * PEOPLE, timeout=PATIENCE)
    assert max(int(text.split()[0]) for text in texts(server)[PEOPLE:]) == 5 * PEOPLE


def test_workers_on_sqlite_leave_no_connection(server: FakeSignal, project: Place) -> None:
    if not os.path.isdir("/proc/self/fd"):
        pytest.skip("open files are counted in /proc")
    program = project.start("manage", "runsignalbot", "--skip-checks")
    server.wait_for_socket(PATIENCE)

    write_from_all_workers(server, lambda: len(open_databases(program)))
    eventually(lambda: not open_databases(program))
    assert program.stop() == 0, program.output


def open_databases(program: Program) -> list[str]:
    folder = f"/proc/{program.process.pid}/fd"
    found = []
    for name in os.listdir(folder):
        try:
            found.append(os.readlink(f"{folder}/{name}"))
        except OSError:  # closed meanwhile
            continue
    return [path for path in found if "/project/db.sqlite3" in path]


def test_workers_on_postgres_keep_one_connection_each_at_most(
    server: FakeSignal, project: Place, postgres_socket: str
) -> None:
    import psycopg

    project.env.update(POSTGRES=postgres_socket, MAX_AGE="600")
    project.run("manage", "migrate", "--run-syncdb", "-v", "0")
    program = project.start("manage", "runsignalbot", "--skip-checks")
    server.wait_for_socket(PATIENCE)
    with psycopg.connect(host=postgres_socket, user="postgres", autocommit=True) as watch:

        def count() -> int:
            row = watch.execute(
                "select count(*) from pg_stat_activity where backend_type = 'client backend' "
                "and pid <> pg_backend_pid()"
            ).fetchone()
            assert row is not None
            return int(row[0])

        # Those of idle workers stay, as CONN_MAX_AGE says; parked conversations hold none.
        write_from_all_workers(server, lambda: max(0, count() - 8))
        assert count() <= 8
        assert program.stop() == 0, program.output
        eventually(lambda: count() == 0)


PYTEST = """
    import threading
    import pytest
    from django.db import connection, transaction
    from signalbot.ext.django import get_bot
    from signalbot.testing import Chat
    from shop.models import Note

    @pytest.fixture
    def bot():
        return get_bot()

    @pytest.mark.django_db
    def test_handlers_see_what_the_test_wrote(chat):
        Note.objects.create(text="by the test")
        chat.say("/note by the handler")
        assert chat.replies == ["2 notes"]
        assert Note.objects.filter(text="by the handler").exists()

    @pytest.mark.django_db
    def test_it_was_rolled_back_and_a_question_is_no_transaction_of_the_handlers(chat):
        assert Note.objects.count() == 0
        chat.say("/commit")
        assert Note.objects.count() == 1
        with pytest.raises(Exception, match="Ask first, then open it"):
            chat.say("/locked")
        assert Note.objects.count() == 1
        assert connection.connection is not None

    @pytest.mark.django_db
    def test_commit_hooks_run_when_the_test_says_so(chat, django_capture_on_commit_callbacks):
        chat.say("/commit")
        assert chat.replies == []

    @pytest.mark.django_db(transaction=True)
    def test_real_transactions_have_connections_of_their_own(chat):
        chat.say("/commit")
        assert chat.replies == ["0 notes"]
        chat.say("/note more")
        assert chat.replies == ["2 notes"]

    @pytest.mark.django_db
    def test_nothing_is_left_of_them(chat):
        assert Note.objects.count() == 0
"""


def test_pytest_django_shares_the_connection_of_the_test(project: Place) -> None:
    pytest.importorskip("pytest_django")
    project.write(test_shop=PYTEST)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--ds=site1.settings", *FEW_PLUGINS],
        cwd=project.path, env=project.env, capture_output=True, text=True, check=False,
        timeout=2 * PATIENCE,
    )  # fmt: skip

    assert "5 passed" in done.stdout, textwrap.dedent(done.stdout + done.stderr)
