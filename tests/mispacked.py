"""Misdeeds with certificates, packs and comparisons with git: told as in ``tests.misdeeds``."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING

from ledger.digests import digest_bytes
from ledger.events.evidence import PackFile
from ledger.events.roster import MACHINE_KINDS, CertificateEnd, CertificateEnrol
from ledger.sealkeys import certificate_id
from tests.every_kind import PROJECT
from tests.later_kinds import ABOUT, SEAL_KEYS, compare, comparison, pack_of
from tests.misworded import Misdeed, forced, forced_act, in_governed, member

if TYPE_CHECKING:
    from ledger.events.evidence import Pack
    from tests.every_kind import Crew
    from tests.world import World

FILES = [PackFile("application/pdf", "payments-1.0.pdf", digest_bytes(b"pdf"), 9_000)]
KEY = SEAL_KEYS["P-256"]


def _of_period(world: World, position: int | None = None) -> Pack:
    return pack_of(None, FILES, position=len(world.entries) if position is None else position)


def _point_beside_the_curve(world: World, _crew: Crew) -> None:
    spoilt = member("key", b64encode(KEY[:-1] + bytes([KEY[-1] ^ 1])).decode())
    forced_act(world, CertificateEnrol(KEY, "packs"), world.members["Ada Admin"], spoilt)


def _pack_of_both(world: World, crew: Crew) -> None:
    release = world.release(PROJECT, "1.0", [], crew.author, crew.ci)
    both = member("period", {"from": 1, "to": 2})
    forced(world, pack_of(release, FILES), crew.author, crew.author.key, about=ABOUT, change=both)


def _pack_of_a_period_to_come(world: World, crew: Crew) -> None:
    later = member("period/to", len(world.entries) + 1)
    forced(world, _of_period(world), crew.author, crew.author.key, change=later)


def _reconciliation_of_nothing(world: World, crew: Crew) -> None:
    body = comparison(len(world.entries), b"of it")
    forced(world, body, crew.author, crew.author.key, "reconciliation", change=member("from", 9_999))


def _pack_by_agent(world: World, crew: Crew) -> None:
    agent = world.machine("Eager Agent", MACHINE_KINDS, sort="agent", responsible=crew.author)
    forced(world, _of_period(world), agent, agent.key)


def _pack_of_the_future(world: World, crew: Crew) -> None:
    forced(world, _of_period(world, len(world.entries) + 1), crew.author, crew.author.key)


def _reconciliation_of_the_future(world: World, crew: Crew) -> None:
    body = comparison(len(world.entries) + 1, b"of it")
    forced(world, body, crew.author, crew.author.key, "reconciliation")


def _certificate_by_nobody(world: World, crew: Crew) -> None:
    forced_act(world, CertificateEnrol(KEY, "packs"), crew.author)


def _certificate_again(world: World, _crew: Crew) -> None:
    world.act(CertificateEnrol(KEY, "packs"))
    world.act(CertificateEnd(certificate_id(KEY), "lost"))
    forced_act(world, CertificateEnrol(KEY, "packs"), world.members["Ada Admin"])


def _end_of_an_ended_certificate(world: World, _crew: Crew) -> None:
    world.act(CertificateEnrol(KEY, "packs"))
    world.act(CertificateEnd(certificate_id(KEY), "lost"))
    forced_act(world, CertificateEnd(certificate_id(KEY), "lost"), world.members["Ada Admin"])


def _pack_of_no_release(world: World, crew: Crew) -> None:
    prompt = world.prompt(PROJECT, "7", crew.author, crew.ci)
    forced(world, pack_of(prompt, FILES), crew.author, crew.author.key, about=ABOUT)


def _other_comparison(world: World, crew: Crew) -> None:
    compare(world, crew.author, result=b"another comparison")


MISPACKED = {
    "point-beside-the-curve": Misdeed(
        "V10", "a certificate is enrolled whose point is not on its curve", in_governed(_point_beside_the_curve)
    ),
    "pack-of-both": Misdeed("V10", "a pack is of a release and of a period", in_governed(_pack_of_both)),
    "pack-of-a-period-to-come": Misdeed(
        "V10", "a pack is of a period that ends after its position", in_governed(_pack_of_a_period_to_come)
    ),
    "reconciliation-of-nothing": Misdeed(
        "V10", "a comparison with git ends before it begins", in_governed(_reconciliation_of_nothing)
    ),
    "pack-by-agent": Misdeed("V13", "an agent signs a pack", in_governed(_pack_by_agent)),
    "pack-of-the-future": Misdeed(
        "V13", "a pack is of a position after its own event's", in_governed(_pack_of_the_future)
    ),
    "reconciliation-of-the-future": Misdeed(
        "V13", "a comparison with git goes up to a position after its own", in_governed(_reconciliation_of_the_future)
    ),
    "certificate-by-nobody": Misdeed(
        "V13", "who is no administrator enrols a certificate", in_governed(_certificate_by_nobody)
    ),
    "certificate-again": Misdeed("V14", "a certificate that ended is enrolled again", in_governed(_certificate_again)),
    "end-of-an-ended-certificate": Misdeed(
        "V14", "a certificate is ended that has ended before", in_governed(_end_of_an_ended_certificate)
    ),
    "pack-of-no-release": Misdeed("V17", "a pack is of a release that is a prompt", in_governed(_pack_of_no_release)),
    "other-comparison": Misdeed(
        "V18", "the comparison with git that is held is not the one that was signed", in_governed(_other_comparison)
    ),
}
"""By name, as in ``tests.misdeeds.MISDEEDS``."""
