"""``evidence acts``: acts that wait for a second administrator, shown in words before they are signed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ledger.cli.options import client_options, output, signing_options

if TYPE_CHECKING:
    from ledger.cli.directory import Directory
    from ledger.cli.session import Session
    from ledger.documents import Card
    from ledger.roster.state import Pending

SHORTEST = 6


@click.group()
def acts() -> None:
    """Acts of administrators that wait for a second one, where the ledger requires two."""


@acts.command()
@client_options
@click.pass_context
def pending(ctx: click.Context) -> None:
    """What waits, in words."""
    from ledger.cli.session import open_session

    with open_session(ctx) as session:
        known = session.directory()
        waiting = list(known.roster.pending.values())
        lines = [line for one in waiting for line in (*_shown(one, known), "")]
        if waiting:
            lines.append("Approve: evidence acts approve ACT... or --all. Reject: evidence acts reject ACT.")
        session.output.answer(
            {"position": known.position, "acts": [_document(one, known) for one in waiting]},
            lines or ["Nothing waits."],
        )


@acts.command()
@click.argument("envelopes", nargs=-1, metavar="ACT...")
@click.option("--all", "every", is_flag=True, help="Everything that waits and is not your own.")
@click.option("--yes", is_flag=True, help="Do not ask before signing.")
@signing_options
@client_options
@click.pass_context
def approve(ctx: click.Context, *, envelopes: tuple[str, ...], every: bool, yes: bool) -> None:
    """Approve the waiting acts ACT (envelope digests, or how they begin) as a second administrator."""
    if every == bool(envelopes):
        raise click.UsageError("name acts, or give --all; see: evidence acts pending")
    _decide(ctx, envelopes, "approve", asked=not yes)


@acts.command()
@click.argument("envelopes", nargs=-1, required=True, metavar="ACT...")
@click.option("--yes", is_flag=True, help="Do not ask before signing.")
@signing_options
@client_options
@click.pass_context
def reject(ctx: click.Context, *, envelopes: tuple[str, ...], yes: bool) -> None:
    """Reject the waiting acts ACT: they can no longer be completed."""
    _decide(ctx, envelopes, "reject", asked=not yes)


def _decide(ctx: click.Context, envelopes: tuple[str, ...], decision: str, *, asked: bool) -> None:
    from ledger.cli.output import ask_to_sign
    from ledger.cli.session import open_session
    from ledger.errors import AuthorityError, LedgerError
    from ledger.events.context import Actor
    from ledger.events.work import Approval, Basis, Seen
    from ledger.making import new_context, seal_event

    with open_session(ctx) as session:
        known = session.directory()
        held = session.held_key()
        signer = session.signer(known, held)
        chosen = [_find(known, text) for text in envelopes] or _of_others(known, signer.principal)
        if not chosen:
            _nothing(session, known, signer.principal)
            return
        if decision == "approve" and any(one.signer == signer.principal for one in chosen):
            raise AuthorityError(
                "second-person-needed",
                "you proposed this act yourself; another administrator approves it",
                remedy="The other runs: evidence acts approve --all",
            )
        for one in chosen:
            for line in (*_shown(one, known), ""):
                click.echo(line, err=True)
        if asked:
            ask_to_sign(f"Sign that you {decision} {'this' if len(chosen) == 1 else f'these {len(chosen)}'}?")
        documents, lines = [], []
        for one in chosen:
            body = Approval("person", Basis(act=one.envelope), decision, "approval", "roster", Seen((), ()))
            context = new_context(Actor(principal=signer.principal), ledger=session.anchor.ledger)
            parcel = seal_event(context, body, (), held.signing)
            answer = session.deliver([parcel])[0]
            if isinstance(answer, LedgerError):
                raise answer
            past = {"approve": "Approved", "reject": "Rejected"}[decision]
            lines.append(f"{past} {one.envelope[7:19]} in entry {answer.leaf.index}.")
            documents.append({"act": one.envelope, "decision": decision, "index": answer.leaf.index})
        output(ctx).answer({"decisions": documents}, lines)


def _nothing(session: Session, known: Directory, signer: str) -> None:
    from ledger.cli.output import plural

    own = sum(one.signer == signer for one in known.roster.pending.values())
    sentence = "Nothing waits."
    if own:
        sentence = (
            f"Nothing waits for you; {plural(own, 'act')} of your own {'waits' if own == 1 else 'wait'} for another."
        )
    session.output.answer({"decisions": []}, [sentence])


def _of_others(known: Directory, signer: str) -> list[Pending]:
    return [one for one in known.roster.pending.values() if signer != one.signer and signer not in one.approvers]


def _find(known: Directory, text: str) -> Pending:
    from ledger.errors import NotFoundError

    wanted = text.strip().removeprefix("sha256:")
    matching = [
        one
        for envelope, one in known.roster.pending.items()
        if len(wanted) >= SHORTEST and envelope[7:].startswith(wanted)
    ]
    if len(matching) != 1:
        raise NotFoundError(
            "no-such-act", "no act of that envelope digest waits", remedy="See what does: evidence acts pending"
        )
    return matching[0]


def _card(one: Pending, known: Directory) -> Card | None:
    return None if one.card is None else known.cards.get(one.card.commitment)


def _shown(one: Pending, known: Directory) -> list[str]:
    from ledger.cli.output import clean
    from ledger.cli.words import in_words

    first, *rest = in_words(one.act, _card(one, known), known)
    proposed = f"proposed by {clean(known.name(one.signer))} in entry {one.index}"
    return [f"{one.envelope[7:19]}  {first}", *(f"              {line}" for line in (*rest, proposed))]


def _document(one: Pending, known: Directory) -> dict[str, object]:
    from ledger.cli.words import in_words

    return {
        "envelope": one.envelope,
        "index": one.index,
        "signer": one.signer,
        "kind": one.act.KIND,
        "act": in_words(one.act, _card(one, known), known),
    }
