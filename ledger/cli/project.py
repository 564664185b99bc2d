"""``evidence project``: repository lines, each with a stream of its own."""

from __future__ import annotations

import click

from ledger.cli.options import client_options, signing_options


@click.group()
def project() -> None:
    """Projects: one repository line each, with a stream of its own in the ledger."""


@project.command()
@click.argument("name")
@click.option("--url", help="Where people find it.")
@click.option(
    "--object-format",
    type=click.Choice(["sha1", "sha256"]),
    default="sha1",
    show_default=True,
    help="Of its git objects.",
)
@click.option(
    "--protected-ref",
    "refs",
    multiple=True,
    default=("refs/heads/main",),
    show_default=True,
    help="What lands here counts; repeat for more.",
)
@click.option("--start", metavar="COMMIT", help="Last commit before the ledger; default: the whole history counts.")
@signing_options
@client_options
@click.pass_context
def declare(
    ctx: click.Context, *, name: str, url: str | None, object_format: str, refs: tuple[str, ...], start: str | None
) -> None:
    """Declare the project NAME."""
    from ledger.cli.acting import Step, perform, tell
    from ledger.cli.given import given
    from ledger.cli.session import open_session
    from ledger.documents import encode_card
    from ledger.errors import ConflictError
    from ledger.events.roster import ProjectDeclare
    from ledger.events.shape import object_id, token
    from ledger.making import new_content, new_project_id

    for ref in refs:
        with given("--protected-ref", ref, "refs/heads/main"):
            token(ref, "--protected-ref")
        if not ref.startswith("refs/"):
            raise click.UsageError(f"a protected ref is written in full, such as refs/heads/main, not {ref!r}")
    if start is not None:
        with given("--start", start, "the whole id, as git rev-parse HEAD prints it"):
            object_id(start, "--start")
    with open_session(ctx) as session:
        known = session.directory()
        if any(known.project_name(one.id) == name for one in known.roster.projects.values() if one.until is None):
            raise ConflictError(
                "project-exists", "a project of this name is declared", remedy="See which are: evidence project list"
            )
        content = new_content("card", encode_card(name, url=url))
        body = ProjectDeclare(object_format, new_project_id(), tuple(dict.fromkeys(refs)), start)
        tell(session, perform(session, known, [Step(body, (content,))]))


@project.command("list")
@client_options
@click.pass_context
def list_(ctx: click.Context) -> None:
    """The projects of the ledger."""
    from ledger.cli.output import table
    from ledger.cli.session import open_session

    with open_session(ctx) as session:
        known = session.directory()
        rows, documents = [], []
        for one in known.roster.projects.values():
            state = "open" if one.until is None else f"ended at {one.until}"
            rows.append((known.project_name(one.id), one.id, one.object_format, " ".join(one.protected_refs), state))
            card = known.card(one)
            documents.append(
                {
                    "project": one.id,
                    "name": None if card is None else card.name,
                    "url": None if card is None else card.url,
                    "object_format": one.object_format,
                    "protected_refs": one.protected_refs,
                    "start": one.start,
                    "since": one.since,
                    "until": one.until,
                }
            )
        lines = table(("NAME", "ID", "OBJECTS", "PROTECTED REFS", "STATE"), rows)
        session.output.answer(
            {"position": known.position, "projects": documents},
            lines or ["No project yet. Declare one: evidence project declare NAME"],
        )
