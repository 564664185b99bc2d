"""``evidence reconcile``: a clone and the ledger compared in both directions, and the outcome signed."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from ledger import exitcodes
from ledger.cli.options import client_options, outbox_option, output, project_option, settings, signing_options
from ledger.cli.output import clean, plural

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ledger.capture.git import Repository
    from ledger.cli.directory import Directory
    from ledger.cli.releases import FetchedBundle
    from ledger.cli.session import Session
    from ledger.events.evidence import Reconciliation
    from ledger.reconciling import Compared, Difference, ToldRef
    from ledger.records import Records

PAGE: Final = 200
SHOWN: Final = 20
"""Differences of one sort that are listed on a terminal; all are in the recorded content and in ``--json``."""


@dataclass(frozen=True, slots=True)
class _Wish:
    """What is compared with what."""

    project: str
    first: int
    end: int
    refs: tuple[str, ...]
    starts: Mapping[str, str | None]
    """By ref; a ref that is not in it begins where the ledger says."""
    heads: Mapping[str, str | None]
    """By ref; a ref that is not in it ends where the clone does."""


@click.command()
@click.option("--from", "start", metavar="POSITION|TIME", help="By default where the last reconciliation ended.")
@click.option("--to", "end", metavar="POSITION|TIME", help="By default the present end of the log.")
@click.option("--ref", "refs", multiple=True, metavar="REF", help="By default every ref that the project protects.")
@click.option("--start", "starts", multiple=True, metavar="REF=COMMIT", help="The commit before the first that counts.")
@click.option("--head", "heads", multiple=True, metavar="REF=COMMIT", help="The last commit; by default the clone's.")
@click.option(
    "--repeat", metavar="ENTRY", help="Compare again what that recorded reconciliation compared, and its digest."
)
@click.option(
    "--bundle",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Ask a bundle or pack in place of the server; records nothing.",
)
@click.option("--dry-run", is_flag=True, help="Compare, and record nothing.")
@click.option(
    "--repo",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=Path(),
    help="The clone; fetch into it before.",
)
@click.option("--require-server", is_flag=True, help="Exit 5 unless the server has it.")
@outbox_option
@signing_options
@project_option
@client_options
@click.pass_context
def reconcile(
    ctx: click.Context,
    *,
    start: str | None,
    end: str | None,
    refs: tuple[str, ...],
    starts: tuple[str, ...],
    heads: tuple[str, ...],
    repeat: str | None,
    bundle: Path | None,
    dry_run: bool,
    repo: Path,
    require_server: bool,
) -> None:
    """Compare a clone with the ledger: what landed that nobody recorded, and what was recorded that never landed.

    \b
    On a schedule, with the key of the pipeline:
      git fetch origin && evidence reconcile --repo .
    An auditor, offline, on a clone of their own:
      evidence reconcile --bundle payments-4.2.0.evidence.pdf --repeat 812 --repo clone

    Exit 0: they agree. 3: they do not, or the repeated comparison has another digest.
    """
    named = (_pairs(starts, "--start"), _pairs(heads, "--head"))
    if bundle is not None:
        wish, records, repeated = _of_bundle(ctx, bundle, repeat, (start, end), refs, named)
        found = _compare(records, wish, repo)
        _tell(ctx, wish, found, repeated, {})
        _leave(ctx, found, repeated)
        return
    _with_server(ctx, repo, repeat, (start, end), refs, named, dry_run=dry_run, require_server=require_server)


def _with_server(
    ctx: click.Context,
    repo: Path,
    repeat: str | None,
    ends: tuple[str | None, str | None],
    refs: tuple[str, ...],
    named: tuple[dict[str, str], dict[str, str]],
    *,
    dry_run: bool,
    require_server: bool,
) -> None:
    from ledger.cli.releases import fetch_period
    from ledger.cli.session import open_session

    with open_session(ctx) as session:
        known = session.directory()
        project = session.project_id(known)
        earlier = _recorded(session, known, project)
        repeated = None
        if repeat is not None:
            repeated = _named(repeat, earlier)
            ends = (str(repeated.from_), str(repeated.to))
        elif ends[0] is None and earlier:
            ends = (str(earlier[-1][2].to), ends[1])
        fetched = fetch_period(session, *ends, [project])
    last = earlier[-1][2] if earlier and repeat is None else None
    wish = _wish(fetched, project, repeated, last, refs, named)
    found = _compare(fetched.records, wish, repo)
    if repeated is not None or dry_run:
        _tell(ctx, wish, found, repeated, {})
        _leave(ctx, found, repeated)
        return
    _record(ctx, wish, found, require_server=require_server)
    _leave(ctx, found, None)


def _record(ctx: click.Context, wish: _Wish, found: Compared, *, require_server: bool) -> None:
    from ledger.cli.recording.delivery import hand_in
    from ledger.cli.recording.recorder import open_recorder
    from ledger.making import new_content

    # Only what is recorded is signed: whoever merely compares needs no key.
    with open_recorder(ctx) as recorder:
        actor, account = recorder.actor(None, started=False)
        content = new_content("reconciliation", found.document, "application/json")
        parcel = recorder.seal(found.body, [content, *account], actor, project=wish.project)
        out = recorder.session.output
        for line in _lines(wish, found):
            out.note(line)
        words = f"reconciliation of {plural(len(wish.refs), 'ref')} from position {wish.first} to {wish.end}"
        hand_in(ctx, recorder, [(parcel, words)], require_server=require_server, further=_document(wish, found, None))


def _recorded(session: Session, known: Directory, project: str) -> list[tuple[int, str, Reconciliation]]:
    """Entry, envelope digest and body of the project's recorded reconciliations, oldest first."""
    from ledger.events.evidence import Reconciliation
    from ledger.gathering import read_entry

    found: list[tuple[int, str, Reconciliation]] = []
    for leaf, data in session.client.find({"project": project, "kind": "reconciliation", "limit": PAGE}):
        record = read_entry(known, leaf, data)
        if record is not None and isinstance(record.event.body, Reconciliation):
            found.append((record.index, record.envelope, record.event.body))
    return found


def _of_bundle(
    ctx: click.Context,
    path: Path,
    repeat: str | None,
    ends: tuple[str | None, str | None],
    refs: tuple[str, ...],
    named: tuple[dict[str, str], dict[str, str]],
) -> tuple[_Wish, Records, Reconciliation | None]:
    from ledger.cli.releases import bundle_in, open_bundle
    from ledger.errors import FormatError

    fetched = open_bundle(bundle_in(path.read_bytes()), settings(ctx).anchor_line)
    index = fetched.verification.index
    streams = () if index is None else index.streams[1:]
    setting = settings(ctx).project
    known = [part.stream for part in streams]
    if setting is not None and setting.text not in known:
        raise FormatError(
            "other-project",
            "the bundle holds no stream of that project",
            details={"known": ", ".join(known)},
            remedy="Name one of them by its id: --project",
        )
    if setting is None and len(known) != 1:
        raise click.UsageError(f"name one of the bundle's projects with --project: {', '.join(known)}")
    project = known[0] if setting is None else setting.text
    repeated = None
    if repeat is not None:
        held = [
            (record.index, record.envelope, record.event.body)
            for record in fetched.records.entries
            if record.leaf.stream == project
        ]
        repeated = _named(repeat, held)
    wish = _wish(fetched, project, repeated, None, refs, named)
    if ends != (None, None):
        first, end = (None if text is None else int(text) if text.isdigit() else -1 for text in ends)
        if -1 in (first, end):
            raise click.UsageError("with --bundle, --from and --to are positions")
        wish = _Wish(
            project,
            wish.first if first is None else first,
            wish.end if end is None else end,
            wish.refs,
            wish.starts,
            wish.heads,
        )
    return wish, fetched.records, repeated


def _wish(
    fetched: FetchedBundle,
    project: str,
    repeated: Reconciliation | None,
    last: Reconciliation | None,
    refs: tuple[str, ...],
    named: tuple[dict[str, str], dict[str, str]],
) -> _Wish:
    records, index = fetched.records, fetched.verification.index
    if repeated is not None:
        return _Wish(
            project,
            repeated.from_,
            repeated.to,
            tuple(item.ref for item in repeated.refs),
            {item.ref: item.start for item in repeated.refs},
            {item.ref: item.head for item in repeated.refs},
        )
    period = None if index is None else index.subject.period
    held = [record.index for record in records.entries if record.leaf.stream == project]
    first = period.from_ if period is not None else min(held, default=0)
    end = period.to if period is not None else records.position
    declared = records.roster.projects[project]
    chosen = refs or declared.protected_refs
    starts: dict[str, str | None] = dict.fromkeys(chosen, declared.start) if first == 0 else {}
    if last is not None and last.to == first:
        starts |= {item.ref: item.head for item in last.refs if item.ref in chosen and item.head is not None}
    given_starts, given_heads = named
    if unknown := (given_starts.keys() | given_heads.keys()) - set(chosen):
        raise click.UsageError(f"not among the refs that are compared: {', '.join(sorted(unknown))}")
    return _Wish(project, first, end, tuple(chosen), starts | given_starts, dict(given_heads))


def _compare(records: Records, wish: _Wish, repo: Path) -> Compared:
    from ledger.capture.git import open_repository
    from ledger.capture.refs import read_ref, ref_head
    from ledger.reconciling import compare, told_refs

    told = told_refs(records, wish.project, wish.refs, wish.first, wish.end)
    with open_repository(repo) as repository, _perhaps_another(repository, wish, told):
        cloned = [
            read_ref(
                repository,
                item.ref,
                start=_start(wish, item),
                head=wish.heads[item.ref] if item.ref in wish.heads else ref_head(repository, item.ref),
                told=item.commits,
            )
            for item in told
        ]
    return compare(wish.project, wish.first, wish.end, told, cloned)


@contextmanager
def _perhaps_another(repository: Repository, wish: _Wish, told: Sequence[ToldRef]) -> Iterator[None]:
    """Nothing; a commit that the clone lacks is told otherwise where it holds none of those that are named.

    Raises:
        NotFoundError: ``git-object-missing``.
    """
    from ledger.capture.git import resolve_commit
    from ledger.errors import NotFoundError

    def held(commit: str) -> bool:
        try:
            return bool(resolve_commit(repository, commit))
        except NotFoundError:
            return False

    try:
        yield
    except NotFoundError as error:
        named = [*wish.starts.values(), *wish.heads.values(), *(commit for item in told for commit in item.commits)]
        if error.slug != "git-object-missing" or any(held(commit) for commit in named if commit is not None):
            raise
        raise NotFoundError(
            "git-object-missing",
            "the clone holds none of the commits that are named here, so it may be of another repository",
            details=dict(error.details),
            remedy="Name the project's clone with --repo. If it is: clone again without --filter and without --depth",
        ) from None


def _start(wish: _Wish, told: ToldRef) -> str | None:
    """The commit before the first that counts."""
    if told.ref in wish.starts:
        return wish.starts[told.ref]
    if told.before is None and wish.first:
        raise click.UsageError(
            f"nothing landed on {told.ref} in these entries, so the ledger does not say where to begin: "
            f"give --start {told.ref}=COMMIT"
        )
    return told.before


def _named(text: str, known: Sequence[tuple[int, str, object]]) -> Reconciliation:
    """The reconciliation of that entry or envelope digest."""
    from ledger.errors import NotFoundError
    from ledger.events.evidence import Reconciliation

    for index, envelope, body in known:
        if isinstance(body, Reconciliation) and text in (str(index), envelope):
            return body
    entries = [str(index) for index, _, body in known if isinstance(body, Reconciliation)]
    raise NotFoundError(
        "no-such-reconciliation",
        "no reconciliation is recorded there",
        details={"asked": text, "known": ", ".join(entries) or "none"},
        remedy="See: evidence log --kind reconciliation",
    )


def _pairs(texts: Sequence[str], option: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in texts:
        ref, equals, commit = text.partition("=")
        if not equals or not ref.startswith("refs/") or not commit:
            raise click.UsageError(f"{option} is REF=COMMIT, such as refs/heads/main=4f1c...")
        found[ref] = commit
    return found


def _tell(
    ctx: click.Context, wish: _Wish, found: Compared, repeated: Reconciliation | None, further: Mapping[str, Any]
) -> None:
    lines = _lines(wish, found)
    if repeated is not None:
        same = repeated.result == found.body.result
        lines.append(
            f"the same digest as recorded: {found.body.result}"
            if same
            else f"ANOTHER digest than recorded: {found.body.result}, recorded {repeated.result}"
        )
    output(ctx).answer(_document(wish, found, repeated) | dict(further), lines)


def _leave(ctx: click.Context, found: Compared, repeated: Reconciliation | None) -> None:
    agrees = not found.differences if repeated is None else repeated.result == found.body.result
    if not agrees:
        ctx.exit(exitcodes.NEGATIVE)


def _lines(wish: _Wish, found: Compared) -> list[str]:
    lines = [f"entries {wish.first} to {wish.end - 1} against the clone:"]
    differing = {item.ref: item for item in found.differences}
    for item in found.body.refs:
        head = "the clone has no such ref" if item.head is None else f"up to {item.head[:12]}"
        since = "from its first commit" if item.start is None else f"after {item.start[:12]}"
        lines.append(
            f"  {clean(item.ref)}, {since}, {head}: {item.recorded_count} of {plural(item.commit_count, 'commit')} "
            f"recorded, {item.missing_count} unrecorded, {item.unknown_count} recorded but not in the clone"
        )
        if item.ref in differing:
            lines += _difference_lines(differing[item.ref])
    return lines


def _difference_lines(found: Difference) -> list[str]:
    lines = [f"    unrecorded: {commit}" for commit in found.missing[:SHOWN]]
    lines += [f"    not in the clone: {commit}, told by {envelope}" for commit, envelope in found.unknown[:SHOWN]]
    lines += [f"    its commit list cannot be read: {envelope}" for envelope in found.unread[:SHOWN]]
    many = len(found.missing) + len(found.unknown) + len(found.unread)
    shown = len(lines)
    return lines if shown == many else [*lines, f"    and {many - shown} more: --json lists them all"]


def _document(wish: _Wish, found: Compared, repeated: Reconciliation | None) -> dict[str, Any]:
    from ledger.canonical import parse

    told = parse(found.document, max_bytes=len(found.document))
    document: dict[str, Any] = {
        "project": wish.project,
        "agrees": not found.differences,
        "result": found.body.result,
        "reconciliation": told,
    }
    return document if repeated is None else document | {"repeats": repeated.result == found.body.result}
