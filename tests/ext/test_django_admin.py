"""The admin pages in a browser, beside the process that receives."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from signalbot.testing import FakeSignal
from tests.ext.conftest import Place, answers, eventually, fetch, free_port
from tests.ext.test_django import converse, texts


@pytest.fixture
def browser() -> Iterator[Any]:
    selenium = pytest.importorskip("selenium.webdriver")
    programs = shutil.which("chromium"), shutil.which("chromedriver")
    if None in programs:
        pytest.skip("chromium or its driver is not installed")
    options = selenium.ChromeOptions()
    options.binary_location = programs[0]
    for word in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"):
        options.add_argument(word)
    driver = selenium.Chrome(options, selenium.ChromeService(programs[1]))
    yield driver
    driver.quit()


def test_dead_letters_are_shown_replayed_and_purged(
    server: FakeSignal, project: Place, browser: Any
) -> None:
    alice = server.add_person("Alice")
    (project.path / "shop" / "broken").touch()
    port = free_port()
    admin = f"http://127.0.0.1:{port}/admin"
    project.start("manage", "runsignalbot", "--skip-checks")
    project.start("manage", "runserver", "--noreload", "--skip-checks", str(port))
    server.wait_for_socket(30)
    server.say(alice, "/fail once")
    server.say(alice, "/fail twice")
    assert converse(server, alice, "/pair") == "And?"
    eventually(answers(f"{admin}/login/"), 30)

    def find(css: str) -> Any:
        return browser.find_element("css selector", css)

    def page() -> str:
        return str(browser.execute_script("return document.body ? document.body.innerText : ''"))

    def shows(words: str) -> bool:
        """A click returns before the next page is there."""
        return bool(eventually(lambda: words in page(), 20))

    browser.get(f"{admin}/signalbot/deadletter/")
    find("#id_username").send_keys("root")
    find("#id_password").send_keys("sesame")
    find("[type=submit]").click()
    assert shows("2 dead letters")
    assert shows("ValueError")
    find("#result_list tbody th a").click()
    assert shows("broken for now")
    assert "/fail twice" not in page()
    find("summary").click()
    assert shows("/fail twice")

    (project.path / "shop" / "broken").unlink()
    find("button[value=replay]").click()
    assert shows("1 will be handled again")
    eventually(lambda: "mended" in texts(server), 20)
    browser.get(f"{admin}/signalbot/deadletter/")
    assert shows("1 dead letter")
    find("[name=id]").click()
    find("button[value=purge]").click()
    assert shows("There are no dead letters.")

    browser.get(f"{admin}/signalbot/conversation/")
    assert shows("shop.bot.pair")
    browser.get(f"{admin}/signalbot/job/")
    assert shows("shop.bot.hourly")
    browser.get(f"{admin}/signalbot/status/")
    assert shows("running")
    assert shows(server.number)
    browser.get(f"{admin}/")
    assert shows("Dead letters")
    lines = {line.strip() for line in page().splitlines()}
    assert {"Conversations", "Dead letters", "Jobs", "Status"} <= lines


PERMISSIONS = """
    from django.contrib.auth.models import Permission, User
    from django.test import Client

    def client_of(name, *permissions):
        user = User.objects.create_user(name, is_staff=True)
        user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
        client = Client(enforce_csrf_checks=name == "forged")
        client.force_login(user)
        return client

    base = "/admin/signalbot/deadletter/"
    nobody = client_of("nobody")
    viewer = client_of("viewer", "view_deadletter", "view_status", "view_conversation")
    keeper = client_of("keeper", "view_deadletter", "replay_deadletter", "delete_deadletter")
    forged = client_of("forged", "view_deadletter", "delete_deadletter")
    print([
        nobody.get(base).status_code,
        viewer.get(base).status_code,
        viewer.get(base + "7/").status_code,
        viewer.get(base + "x/").status_code,
        viewer.post(base, {"action": "purge", "id": "1"}).status_code,
        viewer.post(base, {"action": "replay", "id": "1"}).status_code,
        keeper.post(base, {"action": "purge", "id": ["1", "x"]}).status_code,
        keeper.post(base, {"action": "replay"}).status_code,
        keeper.post(base, {"action": "drop"}).status_code,
        forged.post(base, {"action": "purge", "id": "1"}).status_code,
        "No running bot answers" in viewer.get("/admin/signalbot/status/").content.decode(),
        "No running bot answers" in viewer.get("/admin/signalbot/conversation/").content.decode(),
        b"Replay</button>" in viewer.get(base).content,
        b"Replay</button>" in keeper.get(base).content,
    ])
"""


def test_permissions_are_those_of_the_admin(project: Place) -> None:
    project.write(permissions=PERMISSIONS)

    told = project.run("manage", "shell", "-c", "import permissions")

    assert told.splitlines()[-1] == str(
        [403, 200, 404, 404, 403, 403, 302, 302, 403, 403, True, True, False, True]
    )


def test_the_probes(project: Place) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}/signal"
    project.start("manage", "runserver", "--noreload", "--skip-checks", str(port))
    eventually(answers(f"{url}/healthz"), 30)

    assert fetch(f"{url}/readyz")[0] == 200
    assert "signalbot_events_total" in fetch(f"{url}/metrics")[1]
    assert fetch(f"{url}/healthz", b"")[0] == 403
