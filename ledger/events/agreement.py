"""How the members of one event must agree with each other: the conditions of format §4.4 beyond single shapes."""

from __future__ import annotations

from typing import assert_never

from ledger.errors import FormatError
from ledger.events.context import NOTHING, Context
from ledger.events.roster import (
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
    WorkBody,
)


def check_agreement(context: Context, body: RosterBody | WorkBody, where: str) -> None:  # noqa: C901, PLR0912  # one arm a kind
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
            if body.role == "administrator" and body.projects is not None:
                raise FormatError("bad-role", "an administrator is one everywhere", where=f"{where}/projects")
        case Epoch() | ProjectEnd() | PrincipalDisable() | KeyEnd() | KeyRevoke() | RoleEnd() | PolicySet() | Deploy():
            pass
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


def _check_approval(context: Context, body: Approval, where: str) -> None:
    if (body.withdraws is not None) != (body.decision == "withdraw"):
        raise FormatError("bad-approval", "a withdrawal names what it withdraws, nothing else does", where=where)
    basis = body.basis
    match body.scope:
        case "change":
            allowed = basis.act is None and basis.release is None and context.about.change is not None
            if body.attested_by == "person":
                enough = basis.manifest is not None and basis.tree is not None and basis.policy is not None
            else:
                enough = any(item is not None for item in (basis.commit, basis.manifest, basis.tree))
        case "release":
            allowed = basis == Basis(release=basis.release, policy=basis.policy)
            enough = basis.release is not None and basis.policy is not None and context.about.release is not None
            enough = enough and body.attested_by == "person"
        case _:
            allowed = basis == Basis(act=basis.act) and body.decision != "withdraw"
            enough = basis.act is not None and body.attested_by == "person"
    if not (allowed and enough):
        raise FormatError("bad-approval", "the basis does not fit the scope (format §4.4.2)", where=f"{where}/basis")


def _check_merge(context: Context, body: Merge, where: str) -> None:
    _need_content(context, "manifest", where)
    _need_content(context, "commits", where)
    if (body.diff is None) != (body.binding == "none"):
        raise FormatError("bad-merge", "a binding has its diff, and none has none", where=f"{where}/diff")
    if context.about.tree != body.tree:
        raise FormatError("bad-about", "a merge is about its own tree", where=f"{where}/context/about/tree")


def _check_release(context: Context, body: Release, where: str) -> None:
    if context.about.release != f"{body.product}@{body.version}":
        raise FormatError("bad-about", "a release is about itself", where=f"{where}/context/about/release")
    for number, source in enumerate(body.sources):
        if (source.previous is None) == (source.start is None):
            raise FormatError(
                "bad-source", "a source has either a previous commit or a start", where=f"{where}/sources/{number}"
            )
        _need_content(context, source.commits, where)
