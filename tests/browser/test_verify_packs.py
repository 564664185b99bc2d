"""Sealed packs before three readers: `evidence verify`, verify.py and verify.html say the same of the printed pages."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING

import pytest
from pypdf import PdfWriter
from pypdf.annotations import FreeText

from reports.attached import attached_bundle
from reports.sealing import new_seal_key, seal_pdf
from tests.browser.verifying import ask, open_page
from tests.reports.seals import WHEN, bought_key, enrolled, judge, own_key, printed, sealed, stamp, world
from tests.test_standalone import bad_bundle, standalone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

    from reports.sealing import SealKey

pytestmark = pytest.mark.slow

STATES = {
    "sealed": "good",
    "altered or not sealed by this ledger": "bad",
    "cannot tell": "open",
    "not sealed": "open",
}
Pack = tuple[bytes, str]


def _sealed(key: SealKey, stamping: Callable[[bytes], bytes] | None = None) -> Pack:
    return sealed(key, stamping), enrolled(key)[1]


def _changed(change: Callable[[bytes], bytes]) -> Pack:
    pdf, anchor = _sealed(own_key())
    return change(pdf), anchor


def _noted(pdf: bytes) -> bytes:
    writer, out = PdfWriter(io.BytesIO(pdf), incremental=True), io.BytesIO()
    writer.add_annotation(0, FreeText(text="Everybody approved.", rect=(50, 50, 250, 90)))
    writer.write(out)
    return out.getvalue()


def _gap(pdf: bytes) -> tuple[int, int]:
    # Where the digits of the signature begin and end.
    start = pdf.index(b"<3082") + 1
    return start, pdf.index(b">", start)


def _in_small_letters(pdf: bytes) -> bytes:
    start, end = _gap(pdf)
    return pdf[:start] + pdf[start:end].lower() + pdf[end:]


def _with_the_signature_of_another(pdf: bytes) -> bytes:
    start, end = _gap(pdf)
    other = seal_pdf(printed(enrolled(own_key(), bought_key())[0]), own_key(), signed_at=WHEN)
    digits = other[slice(*_gap(other))].rstrip(b"0")
    digits += b"0" * (len(digits) % 2)
    return pdf[:start] + digits.ljust(end - start, b"0") + pdf[end:]


def _of_a_bad_bundle() -> Pack:
    spoilt, bundle = bad_bundle("content")
    return seal_pdf(printed(bundle), own_key(), signed_at=WHEN), spoilt.anchor


def _with_an_ended_key() -> Pack:
    bundle, anchor = enrolled(own_key(), end=True)
    return seal_pdf(printed(bundle), own_key(), signed_at=WHEN), anchor


def _with_a_foreign_key() -> Pack:
    bundle, anchor = enrolled(own_key())
    return seal_pdf(printed(bundle), new_seal_key(world().ledger, WHEN - timedelta(1)), signed_at=WHEN), anchor


PACKS: dict[str, Callable[[], Pack]] = {
    "own": lambda: _sealed(own_key()),
    "own, stamped": lambda: _sealed(own_key(), stamp),
    "bought RSA": lambda: _sealed(bought_key()),
    "bought P-384": lambda: _sealed(bought_key("p384")),
    "not sealed": lambda: (printed(enrolled(own_key())[0]), enrolled(own_key())[1]),
    "ended key": _with_an_ended_key,
    "foreign key": _with_a_foreign_key,
    "other anchor": lambda: (_sealed(own_key())[0], enrolled(bought_key())[1]),
    "records not intact": _of_a_bad_bundle,
    "a note appended": lambda: _changed(_noted),
    "a newline appended": lambda: _changed(lambda pdf: pdf + b"\n"),
    "the last byte cut": lambda: _changed(lambda pdf: pdf[:-1]),
    "cut before the seal": lambda: _changed(lambda pdf: pdf[: _gap(pdf)[1]]),
    "small letters": lambda: _changed(_in_small_letters),
    "signature of another pack": lambda: _changed(_with_the_signature_of_another),
    "another time": lambda: _changed(lambda pdf: pdf.replace(b"/M (D\\07220261121", b"/M (D\\07220261122")),
    "no time": lambda: _changed(lambda pdf: pdf.replace(b"/M (D\\07220261121", b"/M (D\\07220261321")),
    "two ranges": lambda: _changed(lambda pdf: pdf.replace(b"%\xf0", b"/ByteRange", 1)),
}


@cache
def pack(name: str) -> Pack:
    """The pack of that name, and its anchor."""
    return PACKS[name]()


@pytest.fixture(scope="module")
def page(chromium: Browser) -> Iterator[Page]:
    """The page, once for all; at the end it has logged nothing."""
    opened = open_page(chromium)
    yield opened
    assert opened.said == []  # type: ignore[attr-defined]
    opened.close()


@pytest.mark.parametrize("name", list(PACKS))
def test_three_readers_say_the_same_of_the_pages(page: Page, name: str) -> None:
    """The same state, and the same step where one does not hold; records apart from pages, and judged alike."""
    pdf, anchor = pack(name)
    ours = judge(pdf, anchor)
    result, pages = standalone().verify_pack(pdf, anchor)
    answer = ask(page, "pack.pdf", pdf, anchor)
    assert pages.state == ours.state
    assert answer.pages == STATES[ours.state]
    assert answer.found == {(check, where) for check, where, _ in result.failures}
    assert answer.records == ("good" if result.intact else "bad")
    if ours.state == "altered or not sealed by this ledger":
        assert pages.found[0][:3] == ours.reason[:3]
        assert pages.found[0][:4] in answer.text
    if ours.state == "sealed":
        assert ours.seal is not None
        said = f"certificate {ours.seal.certificate}, enrolled by entry 2"
        assert said in pages.found[0]
        assert said in answer.text
        assert ("Time stamp not checked" in answer.text) == (name == "own, stamped")


def test_the_names_of_the_states_are_met() -> None:
    """Among these packs is one of each state."""
    assert {standalone().verify_pack(*pack(name))[1].state for name in PACKS} == set(STATES)


@pytest.mark.parametrize("name", ["own", "bought RSA", "bought P-384"])
def test_verify_py_refuses_two_hundred_flipped_bytes(name: str) -> None:
    """One bit changed, at two hundred places: the pages are never called sealed."""
    pdf, anchor = pack(name)
    for number in range(200):
        place = number * (len(pdf) - 1) // 199
        changed = bytearray(pdf)
        changed[place] ^= 1 << number % 8
        assert standalone().verify_pack(bytes(changed), anchor)[1].state != "sealed", place


def test_the_page_refuses_flipped_bytes(page: Page) -> None:
    """One bit changed, at thirty places: the pages are never called sealed, and verify.py says the same of all."""
    pdf, anchor = pack("own")
    for number in range(1, 31):
        changed = bytearray(pdf)
        changed[number * (len(pdf) - 1) // 30] ^= 1 << number % 8
        answer = ask(page, "pack.pdf", bytes(changed), anchor)
        result, pages = standalone().verify_pack(bytes(changed), anchor)
        assert answer.pages == STATES[pages.state] != "good"
        assert answer.found == {(check, where) for check, where, _ in result.failures}


@pytest.mark.parametrize("other", [b"/Type /EmbeddedFile/Subtype /application#2fpdf/", b""])
def test_a_pdf_without_a_bundle_has_no_records(page: Page, other: bytes) -> None:
    """Neither reader calls records intact that are not there, whatever else the file says."""
    pdf, anchor = pack("own")
    bare = pdf.replace(b"/Type /EmbeddedFile/Subtype /application#2fzip/", other)
    answer = ask(page, "pack.pdf", bare, anchor)
    result, pages = standalone().verify_pack(bare, anchor)
    assert answer.found == {(check, where) for check, where, _ in result.failures} == {("V01", "PDF")}
    assert (answer.records, answer.pages, STATES[pages.state]) == ("bad", "bad", "bad")


def test_a_pack_cut_within_its_bundle_is_said_to_end_early(page: Page) -> None:
    """Both readers say that the file ends early, of the records and of the pages, and not that nobody sealed them."""
    pdf, anchor = pack("own")
    cut = pdf[: pdf.index(b"/Type /EmbeddedFile") + 900]
    answer = ask(page, "pack.pdf", cut, anchor)
    result, pages = standalone().verify_pack(cut, anchor)
    assert [failure[2] for failure in result.failures] == [standalone().CUT_SHORT]
    assert standalone().CUT_SHORT in answer.text
    assert (answer.records, answer.pages, STATES[pages.state]) == ("bad", "open", "open")
    assert pages.found[0] in answer.text


def test_the_bundle_is_the_one_that_was_attached() -> None:
    """Without any PDF library, verify.py takes out the very bytes that were put in."""
    pdf, _ = pack("own")
    assert standalone().attached_bundle(pdf, len(pdf)) == attached_bundle(pdf) == enrolled(own_key())[0]


@pytest.mark.parametrize(
    ("name", "options", "status", "said"),
    [
        ("own", [], 0, "printed pages sealed: as sealed by certificate sha256:"),
        ("not sealed", [], 3, "printed pages not sealed"),
        ("not sealed", ["--records-only"], 0, "records intact"),
        ("a note appended", [], 3, "printed pages altered or not sealed by this ledger: S02"),
        ("records not intact", ["--records-only"], 3, "printed pages cannot tell"),
    ],
)
def test_exit_status_of_verify_py(tmp_path: Path, name: str, options: list[str], status: int, said: str) -> None:
    """0 only if the records are intact and the pages sealed, or not asked about."""
    pdf, anchor = pack(name)
    (tmp_path / "pack.pdf").write_bytes(pdf)
    command = [sys.executable, str(standalone().__file__), "pack.pdf", "--anchor-line", anchor, *options]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == status, done
    assert said in done.stdout
    done = subprocess.run([*command, "--json"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == status
    assert set(json.loads(done.stdout)["printed_pages"]) == {"found", "state"}
