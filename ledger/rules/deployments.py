"""Deployments: of known releases, inside agreed times, their failures told, looked at afterwards: DEP-01 to DEP-04."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, cast

from ledger.errors import FormatError
from ledger.events.shape import claimed_time, instant, one_of
from ledger.events.work import Release
from ledger.rules.kinds import LABELS, Kind, at_least, list_of, members
from ledger.rules.recordkeeping import whole_streams
from ledger.rules.shape import (
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
from ledger.rules.wording import at_utc, capital, counted, listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ledger.canonical import JSON
    from ledger.digests import Digest
    from ledger.dossier.facts import DeployFact, PeriodDossier, Told
    from ledger.events.operation import Observation

DAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
PUT_THERE: Final = ("started", "succeeded")
"""What a deployment says when it puts a release somewhere; the others take it away again."""

_CLOCK = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d|24:00", re.ASCII)


def dep_01(case: PeriodCase) -> Finding:
    """DEP-01: whatever is deployed, and whatever was seen running, is a recorded release's."""
    around = case.dossier.surroundings
    if not around.deployments and not around.observations:
        return inapplicable("a deployment or an observation is recorded in the period")
    known = {
        artifact.sha256
        for record in case.dossier.records.entries
        if isinstance(record.event.body, Release)
        for artifact in record.event.body.artifacts
    }
    inputs: list[NamedRecord] = [("deploy", fact.record) for fact in around.deployments]
    inputs += [("observation", item.record) for item in around.observations]
    strange = [
        f"entry {fact.record.index} deployed {_what(fact, known)} to {fact.deploy.environment}"
        for fact in around.deployments
        if fact.deploy.release is None and _what(fact, known)
    ]
    for item in around.observations:
        foreign = [one.name for one in item.body.running if one.sha256 not in known]
        if foreign:
            strange.append(f"entry {item.record.index} saw {listed(foreign)} run in {item.body.environment}")
    if strange and whole_streams(case.dossier):
        return failed(f"{capital(listed(strange))}, of no recorded release.", inputs)
    if strange:
        return untold(
            (f"{clause}, and releases from before what is shown are not at hand" for clause in strange), inputs
        )
    if not any(item.body.running for item in around.observations):
        return untold(("nobody observed what runs, so that a hand deployment would not show",), inputs)
    return passed(
        f"{capital(counted(len(around.deployments), 'deployment', 'deployments'))} and "
        f"{counted(len(around.observations), 'observation', 'observations')} are of recorded releases.",
        inputs,
    )


def _what(fact: DeployFact, known: set[Digest]) -> str:
    """What of a deployment that names no release is none's; a deployment without any artifact is unknown as a whole."""
    if not fact.deploy.artifacts:
        return "something without a digest"
    return listed(item.name for item in fact.deploy.artifacts if item.sha256 not in known)


def dep_02(case: ReleaseCase) -> Finding:
    """DEP-02: it was deployed inside a window and in no freeze."""
    windows = cast("list[dict[str, JSON]]", case.settings["windows"])
    freezes = cast("list[dict[str, JSON]]", case.settings["freezes"])
    if not windows and not freezes:
        return inapplicable("the policy has windows or freezes", [("release", case.dossier.record)])
    deployed = _deployed(case)
    if not deployed:
        return inapplicable(f"the release was deployed to {_where(case)}", [("release", case.dossier.record)])
    return gravest(_allowed(fact, windows, freezes) for fact in deployed)


def _allowed(fact: DeployFact, windows: Sequence[dict[str, JSON]], freezes: Sequence[dict[str, JSON]]) -> Finding:
    entry, inputs = fact.record.index, [("deploy", fact.record)]
    if is_late(fact.record):
        return untold((f"the deployment of entry {entry} was only recorded afterwards",), inputs)
    at = instant(fact.record.leaf.received_at).astimezone(UTC)
    told = f"the deployment of entry {entry} to {fact.deploy.environment} ({at_utc(at)})"
    for freeze in freezes:
        if instant(str(freeze["from"])) <= at < instant(str(freeze["to"])):
            return failed(f"{capital(told)} fell into the freeze from {freeze['from']} to {freeze['to']}.", inputs)
    if windows and not any(_inside(at, window) for window in windows):
        return failed(f"{capital(told)} lay outside every window.", inputs)
    inside = "lay inside a window" if windows else "fell into no freeze"
    return passed(f"{capital(told)} {inside}.", inputs)


def _inside(at: datetime, window: Mapping[str, JSON]) -> bool:
    clock = at.strftime("%H:%M")
    days = cast("list[str]", window["days"])
    return DAYS[at.weekday()] in days and str(window["from"]) <= clock < str(window["to"])


def dep_03(case: PeriodCase) -> Finding:
    """DEP-03: as many failed deployments and rollbacks are recorded as an observer saw fail."""
    around = case.dossier.surroundings
    places = {(item.body.service, item.body.environment) for item in around.observations}
    places |= {(fact.deploy.service, fact.deploy.environment) for fact in around.deployments}
    if not places:
        return inapplicable("a deployment or an observation is recorded in the period")
    return gravest(_counted(case.dossier, *place) for place in sorted(places))


def _counted(dossier: PeriodDossier, service: str, environment: str) -> Finding:
    around = dossier.surroundings
    where = f"{service} in {environment}"
    seen = [
        item
        for item in around.observations
        if (item.body.service, item.body.environment) == (service, environment) and item.body.failed is not None
    ]
    broken = [
        fact
        for fact in around.deployments
        if (fact.deploy.service, fact.deploy.environment) == (service, environment)
        and fact.deploy.status in ("failed", "rolled-back")
    ]
    inputs: list[NamedRecord] = [("observation", item.record) for item in seen]
    inputs += [("deploy", fact.record) for fact in broken]
    if not seen:
        return untold((f"nobody observed how many deployments of {where} failed",), inputs)
    late = [item.record for item in seen if is_late(item.record)]
    if late:
        return untold((f"entry {record.index} was only recorded afterwards" for record in late), inputs)
    failures = sum(item.body.failed or 0 for item in seen)
    told = (
        f"{counted(failures, 'failure', 'failures')} of {where} {'was' if failures == 1 else 'were'} observed, "
        f"{counted(len(broken), 'failed or rolled-back deployment', 'failed or rolled-back deployments')} recorded"
    )
    return passed(f"{capital(told)}.", inputs) if failures <= len(broken) else failed(f"{capital(told)}.", inputs)


def dep_04(case: ReleaseCase) -> Finding:
    """DEP-04: each deployment was followed by a verification in time."""
    deployed = [fact for fact in _deployed(case) if fact.deploy.status == "succeeded"]
    if not deployed:
        return inapplicable(f"the release was deployed to {_where(case)}", [("release", case.dossier.record)])
    return gravest(_verified(case, fact) for fact in deployed)


def _verified(case: ReleaseCase, fact: DeployFact) -> Finding:
    hours = cast("int", case.settings["verification_hours"])
    place = (fact.deploy.service, fact.deploy.environment)
    entry = f"the deployment of entry {fact.record.index} to {fact.deploy.environment}"
    inputs: list[NamedRecord] = [("deploy", fact.record)]
    if is_late(fact.record):
        return untold((f"{entry} was only recorded afterwards",), inputs)
    due = instant(fact.record.leaf.received_at) + timedelta(hours=hours)
    looks = [
        item
        for item in case.dossier.observations
        if item.body.verification is not None
        and item.body.release == case.dossier.record.envelope
        and (item.body.service, item.body.environment) == place
    ]
    inputs += [("observation", item.record) for item in looks]
    after = [item for item in looks if item.record.index > fact.record.index and not is_late(item.record)]
    in_time = [item for item in after if instant(item.record.leaf.received_at) <= due]
    if in_time:
        return _looked(case, fact, in_time[0], after, inputs)
    if any(is_late(item.record) for item in looks):
        return untold((f"that {entry} was verified was only recorded afterwards",), inputs)
    if after:
        return failed(f"{capital(entry)} was verified too late, in entry {after[0].record.index}.", inputs)
    if instant(case.as_of) <= due:
        return owed(f"the verification of {entry}, due by {at_utc(due)}, is missing", inputs)
    return failed(f"{capital(entry)} was not verified within {counted(hours, 'hour', 'hours')}.", inputs)


def _looked(
    case: ReleaseCase,
    fact: DeployFact,
    first: Told[Observation],
    after: Sequence[Told[Observation]],
    inputs: Iterable[NamedRecord],
) -> Finding:
    """What came of a verification in time: one that failed calls for a later one that passed, or for a rollback."""
    entry = f"the deployment of entry {fact.record.index} to {fact.deploy.environment}"
    if any(item.body.verification == "passed" for item in after):
        return passed(f"{capital(entry)} was verified in time (entry {first.record.index}).", inputs)
    back = [
        item.record
        for item in case.dossier.deployments
        if item.deploy.status == "rolled-back"
        and item.record.index > first.record.index
        and (item.deploy.service, item.deploy.environment) == (fact.deploy.service, fact.deploy.environment)
    ]
    told = f"{entry} was verified in time, which failed (entry {first.record.index})"
    if back:
        gone = f"it was rolled back in entry {back[0].index}"
        return passed(f"{capital(told)}; {gone}.", [*inputs, ("rollback", back[0])])
    return failed(f"{capital(told)}; neither did a later one pass nor was it rolled back.", inputs)


def _deployed(case: ReleaseCase) -> list[DeployFact]:
    environments = cast("list[str]", case.settings["environments"])
    return [
        fact
        for fact in case.dossier.deployments
        if fact.deploy.environment in environments and fact.deploy.status in PUT_THERE
    ]


def _where(case: ReleaseCase) -> str:
    return listed(cast("list[str]", case.settings["environments"]))


def _clock(value: JSON, where: str) -> str:
    if not isinstance(value, str) or _CLOCK.fullmatch(value) is None:
        raise FormatError("bad-policy", "a time of day such as 09:30 is required", where=where)
    return value


_TIME_OF_DAY: Final = Kind(_clock, {"type": "string", "pattern": "^(?:(?:[01][0-9]|2[0-3]):[0-5][0-9]|24:00)$"})
_MOMENT: Final = Kind(claimed_time, {"type": "string", "format": "date-time"})
_DAY: Final = Kind(one_of(*DAYS), {"enum": list(DAYS)})
_ENVIRONMENTS: Final = Parameter("environments", ["production"], LABELS, "The environments that the rule speaks of.")

RULES: Final[tuple[Rule, ...]] = (
    Rule(
        "DEP-01",
        "Every deployment is of a known release",
        "Whatever was deployed or seen running in the period belongs to a recorded release.",
        period=dep_01,
    ),
    Rule(
        "DEP-02",
        "Deployed inside a window",
        "The release was deployed inside an agreed window and in no freeze, by the ledger's time in UTC.",
        release=dep_02,
        parameters=(
            _ENVIRONMENTS,
            Parameter(
                "windows",
                [],
                list_of(members({"days": list_of(_DAY, least=1), "from": _TIME_OF_DAY, "to": _TIME_OF_DAY})),
                "When may be deployed: days of the week and times of day, in UTC; an empty list: always.",
            ),
            Parameter(
                "freezes",
                [],
                list_of(members({"from": _MOMENT, "to": _MOMENT})),
                "From when to when nothing may be deployed, as times with their offset.",
            ),
        ),
    ),
    Rule(
        "DEP-03",
        "Failed deployments are recorded",
        "At least as many failed and rolled-back deployments are recorded as an observer saw fail.",
        period=dep_03,
    ),
    Rule(
        "DEP-04",
        "Deployments are verified afterwards",
        "Every deployment was followed by a recorded verification within the agreed time.",
        release=dep_04,
        parameters=(
            _ENVIRONMENTS,
            Parameter(
                "verification_hours", 24, at_least(1), "Within how many hours a deployment must have been verified."
            ),
        ),
    ),
)
