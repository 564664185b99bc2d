"""Exceptions: SOD-08, and EXC-01 to EXC-04; ``ledger.rules.excepting`` says beside which verdicts one stands."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, cast

from ledger.dossier.people import compare, sure
from ledger.events.shape import instant
from ledger.rules.contributors import took_part
from ledger.rules.excepting import AUTHORISATION, REVIEW
from ledger.rules.judged import judged
from ledger.rules.kinds import FLAG, at_least
from ledger.rules.parameters import EXCEPTION_USE, PEOPLE
from ledger.rules.reviewed import doubts, stands
from ledger.rules.shape import (
    ChangeCase,
    Finding,
    NamedRecord,
    Parameter,
    PeriodCase,
    ReleaseCase,
    Rule,
    failed,
    gravest,
    inapplicable,
    passed,
    untold,
)
from ledger.rules.wording import capital, counted, listed, party_words

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ledger.canonical import JSON
    from ledger.dossier.facts import ApprovalFact, ExceptionFact, Party
    from ledger.records import Record

DECLARED: Final = "an exception was declared for it"
USED: Final = "an exception was declared for what landed or was deployed"


def sod_08_change(case: ChangeCase) -> Finding:
    """SOD-08: who asks for an exception, who authorises it, who wrote the change and who reviews it later differ."""
    return _each(case.change.exceptions, lambda item: _apart(item, case.settings, case))


def sod_08_release(case: ReleaseCase) -> Finding:
    """SOD-08 of a release: who asks, who authorises and who reviews differ."""
    return _each(case.dossier.exceptions, lambda item: _apart(item, case.settings, None))


def _apart(item: ExceptionFact, settings: Mapping[str, JSON], case: ChangeCase | None) -> Finding:
    authorised = [fact for fact in _decided(item, AUTHORISATION) if fact.approval.decision == "approve"]
    reviewed = _decided(item, REVIEW)
    inputs = _inputs(item)
    duties: list[tuple[str, Party, Record]] = [("asked for it", item.requester, item.record)]
    duties += [("authorised it", fact.approver, fact.record) for fact in authorised]
    duties += [("reviewed it", fact.approver, fact.record) for fact in reviewed]
    faults: list[str] = []
    unclear: list[str] = []
    for number, (duty, party, record) in enumerate(duties):
        for other_duty, other, _ in duties[:number]:
            sameness = "no" if duty == other_duty else compare(party, other)
            if sameness == "yes":
                faults.append(f"{_who(party, record)} {other_duty} and {duty}")
            elif sameness == "unknown":
                unclear.append(f"whether who {other_duty} and who {duty} are one is open")
        if case is not None and not (settings["requester_alone"] and duty == "asked for it"):
            part, _, reasons = took_part(case, party)
            unclear += reasons
            if part == "yes":
                faults.append(f"{_who(party, record)} took part in the change and {duty}")
    if faults:
        return failed(f"Of the exception in entry {item.record.index}: {listed(faults)}.", inputs)
    if unclear:
        return untold(unclear, inputs)
    if not reviewed and not authorised:
        return untold((f"nobody else decided about the exception in entry {item.record.index} yet",), inputs)
    said = "asked, authorised and reviewed" if reviewed and authorised else "asked and decided"
    return passed(f"Different people {said} about the exception in entry {item.record.index}.", inputs)


def exc_01_change(case: ChangeCase) -> Finding:
    """EXC-01: exceptions are declared before, or within the grace after, what they are for landed."""
    landed = [landing.record for landing in case.change.landings]
    return _each(case.change.exceptions, lambda item: _in_time(item, landed, case.settings, "landed"))


def exc_01_release(case: ReleaseCase) -> Finding:
    """EXC-01 of a release: before, or within the grace after, its first deployment."""
    deployed = [item.record for item in case.dossier.deployments]
    return _each(case.dossier.exceptions, lambda item: _in_time(item, deployed, case.settings, "was deployed"))


def _in_time(item: ExceptionFact, used: list[Record], settings: Mapping[str, JSON], verb: str) -> Finding:
    minutes = cast("int", settings["grace_minutes"])
    inputs = _inputs(item)
    if not used:
        return inapplicable(USED, inputs)
    first = used[0]
    inputs = [*inputs, ("use", first)]
    if first.event.context.late:
        return untold((f"what {verb} was only recorded afterwards, in entry {first.index}",), inputs)
    if item.exception.cause == "emergency" and item.exception.incident is None:
        return failed(f"The emergency of entry {item.record.index} names no incident.", inputs)
    lag = instant(item.record.leaf.received_at) - instant(first.leaf.received_at)
    if lag <= timedelta(minutes=minutes):
        when = "before" if lag <= timedelta() else f"within {minutes} minutes after"
        return passed(f"The exception of entry {item.record.index} was declared {when} it {verb}.", inputs)
    outage = f", for the outage {item.exception.incident}" if item.exception.cause == "outage" else ""
    return failed(
        f"The exception of entry {item.record.index} entered the ledger {lag // timedelta(minutes=1)} minutes after "
        f"it {verb}{outage}; {minutes} were allowed.",
        inputs,
    )


def exc_02_change(case: ChangeCase) -> Finding:
    """EXC-02: every exception is reviewed afterwards, in time, by a person who took no part."""
    return _each(case.change.exceptions, lambda item: _reviewed(item, case.settings, case.as_of, case))


def exc_02_release(case: ReleaseCase) -> Finding:
    """EXC-02 of a release."""
    return _each(case.dossier.exceptions, lambda item: _reviewed(item, case.settings, case.as_of, None))


def exc_02_period(case: PeriodCase) -> Finding:
    """EXC-02 of a period: of all its exceptions."""
    exceptions = case.dossier.surroundings.exceptions
    return _each(exceptions, lambda item: _reviewed(item, case.settings, case.as_of, None))


def _reviewed(item: ExceptionFact, settings: Mapping[str, JSON], as_of: str, case: ChangeCase | None) -> Finding:
    hours = cast("int", settings["review_hours"])
    due = instant(item.record.leaf.received_at) + timedelta(hours=hours)
    inputs = _inputs(item)
    unclear: list[str] = []
    own: list[str] = []
    for fact in _decided(item, REVIEW):
        if fact.approval.decision not in ("approve", "reject"):
            continue
        reasons = doubts(fact)
        part = compare(fact.approver, item.requester)
        if case is not None and part == "no":
            part, _, more = took_part(case, fact.approver)
            reasons = (*reasons, *more)
        if part == "yes":
            own.append(_who(fact.approver, fact.record))
        elif reasons or part == "unknown" or not sure(fact.approver):
            unclear += reasons or (f"who reviewed in entry {fact.record.index} is open",)
        elif fact.approver.type == "person":
            return _review_found(item, fact, due, hours)
    if unclear:
        return untold(unclear, inputs)
    entry = f"the exception in entry {item.record.index}"
    if own:
        return failed(f"{capital(listed(own))} took part and reviewed {entry}; nobody else did.", inputs)
    if instant(as_of) > due:
        return failed(f"Nobody reviewed {entry} within {hours} hours.", inputs)
    return untold((f"{entry} is not reviewed yet; it is due {due.isoformat(timespec='seconds')}",), inputs)


def _review_found(item: ExceptionFact, fact: ApprovalFact, due: datetime, hours: int) -> Finding:
    who, inputs = _who(fact.approver, fact.record), _inputs(item)
    entry = f"the exception in entry {item.record.index}"
    if instant(fact.record.leaf.received_at) > due:
        when = due.isoformat(timespec="seconds")
        return failed(f"{capital(who)} reviewed {entry} too late: it was due {when}.", inputs)
    verdict = "agreed with" if fact.approval.decision == "approve" else "disagreed with"
    return passed(f"{capital(who)}, who took no part, reviewed and {verdict} {entry} within {hours} hours.", inputs)


def exc_03_change(case: ChangeCase) -> Finding:
    """EXC-03: an exception was used for its own content and before it expired."""
    if not case.change.landings:
        return inapplicable(USED, tuple(("exception", item.record) for item in case.change.exceptions))
    contents = judged(case)
    manifests = {manifest for content in contents for manifest in content.manifests}
    trees = {tree for content in contents for tree in content.trees}

    def own(item: ExceptionFact) -> bool:
        return item.exception.manifest in manifests or item.exception.tree in trees

    landings = [landing.record for landing in case.change.landings]
    if case.change.exceptions and not any(map(own, case.change.exceptions)):
        return failed(
            "The exceptions of this change were declared for other content than what landed.",
            [*(("exception", item.record) for item in case.change.exceptions), *(("merge", item) for item in landings)],
        )
    kept = tuple(filter(own, case.change.exceptions))
    return _each(kept, lambda item: _unexpired(item, landings, "landed"))


def exc_03_release(case: ReleaseCase) -> Finding:
    """EXC-03 of a release: deployments before the exception expired, and where it is for."""
    deployments = case.dossier.deployments

    def used(item: ExceptionFact) -> list[Record]:
        where = item.exception.environment
        return [fact.record for fact in deployments if where in (None, fact.deploy.environment)]

    return _each(case.dossier.exceptions, lambda item: _unexpired(item, used(item), "was deployed"))


def _unexpired(item: ExceptionFact, used: list[Record], verb: str) -> Finding:
    inputs: list[NamedRecord] = [("exception", item.record), *(("use", record) for record in used)]
    if not used:
        return inapplicable(USED, inputs)
    until = instant(item.exception.expires_at)
    late = [record for record in used if instant(record.leaf.received_at) > until]
    entry = f"The exception of entry {item.record.index}"
    if late:
        return failed(
            f"{entry} expired at {item.exception.expires_at}, before it {verb} in entry {late[0].index}.", inputs
        )
    rules = listed(item.exception.rules)
    return passed(f"{entry} names {rules}, exactly this content, and held until {item.exception.expires_at}.", inputs)


def exc_04(case: PeriodCase) -> Finding:
    """EXC-04: exceptions stay rare."""
    limit = cast("int", case.settings["limit_percent"])
    changes = case.dossier.changes
    excepted = [change for change in changes if change.exceptions]
    inputs: list[NamedRecord] = [("merge", landing.record) for change in changes for landing in change.landings]
    inputs += [("exception", item.record) for change in excepted for item in change.exceptions]
    if not changes:
        return inapplicable("a recorded change landed in the period")
    if case.dossier.unplaced:
        entries = listed(f"entry {landing.record.index}" for landing in case.dossier.unplaced[:3])
        return untold((f"what landed in {entries} belongs to no recorded change",), inputs)
    share = 100 * len(excepted) / len(changes)
    told = f"{len(excepted)} of {counted(len(changes), 'change', 'changes')} landed under an exception ({share:.1f} %)"
    sentence = f"{capital(told)}; {limit} % were allowed."
    return passed(sentence, inputs) if share <= limit else failed(sentence, inputs)


def _decided(item: ExceptionFact, meaning: str) -> list[ApprovalFact]:
    return [fact for fact in item.decisions if fact.approval.meaning == meaning and stands(fact)]


def _inputs(item: ExceptionFact) -> list[NamedRecord]:
    return [("exception", item.record), *(("approval", fact.record) for fact in item.decisions)]


def _who(party: Party, record: Record) -> str:
    return party_words(party, f"whoever decided in entry {record.index}")


def _each(exceptions: tuple[ExceptionFact, ...], judge: Callable[[ExceptionFact], Finding]) -> Finding:
    if not exceptions:
        return inapplicable(DECLARED)
    return gravest(map(judge, exceptions))


SOD_08: Final = Rule(
    "SOD-08",
    "Exceptions have several eyes",
    "Who asks for an exception, who authorises it, who took part in the change and who reviews it later differ.",
    sod_08_change,
    sod_08_release,
    parameters=(
        *PEOPLE,
        Parameter(
            "requester_alone",
            True,  # noqa: FBT003 -- the parameter's default, a value among values
            FLAG,
            "Whether somebody who took part in the change may ask for its exception, as on call at night.",
        ),
    ),
)

RULES: Final[tuple[Rule, ...]] = (
    Rule(
        "EXC-01",
        "Exceptions are declared in time",
        "Every exception was declared, with its incident, no later than the use plus a grace.",
        exc_01_change,
        exc_01_release,
        parameters=(
            EXCEPTION_USE,
            Parameter("grace_minutes", 30, at_least(0), "How many minutes after the use an exception may be declared."),
        ),
    ),
    Rule(
        "EXC-02",
        "Exceptions are reviewed afterwards",
        "Every exception was reviewed, in time, by a person who took no part.",
        exc_02_change,
        exc_02_release,
        parameters=(
            *PEOPLE,
            Parameter("review_hours", 72, at_least(1), "Within how many hours an exception must be reviewed."),
        ),
        period=exc_02_period,
    ),
    Rule(
        "EXC-03",
        "Exceptions keep to their terms",
        "An exception was used for exactly its content, and before it expired.",
        exc_03_change,
        exc_03_release,
    ),
    Rule(
        "EXC-04",
        "Exceptions stay rare",
        "No larger share of the period's changes than the policy allows landed under an exception.",
        parameters=(
            Parameter("limit_percent", 10, at_least(0), "How many of a hundred changes may land under an exception."),
        ),
        period=exc_04,
    ),
)
