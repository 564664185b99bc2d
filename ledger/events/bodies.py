"""The union of everything a project stream may hold."""

from __future__ import annotations

from typing import TypeAlias

from ledger.events.evidence import Pack, Reconciliation
from ledger.events.forge import ChangeState, ControlSnapshot, Push, ReviewNote
from ledger.events.governance import Correction, DeclaredException, GateDecision
from ledger.events.operation import Build, Heartbeat, Incident, Observation, Scan
from ledger.events.work import Approval, Attestation, Deploy, Diff, Merge, Prompt, Release, SuiteRun

WorkBody: TypeAlias = (
    Prompt
    | Diff
    | SuiteRun
    | Approval
    | Merge
    | Release
    | Deploy
    | Attestation
    | ChangeState
    | Push
    | ReviewNote
    | Scan
    | Build
    | Observation
    | Incident
    | DeclaredException
    | ControlSnapshot
    | Heartbeat
    | GateDecision
    | Correction
    | Pack
    | Reconciliation
)
