"""``evidence record test``: a test run, counted from its JUnit reports, which are kept as they are."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from ledger.cli.output import clean, plural
from ledger.cli.recording.choices import recording_options, repository_option

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ledger.capture.ci import CiContext
    from ledger.cli.output import Output
    from ledger.junit import SuiteRun as ReportedRun
    from ledger.making import NewContent

TAR_TYPE: Final = "application/x-tar"


@click.command("test")
@click.argument("reports", nargs=-1, type=click.Path(path_type=Path, dir_okay=False))
@click.option("--suite", "suite_name", required=True, metavar="NAME", help="Which suite: unit, integration, ...")
@click.option("--attempt", type=click.IntRange(1), help="Which attempt of it; by default the CI system's, else 1.")
@click.option("--environment", metavar="NAME", help="Where it ran; by default ci in a CI system, else local.")
@click.option("--commit", metavar="REF", default="HEAD", show_default=True, help="What was tested, in the clone.")
@click.option("--change", metavar="ID", help="The change; by default the CI system's.")
@click.option("--tool", metavar="NAME[@VERSION]", help="What ran the tests.")
@click.option("--class", "class_", metavar="NAME", help="Which sort: unit, contract, reconciliation, security, ...")
@click.option(
    "--contract", metavar="NAME=FILE|NAME=sha256:...", help="Version of the contract or schema it tested against."
)
@repository_option
@recording_options
@click.pass_context
def suite(
    ctx: click.Context,
    *,
    reports: tuple[Path, ...],
    suite_name: str,
    attempt: int | None,
    environment: str | None,
    commit: str,
    change: str | None,
    tool: str | None,
    class_: str | None,
    contract: str | None,
    repo: Path,
    require_server: bool,
) -> None:
    """Record a test run from its JUnit XML reports.

    \b
    Cases are counted from the reports, whatever totals they declare. A run in which no test ran is no pass.
    One report is kept byte for byte; several are kept as one tar file.

    \b
      evidence record test build/junit.xml --suite unit
    """
    from ledger.capture.commits import read_commit
    from ledger.capture.git import open_repository, resolve_commit
    from ledger.capture.junit import read_reports
    from ledger.cli.recording.artifacts import named_digest
    from ledger.cli.recording.delivery import hand_in
    from ledger.cli.recording.recorder import open_recorder
    from ledger.cli.recording.wording import TOKEN_LENGTH, as_label, as_token
    from ledger.events.context import About
    from ledger.events.work import Contract, Run, SuiteRun, Tool, Totals

    found = read_reports(reports)
    with open_recorder(ctx) as recorder, open_repository(repo) as repository:
        out, ci = recorder.session.output, recorder.ci
        tested = read_commit(repository, resolve_commit(repository, commit))
        _warn(out, found, ci, tested.id, tested.committer.at, reports)
        counted = found.totals
        name, _, version = (tool or "").partition("@")
        tool_name, suite_token = as_token(name), as_token(suite_name)
        if suite_token is None or len(suite_name) > TOKEN_LENGTH:
            raise click.UsageError(f"--suite needs a name of letters and digits, at most {TOKEN_LENGTH} characters")
        body = SuiteRun(
            result=_result(found),
            run=Run(
                attempt=attempt or ci.attempt or 1,
                commit=tested.id,
                environment=as_label(environment) or ("local" if ci.system == "none" else "ci"),
                suite=suite_token,
                totals=Totals(
                    errors=counted.errors,
                    failures=counted.failures,
                    flaky=counted.flaky,
                    passed=counted.passed,
                    skipped=counted.skipped,
                    tests=counted.tests,
                ),
                tree=tested.tree,
                class_=as_label(class_),
                contract=None if contract is None else Contract(*named_digest(contract, "--contract")),
                duration_ms=found.duration_ms,
                tool=None if tool_name is None else Tool(tool_name, as_token(version)),
            ),
        )
        actor, account = recorder.actor(None, started=False)
        about = About(change=change or ci.change, tree=tested.tree)
        parcel = recorder.seal(body, [keep_reports(reports), *account], actor, about=about)
        passed = f"{counted.passed:,} of {plural(counted.tests, 'test')} passed"
        words = f"{body.result} {clean(suite_token, 40)} on {tested.id[:12]} ({passed})"
        hand_in(ctx, recorder, [(parcel, words)], require_server=require_server, further={"result": body.result})


def keep_reports(paths: Sequence[Path]) -> NewContent:
    """The content ``report``: the one file as it is, or several as one tar file.

    The tar file holds nothing of the machine: members in the order given, numbered so that two reports of one name
    both stay, without owners and times.
    """
    from ledger.making import new_content

    if len(paths) == 1:
        return new_content("report", paths[0].read_bytes(), "application/xml")
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for number, path in enumerate(paths, start=1):
            data = path.read_bytes()
            member = tarfile.TarInfo(f"{number:04d}-{path.name}")
            member.size, member.mode = len(data), 0o644
            archive.addfile(member, io.BytesIO(data))
    return new_content("report", packed.getvalue(), TAR_TYPE)


def _result(found: ReportedRun) -> str:
    if found.outcome != "passed":
        return "FAILED"
    return "WARNED" if found.totals.flaky else "PASSED"


def _warn(
    out: Output, found: ReportedRun, ci: CiContext, tested: str, committed_at: str | None, reports: Sequence[Path]
) -> None:
    """Says what makes this run worth less than it may look."""
    from datetime import datetime

    if found.outcome == "empty":
        out.warn("no test ran: recorded as FAILED, since nothing passed")
    elif found.outcome == "failed" and not found.totals.failures + found.totals.errors:
        out.warn("no case failed, but the report says that something did: recorded as FAILED")
    if found.disagreements:
        out.note(f"{plural(len(found.disagreements), 'total')} that the report declares are not what its cases give")
    if ci.built_sha is not None and ci.built_sha != tested:
        out.warn(
            f"the environment says that {ci.built_sha[:12]} was built, but the clone has {tested[:12]}:"
            " recorded is what the clone has"
        )
    elif ci.synthetic_merge:
        out.note(
            "tested is the merge with the target that the CI system made for this run, not the change's own last"
            " commit; a policy may want its tests on that (docs/ci.md)"
        )
    if committed_at is not None:
        limit = datetime.fromisoformat(committed_at).timestamp()
        stale = [path.name for path in reports if path.stat().st_mtime < limit]
        if stale:
            out.warn(f"older than the tested commit, so from an earlier run: {clean(', '.join(stale), 200)}")
