"""``evidence gate``: may this merge, may this be deployed; with reasons, remedies and a signed decision."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from ledger import exitcodes
from ledger.cli.options import client_options, outbox_option, project_option, signing_options
from ledger.cli.output import clean, paint

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ledger.cli.gating import Answer, Wanted
    from ledger.cli.recording.recorder import Recorder
    from ledger.receipt import Receipt

POLL_SECONDS: Final = 3.0
REASSESS_SECONDS: Final = 60.0
"""Without a new entry a gate is asked again after this time: what is overdue becomes so by itself."""

_SPAN: Final = re.compile(r"(\d{1,5})([smh]?)", re.ASCII)
_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "": 60}


def _span(ctx: click.Context, parameter: click.Parameter, value: str | None) -> int:
    del ctx, parameter
    if value is None:
        return 0
    found = _SPAN.fullmatch(value)
    if found is None:
        raise click.BadParameter("a time such as 90s, 30m or 2h is expected")
    return int(found[1]) * _UNITS[found[2]]


@click.command()
@click.argument("target", metavar="[CHANGE|PRODUCT@VERSION]", required=False)
@click.option("--at", "gate_name", type=click.Choice(("merge", "deploy")), required=True, help="Which gate.")
@click.option("--wait", metavar="TIME", callback=_span, help="Wait so long for it to open: 90s, 30m, 2h.")
@click.option(
    "--mode",
    type=click.Choice(("observe", "enforce")),
    default="enforce",
    show_default=True,
    envvar="EVIDENCE_LEDGER_GATE_MODE",
    help="observe: tell and record, but exit 0 where it stays shut.",
)
@click.option("--head", metavar="COMMIT", help="What is about to go through; by default what CI or the clone says.")
@click.option(
    "--repo", type=click.Path(path_type=Path, exists=True, file_okay=False), default=Path(), help="The clone."
)
@outbox_option
@signing_options
@project_option
@client_options
@click.pass_context
def gate(
    ctx: click.Context,
    target: str | None,
    *,
    gate_name: str,
    wait: int,
    mode: str,
    head: str | None,
    repo: Path,
) -> None:
    """Ask whether a change may merge, or a release may be deployed.

    \b
      evidence gate --at merge --wait 30m
      evidence gate shop@4.2.0 --at deploy

    Judges by the policy in force and records the answer as a signed decision, whichever it is. Each reason comes with
    what mends it. Exit 0: allowed. 3: blocked. 5: the ledger cannot be reached, which is never an answer.
    """
    from ledger.cli.gating import document, record, remembered
    from ledger.cli.lastgate import remember_gate
    from ledger.cli.recording.recorder import open_recorder

    with open_recorder(ctx) as recorder:
        wanted = _wanted(recorder, target, gate_name, head, repo)
        answer = _ask(recorder, wanted, wait)
        receipt = record(recorder, answer, mode)
        remember_gate(recorder.session.settings.cache, recorder.session.anchor.ledger, remembered(answer))
        recorder.session.output.answer(document(answer, mode, receipt), _lines(answer, mode, receipt))
    if not answer.allowed and mode == "enforce":
        ctx.exit(exitcodes.NEGATIVE)


def _wanted(recorder: Recorder, target: str | None, gate_name: str, head: str | None, repo: Path) -> Wanted:
    from ledger.cli.gating import Wanted

    told = target if target is not None else recorder.ci.change
    if told is None:
        raise click.UsageError("name the CHANGE, or PRODUCT@VERSION: no CI system says which it is")
    release = told if "@" in told else None
    if (release is None) != (gate_name == "merge"):
        raise click.UsageError("a change is asked about at merge, a release (PRODUCT@VERSION) at deploy")
    session = recorder.session
    project = session.project_id(session.directory())
    if release is not None:
        return Wanted(gate_name, project, None, release, None, None)
    commit, tree = _checked_out(recorder, head, repo)
    if commit is None:
        # Judged would be the last recorded revision, whatever else is about to go through.
        raise click.UsageError("name the --head that is about to go through: neither a clone nor a CI system says it")
    return Wanted(gate_name, project, told, None, commit, tree)


def _checked_out(recorder: Recorder, head: str | None, repo: Path) -> tuple[str | None, str | None]:
    """The commit that is about to go through, with its tree where a clone has it."""
    from ledger.capture.commits import tree_of
    from ledger.capture.git import open_repository, resolve_commit
    from ledger.errors import LedgerError

    told = head or recorder.ci.head_sha
    try:
        with open_repository(repo) as repository:
            commit = resolve_commit(repository, told or "HEAD")
            return commit, tree_of(repository, commit)
    except LedgerError:
        # Without a clone, or in one too shallow, the commit that was told is compared by its id alone.
        return told, None


def _ask(recorder: Recorder, wanted: Wanted, wait: int) -> Answer:
    from ledger.cli.gating import ask

    session = recorder.session
    until, told = time.monotonic() + wait, False
    while True:
        asked_at = time.monotonic()
        answer = ask(session, wanted)
        if answer.allowed or time.monotonic() >= until:
            return answer
        if not told:
            session.output.note("Blocked; waiting for it to open:")
            for line in _reason_lines(answer):
                session.output.note(line)
            told = True
        _rest(recorder, answer.assessment.position, min(until, asked_at + REASSESS_SECONDS))


def _rest(recorder: Recorder, position: int, until: float) -> None:
    """Nothing, once the log has grown beyond ``position`` or the time has come; an outage in between is waited out."""
    from ledger.errors import UnavailableError

    while (left := until - time.monotonic()) > 0:
        time.sleep(min(POLL_SECONDS, left))
        try:
            told = recorder.session.client.get("/v1/ledger")
        except UnavailableError:
            continue
        if isinstance(told, dict) and isinstance(now := told.get("position"), int) and now > position:
            return


def _lines(answer: Answer, mode: str, receipt: Receipt) -> list[str]:
    from ledger.cli.check import WORDS

    wanted = answer.wanted
    what = f"release {wanted.release}" if wanted.release is not None else f"change {wanted.change}"
    if answer.allowed:
        head = paint("allowed", "green")
    else:
        head = paint("blocked", "red") + (" (observed only: the exit status is 0)" if mode == "observe" else "")
    told = f"{wanted.gate} of {clean(what, 200)}, policy {clean(answer.policy.name)}"
    lines = [f"{head}: {told}, position {answer.assessment.position:,}", *_reason_lines(answer)]
    for verdict in answer.excepted:
        entries = ", ".join(str(item.index) for item in verdict.excepted_by)
        told = WORDS[verdict.outcome.value]
        lines.append(
            f"  excepted  {verdict.rule}{_of(answer, verdict.subject)}: {told}, by the exception of entry {entries}"
        )
    lines.append(f"decision recorded: entry {receipt.leaf.index}, {receipt.leaf.envelope[:19]}")
    return lines if answer.allowed else [*lines, *_if_it_cannot_wait(answer)]


def _if_it_cannot_wait(answer: Answer) -> Sequence[str]:
    """The command that declares an exception from all of it, where there is anything that one reaches."""
    from ledger.cli.exception import reached
    from ledger.cli.gating import HEAD
    from ledger.rules.remedies import exception_command

    found, beyond = reached(tuple(reason.rule for reason in answer.reasons))
    use = answer.policy.shared["exception_use"]
    if HEAD in beyond or not found or use == "forbidden":
        return ()
    wanted = answer.wanted
    command = exception_command(change=wanted.change, release=wanted.release)
    left = f"; {', '.join(beyond)} stays: nothing excepts it" if beyond else ""
    eyes = "reviewed by another person"
    if use == "authorised":
        eyes = f"authorised by another person before it opens anything, and {eyes}"
    return (
        f"if it cannot wait: {clean(command, 300)}",
        f"    a declared departure from {', '.join(found)}, to be {eyes}{left}",
    )


def _of(answer: Answer, subject: str) -> str:
    """Which change of a release it is, with its project where that is another; nothing for what was asked about."""
    if subject == answer.assessment.subject:
        return ""
    project, _, change = subject.removeprefix("change ").partition("/")
    mine = subject.startswith("change ") and project == answer.wanted.project
    return f" (change {clean(change, 200)})" if mine else f" ({clean(subject, 200)})"


def _reason_lines(answer: Answer) -> Sequence[str]:
    lines: list[str] = []
    for reason in answer.reasons:
        word = "FAIL" if reason.outcome.value == "fail" else "cannot tell"
        lines += [
            f"  {word}  {reason.rule}{_of(answer, reason.subject)}: {clean(reason.sentence, 2_000)}",
            f"    remedy: {reason.remedy}",
            f"    run:    {clean(reason.command, 300)}",
        ]
    return lines
