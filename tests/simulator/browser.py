"""A real browser at the simulator's page."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")

PATIENCE = 20.0  # seconds: the machine may be busy
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)


def why_no_browser() -> str:
    """What is missing to run these tests; empty if nothing is."""
    try:
        import selenium  # noqa: F401
    except ImportError:
        return "selenium is not installed (extra: test)"
    for program in ("chromium", "chromedriver"):
        if shutil.which(program) is None:
            return f"{program} is not installed (Debian: chromium, chromium-driver)"
    return ""


class Browser:
    """Chromium with what these tests do in it; everything waits for what it needs."""

    def __init__(self, directory: Path) -> None:
        from selenium import webdriver
        from selenium.webdriver.chrome.service import Service

        options = webdriver.ChromeOptions()
        options.binary_location = shutil.which("chromium") or ""
        for flag in (*FLAGS, f"--user-data-dir={directory}"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(
            options=options, service=Service(shutil.which("chromedriver"))
        )

    def quit(self) -> None:
        self.driver.quit()

    def open(self, url: str, width: int = 1400, height: int = 860) -> None:
        self.resize(width, height)
        self.driver.get(url)
        self.find(".chat-row")

    def leave(self) -> None:
        self.driver.get("about:blank")

    def resize(self, width: int, height: int, *, is_dark: bool = False) -> None:
        """The page's own size, which the window's is not, and narrower than windows get."""
        self.driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False},
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if is_dark else "light"}
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})

    def problems(self) -> list[str]:
        """What the console complains about, refused actions aside."""
        logged: Any = self.driver.get_log("browser")  # type: ignore[no-untyped-call]  # selenium's
        return [
            entry["message"]
            for entry in logged
            if entry["level"] == "SEVERE" and "400 (Bad Request)" not in entry["message"]
        ]

    # -- looking ---------------------------------------------------------------------------

    def wait(self, condition: Callable[[], T], timeout: float = PATIENCE) -> T:
        from selenium.common.exceptions import (
            ElementClickInterceptedException,
            ElementNotInteractableException,
            NoSuchElementException,
            StaleElementReferenceException,
        )
        from selenium.webdriver.support.ui import WebDriverWait

        ignored = (
            ElementClickInterceptedException,
            ElementNotInteractableException,
            NoSuchElementException,
            StaleElementReferenceException,
        )
        waiting = WebDriverWait(self.driver, timeout, 0.03, ignored_exceptions=ignored)
        return waiting.until(lambda driver: condition())

    def all(self, selector: str) -> list[Any]:
        return self.driver.find_elements("css selector", selector)

    def find(self, selector: str, text: str = "") -> Any:
        """The last element that fits and shows this text; waits until there is one."""

        def look() -> Any:
            return next((e for e in reversed(self.all(selector)) if text in e.text), None)

        return self.wait(look)

    def script(self, code: str, *arguments: Any) -> Any:
        return self.driver.execute_script(code, *arguments)

    @property
    def focused(self) -> Any:
        return self.driver.switch_to.active_element

    # -- doing -----------------------------------------------------------------------------

    def click(self, selector: str, text: str = "") -> None:
        def click() -> bool:
            self.find(selector, text).click()
            return True

        self.wait(click)

    def press(self, *keys: str) -> None:
        """Keys to whatever has the focus."""
        from selenium.webdriver.common.action_chains import ActionChains

        for key in keys:
            ActionChains(self.driver).send_keys(key).perform()

    def say(self, text: str) -> None:
        from selenium.webdriver.common.keys import Keys

        self.find("#text").send_keys(text, Keys.ENTER)
        self.find(".message.mine", text)

    def post_as(self, name: str) -> None:
        from selenium.webdriver.support.ui import Select

        def choose() -> bool:
            Select(self.find("#as")).select_by_visible_text(name)
            return True

        self.wait(choose)

    def tool(self, message: str, label: str, *, is_mine: bool = False) -> None:
        """Press a button of the toolbar of the last message with this text."""

        def press() -> bool:
            element = self.find(".message.mine" if is_mine else ".message", message)
            self.script("arguments[0].focus()", element)
            element.find_element("css selector", f".toolbar [aria-label='{label}']").click()
            return True

        self.wait(press)
