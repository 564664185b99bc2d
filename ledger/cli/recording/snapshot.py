"""``evidence record snapshot``: how refs were protected when somebody looked."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ledger.cli.output import clean, plural
from ledger.cli.recording.choices import recording_options

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ledger.capture.protection import ProtectionEndpoint
    from ledger.cli.output import Output
    from ledger.events.forge import Protection


@click.command()
@click.argument("settings_file", metavar="FILE", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--branch", metavar="NAME", help="The branch that was asked for: main.")
@click.option(
    "--endpoint",
    type=click.Choice(("github-protection", "github-rules", "gitlab-protected-branches")),
    help="Whose answer it is; needed for an empty list alone.",
)
@click.option("--changed-by", metavar="WHO", help="Who changed the protection, where the forge's audit log says so.")
@recording_options
@click.pass_context
def snapshot(
    ctx: click.Context,
    *,
    settings_file: Path,
    branch: str | None,
    endpoint: ProtectionEndpoint | None,
    changed_by: str | None,
    require_server: bool,
) -> None:
    """Record how refs are protected, from what the forge's settings endpoint answers. It is kept byte for byte.

    \b
      gh api repos/ACME/shop/branches/main/protection > p.json; evidence record snapshot p.json
      gh api repos/ACME/shop/rules/branches/main > r.json; evidence record snapshot r.json --branch main
      glab api projects/42/protected_branches > g.json; evidence record snapshot g.json --branch main
    """
    from ledger.cli.recording.delivery import hand_in
    from ledger.cli.recording.recorder import open_recorder
    from ledger.events.forge import ControlSnapshot
    from ledger.making import new_content

    data = settings_file.read_bytes()
    with open_recorder(ctx) as recorder:
        refs = _protections(recorder.session.output, data, endpoint, branch)
        body = ControlSnapshot(refs, None if changed_by is None else recorder.principal(changed_by))
        actor, account = recorder.actor(None, started=False)
        parcel = recorder.seal(body, [new_content("settings", data), *account], actor)
        guarded = sum(item.protected for item in refs)
        words = f"protection of {plural(len(refs), 'ref')} ({guarded} protected): {clean(refs[0].ref, 80)}"
        hand_in(ctx, recorder, [(parcel, words)], require_server=require_server)


def _protections(
    out: Output, data: bytes, endpoint: ProtectionEndpoint | None, branch: str | None
) -> tuple[Protection, ...]:
    """What the forge showed, at least one ref."""
    from ledger.capture.protection import parse_protection

    found = parse_protection(data, endpoint=endpoint, branch=branch)
    refs = found.refs
    if found.endpoint == "gitlab-protected-branches":
        # All of them: whether one that is not named is protected, patterns decide.
        refs = _listed(out, parse_protection(data, endpoint=endpoint).refs, branch)
    if not refs:
        raise click.UsageError("the file tells of no ref: say with --branch, and --endpoint, what was asked for")
    return refs


def _listed(out: Output, listed: Sequence[Protection], branch: str | None) -> tuple[Protection, ...]:
    """The branches of GitLab's whole list, and ``branch`` as its entry, the one pattern for it, or none shows it."""
    from dataclasses import replace

    from ledger.events.forge import Protection

    named = tuple(item for item in listed if "*" not in item.ref)
    ref = f"refs/heads/{branch}"
    if branch is None or any(item.ref == ref for item in named):
        if len(named) < len(listed):
            out.note(f"{plural(len(listed) - len(named), 'pattern')} left to the kept file: an event names refs alone")
        return named
    covering = [item for item in listed if _covers(item.ref, ref)]
    if len(covering) > 1:
        out.warn(f"several patterns cover {clean(branch, 60)}: what holds for it, only the kept file shows")
        return named
    return (*named, replace(covering[0], ref=ref) if covering else Protection(protected=False, ref=ref))


def _covers(pattern: str, ref: str) -> bool:
    """Whether a pattern of GitLab's, in which only the star is special, is one for ``ref``."""
    return fnmatchcase(ref, re.sub(r"([?\[])", r"[\1]", pattern))
