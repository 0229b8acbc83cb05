"""A real Chromium for the tests of the brief: headless, alone, and watched for what it asks for."""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service

FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
# Listens from before the page's first line, and remembers.
LISTENER = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) =>
  window.violations.push(`${event.violatedDirective} ${event.blockedURI}`));
"""


def programs() -> tuple[str, str] | None:
    """Return Chromium and its driver, or None where either is missing."""
    found = shutil.which("chromium"), shutil.which("chromedriver")
    return found if all(found) else None


@contextmanager
def open_chromium(profile: Path) -> Iterator[Chrome]:
    """Give a browser with a profile of its own that ends with the block."""
    chromium, driver = programs()
    options = ChromeOptions()
    options.binary_location = chromium
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    browser = Chrome(options=options, service=Service(driver))
    try:
        browser.set_script_timeout(60)
        call(browser, "Page.addScriptToEvaluateOnNewDocument", source=LISTENER)
        yield browser
    finally:
        browser.quit()


def call(browser: Chrome, method: str, **parameters: Any) -> Any:
    """Call a method of the browser's own protocol."""
    return browser.execute_cdp_cmd(method, parameters)


def set_window(browser: Chrome, width: int, height: int) -> None:
    """Make the page as wide and high as a screen [px]."""
    call(
        browser, "Emulation.setDeviceMetricsOverride",
        width=width, height=height, deviceScaleFactor=1, mobile=width < 500,
    )  # fmt: skip


def requests(browser: Chrome) -> list[str]:
    """Return what was asked for since the last call, beyond files, data and the browser itself."""
    events = (json.loads(row["message"])["message"] for row in browser.get_log("performance"))
    asked = (
        event["params"]["request"]["url"]
        for event in events
        if event["method"] == "Network.requestWillBeSent"
    )
    return [url for url in asked if not url.startswith("data:")]


def complaints(browser: Chrome) -> list[str]:
    """Return what stood in the console since the last call, and every breach of the policy."""
    console = [f"{row['level']} {row['message']}" for row in browser.get_log("browser")]
    return console + list(browser.execute_script("return window.violations ?? []"))


def print_pdf(browser: Chrome) -> bytes:
    """Return the page as it prints on A4."""
    printed = call(browser, "Page.printToPDF", preferCSSPageSize=True, printBackground=True)
    return base64.b64decode(printed["data"])
