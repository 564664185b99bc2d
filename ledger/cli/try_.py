"""``evidence try``: what a repository's own history can and cannot show, with a pack, before anything is set up."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from ledger.cli.options import output, output_options

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ledger.capture.git import Repository
    from ledger.cli.trying.telling import Telling
    from ledger.cli.trying.throwaway import Report, Trial
    from reports.packs import Pack

MOST_REPORTS: Final = 60
"""Report files that one test event can carry."""


@click.command()
@click.option(
    "--repo",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=Path(),
    help="Repository to read; default: this folder. Nothing is written to it.",
)
@click.option(
    "--junit",
    "reports",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    multiple=True,
    help="JUnit XML report of the commit that is checked out; repeat for more.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("evidence-try"),
    show_default=True,
    help="Folder to write into.",
)
@click.option("--from", "start", metavar="REVISION", help="Read what --to holds and this does not, whole.")
@click.option("--to", "end", metavar="REVISION", help="Last commit to read; default: a release tag, or HEAD.")
@click.option("--last", type=click.IntRange(1, 100_000), metavar="N", help="Read the newest N landings up to --to.")
@output_options
@click.pass_context
def try_(
    ctx: click.Context,
    *,
    repo: Path,
    reports: tuple[Path, ...],
    out: Path,
    start: str | None,
    end: str | None,
    last: int | None,
) -> None:
    """See what your repository's history can and cannot show to an auditor.

    Reads the history between the last two release tags (at most its newest 50 landings), or the newest 50 landings,
    records it in a ledger that exists for this run only, and makes the evidence pack of it. It invents nothing: no
    change, no approval, nobody's role. Open index.html in the folder it writes.

    \b
    Examples:
      evidence try
      evidence try --repo ../payments --junit build/tests.xml
      evidence try --from v4.1.0 --to v4.2.0 --out packs/try
    """
    from ledger.errors import LedgerError

    if start is not None and last is not None:
        raise click.UsageError("--from and --last are two ways to say where to begin; give one")
    if len(reports) > MOST_REPORTS:
        raise click.UsageError(f"at most {MOST_REPORTS} report files")
    try:
        _run(ctx, repo, reports, out, (start, end, last))
    except ModuleNotFoundError as error:
        raise LedgerError(
            "extra-missing",
            "this command needs a library that is not installed",
            details={"module": error.name or "unknown"},
            remedy="pip install 'evidence-ledger[server,reports]'",
        ) from None


def _run(
    ctx: click.Context,
    repo: Path,
    reports: tuple[Path, ...],
    out: Path,
    asked: tuple[str | None, str | None, int | None],
) -> None:
    from ledger.capture.git import open_repository
    from ledger.cli.trying import telling
    from ledger.cli.trying.choosing import choose
    from ledger.cli.trying.reading import read_history
    from ledger.cli.trying.throwaway import record
    from ledger.standalone import published_verifier

    start, end, last = asked
    say = output(ctx)
    with open_repository(repo) as repository:
        report = _report(repository, reports)
        chosen = choose(repository, start=start, end=end, last=last)
        say.note(f"reading {chosen.how}")
        history = read_history(repository, chosen)
        name = _name(repository)
        object_format = repository.object_format
    trial = record(history, name=name, object_format=object_format, report=report, verifier=published_verifier())
    say.note(f"recorded {trial.entry_count:,} entries in a throw-away ledger; making the pack")
    pack = _pack(trial, name)
    if not pack.assessments:
        raise ValueError("the trial's own bundle holds its release")
    told = telling.tell(
        history,
        name=name,
        repo=repo,
        report=report,
        trial=trial,
        assessment=pack.assessments[0],
        pack_id=pack.pack_id,
    )
    files = _write(out, told, trial, pack)
    if pack.pdf_missing_reason is not None:
        say.warn(pack.pdf_missing_reason)
    say.answer(telling.document(told, files, pack.pdf_missing_reason), telling.lines(told, files))


def _report(repository: Repository, paths: Sequence[Path]) -> Report | None:
    """The test run in the report files, on the commit that is checked out."""
    from ledger.capture.commits import tree_of
    from ledger.capture.git import resolve_commit
    from ledger.capture.junit import read_reports
    from ledger.cli.trying.throwaway import Report

    if not paths:
        return None
    run = read_reports(paths)
    commit = resolve_commit(repository, "HEAD")
    return Report(run, tuple(path.read_bytes() for path in paths), commit, tree_of(repository, commit))


def _name(repository: Repository) -> str:
    """The repository's folder, without the ending that bare ones have."""
    folder = repository.root
    if folder.name == ".git":
        folder = folder.parent
    return folder.name.removesuffix(".git").encode("utf-8", "replace").decode("utf-8") or "repository"


def _pack(trial: Trial, name: str) -> Pack:
    from datetime import UTC, datetime

    from ledger.cli.trying.telling import THROW_AWAY
    from ledger.sealkeys import certificate_id
    from reports.packs import Sealing, make_pack
    from reports.release.view import PackSettings
    from reports.sealing import spki_of

    now = datetime.now(UTC).replace(microsecond=0)
    return make_pack(
        trial.bundle,
        trial.anchor_line,
        as_of=trial.as_of,
        seal=Sealing(trial.seal, now),
        settings=PackSettings(
            generated_at=now,
            sealed_by=certificate_id(spki_of(trial.seal)),
            prepared_from=f"a throw-away ledger made by evidence try from the git history of {name}",
            notice_tag="Trial, throw-away keys",
            notice=THROW_AWAY,
        ),
    )


def _write(out: Path, told: Telling, trial: Trial, pack: Pack) -> list[Path]:
    """Paths of what was written, the page first."""
    from ledger.cli.trying.page import page

    stem = pack.bundle_name.removesuffix(".evidence.zip")
    made: list[tuple[str, bytes, str, str]] = []
    if pack.pdf is not None:
        made.append((f"{stem}.evidence.pdf", pack.pdf, "The pack as PDF", "with the bundle inside"))
    made += [
        (f"{stem}.html", pack.html.encode("utf-8"), "The pack as a web page", "the same text"),
        (pack.bundle_name, pack.bundle, "The bundle", "every record of the trial; verifies offline"),
        ("ledger.pub", trial.anchor_line.encode("ascii"), "ledger.pub", "the trial's public line"),
    ]
    out.mkdir(parents=True, exist_ok=True)
    # A PDF of an earlier run would show another bundle than the one beside it.
    (out / f"{stem}.evidence.pdf").unlink(missing_ok=True)
    index = page(told, [(name, title, words) for name, _, title, words in made], pack.pdf_missing_reason)
    written = [out / "index.html"]
    written[0].write_text(index, encoding="utf-8")
    for name, data, _, _ in made:
        (out / name).write_bytes(data)
        written.append(out / name)
    return written
