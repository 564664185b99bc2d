"""Releases: REL-01."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ledger.records import Absent
from ledger.rules.changes import unread_lists
from ledger.rules.kinds import FLAG
from ledger.rules.shape import Finding, NamedRecord, Parameter, ReleaseCase, Rule, failed, passed, untold
from ledger.rules.wording import capital, counted, listed, short

if TYPE_CHECKING:
    from ledger.dossier.facts import ReleaseDossier, SourceFacts


def rel_01(case: ReleaseCase) -> Finding:
    """REL-01: the release names its artifacts, its commits, and every change since the release before."""
    dossier = case.dossier
    inputs = _inputs(dossier)
    faults: list[str] = []
    missing = list(unread_lists(dossier))
    if case.settings["artifacts_required"] and not dossier.release.artifacts:
        faults.append("the release names no artifact by its digest")
    for number, source in enumerate(dossier.sources, start=1):
        wrong, unclear = _source(source, f"source {number}")
        faults += wrong
        missing += unclear
    if faults:
        return failed(f"{capital('; '.join(faults))}.", inputs)
    if missing:
        return untold(missing, inputs)
    commits = sum(0 if isinstance(source.commits, Absent) else len(source.commits) for source in dossier.sources)
    artifacts = len(dossier.release.artifacts)
    if not commits and not artifacts:
        return untold(("the release names neither a commit nor an artifact",), inputs)
    first = all(source.source.start for source in dossier.sources)
    begin = "the start of its history" if first else "the release before"
    return passed(
        f"The release names {counted(artifacts, 'artifact', 'artifacts')}, "
        f"{counted(len(dossier.sources), 'source commit', 'source commits')} and "
        f"{counted(commits, 'commit', 'commits')} since {begin}; nothing recorded in between is left out.",
        inputs,
    )


def _inputs(dossier: ReleaseDossier) -> list[NamedRecord]:
    found: list[NamedRecord] = [("release", dossier.record)]
    for source in dossier.sources:
        if source.previous_release is not None:
            found.append(("previous release", source.previous_release))
        found += [("merge", record) for record in source.omitted]
    return found


def _source(source: SourceFacts, name: str) -> tuple[list[str], list[str]]:
    """What is wrong with one source, and what keeps it open, as clauses."""
    wrong: list[str] = []
    unclear: list[str] = []
    if source.source.previous is not None and source.previous_release is None:
        unclear.append(f"no earlier release of this product ends at the commit that {name} calls the previous one")
    if isinstance(source.commits, Absent):
        return wrong, unclear
    ids = {commit.id for commit in source.commits}
    if ids and source.source.path is None and source.source.commit not in ids:
        wrong.append(f"the commit list of {name} does not hold the commit it ends at, {short(source.source.commit)}")
    if source.open_parents and source.unread:
        # A parent that nothing explains and a list that nobody can read leave it open in either direction.
        unclear += [f"the commit list of entry {record.index} could not be read" for record in source.unread]
    elif source.breaks_off_at is not None and not source.omitted and not wrong:
        where = short(source.breaks_off_at)
        unclear.append(
            f"the commit list of {name} breaks off before {where}, which no earlier release holds"
            if ids
            else f"the commit list of {name} is empty, and no earlier release holds the commit it ends at, {where}"
        )
    elif source.omitted:
        entries = listed(f"entry {record.index}" for record in source.omitted)
        wrong.append(
            f"what landed in {entries} after the previous release is part of {name}, but not on its commit list"
        )
    return wrong, unclear


RULES: Final[tuple[Rule, ...]] = (
    Rule(
        "REL-01",
        "Release manifest is complete",
        "The release names its artifacts by digest, its commits, and everything that landed since the one before.",
        release=rel_01,
        parameters=(
            Parameter(
                "artifacts_required",
                False,  # noqa: FBT003 -- the parameter's default, a value among values
                FLAG,
                "Whether a release must name an artifact.",
            ),
        ),
    ),
)
