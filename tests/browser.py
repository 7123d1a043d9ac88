"""A real browser for pages: Chromium, with all that a page asks for and complains of kept.

Where none is installed its tests are skipped, but fail where `PROTOPARSE_BROWSER_REQUIRED` is set, as `.ci/run` does.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Browser, Error, Page, sync_playwright

from missing import absent

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
REQUIRED = "PROTOPARSE_BROWSER_REQUIRED"


@contextmanager
def chromium() -> Iterator[Browser]:
    """The browser, for as long as the `with` lasts."""
    place = next(filter(None, map(shutil.which, NAMES)), None)
    if place is None:
        absent("no Chromium is installed (looked for: " + ", ".join(NAMES) + ")", required=REQUIRED)
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=place, args=["--no-sandbox"])
        except Error as error:
            absent(f"{place} does not start: {str(error).splitlines()[0]}", required=REQUIRED)
        yield browser
        browser.close()


class Visit:
    """One page opened from a file, with what it asked for and what it complained of."""

    def __init__(
        self,
        browser: Browser,
        path: Path,
        *,
        at: str = "",
        width: int = 1200,
        scheme: Literal["light", "dark"] = "light",
    ) -> None:
        self.context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
        self.page: Page = self.context.new_page()
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", lambda dialog: self.complaints.append(dialog.message))
        self.page.goto(path.as_uri() + at)

    def __enter__(self) -> Visit:
        return self

    def __exit__(self, *error: Any) -> None:
        self.context.close()
