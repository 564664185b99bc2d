"""The settings of a ledger directory."""

from __future__ import annotations

from contextlib import suppress
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import FormatError
from ledger.settings import is_loopback, parse_listen, read_settings

HERE = PurePosixPath("/srv/ledger")


def test_defaults_lie_in_the_directory() -> None:
    """An empty file means two SQLite files in the directory, and loopback."""
    found = read_settings(b"", HERE, {})
    assert found.database_url == "sqlite:////srv/ledger/ledger.db"
    assert found.checkpoint_url == "sqlite:////srv/ledger/checkpoints.db"
    assert (found.host, found.port) == ("127.0.0.1", 8410)
    assert found.loopback


def test_environment_comes_first() -> None:
    """The environment comes before the file, the file before defaults; an empty variable says nothing."""
    toml = b'listen = "127.0.0.1:1"\ndatabase_url = "sqlite:////a"\n'
    variables = {"EVIDENCE_LEDGER_LISTEN": "[::1]:2", "EVIDENCE_LEDGER_DATABASE_URL": ""}
    found = read_settings(toml, HERE, variables)
    assert (found.host, found.port, found.database_url) == ("::1", 2, "sqlite:////a")


def test_what_seals_packs_lies_in_the_directory_unless_it_is_named() -> None:
    """Relative paths count from the ledger's directory; a time-stamp authority is asked only where one is named."""
    found = read_settings(b"", HERE, {})
    assert (found.seal_key, found.seal_certificates) == ("/srv/ledger/seal.key", "/srv/ledger/seal.pem")
    assert found.timestamp_url is None
    toml = (
        b'seal_key = "bought/key.pem"\nseal_certificates = "/etc/seal.pem"\ntimestamp_url = "http://tsa.example/tsr"\n'
    )
    found = read_settings(toml, HERE, {})
    assert (found.seal_key, found.seal_certificates) == ("/srv/ledger/bought/key.pem", "/etc/seal.pem")
    assert found.timestamp_url == "http://tsa.example/tsr"


@pytest.mark.parametrize(
    ("toml", "where"),
    [
        (b'seal_key = "a"', "seal_key"),
        (b'seal_certificates = "a"', "seal_key"),
        (b'timestamp_url = "tsa.example"', "timestamp_url"),
        (b'timestamp_url = "ftp://tsa.example"', "timestamp_url"),
        (b'timestamp_url = "http://tsa.example/\\n"', "timestamp_url"),
    ],
)
def test_half_a_seal_is_refused(toml: bytes, where: str) -> None:
    """A key without its certificate, and an address that is none."""
    with pytest.raises(FormatError) as caught:
        read_settings(toml, HERE, {})
    assert (caught.value.slug, caught.value.where) == ("bad-settings", where)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.4", "ledger.example.com", "localhost.example.com", ""])  # noqa: S104 -- looked at, not bound
def test_other_addresses_are_not_loopback(host: str) -> None:
    """Only addresses of this machine count as loopback; a name is not looked up."""
    assert not is_loopback(host)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
def test_loopback_addresses(host: str) -> None:
    """All loopback addresses count, and the name localhost."""
    assert is_loopback(host)


@pytest.mark.parametrize("text", ["", "8410", ":8410", "host:", "host:x", "host:65536", "host:-1", "host:٣"])
def test_bad_listen_is_refused(text: str) -> None:
    """An address to listen at has a host and a port."""
    with pytest.raises(FormatError):
        parse_listen(text)


@pytest.mark.parametrize("toml", [b"x = 1", b"listen = 1", b"[listen]", b"\xff", b"listen", b"listen = 'x'"])
def test_bad_settings_are_refused(toml: bytes) -> None:
    """Unknown names, other types and broken files are told, not ignored."""
    with pytest.raises(FormatError) as caught:
        read_settings(toml, HERE, {})
    assert caught.value.slug == "bad-settings"


@given(st.binary(max_size=100))
def test_any_bytes_give_settings_or_a_format_error(data: bytes) -> None:
    """Whatever the file holds, only FormatError is raised."""
    with suppress(FormatError):
        read_settings(data, HERE, {})
