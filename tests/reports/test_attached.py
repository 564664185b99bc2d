"""The bundle taken out of a pack: the right bytes, or one kind of error."""

from __future__ import annotations

import io
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pypdf import PdfWriter

from ledger.errors import FormatError
from reports.attached import attached_bundle


def pdf_with(*names: str) -> bytes:
    """A small PDF with a file of each name inside; the file's bytes are its name."""
    writer = PdfWriter()
    writer.add_blank_page(72, 72)
    for name in names:
        writer.add_attachment(name, name.encode())
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


SMALL = pdf_with("a-1.evidence.zip", "notes.txt")


def taken(data: bytes) -> bytes | None:
    """The bundle, or None for the one error that is allowed."""
    try:
        return attached_bundle(data)
    except FormatError:
        return None


def test_the_one_bundle_is_taken() -> None:
    """Other files beside the bundle do not matter."""
    assert attached_bundle(SMALL) == b"a-1.evidence.zip"


def test_a_long_bundle_is_read() -> None:
    """A bundle longer than the reader's own limit comes out whole."""
    packed = zlib.compress(bytes(80_000_000))
    data = (
        b"%%PDF-1.7\n"
        b"1 0 obj<</Type/Catalog/Pages 2 0 R/Names<</EmbeddedFiles<</Names[(a.evidence.zip) 3 0 R]>>>>>>endobj\n"
        b"2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n"
        b"3 0 obj<</Type/Filespec/F(a.evidence.zip)/UF(a.evidence.zip)/EF<</F 4 0 R>>>>endobj\n"
        b"4 0 obj<</Type/EmbeddedFile/Filter/FlateDecode/Length %d>>stream\n%b\nendstream endobj\n"
        b"trailer<</Root 1 0 R/Size 5>>\nstartxref\n0\n%%%%EOF\n"
    ) % (len(packed), packed)
    assert attached_bundle(data) == bytes(80_000_000)


@pytest.mark.parametrize("names", [(), ("notes.txt",), ("a.evidence.zip", "b.evidence.zip")])
def test_none_or_several_are_refused(names: tuple[str, ...]) -> None:
    """With no bundle, or two to choose from, nothing is chosen."""
    with pytest.raises(FormatError) as caught:
        attached_bundle(pdf_with(*names))
    assert caught.value.details["bundle_count"] == len(names) - ("notes.txt" in names)


@given(st.binary(max_size=400))
def test_any_bytes_give_one_kind_of_error(data: bytes) -> None:
    """Rubbish, with and without the head of a PDF, is a FormatError."""
    assert taken(data) is None
    assert taken(b"%PDF-1.7\n" + data) is None


@given(st.integers(0, len(SMALL) - 1), st.integers(1, 255))
def test_a_damaged_pdf_gives_bytes_or_the_error(place: int, change: int) -> None:
    """A PDF with one byte changed gives some bytes, for the verification to judge, or a FormatError."""
    taken(SMALL[:place] + bytes([SMALL[place] ^ change]) + SMALL[place + 1 :])


@given(st.integers(0, len(SMALL)))
def test_a_cut_pdf_gives_bytes_or_the_error(place: int) -> None:
    """So does a PDF that ends early."""
    taken(SMALL[:place])


def test_names_that_go_round_in_circles_end() -> None:
    """A name tree that contains itself is an error, not an endless walk."""
    circle = (
        b"%PDF-1.7\n1 0 obj<</Type/Catalog/Pages 2 0 R/Names<</EmbeddedFiles 3 0 R>>>>endobj\n"
        b"2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n3 0 obj<</Kids[3 0 R 3 0 R]>>endobj\n"
        b"trailer<</Root 1 0 R/Size 4>>\nstartxref\n0\n%%EOF\n"
    )
    assert taken(circle) is None
