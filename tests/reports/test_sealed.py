"""Seals: made, read, shown by programs that nobody here wrote, and refused after any change."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, timedelta
from typing import TYPE_CHECKING

import pytest
from pypdf import PdfReader, PdfWriter
from pypdf.annotations import FreeText

from ledger.errors import FormatError, UnavailableError
from ledger.sealkeys import certificate_id
from ledger.verify.run import verify_bundle
from reports.attached import attached_bundle
from reports.sealed import judge_pages, plain_bundle, read_seal
from reports.sealing import SealKey, new_seal_key, seal_pdf, spki_of
from reports.stamped import read_stamp, vouched_for
from tests.reports.seals import (
    WHEN,
    bought_key,
    enrolled,
    issue,
    judge,
    own_key,
    printed,
    rootless_stamp,
    sealed,
    stamp,
    stamp_authority,
    world,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")

KINDS: dict[str, tuple[Callable[[], SealKey], Callable[[bytes], bytes] | None]] = {
    "own": (own_key, None),
    "own, stamped": (own_key, stamp),
    "bought RSA": (bought_key, None),
    "bought RSA, stamped": (bought_key, stamp),
    "bought P-384": (lambda: bought_key("p384"), None),
}


def made(kind: str) -> tuple[bytes, str]:
    """A sealed page of this kind, and the anchor."""
    key, stamping = KINDS[kind]
    return sealed(key(), stamping), enrolled(key())[1]


def refused(pdf: bytes) -> str | None:
    """At which step the seal is refused; None if it is not."""
    try:
        read_seal(pdf)
        plain_bundle(pdf[: read_seal(pdf).start])
    except FormatError as error:
        return str(error.details.get("step", error.slug))
    return None


def signature_of(pdf: bytes) -> tuple[int, int]:
    """Where the digits of the signature begin, and how long the DER is."""
    start = read_seal(pdf).start + 1
    length = int(pdf[start + 4 : start + 8], 16) + 4
    assert pdf[start : start + 4] == b"3082"
    return start, length


def with_signature(pdf: bytes, der: bytes) -> bytes:
    """``pdf`` with another signature in the place of its own."""
    start = read_seal(pdf).start + 1
    end = pdf.index(b">", start)
    return pdf[:start] + der.hex().upper().encode().ljust(end - start, b"0") + pdf[end:]


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_seal_of_an_enrolled_key_holds(kind: str) -> None:
    """The pages are sealed, the printed bytes stand unchanged at the front, and the seal says who and when."""
    pdf, anchor = made(kind)
    pages = judge(pdf, anchor)
    assert (pages.state, refused(pdf)) == ("sealed", None)
    assert pages.seal is not None
    assert pages.seal.certificate == certificate_id(spki_of(KINDS[kind][0]()))
    assert pages.seal.signed_at == WHEN
    assert (pages.seal.stamp is not None) == ("stamped" in kind)
    assert pdf.startswith(printed(attached_bundle(pdf)))
    assert plain_bundle(pdf) == attached_bundle(pdf)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("pdfsig") is None, reason="poppler-utils is not installed")
@pytest.mark.parametrize("kind", KINDS)
def test_poppler_calls_it_valid_and_total(kind: str, tmp_path: Path) -> None:
    """Poppler says that the signature is valid and that the total document is signed."""
    path = tmp_path / "pack.pdf"
    path.write_bytes(made(kind)[0])
    said = subprocess.run(("pdfsig", path), capture_output=True, check=True, text=True).stdout
    assert "Signature Validation: Signature is Valid." in said
    assert "Total document signed" in said
    assert said.count("Signature #") == 1


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("qpdf") is None, reason="qpdf is not installed")
def test_qpdf_finds_no_fault(tmp_path: Path) -> None:
    """The revision that the seal adds is sound syntax."""
    path = tmp_path / "pack.pdf"
    path.write_bytes(made("own, stamped")[0])
    subprocess.run(("qpdf", "--check", path), capture_output=True, check=True)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_pyhanko_calls_it_untouched(kind: str) -> None:
    """The library's own validation: valid, the entire file, untouched, no changes allowed."""
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.diff_analysis import ModificationLevel
    from pyhanko.sign.fields import MDPPerm
    from pyhanko.sign.validation import validate_pdf_signature
    from pyhanko.sign.validation.status import SignatureCoverageLevel
    from pyhanko_certvalidator import ValidationContext

    (signature,) = PdfFileReader(io.BytesIO(made(kind)[0])).embedded_signatures
    trusting = [signature.signer_cert, *(signature.other_embedded_certs or ())]
    status = validate_pdf_signature(signature, ValidationContext(trust_roots=trusting, allow_fetching=False))
    assert status.valid
    assert status.intact
    assert status.trusted
    assert status.coverage == SignatureCoverageLevel.ENTIRE_FILE
    assert status.modification_level == ModificationLevel.NONE
    assert status.docmdp_ok
    assert signature.docmdp_level == MDPPerm.NO_CHANGES


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["own", "own, stamped", "bought RSA, stamped"])
def test_two_hundred_flipped_bytes_are_refused(kind: str) -> None:
    """Bytes spread over the file, each in turn with one bit changed: no changed file is called sealed."""
    pdf, _ = made(kind)
    for number in range(200):
        place = number * (len(pdf) - 1) // 199
        changed = bytes([pdf[place] ^ (1 << number % 8)])
        assert refused(pdf[:place] + changed + pdf[place + 1 :]) is not None, place


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["own", "own, stamped", "bought RSA"])
def test_every_byte_of_the_signature_counts(kind: str) -> None:
    """The one part of the file that is not under the signature is the signature, and no byte of it is free."""
    pdf, _ = made(kind)
    start, length = signature_of(pdf)
    der = bytes.fromhex(pdf[start : start + 2 * length].decode())
    for place in range(0, length, 1 if kind == "own" else 5):
        changed = der[:place] + bytes([der[place] ^ (1 << place % 8)]) + der[place + 1 :]
        assert refused(with_signature(pdf, changed)) is not None, place


@pytest.mark.slow
def test_digits_are_written_in_one_way() -> None:
    """Small letters, other padding, and a signature behind the signature are refused, though readers pass over them."""
    pdf, _ = made("own")
    start, length = signature_of(pdf)
    behind = start + 2 * length
    small = pdf[start:behind].lower()
    assert small != pdf[start:behind]
    assert refused(pdf[:start] + small + pdf[behind:]) == "S02"
    assert refused(pdf[:behind] + b"1" + pdf[behind + 1 :]) == "S02"
    assert refused(pdf[: behind + 1] + b"1" + pdf[behind + 2 :]) == "S02"
    assert refused(pdf[:behind] + b" " + pdf[behind + 1 :]) == "S02"


@pytest.mark.slow
def test_an_appended_note_is_refused() -> None:
    """A note on a page, appended as a revision of its own: the pages are altered, and the records still verify."""
    pdf, anchor = made("own, stamped")
    writer = PdfWriter(io.BytesIO(pdf), incremental=True)
    writer.add_annotation(0, FreeText(text="Everybody approved.", rect=(50, 50, 250, 90)))
    out = io.BytesIO()
    writer.write(out)
    noted = out.getvalue()
    assert noted.startswith(pdf)
    pages = judge(noted, anchor)
    assert (pages.state, pages.reason[:3]) == ("altered or not sealed by this ledger", "S02")


@pytest.mark.slow
@pytest.mark.parametrize("more", [b" ", b"\n", b"%\n", b"\x00"])
def test_nothing_stands_behind_the_seal(more: bytes) -> None:
    """Not even a newline may be added."""
    assert refused(made("own")[0] + more) == "S02"


@pytest.mark.slow
def test_a_cut_pack_is_refused() -> None:
    """Wherever the file ends early, it is not called sealed."""
    pdf, _ = made("own")
    for number in range(1, 100):
        assert refused(pdf[: len(pdf) * number // 100]) is not None
    assert refused(pdf[:-1]) == "S02"


@pytest.mark.slow
def test_two_signatures_are_refused() -> None:
    """A second signature over the sealed file is one too many, and `seal_pdf` makes none."""
    from asn1crypto import keys, x509  # type: ignore[import-untyped]
    from cryptography.hazmat.primitives import serialization
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign.fields import SigSeedSubFilter
    from pyhanko.sign.signers import PdfSignatureMetadata, SimpleSigner, sign_pdf
    from pyhanko_certvalidator.registry import SimpleCertificateStore

    pdf, anchor = made("own")
    with pytest.raises(FormatError) as caught:
        seal_pdf(pdf, own_key(), signed_at=WHEN, stamp=None)
    assert caught.value.slug == "cannot-seal"
    other = issue("Somebody", sort="p256")
    signer = SimpleSigner(
        x509.Certificate.load(other.certificate.public_bytes(serialization.Encoding.DER)),
        keys.PrivateKeyInfo.load(
            other.key.private_bytes(
                serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        ),
        SimpleCertificateStore(),  # type: ignore[no-untyped-call]
    )
    out = sign_pdf(
        IncrementalPdfFileWriter(io.BytesIO(printed(enrolled(own_key())[0]))),
        PdfSignatureMetadata(field_name="First", subfilter=SigSeedSubFilter.PADES, md_algorithm="sha256"),
        signer,
    )
    twice = sign_pdf(
        IncrementalPdfFileWriter(out),
        PdfSignatureMetadata(field_name="Second", subfilter=SigSeedSubFilter.PADES, md_algorithm="sha256"),
        signer,
    ).getvalue()
    assert judge(out.getvalue(), anchor).state == "altered or not sealed by this ledger"
    assert refused(twice) == "S01"


@pytest.mark.slow
def test_a_seal_of_another_pack_does_not_fit() -> None:
    """The signature of one pack, put into another one of the same key, is of another file."""
    pdf, _ = made("own")
    start, length = signature_of(pdf)
    other = seal_pdf(printed(enrolled(own_key(), bought_key())[0]), own_key(), signed_at=WHEN)
    assert refused(other) is None
    assert refused(with_signature(other, bytes.fromhex(pdf[start : start + 2 * length].decode()))) == "S07"


@pytest.mark.slow
def test_whose_key_it_is_is_asked_of_the_ledger() -> None:
    """A key that the ledger never enrolled, or ended, seals nothing, however valid the signature is."""
    mine, theirs = own_key(), new_seal_key(world().ledger, WHEN)
    bundle, anchor = enrolled(mine)
    foreign = judge(seal_pdf(printed(bundle), theirs, signed_at=WHEN), anchor)
    assert (foreign.state, foreign.reason[:3]) == ("altered or not sealed by this ledger", "S11")
    assert foreign.seal is not None
    bundle, anchor = enrolled(mine, end=True)
    ended = judge(seal_pdf(printed(bundle), mine, signed_at=WHEN), anchor)
    assert (ended.state, ended.reason[:3]) == ("altered or not sealed by this ledger", "S11")


@pytest.mark.slow
def test_without_records_nothing_says_whose_key_it_is() -> None:
    """Records of another ledger than the anchor's leave the pages at: cannot tell."""
    pdf, _ = made("own")
    assert judge(pdf, enrolled(bought_key())[1].replace("+", "-", 1)).state == "cannot tell"


@pytest.mark.slow
def test_pages_without_a_seal_are_called_so() -> None:
    """A pack that nobody sealed is not called altered."""
    bundle, anchor = enrolled(own_key())
    assert judge(printed(bundle), anchor).state == "not sealed"


@pytest.mark.slow
def test_readers_must_find_one_bundle() -> None:
    """If a PDF library sees another bundle than a plain reader, or none, the pages are altered."""
    pdf, anchor = made("own")
    found = verify_bundle(attached_bundle(pdf), anchor)
    for attached in (None, enrolled(bought_key())[0]):
        pages = judge_pages(pdf, attached, found)
        assert (pages.state, pages.reason[:3]) == ("altered or not sealed by this ledger", "S10")


@pytest.mark.slow
def test_captured_text_forges_no_place() -> None:
    """A title that reads like a seal's own bytes is sealed like any other."""
    from reports.embedding import Attachment
    from reports.render import render_pdf

    bundle, anchor = enrolled(own_key())
    title = "x /ByteRange [0 1 2 3] /Type /Sig /M (D\\07220200101000000Z) /SubFilter /ETSI.CAdES.detached"
    name = "/Type /EmbeddedFile/Subtype /application#2fzip/Filter /FlateDecode/Length 3>>"
    pdf = render_pdf(
        f"<!doctype html><html lang=en><title>x</title><body><h1 id='{name}'>{title} {name}</h1>",
        identifier=b"EP",
        created=WHEN,
        title=title + name,
        language="en",
        attachments=(Attachment("a.evidence.zip", bundle, "application/zip", title + name, WHEN),),
    )
    assert judge(seal_pdf(pdf, own_key(), signed_at=WHEN), anchor).state == "sealed"


@pytest.mark.slow
def test_a_time_stamp_is_of_this_signature_and_of_a_root() -> None:
    """The token tells a time near the request; over anything else it does not hold; a root of one's own vouches."""
    pdf, anchor = made("own, stamped")
    seal = judge(pdf, anchor).seal
    assert seal is not None
    assert seal.stamp is not None
    root, _ = stamp_authority()
    assert vouched_for(seal.stamp, root.pem)
    assert not vouched_for(seal.stamp, issue("Clock Root", authority=True).pem)
    assert not vouched_for(replace(seal.stamp, at=WHEN + timedelta(days=40_000)), root.pem)
    with pytest.raises(FormatError) as caught:
        vouched_for(seal.stamp, b"nothing")
    assert caught.value.slug == "bad-timestamp-root"


@pytest.mark.slow
def test_certificates_that_nobody_can_check_are_left_out() -> None:
    """Of an authority that sends no root, only its own certificate goes into the pack, and no byte of it is free."""
    pdf = seal_pdf(printed(enrolled(own_key())[0]), own_key(), signed_at=WHEN, stamp=rootless_stamp)
    seal = read_seal(pdf)
    assert seal.stamp is not None
    assert len(seal.stamp.chain) == 1
    start, length = signature_of(pdf)
    der = bytes.fromhex(pdf[start : start + 2 * length].decode())
    for place in range(0, length, 7):
        changed = der[:place] + bytes([der[place] ^ 4]) + der[place + 1 :]
        assert refused(with_signature(pdf, changed)) is not None, place


@pytest.mark.slow
def test_only_a_stamp_of_what_was_asked_is_taken() -> None:
    """Rubbish, a stamp of something else, a refusal and an authority whose certificate is for other things are not."""
    kept: list[bytes] = []

    def keep(request: bytes) -> bytes:
        kept.append(stamp(request))
        return kept[0]

    pdf = printed(enrolled(own_key())[0])
    seal_pdf(pdf, own_key(), signed_at=WHEN, stamp=keep)

    def fails(_request: bytes) -> bytes:
        raise OSError

    answers: tuple[Callable[[bytes], bytes], ...] = (
        lambda _request: kept[0],
        lambda _request: b"",
        lambda _request: b"\x30\x03\x02\x01\x02",
        lambda request: stamp(request)[:-1],
        fails,
    )
    for answer in answers:
        with pytest.raises(UnavailableError) as caught:
            seal_pdf(pdf, own_key(), signed_at=WHEN, stamp=answer)
        assert caught.value.slug == "bad-time-stamp"


@pytest.mark.parametrize("token", [b"", b"\x30\x80", b"\x30\x00", b"\x30\x03\x02\x01\x02", bytes(400)])
def test_rubbish_is_no_time_stamp(token: bytes) -> None:
    """Whatever the bytes, there is one kind of error."""
    with pytest.raises(FormatError) as caught:
        read_stamp(token, bytes(32))
    assert caught.value.slug == "bad-time-stamp"


def test_a_new_key_names_the_ledger_and_nobody() -> None:
    """The certificate is for signing documents, ten years, and holds no name but the ledger's."""
    from cryptography import x509

    key = new_seal_key(world().ledger, WHEN)
    (certificate,) = x509.load_pem_x509_certificates(key.certificates_pem)
    assert certificate.subject.rfc4514_string() == f"CN=Evidence Ledger pack seal {world().ledger[7:19]}"
    assert certificate.not_valid_before_utc == WHEN.astimezone(UTC)
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage)
    assert usage.critical
    assert usage.value.digital_signature
    assert usage.value.content_commitment
    assert b"PRIVATE" not in repr(key).encode()


def test_keys_that_cannot_seal_are_refused() -> None:
    """Another key's certificate, a broken chain, Ed25519, RSA with exponent 3 and rubbish: one error."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

    mine, other = own_key(), bought_key()
    pem = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    for key in (
        SealKey(mine.private_pem, other.certificates_pem),
        SealKey(mine.private_pem, mine.certificates_pem + other.certificates_pem),
        SealKey(mine.private_pem, mine.certificates_pem * 2),
        SealKey(ed25519.Ed25519PrivateKey.generate().private_bytes(*pem), mine.certificates_pem),
        SealKey(rsa.generate_private_key(3, 2_048).private_bytes(*pem), mine.certificates_pem),
        SealKey(b"", mine.certificates_pem),
        SealKey(mine.private_pem, b"nothing"),
    ):
        with pytest.raises(FormatError) as caught:
            spki_of(key)
        assert caught.value.slug == "bad-seal-key"


def test_a_certificate_that_ran_out_seals_nothing() -> None:
    """PDF readers would call such a seal invalid, so none is made."""
    with pytest.raises(FormatError) as caught:
        seal_pdf(b"%PDF-1.7", own_key(), signed_at=WHEN + timedelta(days=3_700))
    assert caught.value.slug == "bad-seal-key"


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("pdftoppm") is None, reason="poppler-utils is not installed")
def test_a_seal_draws_nothing() -> None:
    """The pages look the same, pixel by pixel, before and after."""
    pdf, _ = made("own, stamped")
    pictures = [
        subprocess.run(("pdftoppm", "-r", "40", "-"), input=data, capture_output=True, check=True).stdout
        for data in (printed(attached_bundle(pdf)), pdf)
    ]
    assert pictures[0] == pictures[1]
    assert len(pictures[0]) > 100_000


def test_what_is_no_pdf_is_not_sealed() -> None:
    """Sealing refuses what it cannot read, without repeating it."""
    with pytest.raises(FormatError) as caught:
        seal_pdf(b"%PDF-1.7 secret", own_key(), signed_at=WHEN)
    assert caught.value.slug == "cannot-seal"
    assert "secret" not in str(dict(caught.value.details)) + caught.value.message


@pytest.mark.slow
@pytest.mark.parametrize("names", [(), ("a.evidence.zip", "b.zip")])
def test_a_pack_has_one_bundle(names: tuple[str, ...]) -> None:
    """Without a bundle, or with a second file of the type ZIP, nothing is sealed that no verifier would take."""
    from reports.embedding import Attachment
    from reports.render import render_pdf

    pdf = render_pdf(
        "<!doctype html><html lang=en><title>x</title><body><h1>x</h1>",
        identifier=b"EP",
        created=WHEN,
        title="x",
        language="en",
        attachments=tuple(Attachment(name, name.encode(), "application/zip", "", WHEN) for name in names),
    )
    with pytest.raises(FormatError) as caught:
        seal_pdf(pdf, own_key(), signed_at=WHEN)
    assert (caught.value.slug, caught.value.details["step"]) == ("bad-seal", "S10")


@pytest.mark.slow
def test_a_seal_is_read_without_what_makes_it(tmp_path: Path) -> None:
    """An install without pyHanko, asn1crypto and WeasyPrint judges a seal all the same."""
    pdf, anchor = made("bought RSA, stamped")
    (tmp_path / "pack.pdf").write_bytes(pdf)
    (tmp_path / "ledger.pub").write_text(anchor)
    code = (
        "import sys\n"
        "for name in ('pyhanko', 'pyhanko_certvalidator', 'asn1crypto', 'weasyprint'): sys.modules[name] = None\n"
        "from ledger.cli.main import run\n"
        "sys.exit(run(['verify', 'pack.pdf', '--anchor', 'ledger.pub']))\n"
    )
    done = subprocess.run((sys.executable, "-c", code), cwd=tmp_path, capture_output=True, check=False, text=True)
    assert done.returncode == 0, done.stderr
    assert "printed pages: sealed" in done.stdout


@pytest.mark.slow
def test_the_seal_is_one_revision() -> None:
    """The file has the printed revision and the seal's, one signature field, and the metadata as printed."""
    pdf, _ = made("own")
    before, after = (PdfReader(io.BytesIO(data)) for data in (printed(attached_bundle(pdf)), pdf))
    assert len(re.findall(rb"startxref\n", pdf)) == 2
    assert after.xmp_metadata is not None
    assert before.xmp_metadata is not None
    assert after.xmp_metadata.stream.get_data() == before.xmp_metadata.stream.get_data()
    assert after.metadata == before.metadata
    assert list((after.get_fields() or {}).keys()) == ["Seal"]
