"""Delivery tokens: their text, and the list that a server keeps of them. Values only; callers read and write files.

A token says who may deliver to a server or read from it; a signature says who states. The two are never mixed: no
verdict rests on a token, and a stolen one forges no evidence.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final
from zlib import crc32

from ledger.canonical import encode, parse
from ledger.digests import Digest, digest_bytes
from ledger.errors import AuthorityError, ConflictError, FormatError, NotFoundError
from ledger.events.shape import array, claimed_time, digest, instant, label, member, one_of, read_object, write_object

if TYPE_CHECKING:
    from ledger.canonical import JSON

PREFIX: Final = "el_pat_"
"""Begins every token, so that scanners of repositories and logs can find a leaked one."""
SECRET_BYTES: Final = 32
"""Random bytes in a token."""
SCOPES: Final = ("contents", "ingest", "read")
"""``ingest``: send events and contents. ``read``: everything but contents. ``contents``: the contents themselves, also
inside bundles."""
LONGEST: Final = timedelta(days=366)
"""No token lives longer."""
MAX_TOKENS_BYTES: Final = 1024 * 1024

_DIGITS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_SECRET_DIGITS: Final = 43
_CHECK_DIGITS: Final = 6
_TEXT = re.compile(r"el_pat_[0-9A-Za-z]{49}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Token:
    """What a server keeps of a token; the token's text is shown once and kept by its holder alone."""

    created_at: str = member(claimed_time)
    """UTC."""
    digest: Digest = member(digest)
    """SHA-256 of the token's text: with 256 random bits in it, no slow or salted digest is needed."""
    expires_at: str = member(claimed_time)
    """UTC; the token is refused from then on."""
    name: str = member(label)
    """Whose it is, in words of the operator; unique among tokens in use."""
    scopes: tuple[str, ...] = member(array(one_of(*SCOPES), most=len(SCOPES), least=1, distinct=True))
    """What it opens: ``SCOPES``."""
    revoked_at: str | None = member(claimed_time, optional=True)
    """UTC; the token is refused from then on."""

    @property
    def id(self) -> str:
        """Short name of the token for lists and logs; says nothing about its text."""
        return "tok_" + self.digest[7:19]


def new_token(
    random: bytes, name: str, scopes: tuple[str, ...], *, now: datetime, lifetime: timedelta
) -> tuple[str, Token]:
    """A token's text, to be shown once, and what the server keeps of it.

    ``random`` is ``SECRET_BYTES`` from the operating system's generator.

    Raises:
        FormatError: ``bad-token`` where a scope or the lifetime is not allowed, or what a label refuses.
    """
    if len(random) != SECRET_BYTES:
        raise ValueError("a token takes 32 random bytes")
    if not timedelta() < lifetime <= LONGEST:
        raise FormatError("bad-token", f"a token lives at most {LONGEST.days} days, and expires", where="/expires_at")
    if not scopes or not set(scopes) <= set(SCOPES):
        raise FormatError("bad-token", f"scopes are {', '.join(SCOPES)}", where="/scopes")
    # text = "el_pat_" || base62(random[32]) in 43 digits || base62(crc32(prefix || those digits)) in 6 digits
    head = PREFIX + _base62(int.from_bytes(random), _SECRET_DIGITS)
    text = head + _checksum(head)
    token = Token(
        created_at=_utc(now),
        digest=digest_bytes(text.encode("ascii")),
        expires_at=_utc(now + lifetime),
        name=str(label(name, "/name")),
        scopes=tuple(sorted(set(scopes))),
        revoked_at=None,
    )
    return text, token


def add_token(tokens: tuple[Token, ...], token: Token, *, now: datetime) -> tuple[Token, ...]:
    """``tokens`` and ``token`` after them.

    Raises:
        ConflictError: ``token-name-taken`` where one in use has this name.
    """
    if any(item.name == token.name and in_use(item, now) for item in tokens):
        raise ConflictError("token-name-taken", "a token in use has this name", remedy="Revoke it, or take another.")
    return (*tokens, token)


def revoke_token(tokens: tuple[Token, ...], name_or_id: str, *, now: datetime) -> tuple[Token, ...]:
    """``tokens`` with every one in use of that name or id ended at ``now``.

    Raises:
        NotFoundError: ``no-such-token``.
    """

    def meant(item: Token) -> bool:
        return name_or_id in (item.name, item.id) and in_use(item, now)

    if not any(map(meant, tokens)):
        raise NotFoundError(
            "no-such-token", "no token in use has this name or id", remedy="evidence token list DIRECTORY"
        )
    return tuple(replace(item, revoked_at=_utc(now)) if meant(item) else item for item in tokens)


def in_use(token: Token, now: datetime) -> bool:
    """Whether ``token`` is neither revoked nor past its end at ``now``."""
    return token.revoked_at is None and now < instant(token.expires_at)


def well_formed(text: str) -> bool:
    """Whether ``text`` has the shape and checksum of a token: a typing mistake is told before it is sent."""
    return _TEXT.fullmatch(text) is not None and _checksum(text[:-_CHECK_DIGITS]) == text[-_CHECK_DIGITS:]


def token_digest(text: str) -> Digest:
    """What stands for a token's ``text``, whatever was sent: SHA-256 of it."""
    return digest_bytes(text.encode("utf-8", "surrogateescape"))


def admitted(tokens: tuple[Token, ...], wanted: Digest, scope: str, *, now: datetime) -> Token:
    """The token whose text has the digest ``wanted``, in use at ``now`` and with ``scope``.

    Raises:
        AuthorityError: ``token-unknown``, ``token-expired``, ``token-revoked`` or ``token-scope``.
    """
    # Looked up by digest: the time a comparison takes says nothing about any token's text.
    token = next((item for item in tokens if item.digest == wanted), None)
    if token is None:
        raise AuthorityError("token-unknown", "the server does not know this token")
    if token.revoked_at is not None:
        raise AuthorityError("token-revoked", "the token was revoked", details={"token": token.id})
    if not in_use(token, now):
        raise AuthorityError(
            "token-expired",
            "the token has expired",
            details={"token": token.id, "expires_at": token.expires_at},
            remedy="Ask the operator for another: evidence token create",
        )
    if scope not in token.scopes:
        raise AuthorityError(
            "token-scope", "the token does not open this", details={"token": token.id, "needed": scope}
        )
    return token


def read_tokens(data: bytes) -> tuple[Token, ...]:
    """The tokens in the bytes of ``tokens.json``.

    Raises:
        FormatError: at the place of the fault.
    """
    value = parse(data, max_bytes=MAX_TOKENS_BYTES)
    if not isinstance(value, dict) or set(value) != {"tokens", "v"} or value["v"] != 1:
        raise FormatError("bad-token", "not an object with exactly tokens, and v 1")
    tokens: tuple[Token, ...] = array(_token, most=4096)(value["tokens"], "/tokens")
    return tokens


def write_tokens(tokens: tuple[Token, ...]) -> bytes:
    """The bytes of ``tokens.json``: digests only, no token can be got back from them."""
    return encode({"tokens": [write_object(item) for item in tokens], "v": 1}) + b"\n"


def _token(value: JSON, where: str) -> Token:
    return read_object(Token, value, where)


def _checksum(head: str) -> str:
    return _base62(crc32(head.encode("ascii")), _CHECK_DIGITS)


def _base62(number: int, digits: int) -> str:
    found = ""
    for _ in range(digits):
        number, digit = divmod(number, 62)
        found = _DIGITS[digit] + found
    return found


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
