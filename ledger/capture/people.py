"""People as a repository knows them: contributors of its history, and its CODEOWNERS file.

All of it is claims for a person to review; nothing here decides who somebody is.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ledger.capture.agents import agent_of
from ledger.capture.commits import Contact, parse_contact, tree_of
from ledger.capture.git import read_view

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ledger.capture.commits import Commit
    from ledger.capture.git import Repository

OWNER_FILES: Final = (".github/CODEOWNERS", ".gitlab/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS")
"""Where forges look for the file, in their order."""

_MAX_OWNER_LINES: Final = 20_000
_SECTION = re.compile(r"\^?\[([^\]]+)\](?:\[\d+\])?(.*)")
_BREAKING = re.compile(r"[\x00-\x1f<>]")


@dataclass(frozen=True, slots=True)
class Contributor:
    """One name and address of a history, with what ``.mailmap`` joins to it."""

    contact: Contact
    """After ``.mailmap``."""
    written: tuple[Contact, ...]
    """Every form it has in the commits, ascending."""
    authored_count: int
    committed_count: int
    co_authored_count: int
    """Commits by part; a committer who is the author too is counted as author alone."""
    last_at: str | None
    """Time of the last of these commits in the order given, as the commit claims it."""
    agent: str | None
    """Label of the assistant that has this name and address; None for anybody else."""


@dataclass(frozen=True, slots=True)
class OwnerRule:
    """One line of a CODEOWNERS file."""

    pattern: str
    """Path pattern as written, escaped blanks undone."""
    owners: tuple[str, ...]
    """``@account``, ``@group/team`` or addresses as written; the section's where the line has none."""
    section: str | None
    """Name of the section it stands in; None outside of any."""
    line: int
    """Its number in the file, from 1."""


def contributors(repository: Repository, commits: Iterable[Commit], *, revision: str) -> tuple[Contributor, ...]:
    """Who contributed to ``commits``, most commits first; names joined by the ``.mailmap`` of commit ``revision``.

    Raises:
        NotFoundError: ``git-object-missing``.
    """
    authored, committed, co_authored = Counter[Contact](), Counter[Contact](), Counter[Contact]()
    last: dict[Contact, str | None] = {}
    for commit in commits:
        author, committer = commit.author.contact, commit.committer.contact
        authored[author] += 1
        parts = [author, *commit.co_authors]
        if committer != author:
            committed[committer] += 1
            parts.append(committer)
        co_authored.update(contact for contact in commit.co_authors if contact != author)
        last.update(dict.fromkeys(parts, commit.committer.at))
    mapped = _mapped(repository, tuple(last), revision)
    groups: dict[tuple[str, str], list[Contact]] = {}
    for contact in last:
        # Addresses differ in case between tools; names are kept as they are.
        groups.setdefault((mapped[contact].name, mapped[contact].mail.lower()), []).append(contact)
    found = [
        Contributor(
            contact=mapped[group[0]],
            written=tuple(sorted(group, key=lambda contact: (contact.name, contact.mail))),
            authored_count=sum(authored[contact] for contact in group),
            committed_count=sum(committed[contact] for contact in group),
            co_authored_count=sum(co_authored[contact] for contact in group),
            last_at=last[group[-1]],
            agent=next((agent for contact in group if (agent := agent_of(contact))), None),
        )
        for group in groups.values()
    ]
    return tuple(sorted(found, key=_rank))


def read_owners(repository: Repository, revision: str) -> tuple[str, tuple[OwnerRule, ...]] | None:
    """Path and rules of the CODEOWNERS file in commit ``revision``; None where it has none.

    Raises:
        NotFoundError: ``git-object-missing``.
        FormatError: ``git-object-too-large``.
    """
    for path in OWNER_FILES:
        data = _file(repository, revision, path)
        if data is not None:
            return path, parse_owners(data)
    return None


def parse_owners(data: bytes) -> tuple[OwnerRule, ...]:
    """The rules of a CODEOWNERS file in order (the last that matches a path decides, on both large forges).

    What no forge understands either is passed over; lines beyond the 20,000th are not read.
    """
    rules: list[OwnerRule] = []
    section: str | None = None
    inherited: tuple[str, ...] = ()
    for number, raw in enumerate(data.decode("utf-8", "replace").splitlines()[:_MAX_OWNER_LINES], start=1):
        line = re.sub(r"(?:^|(?<=\s))#.*", "", raw).strip()
        if not line:
            continue
        if heading := _SECTION.fullmatch(line):
            section, inherited = heading[1].strip(), _owners(heading[2].split())
            continue
        pattern, *words = re.split(r"(?<!\\)\s+", line)
        owners = _owners(words) or inherited
        rules.append(OwnerRule(pattern.replace("\\ ", " ").replace("\\#", "#"), owners, section, number))
    return tuple(rules)


def _owners(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(word for word in words if "@" in word)


def _rank(contributor: Contributor) -> tuple[int, str, str]:
    total = contributor.authored_count + contributor.committed_count + contributor.co_authored_count
    return -total, contributor.contact.name, contributor.contact.mail


def _mapped(repository: Repository, contacts: tuple[Contact, ...], revision: str) -> dict[Contact, Contact]:
    blob = _blob(repository, revision, ".mailmap")
    # git reads contacts line by line; what would break a line or a bracket cannot be in a mailmap either.
    plain = tuple(c for c in contacts if c.mail and not _BREAKING.search(c.name) and not _BREAKING.search(c.mail))
    if blob is None or not plain:
        return {contact: contact for contact in contacts}
    asked = "".join(f"{contact.name} <{contact.mail}>\n" for contact in plain).encode()
    words = ("-c", f"mailmap.blob={blob}", "check-mailmap", "--stdin")
    said = read_view(repository, *words, stdin=asked)[1].decode("utf-8", "replace").splitlines()
    answers = (parse_contact(line) for line in said)
    mapped = {contact: answer or contact for contact, answer in zip(plain, answers, strict=False)}
    return {contact: mapped.get(contact, contact) for contact in contacts}


def _file(repository: Repository, revision: str, path: str) -> bytes | None:
    blob = _blob(repository, revision, path)
    return None if blob is None else repository.objects.read(blob, "blob")


def _blob(repository: Repository, revision: str, path: str) -> str | None:
    """Object id of the regular file at ``path``; None where there is none, or a link, which could lead anywhere."""
    tree = tree_of(repository, revision)
    said = read_view(repository, "ls-tree", "-z", "--full-tree", tree, "--", os.fspath(path))[1]
    found = re.match(rb"100[0-7]{3} blob ([0-9a-f]+)\t", said)
    return found[1].decode("ascii") if found else None
