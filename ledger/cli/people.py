"""``evidence people``: who there is; from a file, from a repository's history, from the ledger."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ledger.cli import peopleacts
from ledger.cli.options import client_options, output_options, signing_options

if TYPE_CHECKING:
    from ledger.cli.acting import Done
    from ledger.cli.directory import Directory
    from ledger.cli.peopleplan import Plan, Wait
    from ledger.cli.session import Session

_ROUNDS = 8
"""More than the steps that can follow from each other: known, responsible, keys and roles."""


@click.group()
def people() -> None:
    """People, agents and services, with their accounts."""


for _command in (
    *(peopleacts.merge, peopleacts.split, peopleacts.disable, peopleacts.add),
    *(peopleacts.link, peopleacts.unlink, peopleacts.identity),
):
    people.add_command(_command)


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


@people.command()
@client_options
@click.pass_context
def export(ctx: click.Context) -> None:
    """Print everybody in force as a file that `people import` reads, with ids; importing it signs nothing.

    Keys stand in it by their public text. The file holds names and addresses.
    """
    from ledger.cli.peopleexport import exported
    from ledger.cli.session import open_session
    from ledger.errors import AuthorityError

    with open_session(ctx) as session:
        known = session.directory()
        if known.names_closed:
            raise AuthorityError(
                "names-closed",
                "the token does not open contents, so there would be nobody in the file",
                remedy="Ask the operator for one with that scope: evidence token create --scope contents",
            )
        lines, left_out = exported(known)
        document = {"position": known.position, "file": "\n".join(lines) + "\n", "left_out": left_out}
        session.output.answer(document, lines)


@people.command("list")
@click.option("--all", "every", is_flag=True, help="Also who is disabled.")
@click.option("--all-entries", is_flag=True, help="Look for accounts in every entry, however long that takes.")
@click.option("--known", "only_known", is_flag=True, help="Do not look for accounts that nobody claims.")
@client_options
@click.pass_context
def list_(ctx: click.Context, *, every: bool, all_entries: bool, only_known: bool) -> None:
    """Accounts that lead to nobody, with what resolves them; then everybody known, with roles, accounts and keys.

    Accounts are looked for in commits of diffs, merges and releases, in reviews of forges and in pushes, newest
    entries first; how far it looked is said.
    """
    from ledger.cli.peopleseen import look
    from ledger.cli.peopleview import look_document, look_lines, principal_document, principal_lines
    from ledger.cli.session import open_session
    from ledger.roster.state import principal_in_force

    with open_session(ctx) as session:
        known = session.directory()
        listed = [
            one
            for one in known.roster.principals.values()
            if every or principal_in_force(known.roster, one.id, known.position)
        ]
        document: dict[str, object] = {"position": known.position}
        lines = []
        if not only_known and not known.names_closed:
            seen = look(session, known, everything=all_entries)
            document |= look_document(known, seen)
            lines += [*look_lines(known, seen), ""]
        document["principals"] = [principal_document(known, one) for one in listed]
        session.output.answer(document, [*lines, *principal_lines(known, listed)])


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
