"""``evidence people``: acts about one principal: merge, split, disable, add, link, unlink and identity."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ledger.cli.options import client_options, signing_options

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ledger.cli.acting import Step
    from ledger.cli.directory import Directory
    from ledger.documents import Account, Card, Identity
    from ledger.roster.state import Principal

_KINDS = ("person", "agent", "service")
_MAX_IDENTITY = 1_000


@click.command()
@click.argument("principal", metavar="A")
@click.option("--into", required=True, metavar="B", help="Who stands for both from now on.")
@signing_options
@client_options
@click.pass_context
def merge(ctx: click.Context, principal: str, into: str) -> None:
    """Take A and B (names, accounts or ids) for one: both turned out to be one person, agent or service.

    Keys, roles and cards stay where they are. Verdicts from now on take what either did for one's doing, also what
    was recorded before. `evidence people split A` takes it back for later verdicts.
    """
    from ledger.events.roster import PrincipalMerge

    def steps(known: Directory) -> list[Step]:
        from ledger.cli.acting import Step

        return [Step(PrincipalMerge(known.principal(into).id, known.principal(principal).id))]

    _act(ctx, steps)


@click.command()
@click.argument("principal", metavar="A")
@signing_options
@client_options
@click.pass_context
def split(ctx: click.Context, principal: str) -> None:
    """Take the merged principal A for one of its own again, in verdicts from now on."""
    from ledger.errors import ConflictError, NotFoundError
    from ledger.events.roster import PrincipalSplit

    def steps(known: Directory) -> list[Step]:
        from ledger.cli.acting import Step

        merged = [one for one in known.roster.principals.values() if known.person(one.id) != one.id]
        try:
            found = known.principal(principal, among=merged)
        except NotFoundError as error:
            if error.slug != "unknown-principal":
                raise
            known.principal(principal)
            raise ConflictError(
                "not-merged",
                "this principal is merged into no other",
                remedy="See who is: evidence people list",
            ) from None
        return [Step(PrincipalSplit(found.id))]

    _act(ctx, steps)


@click.command()
@click.argument("principal", metavar="PRINCIPAL")
@signing_options
@client_options
@click.pass_context
def disable(ctx: click.Context, principal: str) -> None:
    """Disable PRINCIPAL, who left: their keys and roles are no longer in force, with those of everybody merged.

    What they signed before stays as good as it was. Link their last accounts first: a disabled principal gets no
    other card.
    """
    from ledger.cli.output import clean
    from ledger.events.roster import PrincipalDisable
    from ledger.roster.state import principal_in_force

    def steps(known: Directory) -> list[Step]:
        from ledger.cli.acting import Step

        found = known.principal(principal)
        everybody = [
            one.id
            for one in known.roster.principals.values()
            if known.person(one.id) == known.person(found.id)
            and principal_in_force(known.roster, one.id, known.position)
        ]
        for one in known.roster.principals.values():
            if one.responsible in everybody and principal_in_force(known.roster, one.id, known.position):
                click.echo(f"note: {clean(known.name(one.id))} has nobody else who answers for it", err=True)
        return [Step(PrincipalDisable(one)) for one in everybody]

    _act(ctx, steps)


@click.command()
@click.argument("name", metavar="NAME")
@click.argument("accounts", nargs=-1, metavar="[ACCOUNT]...")
@click.option("--type", "kind", type=click.Choice(_KINDS), default="person", show_default=True, help="What it is.")
@click.option("--responsible", metavar="PERSON", help="The person who answers for an agent or service.")
@signing_options
@client_options
@click.pass_context
def add(ctx: click.Context, *, name: str, accounts: tuple[str, ...], kind: str, responsible: str | None) -> None:
    """Make somebody new known by NAME, with accounts: mail addresses, or forge accounts such as github.com:583231.

    For many at once, and with roles and keys: evidence people import FILE.
    """
    from ledger.cli.peopleaccounts import parse_account
    from ledger.documents import encode_card
    from ledger.events.roster import PrincipalCreate
    from ledger.making import new_content, new_principal_id

    given = tuple(parse_account(text) for text in accounts)
    if not name.strip():
        raise click.UsageError("a name is required")
    if kind == "person" and responsible is not None:
        raise click.UsageError("a person answers for themselves; --responsible is for agents and services")

    def steps(known: Directory) -> list[Step]:
        from ledger.cli.acting import Step

        _check_readable(known)
        for account in given:
            _check_free(known, account, None)
        behind = None if responsible is None else known.principal(responsible).id
        card = new_content("card", encode_card(name.strip(), given))
        return [Step(PrincipalCreate(new_principal_id(), kind, behind), (card,))]

    _act(ctx, steps)


@click.command()
@click.argument("principal", metavar="PERSON")
@click.argument("accounts", nargs=-1, required=True, metavar="ACCOUNT...")
@click.option("--login", help="What the forge calls the account now; shown, and never used to find anybody.")
@click.option("--name", help="Another name on the card; needed where the card is no longer held.")
@signing_options
@client_options
@click.pass_context
def link(ctx: click.Context, *, principal: str, accounts: tuple[str, ...], login: str | None, name: str | None) -> None:
    """Put ACCOUNT on the card of PERSON, beside those that are there.

    ACCOUNT is the mail address of commits, or a forge with the immutable id it gave: github.com:583231. A login alone
    is refused, since a forge gives it to somebody else once its holder leaves. It counts for what was recorded before
    too, unless somebody else's card claimed it then.
    """
    from dataclasses import replace

    from ledger.cli.peopleaccounts import key_of, parse_account

    if login is not None and len(accounts) != 1:
        raise click.UsageError("--login goes with one account")
    given = {key_of(account): account for account in (parse_account(text, login) for text in accounts)}

    def change(known: Directory, one: Principal, card: Card) -> Card:
        from ledger.errors import ConflictError

        held = {key_of(account) for account in card.accounts}
        new = [account for key, account in given.items() if key not in held]
        for account in new:
            _check_free(known, account, one.id)
        if not new:
            raise ConflictError("account-linked", "the card has this account already")
        return replace(card, accounts=(*card.accounts, *new), name=name or card.name)

    _describe(ctx, principal, change, name=name)


@click.command()
@click.argument("principal", metavar="PERSON")
@click.argument("accounts", nargs=-1, required=True, metavar="ACCOUNT...")
@signing_options
@client_options
@click.pass_context
def unlink(ctx: click.Context, principal: str, accounts: tuple[str, ...]) -> None:
    """Take ACCOUNT off the card of PERSON: it is not theirs, or no longer.

    What was recorded while the card claimed it stays theirs.
    """
    from dataclasses import replace

    from ledger.cli.peopleaccounts import key_of, parse_account

    unwanted = {key_of(parse_account(text)) for text in accounts}

    def change(known: Directory, one: Principal, card: Card) -> Card:
        from ledger.errors import NotFoundError

        del known, one
        kept = tuple(account for account in card.accounts if key_of(account) not in unwanted)
        if len(kept) == len(card.accounts):
            raise NotFoundError(
                "unknown-account", "the card has no such account", remedy="See which it has: evidence people list"
            )
        return replace(card, accounts=kept)

    _describe(ctx, principal, change)


@click.command()
@click.argument("principal", metavar="PERSON")
@click.option("--issuer", required=True, metavar="URL", help="The identity provider, as it names itself.")
@click.option("--subject", required=True, metavar="TEXT", help="What it calls the person, for good.")
@signing_options
@client_options
@click.pass_context
def identity(ctx: click.Context, *, principal: str, issuer: str, subject: str) -> None:
    """Put what an identity provider calls PERSON on their card, once you verified it."""
    from dataclasses import replace

    from ledger.cli.output import clean
    from ledger.documents import Identity
    from ledger.errors import FormatError

    for name, text in (("issuer", issuer), ("subject", subject)):
        if not text or len(text) > _MAX_IDENTITY or clean(text, _MAX_IDENTITY) != text:
            raise FormatError("bad-identity", f"an {name} has 1 to {_MAX_IDENTITY} visible characters", where=name)
    told = Identity(issuer, subject)

    def change(known: Directory, one: Principal, card: Card) -> Card:
        _check_identity(known, one, card, told)
        return replace(card, identity=told)

    _describe(ctx, principal, change)


def _act(ctx: click.Context, steps: Callable[[Directory], Sequence[Step]]) -> None:
    from ledger.cli.acting import perform, tell
    from ledger.cli.session import open_session

    with open_session(ctx) as session:
        known = session.directory()
        tell(session, perform(session, known, steps(known)))


def _describe(
    ctx: click.Context, principal: str, change: Callable[[Directory, Principal, Card], Card], *, name: str | None = None
) -> None:
    """Gives a principal another card, made from the one it has, or from ``name`` where that is no longer held."""
    from ledger.cli.acting import Step
    from ledger.documents import Card, encode_card
    from ledger.errors import ConflictError
    from ledger.events.roster import PrincipalDescribe
    from ledger.making import new_content

    def steps(known: Directory) -> list[Step]:
        _check_readable(known)
        one = known.principal(principal)
        act = PrincipalDescribe(one.id)
        if any(wait.act == act for wait in known.roster.pending.values()):
            # A second card made from the one in force would leave out what the waiting one adds.
            raise ConflictError(
                "description-waits",
                "another card for this principal waits for a second administrator",
                remedy="Have it approved first: evidence acts pending",
            )
        card = known.card(one) or (None if name is None else Card((), name, 1))
        if card is None:
            raise ConflictError(
                "card-not-held",
                "the principal's card is not held, so what is on it could not be kept",
                remedy=f"Begin a new one: evidence people link {one.id} ACCOUNT... --name NAME",
            )
        wanted = change(known, one, card)
        data = encode_card(wanted.name, wanted.accounts, identity=wanted.identity)
        return [Step(act, (new_content("card", data),))]

    _act(ctx, steps)


def _check_readable(known: Directory) -> None:
    from ledger.errors import AuthorityError

    if known.names_closed:
        raise AuthorityError(
            "names-closed",
            "the token does not open contents, so it cannot be told who has which account",
            remedy="Ask the operator for one with that scope: evidence token create --scope contents",
        )


def _check_free(known: Directory, account: Account, principal: str | None) -> None:
    """Nothing, if no other person's card claims the account: with two claimants nobody could say whose it is."""
    from ledger.cli.peopleaccounts import holders
    from ledger.errors import ConflictError

    person = None if principal is None else known.person(principal)
    others = [one for one in holders(known, account) if known.person(one) != person]
    if others:
        raise ConflictError(
            "account-shared",
            "another card claims this account",
            details={f"principal_{number}": one for number, one in enumerate(others, start=1)},
            remedy="Both are one: evidence people merge A --into B. It changed hands: evidence people unlink A ACCOUNT",
        )


def _check_identity(known: Directory, one: Principal, card: Card, told: Identity) -> None:
    from ledger.errors import ConflictError
    from ledger.roster.state import principal_in_force

    if one.type != "person":
        raise ConflictError("not-a-person", "identity providers vouch for persons; an agent or service has keys")
    if card.identity == told:
        raise ConflictError("identity-known", "the card has this identity already")
    for other in known.roster.principals.values():
        held = known.card(other)
        if held is None or held.identity != told or known.person(other.id) == known.person(one.id):
            continue
        if principal_in_force(known.roster, other.id, known.position):
            raise ConflictError(
                "identity-shared",
                "another card has this identity: both are one person",
                details={"principal": other.id},
                remedy=f"evidence people merge {one.id} --into {other.id}",
            )
