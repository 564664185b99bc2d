"""The people of a ledger as the file that ``evidence people import`` reads; importing it again signs nothing."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from ledger.cli.output import clean
from ledger.cli.suggesting import toml_text
from ledger.documents import GIT
from ledger.keys import format_public_key
from ledger.roster.state import RECOVERY, in_force, principal_in_force

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ledger.cli.directory import Directory
    from ledger.documents import Card
    from ledger.roster.state import Grant, Key, Principal, Project

_HEAD = (
    "# People, agents, services and projects of the ledger {ledger}",
    "# at position {position}, as `evidence people import` reads them.",
    "# It holds names and addresses: keep it as you keep those, and erase it when they are to be erased.",
)


def exported(known: Directory) -> tuple[list[str], list[str]]:
    """The lines of the file, and ids of those in force who are left out because their card is not held."""
    lines = [line.format(ledger=known.roster.ledger, position=known.position) for line in _HEAD]
    left_out = []
    names = Counter(known.project_name(one.id) for one in known.roster.projects.values())
    for project in known.roster.projects.values():
        if not in_force(project.since, project.until, known.position):
            continue
        card = known.card(project)
        if card is None:
            left_out.append(project.id)
        else:
            lines += ["", *_project(project, card)]
    for kind in ("person", "agent", "service"):
        for one in known.roster.principals.values():
            if one.type != kind or one.type == RECOVERY or not principal_in_force(known.roster, one.id, known.position):
                continue
            card = known.card(one)
            if card is None:
                left_out.append(one.id)
            else:
                lines += ["", *_principal(known, one, card, names)]
    lines += (
        ["", *(f"# {identifier} is left out: its card is not held." for identifier in left_out)] if left_out else []
    )
    return lines, left_out


def _project(project: Project, card: Card) -> Iterator[str]:
    yield "[[project]]"
    yield f"name = {toml_text(card.name)}"
    yield f"id = {toml_text(project.id)}"
    if card.url is not None:
        yield f"url = {toml_text(card.url)}"
    yield f"object_format = {toml_text(project.object_format)}"
    yield f"protected_refs = {_array(project.protected_refs)}"
    if project.start is not None:
        yield f"start = {toml_text(project.start)}"


def _principal(known: Directory, one: Principal, card: Card, names: Counter[str]) -> Iterator[str]:
    yield f"[[{one.type}]]"
    yield f"name = {toml_text(card.name)}"
    yield f"id = {toml_text(one.id)}"
    mails = [account.mail or "" for account in card.accounts if account.system == GIT]
    if mails:
        yield f"mail = {_array(mails)}"
    forge = [account for account in card.accounts if account.system != GIT]
    if forge:
        accounts = (
            _table({"system": item.system, "id": item.id, "login": item.login, "mail": item.mail}) for item in forge
        )
        yield f"accounts = [{', '.join(accounts)}]"
    if card.identity is not None:
        yield f"identity = {_table({'issuer': card.identity.issuer, 'subject': card.identity.subject})}"
    if one.responsible is not None and one.type != "person":
        yield f"responsible = {toml_text(one.responsible)}  # {clean(known.name(one.responsible), 80)}"
    into = one.merges[-1].into if known.person(one.id) != one.id else None
    if into is not None and principal_in_force(known.roster, into, known.position):
        yield f"merged_into = {toml_text(into)}  # {clean(known.name(into), 80)}"
    grants = [
        grant
        for grant in known.roster.grants
        if grant.principal == one.id and in_force(grant.since, grant.until, known.position)
    ]
    if grants:
        yield f"roles = [{', '.join(_role(known, grant, names) for grant in grants)}]"
    keys = known.keys_of(one.id)
    if keys:
        yield f"keys = [{', '.join(_key(known, key, names) for key in keys)}]"


def _role(known: Directory, grant: Grant, names: Counter[str]) -> str:
    if grant.projects is None and grant.paths is None and grant.risks is None:
        return toml_text(grant.role)
    return _table(
        {
            "role": grant.role,
            "projects": None if grant.projects is None else _projects(known, grant.projects, names),
            "paths": grant.paths,
            "risks": grant.risks,
        }
    )


def _key(known: Directory, key: Key, names: Counter[str]) -> str:
    projects = None if key.projects is None else _projects(known, key.projects, names)
    public = format_public_key(key.public)
    return _table({"public": public, "kinds": key.kinds, "projects": projects, "custody": key.custody})


def _projects(known: Directory, projects: Iterable[str], names: Counter[str]) -> list[str]:
    """Projects by name where that means one of them."""
    shown = ((project, known.project_name(project)) for project in projects)
    return [name if names[name] == 1 else project for project, name in shown]


def _table(members: dict[str, Any]) -> str:
    told = (
        f"{name} = {toml_text(value) if isinstance(value, str) else _array(value)}"
        for name, value in members.items()
        if value is not None
    )
    return f"{{ {', '.join(told)} }}"


def _array(texts: Iterable[str]) -> str:
    return f"[{', '.join(map(toml_text, texts))}]"
