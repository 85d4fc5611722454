"""Debian's Chromium, headless, driven by selenium."""

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from selenium import webdriver
from selenium.webdriver.chrome.service import Service

from e2e.waiting import PATIENCE_SECONDS

__all__ = ["browser", "complaints", "screenshot"]

_FLAGS = [
    "--headless",
    # Tests may run as root, in containers.
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    # It asks its maker's hosts for nothing.
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
]

_PHONE = {"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": True}


@contextmanager
def browser(folder: Path, *, dark: bool = False, phone: bool = False) -> Iterator[Any]:
    """Starts a browser.

    Args:
        folder: Of its profile, made anew.
        dark: Whether its user prefers dark pages.
        phone: Whether it is that of a phone.

    Yields:
        A WebDriver.
    """
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for flag in [*_FLAGS, f"--user-data-dir={folder}", "--window-size=1280,1100"]:
        options.add_argument(flag)
    if dark:
        options.add_argument("--blink-settings=preferredColorScheme=0")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options, Service("/usr/bin/chromedriver"))
    try:
        driver.set_page_load_timeout(PATIENCE_SECONDS)
        if phone:
            # A window cannot be as narrow.
            driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", _PHONE)
        yield driver
    finally:
        driver.quit()


def complaints(driver: Any) -> list[str]:
    """What its console holds of errors and warnings, since this was last asked."""
    return [
        entry["message"]
        for entry in driver.get_log("browser")
        if entry["level"] in ("SEVERE", "WARNING")
    ]


def screenshot(driver: Any, file: Path) -> None:
    """Keeps the whole page as a PNG, for people."""
    taken = driver.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True})
    file.write_bytes(base64.b64decode(taken["data"]))
