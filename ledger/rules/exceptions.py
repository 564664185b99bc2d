"""Exceptions: SOD-08, and EXC-01 to EXC-03; ``ledger.rules.excepting`` says beside which verdicts one stands."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, TypeAlias, cast

from ledger.dossier.build import build_change, build_release
from ledger.dossier.people import Sameness, compare
from ledger.events.shape import instant
from ledger.rules.answered import excepted_changes
from ledger.rules.contributors import took_part
from ledger.rules.excepting import AUTHORISATION, REVIEW, authorises, is_for
from ledger.rules.judged import of_landing
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
    owed,
    passed,
    untold,
)
from ledger.rules.stated import is_late
from ledger.rules.wording import at_utc, capital, counted, listed, party_words, span

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ledger.canonical import JSON
    from ledger.dossier.facts import ApprovalFact, ExceptionFact, Party
    from ledger.records import Record

DECISIVE: Final = ("approve", "reject")
Took: TypeAlias = "Callable[[Party], tuple[Sameness, tuple[str, ...]]]"
"""Whether somebody took part in what an exception is for, and what keeps it open."""

DECLARED: Final = "an exception was declared for it"
USED: Final = "an exception was declared for what landed or was deployed"


def sod_08_change(case: ChangeCase) -> Finding:
    """SOD-08: who asks for an exception, who authorises it, who wrote the change and who reviews it later differ."""
    return _each(case.change.exceptions, lambda item: _apart(item, case.settings, _of_change(case)))


def sod_08_release(case: ReleaseCase) -> Finding:
    """SOD-08 of a release: who asks, who authorises, who released or deployed it and who reviews differ."""
    return _each(case.dossier.exceptions, lambda item: _apart(item, case.settings, _of_release(case, item)))


def _apart(item: ExceptionFact, settings: Mapping[str, JSON], took: Took) -> Finding:
    authorised = [fact for fact in _decided(item, AUTHORISATION) if fact.approval.decision == "approve"]
    reviewed = [fact for fact in _decided(item, REVIEW) if fact.approval.decision in DECISIVE]
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
        if not (settings["requester_alone"] and duty == "asked for it"):
            part, reasons = took(party)
            unclear += reasons
            if part == "yes":
                faults.append(f"{_who(party, record)} took part and {duty}")
    if faults:
        return failed(f"Of the exception in entry {item.record.index}: {listed(faults)}.", inputs)
    unclear += [reason for fact in (*authorised, *reviewed) for reason in doubts(fact)]
    if unclear:
        return untold(unclear, inputs)
    if not reviewed and not authorised:
        return inapplicable(f"somebody else decided about the exception in entry {item.record.index}", inputs)
    said = "asked, authorised and reviewed" if reviewed and authorised else "asked and decided"
    return passed(f"Different people {said} about the exception in entry {item.record.index}.", inputs)


def exc_01_change(case: ChangeCase) -> Finding:
    """EXC-01: exceptions are declared before, or within the grace after, what they are for landed."""
    return _each(
        case.change.exceptions,
        lambda item: _in_time(item, landed_under(case, item), case.settings, case.as_of, "landed"),
    )


def exc_01_release(case: ReleaseCase) -> Finding:
    """EXC-01 of a release: before, or within the grace after, its first deployment where the exception is for."""
    return _each(
        case.dossier.exceptions,
        lambda item: _in_time(item, _deployed(case, item), case.settings, case.as_of, "was deployed"),
    )


def _in_time(item: ExceptionFact, used: list[Record], settings: Mapping[str, JSON], as_of: str, verb: str) -> Finding:
    minutes = cast("int", settings["grace_minutes"])
    grace = counted(minutes, "minute", "minutes")
    inputs = _inputs(item)
    if not used:
        return inapplicable(USED, inputs)
    first = used[0]
    inputs = [*inputs, ("use", first)]
    late = [record for record in (first, item.record) if is_late(record)]
    if late:
        return untold((f"entry {record.index} was only recorded afterwards" for record in late), inputs)
    entry = f"The exception of entry {item.record.index}"
    if item.exception.cause == "emergency" and item.exception.incident is None:
        return failed(f"The emergency of entry {item.record.index} names no incident.", inputs)
    until = instant(first.leaf.received_at) + timedelta(minutes=minutes)
    declared = item.record
    did = "was declared"
    if settings["exception_use"] == "authorised":
        decided = _decided(item, AUTHORISATION)
        allowing = [fact.record for fact in decided if authorises(fact, item)]
        if not allowing:
            reasons = [reason for fact in decided for reason in doubts(fact)]
            reasons += [] if instant(as_of) > until else [f"{entry.lower()} is not authorised yet"]
            return untold(reasons, inputs) if reasons else failed(f"{entry} was authorised by nobody else.", inputs)
        declared, did = allowing[0], "was declared and authorised"
    lag = instant(declared.leaf.received_at) - instant(first.leaf.received_at)
    if instant(declared.leaf.received_at) <= until:
        after = f"within {grace} after" if minutes else "in the moment in which"
        return passed(f"{entry} {did} {'before' if declared.index < first.index else after} it {verb}.", inputs)
    outage = f", for the outage {item.exception.incident}" if item.exception.cause == "outage" else ""
    return failed(
        f"{entry} {did} {span(lag)} after it {verb}{outage}; {grace} {'was' if minutes == 1 else 'were'} allowed.",
        inputs,
    )


def exc_02_change(case: ChangeCase) -> Finding:
    """EXC-02: every exception is reviewed afterwards, in time, by a person who took no part."""
    took = _of_change(case)
    return _each(
        case.change.exceptions,
        lambda item: _reviewed(item, landed_under(case, item), case.settings, case.as_of, took),
    )


def exc_02_release(case: ReleaseCase) -> Finding:
    """EXC-02 of a release."""
    return _each(
        case.dossier.exceptions,
        lambda item: _reviewed(item, _deployed(case, item), case.settings, case.as_of, _of_release(case, item)),
    )


def exc_02_period(case: PeriodCase) -> Finding:
    """EXC-02 of a period: of all exceptions that were declared in it, also for what did not land or go out in it."""
    dossier = case.dossier
    changes = {(change.project, change.id): change for change in dossier.changes}
    releases = {release.record.envelope: release for release in dossier.releases}

    def judge(item: ExceptionFact) -> Finding:
        if item.exception.release is not None:
            release = releases.get(item.exception.release) or build_release(dossier.records, item.exception.release)
            settled = ReleaseCase(release, case.settings, case.as_of)
            used, took = _deployed(settled, item), _of_release(settled, item)
            return _reviewed(item, used, case.settings, case.as_of, took, _untold)
        context = item.record.event.context
        key = (str(context.project), str(context.about.change))
        change = changes.get(key) or build_change(dossier.records, *key).change
        of_change = ChangeCase(dossier.records, change, case.settings, case.as_of)
        used, took = landed_under(of_change, item), _of_change(of_change)
        return _reviewed(item, used, case.settings, case.as_of, took, _untold)

    return _each(dossier.surroundings.exceptions, judge)


def _untold(clause: str, inputs: Sequence[NamedRecord]) -> Finding:
    return untold((clause,), inputs)


def _reviewed(
    item: ExceptionFact,
    used: list[Record],
    settings: Mapping[str, JSON],
    as_of: str,
    took: Took,
    not_yet: Callable[[str, Sequence[NamedRecord]], Finding] = owed,
) -> Finding:
    hours = cast("int", settings["review_hours"])
    due = instant(item.record.leaf.received_at) + timedelta(hours=hours)
    found = _reviews(item, used, took)
    if found.good is not None:
        return _review_found(item, found.good, due, hours, used=bool(used))
    inputs = _inputs(item)
    entry = f"the exception in entry {item.record.index}"
    if found.unclear:
        return untold(found.unclear, inputs)
    if instant(as_of) <= due:
        return not_yet(f"the review of {entry}, due by {at_utc(due)}, is missing", inputs)
    if found.own:
        return failed(f"{capital(listed(found.own))} took part and reviewed {entry}; nobody else did.", inputs)
    if found.before:
        who = capital(listed(found.before))
        return failed(f"{who} reviewed {entry} before it was used; nobody did afterwards.", inputs)
    return failed(f"Nobody reviewed {entry} within {counted(hours, 'hour', 'hours')}.", inputs)


@dataclass(slots=True)
class _Reviews:
    """Reviews of an exception by what they are worth."""

    good: ApprovalFact | None = None
    """The first by a person who took no part, after it was used."""
    unclear: list[str] = field(default_factory=list)
    own: list[str] = field(default_factory=list)
    before: list[str] = field(default_factory=list)


def _reviews(item: ExceptionFact, used: list[Record], took: Took) -> _Reviews:
    found = _Reviews()
    for fact in _decided(item, REVIEW):
        if fact.approval.decision not in DECISIVE or fact.approver.type != "person":
            continue
        part, reasons = took(fact.approver)
        same = compare(fact.approver, item.requester)
        if "yes" in (part, same):
            found.own.append(_who(fact.approver, fact.record))
        elif used and not is_late(used[0]) and fact.record.index < used[0].index:
            found.before.append(_who(fact.approver, fact.record))
        elif (more := (*doubts(fact), *reasons)) or same == "unknown":
            found.unclear += more or (f"who reviewed in entry {fact.record.index} is open",)
        else:
            found.good = fact
            break
    return found


def _review_found(item: ExceptionFact, fact: ApprovalFact, due: datetime, hours: int, *, used: bool) -> Finding:
    who, inputs = _who(fact.approver, fact.record), _inputs(item)
    entry = f"the exception in entry {item.record.index}"
    if is_late(item.record):
        return untold((f"{entry} was only recorded afterwards",), inputs)
    if instant(fact.record.leaf.received_at) > due:
        return failed(f"{capital(who)} reviewed {entry} too late: it was due {at_utc(due)}.", inputs)
    verdict = "agreed with" if fact.approval.decision == "approve" else "disagreed with"
    told = f"{capital(who)}, who took no part, reviewed and {verdict} {entry} within {counted(hours, 'hour', 'hours')}"
    return passed(f"{told}.", inputs) if used else passed(f"{told}; it has not been used.", inputs)


def exc_03_change(case: ChangeCase) -> Finding:
    """EXC-03: an exception was used for its own content and before it expired."""
    exceptions = case.change.exceptions
    if not exceptions:
        return inapplicable(DECLARED)
    inputs: list[NamedRecord] = [("exception", item.record) for item in exceptions]
    if not case.change.landings:
        return inapplicable(USED, inputs)
    used = [(item, landed) for item in exceptions if (landed := landed_under(case, item))]
    if used:
        return gravest(_unexpired(item, landed, "landed") for item, landed in used)
    inputs += [("merge", landing.record) for landing in case.change.landings]
    last = next(
        (
            gate
            for gate in reversed(case.change.gates)
            if gate.body.gate == "merge" and gate.record.index < case.change.landings[0].record.index
        ),
        None,
    )
    if last is not None and last.body.outcome == "allowed" and not last.body.excepted:
        return inapplicable(USED, [*inputs, ("decision", last.record)])
    return failed("The exceptions of this change were declared for other content than what landed.", inputs)


def exc_03_release(case: ReleaseCase) -> Finding:
    """EXC-03 of a release: deployments before the exception expired, where it is for."""
    return _each(case.dossier.exceptions, lambda item: _unexpired(item, _deployed(case, item), "was deployed"))


def _unexpired(item: ExceptionFact, used: list[Record], verb: str) -> Finding:
    inputs: list[NamedRecord] = [("exception", item.record), *(("use", record) for record in used)]
    if not used:
        return inapplicable(USED, inputs)
    until = instant(item.exception.expires_at)
    after = [record for record in used if instant(record.leaf.received_at) > until]
    late = [record for record in after if is_late(record)]
    entry = f"The exception of entry {item.record.index}"
    if len(after) > len(late):
        index = next(record.index for record in after if not is_late(record))
        return failed(f"{entry} expired at {item.exception.expires_at}, before it {verb} in entry {index}.", inputs)
    if late:
        return untold((f"what {verb} was only recorded afterwards, in entry {late[0].index}",), inputs)
    rules = listed(item.exception.rules)
    return passed(f"{entry} names {rules}, exactly this content, and held until {item.exception.expires_at}.", inputs)


def landed_under(case: ChangeCase, item: ExceptionFact) -> list[Record]:
    """The entries by which the content that an exception is for had landed."""
    return [landing.there_by for landing in case.change.landings if is_for(item, of_landing(case, landing))]


def _deployed(case: ReleaseCase, item: ExceptionFact) -> list[Record]:
    """The deployments to where an exception is for."""
    where = item.exception.environment
    return [fact.record for fact in case.dossier.deployments if where in (None, fact.deploy.environment)]


def _of_change(case: ChangeCase) -> Took:
    def took(party: Party) -> tuple[Sameness, tuple[str, ...]]:
        part, _, reasons = took_part(case, party)
        return part, reasons

    return took


def _of_release(case: ReleaseCase, item: ExceptionFact) -> Took:
    """Whether somebody released or deployed it, or took part in a change that it goes out in spite of.

    Pipelines are nobody here.
    """
    acted = [case.dossier.released_by, *(fact.deployed_by for fact in case.dossier.deployments)]
    changes, certain = excepted_changes(case, item)
    of_changes = [_of_change(ChangeCase(case.dossier.records, change, case.settings, case.as_of)) for change in changes]

    def took(party: Party) -> tuple[Sameness, tuple[str, ...]]:
        found = {compare(other, party) for other in acted}
        parts = [part(party) for part in of_changes]
        shown = [part == "yes" for part, _ in parts]
        if "yes" in found or (any(shown) if certain else shown and all(shown)):
            return "yes", ()
        reasons = tuple(dict.fromkeys(reason for _, more in parts for reason in more))
        if any(shown):
            reasons = ("for which changes the exception was declared is open, as the gate's answer is", *reasons)
        if "unknown" in found:
            reasons = ("who released or deployed it is open", *reasons)
        return ("unknown", reasons) if reasons or any(part == "unknown" for part, _ in parts) else ("no", ())

    return took


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


RULES: Final[tuple[Rule, ...]] = (
    Rule(
        "SOD-08",
        "Exceptions have several eyes",
        "Who asks for an exception, who authorises it, who took part and who reviews it later differ.",
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
    ),
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
)
