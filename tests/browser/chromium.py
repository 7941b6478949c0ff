"""A real Chromium that opens files, and what it asked for and complained about meanwhile."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Dialog, Page, sync_playwright
from playwright.sync_api import Error as BrowserError

from tests.rig.cache import MissingPart

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
SWITCHES = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
DESKTOP = (1440, 900)
PHONE = (390, 844)


@contextmanager
def running_chromium() -> Iterator[Browser]:
    """The machine's own browser with a fresh profile; raises `MissingPart` where there is none."""
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        raise MissingPart(f"no browser on PATH: {', '.join(PROGRAMS)} (Debian: apt-get install chromium)")
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=program, args=list(SWITCHES))
        except BrowserError as error:
            raise MissingPart(f"{program} does not start: {error.message.splitlines()[0]}") from error
        yield browser
        browser.close()


@dataclass(frozen=True, kw_only=True)
class OpenedPage:
    """A page in the browser, and everything that should not have happened."""

    page: Page
    requests: list[str] = field(default_factory=list)
    """Addresses that were asked for beside the file itself."""
    complaints: list[str] = field(default_factory=list)
    """Messages of the console, errors of scripts, dialogs, windows."""

    def ask(self, script: str, argument: object = None) -> Any:
        """What a JavaScript expression or function gives."""
        return self.page.evaluate(script, argument)

    def visible_rows(self) -> list[str]:
        """Ids of the findings that are not filtered out, folded or not."""
        ids: list[str] = self.ask(
            "[...document.querySelectorAll('.row')].filter(r => !r.closest('[hidden]')).map(r => r.id)"
        )
        return ids

    def unfold(self) -> None:
        self.ask("document.querySelectorAll('details').forEach(one => { one.open = true; })")


@contextmanager
def opened(browser: Browser, file: Path, *, size: tuple[int, int] = DESKTOP, **settings: Any) -> Iterator[OpenedPage]:
    """The file in a context of its own, without a network; at phone width as a phone shows it."""
    phone = {"is_mobile": True, "has_touch": True, "device_scale_factor": 2} if size == PHONE else {}
    width, height = size
    context = browser.new_context(viewport={"width": width, "height": height}, offline=True, **{**phone, **settings})
    page = context.new_page()
    seen = OpenedPage(page=page)
    address = file.as_uri()

    def note_dialog(dialog: Dialog) -> None:
        seen.complaints.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    page.on("request", lambda request: seen.requests.append(request.url) if request.url != address else None)
    page.on("console", lambda message: seen.complaints.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: seen.complaints.append(f"error: {error}"))
    page.on("dialog", note_dialog)
    page.on("popup", lambda popup: seen.complaints.append(f"popup: {popup.url}"))
    page.goto(address)
    yield seen
    context.close()
