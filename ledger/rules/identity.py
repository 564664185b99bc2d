"""Identity and keys: ID-01, ID-02, ID-04 and ID-06."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ledger.dossier.people import sure
from ledger.roster.state import Roster, key_in_force
from ledger.rules.authorship import ID_05
from ledger.rules.contributors import CODE, approver_words, by_party, contributions, gaps, unresolved
from ledger.rules.counting import HAS_IT, Grade, by_need, enough
from ledger.rules.parameters import APPROVALS, COUNTING, PEOPLE
from ledger.rules.persons import ID_03
from ledger.rules.reviewed import identity_doubt
from ledger.rules.shape import ChangeCase, Finding, NamedRecord, ReleaseCase, Rule, failed, inapplicable, passed, untold
from ledger.rules.stated import each
from ledger.rules.wording import counted, listed, person

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ledger.dossier.facts import ApprovalFact
    from ledger.records import Record
    from ledger.rules.judged import Judged


def events_of_change(case: ChangeCase) -> tuple[NamedRecord, ...]:
    """Every event that rules read about the change, ascending by index."""
    change = case.change
    found: list[NamedRecord] = [("diff", item.record) for item in change.revisions]
    found += [("prompt", item.record) for item in change.prompts]
    found += [("approval", item.record) for item in change.approvals]
    found += [("test", item.record) for item in change.runs]
    found += [("merge", item.record) for item in change.landings]
    found += [("change", item.record) for item in change.states]
    found += [("push", item.record) for item in change.pushes]
    found += [("review-note", item.record) for item in change.notes]
    found += [("scan", item.record) for item in change.scans]
    for exception in change.exceptions:
        found.append(("exception", exception.record))
        found += [("approval", item.record) for item in exception.decisions]
    return tuple(sorted(found, key=lambda item: item[1].index))


def events_of_release(case: ReleaseCase) -> tuple[NamedRecord, ...]:
    """The release event, its approvals and its deployments."""
    dossier = case.dossier
    found: list[NamedRecord] = [("release", dossier.record)]
    found += [("approval", item.record) for item in dossier.approvals]
    found += [("deploy", item.record) for item in dossier.deployments]
    return tuple(found)


def id_01_change(case: ChangeCase) -> Finding:
    """ID-01 of a change."""
    return _signed(case.records.roster, events_of_change(case))


def id_01_release(case: ReleaseCase) -> Finding:
    """ID-01 of a release."""
    return _signed(case.dossier.records.roster, events_of_release(case))


def id_02_change(case: ChangeCase) -> Finding:
    """ID-02 of a change."""
    return _in_force(case.records.roster, events_of_change(case))


def id_02_release(case: ReleaseCase) -> Finding:
    """ID-02 of a release."""
    return _in_force(case.dossier.records.roster, events_of_release(case))


def id_04(case: ChangeCase) -> Finding:
    """ID-04: all accounts of contributors and approvers resolve."""
    taking_part = contributions(case)
    # A claim on an account is enough here: every claimant counts as having taken part.
    missing = [
        unresolved(item, duties)
        for item, duties in by_party(taking_part)
        if item.party.principal is None and not item.party.claimants
    ]
    missing += [identity_doubt(fact) for fact in case.change.approvals if not sure(fact.approver)]
    missing += gaps(case, CODE)
    inputs: list[NamedRecord] = [("diff", item.record) for item in case.change.revisions]
    inputs += [("approval", item.record) for item in case.change.approvals]
    if missing:
        return untold(missing, inputs)
    if not taking_part:
        return untold(("nobody is recorded as having taken part",), inputs)
    principals = {
        identifier for item in taking_part for identifier in (item.party.claimants or (item.party.principal,))
    }
    principals |= {item.approver.principal for item in case.change.approvals}
    return passed(
        f"Every account behind the change resolves: to {counted(len(principals), 'principal', 'principals')}.",
        [*inputs, *((item.duty, item.record) for item in taking_part)],
    )


def id_06(case: ChangeCase) -> Finding:
    """ID-06: the keys that needed approvals were signed with are held by people, away from pipelines."""
    return each(case, _held_by_people)


def _held_by_people(case: ChangeCase, content: Judged) -> Finding:
    return by_need(
        case,
        content,
        lambda needed: enough(
            case,
            content,
            needed,
            _custody,
            lambda people: (
                f"The keys with which {listed(map(person, people))} approved {content.name} are held by "
                "people, away from pipelines."
            ),
        ),
    )


def _custody(fact: ApprovalFact) -> Grade:
    record = fact.record
    if fact.approval.attested_by == "forge":
        return Grade(
            "unknown", f"a forge attests the approval of entry {record.index}: no key of the approver signed it"
        )
    run = record.event.context.producer.run
    if run is not None:
        return Grade("no", f"{approver_words(fact)} approved in entry {record.index} from within a pipeline run")
    if record.key.custody == "pipeline":
        return Grade("no", f"the key of {approver_words(fact)} in entry {record.index} is held by a pipeline")
    # A security key that spoke for itself needs nobody's declaration.
    if record.key.custody is None and record.presence is None:
        return Grade(
            "unknown", f"where the key of {approver_words(fact)} in entry {record.index} is held is not declared"
        )
    return HAS_IT


def _signed(roster: Roster, events: Sequence[NamedRecord]) -> Finding:
    if not events:
        return inapplicable("an event is recorded")
    strangers = [item for item in events if _key_of(roster, item[1]) is None]
    if strangers:
        return untold((f"the key of entry {record.index} is not enrolled" for _, record in strangers), events)
    collected = sum(_reported(record) for _, record in events)
    told = f"; {counted(collected, 'reports', 'report')} what somebody else did" if collected else ""
    number = counted(len(events), "event", "events")
    return passed(f"Every event is signed by an enrolled key ({number}{told}).", events)


def _in_force(roster: Roster, events: Sequence[NamedRecord]) -> Finding:
    if not events:
        return inapplicable("an event is recorded")
    late = [
        (name, record)
        for name, record in events
        if (key := roster.keys.get(record.leaf.key_id)) is not None and not key_in_force(roster, key, record.index)
    ]
    if late:
        return failed(f"The key of entry {late[0][1].index} was not in force when the entry was admitted.", late)
    strangers = [record for _, record in events if _key_of(roster, record) is None]
    if strangers:
        return untold((f"the key of entry {record.index} is not enrolled" for record in strangers), events)
    return passed(
        f"Every key was in force when its event entered the ledger ({counted(len(events), 'event', 'events')}).", events
    )


def _key_of(roster: Roster, record: Record) -> str | None:
    key = roster.keys.get(record.leaf.key_id)
    return None if key is None else key.principal


def _reported(record: Record) -> bool:
    return record.event.context.actor.principal != record.key.principal


RULES: Final[tuple[Rule, ...]] = (
    Rule(
        "ID-01",
        "Signed by a registered key",
        "Each event is signed by a key that this ledger enrolled for a named principal.",
        id_01_change,
        id_01_release,
    ),
    Rule(
        "ID-02",
        "Key in force",
        "Each signing key was in force when its event entered the ledger.",
        id_02_change,
        id_02_release,
    ),
    ID_03,
    Rule(
        "ID-04",
        "Accounts resolve",
        "Every account of a contributor or approver belongs to a known principal.",
        id_04,
        parameters=PEOPLE,
    ),
    ID_05,
    Rule(
        "ID-06",
        "Approval keys held by people",
        "The key of each needed approval is held by a person, away from pipelines.",
        id_06,
        parameters=(APPROVALS, *COUNTING, *PEOPLE),
    ),
)
