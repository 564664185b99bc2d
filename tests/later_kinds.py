"""What ``tests.every_kind`` cannot tell, its bundle being frozen: certificates, packs and comparisons with git."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.canonical import encode
from ledger.digests import digest_bytes
from ledger.events.context import About
from ledger.events.evidence import ComparedRef, Pack, PackFile, Reconciliation, Span
from ledger.events.roster import MACHINE_KINDS, CertificateEnd, CertificateEnrol
from ledger.sealkeys import certificate_id
from tests.every_kind import every_kind, told
from tests.world import git_id

if TYPE_CHECKING:
    from ledger.records import Record
    from tests.world import Member, World

SEAL_KEYS = {
    "P-256": bytes.fromhex(
        "3059301306072a8648ce3d020106082a8648ce3d03010703420004"
        "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
        "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
    ),
    "P-384": bytes.fromhex(
        "3076301006072a8648ce3d020106052b8104002203620004"
        "aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7"
        "3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f"
    ),
    "RSA": bytes.fromhex(f"30820122300d06092a864886f70d01010105000382010f003082010a02820101 00{'c5' * 256} 0203010001"),
}
"""SubjectPublicKeyInfo of each sort; on the curves that of their base point."""
ABOUT = About(release="payments@1.0")
TIME = "2026-03-02T10:00:00.000Z"


def later_kinds() -> tuple[World, Record]:
    """The story of every kind, gone on; with its release."""
    world, release = every_kind()
    author = world.members["Ivy Author"]
    maker = world.machine("Pack Maker", MACHINE_KINDS)
    for key in SEAL_KEYS.values():
        world.act(CertificateEnrol(key, "packs"))
    world.act(CertificateEnd(certificate_id(SEAL_KEYS["RSA"]), "expired"))
    compare(world, maker)
    made = [PackFile("application/pdf", "payments-1.0.pdf", digest_bytes(b"pdf"), 9_000)]
    told(world, pack_of(release, made), maker, maker, about=ABOUT)
    made.append(PackFile("application/zip", "payments-1.0.zip", digest_bytes(b"zip"), 0))
    told(world, pack_of(None, made), author, author)
    return world, release


def compare(world: World, by: Member, *, result: bytes | None = None) -> Record:
    """A comparison with git, as it is or with the digest of another ``result``."""
    document = encode({"refs": [], "v": 1})
    body = comparison(len(world.entries), result or document)
    return told(world, body, by, by, contents=[world.content("reconciliation", document)])


def comparison(to: int, result: bytes) -> Reconciliation:
    """What a comparison of two refs found."""
    refs = (
        ComparedRef(3, 0, 3, "refs/heads/main", 1, git_id("head"), git_id("start")),
        ComparedRef(0, 0, 0, "refs/heads/gone", 2),
    )
    return Reconciliation(1, refs, digest_bytes(result), to)


def pack_of(release: Record | None, files: list[PackFile], *, position: int = 9) -> Pack:
    """A pack of a release, sealed; or one of a period, without a seal."""
    return Pack(
        TIME,
        digest_bytes(b"bundle"),
        tuple(files),
        digest_bytes(b"bundle and settings"),
        position,
        Span(1, position) if release is None else None,
        None if release is None else release.envelope,
        None if release is None else certificate_id(SEAL_KEYS["P-256"]),
    )
