"""``evidence verify`` of packs: records and printed pages apart, and every change refused."""

from __future__ import annotations

import io
import shutil
from typing import TYPE_CHECKING

import pytest
from pypdf import PdfWriter
from pypdf.annotations import FreeText

from ledger import exitcodes
from reports.sealing import new_seal_key, seal_pdf
from tests.cli.running import Said, User
from tests.reports.seals import WHEN, bought_key, enrolled, own_key, printed, sealed, stamp, stamp_authority, world

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed"),
]

ALTERED = "altered or not sealed by this ledger"


def verified(tmp_path: Path, pdf: bytes, anchor: str, *words: str) -> Said:
    """What the command says of a pack."""
    (tmp_path / "pack.pdf").write_bytes(pdf)
    return User(tmp_path / "home", tmp_path).evidence("verify", "pack.pdf", "--anchor", anchor.strip(), *words)


def test_a_sealed_pack_is_intact_and_sealed(tmp_path: Path) -> None:
    """Two answers, both good: exit 0, in words and as JSON."""
    pdf, anchor = sealed(own_key()), enrolled(own_key())[1]
    said = verified(tmp_path, pdf, anchor)
    assert said.status == exitcodes.DONE
    assert "records: intact" in said.out
    assert "printed pages: sealed: the whole file is signed with a key that this ledger enrolled" in said.out
    assert "sealed at 2026-11-21T09:30:00Z by the sealer's own clock" in said.out
    document = verified(tmp_path, pdf, anchor, "--json").document
    assert (document["records"], document["printed_pages"]) == ("intact", "sealed")
    assert document["seal"]["time_stamp"] is None


def test_a_time_stamp_is_declared_until_a_root_vouches(tmp_path: Path) -> None:
    """Without a root of the reader's own, what the authority says is told as its own word."""
    pdf, anchor = sealed(bought_key(), stamp), enrolled(bought_key())[1]
    assert "a time-stamp authority that nobody here vouches for" in verified(tmp_path, pdf, anchor).out
    (tmp_path / "root.pem").write_bytes(stamp_authority()[0].pem)
    said = verified(tmp_path, pdf, anchor, "--timestamp-root", "root.pem")
    assert said.status == exitcodes.DONE
    assert "says a time-stamp authority that you trust" in said.out
    document = verified(tmp_path, pdf, anchor, "--timestamp-root", "root.pem", "--json").document
    assert document["seal"]["time_stamp"]["authority"] == "trusted"


def test_pages_that_nobody_sealed(tmp_path: Path) -> None:
    """Not sealed is not altered; exit 3 all the same, unless only the records were asked for."""
    bundle, anchor = enrolled(own_key())
    said = verified(tmp_path, printed(bundle), anchor)
    assert said.status == exitcodes.NEGATIVE
    assert "records: intact" in said.out
    assert "printed pages: not sealed: the pages carry no seal" in said.out
    assert verified(tmp_path, printed(bundle), anchor, "--records-only").status == exitcodes.DONE


def test_a_sealed_pack_that_ends_early_is_not_called_unsealed(tmp_path: Path) -> None:
    """Whoever has a broken download is told to get it again, and not that nobody sealed the pages."""
    pdf, anchor = sealed(own_key()), enrolled(own_key())[1]
    said = verified(tmp_path, pdf[:-1000], anchor)
    assert said.status == exitcodes.NEGATIVE
    assert "printed pages: cannot tell: S01: the file ends early, before any seal: get it again" in said.out
    within = pdf[: pdf.index(b"/Type /EmbeddedFile") + 900]
    assert "the file ends early, and the attached bundle cannot be taken out" in verified(tmp_path, within, anchor).out


def test_a_seal_by_another_ledgers_key(tmp_path: Path) -> None:
    """The signature is valid, the records intact, and the pages are not this ledger's."""
    bundle, anchor = enrolled(own_key())
    foreign = seal_pdf(printed(bundle), new_seal_key(world().ledger, WHEN), signed_at=WHEN)
    said = verified(tmp_path, foreign, anchor)
    assert said.status == exitcodes.NEGATIVE
    assert f"printed pages: {ALTERED}: S11: the key of the seal is not enrolled in this ledger" in said.out
    assert verified(tmp_path, foreign, anchor, "--records-only").status == exitcodes.DONE
    document = verified(tmp_path, foreign, anchor, "--json").document
    assert (document["records"], document["printed_pages"]) == ("intact", ALTERED)
    assert document["seal"]["certificate"].startswith("sha256:")


def test_an_ended_key_seals_nothing(tmp_path: Path) -> None:
    """What was sealed with a key that the records say had ended is not this ledger's any more."""
    bundle, anchor = enrolled(own_key(), end=True)
    said = verified(tmp_path, seal_pdf(printed(bundle), own_key(), signed_at=WHEN), anchor)
    assert said.status == exitcodes.NEGATIVE
    assert "S11: the key of the seal was not in force in this ledger" in said.out


def test_an_appended_note_leaves_the_records_and_alters_the_pages(tmp_path: Path) -> None:
    """A note appended as a revision: the two answers differ."""
    pdf, anchor = sealed(own_key()), enrolled(own_key())[1]
    writer = PdfWriter(io.BytesIO(pdf), incremental=True)
    writer.add_annotation(0, FreeText(text="Everybody approved.", rect=(50, 50, 250, 90)))
    out = io.BytesIO()
    writer.write(out)
    said = verified(tmp_path, out.getvalue(), anchor)
    assert said.status == exitcodes.NEGATIVE
    assert "records: intact" in said.out
    assert f"printed pages: {ALTERED}: S02: the signature does not cover the whole file" in said.out


def test_records_of_another_ledger_leave_the_pages_open(tmp_path: Path) -> None:
    """With another ledger's anchor nothing says whose key sealed the pages: cannot tell, never sealed."""
    said = verified(tmp_path, sealed(own_key()), enrolled(own_key())[1].split(" ")[0] + " sha256:" + "0" * 64)
    assert said.status == exitcodes.NEGATIVE
    assert "records: NOT intact" in said.out
    assert "printed pages: cannot tell: the records that name the ledger's sealing keys do not verify" in said.out


@pytest.mark.parametrize("key", [own_key, bought_key])
def test_two_hundred_flipped_bytes_are_refused(tmp_path: Path, key: object) -> None:
    """Bytes spread over the whole file, one bit changed in each: no run of the command ends with exit 0."""
    made = own_key() if key is own_key else bought_key()
    pdf, anchor = sealed(made, stamp), enrolled(made)[1]
    assert verified(tmp_path, pdf, anchor).status == exitcodes.DONE
    for number in range(200):
        place = number * (len(pdf) - 1) // 199
        changed = pdf[:place] + bytes([pdf[place] ^ (1 << number % 8)]) + pdf[place + 1 :]
        assert verified(tmp_path, changed, anchor).status != exitcodes.DONE, place


def test_cut_packs_are_refused(tmp_path: Path) -> None:
    """Wherever it ends early, the pack is refused."""
    pdf, anchor = sealed(own_key()), enrolled(own_key())[1]
    for number in (1, 5, 30, 60, 90, 95, 99):
        said = verified(tmp_path, pdf[: len(pdf) * number // 100], anchor)
        # With the bundle's beginning it is a pack, and told to be altered; before it, told to be incomplete.
        holds = b"/Type /EmbeddedFile/Subtype /application#2fzip/" in pdf[: len(pdf) * number // 100]
        assert said.status == (exitcodes.NEGATIVE if holds else exitcodes.USAGE)
        assert ("records: " in said.out) == holds
        assert ("if it was a pack, it is incomplete" in said.err) != holds
    assert verified(tmp_path, pdf[:-1], anchor).status == exitcodes.NEGATIVE


def test_a_pack_whose_bundle_cannot_be_taken_out_is_altered(tmp_path: Path) -> None:
    """A seal over a bundle that no reader can unpack is told as altered, not as some file that is no pack."""
    pdf, anchor = sealed(own_key()), enrolled(own_key())[1]
    start = pdf.index(b"stream\n", pdf.index(b"/Type /EmbeddedFile/Subtype /application#2fzip/")) + 7
    said = verified(tmp_path, pdf[:start] + bytes(64) + pdf[start + 64 :], anchor)
    assert said.status == exitcodes.NEGATIVE
    assert "V01 archive: " in said.out
    assert "records: NOT intact" in said.out
    assert f"printed pages: {ALTERED}" in said.out
