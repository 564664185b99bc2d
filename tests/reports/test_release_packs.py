"""A pack from a bundle: what is inside comes out, what does not verify says so on the first page."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from ledger.bundle import BundleSubject, Period, write_bundle
from ledger.digests import digest_bytes
from ledger.errors import ConflictError, FormatError
from ledger.sampling import Sampling
from ledger.sealkeys import certificate_id
from ledger.verify.run import verify_bundle
from reports import packs
from reports.attached import attached_bundle
from reports.packfiles import FORMS
from reports.packs import Pack, PeriodWish, Sealing, identify, make_pack
from reports.pdf import PangoMissingError
from reports.release.view import PackSettings, bundle_name
from reports.sealed import read_seal
from reports.sealing import new_seal_key, spki_of
from tests.reports import release_story

if TYPE_CHECKING:
    from pathlib import Path

AS_OF = "2026-03-02T16:00:00.000Z"
SETTINGS = PackSettings(datetime(2026, 3, 3, 7, 0, tzinfo=UTC), ZoneInfo("Europe/Oslo"), "Europe/Oslo", "Tidewater")


@cache
def told() -> tuple[bytes, str]:
    """Bundle and anchor of the clean release."""
    world, release = release_story.clean()
    return world.bundle(release), world.anchor


@cache
def pack() -> Pack:
    """Its pack, printed once."""
    bundle, anchor = told()
    return make_pack(bundle, anchor, as_of=AS_OF, settings=SETTINGS)


def without_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a machine without the layout libraries."""

    def refuse(*_: object, **__: object) -> bytes:
        raise PangoMissingError

    monkeypatch.setattr(packs, "render_pdf", refuse)


@pytest.mark.slow
def test_the_bundle_comes_out_unchanged_and_verifies() -> None:
    """The bytes inside the PDF are those given, and they verify against the anchor."""
    bundle, anchor = told()
    assert pack().pdf is not None
    taken = attached_bundle(pack().pdf or b"")
    assert taken == bundle == pack().bundle
    assert verify_bundle(taken, anchor).intact


@pytest.mark.slow
def test_two_prints_have_equal_bytes() -> None:
    """The same bundle, time and settings give the same pack, to the byte."""
    bundle, anchor = told()
    assert make_pack(bundle, anchor, as_of=AS_OF, settings=SETTINGS) == pack()


@pytest.mark.slow
def test_text_of_the_pages_names_what_identifies_the_pack() -> None:
    """Pack id, ledger id, root and anchor can be read from the printed pages, whole."""
    _, anchor = told()
    text = subprocess.run(("pdftotext", "-", "-"), input=pack().pdf, capture_output=True, check=True).stdout.decode()
    found = pack().verification
    assert found.checkpoint_root is not None
    assert found.records is not None
    for value in (pack().pack_id[7:], found.records.ledger[7:], found.checkpoint_root.hex()):
        assert value in text
    assert anchor.split()[0].replace("\n", "") in text.replace("\n", "")


def test_without_layout_libraries_there_is_html_and_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pack is made as HTML, and one line names what to install for the PDF."""
    without_pages(monkeypatch)
    bundle, anchor = told()
    made = make_pack(bundle, anchor, as_of=AS_OF, settings=SETTINGS)
    assert made.pdf is None
    assert "libpango-1.0-0" in (made.pdf_missing_reason or "")
    assert "\n" not in (made.pdf_missing_reason or "")
    assert "Every rule that applies passed" in made.html


@pytest.mark.parametrize("place", ["an envelope", "a content", "the anchor"])
def test_what_does_not_verify_says_so_first(monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    """A bundle with one byte changed, or of another ledger, makes a pack whose cover says that it does not verify."""
    without_pages(monkeypatch)
    bundle, anchor = told()
    if place == "an envelope":
        bundle = bundle.replace(
            b'"payloadType":"application/vnd.in-toto+json"', b'"payloadType":"application/vnd.in-toto+jsom"', 1
        )
    elif place == "a content":
        bundle = bundle.replace(b"Read it line by line", b"Read it lime by line", 1)
    else:
        anchor = release_story.found(admins_required=1).world.anchor
    made = make_pack(bundle, anchor, as_of=AS_OF, settings=SETTINGS)
    assert not made.verification.intact
    cover, _, _ = made.html.partition("</header>")
    assert "The records do not verify" in cover
    assert "Checks that failed" in made.html


@pytest.mark.parametrize("data", [b"", b"PK", b"%PDF-1.7"])
def test_rubbish_makes_a_pack_that_says_so(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    """What is no bundle at all still gives a page that says what the checks found."""
    without_pages(monkeypatch)
    made = make_pack(data, told()[1], as_of=AS_OF, settings=SETTINGS)
    assert made.assessments == ()
    assert "The records do not verify" in made.html


def test_a_period_is_a_pack_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bundle about a period makes the pack of that period, under a name that says which."""
    without_pages(monkeypatch)
    world, _ = release_story.clean()
    made = make_pack(world.bundle(), world.anchor, as_of=AS_OF, settings=SETTINGS)
    assert len(made.assessments) == 1
    assert made.assessments[0].subject.startswith("period ")
    assert made.bundle_name.startswith("period-2")


def test_a_baseline_is_verified_like_the_pack(monkeypatch: pytest.MonkeyPatch) -> None:
    """Measures stand beside a period only if it is an earlier one and its bundle verifies."""
    without_pages(monkeypatch)
    world, release = release_story.clean()
    size, anchor = len(world.entries), world.anchor
    earlier, period = (
        write_bundle(world.selection(BundleSubject(period=Period(first, end))), b"")
        for first, end in ((0, 30), (30, size))
    )
    made = make_pack(period, anchor, as_of=AS_OF, settings=SETTINGS, wish=PeriodWish(baseline=earlier))
    assert made.pack_id != identify(period, anchor, AS_OF, SETTINGS)
    altered = earlier.replace(b"Read it line by line", b"Read it lime by line", 1)
    for wrong in (world.bundle(release), altered, period):
        with pytest.raises(FormatError) as caught:
            make_pack(period, anchor, as_of=AS_OF, settings=SETTINGS, wish=PeriodWish(baseline=wrong))
        assert caught.value.slug == "bad-baseline"


def test_only_what_is_asked_for_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the PDF nothing is printed, and no reason is given for what nobody asked for."""

    def refuse(*_: object, **__: object) -> bytes:
        raise AssertionError("printed")

    monkeypatch.setattr(packs, "render_pdf", refuse)
    bundle, anchor = told()
    made = make_pack(bundle, anchor, as_of=AS_OF, settings=SETTINGS, forms=("html", "csv"))
    assert [one.form for one in made.files] == ["html", "csv"]
    assert (made.pdf, made.pdf_missing_reason) == (None, None)


def test_every_form_lies_beside_the_pack() -> None:
    """The PDF, the page, the bundle, the registers, OSCAL and the verifying page are there, each once."""
    made = pack()
    assert tuple(one.form for one in made.files) == FORMS
    names = [one.name for one in made.files]
    assert len(set(names)) == len(names)
    assert made.files[0].data == made.pdf


@pytest.mark.slow
def test_what_the_pdf_carries_is_listed_in_it(tmp_path: Path) -> None:
    """Taken out by another tool, each file has the digest that pack.json says, and pack.json names the pack."""
    source = tmp_path / "pack.pdf"
    source.write_bytes(pack().pdf or b"")
    subprocess.run(("pdfdetach", "-saveall", "-o", str(tmp_path), str(source)), check=True, capture_output=True)
    listed = json.loads((tmp_path / "pack.json").read_bytes())
    assert listed["pack_id"] == pack().pack_id
    for item in listed["files"]:
        assert digest_bytes((tmp_path / item["name"]).read_bytes()) == item["sha256"]
    found = {path.name for path in tmp_path.iterdir()} - {"pack.pdf", "pack.json"}
    assert found == {item["name"] for item in listed["files"]}
    assert {"registers.xlsx", "assessment.json", "assessment-results.json", "verify.html"} < found


@pytest.mark.slow
def test_a_sealed_pack_says_with_what(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sealed PDF is sealed by the key it names, and its pages no longer say that they are not."""
    bundle, anchor = told()
    key = new_seal_key(verify_bundle(bundle, anchor).index.ledger, SETTINGS.generated_at)  # type: ignore[union-attr]
    certificate = certificate_id(spki_of(key))
    settings = replace(SETTINGS, sealed_by=certificate)
    plain = make_pack(bundle, anchor, as_of=AS_OF, settings=settings)
    sealed = make_pack(bundle, anchor, as_of=AS_OF, settings=settings, seal=Sealing(key, SETTINGS.generated_at))
    assert plain.sealed_by is None
    assert sealed.sealed_by == certificate
    assert sealed.pack_id == plain.pack_id != pack().pack_id
    assert read_seal(sealed.pdf or b"").certificate == certificate
    assert attached_bundle(sealed.pdf or b"") == bundle
    assert "Not sealed" not in sealed.html
    assert "Not sealed" in pack().html


def test_times_are_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    """An assessment as of a time before the last entry, or of no ledger time, is refused."""
    without_pages(monkeypatch)
    bundle, anchor = told()
    with pytest.raises(ConflictError):
        make_pack(bundle, anchor, as_of="2026-03-02T08:00:00.000Z", settings=SETTINGS)
    with pytest.raises(FormatError):
        make_pack(bundle, anchor, as_of="yesterday", settings=SETTINGS)


def test_the_id_depends_on_everything_that_is_printed() -> None:
    """Another bundle, anchor, time or setting is another pack."""
    ids = {identify(b"b", "a", AS_OF, SETTINGS)}
    for bundle, anchor, as_of in ((b"c", "a", AS_OF), (b"b", "z", AS_OF), (b"b", "a", AS_OF + "0")):
        ids.add(identify(bundle, anchor, as_of, SETTINGS))
    for settings in (
        replace(SETTINGS, generated_at=SETTINGS.generated_at + timedelta(seconds=1)),
        replace(SETTINGS, zone_name="UTC"),
        replace(SETTINGS, organisation="x"),
        replace(SETTINGS, prepared_from="x"),
        replace(SETTINGS, prepared_by="x"),
        replace(SETTINGS, notice_tag="x"),
        replace(SETTINGS, notice="x"),
        replace(SETTINGS, most_changes=1),
        replace(SETTINGS, prompt_characters=1),
        replace(SETTINGS, language="nl"),
        replace(SETTINGS, classification="Confidential"),
        replace(SETTINGS, sealed_by=digest_bytes(b"certificate")),
    ):
        ids.add(identify(b"b", "a", AS_OF, settings))
    for wish in (
        PeriodWish("2026"),
        PeriodWish(baseline=b"b"),
        PeriodWish(sampling=Sampling("7")),
        PeriodWish(sampling=Sampling(size=7)),
    ):
        ids.add(identify(b"b", "a", AS_OF, SETTINGS, wish))
    assert len(ids) == 20


@pytest.mark.parametrize(
    ("product", "version", "name"),
    [
        ("payments", "4.12.0", "payments-4.12.0.evidence.zip"),
        ("a/../b", "1:2+3", "a-..-b-1-2-3.evidence.zip"),
        ("p" * 128, "v" * 128, "p" * 60 + "-" + "v" * 60 + ".evidence.zip"),
    ],
)
def test_names_of_bundles_have_no_folders(product: str, version: str, name: str) -> None:
    """A bundle's file name is made of the release's name, without what file systems and shells read."""
    assert bundle_name(product, version) == name
