"""Where a trace starts: what a search led to, from an object, a digest, an incident, or a place and a time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from ledger.dossier.trace import trace_operations, trace_packs
from ledger.envelope import open_envelope
from ledger.errors import NotFoundError
from ledger.events.evidence import Pack
from ledger.events.forge import Push
from ledger.events.governance import DeclaredException
from ledger.events.operation import Incident, Observation
from ledger.events.shape import instant
from ledger.events.statement import Event, read_payload
from ledger.events.work import Deploy, Prompt, Release
from ledger.gathering import gather_chosen

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from ledger.digests import Digest
    from ledger.dossier.trace import TraceStep
    from ledger.entry import Leaf
    from ledger.gathering import Known, Source
    from ledger.records import Record, Records

KINDS = ("deploy", "observation", "incident", "exception")
"""What is recorded of a place."""

SPANS: Final = (timedelta(hours=6), timedelta(days=7), timedelta(days=90))
"""How far back a place is looked at where nobody says: the first of these in which something was recorded."""

_SUSPECTED, _EXCEPTED, _MENDS = _WHY = (
    "suspected by the incident",
    "let through by an exception",
    "said to mend it",
)
"""Why something stands in the trace of an incident, what may have caused it first."""

_ALONE: Final = {
    "merge": "landed without a recorded change",
    "reconciliation": "compared with a clone",
}
"""What is found itself, where it leads to no change and no release."""


@dataclass(frozen=True, slots=True)
class Start:
    """What a search led to."""

    found: str
    """How, in a sentence."""
    project: str | None = None
    change: str | None = None
    release: str | None = None
    steps: tuple[TraceStep, ...] = ()
    """What was found itself, where it is neither a change nor a release."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where something runs; None is anywhere, and any service."""

    environment: str | None = None
    service: str | None = None

    def __str__(self) -> str:
        where = "" if self.environment is None else f" in {self.environment}"
        return f"{'what runs' if self.service is None else f'service {self.service}'}{where}"


def possible_places(words: Sequence[str]) -> tuple[Place, Place]:
    """One or two words as a service, with its environment; then the other way round."""
    first, other = words[0], words[1] if len(words) == 2 else None
    return Place(other, first), Place(first, other)


def object_starts(source: Source, identifier: str) -> list[Start]:
    """What is recorded of a commit, else of a tree, named by its whole id; empty if no event is of it."""
    for name in ("commit", "tree"):
        found = about_starts(source, {name: identifier}, f"{name} {identifier[:12]}")
        if found:
            return found
    return []


def base_starts(source: Source, identifier: str) -> list[Start]:
    """The changes that began on a commit, named by its whole id: what led to it is not theirs."""
    return list(
        dict.fromkeys(
            Start(
                f"commit {identifier[:12]} is the base of change {leaf.about.change}",
                project=leaf.stream,
                change=leaf.about.change,
            )
            for leaf, data in source.find({"commit": identifier})
            if leaf.about.change is not None and _is_before(data, identifier)
        )
    )


def digest_starts(source: Source, digest: str) -> list[Start]:
    """What is recorded of a change manifest or artifact; empty if no event has the digest among its subjects."""
    for name in ("manifest", "artifact"):
        found = about_starts(source, {name: digest}, f"digest {digest[:19]}")
        if found:
            return found
    return []


def pack_starts(source: Source, known: Known, digest: str) -> list[Start]:
    """The packs with this id, or with a file or bundle of this digest; then the releases that they are of.

    Raises:
        ChainError, SignatureError, AuthorityError: an entry does not hold.
    """

    def wanted(_leaf: Leaf, event: Event) -> bool:
        return isinstance(event.body, Pack) and (not by_id or event.body.pack_id == digest)

    by_id = not any(leaf.kind == "pack" for leaf, _ in source.find({"artifact": digest}))
    query = {"kind": "pack"} if by_id else {"artifact": digest}
    records, indexes = gather_chosen(source, known, [query], wanted)
    packs: list[Start] = []
    releases: list[Start] = []
    for record in records.entries:
        body = record.event.body
        if record.index not in indexes or not isinstance(body, Pack):
            continue
        packs.append(Start(_pack_words(record, body, digest), steps=trace_packs(records, {record.index})))
        if (release := record.event.context.about.release) is not None:
            releases.append(Start(f"the release of the pack: {release}", release=release))
    return _once([*packs, *releases])


def _pack_words(record: Record, pack: Pack, digest: str) -> str:
    names = [item.name for item in pack.files if item.sha256 == digest]
    part = "pack id" if pack.pack_id == digest else f"file {names[0]}" if names else "bundle"
    of = f"release {record.event.context.about.release or pack.release}"
    if pack.period is not None:
        of = f"a period, positions {pack.period.from_} to {pack.period.to}"
    number = f"EP-{pack.pack_id[7:27]}"
    return f"{part} of a pack of {of}; entry {record.index}, number {number}, pack id {pack.pack_id}"


def about_starts(source: Source, query: Mapping[str, str | int], what: str) -> list[Start]:
    """The changes that entries meeting ``query`` are about, else the releases, else landings without a change.

    Entries that only started from the commit of ``query`` do not count: ``base_starts`` finds those.
    """
    commit = query.get("commit")
    leaves = [leaf for leaf, data in source.find(query) if commit is None or not _is_before(data, str(commit))]
    starts = [
        Start(f"{what}: change {leaf.about.change}", project=leaf.stream, change=leaf.about.change)
        for leaf in leaves
        if leaf.about.change is not None
    ]
    starts = starts or [
        Start(f"{what}: release {leaf.about.release}", release=leaf.about.release)
        for leaf in leaves
        if leaf.about.release is not None
    ]
    starts = starts or [
        Start(f"{what}: {_ALONE[leaf.kind]}, entry {leaf.index}") for leaf in leaves if leaf.kind in _ALONE
    ]
    return list(dict.fromkeys(starts))


def _is_before(data: bytes, commit: str) -> bool:
    """Whether the event in an envelope names a commit only as what was there before it."""
    event = read_payload(open_envelope(data).payload)
    match event.body if isinstance(event, Event) else None:
        case Prompt(base=base):
            return base == commit
        case Push(before=before, after=after):
            return before == commit != after
        case _:
            return False


def incident_starts(source: Source, known: Known, incident: str) -> list[Start]:
    """The incident with exceptions for it; then changes, then releases that it leads to, each with why.

    Changes come before releases, since a release holds many that the incident does not name.

    Raises:
        NotFoundError: ``not-recorded``. ChainError, SignatureError, AuthorityError: an entry does not hold.
    """
    records, indexes = gather_chosen(source, known, [{"incident": incident}], lambda _leaf, _event: True)
    if not indexes:
        raise NotFoundError(
            "not-recorded",
            "no incident of this id is recorded",
            details={"incident": incident},
            remedy="See which are: evidence log --kind incident",
        )
    chosen = [record for record in records.entries if record.index in indexes]
    own = Start(f"incident {incident}", steps=trace_operations(records, indexes))
    return [own, *_led_to(source, records, chosen)]


def place_starts(
    source: Source, known: Known, place: Place, at: datetime, span: timedelta, *, after: int = 0
) -> list[Start]:
    """What was recorded of a place up to ``span`` before ``at``; then each release that was deployed, the latest first.

    Who knows that nothing before the position ``after`` is so recent saves looking there.

    Raises:
        NotFoundError: ``no-deployment``. ChainError, SignatureError, AuthorityError: an entry does not hold.
    """

    def wanted(leaf: Leaf, event: Event) -> bool:
        return at - span <= instant(leaf.received_at) <= at and _is_there(event, place)

    records, indexes = gather_chosen(source, known, [{"kind": kind, "after": after} for kind in KINDS], wanted)
    if not indexes:
        raise NotFoundError(
            "no-deployment",
            "nothing was recorded of this place in this time",
            details={"place": str(place), "to": at.isoformat()},
            remedy="Look further back with --since 7d",
        )
    chosen = [record for record in records.entries if record.index in indexes]
    own = Start(f"{place}, up to {at.isoformat(timespec='seconds')}", steps=trace_operations(records, indexes))
    deployed = [
        Start(
            f"deployment of {body.service} to {body.environment}, {body.status}, "
            f"recorded {record.leaf.received_at}: {release}",
            release=release,
        )
        for record in reversed(chosen)
        if isinstance(body := record.event.body, Deploy)
        and (release := record.event.context.about.release or _name(records, body.release)) is not None
    ]
    return _once([own, *deployed, *_led_to(source, records, chosen)])


def _once(starts: Iterable[Start]) -> list[Start]:
    """Each change and release once, by what led to it first."""
    kept: dict[object, Start] = {}
    for start in starts:
        target = start.project, start.change, start.release
        kept.setdefault(start.found if target == (None, None, None) else target, start)
    return list(kept.values())


def _is_there(event: Event, place: Place) -> bool:
    match event.body:
        case Deploy() | Observation() | Incident() as body:
            fits = place.service in {None, body.service}
        case DeclaredException() as body:
            # An exception is for an environment, whatever runs there.
            fits = body.environment is not None
        case _:
            return False
    return fits and place.environment in {None, body.environment}


def _led_to(source: Source, records: Records, chosen: Sequence[Record]) -> list[Start]:
    """What incidents and exceptions lead to, each once with every reason: changes first, then releases."""
    reasons: dict[Start, dict[str, int]] = {}
    # Of reasons that are alike, the latest entry is named.
    for record in reversed(chosen):
        for reason, target in _leads(source, records, record):
            reasons.setdefault(target, {}).setdefault(reason, record.index)
    ordered = sorted(reasons, key=lambda target: (target.release is not None, min(map(_WHY.index, reasons[target]))))
    return [
        replace(
            target,
            found=f"{target.found}: "
            + "; ".join(f"{reason} (entry {reasons[target][reason]})" for reason in _WHY if reason in reasons[target]),
        )
        for target in ordered
    ]


def _leads(source: Source, records: Records, record: Record) -> Iterator[tuple[str, Start]]:
    """What one entry leads to, and why."""
    context = record.event.context
    match record.event.body:
        case Incident() as body:
            for suspect in body.suspects:
                if suspect.change is not None:
                    yield _SUSPECTED, _change(source, context.project, suspect.change)
                if (release := _name(records, suspect.release)) is not None:
                    yield _SUSPECTED, Start(f"release {release}", release=release)
            if body.corrective is not None:
                yield _MENDS, _change(source, context.project, body.corrective)
        case DeclaredException() if context.about.change is not None:
            yield _EXCEPTED, _change(source, context.project, context.about.change)
        case DeclaredException() if context.about.release is not None:
            yield _EXCEPTED, Start(f"release {context.about.release}", release=context.about.release)
        case _:
            pass


def _change(source: Source, project: str | None, change: str) -> Start:
    """A change to trace; a mere name where nothing but the incident speaks of it."""
    listed = source.find({"project": project or "", "change": change})
    if any(leaf.about.change == change for leaf, _ in listed):
        return Start(f"change {change}", project=project, change=change)
    return Start(f"change {change}, of which nothing is recorded")


def _name(records: Records, release: Digest | None) -> str | None:
    """The name of the release with that envelope digest."""
    for record in records.entries:
        if record.envelope == release and isinstance(record.event.body, Release):
            return record.event.context.about.release
    return None
