"""``evidence record release``: a named version and exactly the commits it is made of, of one or more repositories."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from ledger.cli.output import clean, plural
from ledger.cli.recording.choices import by_option, fetch_option, recording_options, repository_option

if TYPE_CHECKING:
    from ledger.capture.git import Repository
    from ledger.cli.recording.recorder import Recorder
    from ledger.events.work import Source
    from ledger.making import NewContent

_RELEASE: Final = re.compile(r"[^@{}~^:\s]+@[^@{}~^:\s]+", re.ASCII)
"""What may be the name of a release; git's own words with the sign (``HEAD@{1}``) are none."""
_MEMBERS: Final = frozenset({"project", "repo", "commit", "previous", "first", "path", "repository"})


@dataclass(frozen=True, slots=True)
class _Named:
    """One source as the command line names it."""

    repo: Path
    commit: str
    previous: str | None
    """A tag, commit or release; None: the first release."""
    project: str | None
    """Name or id; None: the command's own project."""
    path: str | None
    repository: str | None


@click.command()
@click.option("--product", required=True, metavar="NAME", help="What is released.")
@click.option("--version", required=True, metavar="VERSION", help="Its version.")
@click.option("--commit", metavar="REF", default="HEAD", show_default=True, help="What is released, in the clone.")
@click.option(
    "--previous",
    metavar="REF|PRODUCT@VERSION",
    help="The release before: its tag or commit, or its name in the ledger.",
)
@click.option("--first", is_flag=True, help="There is no release before: all after the project's declared start.")
@click.option("--path", metavar="SCOPE", help="Only commits that touch this folder, for one product of many.")
@click.option("--artifact", "artifacts", multiple=True, metavar="FILE|NAME=sha256:...", help="What was built; repeat.")
@click.option(
    "--source",
    "sources",
    multiple=True,
    metavar="project=NAME,repo=PATH,commit=REF,previous=REF|PRODUCT@VERSION",
    help="Another repository's part (or first, path=SCOPE); repeat. Replaces nothing: the own clone comes first.",
)
@click.option("--repository", metavar="ID", help="Immutable id of the repository; in CI from the environment.")
@by_option
@repository_option
@fetch_option
@recording_options
@click.pass_context
def release(
    ctx: click.Context,
    *,
    product: str,
    version: str,
    commit: str,
    previous: str | None,
    first: bool,
    path: str | None,
    artifacts: tuple[str, ...],
    sources: tuple[str, ...],
    repository: str | None,
    by: str | None,
    repo: Path,
    fetch: bool,
    require_server: bool,
) -> None:
    """Record a release: product, version, commits and artifacts.

    The release before is a tag or commit of the clone, or a name that the ledger knows: then its commits end
    where that release was recorded to end.

    \b
      evidence record release --product shop --version 4.2.0 --previous v4.1.0 --artifact dist/shop.tar.gz
      evidence record release --product shop --version 4.2.0 --previous shop@4.1.0
    """
    from ledger.cli.recording.artifacts import read_artifacts
    from ledger.cli.recording.delivery import hand_in
    from ledger.cli.recording.recorder import open_recorder
    from ledger.cli.recording.wording import as_token
    from ledger.events.context import About
    from ledger.events.work import Release

    if (previous is None) == (not first):
        raise click.UsageError("either --previous REF|PRODUCT@VERSION or --first is required")
    if as_token(product) != product or as_token(version) != version or "@" in product + version:
        raise click.UsageError("product and version have letters, digits and ._:/+- and no @")
    named = [
        _Named(repo, commit, previous, None, path, repository),
        *(_read_source(text) for text in sources),
    ]
    with open_recorder(ctx) as recorder:
        found: list[Source] = []
        contents: list[NewContent] = []
        for number, item in enumerate(named):
            source, content = _source(
                recorder, item, "commits" if number == 0 else f"commits-{number + 1}", fetch=fetch
            )
            found.append(source)
            contents.append(content)
        actor, account = recorder.actor(by, started=True)
        body = Release(read_artifacts(artifacts), product, tuple(found), version)
        about = About(release=f"{product}@{version}")
        parcel = recorder.seal(body, [*contents, *account], actor, about=about)
        count = sum(source.commit_count for source in found)
        words = (
            f"release {clean(product, 60)}@{clean(version, 60)}"
            f" ({plural(count, 'commit')}, {plural(len(body.artifacts), 'artifact')})"
        )
        if count == 0:
            recorder.session.output.warn("the release has no commit: nothing lies between it and the one before")
        hand_in(ctx, recorder, [(parcel, words)], require_server=require_server, further={"commit_count": count})


def _read_source(text: str) -> _Named:
    members: dict[str, str] = {}
    for part in text.split(","):
        name, _, value = part.partition("=")
        if name not in _MEMBERS or name in members or (not value and name != "first"):
            raise click.UsageError(f"--source has no {name!r} like this; its parts are {', '.join(sorted(_MEMBERS))}")
        members[name] = value
    if "repo" not in members or "project" not in members or ("previous" in members) == ("first" in members):
        raise click.UsageError("--source needs project=, repo=, and either previous= or first")
    folder = Path(members["repo"])
    if not folder.is_dir():
        raise click.UsageError(f"--source: {members['repo']!r} is no folder")
    return _Named(
        folder,
        members.get("commit", "HEAD"),
        members.get("previous"),
        members["project"],
        members.get("path"),
        members.get("repository"),
    )


def _source(recorder: Recorder, named: _Named, content: str, *, fetch: bool) -> tuple[Source, NewContent]:
    from ledger.capture.git import open_repository, resolve_commit
    from ledger.capture.history import commit_range, with_history
    from ledger.cli.recording.commitlist import list_commits
    from ledger.cli.recording.wording import as_token
    from ledger.events.work import Source
    from ledger.making import new_content

    project = recorder.project() if named.project is None else _project(recorder, named.project)
    with open_repository(named.repo) as repository:
        released = None if named.previous is None else _released(recorder, named, project)
        after = _start(recorder, project) if named.previous is None else released or named.previous

        def read() -> tuple[str, str | None, tuple[str, ...]]:
            tip = resolve_commit(repository, named.commit)
            before = None if after is None else _resolved(recorder, repository, after)
            return tip, before, commit_range(repository, tip, previous=before, path=named.path)

        tip, before, ids = with_history(repository, read, fetch=fetch)
        source = Source(
            commit=tip,
            commit_count=len(ids),
            commits=content,
            project=project,
            repository=as_token(named.repository) or _identity(recorder, repository, project),
            path=as_token(named.path),
            previous=before if named.previous is not None else None,
            start=True if named.previous is None else None,
        )
        return source, new_content(content, list_commits(repository, ids))


def _released(recorder: Recorder, named: _Named, project: str) -> str | None:
    """The commit of the release that is named, in one project; None: the ledger knows none of that name.

    What the ledger says comes before a tag of the same name: tags move.

    Raises:
        NotFoundError: ``no-such-release``: it has no part of this project.
    """
    from ledger.cli.recording.earlier import find_release
    from ledger.cli.recording.wording import as_token
    from ledger.errors import NotFoundError
    from ledger.events.work import Release

    name = named.previous or ""
    found = find_release(recorder, name) if _RELEASE.fullmatch(name) else None
    if found is None or not isinstance(found.event.body, Release):
        return None
    parts = [source for source in found.event.body.sources if source.project == project]
    # A repository may stand in a release once for each of its paths.
    parts = [source for source in parts if source.path == as_token(named.path)] or parts
    if not parts:
        raise NotFoundError(
            "no-such-release",
            "the release before has no part of this project",
            details={"previous": name, "project": project},
            remedy="Name the tag or commit after which this project's part begins, or --first.",
        )
    return parts[0].commit


def _resolved(recorder: Recorder, repository: Repository, name: str) -> str:
    """The commit that ``name`` is in the clone.

    Raises:
        NotFoundError: there is none; of a release's name ``no-such-release``. UnavailableError: ``server-needed``.
    """
    from ledger.capture.git import resolve_commit
    from ledger.errors import NotFoundError, UnavailableError

    try:
        return resolve_commit(repository, name)
    except NotFoundError:
        if not _RELEASE.fullmatch(name):
            raise
    if recorder.known() is None:
        raise UnavailableError(
            "server-needed",
            "no tag or commit of the clone is called so, and the server cannot be asked whether a release is",
            details={"previous": name, "cause": recorder.unreachable.slug},
            remedy="Give the tag or commit of the release before, or run this again later.",
        )
    raise NotFoundError(
        "no-such-release",
        "no release of the ledger is called so, and no tag or commit of the clone",
        details={"previous": name},
        remedy="See which releases are recorded: evidence log --kind release. Or give a commit or tag of the clone.",
    )


def _project(recorder: Recorder, text: str) -> str:
    kept = recorder.remembered.project(text)
    if kept is not None:
        return kept
    known = recorder.known()
    if known is None:
        raise click.UsageError(
            "--source names a project that only the server knows, and it does not answer: give its id"
        )
    return known.project(text).id


def _start(recorder: Recorder, project: str) -> str | None:
    """The declared start of the project; None: all of its history counts.

    Raises:
        UnavailableError: ``server-needed``; which commits a first release has, only the roster tells.
    """
    from ledger.errors import UnavailableError

    known = recorder.known()
    if known is None:
        raise UnavailableError(
            "server-needed",
            "which commits a first release has follows from the project's declared start, which the server knows",
            details={"cause": recorder.unreachable.slug},
            remedy="Run this again when the server answers.",
        )
    return known.roster.projects[project].start


def _identity(recorder: Recorder, repository: Repository, project: str) -> str:
    """The repository's immutable id: the forge's, else its address, else the project's id."""
    from ledger.capture.git import remote_url
    from ledger.cli.recording.wording import as_token

    ci = recorder.ci
    if project == recorder.project() and ci.repository_id is not None:
        named = as_token(f"{ci.repository_host or ci.system}/{ci.repository_id.strip('{}')}")
        if named is not None:
            return named
    address = remote_url(repository)
    bare = None if address is None else re.sub(r"^[a-z+]+://", "", address).removesuffix(".git")
    # A path of this machine is nobody else's name for the repository.
    usable = bare is not None and not bare.startswith(("/", ".")) and "/" in bare
    return (as_token(bare) if usable else None) or project
