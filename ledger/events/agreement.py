"""How the members of one event must agree with each other: the conditions of format §4.4 beyond single shapes."""

from __future__ import annotations

from typing import assert_never

from ledger.errors import FormatError
from ledger.events.bodies import WorkBody
from ledger.events.context import NOTHING, About, Context
from ledger.events.evidence import Pack, Reconciliation
from ledger.events.forge import ChangeState, ControlSnapshot, Push, ReviewNote
from ledger.events.governance import Correction, DeclaredException, GateDecision
from ledger.events.operation import Build, Heartbeat, Incident, Observation, Scan
from ledger.events.roster import (
    CertificateEnd,
    CertificateEnrol,
    Epoch,
    Genesis,
    KeyEnd,
    KeyEnrol,
    KeyRevoke,
    KeyRotate,
    PolicySet,
    PrincipalCreate,
    PrincipalDescribe,
    PrincipalDisable,
    PrincipalMerge,
    PrincipalSplit,
    ProjectDeclare,
    ProjectDescribe,
    ProjectEnd,
    RoleEnd,
    RoleGrant,
    RosterBody,
    check_genesis,
)
from ledger.events.work import (
    Approval,
    Attestation,
    Basis,
    Deploy,
    Diff,
    Merge,
    Prompt,
    Release,
    SuiteRun,
)


def check_agreement(context: Context, body: RosterBody | WorkBody, where: str) -> None:  # noqa: C901, PLR0912, PLR0915  # one arm a kind
    """Nothing, if the body agrees with itself and with its context.

    Not checked: anything that needs the log or the roster; ``ledger.roster`` does that.

    Raises:
        FormatError: at the place of the fault, below ``where``.
    """
    _check_stream(context, body, where)
    match body:
        case Genesis():
            check_genesis(body, f"{where}/core")
            for administrator in body.core.administrators:
                _need_content(context, administrator.card, where)
            if context.actor.principal != body.core.administrators[0].principal:
                raise FormatError(
                    "bad-actor", "the first administrator acts in genesis", where=f"{where}/context/actor"
                )
        case ProjectDeclare() | ProjectDescribe() | PrincipalCreate() | PrincipalDescribe():
            _need_content(context, "card", where)
        case KeyEnrol() | KeyRotate():
            if (body.kinds is None) != (body.projects is None):
                raise FormatError("bad-key", "kinds and projects stand together", where=where)
        case RoleGrant():
            if body.role == "administrator" and (body.projects, body.paths, body.risks) != (None, None, None):
                raise FormatError("bad-role", "an administrator is one everywhere", where=f"{where}/role")
        case Epoch() | ProjectEnd() | PrincipalDisable() | KeyEnd() | KeyRevoke() | RoleEnd() | PolicySet() | Deploy():
            pass
        case PrincipalMerge() | PrincipalSplit() | Heartbeat() | CertificateEnrol() | CertificateEnd():
            pass
        case Correction():
            _need_content(context, "values", where)
        case Prompt():
            _need_content(context, "prompt", where)
        case Diff():
            _check_diff(context, body, where)
        case SuiteRun():
            _check_run(context, body, where)
        case Approval():
            _check_approval(context, body, where)
        case Merge():
            _check_merge(context, body, where)
        case Release():
            _check_release(context, body, where)
        case Attestation():
            _need_content(context, body.statement, where)
        case ChangeState():
            _check_change(context, body, where)
        case Push():
            if body.before == body.after:
                raise FormatError("bad-push", "a push moves, makes or deletes a ref", where=where)
        case ReviewNote():
            _need_content(context, "body", where)
            _need_change(context, where)
            if body.line is not None and body.path is None:
                raise FormatError("bad-note", "a line needs its path", where=f"{where}/line")
        case Scan():
            _check_scan(context, body, where)
        case Build():
            if (context.content("provenance") is None) != (body.source == "observed"):
                raise FormatError("missing-content", "provenance is shown where it is the source", where=where)
        case Observation():
            if body.verification is not None and body.release is None:
                raise FormatError("bad-observation", "a verification is of a release", where=f"{where}/verification")
        case Incident():
            if body.cause == "change" and not body.suspects:
                raise FormatError("bad-incident", "a change that caused it is named", where=f"{where}/suspects")
        case DeclaredException():
            _check_exception(context, body, where)
        case ControlSnapshot():
            _need_content(context, "settings", where)
        case GateDecision():
            _check_decision(context, body, where)
        case Pack():
            _check_pack(context, body, where)
        case Reconciliation():
            _need_content(context, "reconciliation", where)
            if body.from_ >= body.to:
                raise FormatError("bad-reconciliation", "it begins before it ends", where=f"{where}/to")
        case _:
            assert_never(body)


def _check_stream(context: Context, body: RosterBody | WorkBody, where: str) -> None:
    in_ledger_stream = not isinstance(body, WorkBody) or (isinstance(body, Approval) and body.scope == "roster")
    if (context.project is None) != in_ledger_stream:
        raise FormatError(
            "bad-stream",
            "roster events belong to the ledger's own stream and have no project; all others name theirs",
            where=f"{where}/context/project",
        )
    if in_ledger_stream and context.about != NOTHING:
        raise FormatError("bad-about", "ledger-stream events are about nothing else", where=f"{where}/context/about")
    if (context.ledger is None) != isinstance(body, Genesis):
        raise FormatError("bad-ledger", "every event but genesis names its ledger", where=f"{where}/context/ledger")


def _need_content(context: Context, name: str, where: str) -> None:
    if context.content(name) is None:
        raise FormatError(
            "missing-content", "a content that this kind requires is missing", where=f"{where}/context/contents"
        )


def _need_change(context: Context, where: str) -> None:
    if context.about.change is None:
        raise FormatError("bad-about", "this kind is about a change", where=f"{where}/context/about")


def _check_diff(context: Context, body: Diff, where: str) -> None:
    _need_content(context, "manifest", where)
    _need_content(context, "commits", where)
    about = context.about
    if about.change is None or about.revision is None or about.tree != body.tree:
        raise FormatError(
            "bad-about",
            "a diff is about a change, its revision and the diff's own tree",
            where=f"{where}/context/about",
        )
    if (body.ai.involvement == "undeclared") != (body.ai.source == "none"):
        raise FormatError("bad-ai", "involvement is undeclared exactly when its source is none", where=f"{where}/ai")


def _check_run(context: Context, body: SuiteRun, where: str) -> None:
    _need_content(context, "report", where)
    totals = body.run.totals
    if totals.tests != totals.passed + totals.failures + totals.errors + totals.skipped:
        raise FormatError("bad-totals", "tests is not the sum of its parts", where=f"{where}/run/totals")
    if totals.flaky > totals.tests:
        raise FormatError("bad-totals", "more flaky cases than tests", where=f"{where}/run/totals/flaky")
    green = totals.tests > totals.skipped and totals.failures == 0 and totals.errors == 0
    if body.result != "FAILED" and not green:
        raise FormatError("bad-result", "a run passes only if a case ran and none failed", where=f"{where}/result")
    if context.about.tree is not None and context.about.tree != body.run.tree:
        raise FormatError(
            "bad-about", "the tree it is about is the tree it ran on", where=f"{where}/context/about/tree"
        )


def _check_approval(context: Context, body: Approval, where: str) -> None:  # noqa: C901 -- one arm a scope
    if (body.withdraws is not None) != (body.decision == "withdraw"):
        raise FormatError("bad-approval", "a withdrawal names what it withdraws, nothing else does", where=where)
    basis, of_person = body.basis, body.attested_by == "person"
    match body.scope:
        case "change":
            content = Basis(
                commit=basis.commit, manifest=basis.manifest, policy=basis.policy, ref=basis.ref, tree=basis.tree
            )
            allowed = basis == content and context.about.change is not None
            if of_person:
                enough = basis.manifest is not None and basis.tree is not None and basis.policy is not None
            else:
                enough = any(item is not None for item in (basis.commit, basis.manifest, basis.tree))
        case "release":
            allowed = basis == Basis(release=basis.release, policy=basis.policy)
            enough = basis.release is not None and basis.policy is not None and context.about.release is not None
            enough = enough and of_person
        case "exception":
            allowed = basis == Basis(exception=basis.exception, policy=basis.policy)
            allowed = allowed and body.meaning in ("authorisation", "review")
            enough = basis.exception is not None and basis.policy is not None and of_person
        case "access":
            allowed = basis == Basis(roster=basis.roster, policy=basis.policy)
            enough = basis.roster is not None and basis.policy is not None and of_person
            _need_content(context, "access-list", where)
        case _:
            allowed = basis == Basis(act=basis.act) and body.decision in ("approve", "reject")
            enough = basis.act is not None and of_person
    if not (allowed and enough):
        raise FormatError("bad-approval", "the basis does not fit the scope (format §4.4.2)", where=f"{where}/basis")
    if of_person and body.review is not None:
        raise FormatError("bad-approval", "a forge's review belongs to what a forge attests", where=f"{where}/review")
    if not of_person and (body.checklist is not None or body.shown_at is not None):
        raise FormatError("bad-approval", "a forge attests no checklist and no time of showing", where=where)
    items = [answer.item for answer in body.checklist or ()]
    if len(set(items)) != len(items):
        raise FormatError("repeated-item", "an item of the checklist stands twice", where=f"{where}/checklist")


def _check_merge(context: Context, body: Merge, where: str) -> None:
    _need_content(context, "manifest", where)
    _need_content(context, "commits", where)
    if (body.diff is None) != (body.binding == "none"):
        raise FormatError("bad-merge", "a binding has its diff, and none has none", where=f"{where}/diff")
    if context.about.tree != body.tree:
        raise FormatError("bad-about", "a merge is about its own tree", where=f"{where}/context/about/tree")
    again = body.recomputed
    if again is not None and (len(body.parents) != 2 or (again.tree is None) != (again.outcome == "conflict")):
        raise FormatError(
            "bad-merge", "two parents are merged again, and give a tree exactly if clean", where=f"{where}/recomputed"
        )


def _check_release(context: Context, body: Release, where: str) -> None:
    if context.about.release != f"{body.product}@{body.version}":
        raise FormatError("bad-about", "a release is about itself", where=f"{where}/context/about/release")
    for number, source in enumerate(body.sources):
        if (source.previous is None) == (source.start is None):
            raise FormatError(
                "bad-source", "a source has either a previous commit or a start", where=f"{where}/sources/{number}"
            )
        _need_content(context, source.commits, where)


def _check_change(context: Context, body: ChangeState, where: str) -> None:
    _need_change(context, where)
    if body.cutover is not None:
        for name in ("runbook", "stop-conditions", "fallback"):
            _need_content(context, name, where)


def _check_scan(context: Context, body: Scan, where: str) -> None:
    _need_content(context, "report", where)
    of_prompts = body.target == "prompts"
    content = (body.commit is not None, body.tree is not None)
    if of_prompts != bool(body.prompts) or content != (not of_prompts, not of_prompts):
        raise FormatError("bad-scan", "a scan is of prompts, or of the tree of a commit", where=where)


def _check_exception(context: Context, body: DeclaredException, where: str) -> None:
    _need_content(context, "reason", where)
    of_change = context.about.change is not None and body.release is None
    of_change = of_change and context.about.release is None and (body.manifest, body.tree) != (None, None)
    content = (body.commit, body.manifest, body.tree)
    of_release = context.about.release is not None and body.release is not None
    of_release = of_release and context.about.change is None and content == (None, None, None)
    if not (of_change or of_release):
        raise FormatError("bad-exception", "an exception is for one content of a change, or for a release", where=where)


def _check_decision(context: Context, body: GateDecision, where: str) -> None:
    _need_content(context, "assessment", where)
    about = context.about
    if (about.release is None) != (body.release is None) or (about.release is None) == (about.change is None):
        raise FormatError("bad-about", "a gate decides about a change or a release", where=f"{where}/context/about")
    if (body.outcome == "allowed") != (not body.blocking):
        raise FormatError("bad-decision", "a gate is open exactly when nothing blocks it", where=f"{where}/outcome")


def _check_pack(context: Context, body: Pack, where: str) -> None:
    if (body.release is None) == (body.period is None):
        raise FormatError("bad-pack-event", "a pack is of a release or of a period", where=where)
    about = context.about
    if about != About(release=about.release) or (about.release is None) != (body.release is None):
        raise FormatError("bad-about", "a pack is about its release and nothing else", where=f"{where}/context/about")
    period = body.period
    if period is not None and not period.from_ < period.to <= body.position:
        raise FormatError("bad-pack-event", "a period begins before it ends, by the position", where=f"{where}/period")
