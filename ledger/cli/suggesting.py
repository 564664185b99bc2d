"""A file of people from what a repository's history says. Claims only: nobody's role is guessed, nobody's key known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ledger.capture.commits import read_commits
from ledger.capture.git import open_repository, remote_url, resolve_commit, strip_credentials
from ledger.capture.history import commit_range
from ledger.capture.people import contributors, read_owners
from ledger.cli.output import clean

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from ledger.capture.people import Contributor, OwnerRule

_HEAD: Final = (
    "# People of a repository, as its history names them: a beginning for `evidence people import`.",
    "# Read every line. The same person may stand here twice; put their addresses into one mail = [...].",
    '# Roles are yours to write, such as roles = ["approver"]; nothing here says who may do what.',
)
_SHOWN_PATTERNS: Final = 3
_FORGES: Final = frozenset({"noreply@github.com", "noreply@gitlab.com", "noreply@gitea.com", "noreply@codeberg.org"})
"""Addresses that forges commit with when somebody merges in the browser."""


def suggestion(folder: Path, revision: str) -> tuple[dict[str, Any], list[str]]:
    """The document and the lines of TOML that list the contributors of ``revision``'s history.

    Raises:
        LedgerError: the folder is in no repository, or its clone is cut off (git-shallow).
    """
    with open_repository(folder) as repository:
        commit = resolve_commit(repository, revision)
        found = contributors(
            repository, read_commits(repository, commit_range(repository, commit, previous=None)), revision=commit
        )
        owners = read_owners(repository, commit)
        url = remote_url(repository)
        # A clone of a folder says nothing about where others find the project.
        address = (
            None if url is None or "/" not in url or url.startswith(("/", ".", "file:")) else strip_credentials(url)
        )
        name = (address or str(repository.root)).rstrip("/").removesuffix(".git").rpartition("/")[2]
        object_format = repository.object_format
    groups: dict[str, list[list[Contributor]]] = {kind: [] for kind in ("person", "service", "agent", "forge")}
    for group in _joined(found):
        groups[_kind(group)].append(group)
    lines = [*_HEAD, "", "[[project]]", f"name = {toml_text(name or 'repository')}"]
    lines += [f"url = {toml_text(address)}"] if address else []
    lines += [f"object_format = {toml_text(object_format)}", 'protected_refs = ["refs/heads/main"]']
    if owners is not None:
        lines += ["", *_owner_lines(*owners)]
    for group in groups["forge"]:
        lines += ["", f"# {clean(group[0].contact.name)} commits what people merge on their forge, and is left out."]
    seen: set[str] = set()
    for kind in ("person", "service", "agent"):
        for group in groups[kind]:
            lines += ["", *_entry(kind, group, again=group[0].contact.name.casefold() in seen)]
            seen.add(group[0].contact.name.casefold())
    document = {
        "project": {"name": name, "url": address, "object_format": object_format},
        **{f"{kind}s": [_document(group) for group in groups[kind]] for kind in ("person", "service", "agent")},
    }
    return document, lines


def _kind(group: list[Contributor]) -> str:
    """``person``, ``agent``, ``service`` (a program by its name), or ``forge`` (commits what people merge there)."""
    if any(one.agent is not None for one in group):
        return "agent"
    contact = group[0].contact
    if contact.mail.casefold() in _FORGES and not any(one.authored_count for one in group):
        return "forge"
    return "service" if contact.name.endswith("[bot]") or "[bot]@" in contact.mail else "person"


def toml_text(text: str) -> str:
    """``text`` as a TOML basic string on one line; what is invisible or steers a terminal becomes an escape."""
    pieces = []
    for character in text:
        if character in '"\\':
            pieces.append("\\" + character)
        elif clean(character) == character:
            pieces.append(character)
        else:
            point = ord(character)
            pieces.append(f"\\u{point:04x}" if point < 0x10000 else f"\\U{point:08x}")
    return '"' + "".join(pieces) + '"'


def _joined(found: Iterable[Contributor]) -> list[list[Contributor]]:
    """Contributors with one mail address or one name and address in common, most commits first."""
    groups: list[list[Contributor]] = []
    by_mail: dict[str, list[Contributor]] = {}
    for one in found:
        mails = {contact.mail.casefold() for contact in (one.contact, *one.written) if contact.mail}
        group = next((by_mail[mail] for mail in sorted(mails) if mail in by_mail), None)
        if group is None:
            group = []
            groups.append(group)
        group.append(one)
        by_mail.update(dict.fromkeys(mails, group))
    return groups


def _entry(kind: str, group: list[Contributor], *, again: bool) -> list[str]:
    first = group[0]
    mails = _mails(group)
    counts = (
        f"{sum(one.authored_count for one in group)} authored",
        f"{sum(one.committed_count for one in group)} committed for others",
        f"{sum(one.co_authored_count for one in group)} co-authored",
    )
    last = first.last_at[:10] if first.last_at else "unknown"
    lines = [f"[[{kind}]]  # {', '.join(counts)}; last {last}"]
    lines.append(f"name = {toml_text(first.contact.name or first.contact.mail or 'unknown')}")
    others = sorted({contact.name for one in group for contact in one.written} - {first.contact.name})
    lines += [f"# also written {', '.join(toml_text(other) for other in others)}"] if others else []
    if again:
        lines.append("# this name stands above with another address: the same one?")
    lines.append(f"mail = [{', '.join(map(toml_text, mails))}]")
    if kind != "person":
        lines.append('# responsible = "the mail address of the person who answers for it"')
    return lines


def _owner_lines(path: str, rules: tuple[OwnerRule, ...]) -> list[str]:
    patterns: dict[str, list[str]] = {}
    for rule in rules:
        for owner in rule.owners:
            patterns.setdefault(owner, []).append(rule.pattern)
    lines = [f"# {path} names these owners; whom an account or team means, and which role follows, is yours to say:"]
    for owner, owned in patterns.items():
        more = f" and {len(owned) - _SHOWN_PATTERNS} more" if len(owned) > _SHOWN_PATTERNS else ""
        lines.append(f"#   {clean(owner, 120)}: {clean(' '.join(owned[:_SHOWN_PATTERNS]), 200)}{more}")
    return lines


def _mails(group: list[Contributor]) -> list[str]:
    found = {
        contact.mail.casefold(): contact.mail
        for one in group
        for contact in (*one.written, one.contact)
        if contact.mail
    }
    first = group[0].contact.mail
    return [first, *(mail for key, mail in found.items() if key != first.casefold())] if first else list(found.values())


def _document(group: list[Contributor]) -> dict[str, Any]:
    return {
        "name": group[0].contact.name,
        "mail": _mails(group),
        "authored_count": sum(one.authored_count for one in group),
        "committed_count": sum(one.committed_count for one in group),
        "co_authored_count": sum(one.co_authored_count for one in group),
        "agent": group[0].agent,
    }
