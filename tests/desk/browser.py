"""Chromium, through Playwright, at the real page."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.desk.served import PASSWORD, Served

if TYPE_CHECKING:
    from playwright.sync_api import Page

PATIENCE_MS = 120_000.0  # a browser's first start takes half a minute on a busy machine
SWITCHES = (
    "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--mute-audio",
)  # fmt: skip


@contextmanager
def browser(profile: Path) -> "Iterator[Page]":
    """A page of the size of a small phone. profile: a folder."""
    chromium = shutil.which("chromium")
    if not chromium:
        pytest.skip("chromium is not installed")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as driver:
        context = driver.chromium.launch_persistent_context(
            profile, executable_path=chromium, headless=True, args=[*SWITCHES, *(["--no-sandbox"] if os.getuid() == 0 else [])],
            viewport={"width": 360, "height": 740}, locale="zh-CN", timeout=PATIENCE_MS,
        )  # fmt: skip
        context.set_default_timeout(PATIENCE_MS)
        try:
            yield context.pages[0]
        finally:
            context.close()


def fill_login(page: "Page", desk: Served, language: str, name: str, password: str = PASSWORD) -> None:
    """Send the form, with the keyboard alone."""
    page.goto(f"http://127.0.0.1:{desk.port}/login?lang={language}")
    page.locator("input[name=name]").focus()
    page.keyboard.insert_text(name)
    page.keyboard.press("Tab")
    page.keyboard.type(password)
    page.keyboard.press("Enter")


def log_in(page: "Page", desk: Served, language: str, name: str = "李老师", password: str = PASSWORD) -> None:
    """The same, and wait for the page."""
    fill_login(page, desk, language, name, password)
    page.wait_for_selector("#tab-alerts")
