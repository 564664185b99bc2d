"""Who is known to a ledger, for people: unresolved accounts with what resolves them, people, agents, services."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from ledger.cli.directory import short_id
from ledger.cli.output import clean, plural
from ledger.cli.peopleaccounts import format_account, quoted
from ledger.cli.words import account_words
from ledger.documents import GIT
from ledger.events.shape import write_object
from ledger.roster.state import in_force, principal_in_force

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ledger.cli.directory import Directory
    from ledger.cli.peopleseen import Look, Unresolved
    from ledger.documents import Account
    from ledger.roster.state import Grant, Key, Principal

MOST_SHOWN: Final = 50
"""Unresolved accounts that people are shown, those seen most often."""

_NOREPLY: Final = re.compile(r"(\d+)\+[^@]+@users\.noreply\.(github\.com|[a-z0-9.-]+)", re.ASCII | re.IGNORECASE)
"""Addresses that a forge makes up, with the immutable id in them."""

_HEADS: Final = (("person", "People"), ("agent", "Agents"), ("service", "Services"), ("recovery", "Recovery"))


def scope_words(grant: Grant, known: Directory) -> str:
    """Where a grant holds: ``everywhere``, ``in payments, for src/** and changes of the risk class high``."""
    words = "everywhere" if grant.projects is None else "in " + _and(map(known.project_name, grant.projects))
    limits = []
    if grant.paths is not None:
        limits.append(f"paths {_and(grant.paths)}")
    if grant.risks is not None:
        limits.append(f"the risk {'class' if len(grant.risks) == 1 else 'classes'} {_and(grant.risks)}")
    return f"{words}, for {' and '.join(limits)} only" if limits else words


def term_words(grant: Grant, known: Directory) -> str:
    """Since and until when a grant holds."""
    if grant.until is not None:
        return f"from position {grant.since} until {grant.until}"
    left = known.roster.principals[grant.principal].until
    if left is not None and left <= known.position:
        return f"from position {grant.since} until {left}, when its holder was disabled"
    return f"since position {grant.since}, without an end"


def principal_document(known: Directory, one: Principal) -> dict[str, Any]:
    """A principal as ``--json`` prints it."""
    card = known.card(one)
    keys = [key for key in known.roster.keys.values() if key.principal == one.id]
    return {
        "principal": one.id,
        "type": one.type,
        "name": None if card is None else card.name,
        "accounts": [] if card is None else [write_object(account) for account in card.accounts],
        "identity": None if card is None or card.identity is None else write_object(card.identity),
        "responsible": one.responsible,
        "person": known.person(one.id),
        "merges": [{"into": item.into, "since": item.since, "until": item.until} for item in one.merges],
        "roles": [
            {
                "role": grant.role,
                "projects": grant.projects,
                "paths": grant.paths,
                "risks": grant.risks,
                "since": grant.since,
                "grant": grant.envelope,
            }
            for grant in _grants(known, one)
        ],
        "keys": [
            {
                "key_id": key.id,
                "custody": key.custody,
                "kinds": key.kinds,
                "projects": key.projects,
                "since": key.since,
            }
            for key in keys
            if in_force(key.since, key.until, known.position)
        ],
        "since": one.since,
        "until": one.until,
        "in_force": principal_in_force(known.roster, one.id, known.position),
    }


def look_document(known: Directory, look: Look) -> dict[str, Any]:
    """Unresolved accounts and what was looked at, as ``--json`` prints them."""
    return {
        "unresolved": [
            {
                "account": _account_document(item),
                "seen": {duty: len(places) for duty, places in sorted(item.places.items())},
                "names": [name for name, _ in item.names.most_common()],
                "projects": sorted(item.projects),
                "first": item.first,
                "last": item.last,
                "claimants": list(item.claimants),
                "hidden": list(item.hidden),
                "commands": list(remedies(known, item)),
            }
            for item in look.unresolved
        ],
        "looked_at": {
            "from": look.start,
            "to": look.end,
            "event_count": look.event_count,
            "unread_count": look.unread_count,
        },
    }


def look_lines(known: Directory, look: Look) -> list[str]:
    """Unresolved accounts, each with the commands that resolve it, and what was looked at."""
    lines = []
    if look.unresolved:
        one = len(look.unresolved) == 1
        lines.append(
            f"{plural(len(look.unresolved), 'account')} {'leads' if one else 'lead'} to nobody. Verdicts about what "
            f"{'it' if one else 'they'} did cannot tell."
        )
        for item in look.unresolved[:MOST_SHOWN]:
            lines += ["", *_unresolved_lines(known, item)]
        if len(look.unresolved) > MOST_SHOWN:
            lines += ["", f"And {len(look.unresolved) - MOST_SHOWN:,} more: evidence people list --json."]
        lines += ["", "If one belongs to somebody known: evidence people link PERSON ACCOUNT."]
    else:
        lines.append("Every account that was seen leads to somebody.")
    looked = f"Looked at {plural(look.event_count, 'event')} in entries {look.start:,} to {look.end - 1:,}"
    unread = f"; {plural(look.unread_count, 'list')} of names could not be read" if look.unread_count else ""
    lines.append(f"{looked}{unread}.")
    if look.start > 0:
        lines.append("Older entries: run it again, which goes further back, or add --all-entries.")
    return lines


def principal_lines(known: Directory, listed: Sequence[Principal]) -> list[str]:
    """People, agents and services, a block each, those that were merged with the one that stands for them."""
    lines: list[str] = []
    for kind, head in _HEADS:
        heads = [one for one in listed if one.type == kind and known.person(one.id) == one.id]
        heads += [
            one
            for one in listed
            if one.type == kind and known.person(one.id) not in {item.id for item in heads} | {one.id}
        ]
        if heads:
            lines += ["", f"{head}:"]
        for one in sorted(heads, key=lambda item: (known.name(item.id).casefold(), item.id)):
            lines += ["", *_block(known, one)]
    return lines[1:]


def remedies(known: Directory, item: Unresolved) -> tuple[str, ...]:
    """The commands that resolve an account, the likeliest first; empty where none can be typed."""
    account = item.account
    typed = format_account(_plain(account))
    if typed is None:
        return ()
    if len(item.claimants) > 1:
        first, *rest = item.claimants
        merges = [f"evidence people merge {one} --into {first}" for one in rest]
        return *merges, *(f"evidence people unlink {one} {quoted(typed)}" for one in item.claimants)
    names = [name for name, _ in item.names.most_common()]
    login = ["--login", account.login] if account.login and clean(account.login) == account.login else []
    holder = _probable(known, item, names)
    if holder is not None:
        return (f"evidence people link {_who(known, holder)} {quoted(typed, *login)}",)
    name = next((name for name in names if clean(name) == name and not name.startswith("-")), None)
    if name is None:
        name = typed
    return (f"evidence people add {quoted(name, typed)}{_sort(account, names)}",)


def _sort(account: Account | Any, names: Iterable[str]) -> str:  # noqa: ANN401 -- the dossier's account, or a document's
    from ledger.capture.agents import agent_of
    from ledger.capture.commits import Contact

    mail = account.mail or ""
    if any(agent_of(Contact(name, mail)) is not None for name in (*names, "")):
        return " --type agent --responsible PERSON"
    if any(name.endswith("[bot]") for name in names) or "[bot]@" in mail:
        return " --type service --responsible PERSON"
    return ""


def _probable(known: Directory, item: Unresolved, names: Iterable[str]) -> Principal | None:
    """The one principal that has the forge account in a made-up address, or one of the names beside the account."""
    made_up = _NOREPLY.fullmatch(item.account.mail or "")
    wanted = {name.casefold() for name in names}
    by_id, by_name = [], []
    for one in known.roster.principals.values():
        card = known.card(one)
        if card is None or not principal_in_force(known.roster, one.id, known.position):
            continue
        forge = {(account.system.casefold(), account.id) for account in card.accounts}
        if made_up is not None and (made_up[2].casefold(), made_up[1]) in forge:
            by_id.append(one)
        if card.name.casefold() in wanted:
            by_name.append(one)
    for found in (by_id, by_name):
        persons = {known.person(one.id) for one in found}
        if len(persons) == 1:
            return next((one for one in found if one.id in persons), found[0])
        if found:
            return None
    return None


def _who(known: Directory, one: Principal) -> str:
    """A principal as it is typed: by name where that means nobody else."""
    name = known.name(one.id)
    same = [other for other in known.roster.principals if known.name(other).casefold() == name.casefold()]
    return quoted(name) if len(same) == 1 and clean(name) == name and not name.startswith("-") else one.id


def _plain(account: Any) -> Account:  # noqa: ANN401 -- the dossier's account has a name beside it
    from ledger.documents import Account as Document

    return Document(account.system, account.id, account.login, account.mail)


def _account_document(item: Unresolved) -> dict[str, str]:
    members = {
        "system": item.account.system,
        "id": item.account.id,
        "login": item.account.login,
        "mail": item.account.mail,
    }
    return {name: value for name, value in members.items() if value is not None}


def _unresolved_lines(known: Directory, item: Unresolved) -> Iterator[str]:
    account = item.account
    where = account.mail if account.system == GIT else f"{account.system} {account.login or ''} (id {account.id})"
    names = _and(f"\u201c{clean(name, 60)}\u201d" for name, _ in item.names.most_common(3))
    seen = ", ".join(f"{duty} {len(places)}x" for duty, places in sorted(item.places.items()))
    span = f"entry {item.first}" if item.first == item.last else f"entries {item.first} to {item.last}"
    projects = _and(map(known.project_name, sorted(item.projects)))
    yield f"  {clean(where or '', 200)}{f'  {names}' if names else ''}"
    yield f"    seen as {seen} in {span} of {clean(projects, 200)}"
    if len(item.claimants) > 1:
        yield f"    claimed by {_and(clean(known.name(one)) for one in item.claimants)}: one person, or a mistake?"
    elif item.hidden:
        yield f"    perhaps of {_and(clean(known.name(one)) for one in item.hidden)}, whose card cannot be read"
    commands = remedies(known, item)
    for command in commands:
        yield f"    {command}"
    if not commands:
        yield "    cannot be typed: put it into a file for evidence people import"


def _block(known: Directory, one: Principal) -> Iterator[str]:
    card = known.card(one)
    state = "" if principal_in_force(known.roster, one.id, known.position) else f", disabled at position {one.until}"
    behind = "" if one.responsible is None else f", for {clean(known.name(one.responsible))}"
    if one.type in ("agent", "service") and one.responsible is None:
        behind = ", nobody answers for it"
    yield f"{clean(known.name(one.id))}  {short_id(one.id)}{behind}{state}"
    if card is None and one.cards:
        yield "  card      cannot be read: accounts are unknown"
    yield from _listed("roles", (f"{grant.role} {clean(scope_words(grant, known))}" for grant in _grants(known, one)))
    yield from _listed("accounts", () if card is None else (clean(account_words(item)) for item in card.accounts))
    if card is not None and card.identity is not None:
        yield f"  identity  {clean(card.identity.subject, 200)} at {clean(card.identity.issuer, 200)}"
    yield from _listed("keys", (_key(known, key) for key in known.keys_of(one.id)))
    others = [
        other
        for other in known.roster.principals.values()
        if other.id != one.id and known.person(other.id) == known.person(one.id)
    ]
    yield from _listed("also", (_merged(known, other) for other in others))


def _merged(known: Directory, other: Principal) -> str:
    since = f", merged at position {other.merges[-1].since}" if other.merges else ""
    keys = plural(len(known.keys_of(other.id)), "key")
    return f"{clean(known.name(other.id))} ({short_id(other.id)}){since}; {keys}"


def _key(known: Directory, key: Key) -> str:
    held = f", held in: {key.custody}" if key.custody is not None else ", custody not declared"
    where = "" if key.projects is None else f" in {clean(_and(map(known.project_name, key.projects)))}"
    kinds = "" if key.kinds is None else f", for {' '.join(key.kinds)}{where}"
    return f"{key.id[7:23]} {key.public.scheme}{held}{kinds}"


def _grants(known: Directory, one: Principal) -> tuple[Grant, ...]:
    return tuple(
        grant
        for grant in known.roster.grants
        if grant.principal == one.id and in_force(grant.since, grant.until, known.position)
    )


def _listed(head: str, items: Iterable[str]) -> Iterator[str]:
    for number, item in enumerate(items):
        yield f"  {head if number == 0 else '':<10}{item}"


def _and(items: Iterable[str]) -> str:
    names = list(items)
    return ", ".join(names[:-1]) + f" and {names[-1]}" if len(names) > 1 else "".join(names)
