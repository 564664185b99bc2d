"""A compliance officer's way through the pages, by keyboard alone and without scripts; and nothing for axe to find."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import pytest

from ledger import exitcodes
from ledger.cli.main import run
from ledger.client import Client
from ledger.events.roster import CertificateEnrol
from reports.sealing import new_seal_key, spki_of
from tests.api.hostile import PACK_ID, hostile
from tests.api.serving import anchor_of, found_ledger, parcels_of, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, ConsoleMessage, Dialog, Page

    from tests.api.serving import Served

pytestmark = pytest.mark.slow

AXE: Final = Path(__file__).with_name("axe.min.js")
PRINT_MILLISECONDS: Final = 240_000
"""A print takes seconds; a busy machine may take minutes."""
MOST_TABS: Final = 60
FOCUSED: Final = """() => {
    const one = document.activeElement;
    const label = one.labels && one.labels.length ? one.labels[0].innerText : "";
    return (label || one.innerText || one.value || one.tagName).trim();
}"""
SEEN: Final = """() => {
    const style = getComputedStyle(document.activeElement);
    return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1;
}"""
MODES: Final[dict[str, Any]] = {
    "light": {"viewport": {"width": 1100, "height": 900}, "color_scheme": "light"},
    "dark": {"viewport": {"width": 1100, "height": 900}, "color_scheme": "dark"},
    "narrow": {"viewport": {"width": 400, "height": 800}},
}
ADDRESSES: Final = (
    "/releases",
    "/releases?product=nothing",
    "/releases/payments@1.0",
    "/trace",
    "/trace?q=41",
    "/trace?q=payments@1.0",
    "/trace?q=src/cart.py:1",
    "/trace?q=model:m-1",
    "/trace?q=nothing",
    "/packs",
    f"/packs/{PACK_ID}",
    "/periods?first=0&end=12",
    "/sign-in",
    "/releases/nothing@9",
)


class Ledger(NamedTuple):
    """A served ledger that seals its packs."""

    served: Served
    anchor: Path


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    """The hostile story, with a seal, behind a server without tokens."""
    world = hostile().world
    folder = tmp_path_factory.mktemp("ledger")
    seal = new_seal_key(world.ledger, datetime.now(UTC))
    world.act(CertificateEnrol(spki_of(seal), "packs"))
    found_ledger(folder, world)
    (folder / "seal.pem").write_bytes(seal.certificates_pem)
    (folder / "seal.key").touch(mode=0o600)
    (folder / "seal.key").write_bytes(seal.private_pem)
    with serving(folder) as running:
        with Client(running.url, anchor_of(world)) as client:
            for parcel in parcels_of(world):
                client.record(parcel)
        yield Ledger(running, folder / "ledger.pub")


@pytest.fixture
def keyboard(ledger: Ledger, chromium: Browser) -> Iterator[Page]:
    """A page of a browser that runs no script, opened at the root; nothing clicks in it."""
    context = chromium.new_context(java_script_enabled=False, base_url=ledger.served.url, accept_downloads=True)
    page = context.new_page()
    page.goto("/")
    yield page
    context.close()


def tab_to(page: Page, wanted: str) -> None:
    """Tabs on until what is named ``wanted`` has the focus, which must be seen on every stop."""
    passed = []
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        name = page.evaluate(FOCUSED)
        if name != "BODY":
            assert page.evaluate(SEEN), f"no outline on {name}"
        if re.fullmatch(wanted, name):
            return
        passed.append(name)
    pytest.fail(f"{wanted} is not reached by Tab; passed: {passed}")


def download(page: Page, folder: Path) -> Path:
    """The PDF that is ordered by Enter on the button that has the focus."""
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/prints/"))
    # The page asks again by itself until the pack is made.
    page.get_by_role("link", name=re.compile("^Download ")).wait_for(timeout=PRINT_MILLISECONDS)
    tab_to(page, r"Download .*\.pdf")
    with page.expect_download() as expected:
        page.keyboard.press("Enter")
    path = folder / expected.value.suggested_filename
    expected.value.save_as(path)
    return path


def test_from_the_list_to_a_verified_pack(ledger: Ledger, keyboard: Page, tmp_path: Path) -> None:
    """Open the page, find the release, download its PDF, verify it: by keyboard, without a script or a developer."""
    assert keyboard.url.endswith("/releases")
    keyboard.keyboard.press("Tab")
    assert keyboard.evaluate(FOCUSED) == "Skip to the content"
    tab_to(keyboard, "Product")
    keyboard.keyboard.type("pay")
    keyboard.keyboard.press("Enter")
    keyboard.wait_for_url(re.compile("product=pay"))
    tab_to(keyboard, r"payments 1\.0")
    keyboard.keyboard.press("Enter")
    keyboard.wait_for_url(re.compile("/releases/payments"))
    shown = re.sub(r"\s", "", keyboard.inner_text(".cover"))
    tab_to(keyboard, "Download PDF")
    path = download(keyboard, tmp_path)
    facts = dict(row.split("\t", 1) for row in keyboard.inner_text("table.facts").splitlines() if "\t" in row)
    assert re.sub(r"\s", "", facts["Pack id"]) in shown
    assert path.name == "payments-1.0.evidence.pdf"
    assert run(["verify", str(path), "--anchor", str(ledger.anchor)]) == exitcodes.DONE


def test_from_a_quarter_to_a_verified_pack(ledger: Ledger, keyboard: Page, tmp_path: Path) -> None:
    """Choose a quarter, download its pack, verify it: the same way."""
    tab_to(keyboard, "Period")
    tab_to(keyboard, "Show the period")
    keyboard.keyboard.press("Enter")
    keyboard.wait_for_url(re.compile("/periods"))
    assert "payments@1.0" in keyboard.inner_text("main")
    tab_to(keyboard, "Download PDF")
    path = download(keyboard, tmp_path)
    assert path.name.startswith("period-")
    assert run(["verify", str(path), "--anchor", str(ledger.anchor)]) == exitcodes.DONE


def test_from_a_stack_trace_to_the_approver(keyboard: Page) -> None:
    """What is pasted into the one box leads to who approved what touched the file."""
    tab_to(keyboard, "Trace")
    keyboard.keyboard.press("Enter")
    keyboard.wait_for_url(re.compile("/trace"))
    tab_to(keyboard, "What to trace")
    keyboard.keyboard.insert_text(
        'Traceback (most recent call last):\n  File "/srv/src/till.py", line 7, in buy\nError'
    )
    tab_to(keyboard, "Trace")
    keyboard.keyboard.press("Enter")
    keyboard.get_by_role("heading", name="Changes that touched these files").wait_for()
    assert "Ap Prover" in keyboard.inner_text("main")
    assert "line not resolved" in keyboard.inner_text("main")


def _heard(into: list[str]) -> Callable[[ConsoleMessage], None]:
    def heard(message: ConsoleMessage) -> None:
        into.append(message.text)

    return heard


@pytest.mark.parametrize("mode", MODES)
def test_axe_finds_nothing(ledger: Ledger, chromium: Browser, mode: str) -> None:
    """No page has a fault that axe-core knows, is wider than its window, or makes the browser complain."""
    context = chromium.new_context(base_url=ledger.served.url, **MODES[mode])
    script = AXE.read_text("utf-8")
    for address in ADDRESSES:
        page = context.new_page()
        messages: list[str] = []
        page.on("console", _heard(messages))
        answer = page.goto(address)
        page.evaluate(script)
        found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        assert [(item["id"], item["nodes"][0]["html"]) for item in found["violations"]] == [], address
        assert found["passes"], json.dumps(found)[:200]
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth + 1"), address
        assert answer is not None
        assert answer.status >= 400 or messages == [], address
        page.close()
    context.close()


def test_nothing_captured_runs(ledger: Ledger, chromium: Browser) -> None:
    """Where scripts may run, what names, prompts, paths and queries smuggle in still does not."""
    context = chromium.new_context(base_url=ledger.served.url)
    page = context.new_page()
    shown: list[str] = []

    def seen(dialog: Dialog) -> None:
        shown.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", seen)
    for address in (*ADDRESSES, "/trace?q=%22%3E%3Cimg%20src%3Dx%20onerror%3Dalert(9)%3E"):
        page.goto(address)
        assert page.locator("script, img, iframe, object").count() == 0, address
    assert shown == []
    context.close()
