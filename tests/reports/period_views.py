"""Views of the quarters of ``period_story``, made through a verified bundle as packs are."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING

from ledger.bundle import BundleSubject, Period, write_bundle
from ledger.digests import digest_bytes
from ledger.dossier.build import build_period
from ledger.rules.ofbundle import judge
from ledger.sampling import Sampling
from ledger.verify.run import verify_bundle
from reports.period.view import look_at
from reports.release.view import Carried, PackSettings
from tests.reports import period_story
from tests.world import VERIFIER

if TYPE_CHECKING:
    from reports.period.view import PeriodView
    from tests.reports.period_story import Company

AS_OF = "2026-07-01T00:00:00.000Z"
SETTINGS = PackSettings(
    datetime(2026, 7, 2, 7, 0, tzinfo=UTC), organisation="Tidewater Clearing AS", prepared_from="a simulated ledger"
)
NUMBER = "4711-2026"
"""What the auditor of these stories supplies."""


def view_of(company: Company, *, sampling: Sampling | None = None, asked: str = "") -> PeriodView:
    """The view of a company's quarter, with the month before as its baseline where there is one."""
    world = company.world
    bundle = write_bundle(world.selection(BundleSubject(period=Period(company.first, company.end))), VERIFIER)
    verification = verify_bundle(bundle, world.anchor)
    if verification.records is None or not verification.intact:
        raise ValueError("the story's bundle does not verify")
    projects = tuple(world.projects.values())
    dossier = build_period(verification.records, projects, company.first, company.end)
    return look_at(
        dossier,
        judge(dossier, AS_OF).parts,
        verification,
        settings=SETTINGS,
        carried=Carried(
            digest_bytes(b"pack of the quarter"),
            "quarter.evidence.zip",
            digest_bytes(bundle),
            len(bundle),
            world.anchor,
            AS_OF,
        ),
        baseline=(
            build_period(verification.records, projects, company.baseline, company.first) if company.baseline else None
        ),
        sampling=sampling,
        asked=asked,
    )


@cache
def quarter() -> PeriodView:
    """The quarter, with a sample of ten drawn."""
    return view_of(period_story.quarter(), sampling=Sampling(NUMBER, 10), asked="2026-04-01 to 2026-06-30")


@cache
def empty() -> PeriodView:
    """The empty quarter, without a sample."""
    return view_of(period_story.empty())
