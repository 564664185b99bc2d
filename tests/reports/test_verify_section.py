"""How to verify: what is printed there is what a reader meets on their own screen and among the attachments."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from html import unescape
from io import BytesIO
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from pypdf import PdfReader

from ledger.cli.verify import verify
from ledger.digests import digest_bytes
from ledger.events.roster import CertificateEnrol
from ledger.sealkeys import certificate_id
from ledger.standalone import published_digests, published_verifier
from ledger.verify.findings import CHECKS
from reports.packs import Pack, Sealing, make_pack
from reports.parts import Bullets, Listing, Paragraph, Steps, Table
from reports.release.integrity import verify_section
from reports.release.repeating import WIDTH
from reports.release.view import Carried
from reports.sealing import new_seal_key, spki_of
from tests.reports import release_story
from tests.reports.plain import said, table
from tests.reports.test_release import ALL, AS_OF, SETTINGS, made

if TYPE_CHECKING:
    from pathlib import Path


@cache
def packed(*, sealed: bool) -> tuple[Pack, str]:
    """The pack of a release of which nothing is recorded, and its anchor."""
    world, release = release_story.history()
    settings, seal = SETTINGS, None
    if sealed:
        key = new_seal_key(world.ledger, datetime(2026, 1, 1, tzinfo=UTC))
        world.act(CertificateEnrol(spki_of(key), "packs"))
        settings = replace(SETTINGS, sealed_by=certificate_id(spki_of(key)))
        seal = Sealing(key, SETTINGS.generated_at)
    bundle = world.bundle(release, published_verifier())
    pack = make_pack(bundle, world.anchor, as_of=AS_OF, settings=settings, seal=seal)
    return pack, world.anchor


@pytest.mark.slow
@pytest.mark.parametrize("sealed", [False, True])
def test_commands_print_what_the_page_says(tmp_path: Path, *, sealed: bool) -> None:
    """The listing is the command's own output, line by line; dots: the time of sealing, what is long."""
    pack, anchor = packed(sealed=sealed)
    name = pack.bundle_name.removesuffix(".zip") + ".pdf"
    (tmp_path / name).write_bytes(pack.pdf or b"")
    (tmp_path / "ledger.pub").write_text(anchor)
    done = CliRunner().invoke(verify, [str(tmp_path / name), "--anchor", str(tmp_path / "ledger.pub")])
    assert done.exit_code == (0 if sealed else 3)
    (listing,) = re.findall(r"<pre [^>]*>(.*?)</pre>", pack.html, re.DOTALL)
    shown = unescape(re.sub(r"<[^>]+>", "", listing)).split("\n")
    expected = shown[1 : shown.index("")]
    if sealed:
        expected = [
            one.replace("sealed at ...", f"sealed at {SETTINGS.generated_at:%Y-%m-%dT%H:%M:%SZ}") for one in expected
        ]
    assert shown[0] == f"$ evidence verify {name} --anchor ledger.pub"
    for told, printed in zip(expected, done.output.splitlines(), strict=True):
        begun, dots, _ = told.partition("...")
        assert printed.startswith(begun) if dots else printed == told


@pytest.mark.slow
def test_attached_files_are_listed() -> None:
    """The table names exactly the files that the PDF carries, and the digests printed are the published ones."""
    pack, _ = packed(sealed=False)
    listed = {said(row.cells[0]) for row in table(made("empty").section("verify"), "Files attached").rows}
    assert listed == set(PdfReader(BytesIO(pack.pdf or b"")).attachments)
    for line in published_digests().splitlines():
        assert line.split()[0] in pack.html.replace('</span><span class="alt">', "").replace("</span><span>", "")


def test_every_numbered_check_is_explained() -> None:
    """What a check asks stands beside its number, for all of them."""
    listed = [block for block in made("clean").section("verify").blocks if isinstance(block, Bullets)]
    told = [said(item) for item in listed[0].items]
    assert [one[:3] for one in told] == list(CHECKS)
    assert all(len(one) > 20 for one in told)


@pytest.mark.parametrize(("name", "alone"), [("clean", False), ("troubled", True)])
def test_trust_in_administrators_is_that_of_this_ledger(name: str, *, alone: bool) -> None:
    """Where one administrator suffices, nothing says that two are required, and the other way round."""
    rows = {said(row.cells[0]): row for row in table(made(name).section("verify"), "Who is trusted").rows}
    could, cannot = map(said, rows["Administrator"].cells[1:])
    assert ("alone: in this ledger one administrator suffices" in could) is alone
    assert ("do so alone, because 2 must agree" in cannot) is not alone


def test_notes_name_places_in_words() -> None:
    """A note is about a content of an entry or the founding of the ledger, never about 64 digits or a code's name."""
    notes = table(made("withheld").section("verify"), "Notes")
    places = [said(row.cells[1]) for row in notes.rows]
    assert any("output of entry" in place for place in places)
    assert not any("sha256:" in place or "genesis" in place or "…" in place for place in places)
    assert isinstance(notes, Table)


def listing(name: str) -> tuple[str, str]:
    """The commands with what they print, and the paragraph after them."""
    blocks = made(name).section("verify").blocks
    at = next(place for place, block in enumerate(blocks) if isinstance(block, Listing))
    commands, after = blocks[at], blocks[at + 1]
    assert isinstance(commands, Listing)
    assert isinstance(after, Paragraph)
    return "".join(run.text for run in commands.text.runs), said(after.line)


@ALL
def test_dots_are_explained_where_dots_are(name: str) -> None:
    """A sentence about three dots stands under a listing that has some, and under no other."""
    commands, after = listing(name)
    assert ("..." in commands) is ("Three dots" in after)


@ALL
def test_no_note_of_the_listing_breaks(name: str) -> None:
    """A note stands on one line: a second one, at the edge, would look like another line that was printed."""
    commands, _ = listing(name)
    assert all(len(one) <= WIDTH for one in commands.split("\n") if "note:" in one)


@pytest.mark.parametrize("exchanged", [False, True])
def test_what_to_do_about_an_exchanged_verifier(monkeypatch: pytest.MonkeyPatch, *, exchanged: bool) -> None:
    """Notes, ways and listing say alike whether the copy in the bundle is the published one, and which to take."""
    monkeypatch.setattr("reports.release.repeating.is_published", lambda _: not exchanged)
    carried = Carried(digest_bytes(b"pack"), "clean.zip", digest_bytes(b""), 0, made("clean").world.anchor, AS_OF, None)
    section = verify_section(made("clean").verification, carried, "16")
    blocks = [block for block in section.blocks if isinstance(block, Steps)]
    notes = [said(row.cells[2]) for row in table(section, "Notes").rows]
    use = "not the one that this version publishes: use the published one"
    assert any(use in one for one in notes) is exchanged
    assert (use in said(blocks[0].items[2])) is exchanged
    commands = next(block for block in section.blocks if isinstance(block, Listing))
    assert ("unzip" in str(commands.text)) is not exchanged


@pytest.mark.slow
def test_the_key_that_seals_is_told_beside_the_keys() -> None:
    """A key that seals packs is no key of anybody's: it is told under their table, where there is one."""
    assert "1 key that seals packs is in force beside these" in packed(sealed=True)[0].html
    assert "in force beside these" not in packed(sealed=False)[0].html
