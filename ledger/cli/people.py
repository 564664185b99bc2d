"""``evidence people``: who there is; from a file, from a repository's history, from the ledger."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ledger.cli.options import client_options, output_options, signing_options

if TYPE_CHECKING:
    from ledger.cli.acting import Done
    from ledger.cli.directory import Directory
    from ledger.cli.peopleplan import Plan, Wait
    from ledger.cli.session import Session
    from ledger.roster.state import Principal

_ROUNDS = 8
"""More than the steps that can follow from each other: known, responsible, keys and roles."""


@click.group()
def people() -> None:
    """People, agents and services, with their accounts."""


@people.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--dry-run", is_flag=True, help="Only say what would be signed first.")
@signing_options
@client_options
@click.pass_context
def import_(ctx: click.Context, *, file: Path, dry_run: bool) -> None:
    """Make everybody in FILE known, with roles, keys and projects, signed by your administrator's key.

    Importing again changes nothing; a file adds and renames, and never takes anything away. Sample: keys.example.
    """
    from ledger.cli.acting import perform
    from ledger.cli.peoplefile import read_people
    from ledger.cli.peopleplan import plan
    from ledger.cli.session import open_session
    from ledger.errors import AuthorityError

    listed = read_people(file.read_bytes())
    with open_session(ctx) as session:
        known = session.directory()
        if known.names_closed:
            # Without their cards nobody could be recognised, and everybody would be made known a second time.
            raise AuthorityError(
                "names-closed",
                "the token does not open contents, so it cannot be told who of the file is known already",
                remedy="Ask the operator for one with that scope: evidence token create --scope contents",
            )
        asked = plan(listed, known)
        if dry_run:
            _tell_dry(session, known, asked)
            return
        done: list[Done] = []
        for _ in range(_ROUNDS):
            if not asked.steps:
                break
            done += perform(session, known, asked.steps)
            known = session.directory()
            asked = plan(listed, known)
        _tell(session, done, asked.waits)


@people.command()
@click.option(
    "--repo",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=Path(),
    help="Repository to read; default: this folder.",
)
@click.option("--revision", default="HEAD", show_default=True, help="Whose history to read.")
@output_options
@click.pass_context
def suggest(ctx: click.Context, *, repo: Path, revision: str) -> None:
    """Print a file for `people import` from a repository's history, .mailmap and CODEOWNERS.

    It lists who is in the history, and grants nothing: which role somebody has is for you to write.
    """
    from ledger.cli.options import output
    from ledger.cli.suggesting import suggestion

    document, lines = suggestion(repo, revision)
    output(ctx).answer(document, lines)


@people.command("list")
@click.option("--all", "every", is_flag=True, help="Also who is disabled.")
@client_options
@click.pass_context
def list_(ctx: click.Context, *, every: bool) -> None:
    """Who is known to the ledger, with roles, keys and accounts."""
    from ledger.cli.output import table
    from ledger.cli.session import open_session
    from ledger.roster.state import principal_in_force

    with open_session(ctx) as session:
        known = session.directory()
        listed = [
            one
            for one in known.roster.principals.values()
            if every or principal_in_force(known.roster, one.id, known.position)
        ]
        rows = [_row(known, one) for one in listed]
        document = {"position": known.position, "principals": [_document(known, one) for one in listed]}
        session.output.answer(document, table(("NAME", "TYPE", "ID", "ROLES", "KEYS", "ACCOUNTS"), rows))


def _tell(session: Session, done: list[Done], waits: tuple[Wait, ...]) -> None:
    second = sum(item.waits for item in done)
    lines = [line for item in done for line in item.lines()]
    if done and lines:
        lines.append("")
    lines.append(_count(done, waits))
    # What was only just proposed stands above already.
    lines += [_wait_line(wait) for wait in waits if not (second and wait.slug == "second-administrator")]
    if second:
        lines.append("A second administrator runs: evidence acts approve --all. Then import the same file again.")
    document = {
        "acts": [item.document() for item in done],
        "waits": [_wait_document(wait) for wait in waits],
    }
    session.output.answer(document, lines)


def _tell_dry(session: Session, known: Directory, asked: Plan) -> None:
    from ledger.cli.words import in_words

    words = [in_words(step.act, step.card, known) for step in asked.steps]
    lines = [f"would sign: {first}" for first, *_ in words] or [_count([], asked.waits)]
    lines += [_wait_line(wait) for wait in asked.waits]
    session.output.answer({"acts": words, "waits": [_wait_document(wait) for wait in asked.waits]}, lines)


def _wait_document(wait: Wait) -> dict[str, str | None]:
    return {"slug": wait.slug, "name": wait.about, "detail": wait.sentence, "remedy": wait.remedy}


def _count(done: list[Done], waits: tuple[Wait, ...]) -> str:
    from ledger.cli.output import plural

    if done:
        return f"{plural(len(done), 'act')} signed."
    return "Nothing to sign now." if waits else "Nothing to sign: the ledger has all of it already."


def _wait_line(wait: Wait) -> str:
    from ledger.cli.output import clean

    remedy = f" {wait.remedy}" if wait.remedy else ""
    return f"still open: {clean(wait.about)}: {wait.sentence}.{remedy}"


def _roles(known: Directory, one: Principal) -> list[dict[str, object]]:
    from ledger.roster.state import in_force

    return [
        {"role": grant.role, "projects": grant.projects}
        for grant in known.roster.grants
        if grant.principal == one.id and in_force(grant.since, grant.until, known.position)
    ]


def _row(known: Directory, one: Principal) -> tuple[str, ...]:
    from ledger.cli.words import account_words
    from ledger.roster.state import principal_in_force

    card = known.card(one)
    roles = sorted({str(item["role"]) for item in _roles(known, one)})
    accounts = [] if card is None else [account_words(account) for account in card.accounts]
    shown = "; ".join(accounts[:2]) + (f"; and {len(accounts) - 2} more" if len(accounts) > 2 else "")
    state = "" if principal_in_force(known.roster, one.id, known.position) else " (disabled)"
    return known.name(one.id) + state, one.type, one.id, " ".join(roles), str(len(known.keys_of(one.id))), shown


def _document(known: Directory, one: Principal) -> dict[str, object]:
    from ledger.events.shape import write_object
    from ledger.roster.state import principal_in_force

    card = known.card(one)
    return {
        "principal": one.id,
        "type": one.type,
        "name": None if card is None else card.name,
        "accounts": [] if card is None else [write_object(account) for account in card.accounts],
        "responsible": one.responsible,
        "roles": _roles(known, one),
        "keys": [key.id for key in known.keys_of(one.id)],
        "since": one.since,
        "until": one.until,
        "in_force": principal_in_force(known.roster, one.id, known.position),
    }
