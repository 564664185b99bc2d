"""Packs and comparisons with git stand in dossiers and traces, where they belong and nowhere else."""

from __future__ import annotations

from dataclasses import replace

from ledger.dossier.build import build_period, build_release
from ledger.dossier.trace import trace_release
from tests.every_kind import told
from tests.later_kinds import TIME, compare, comparison, later_kinds


def test_a_release_has_its_packs_and_the_comparisons_that_reach_its_landings() -> None:
    """A pack of a period is none of a release; a comparison of other positions tells nothing of it."""
    world, release = later_kinds()
    maker, end = world.members["Pack Maker"], len(world.entries)
    kept = world.content("reconciliation", b"{}")
    told(world, replace(comparison(end, b"{}"), from_=end - 1), maker, maker, contents=[kept])
    dossier = build_release(world.records(), release.envelope)
    found = [step for step in trace_release(dossier) if step.kind in ("pack", "reconciliation")]
    steps = {step.kind: step.what for step in found}
    assert len(found) == len(steps) == len(dossier.surroundings.reconciliations)
    assert steps["pack"].endswith("of the release at position 9: 1 file, sealed with certificate 5cd252fb0ce8")
    assert "refs/heads/main: 3 of 3 commits recorded, 0 missing, 1 unknown to the clone; " in steps["reconciliation"]
    assert [item.body.release for item in dossier.packs] == [release.envelope]
    around = dossier.surroundings
    assert [item.body.as_of for item in around.packs] == [TIME, TIME]
    before = build_release(world.records(release.index + 1), release.envelope)
    assert (before.packs, before.surroundings.reconciliations) == ((), ())


def test_a_period_has_the_packs_that_were_made_in_it() -> None:
    """And the comparisons that were recorded in it; who made them is among its people."""
    world, _ = later_kinds()
    project = world.projects["payments"]
    end = len(world.entries)
    maker = world.members["Pack Maker"]
    compare(world, maker)
    around = build_period(world.records(), [project], end, end + 1)
    assert around.surroundings.packs == ()
    assert [item.actor.principal for item in around.surroundings.reconciliations] == [maker.principal]
    assert maker.principal in around.parties
