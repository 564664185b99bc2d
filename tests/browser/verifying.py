"""The page ``verify.html`` in a browser, asked as a person asks it: a file, an anchor, a press of the button."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ledger.standalone
from tests.test_standalone import standalone

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PAGE = Path(ledger.standalone.__file__).parent / "verify.html"
TIMEOUT_MS = 240_000
"""Not a measure of speed: machines that run this are shared."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the page says of a file."""

    records: str
    """State of the records: good, bad or open."""
    pages: str
    """State of the printed pages: good, bad, open or none; empty where the browser cannot check."""
    found: frozenset[tuple[str, str]]
    """Check and place of each failure."""
    text: str
    """All that a person reads of it."""


def open_page(chromium: Browser, **settings: Any) -> Page:  # noqa: ANN401  # settings of a browser's page
    """The page, opened from the disk; whatever it logs, or does not catch, is kept in ``page.said``."""
    page = chromium.new_page(**settings)
    page.set_default_timeout(TIMEOUT_MS)
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.said = said  # type: ignore[attr-defined]
    page.goto(PAGE.as_uri())
    return page


def ask(page: Page, name: str, data: bytes, anchor: str) -> Answer:
    """The page's answer."""
    page.set_input_files("#file", {"name": name, "mimeType": "application/octet-stream", "buffer": data})
    page.fill("#anchor", anchor)
    page.click("#start")
    page.wait_for_selector("#result:not([hidden])")
    rows = page.eval_on_selector_all(
        "#findings tr", "rows => rows.map(row => [row.dataset.check, row.cells[1].textContent])"
    )
    states = page.eval_on_selector_all("#answers li", "items => items.map(item => [item.id, item.dataset.state])")
    return Answer(
        records=dict(states)["records"],
        pages=dict(states).get("pages", ""),
        found=frozenset((check, place) for check, place in rows),
        text=page.inner_text("#result"),
    )


def found_by_script(bundle: bytes, anchor: str) -> frozenset[tuple[str, str]]:
    """Check and place of each failure that ``verify.py`` finds."""
    return frozenset((check, place) for check, place, _ in standalone().verify(bundle, anchor).failures)
