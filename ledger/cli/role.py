"""``evidence role``: what principals may do, and where."""

from __future__ import annotations

import click

from ledger.cli.options import client_options, signing_options


@click.group()
def role() -> None:
    """Roles: labels that rules ask for. administrator signs acts; collector brings reviews from a forge."""


@role.command()
@click.argument("principal")
@click.argument("name", metavar="ROLE")
@click.option(
    "--in", "projects", multiple=True, metavar="PROJECT", help="Only there; repeat for more. Default: everywhere."
)
@click.option(
    "--path", "paths", multiple=True, metavar="GLOB", help="Only for changes of these paths; repeat for more."
)
@click.option(
    "--risk", "risks", multiple=True, metavar="CLASS", help="Only for changes of this risk class; repeat for more."
)
@signing_options
@client_options
@click.pass_context
def grant(
    ctx: click.Context,
    *,
    principal: str,
    name: str,
    projects: tuple[str, ...],
    paths: tuple[str, ...],
    risks: tuple[str, ...],
) -> None:
    """Grant PRINCIPAL (a name, mail address or id) the role ROLE.

    Patterns of paths begin at the root of the repository: 'src/payments/**', '*.sql', 'docs/'.
    """
    from ledger.cli.acting import Step, perform, tell
    from ledger.cli.given import given, given_label
    from ledger.cli.peopleplan import is_covered
    from ledger.cli.session import open_session
    from ledger.errors import ConflictError
    from ledger.events.roster import ADMINISTRATOR, RoleGrant
    from ledger.globs import parse_glob

    given_label(name, "ROLE", "reviewer")
    if name == ADMINISTRATOR and (projects or paths or risks):
        raise click.UsageError("an administrator is one everywhere: no --in, --path or --risk")
    for glob in paths:
        with given("--path", glob, "'src/payments/**'"):
            parse_glob(glob, "--path")
    for risk in risks:
        given_label(risk, "--risk", "high")
    with open_session(ctx) as session:
        known = session.directory()
        ids = tuple(sorted({known.project(project).id for project in projects})) or None
        act = RoleGrant(known.principal(principal).id, name, ids, _distinct(paths), _distinct(risks))
        if is_covered(act, known):
            raise ConflictError(
                "role-held", "this principal holds this role there already", remedy="See who does: evidence role list"
            )
        tell(session, perform(session, known, [Step(act)]))


def _distinct(texts: tuple[str, ...]) -> tuple[str, ...] | None:
    return tuple(sorted(set(texts))) or None


@role.command()
@click.argument("principal")
@click.argument("name", metavar="ROLE")
@click.option("--reason", required=True, help="A label, such as left or moved.")
@signing_options
@client_options
@click.pass_context
def end(ctx: click.Context, principal: str, name: str, reason: str) -> None:
    """End every grant of ROLE that PRINCIPAL has in force."""
    from ledger.cli.acting import Step, perform, tell
    from ledger.cli.given import given_label
    from ledger.cli.session import open_session
    from ledger.errors import NotFoundError
    from ledger.events.roster import RoleEnd
    from ledger.roster.state import in_force

    given_label(reason, "--reason", "left")
    with open_session(ctx) as session:
        known = session.directory()
        holder = known.principal(principal).id
        found = [
            one
            for one in known.roster.grants
            if one.principal == holder and one.role == name and in_force(one.since, one.until, known.position)
        ]
        if not found:
            raise NotFoundError(
                "unknown-grant", "this principal does not hold this role", remedy="See who does: evidence role list"
            )
        tell(session, perform(session, known, [Step(RoleEnd(one.envelope, holder, reason)) for one in found]))


@role.command("list")
@click.option("--all", "every", is_flag=True, help="Also what has ended.")
@client_options
@click.pass_context
def list_(ctx: click.Context, *, every: bool) -> None:
    """Who holds which role, where."""
    from ledger.cli.output import clean, table
    from ledger.cli.peopleview import scope_words, term_words
    from ledger.cli.session import open_session
    from ledger.roster.state import in_force, principal_in_force

    with open_session(ctx) as session:
        known = session.directory()
        rows, documents = [], []
        for one in known.roster.grants:
            holds = in_force(one.since, one.until, known.position)
            holds = holds and principal_in_force(known.roster, one.principal, known.position)
            if not (holds or every):
                continue
            name = clean(known.name(one.principal))
            rows.append((name, one.role, scope_words(one, known), term_words(one, known)))
            documents.append(
                {
                    "principal": one.principal,
                    "person": known.person(one.principal),
                    "name": name,
                    "role": one.role,
                    "projects": one.projects,
                    "paths": one.paths,
                    "risks": one.risks,
                    "grant": one.envelope,
                    "since": one.since,
                    "until": one.until,
                    "in_force": holds,
                }
            )
        lines = table(("WHO", "ROLE", "WHERE", "HOW LONG"), rows)
        session.output.answer({"position": known.position, "grants": documents}, lines or ["Nobody holds a role."])
