"""Keys that seal packs: made with the ledger, enrolled, bought, ended, and told apart from everything else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from ledger import exitcodes
from ledger.cli.ledgerfolder import folder_settings
from ledger.cli.sealfiles import public_key_in
from ledger.digests import digest_bytes
from ledger.errors import AuthorityError, ConflictError, FormatError, NotFoundError
from ledger.events.roster import CertificateEnd, CertificateEnrol
from ledger.sealfiles import enrolled_certificate, read_seal_files
from ledger.sealkeys import certificate_id
from reports.sealing import SealKey, new_seal_key, spki_of
from tests.cli.running import User, house
from tests.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import TypeAlias

    from tests.cli.running import House

    PrivateKey: TypeAlias = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey

NOW = datetime(2026, 3, 2, tzinfo=UTC)
BO = "Bo Tanaka <bo@acme.example>"


@pytest.fixture
def own(tmp_path: Path) -> Iterator[House]:
    """A ledger of one's own with one administrator, Ada."""
    with house(tmp_path) as found:
        yield found


def issue(key: PrivateKey, name: str, issuer: tuple[str, PrivateKey] | None = None) -> bytes:
    """A certificate in PEM for ``key``, by itself if nobody else issued it."""
    by, signer = issuer or (name, key)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, by)]))
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOW)
        .not_valid_after(NOW + timedelta(days=365))
        .sign(signer, None if isinstance(signer, ed25519.Ed25519PrivateKey) else hashes.SHA256())
    )
    return certificate.public_bytes(Encoding.PEM)


def bits(key: PrivateKey) -> bytes:
    """Its SubjectPublicKeyInfo."""
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def certificates(user: User) -> list[dict[str, object]]:
    """What `list` tells."""
    found: list[dict[str, object]] = user.ok("certificate", "list", "--json").document["certificates"]
    return found


def test_a_ledger_begins_with_a_sealing_key(own: House) -> None:
    """`init` makes it for its owner alone and enrols its public half; what is enrolled is what seals."""
    (listed,) = certificates(own.ada)
    found = read_seal_files(folder_settings(own.folder))
    key = SealKey(found.private_pem, found.certificates_pem)
    assert listed["certificate"] == certificate_id(spki_of(key))
    assert (listed["sort"], listed["since"], listed["in_force"]) == ("P-256", 3, True)
    shown = own.ada.ok("show", "2").out
    assert "certificate" in shown
    assert "packs" in shown
    (own.folder / "seal.key").chmod(0o640)
    with pytest.raises(AuthorityError) as caught:
        read_seal_files(folder_settings(own.folder))
    assert caught.value.slug == "key-file-open"


def test_nothing_is_overwritten_and_an_ended_key_makes_room(own: House) -> None:
    """`new` leaves a key that is there as it is, and enrols nothing; after its end, moved away, another is made."""
    ada, folder = own.ada, str(own.folder)
    before = {name: (own.folder / name).read_bytes() for name in ("seal.key", "seal.pem")}
    assert ada.evidence("certificate", "new", folder, "--json").problem["slug"] == "file-exists"
    (own.folder / "seal.pem").rename(own.folder / "old.pem")
    assert ada.evidence("certificate", "new", folder, "--json").problem["slug"] == "file-exists"
    assert not (own.folder / "seal.pem").exists()
    assert (own.folder / "seal.key").read_bytes() == before["seal.key"]
    (first,) = certificates(ada)
    ada.ok("certificate", "end", str(first["certificate"])[7:19], "--reason", "replaced")
    (own.folder / "seal.key").rename(own.folder / "old.key")
    said = ada.ok("certificate", "new", folder)
    assert "Enrol a certificate that seals packs: P-256" in said.out
    assert "seal.key" in said.err
    old, new = certificates(ada)
    assert (old["in_force"], old["reason"], new["in_force"]) == (False, "replaced", True)
    assert f"ended at {old['until']} (replaced)" in ada.ok("certificate", "list").out
    again = ada.evidence("certificate", "enrol", str(own.folder / "old.pem"), "--json")
    assert again.problem["slug"] == "certificate-enrolled"
    assert ada.evidence("certificate", "end", str(old["certificate"]), "--reason", "lost", "--json").problem[
        "slug"
    ] == ("unknown-certificate")
    assert ada.evidence("certificate", "end", "00000000", "--reason", "lost", "--json").problem["slug"] == (
        "unknown-certificate"
    )


def test_whoever_is_no_administrator_leaves_no_key_behind(own: House) -> None:
    """A refused enrolment takes the files back that were made for it."""
    eve = own.user("eve")
    eve.ok("key", "new")
    for name in ("seal.key", "seal.pem"):
        (own.folder / name).unlink()
    assert eve.evidence("certificate", "new", str(own.folder), "--json").status == exitcodes.NOT_ALLOWED
    assert not list(own.folder.glob("seal.*"))


def test_a_folder_of_another_ledger_is_refused(own: House, tmp_path: Path) -> None:
    """A key is made where its ledger is."""
    other = User(tmp_path / "bo", tmp_path / "elsewhere")
    other.ok("init", "other", "--origin", "other.example", "--admin", BO)
    folder = str(other.folder / "other")
    assert own.ada.evidence("certificate", "new", folder, "--json").problem["slug"] == "other-ledger"


def test_a_bought_certificate_is_enrolled_by_its_key(own: House) -> None:
    """The authority's own certificates may stand in the file, in any order; renewed with the same key it is known."""
    root, middle, key = (rsa.generate_private_key(65_537, 2_048) for _ in range(3))
    chain = [issue(root, "Root"), issue(middle, "Middle", ("Root", root)), issue(key, "Seal", ("Middle", middle))]
    file = own.ada.folder / "bought.pem"
    file.write_bytes(b"Bag Attributes\n" + b"".join(chain))
    assert "RSA with 2048 bits" in own.ada.ok("certificate", "enrol", str(file)).out
    assert certificates(own.ada)[-1]["certificate"] == certificate_id(bits(key))
    file.write_bytes(issue(key, "Seal again", ("Root", root)))
    assert own.ada.evidence("certificate", "enrol", str(file), "--json").problem["slug"] == "certificate-enrolled"


def test_with_two_administrators_a_sealing_key_waits_for_the_second(tmp_path: Path) -> None:
    """It is proposed with the first policy, shown in words, and holds when both are approved."""
    ada, bo = User(tmp_path / "ada", tmp_path / "work"), User(tmp_path / "bo", tmp_path / "work")
    public = bo.ok("key", "new", "--json").document["public"]
    admins = ["--admin", "Ada Lindqvist <ada@acme.example>", "--admin", f"{BO} {public}"]
    ada.ok("init", "house", "--origin", "two.example", "--admins-required", "2", *admins, "--plan")
    line = bo.ok("init", "--sign", "house/genesis.plan.json", "--yes").out.strip()
    said = ada.ok("init", "house", "--finish", "--proof", line)
    assert "policy and sealing key wait" in said.out
    from tests.api.serving import serving

    with serving(tmp_path / "work" / "house") as served:
        anchor = str(tmp_path / "work" / "house" / "ledger.pub")
        for user in (ada, bo):
            user.ok("connect", served.url, "--anchor", anchor)
        assert certificates(ada) == []
        assert "Enrol a certificate that seals packs" in bo.ok("acts", "pending").out
        bo.ok("acts", "approve", "--all", "--yes")
        (listed,) = certificates(ada)
        assert listed["in_force"]


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"no PEM",
        issue(ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32)), "Seal"),
        issue(ec.derive_private_key(7, ec.SECP521R1()), "Seal"),
        issue(ec.derive_private_key(7, ec.SECP256R1()), "Seal")
        + issue(ec.derive_private_key(8, ec.SECP256R1()), "Two"),
        ec.derive_private_key(7, ec.SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        b"-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n",
        b"-----BEGIN CERTIFICATE-----\nM\n-----END CERTIFICATE-----\n",
    ],
)
def test_other_files_are_refused_with_what_to_give(text: bytes) -> None:
    """No certificate, several, one for another sort of key, or a private key."""
    with pytest.raises(FormatError) as caught:
        public_key_in(text)
    assert caught.value.slug == "bad-seal-key"
    assert caught.value.remedy is not None


def test_a_public_key_alone_is_enough() -> None:
    """What is enrolled is the key; the certificate around it tells nothing that counts."""
    key = ec.derive_private_key(7, ec.SECP384R1())
    pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    assert public_key_in(pem) == bits(key) == public_key_in(issue(key, "Seal"))


def test_only_an_enrolled_key_that_has_not_ended_seals() -> None:
    """Judged at a position; before its enrolment and from its end on there is none."""
    world = World()
    key = new_seal_key(digest_bytes(b"ledger"), NOW)
    enrolled = world.act(CertificateEnrol(spki_of(key), "packs"))
    ended = world.act(CertificateEnd(certificate_id(spki_of(key)), "replaced"))
    assert enrolled_certificate(world.roster, spki_of(key), ended.index).since == enrolled.index + 1
    for position in (enrolled.index, ended.index + 1):
        with pytest.raises(ConflictError) as caught:
            enrolled_certificate(world.roster, spki_of(key), position)
        assert caught.value.slug == "unknown-certificate"


def test_a_ledger_without_a_sealing_key_says_so(own: House) -> None:
    """The file that is missing, and what makes it."""
    (own.folder / "seal.pem").unlink()
    with pytest.raises(NotFoundError) as caught:
        read_seal_files(folder_settings(own.folder))
    assert caught.value.slug == "no-seal-key"
