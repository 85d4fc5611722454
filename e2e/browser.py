"""Debian's Chromium, headless, driven by selenium."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from selenium import webdriver
from selenium.webdriver.chrome.service import Service

from e2e.waiting import PATIENCE_SECONDS

__all__ = ["browser", "complaints"]

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


@contextmanager
def browser(folder: Path, *, dark: bool = False, width: int = 1280) -> Iterator[Any]:
    """Starts a browser.

    Args:
        folder: Of its profile, made anew.
        dark: Whether its user prefers dark pages.
        width: Of its window, in pixels.

    Yields:
        A WebDriver.
    """
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for flag in [*_FLAGS, f"--user-data-dir={folder}", f"--window-size={width},1100"]:
        options.add_argument(flag)
    if dark:
        options.add_argument("--blink-settings=preferredColorScheme=0")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options, Service("/usr/bin/chromedriver"))
    try:
        driver.set_page_load_timeout(PATIENCE_SECONDS)
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
