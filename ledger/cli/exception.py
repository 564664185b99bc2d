"""``evidence exception``: a declared departure from rules, signed by who asks for it, online or not."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from ledger.cli.options import client_options, outbox_option, project_option, signing_options
from ledger.cli.output import clean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ledger.cli.lastgate import LastGate
    from ledger.cli.recording.recorder import Recorder
    from ledger.digests import Digest
    from ledger.events.context import About

DEFAULT_HOURS: Final = 24
MOST_HOURS: Final = 24 * 31
MISSING_APPROVAL: Final = ("SOD-01", "SOD-05", "APP-01", "APP-05")


@dataclass(frozen=True, slots=True)
class _Subject:
    """What the exception is for."""

    project: str
    about: About
    title: str
    commit: str | None
    manifest: Digest | None
    tree: str | None
    release: Digest | None
    policy: Digest | None
    rules: tuple[str, ...]
    beyond: tuple[str, ...] = ()
    """Rules that shut the gate too, and that nothing excepts."""


@click.command()
@click.option("--reason", metavar="TEXT|-", help="Why; - reads standard input. Kept beside the log.", required=True)
@click.option("--incident", metavar="ID", help="The incident or outage that it is for.")
@click.option(
    "--cause",
    type=click.Choice(("emergency", "outage", "accepted-risk")),
    help="By default emergency with an incident, else accepted-risk.",
)
@click.option("--rule", "rules", multiple=True, metavar="ID", help="From which rule; by default those that blocked.")
@click.option("--change", metavar="ID", help="The change; by default that of the last gate for what is checked out.")
@click.option("--release", "release_name", metavar="PRODUCT@VERSION", help="A release in place of a change.")
@click.option("--environment", metavar="NAME", help="Only for deployments there.")
@click.option("--base", metavar="COMMIT", help="What the change is compared with, where no gate ran before.")
@click.option(
    "--expires-in", type=click.IntRange(1, MOST_HOURS), default=DEFAULT_HOURS, show_default=True, help="Hours."
)
@click.option(
    "--repo", type=click.Path(path_type=Path, exists=True, file_okay=False), default=Path(), help="The clone."
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--require-server", is_flag=True, help="Exit 5 unless the server has it.")
@outbox_option
@signing_options
@project_option
@client_options
@click.pass_context
def exception(
    ctx: click.Context,
    *,
    reason: str,
    incident: str | None,
    cause: str | None,
    rules: tuple[str, ...],
    change: str | None,
    release_name: str | None,
    environment: str | None,
    base: str | None,
    expires_in: int,
    repo: Path,
    yes: bool,
    require_server: bool,
) -> None:
    """Declare that rules are departed from, for exactly one content, until it expires.

    \b
      evidence exception --incident INC-311 --reason "payments are down"
      evidence exception --release shop@4.2.0 --incident INC-311 --reason "payments are down"

    Rules and subject come from what is checked out and the last gate on this machine, so it works while the server is
    down; that of a release covers the changes in it that shut its gate. The rules stay failed; the exception stands
    beside them in every pack. Another person must review it afterwards: evidence approve --exception ENTRY --meaning
    review.
    """
    from ledger.cli.output import ask_to_sign
    from ledger.cli.recording.delivery import hand_in
    from ledger.cli.recording.recorder import open_recorder
    from ledger.cli.recording.wording import as_label
    from ledger.events.context import Actor
    from ledger.events.governance import DeclaredException
    from ledger.making import new_content

    with open_recorder(ctx) as recorder:
        me = recorder.me()
        if me is None:
            raise recorder.unreachable
        subject = _subject(recorder, repo, change, release_name, base, rules)
        until = (datetime.now(UTC) + timedelta(hours=expires_in)).isoformat(timespec="seconds").replace("+00:00", "Z")
        body = DeclaredException(
            cause=cause or ("emergency" if incident is not None else "accepted-risk"),
            expires_at=until,
            rules=subject.rules,
            commit=subject.commit,
            environment=None if environment is None else as_label(environment),
            incident=incident,
            manifest=subject.manifest,
            policy=subject.policy,
            release=subject.release,
            tree=subject.tree,
        )
        shown = [
            f"You declare an exception for {clean(subject.title, 200)}:",
            f"  rules    {', '.join(subject.rules)}",
            f"  content  {subject.manifest or subject.tree or subject.release}",
            f"  cause    {body.cause}" + ("" if incident is None else f", {clean(incident, 128)}"),
            f"  until    {until}",
            *(["  covers   the changes in it too, which landed"] if subject.release is not None else []),
            *(f"  not from {rule}: nothing excepts it" for rule in subject.beyond),
            "  The rules stay failed; another person must review this afterwards.",
        ]
        for line in shown:
            click.echo(line, err=True)
        if not yes:
            ask_to_sign("Sign it?")
        text = sys.stdin.read() if reason == "-" else reason
        content = new_content("reason", text.encode("utf-8", "replace"), "text/plain")
        parcel = recorder.seal(
            body, [content], Actor(principal=me.principal), about=subject.about, project=subject.project
        )
        words = f"exception for {clean(subject.title, 80)} until {until}"
        further = {"rules": list(subject.rules), "expires_at": until, "cause": body.cause}
        (index,) = hand_in(ctx, recorder, [(parcel, words)], require_server=require_server, further=further)
        # By its number once it has one; the digest is told whole, as it is looked up by all of it.
        _tell_what_follows(recorder, subject, parcel.envelope.digest if index is None else str(index))


def _subject(
    recorder: Recorder,
    repo: Path,
    change: str | None,
    release_name: str | None,
    base: str | None,
    rules: tuple[str, ...],
) -> _Subject:
    from ledger.cli.lastgate import recall_gates

    session = recorder.session
    known = recall_gates(session.settings.cache, session.anchor.ledger)
    if release_name is not None:
        return _of_release(recorder, known, release_name, rules)
    return _of_change(recorder, known, repo, change, base, rules)


def _of_release(recorder: Recorder, known: Sequence[LastGate], release_name: str, rules: tuple[str, ...]) -> _Subject:
    from ledger.cli.recording.named import named_release
    from ledger.events.context import About

    last = next((item for item in reversed(known) if item.release == release_name), None)
    if last is None and not rules:
        last = _asked_now(recorder, "deploy", release_name)
    envelope = None if last is None else last.envelope
    if envelope is None:
        envelope, _ = named_release(recorder, release_name)
    found, beyond = _rules(rules, last)
    return _Subject(
        project=recorder.project() if last is None else last.project,
        about=About(release=release_name),
        title=f"release {release_name}",
        commit=None,
        manifest=None,
        tree=None,
        release=envelope,
        policy=None if last is None else last.policy,
        rules=found,
        beyond=beyond,
    )


def _asked_now(recorder: Recorder, gate: str, name: str) -> LastGate:
    """What a gate would say now; nothing is recorded.

    Raises:
        click.UsageError: the server cannot be reached, and no gate was asked on this machine.
    """
    from ledger.cli.gating import Wanted, ask, remembered
    from ledger.errors import UnavailableError

    session = recorder.session
    try:
        project = session.project_id(session.directory())
        release, change = (name, None) if gate == "deploy" else (None, name)
        return remembered(ask(session, Wanted(gate, project, change, release, None, None)))
    except UnavailableError:
        more = "--rule" if gate == "deploy" else "--base and --rule"
        raise click.UsageError(
            f"no gate was asked about it on this machine, and the server cannot be reached: give {more}"
        ) from None


def _of_change(
    recorder: Recorder,
    known: Sequence[LastGate],
    repo: Path,
    change: str | None,
    base: str | None,
    rules: tuple[str, ...],
) -> _Subject:
    from ledger.capture.changes import read_change
    from ledger.capture.git import open_repository, resolve_commit
    from ledger.events.context import About

    with open_repository(repo) as repository:
        head = resolve_commit(repository, recorder.ci.head_sha or "HEAD")
        last = next((item for item in reversed(known) if item.head == head and change in (None, item.change)), None)
        number = change or recorder.ci.change
        start = base or recorder.ci.base_sha
        if last is None and number is not None and not (rules and start):
            asked = _asked_now(recorder, "merge", number)
            if asked.head is not None and head not in (asked.head, None):
                raise click.UsageError(_other_head(number, head, asked.head))
            last = asked if asked.head is not None else None
        if last is not None:
            found, beyond = _rules(rules, last)
            return _Subject(
                project=last.project,
                about=About(change=last.change, revision=last.revision or None, tree=last.tree),
                title=f"change {last.change} at {head[:12]}",
                commit=head,
                manifest=last.manifest,
                tree=last.tree,
                release=None,
                policy=last.policy,
                rules=found,
                beyond=beyond,
            )
        if number is None or start is None:
            raise click.UsageError(_nothing_known(known))
        content = read_change(repository, resolve_commit(repository, start), head)
    return _Subject(
        project=recorder.project(),
        about=About(change=number, tree=content.tree),
        title=f"change {number} at {head[:12]}",
        commit=head,
        manifest=content.digest,
        tree=content.tree,
        release=None,
        policy=None,
        rules=_rules(rules, None)[0],
    )


def _nothing_known(known: Sequence[LastGate]) -> str:
    told = "no gate was asked about what is checked out on this machine"
    shut = next((item for item in reversed(known) if item.release is not None and item.rules), None)
    if shut is not None:
        name = clean(str(shut.release), 200)
        return f"{told}; the last one was about a release: evidence exception --release {name} ..."
    return f"{told}: name the --change, or the --release; where the server is down also --base and --rule"


def _other_head(change: str, head: str, recorded: str) -> str:
    return (
        f"what is checked out ({head[:12]}) is not the last recorded revision of change {clean(change, 120)} "
        f"({recorded[:12]}): check that one out, or give --base and --rule for this one"
    )


def reached(rules: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Those of ``rules`` from which an exception may be declared, and those that nothing excepts."""
    from ledger.rules.catalogue import BY_ID
    from ledger.rules.excepting import BYPASS, NEVER

    told = tuple(dict.fromkeys(rules))
    found = tuple(rule for rule in told if rule in BY_ID and (rule == BYPASS or rule not in NEVER))
    return found, tuple(rule for rule in told if rule not in found)


def _with_what_follows(rules: tuple[str, ...]) -> tuple[str, ...]:
    """The rules that blocked, and those that fail once it lands for the very same reason: that nobody approved it.

    What protects the branch is passed over then too (EXC-05).
    """
    from ledger.rules.excepting import BYPASS

    missing = MISSING_APPROVAL if any(rule.startswith(("SOD-", "APP-")) for rule in rules) else ()
    return tuple(dict.fromkeys((*rules, *missing, BYPASS)))


def _rules(told: tuple[str, ...], last: LastGate | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The rules that were told, else those that blocked; and those that blocked and that nothing excepts.

    Raises:
        click.UsageError: none, one that this version does not know, or one that nothing excepts.
    """
    from ledger.rules.catalogue import BY_ID

    for rule in told:
        if rule not in BY_ID:
            raise click.UsageError(f"there is no rule {clean(rule, 40)}; see docs/rules.md")
    found, beyond = reached(told)
    if beyond:
        raise click.UsageError(f"nothing excepts {', '.join(beyond)}: it judges exceptions, or the record itself")
    if found:
        return found, ()
    found, beyond = ((), ()) if last is None else reached(last.rules)
    if not found:
        why = "no gate was asked about it on this machine"
        if last is not None:
            why = f"nothing excepts {', '.join(beyond)}" if beyond else "the last gate for it was open"
        raise click.UsageError(f"name the rules with --rule: {why}")
    return (found if last is None or last.release is not None else _with_what_follows(found)), beyond


def _tell_what_follows(recorder: Recorder, subject: _Subject, entry: str) -> None:
    """How the gate is asked again, and how another person reviews."""
    out, about = recorder.session.output, subject.about
    gate = f"{about.change} --at merge" if about.release is None else f"{about.release} --at deploy"
    authorise = f"evidence approve --exception {entry} --meaning authorisation"
    out.note(f"Where the policy asks for it, another person authorises it first: {authorise}")
    out.note(f"Ask again: evidence gate {clean(gate, 300)}")
    out.note(f"Owed: a review by another person: evidence approve --exception {entry} --meaning review")
