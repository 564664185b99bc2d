"""Kinds that speak for themselves, in one sentence each, without names, texts or comments."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from ledger.events.evidence import Pack, Reconciliation
from ledger.events.forge import ChangeState, ControlSnapshot, Push, ReviewNote
from ledger.events.governance import Correction, DeclaredException, GateDecision
from ledger.events.operation import Build, Heartbeat, Incident, Observation, Scan
from ledger.events.work import Approval, Attestation, Deploy, Diff, Merge, Prompt, Release, SuiteRun

if TYPE_CHECKING:
    from ledger.events.bodies import WorkBody


def told_words(body: WorkBody) -> str:  # noqa: C901, PLR0911, PLR0912 -- one arm a kind
    """What an event says, as a clause that follows whoever acted; kinds with facts of their own have their own words.

    Raises:
        ValueError: the kind is one of those.
    """
    match body:
        case ChangeState():
            requests = f", asked for by {', '.join(item.id for item in body.requests)}" if body.requests else ""
            return f"{body.state} the change ({body.type}){requests}"
        case Push():
            return _push_words(body)
        case ReviewNote():
            where = "" if body.path is None else f" on {body.path}" + ("" if body.line is None else f":{body.line}")
            applied = "" if body.applied is None else f", applied in {body.applied[:12]}"
            return f"noted a {body.note}{where}{applied}"
        case Scan():
            counts = body.counts
            suppressed = body.suppressed.justified + body.suppressed.unjustified
            return (
                f"{body.tool.name} scanned {body.target}: {counted(counts.error, 'error')}, "
                f"{counted(counts.warning, 'warning')}, {counted(counts.note + counts.none, 'note')}, "
                f"{suppressed} suppressed"
            )
        case Build():
            artifacts = counted(len(body.artifacts), "artifact")
            return f"built {artifacts} of commit {body.commit[:12]} (known by {body.source})"
        case Observation():
            verified = "" if body.verification is None else f"; verification {body.verification}"
            running = counted(len(body.running), "artifact")
            return f"saw {running} of {body.service} running in {body.environment}{verified}"
        case Incident():
            return f"{body.state} incident {body.incident}, severity {body.severity}, cause {body.cause}"
        case ControlSnapshot():
            return f"saw the protection of {', '.join(item.ref for item in body.refs)}"
        case Heartbeat():
            return f"source {body.source} was alive and had sent {counted(body.event_count, 'event')}"
        case GateDecision():
            shut = f" by {', '.join(item.rule for item in body.blocking)}" if body.blocking else ""
            excepted = f", excepted: {', '.join(body.excepted)}" if body.excepted else ""
            return f"the {body.gate} gate ({body.mode}) answered {body.outcome}{shut}{excepted}"
        case Correction():
            return f"corrected an earlier event: {body.reason}"
        case Pack():
            return _pack_words(body)
        case Reconciliation():
            return _reconciliation_words(body)
        case (
            Prompt()
            | Diff()
            | SuiteRun()
            | Approval()
            | Merge()
            | Release()
            | Deploy()
            | Attestation()
            | DeclaredException()
        ):
            raise ValueError("this kind has a fact and words of its own")
        case _:
            assert_never(body)


def _push_words(push: Push) -> str:
    if push.after is None:
        done = f"deleted {push.ref}"
    else:
        done = f"{'force-' if push.forced else ''}pushed {push.after[:12]} to {push.ref}"
    return done if push.bypass is None else f"{done}, passing over {push.bypass}"


def _pack_words(pack: Pack) -> str:
    span = pack.period
    subject = "the release" if span is None else _entries(span.from_, span.to)
    seal = "without a seal" if pack.sealed_by is None else f"sealed with certificate {pack.sealed_by[7:19]}"
    files = counted(len(pack.files), "file")
    return f"made pack {pack.pack_id[7:19]} of {subject} at position {pack.position}: {files}, {seal}"


def _reconciliation_words(body: Reconciliation) -> str:
    refs = "; ".join(
        f"{item.ref}: {item.recorded_count} of {counted(item.commit_count, 'commit')} recorded, "
        f"{item.missing_count} missing, {item.unknown_count} unknown to the clone"
        for item in body.refs
    )
    return f"compared a clone with {_entries(body.from_, body.to)}: {refs}"


def _entries(first: int, end: int) -> str:
    return f"entry {first}" if end - first == 1 else f"entries {first} to {end - 1}"


def counted(number: int, noun: str) -> str:
    """``1 file``, ``2 files``."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
