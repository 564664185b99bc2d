"""What approvers were shown, how long they looked, and what they answered: APP-09, APP-10 and APP-11."""

from __future__ import annotations

from functools import partial
from math import ceil
from typing import TYPE_CHECKING, Final, cast

from ledger.events.shape import instant
from ledger.rules.contributors import approver_words
from ledger.rules.counting import APPROVED, HAS_IT, Grade, by_need, enough
from ledger.rules.kinds import at_least
from ledger.rules.parameters import APPROVALS, CHECKLISTS, COUNTING, PEOPLE
from ledger.rules.reviewed import covered_revision, sort_approvals
from ledger.rules.risk import DEFAULT, by_class, of_class
from ledger.rules.shape import Parameter, Rule, failed, inapplicable, untold
from ledger.rules.stated import each, is_late
from ledger.rules.wording import capital, counted, listed, person

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ledger.digests import Digest
    from ledger.dossier.facts import ApprovalFact
    from ledger.records import Record
    from ledger.rules.judged import Judged
    from ledger.rules.shape import ChangeCase, Finding

FORGE: Final = "what the approver of entry {} was shown is not recorded: a forge attests it"


def app_09(case: ChangeCase) -> Finding:
    """APP-09: the approver was shown the prompts, tests and scans that there were."""
    return each(case, _shown)


def _shown(case: ChangeCase, content: Judged) -> Finding:
    given = [fact for fact in case.change.approvals if fact.approval.decision == "approve"]
    if given and not any(any(_to_show(case, content, fact)) for fact in given):
        return inapplicable("a prompt, a test run or a scan of the content was there to be shown", content.inputs)
    return by_need(
        case,
        content,
        lambda needed: enough(
            case,
            content,
            needed,
            partial(_saw, case, content),
            lambda people: (
                f"{capital(listed(map(person, people)))} signed what there was to see of {content.name}: "
                "the prompts, the latest test runs and the scans."
            ),
        ),
    )


def _to_show(
    case: ChangeCase, content: Judged, fact: ApprovalFact
) -> tuple[tuple[Digest, ...], tuple[Digest, ...], tuple[Digest, ...]]:
    """Prompts of the approved revision; of its content the latest run of each suite and the scans, all before it."""

    def before(record: Record) -> bool:
        return record.index < fact.record.index and not is_late(record)

    revision = covered_revision(case, fact) or content.revision
    prompts = () if revision is None else revision.diff.prompts
    latest: dict[str, Record] = {}
    for item in case.change.runs:
        if before(item.record) and (item.run.run.tree in content.trees or item.run.run.commit in content.commits):
            latest[item.run.run.suite] = item.record
    scans = [item.record for item in case.change.scans if before(item.record) and item.body.tree in content.trees]
    return (
        tuple(item.prompt for item in prompts),
        tuple(record.envelope for record in latest.values()),
        tuple(record.envelope for record in scans),
    )


def _saw(case: ChangeCase, content: Judged, fact: ApprovalFact) -> Grade:
    entry = fact.record.index
    if fact.approval.attested_by == "forge":
        return Grade("unknown", FORGE.format(entry))
    prompts, tests, scans = _to_show(case, content, fact)
    seen = fact.approval.seen
    lacking = [
        counted(missing, f"{what}", f"{what}s")
        for what, there, shown in (
            ("prompt", prompts, seen.prompts),
            ("test run", tests, seen.tests),
            ("scan", scans, seen.scans if seen.scans is not None else scans),
        )
        if (missing := len(set(there) - set(shown)))
    ]
    if lacking:
        return Grade("no", f"{approver_words(fact)} signed in entry {entry} without {listed(lacking)} that was there")
    if scans and seen.scans is None:
        return Grade("unknown", f"whether scans were shown to the approver of entry {entry} is not recorded")
    return HAS_IT


def app_10(case: ChangeCase) -> Finding:
    """APP-10: flags approvals that were given faster than the content could be read; never passes."""
    return each(case, _plausible)


def _plausible(case: ChangeCase, content: Judged) -> Finding:
    found = sort_approvals(case, content)
    inputs = [*content.inputs, *found.inputs]
    if not found.effective and not found.unclear:
        return inapplicable(APPROVED, content.inputs)
    if content.revision is None:
        return untold(("how many lines the landed content changes is not recorded",), inputs)
    lines = content.revision.diff.lines_added + content.revision.diff.lines_removed
    pace = cast("int", case.settings["lines_a_minute"])
    hasty: list[str] = []
    missing = list(found.reasons)
    for fact in found.effective:
        shown_at = fact.approval.shown_at
        if shown_at is None:
            missing.append(
                f"when the approver of entry {fact.record.index} was first shown the content is not recorded"
            )
            continue
        seconds = (instant(fact.record.event.context.occurred_at) - instant(shown_at)).total_seconds()
        if lines * 60 > pace * seconds:
            took = counted(max(1, ceil(seconds)), "second", "seconds")
            hasty.append(f"{approver_words(fact)} approved {counted(lines, 'line', 'lines')} within {took}")
    if hasty:
        return failed(
            f"By the approvers' own clocks, {listed(hasty)}. This asks for a look and proves nothing.", inputs
        )
    if missing:
        return untold(missing, inputs)
    return inapplicable("an approval was given faster than the content could be read", inputs)


def app_11(case: ChangeCase) -> Finding:
    """APP-11: the approvers answered the review checklist."""
    return each(case, _answered)


def _answered(case: ChangeCase, content: Judged) -> Finding:
    lists = cast("Mapping[str, Sequence[Mapping[str, str]]]", case.settings["checklists"])
    counts = cast("Mapping[str, int]", case.settings["approvals"])

    def at(name: str) -> Finding:
        items = [item["id"] for item in of_class(lists, name) or ()]
        if not items:
            of = "no class" if name == DEFAULT else f"the class “{name}”"
            return inapplicable(f"the policy has a checklist for changes of {of}", content.inputs)
        return enough(
            case,
            content,
            of_class(counts, name) or 1,
            partial(_answers, items),
            lambda people: (
                f"{capital(listed(map(person, people)))} answered the review checklist "
                f"({counted(len(items), 'item', 'items')}), and nothing with no."
            ),
        )

    return by_class(case, content, at)


def _answers(items: Iterable[str], fact: ApprovalFact) -> Grade:
    entry, given = fact.record.index, {answer.item: answer.answer for answer in fact.approval.checklist or ()}
    if fact.approval.attested_by == "forge":
        return Grade("unknown", f"what the approver of entry {entry} answered is not recorded: a forge attests it")
    left = [item for item in items if item not in given]
    refused = [item for item in items if given.get(item) == "no"]
    if left:
        return Grade("no", f"{approver_words(fact)} left {_items(left)} of the checklist without an answer")
    if refused:
        return Grade("no", f"{approver_words(fact)} answered {_items(refused)} of the checklist with no")
    return HAS_IT


def _items(names: Sequence[str]) -> str:
    shown = [f"“{name}”" for name in names[:3]]
    return listed([*shown, f"{len(names) - 3} more"] if len(names) > 3 else shown)


RULES: Final = (
    Rule(
        "APP-09",
        "Shown what there was",
        "Whoever approves has been shown the prompts, the latest test runs and the scans of that content.",
        app_09,
        parameters=(APPROVALS, *COUNTING, *PEOPLE),
    ),
    Rule(
        "APP-10",
        "Review effort",
        "No approval was given faster than the content could be read.",
        app_10,
        parameters=(
            *COUNTING,
            *PEOPLE,
            Parameter(
                "lines_a_minute",
                200,
                at_least(1),
                "How many changed lines somebody may be thought to read in a minute.",
            ),
        ),
    ),
    Rule(
        "APP-11",
        "Checklist answered",
        "Whoever approves has answered every item of the review checklist, none with no.",
        app_11,
        parameters=(APPROVALS, CHECKLISTS, *COUNTING, *PEOPLE),
    ),
)
