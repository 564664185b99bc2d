"""``evidence policy``: which rules hold, with which parameters: shown, compared, tried, checked and set by an act."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from ledger.cli.options import client_options, output, output_options, project_option, settings, signing_options

if TYPE_CHECKING:
    from ledger.cli.assessing import Assessed
    from ledger.rules.policy import PolicyRules
    from ledger.rules.verdict import Assessment

_SOURCES: Final = "FILE|PRESET|in-force|DIGEST"
_PRESETS: Final = click.Choice(["startup", "regulated", "pci", "sox"])


@click.group()
def policy() -> None:
    """The policy: which rules are assessed, with which parameters. Verdicts name it by its digest.

    \b
    The way to a new one:
      evidence policy show regulated            read a ready one in plain sentences
      evidence policy show --yaml regulated > policy.yaml
      evidence policy check policy.yaml         after editing
      evidence policy diff in-force policy.yaml
      evidence policy try policy.yaml --from 2026-07-01
      evidence policy set policy.yaml
    """


@policy.command("set")
@click.argument("file", required=False, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--preset", "name", type=_PRESETS, help="A ready policy, in place of FILE.")
@click.option("--default", "from_default", is_flag=True, help="The same as --preset startup.")
@click.option(
    "--in", "projects", multiple=True, metavar="PROJECT", help="Only there; default: wherever none of its own is."
)
@signing_options
@client_options
@click.pass_context
def set_(
    ctx: click.Context, *, file: Path | None, name: str | None, from_default: bool, projects: tuple[str, ...]
) -> None:
    """Set the policy in FILE (YAML, JSON or TOML, by the end of its name) in force."""
    from ledger.cli.acting import Step, perform, tell
    from ledger.cli.output import plural
    from ledger.cli.policyfile import read_policy_file
    from ledger.cli.session import open_session
    from ledger.digests import digest_bytes
    from ledger.events.roster import PolicySet
    from ledger.events.shape import OpenObject
    from ledger.policies.presets import preset
    from ledger.roster.state import policy_at
    from ledger.rules.advice import advice
    from ledger.rules.difference import differences
    from ledger.rules.policy import parse_policy

    ready = name or ("startup" if from_default else None)
    if (file is None) == (ready is None):
        raise click.UsageError("name a FILE, or give --preset")
    data = preset(ready) if file is None and ready is not None else read_policy_file(Path(str(file))).data
    with open_session(ctx) as session:
        for sentence in advice(parse_policy(data)):
            session.output.warn(sentence)
        known = session.directory()
        ids = tuple(sorted({known.project(project).id for project in projects})) or None
        everywhere = [one for one in known.roster.policies if one.projects is None]
        now = [policy_at(known.roster, one, known.position) for one in ids] if ids else everywhere[-1:]
        if now and all(one is not None and one.digest == digest_bytes(data) for one in now):
            session.output.answer({"acts": []}, ["This policy is in force there already; nothing was signed."])
            return
        for one in now:
            if one is not None:
                count = plural(len(differences(parse_policy(one.data), parse_policy(data))), "difference")
                words = f"evidence policy diff {one.digest} {ready or file}"
                session.output.note(f"{count} from the policy that was in force there, in words: {words}")
        tell(session, perform(session, known, [Step(PolicySet(OpenObject(data), ids))]))


@policy.command()
@click.argument("source", metavar=f"[{_SOURCES}]", default="in-force")
@click.option("--yaml", "as_file", is_flag=True, help="As a file to edit and set; a ready policy with its comments.")
@click.option("--default", "from_default", is_flag=True, help="The same as: show startup.")
@project_option
@client_options
@click.pass_context
def show(ctx: click.Context, source: str, *, as_file: bool, from_default: bool) -> None:
    """A policy in plain sentences; default: the one in force, for --project or in general."""
    import json

    from ledger.canonical import parse
    from ledger.cli.policysource import named_policy
    from ledger.cli.policywords import policy_document, policy_lines
    from ledger.policies.presets import PRESETS, preset_yaml
    from ledger.rules.controls import supported_by
    from ledger.rules.plain import in_plain_words

    wanted = "startup" if from_default else source
    found = named_policy(ctx, wanted)
    value = parse(found.data, max_bytes=len(found.data))
    document = {"policy_digest": found.rules.digest}
    if found.held is not None:
        held = found.held
        document |= {"since": held.since, "projects": held.projects, "envelope": held.envelope}  # type: ignore[dict-item]
        output(ctx).note(f"{found.source}, in force from position {held.since}")
    told, controls = in_plain_words(found.rules), supported_by(found.rules)
    if as_file:
        # JSON is YAML too, so what has no comments is written as that.
        text = preset_yaml(wanted) if wanted in PRESETS else json.dumps(value, indent=2)
        lines = text.replace("../../docs/policy.schema.json", "policy.schema.json").rstrip("\n").split("\n")
    else:
        lines = policy_lines(told, controls)
    output(ctx).answer(document | {"policy": value, "in_words": policy_document(told, controls)}, lines)


@policy.command()
@click.argument("old", metavar="A")
@click.argument("new", metavar="B")
@project_option
@client_options
@click.pass_context
def diff(ctx: click.Context, old: str, new: str) -> None:
    """What policy B asks for otherwise than policy A, in words; each a FILE, PRESET, in-force or DIGEST.

    Exit 0: they ask for the same. 3: they differ.
    """
    from ledger import exitcodes
    from ledger.cli.policysource import named_policy
    from ledger.cli.policywords import difference_document, difference_lines
    from ledger.rules.difference import differences

    one, other = named_policy(ctx, old), named_policy(ctx, new)
    found = differences(one.rules, other.rules)
    document = {"before": one.rules.digest, "after": other.rules.digest, "differences": difference_document(found)}
    output(ctx).answer(document, difference_lines(found))
    if found:
        ctx.exit(exitcodes.NEGATIVE)


@policy.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@output_options
@click.pass_context
def check(ctx: click.Context, file: Path) -> None:
    """Whether FILE is a policy that this version reads; the line of the first fault, if it is YAML.

    A policy that is read may still not mean what its author thinks: a misspelt risk class, one that never applies,
    approvals that open nothing. That is told too, and the exit status stays 0.
    """
    from ledger.cli.output import clean, plural
    from ledger.cli.policyfile import read_policy_file
    from ledger.cli.policywords import advice_lines
    from ledger.rules.advice import advice

    found = read_policy_file(file)
    rules = found.rules
    told = advice(rules)
    on = [item.rule.id for item in rules.rules]
    output(ctx).answer(
        {"policy_digest": rules.digest, "name": rules.name, "rules_on": on, "advice": list(told)},
        [
            f"{clean(rules.name)}: {plural(len(rules.rules), 'rule')} on, policy digest {rules.digest}",
            *advice_lines(told),
        ],
    )


@policy.command()
@output_options
@click.pass_context
def schema(ctx: click.Context) -> None:
    """The JSON Schema of policies, for editors: evidence policy schema > policy.schema.json."""
    import json

    from ledger.rules.policyschema import policy_schema

    found = policy_schema()
    output(ctx).answer(found, json.dumps(found, indent=2).split("\n"))


@policy.command("try")
@click.argument("source", metavar=_SOURCES)
@click.argument("target", metavar="[RELEASE|CHANGE|BUNDLE]", required=False)
@click.option("--from", "start", metavar="DAY|TIME|POSITION", help="A period: its first day (UTC), or where it begins.")
@click.option(
    "--to", "end", metavar="DAY|TIME|POSITION", help="Its last day, in it; or where it ends; default: latest entry."
)
@click.option("--summary", is_flag=True, help="How much would be blocked, and by which rules; no sentences.")
@project_option
@client_options
@click.pass_context
def try_(
    ctx: click.Context, source: str, target: str | None, start: str | None, end: str | None, *, summary: bool
) -> None:
    """Which verdicts on what was recorded would change under another policy than the one in force; sets nothing.

    \b
    Examples:
      evidence policy try policy.yaml                     everything recorded
      evidence policy try pci --from 2026-07-01 --to 2026-09-30
      evidence policy try regulated payments@4.2.0
      evidence policy try policy.yaml payments-4.2.0.evidence.zip --anchor ledger.pub
    """
    from ledger.cli.policysource import named_policy
    from ledger.cli.policywords import blocked_document, turned_document, turned_lines
    from ledger.rules.difference import blocked_subjects, turned_verdicts

    if target is not None and (start is not None or end is not None):
        raise click.UsageError("name a release, a change or a bundle file; or a period with --from and --to")
    other = named_policy(ctx, source).rules
    found = _recorded(ctx, target, start, end)
    again = _assessed(found, other)
    both = (found.assessment, found.policy, again, other)
    turned, blocked = turned_verdicts(*both), blocked_subjects(*both)
    document = {
        "subject": found.assessment.subject,
        "position": found.assessment.position,
        "as_of": found.assessment.as_of,
        "before": found.policy.digest,
        "after": other.digest,
        "blocked": blocked_document(blocked),
        "turned": turned_document(turned, found.parties),
    }
    output(ctx).note(
        f"{found.assessment.subject}, position {found.assessment.position}: under {other.name}, not {found.policy.name}"
    )
    output(ctx).answer(document, turned_lines(turned, blocked, found.parties, summary=summary))


def _recorded(ctx: click.Context, target: str | None, start: str | None, end: str | None) -> Assessed:
    """What was recorded, assessed by the policy in force."""
    from ledger.cli.assessing import change_now, of_bundle
    from ledger.cli.releases import bundle_in, fetch_period, fetch_release, open_bundle
    from ledger.cli.session import open_session

    if target is not None and Path(target).is_file():
        return of_bundle(open_bundle(bundle_in(Path(target).read_bytes()), settings(ctx).anchor_line))
    with open_session(ctx) as session:
        # A project that does not exist is refused, whatever is tried.
        project = settings(ctx).project
        projects = () if project is None else (session.project_id(session.directory()),)
        if target is None:
            return of_bundle(fetch_period(session, start, end, projects))
        if "@" in target:
            return of_bundle(fetch_release(session, target))
        return change_now(session, session.project_id(session.directory()), target)


def _assessed(found: Assessed, other: PolicyRules) -> Assessment:
    """The same subject by another policy, at the same position and time."""
    from ledger.dossier.facts import ChangeDossier, ReleaseDossier
    from ledger.rules.assess import assess_change, assess_period, assess_release

    as_of = found.assessment.as_of
    match found.dossier:
        case ChangeDossier() as change:
            return assess_change(change, other, as_of)
        case ReleaseDossier() as release:
            return assess_release(release, other, as_of)
        case period:
            return assess_period(period, other, as_of)
