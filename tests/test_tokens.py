"""Delivery tokens: their text, their end, and what they open."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import AuthorityError, ConflictError, FormatError, NotFoundError
from ledger.tokens import (
    SECRET_BYTES,
    Token,
    add_token,
    admitted,
    new_token,
    read_tokens,
    revoke_token,
    token_digest,
    well_formed,
    write_tokens,
)

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
DAY = timedelta(days=1)
SECRET = bytes(range(32))


def made(name: str = "ci", scopes: tuple[str, ...] = ("ingest",), secret: bytes = SECRET) -> tuple[str, Token]:
    """A token that lives a day."""
    return new_token(secret, name, scopes, now=NOW, lifetime=DAY)


def test_text_is_recognisable() -> None:
    """A token begins with its prefix, has one length, and any changed character is noticed."""
    text, _ = made()
    assert text.startswith("el_pat_")
    assert len(text) == 56
    assert well_formed(text)
    for at in range(7, len(text)):
        assert not well_formed(text[:at] + ("a" if text[at] != "a" else "b") + text[at + 1 :])


@given(st.binary(min_size=SECRET_BYTES, max_size=SECRET_BYTES))
def test_every_secret_gives_a_well_formed_token(secret: bytes) -> None:
    """Whatever the random bytes, the text is well formed and opens what it was made for."""
    text, token = made(secret=secret)
    assert well_formed(text)
    assert admitted((token,), token_digest(text), "ingest", now=NOW) == token


def test_file_holds_no_secret() -> None:
    """The list has the digest of a token, never its text or its random bytes."""
    text, token = made()
    data = write_tokens((token,))
    assert text.encode() not in data
    assert text[7:50].encode() not in data
    assert SECRET.hex().encode() not in data
    assert read_tokens(data) == (token,)


def test_ends_when_it_expires() -> None:
    """A token is refused from the second of its end on."""
    text, token = made()
    assert admitted((token,), token_digest(text), "ingest", now=NOW + DAY - timedelta(seconds=1)) == token
    with pytest.raises(AuthorityError) as caught:
        admitted((token,), token_digest(text), "ingest", now=NOW + DAY)
    assert caught.value.slug == "token-expired"


def test_expiry_is_mandatory_and_bounded() -> None:
    """No token lives for ever, or backwards."""
    for lifetime in (timedelta(), -DAY, timedelta(days=367)):
        with pytest.raises(FormatError, match="expires"):
            new_token(SECRET, "ci", ("read",), now=NOW, lifetime=lifetime)


def test_scope_is_needed() -> None:
    """A token opens its own scopes only."""
    text, token = made(scopes=("ingest", "read"))
    with pytest.raises(AuthorityError) as caught:
        admitted((token,), token_digest(text), "contents", now=NOW)
    assert caught.value.slug == "token-scope"
    assert caught.value.details["needed"] == "contents"


def test_unknown_scope_is_not_made() -> None:
    """Scopes are a closed list, and at least one."""
    for scopes in ((), ("admin",), ("read", "all")):
        with pytest.raises(FormatError):
            made(scopes=scopes)


def test_unknown_token_is_refused() -> None:
    """A well-formed token that the server did not make is refused."""
    other, _ = made(secret=bytes(32))
    _, token = made()
    for text in (other, "", "el_pat_", "\udcff", "x" * 10_000):
        with pytest.raises(AuthorityError) as caught:
            admitted((token,), token_digest(text), "ingest", now=NOW)
        assert caught.value.slug == "token-unknown"


def test_revoked_token_is_refused_and_still_listed() -> None:
    """Revoking ends a token at once and keeps its line."""
    text, token = made()
    for name in (token.name, token.id):
        ended = revoke_token((token,), name, now=NOW)
        assert len(ended) == 1
        with pytest.raises(AuthorityError) as caught:
            admitted(ended, token_digest(text), "ingest", now=NOW)
        assert caught.value.slug == "token-revoked"
        with pytest.raises(NotFoundError):
            revoke_token(ended, name, now=NOW)


def test_name_is_unique_among_tokens_in_use() -> None:
    """A name can be used again once its token has ended."""
    _, first = made()
    _, second = made(secret=bytes(32))
    with pytest.raises(ConflictError):
        add_token((first,), second, now=NOW)
    assert len(add_token(revoke_token((first,), "ci", now=NOW), second, now=NOW)) == 2
    assert len(add_token((first,), second, now=NOW + DAY)) == 2


@given(st.binary(max_size=200))
def test_damaged_list_is_a_format_error(data: bytes) -> None:
    """Whatever the file holds, reading it raises FormatError only."""
    with pytest.raises(FormatError):
        read_tokens(data)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_other_json_is_a_format_error(value: object) -> None:
    """JSON of another shape is refused with a place, never with a crash."""
    for document in (value, {"tokens": value, "v": 1}, {"tokens": [value], "v": 1}):
        if document != {"tokens": [], "v": 1}:
            with pytest.raises(FormatError):
                read_tokens(json.dumps(document).encode())
