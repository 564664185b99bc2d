"""``evidence policy``: the rules in force, as one document that is set by an act."""

from __future__ import annotations

from pathlib import Path

import click

from ledger.cli.options import client_options, project_option, signing_options


def default_policy() -> bytes:
    """The policy of a new ledger, in canonical JSON."""
    from ledger.policies.presets import preset

    return preset("startup")


@click.group()
def policy() -> None:
    """The policy: which rules are assessed, with which parameters. Verdicts name it by its digest."""


@policy.command("set")
@click.argument("file", required=False, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--default", "from_default", is_flag=True, help="The policy of a new ledger, in place of FILE.")
@click.option(
    "--in", "projects", multiple=True, metavar="PROJECT", help="Only there; default: wherever none of its own is."
)
@signing_options
@client_options
@click.pass_context
def set_(ctx: click.Context, *, file: Path | None, from_default: bool, projects: tuple[str, ...]) -> None:
    """Set the policy in FILE (JSON, or TOML if its name ends so) in force."""
    from ledger.cli.acting import Step, perform, tell
    from ledger.cli.session import open_session
    from ledger.digests import digest_bytes
    from ledger.events.roster import PolicySet
    from ledger.events.shape import OpenObject
    from ledger.roster.state import policy_at

    if (file is None) != from_default:
        raise click.UsageError("name a FILE, or give --default")
    data = default_policy() if file is None else _read(file)
    with open_session(ctx) as session:
        known = session.directory()
        ids = tuple(sorted({known.project(project).id for project in projects})) or None
        everywhere = [one for one in known.roster.policies if one.projects is None]
        now = [policy_at(known.roster, one, known.position) for one in ids] if ids else everywhere[-1:]
        if now and all(one is not None and one.digest == digest_bytes(data) for one in now):
            session.output.answer({"acts": []}, ["This policy is in force there already; nothing was signed."])
            return
        tell(session, perform(session, known, [Step(PolicySet(OpenObject(data), ids))]))


@policy.command()
@click.option("--default", "from_default", is_flag=True, help="The policy of a new ledger; the server is not asked.")
@project_option
@client_options
@click.pass_context
def show(ctx: click.Context, *, from_default: bool) -> None:
    """The policy in force, for --project or in general, as JSON that `policy set` takes."""
    import json

    from ledger.canonical import parse
    from ledger.cli.options import output, settings
    from ledger.cli.session import open_session
    from ledger.digests import digest_bytes
    from ledger.errors import NotFoundError
    from ledger.roster.state import policy_at

    if from_default:
        data = default_policy()
        value = parse(data, max_bytes=len(data))
        output(ctx).answer(
            {"policy_digest": digest_bytes(data), "policy": value}, json.dumps(value, indent=2).split("\n")
        )
        return
    with open_session(ctx) as session:
        known = session.directory()
        if settings(ctx).project is not None:
            found = policy_at(known.roster, session.project_id(known), known.position)
        else:
            found = next((one for one in reversed(known.roster.policies) if one.projects is None), None)
        if found is None:
            raise NotFoundError("no-policy", "no policy is in force there", remedy="evidence policy set --default")
        value = parse(found.data, max_bytes=len(found.data))
        document = {
            "policy_digest": found.digest,
            "since": found.since,
            "projects": found.projects,
            "envelope": found.envelope,
            "policy": value,
        }
        session.output.note(f"policy digest {found.digest}, in force from position {found.since}")
        session.output.answer(document, json.dumps(value, indent=2, ensure_ascii=True).split("\n"))


def _read(file: Path) -> bytes:
    """The policy in a file, in canonical JSON, once its rules were understood."""
    import tomllib
    from typing import cast

    from ledger.canonical import Encodable, encode, parse
    from ledger.errors import FormatError
    from ledger.events.roster import MAX_POLICY_BYTES
    from ledger.rules.policy import parse_policy

    data = file.read_bytes()
    if file.suffix == ".toml":
        try:
            value = tomllib.loads(data.decode("utf-8"))
        except (UnicodeDecodeError, tomllib.TOMLDecodeError):
            raise FormatError("bad-policy", "the file is not TOML", details={"path": str(file)}) from None
    else:
        value = cast("dict[str, object]", parse(data, max_bytes=4 * MAX_POLICY_BYTES))
    try:
        canonical = encode(cast("Encodable", value))
    except ValueError:
        raise FormatError("bad-policy", "a policy holds texts, whole numbers, true, false, arrays and tables") from None
    parse_policy(canonical)
    return canonical
