"""Change integrity: CHG-01 here, the others in modules of their own; all of them listed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ledger.events.work import Merge
from ledger.records import Absent, Record
from ledger.rules.affected import SENSITIVE_PATHS, UNREADABLE, chg_08, chg_10, chg_11
from ledger.rules.bots import BOT_PATHS, chg_09, chg_12
from ledger.rules.kinds import COUNT, GLOBS, LABEL, TOKEN, list_of, optional
from ledger.rules.landed import chg_02, chg_06
from ledger.rules.parameters import APPROVALS, COUNTING, OWNERS, PEOPLE, RISKS, RUNBOOK
from ledger.rules.reverts import chg_07
from ledger.rules.shape import Finding, NamedRecord, Parameter, ReleaseCase, Rule, failed, inapplicable, passed, untold
from ledger.rules.stated import is_late
from ledger.rules.statements import chg_03, chg_04, chg_05, chg_13
from ledger.rules.wording import capital, counted, listed, short

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ledger.dossier.facts import CommitPlace, ReleaseDossier


def unread_lists(dossier: ReleaseDossier) -> tuple[str, ...]:
    """Clauses that say which commit list of the release cannot be read, or is not of the length the event states."""
    found: list[str] = []
    for number, source in enumerate(dossier.sources, start=1):
        stated = source.source.commit_count
        if isinstance(source.commits, Absent):
            found.append(f"the commit list of source {number} is {source.commits.state}")
        elif len(source.commits) != stated:
            found.append(f"the commit list of source {number} holds {len(source.commits)} of {stated} commits")
    return tuple(found)


def unread_landings(dossier: ReleaseDossier) -> tuple[str, ...]:
    """Clauses that say which landing might hold commits that were found in none; none if every commit was found."""
    open_sources = {place.source for place in dossier.places if place.change is None and place.direct_push is None}
    return tuple(
        f"the commit list of entry {record.index} could not be read"
        for number in sorted(open_sources)
        for record in dossier.sources[number].unread
    )


def chg_01(case: ReleaseCase) -> Finding:  # noqa: PLR0911 -- one return an outcome
    """CHG-01: every commit of the release belongs to a recorded change."""
    dossier = case.dossier
    inputs: list[NamedRecord] = [("release", dossier.record)]
    inputs += [("merge", landing.record) for change in dossier.changes for landing in change.landings]
    missing = unread_lists(dossier)
    if missing:
        return untold(missing, inputs)
    if not dossier.places:
        return inapplicable("the release holds a commit", inputs)
    without = [(place, place.direct_push) for place in dossier.places if place.direct_push is not None]
    unclaimed = [(place, record) for place, record in without if not is_late(record)]
    # Whoever landed it then may have had a change that nobody recorded.
    late = list(dict.fromkeys(record.index for _, record in without if is_late(record)))
    strange = [place for place in dossier.places if place.change is None and place.direct_push is None]
    contrary = _other_trees(dossier)
    if contrary:
        return failed(f"{capital(listed(contrary))}.", inputs)
    # Landings without a change are certain; commits found nowhere are so only when every list could be read.
    clauses = unread_landings(dossier)
    if strange and clauses:
        return untold(clauses, inputs)
    if unclaimed or strange:
        pushed = [place for place, record in unclaimed if _is_push(record)]
        landed = [place for place, record in unclaimed if not _is_push(record)]
        told = [
            _told(places, *words)
            for places, words in (
                (pushed, ("commit was pushed without a change", "commits were pushed without a change")),
                (landed, ("commit landed without a recorded change", "commits landed without a recorded change")),
                (strange, ("commit belongs to nothing that is recorded", "commits belong to nothing that is recorded")),
            )
            if places
        ]
        return failed(f"{capital('; '.join(told))}.", [*inputs, *(("merge", record) for _, record in unclaimed)])
    if late:
        return untold(
            (
                f"whether the landing in entry {index} was a change's is open, as it was only recorded afterwards"
                for index in late
            ),
            [*inputs, *(("merge", record) for _, record in without)],
        )
    return passed(
        f"All {counted(len(dossier.places), 'commit', 'commits')} of the release belong to "
        f"{counted(len(dossier.changes), 'recorded change', 'recorded changes')}."
        if len(dossier.places) != 1
        else "The one commit of the release belongs to a recorded change.",
        inputs,
    )


def _other_trees(dossier: ReleaseDossier) -> list[str]:
    """Clauses about landings that tell another tree of a commit than the release's commit list: a commit has one."""
    landed = {landing.merge.commit: landing for change in dossier.changes for landing in change.landings}
    return [
        f"the landing of entry {landing.record.index} tells another content of commit {short(place.commit.id)} than "
        "the commit list of the release"
        for place in dossier.places
        if (landing := landed.get(place.commit.id)) is not None and landing.merge.tree != place.commit.tree
    ]


def _is_push(record: Record) -> bool:
    """Whether a landing was a push; any other method names a change that was not recorded."""
    return isinstance(record.event.body, Merge) and record.event.body.method == "push"


def _told(places: Sequence[CommitPlace], one: str, many: str) -> str:
    return f"{counted(len(places), one, many)} ({listed(short(place.commit.id) for place in places[:5])})"


RULES: Final[tuple[Rule, ...]] = (
    Rule(
        "CHG-01",
        "Every commit belongs to a change",
        "Every commit of the release was landed by a recorded change.",
        release=chg_01,
    ),
    Rule(
        "CHG-02",
        "The merge added nothing",
        "What a merge landed is what git makes of its two parents.",
        chg_02,
    ),
    Rule(
        "CHG-03",
        "Somebody asked for it",
        "The change names a request that was open, and says why it is made.",
        chg_03,
        parameters=(
            Parameter(
                "grace_hours",
                24,
                COUNT,
                "How many hours a named request may be unknown to its tracker before that is a failure.",
            ),
            Parameter(
                "standing_requests",
                [],
                list_of(TOKEN),
                "Requests, as `system:id`, under which bots make changes of type `bot` without asking each time.",
            ),
        ),
    ),
    Rule(
        "CHG-04",
        "Impact is stated",
        "The change states its impact and its impact on security, and nobody states a lower risk than it has.",
        chg_04,
        parameters=(
            RISKS,
            Parameter(
                "impact_from",
                None,
                optional(LABEL),
                "The risk class from which on the impact must be stated; null: always.",
            ),
            Parameter(
                "security_impact_from",
                None,
                optional(LABEL),
                "The risk class from which on the impact on security must be stated; null: always.",
            ),
        ),
    ),
    Rule(
        "CHG-05",
        "The way back is stated",
        "The change says how one gets back, in words or by the release to return to.",
        chg_05,
        parameters=(
            RISKS,
            Parameter(
                "fallback_from",
                None,
                optional(LABEL),
                "The risk class from which on the way back must be stated; null: always.",
            ),
        ),
    ),
    Rule(
        "CHG-06",
        "Squash and rebase keep the content",
        "What was squashed, rebased or picked is the content of a recorded revision.",
        chg_06,
    ),
    Rule(
        "CHG-07",
        "A revert is pure",
        "What is called a revert takes back exactly what landed, and what takes back a revert is approved anew.",
        chg_07,
        parameters=(APPROVALS, *COUNTING, *PEOPLE),
    ),
    Rule(
        "CHG-08",
        "Generated files are made again or reviewed",
        "Generated files are what their generator makes, or somebody who took no part noted what they saw.",
        chg_08,
        parameters=(
            *PEOPLE,
            Parameter(
                "generated",
                None,
                optional(GLOBS),
                "The paths of generated files; null: the rule does not apply.",
            ),
            Parameter(
                "generators",
                None,
                optional(GLOBS),
                "The paths of generators, of what they read and of attributes; when one changes, review is needed.",
            ),
            Parameter(
                "regeneration",
                "regeneration",
                LABEL,
                "The sort of suite (`class` of its runs) that makes generated files again and compares.",
            ),
        ),
    ),
    Rule(
        "CHG-09",
        "A bot keeps to its own",
        "A change of type bot was made by agents and services alone, on paths that are left to bots.",
        chg_09,
        parameters=(
            *PEOPLE,
            Parameter("bot_paths", list(BOT_PATHS), GLOBS, "The paths that a bot may change."),
        ),
    ),
    Rule(
        "CHG-10",
        "Owners approved",
        "Somebody who holds the owner's role approved every path that has an owner.",
        chg_10,
        parameters=(
            *COUNTING,
            *PEOPLE,
            OWNERS,
            Parameter(
                "sensitive_role",
                None,
                optional(LABEL),
                "The role that owns `sensitive_paths`; null: only `owners` count.",
            ),
            Parameter(
                "sensitive_paths",
                list(SENSITIVE_PATHS),
                GLOBS,
                "Paths of pipelines, of who owns what, and of what assistants are told.",
            ),
        ),
    ),
    Rule(
        "CHG-11",
        "Unreadable content was looked at",
        "Somebody who took no part noted in review what they saw of each submodule and each file nobody can read.",
        chg_11,
        parameters=(
            *PEOPLE,
            Parameter(
                "unreadable",
                list(UNREADABLE),
                GLOBS,
                "The paths of files of which a difference shows nothing to people.",
            ),
        ),
    ),
    Rule(
        "CHG-12",
        "Co-authors are known",
        "Every co-author that a commit names is a known principal.",
        chg_12,
        parameters=PEOPLE,
    ),
    Rule(
        "CHG-13",
        "The cut-over has a runbook",
        "A change whose risk asks for one has a cut-over with an owner, a runbook, stop conditions and the way back.",
        chg_13,
        parameters=(RISKS, RUNBOOK),
    ),
)
