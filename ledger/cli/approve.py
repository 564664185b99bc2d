"""``evidence approve``, ``reject`` and ``withdraw``: a person's decision about exactly one content, signed by them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from ledger.cli.options import client_options, outbox_option, project_option, signing_options
from ledger.cli.output import clean

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ledger.cli.deciding import Matter
    from ledger.cli.directory import Directory
    from ledger.cli.recording.recorder import Recorder
    from ledger.events.context import About
    from ledger.events.work import Approval
    from ledger.making import NewContent
    from ledger.records import Record
    from ledger.roster.state import Key

MEANINGS: Final = "review, approval, responsibility, release; of an exception: review or authorisation"


def _deciding(command: Callable[..., None]) -> Callable[..., None]:
    for option in (
        click.option("--require-server", is_flag=True, help="Exit 5 unless the server has it."),
        click.option("--yes", is_flag=True, help="Do not ask: you have read it elsewhere."),
        click.option("--comment", metavar="TEXT|-", help="Why; - reads standard input. Kept beside the log."),
        click.option("--release", "release_name", metavar="PRODUCT@VERSION", help="A release in place of a change."),
    ):
        command = option(command)
    return outbox_option(signing_options(project_option(client_options(command))))


def _judging(command: Callable[..., None]) -> Callable[..., None]:
    for option in (
        click.option("--meaning", metavar="WORD", help=f"What your signature means: {MEANINGS}."),
        click.option(
            "--answer", "answers", multiple=True, metavar="ITEM=yes|no|not-applicable", help="A checklist item; repeat."
        ),
        click.option("--exception", "exception_entry", metavar="ENTRY", help="An exception in place of a change."),
        click.option("--role", metavar="ROLE", help="The role in which you decide, where you hold several."),
        click.option(
            "--repo",
            type=click.Path(path_type=Path, exists=True, file_okay=False),
            help="A clone in which the content is read again and must be the recorded one.",
        ),
        click.option("--revision", type=click.IntRange(1), help="Which; by default the last recorded."),
    ):
        command = option(command)
    return click.argument("change", required=False)(_deciding(command))


@click.command()
@click.option("--access", is_flag=True, help="Who holds which role in the project, in place of a change.")
@click.option("--end", "ended", multiple=True, metavar="GRANT", help="With --access: a grant that is to end; repeat.")
@_judging
@click.pass_context
def approve(ctx: click.Context, /, **told: Any) -> None:  # noqa: ANN401 -- options by name
    """Sign that you approve exactly this content of CHANGE, or a release.

    Shows what the signature covers and asks. It covers the change manifest, the resulting tree and the policy in
    force, and names the prompts and tests that were shown: nothing that comes later.

    \b
      evidence approve 7 --repo .
      evidence approve --release shop@4.2.0
      evidence approve --exception 311 --meaning review
      evidence approve --access --project shop
    """
    _decide(ctx, "approve", told)


@click.command()
@_judging
@click.pass_context
def reject(ctx: click.Context, /, **told: Any) -> None:  # noqa: ANN401 -- options by name
    """Sign that you reject exactly this content of CHANGE, or a release. Shows and asks as approve does."""
    _decide(ctx, "reject", told)


@click.command()
@click.argument("envelope", required=False)
@click.option("--change", metavar="ID", help="Your standing decision about this change.")
@_deciding
@click.pass_context
def withdraw(ctx: click.Context, /, envelope: str | None, change: str | None, **told: Any) -> None:  # noqa: ANN401
    """Take back an approval or rejection of yours: ENVELOPE (its digest or entry number), or by what it is about."""
    from ledger.cli.deciding import NOUNS
    from ledger.cli.gathering import gather_change, gather_release, position_now
    from ledger.cli.recording.recorder import open_recorder
    from ledger.errors import AuthorityError
    from ledger.events.work import Approval, Seen

    release = told["release_name"]
    if sum(item is not None for item in (envelope, change, release)) != 1:
        raise click.UsageError("name one: ENVELOPE, --change or --release")
    with open_recorder(ctx) as recorder:
        session = recorder.session
        position_now(session)
        known = session.directory()
        me = _person(recorder, known)
        if envelope is not None:
            record = _named(recorder, known, envelope)
        else:
            project = session.project_id(known)
            if change is not None:
                records = gather_change(session, known, project, change)
            else:
                records = gather_release(session, known, project, release)
            # Other changes with the same tree were gathered too.
            about = [item for item in records.entries if _names(item) == (project, change, release)]
            record = _standing(about, me)
        body = record.event.body
        mine = record.event.context.actor.principal == me.principal
        if not isinstance(body, Approval) or body.decision == "withdraw" or body.scope == "roster" or not mine:
            raise AuthorityError(
                "not-your-decision", "only who decided can withdraw it, and this is no decision of yours"
            )
        lines = [
            f"you are    {clean(known.name(me.principal))}",
            f"withdraws  your {NOUNS[body.decision]} in entry {record.index}, {record.leaf.received_at}",
            f"about      {_about(record)}",
            f"envelope   {record.envelope}",
        ]
        _confirm(
            recorder, "Withdraw", [f"You withdraw your {NOUNS[body.decision]}:", *(f"  {line}" for line in lines)], told
        )
        withdrawal = Approval(
            attested_by="person",
            basis=body.basis,
            decision="withdraw",
            meaning=body.meaning,
            scope=body.scope,
            seen=Seen((), ()),
            role=body.role,
            withdraws=record.envelope,
        )
        context, words = record.event.context, f"your withdrawal of entry {record.index}"
        _hand_in(ctx, recorder, withdrawal, me, str(context.project), context.about, told, words)


def _decide(ctx: click.Context, decision: str, told: dict[str, Any]) -> None:
    from ledger.cli.answering import checklist_of, meaning_of
    from ledger.cli.deciding import NOUNS
    from ledger.cli.recording.recorder import open_recorder
    from ledger.events.work import Approval
    from ledger.making import local_time

    named = (told["change"], told["release_name"], told["exception_entry"], told.get("access") or None)
    if sum(item is not None for item in named) != 1:
        raise click.UsageError("name one: CHANGE, --release PRODUCT@VERSION, --exception ENTRY or --access")
    with open_recorder(ctx) as recorder:
        me, matter = _matter(recorder, told)
        meaning = meaning_of(matter, decision, told)
        # Answered first: what is signed is then shown whole, and the question about it is the last one.
        checklist = checklist_of(recorder, matter, decision, told)
        shown_at = local_time()
        heading = f"You {decision} {matter.title}. Your signature covers exactly this:"
        signed = [f"means      {clean(meaning, 64)}, as {clean(told['role'] or 'no role in particular', 64)}"]
        signed += [f"answer     {clean(item.item, 64)}: {item.answer}" for item in checklist or ()]
        _confirm(
            recorder,
            decision.capitalize(),
            [heading, *(f"  {line}" if line else "" for line in (*signed, *matter.lines))],
            told,
            warnings=matter.warnings,
        )
        body = Approval(
            checklist=checklist,
            shown_at=shown_at,
            attested_by="person",
            basis=matter.basis,
            decision=decision,
            meaning=meaning,
            scope=matter.scope,
            seen=matter.seen,
            role=told["role"],
        )
        words = f"your {NOUNS[decision]} of {matter.title}"
        further = {"decision": decision, "scope": matter.scope, "warnings": list(matter.warnings), **matter.document}
        _hand_in(ctx, recorder, body, me, matter.project, matter.about, told, words, further, matter.contents)


def _matter(recorder: Recorder, told: dict[str, Any]) -> tuple[Key, Matter]:
    """Who decides, and about what.

    Raises:
        click.UsageError: a role is named that they do not hold here.
    """
    from ledger.cli.deciding import change_matter, release_matter
    from ledger.cli.gathering import gather_change, gather_release, position_now
    from ledger.cli.reviewing import access_matter, exception_matter

    session = recorder.session
    position_now(session)
    known = session.directory()
    me = _person(recorder, known)
    project = session.project_id(known)
    if told["exception_entry"] is not None:
        record = _named(recorder, known, told["exception_entry"])
        matter = exception_matter(record, known, me, _reason(recorder, record))
    elif told.get("access"):
        matter = access_matter(known, me, project, told["ended"])
    elif told["release_name"] is not None:
        records = gather_release(session, known, project, told["release_name"])
        matter = release_matter(records, known, me, project, told["release_name"])
    else:
        records = gather_change(session, known, project, told["change"])
        revision, repo = told["revision"], told["repo"]
        matter = change_matter(records, known, me, project, told["change"], revision=revision, repo=repo)
    role, held = told["role"], known.roles(me.principal, project)
    if role is not None and role not in held:
        holds = f"you hold {', '.join(sorted(held))}" if held else "you hold none"
        raise click.UsageError(f"you do not hold the role {clean(role, 64)} here; {clean(holds, 300)}")
    return me, matter


def _person(recorder: Recorder, known: Directory) -> Key:
    from ledger.errors import AuthorityError

    key = recorder.session.signer(known, recorder.held)
    if known.roster.principals[key.principal].type != "person":
        raise AuthorityError(
            "person-needed",
            "only a person's key signs an approval attested by a person",
            details={"key_from": recorder.held.source},
            remedy="Name your own key with --key.",
        )
    return key


def _confirm(
    recorder: Recorder, verb: str, lines: Sequence[str], told: dict[str, Any], *, warnings: Sequence[str] = ()
) -> None:
    """Nothing, once the person has seen it and said yes.

    Raises:
        click.Abort: they said no. UsageError: nobody is there to ask.
    """
    out = recorder.session.output
    for line in lines:
        # What is signed is always shown; with --json beside the document, which stdout holds alone.
        click.echo(line, err=out.json)
    for warning in warnings:
        out.warn(clean(warning))
    if told["yes"]:
        return
    if not sys.stdin.isatty():
        raise click.UsageError("nobody is there to be asked: run it at a terminal, or add --yes if you have read it")
    click.confirm(f"{verb} this, signed as shown?", abort=True, err=out.json)


def _hand_in(
    ctx: click.Context,
    recorder: Recorder,
    body: Approval,
    me: Key,
    project: str,
    about: About,
    told: dict[str, Any],
    words: str,
    further: dict[str, Any] | None = None,
    carried: tuple[NewContent, ...] = (),
) -> None:
    from ledger.cli.recording.delivery import hand_in
    from ledger.events.context import Actor
    from ledger.making import new_content

    comment = told["comment"]
    if comment == "-":
        comment = sys.stdin.read()
    contents = [*carried]
    contents += [] if not comment else [new_content("comment", comment.encode("utf-8", "replace"), "text/plain")]
    parcel = recorder.seal(body, contents, Actor(principal=me.principal), about=about, project=project)
    hand_in(ctx, recorder, [(parcel, words)], require_server=told["require_server"], further=further)


def _reason(recorder: Recorder, record: Record) -> str:
    """The reason of an exception, or why it cannot be read."""
    from ledger.errors import LedgerError

    reference = record.event.context.content("reason")
    if reference is None or reference.state == "withheld":
        return "(withheld)"
    try:
        return recorder.session.client.content(reference.commitment).data.decode("utf-8", "replace")
    except LedgerError as error:
        return f"({error.slug})"


def _named(recorder: Recorder, known: Directory, text: str) -> Record:
    """The entry of that number, or whose envelope digest begins so."""
    from ledger.cli.given import given_digest
    from ledger.entry import LEDGER_STREAM
    from ledger.envelope import open_envelope
    from ledger.errors import NotFoundError
    from ledger.events.statement import Event, read_payload
    from ledger.gathering import read_entry

    client = recorder.session.client
    found: Record | None = None
    if text.isascii() and text.isdigit():
        leaf, data = client.entry(int(text))
        if leaf.stream == LEDGER_STREAM:
            raise NotFoundError(
                "no-such-entry",
                "this entry is an act of administrators, and no decision of this sort is about one",
                remedy="Acts that wait for a second administrator: evidence acts pending",
            )
        found = read_entry(known, leaf, data)
    else:
        event = read_payload(open_envelope(client.envelope(given_digest(text, "ENVELOPE"))).payload)
        if isinstance(event, Event):
            for leaf, data in client.find({"event_id": event.context.event_id}):
                found = read_entry(known, leaf, data)
    if found is None:
        raise NotFoundError(
            "no-such-entry", "there is no such entry, or it is of a kind that this program does not know"
        )
    return found


def _standing(entries: Sequence[Record], me: Key) -> Record:
    """The latest decision of ``me`` that was not withdrawn."""
    from ledger.errors import NotFoundError
    from ledger.events.work import Approval

    mine = [
        (record, body)
        for record in entries
        if isinstance(body := record.event.body, Approval) and record.event.context.actor.principal == me.principal
    ]
    withdrawn = {body.withdraws for _, body in mine}
    standing = [record for record, body in mine if body.decision != "withdraw" and record.envelope not in withdrawn]
    if not standing:
        raise NotFoundError("nothing-to-withdraw", "no decision of yours about this stands")
    return standing[-1]


def _names(record: Record) -> tuple[str | None, str | None, str | None]:
    context = record.event.context
    return context.project, context.about.change, context.about.release


def _about(record: Record) -> str:
    about = record.event.context.about
    if about.change is not None:
        return f"change {clean(about.change, 120)}" + ("" if about.revision is None else f", revision {about.revision}")
    return f"release {clean(about.release or '', 200)}"
