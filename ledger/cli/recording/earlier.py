"""What was recorded before, as far as new events depend on it: on the server, and waiting on this machine."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ledger.errors import FormatError, LedgerError
from ledger.events.forge import ChangeState, Push
from ledger.events.operation import Heartbeat, Incident
from ledger.events.work import Approval, Diff, Merge, Prompt, Release

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from ledger.cli.recording.recorder import Recorder
    from ledger.digests import Digest
    from ledger.events.statement import Event

PAGE: Final = 500
LOOKED_BACK: Final = 10_000
"""Entries among which the last heartbeat of a source is looked for: there are many, and nothing rests on it."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """An event that is in the log, or waits in the outbox."""

    envelope: Digest
    event: Event
    index: int | None
    """None: it waits."""


def earlier_diffs(recorder: Recorder, change: str) -> tuple[Earlier, ...]:
    """The recorded revisions of a change, oldest first, those that wait last."""
    return _both(
        recorder,
        {"change": change, "kind": "diff"},
        lambda event: isinstance(event.body, Diff) and event.context.about.change == change,
    )


def earlier_prompts(recorder: Recorder, change: str, sessions: frozenset[str]) -> tuple[Earlier, ...]:
    """The recorded prompts about a change or of one of the sessions."""

    def wanted(event: Event) -> bool:
        body = event.body
        return isinstance(body, Prompt) and (event.context.about.change == change or body.session in sessions)

    found = list(_both(recorder, {"change": change, "kind": "prompt"}, wanted))
    if sessions:
        found += prompts_of(recorder, sessions)
    return tuple({item.envelope: item for item in found}.values())


def prompts_of(recorder: Recorder, sessions: frozenset[str]) -> tuple[Earlier, ...]:
    """The recorded prompts of some sessions, oldest first, those that wait last."""
    # Sessions are in no index of the server's.
    return _both(
        recorder, {"kind": "prompt"}, lambda event: isinstance(event.body, Prompt) and event.body.session in sessions
    )


def all_diffs(recorder: Recorder) -> tuple[Earlier, ...]:
    """Every recorded revision of the project's changes, the newest first, those that wait before all."""
    found = _both(recorder, {"kind": "diff"}, lambda event: isinstance(event.body, Diff))
    return tuple(reversed(found))


def all_merges(recorder: Recorder) -> tuple[Earlier, ...]:
    """Every recorded landing of the project, oldest first, those that wait last."""
    return _both(recorder, {"kind": "merge"}, lambda event: isinstance(event.body, Merge))


def earlier_approvals(recorder: Recorder, change: str) -> tuple[Earlier, ...]:
    """Recorded decisions about a change that a forge attests, oldest first, those that wait last."""
    return _both(
        recorder,
        {"change": change, "kind": "approval"},
        lambda event: (
            isinstance(event.body, Approval)
            and event.body.attested_by == "forge"
            and event.context.about.change == change
        ),
    )


def change_states(recorder: Recorder, change: str) -> tuple[Earlier, ...]:
    """What was stated of a change as a whole, oldest first, what waits last."""
    return _both(
        recorder,
        {"change": change, "kind": "change"},
        lambda event: isinstance(event.body, ChangeState) and event.context.about.change == change,
    )


def earlier_pushes(recorder: Recorder, push: Push) -> tuple[Earlier, ...]:
    """Recorded moves of the same ref from and to the same commits."""

    def wanted(event: Event) -> bool:
        body = event.body
        return isinstance(body, Push) and (body.ref, body.before, body.after) == (push.ref, push.before, push.after)

    commit = push.after or push.before
    return _both(recorder, {"kind": "push"} | ({} if commit is None else {"commit": commit}), wanted)


def earlier_incidents(recorder: Recorder, incident: str) -> tuple[Earlier, ...]:
    """What was recorded of an incident, oldest first, what waits last."""
    return _both(
        recorder,
        {"incident": incident, "kind": "incident"},
        lambda event: isinstance(event.body, Incident) and event.body.incident == incident,
    )


def earlier_heartbeats(recorder: Recorder, source: str) -> tuple[Earlier, ...]:
    """The latest recorded heartbeats of a source, oldest first, those that wait last; not those of long ago."""
    known = recorder.known()
    return _both(
        recorder,
        {"kind": "heartbeat", "after": 0 if known is None else max(0, known.position - LOOKED_BACK)},
        lambda event: isinstance(event.body, Heartbeat) and event.body.source == source,
    )


def find_release(recorder: Recorder, name: str) -> Earlier | None:
    """The latest release event of that name: of the project, else of any."""

    def wanted(event: Event) -> bool:
        return isinstance(event.body, Release) and event.context.about.release == name

    own = _both(recorder, {"release": name, "kind": "release"}, wanted)
    found = own or tuple(_listed(recorder, {"release": name, "kind": "release"}))
    return found[-1] if found else None


def _both(recorder: Recorder, query: Mapping[str, str | int], wanted: Callable[[Event], bool]) -> tuple[Earlier, ...]:
    project = recorder.project()
    listed = [item for item in _listed(recorder, {"project": project, **query}) if wanted(item.event)]
    known = {item.envelope for item in listed}
    waiting = [item for item in _waiting(recorder, project) if wanted(item.event) and item.envelope not in known]
    return (*listed, *waiting)


def _listed(recorder: Recorder, query: Mapping[str, str | int]) -> Iterator[Earlier]:
    """Entries that the server lists, each signed by a key that might; none where it does not answer."""
    from ledger.gathering import read_entry

    known = recorder.known()
    if known is None:
        return
    for leaf, data in recorder.session.client.find({**query, "limit": PAGE}):
        if leaf.roster > known.roster.count:
            # Signed under a roster newer than the one at hand: the next run will see it.
            continue
        record = read_entry(known, leaf, data)
        if record is not None:
            yield Earlier(record.envelope, record.event, record.index)


def _waiting(recorder: Recorder, project: str) -> Iterator[Earlier]:
    spool = recorder.outbox.spool
    for event_id in spool.pending():
        # One that cannot be read is for the next delivery to move aside.
        with suppress(FormatError, LedgerError, OSError):
            parcel = spool.read(event_id)
            if parcel.event.context.project == project:
                yield Earlier(parcel.envelope.digest, parcel.event, None)
