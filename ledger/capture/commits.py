"""Commits as values: the object's own fields, and the trailers as git reads them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Final

from ledger.capture.git import read_view
from ledger.capture.objects import is_object_id
from ledger.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ledger.capture.git import Repository

_CHUNK: Final = 2000
_CONTACT = re.compile(r"\s*(?P<name>[^<>]*?)\s*<(?P<mail>[^<>]*)>.*")
# In the whole message, not in git's trailer block alone: a squash leaves the trailers of its parts in the middle.
_CO_AUTHOR = re.compile(r"^[ \t]*co-authored-by[ \t]*:(.*)$", re.IGNORECASE | re.MULTILINE)
_CODECS: Final = re.compile(
    r"(?:utf-?8|us-ascii|ascii|iso-?8859-\d+|latin-?\d+|windows-125\d|cp125\d|cp932|koi8-[ru]|shift_?jis|sjis|euc-?"
    r"(?:jp|kr|cn)|gb2312|gbk|gb18030|big5)",
    re.ASCII | re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Contact:
    """A name and a mail address as somebody wrote them: a claim, not a principal."""

    name: str
    """As written, without the blanks around it."""
    mail: str
    """As written, without the angle brackets."""


@dataclass(frozen=True, slots=True)
class Signature:
    """Who a commit says acted, and when (not a cryptographic signature)."""

    contact: Contact
    at: str | None
    """RFC 3339 with the offset written in the commit, whole seconds; None where the commit gives no readable time, or
    one outside the years 1970 to 9999 as written, which no claimed time can say (format §1.1)."""


@dataclass(frozen=True, slots=True)
class Trailer:
    """One line of the trailer block."""

    key: str
    """Before the colon, as written."""
    value: str
    """After it, continuation lines joined by blanks."""


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit. Bytes that do not decode are U+FFFD in every text."""

    id: str
    """Object id; the object was checked against it."""
    tree: str
    """Object id of its tree."""
    parents: tuple[str, ...]
    """Object ids in order; empty for a root commit."""
    author: Signature
    committer: Signature
    message: str
    """The whole message, line breaks as written."""
    trailers: tuple[Trailer, ...]
    """As ``git interpret-trailers --parse --no-divider`` gives them without any configuration. A line of hyphens ends a
    patch's message but not a commit's, and must not hide what follows it."""
    co_authors: tuple[Contact, ...]
    """Of every ``Co-authored-by`` line anywhere in the message, in order, without repetition."""
    signed: bool
    """Whether it carries a signature, which is not checked here."""

    @property
    def subject(self) -> str:
        """First line of the message, without the blanks around it."""
        return self.message.strip("\n").partition("\n")[0].strip()


def read_commit(repository: Repository, commit: str) -> Commit:
    """The commit with that id; raises as ``read_commits``."""
    return next(read_commits(repository, (commit,)))


def read_commits(repository: Repository, commits: Iterable[str]) -> Iterator[Commit]:
    """The commits with those ids, in the same order; two processes however many there are.

    Raises:
        NotFoundError: ``git-object-missing``.
        FormatError: ``git-bad-commit``, or what ``ObjectReader.read`` refuses.
    """
    ids = list(commits)
    for start in range(0, len(ids), _CHUNK):
        chunk = ids[start : start + _CHUNK]
        raw = [repository.objects.read(commit, "commit") for commit in chunk]
        # Before git is asked, which stops without a place at an object that is malformed.
        for commit, data in zip(chunk, raw, strict=True):
            _headers(repository, commit, data)
        trailers = _trailers(repository, chunk)
        for commit, data in zip(chunk, raw, strict=True):
            yield _parse(repository, commit, data, trailers.get(commit, ()))


def tree_of(repository: Repository, commit: str) -> str:
    """Object id of the commit's tree; raises as ``read_commits``."""
    return _headers(repository, commit, repository.objects.read(commit, "commit"))[0]


def parents_of(repository: Repository, commit: str) -> tuple[str, ...]:
    """Object ids of the commit's parents; raises as ``read_commits``."""
    return _headers(repository, commit, repository.objects.read(commit, "commit"))[1]


def parse_contact(text: str) -> Contact | None:
    """The contact that ``Name <mail>`` spells; None where there is no address in angle brackets."""
    found = _CONTACT.fullmatch(text.strip())
    return Contact(found["name"], found["mail"].strip()) if found else None


def _parse(repository: Repository, commit: str, data: bytes, trailers: tuple[Trailer, ...]) -> Commit:
    tree, parents, headers = _headers(repository, commit, data)
    codec = _codec(headers.get(b"encoding", b""))
    message = data.partition(b"\n\n")[2].decode(codec, "replace")
    return Commit(
        id=commit,
        tree=tree,
        parents=parents,
        author=_signature(headers.get(b"author", b""), codec),
        committer=_signature(headers.get(b"committer", b""), codec),
        message=message,
        trailers=trailers,
        co_authors=_co_authors(message),
        signed=b"gpgsig" in headers or b"gpgsig-sha256" in headers,
    )


def _headers(repository: Repository, commit: str, data: bytes) -> tuple[str, tuple[str, ...], dict[bytes, bytes]]:
    """Tree, parents and the other headers of a commit object; of a repeated header the first."""
    tree, parents, others = "", [], dict[bytes, bytes]()
    for line in re.split(rb"\n(?! )", data.partition(b"\n\n")[0]):
        key, _, value = line.partition(b" ")
        if key == b"tree" and not tree:
            tree = value.decode("ascii", "replace")
        elif key == b"parent":
            parents.append(value.decode("ascii", "replace"))
        else:
            others.setdefault(key, value)
    if not all(is_object_id(named, repository.object_format) for named in (tree, *parents)):
        raise FormatError("git-bad-commit", "a commit names no tree or parent by its id", details={"commit": commit})
    return tree, tuple(parents), others


def _signature(value: bytes, codec: str) -> Signature:
    text = value.decode(codec, "replace")
    name, _, rest = text.partition("<")
    mail = rest.partition(">")[0]
    # Times follow the last bracket: old importers left brackets inside names and addresses.
    return Signature(Contact(name.strip(), mail.strip()), _claimed_time(text.rpartition(">")[2].split()))


def _claimed_time(words: Sequence[str]) -> str | None:
    if len(words) != 2:
        return None
    found = re.fullmatch(r"([+-])(\d\d)(\d\d)", words[1], re.ASCII)
    if found is None or re.fullmatch(r"\d{1,12}", words[0], re.ASCII) is None:
        return None
    offset = timedelta(hours=int(found[2]), minutes=int(found[3])) * (-1 if found[1] == "-" else 1)
    try:
        zone = timezone(offset) if offset else UTC
        # The date as written decides whether the format can say it: the first hours of 1970 are 1969 further west.
        written = datetime(1970, 1, 1, tzinfo=zone) + (timedelta(seconds=int(words[0])) + offset)
    except (ValueError, OverflowError):
        return None
    return None if written.year < 1970 else written.isoformat().replace("+00:00", "Z")


def _codec(named: bytes) -> str:
    # Only plain character sets: Python knows codecs under other names that unpack or transform.
    text = named.decode("ascii", "replace").strip()
    return text if _CODECS.fullmatch(text) else "utf-8"


def _co_authors(message: str) -> tuple[Contact, ...]:
    found = (parse_contact(line) for line in _CO_AUTHOR.findall(message))
    return tuple(dict.fromkeys(contact for contact in found if contact is not None))


def _trailers(repository: Repository, commits: Sequence[str]) -> dict[str, tuple[Trailer, ...]]:
    # The same code of git that interpret-trailers runs, asked once for many commits, with no trailer.* configured.
    _code, said = read_view(
        repository,
        "rev-list",
        "--no-walk=unsorted",
        "--no-commit-header",
        "--encoding=UTF-8",
        "--format=%H%x00%(trailers:only,unfold)%x00",
        "--stdin",
        stdin="".join(f"{commit}\n" for commit in commits).encode("ascii"),
    )
    fields = said.decode("utf-8", "replace").split("\0")
    pairs = zip(fields[0::2], fields[1::2], strict=False)
    return {commit.strip(): tuple(_trailer_lines(block)) for commit, block in pairs}


def _trailer_lines(block: str) -> Iterator[Trailer]:
    for line in block.split("\n"):
        key, colon, value = line.partition(":")
        if colon:
            yield Trailer(key.strip(), value.strip())
