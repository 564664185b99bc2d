"""Documents that are contents: name cards, accounts and commit lists, in their one byte form (format §4.6).

They are kept beside the log and may be erased; nothing of them is ever part of a leaf or an envelope. Their texts are
what people wrote, names and mail addresses among them: claims, never principals.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from ledger.canonical import JSON, encode, parse_canonical
from ledger.errors import FormatError
from ledger.events.context import MAX_CONTENT_BYTES
from ledger.events.shape import (
    array,
    claimed_time,
    digest,
    label,
    member,
    nested,
    object_id,
    one_of,
    principal_id,
    read_object,
    write_object,
)

if TYPE_CHECKING:
    from ledger.digests import Digest

T = TypeVar("T")

GIT: Final = "git"
"""System of commit identities; every other system is the host name of a forge."""

MAX_ITEMS: Final = 1_000_000
"""More than fits a content; the length of a list is bounded by the content's size alone."""


def _text(value: JSON, where: str) -> str:
    if not isinstance(value, str):
        raise FormatError("bad-document", "a string is required", where=where)
    return value


def _version(value: JSON, where: str) -> int:
    if type(value) is not int or value != 1:
        raise FormatError("unknown-version", "document version 1 is required", where=where)
    return value


@dataclass(frozen=True, slots=True)
class Account:
    """A name outside the ledger: a commit identity or a forge account."""

    system: str = member(_text)
    """``git``, or the forge's host name."""
    id: str | None = member(_text, optional=True)
    """Immutable id at the forge, which is how a forge account is found."""
    login: str | None = member(_text, optional=True)
    """As people know it; never used to find a principal, since logins are given away again."""
    mail: str | None = member(_text, optional=True)
    """Mail address, which is how a commit identity is found."""


def _account(value: JSON, where: str) -> Account:
    account = read_object(Account, value, where)
    if (account.mail if account.system == GIT else account.id) is None:
        raise FormatError("bad-document", "a git account has its mail, a forge account its immutable id", where=where)
    return account


@dataclass(frozen=True, slots=True)
class Identity:
    """What an identity provider calls a person."""

    issuer: str = member(_text)
    subject: str = member(_text)


@dataclass(frozen=True, slots=True)
class Card:
    """Who a principal or project is, in words."""

    accounts: tuple[Account, ...] = member(array(_account, most=MAX_ITEMS))
    name: str = member(_text)
    v: int = member(_version)
    identity: Identity | None = member(nested(Identity), optional=True)
    """Present once somebody verified it."""
    url: str | None = member(_text, optional=True)
    """Of a project."""


@dataclass(frozen=True, slots=True)
class AccountDocument:
    """The account of an actor whom nobody resolved when the event was made."""

    account: Account = member(_account)
    v: int = member(_version)


@dataclass(frozen=True, slots=True)
class CommitPerson:
    """An author, committer or co-author as the commit names them."""

    mail: str = member(_text)
    name: str = member(_text)
    at: str | None = member(claimed_time, optional=True)


@dataclass(frozen=True, slots=True)
class ListedCommit:
    """One commit of a commit list."""

    ai_traces: tuple[str, ...] = member(array(_text, most=MAX_ITEMS))
    """What in the commit speaks of an assistant."""
    author: CommitPerson = member(nested(CommitPerson))
    co_authors: tuple[CommitPerson, ...] = member(array(nested(CommitPerson), most=MAX_ITEMS))
    committer: CommitPerson = member(nested(CommitPerson))
    id: str = member(object_id)
    parents: tuple[str, ...] = member(array(object_id, most=MAX_ITEMS))
    tree: str = member(object_id)
    subject: str | None = member(_text, optional=True)


@dataclass(frozen=True, slots=True)
class CommitList:
    """Commits, oldest first."""

    commits: tuple[ListedCommit, ...] = member(array(nested(ListedCommit), most=MAX_ITEMS))
    v: int = member(_version)


@dataclass(frozen=True, slots=True)
class ReviewedGrant:
    """A grant that an access review looked at."""

    decision: str = member(one_of("keep", "end"))
    grant: Digest = member(digest)
    """Envelope digest of the event that granted it."""
    principal: str = member(principal_id)
    role: str = member(label)


@dataclass(frozen=True, slots=True)
class AccessList:
    """Every grant that was in force for a project, with what its reviewer decided."""

    grants: tuple[ReviewedGrant, ...] = member(array(nested(ReviewedGrant), most=MAX_ITEMS))
    v: int = member(_version)


def encode_card(
    name: str, accounts: tuple[Account, ...] = (), *, url: str | None = None, identity: Identity | None = None
) -> bytes:
    """The bytes of a name card."""
    return encode(write_object(Card(accounts, name, 1, identity, url)))


def encode_account(account: Account) -> bytes:
    """The bytes of an account document."""
    return encode(write_object(AccountDocument(account, 1)))


def encode_commits(commits: tuple[ListedCommit, ...]) -> bytes:
    """The bytes of a commit list."""
    return encode(write_object(CommitList(commits, 1)))


def encode_access_list(grants: tuple[ReviewedGrant, ...]) -> bytes:
    """The bytes of an access list, ascending by grant and principal."""
    return encode(write_object(AccessList(tuple(sorted(grants, key=lambda one: (one.grant, one.principal))), 1)))


def parse_access_list(data: bytes) -> tuple[ReviewedGrant, ...]:
    """The grants that an access list names.

    Raises:
        FormatError: at the place of the fault, also where they are not ascending or one stands twice.
    """
    grants = _parse(AccessList, data).grants
    order = [(item.grant, item.principal) for item in grants]
    if order != sorted(set(order)):
        raise FormatError("bad-document", "grants ascend, and none stands twice", where="/grants")
    return grants


def parse_card(data: bytes) -> Card:
    """The card that ``data`` spells.

    Raises:
        FormatError: at the place of the fault; so do ``parse_account`` and ``parse_commits``.
    """
    return _parse(Card, data)


def parse_account(data: bytes) -> Account:
    """The account that ``data`` spells."""
    return _parse(AccountDocument, data).account


def parse_commits(data: bytes) -> tuple[ListedCommit, ...]:
    """The commits that ``data`` lists, oldest first; an id that stands twice is refused."""
    commits = _parse(CommitList, data).commits
    if len({commit.id for commit in commits}) != len(commits):
        raise FormatError("bad-document", "a commit stands twice", where="/commits")
    return commits


def account_key(system: str, identifier: str | None, mail: str | None) -> tuple[str, str]:
    """What makes two accounts one: the forge's immutable id, or the mail address in any case of letters."""
    if system == GIT:
        return GIT, (mail or "").casefold()
    return system.casefold(), identifier or ""


def _parse(cls: type[T], data: bytes) -> T:
    return read_object(cls, parse_canonical(data, max_bytes=MAX_CONTENT_BYTES, max_depth=8), "")
