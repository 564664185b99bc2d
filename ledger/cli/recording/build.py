"""``evidence record build``: artifacts were made of a commit, as provenance says or as the pipeline saw."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ledger.cli.output import clean, plural
from ledger.cli.recording.choices import recording_options, repository_option

if TYPE_CHECKING:
    from ledger.capture.ci import CiContext
    from ledger.capture.provenance import Provenance
    from ledger.events.operation import Build
    from ledger.events.work import Artifact
    from ledger.making import NewContent


@click.command()
@click.option(
    "--artifact", "artifacts", multiple=True, metavar="[NAME=]FILE|NAME=sha256:...", help="What was built; repeat."
)
@click.option("--commit", metavar="REF", help="Of what; by default HEAD, with --provenance what that says.")
@click.option("--builder", metavar="TEXT", help="What built it; by default the CI system.")
@click.option(
    "--provenance",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="SLSA provenance, version 1: a statement, an envelope, a Sigstore bundle, or an answer of GitHub's.",
)
@repository_option
@recording_options
@click.pass_context
def build(
    ctx: click.Context,
    *,
    artifacts: tuple[str, ...],
    commit: str | None,
    builder: str | None,
    provenance: Path | None,
    repo: Path,
    require_server: bool,
) -> None:
    """Record a build. Provenance is kept byte for byte; whether its builder signed it, that builder's tools tell.

    \b
      evidence record build --artifact dist/shop.tar.gz --artifact shop=sha256:9f86...
      evidence record build --provenance shop.intoto.jsonl
    """
    from ledger.cli.recording.delivery import hand_in
    from ledger.cli.recording.recorder import open_recorder
    from ledger.events.context import About
    from ledger.making import new_content

    if (provenance is None) != bool(artifacts):
        raise click.UsageError("either --artifact or --provenance is required, which names its artifacts itself")
    with open_recorder(ctx) as recorder:
        contents: list[NewContent] = []
        if provenance is None:
            bodies = [_observed(artifacts, commit or "HEAD", builder, repo, recorder.ci)]
        else:
            data = provenance.read_bytes()
            contents = [new_content("provenance", data)]
            bodies = _stated(data, commit, builder, repo)
            recorder.session.output.note("signatures in the provenance were not verified here")
        actor, account = recorder.actor(None, started=False)
        parcels = []
        for body in bodies:
            about = About(tree=_tree(repo, body.commit))
            made = f"build of {plural(len(body.artifacts), 'artifact')} of {body.commit[:12]}"
            words = f"{made} by {clean(body.builder, 80)}"
            parcels.append((recorder.seal(body, [*contents, *account], actor, about=about), words))
        hand_in(ctx, recorder, parcels, require_server=require_server)


def _observed(artifacts: tuple[str, ...], commit: str, builder: str | None, repo: Path, ci: CiContext) -> Build:
    from ledger.cli.recording.artifacts import read_artifacts
    from ledger.cli.recording.named import format_of, named_commit
    from ledger.events.operation import Build

    named = builder or (None if ci.system == "none" else ci.system)
    if named is None:
        raise click.UsageError("--builder is required: this is no CI system that is known")
    built = named_commit(commit, repo)
    return Build(read_artifacts(artifacts), named, built, format_of(built), "observed")


def _stated(data: bytes, commit: str | None, builder: str | None, repo: Path) -> list[Build]:
    """A build for each statement, of the commit that it names itself as far as it names one."""
    from ledger.capture.provenance import parse_provenance
    from ledger.cli.recording.named import format_of, named_commit
    from ledger.events.operation import Build

    if builder is not None:
        raise click.UsageError("--provenance names its builder itself")
    told = None if commit is None else named_commit(commit, repo)
    builds = []
    for found in parse_provenance(data).found:
        built = _commit(found, told)
        builds.append(Build(_artifacts(found), found.builder, built, format_of(built), "provenance"))
    return builds


def _artifacts(found: Provenance) -> tuple[Artifact, ...]:
    from ledger.cli.recording.wording import as_token
    from ledger.events.work import Artifact

    # What its builder gave no usable name is called by its digest.
    each = (Artifact(as_token(item.name) or item.digest, item.digest) for item in found.artifacts)
    return tuple(dict.fromkeys(each))


def _commit(found: Provenance, told: str | None) -> str:
    stated = [found.commit] if found.commit is not None else [source.commit for source in found.sources]
    if told is None and len(stated) == 1:
        return stated[0]
    if told is None:
        raise click.UsageError("--commit is required: the provenance does not say which commit was built")
    if stated and told not in stated:
        raise click.UsageError("--commit is another one than the provenance names")
    return told


def _tree(repo: Path, commit: str) -> str | None:
    """Tree of the commit; None where no clone has it."""
    from ledger.capture.commits import tree_of
    from ledger.capture.git import open_repository
    from ledger.errors import LedgerError

    with suppress(LedgerError, OSError), open_repository(repo) as repository:
        return tree_of(repository, commit)
    return None
