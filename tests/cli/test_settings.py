"""Where settings come from, in which order, and what a cloned repository may not say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ledger.cli.keyfiles import PRIVATE_HEAD, make_key, signing_key
from ledger.cli.settings import DEFAULT_SERVER, Settings, find_settings
from ledger.errors import AuthorityError, ConflictError, FormatError, LedgerError, NotFoundError
from ledger.keyfile import read_key_file, write_key_file
from ledger.keys import format_private_key, key_id

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

ANCHOR = "log.example+65f5a758+AXR+I+7Ixn3Vrs/QuJG857PgjX9wO75qwsIb6mLZA01f sha256:" + "0" * 64


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A user's home with a folder of settings."""
    (tmp_path / ".config" / "evidence-ledger").mkdir(parents=True)
    return tmp_path


def write_user(home: Path, text: str, mode: int = 0o600) -> None:
    """Writes the user's settings file."""
    path = home / ".config" / "evidence-ledger" / "config.toml"
    path.write_text(text)
    path.chmod(mode)


def found(home: Path, folder: Path | None = None, flags: Mapping[str, str] | None = None, **environ: str) -> Settings:
    """Settings as a command finds them."""
    return find_settings(flags or {}, {"HOME": str(home), **environ}, folder or home)


def test_flags_come_before_environment_before_project_before_user_before_defaults(home: Path) -> None:
    """Each source gives way to the one before it, and the source is known."""
    assert found(home).server.text == DEFAULT_SERVER
    write_user(home, 'server = "http://user"')
    assert found(home).server.text == "http://user"
    (home / "repo" / "deep").mkdir(parents=True)
    (home / "repo" / ".evidence-ledger.toml").write_text('server = "http://project"')
    deep = home / "repo" / "deep"
    assert found(home, deep).server.text == "http://project"
    assert found(home, deep, EVIDENCE_LEDGER_SERVER="http://environment").server.text == "http://environment"
    flagged = found(home, deep, {"server": "http://flag"}, EVIDENCE_LEDGER_SERVER="http://environment").server
    assert (flagged.text, flagged.source) == ("http://flag", "flag")


def test_a_project_file_names_the_ledger_and_nothing_personal(home: Path) -> None:
    """A clone cannot set a key, a token or a folder to write in."""
    for name in ("key", "token", "outbox"):
        (home / ".evidence-ledger.toml").write_text(f'{name} = "x"')
        with pytest.raises(FormatError) as caught:
            found(home)
        assert caught.value.slug == "bad-settings"
        assert caught.value.where == name


def test_a_token_goes_to_its_own_server_only(home: Path) -> None:
    """A clone that names another server is not sent the token kept for the first."""
    write_user(home, 'server = "http://mine"\n[tokens]\n"http://mine" = "el_pat_secret"')
    mine = found(home).token
    assert mine is not None
    assert mine.text == "el_pat_secret"
    (home / ".evidence-ledger.toml").write_text('server = "http://theirs"')
    assert found(home).token is None


def test_a_file_with_tokens_is_for_its_owner_alone(home: Path) -> None:
    """Tokens in a file that others may read are refused, with the remedy."""
    write_user(home, '[tokens]\n"http://mine" = "el_pat_secret"', 0o644)
    with pytest.raises(FormatError) as caught:
        found(home)
    assert caught.value.slug == "settings-open"
    assert "el_pat" not in str(caught.value.remedy) + str(caught.value)


@pytest.mark.parametrize("text", ["server = 1", "nosuch = 'x'", "= broken", "[tokens]\na = 1", "\xff"])
def test_bad_files_are_refused_without_their_text(home: Path, text: str) -> None:
    """What is no settings file raises FormatError and repeats nothing of it but a known place."""
    write_user(home, text)
    with pytest.raises(FormatError):
        found(home)


def test_paths_in_a_file_count_from_it(home: Path) -> None:
    """An anchor named in a project's file lies beside that file, from wherever the command runs."""
    (home / "sub").mkdir()
    (home / "ledger.pub").write_text(ANCHOR + "\n")
    (home / ".evidence-ledger.toml").write_text('anchor = "ledger.pub"')
    assert found(home, home / "sub").anchor_line == ANCHOR
    (home / ".evidence-ledger.toml").write_text(f'anchor = "{ANCHOR}"')
    assert found(home, home / "sub").anchor_line == ANCHOR


def test_no_anchor_is_told_with_the_way_to_one(home: Path) -> None:
    """Without an anchor a command says so; a file that is not there likewise."""
    for settings in (found(home), found(home, flags={"anchor": str(home / "nothing")})):
        with pytest.raises(NotFoundError) as caught:
            _ = settings.anchor_line
        assert caught.value.slug == "no-anchor"


def test_a_private_key_is_its_owners_alone(tmp_path: Path) -> None:
    """A key file is made 0600, never over another, and refused once others may read it."""
    made = write_key_file(tmp_path / "a.key", bytes(32))
    assert (tmp_path / "a.key").stat().st_mode & 0o777 == 0o600
    assert read_key_file(tmp_path / "a.key").public == made.public
    with pytest.raises(ConflictError):
        write_key_file(tmp_path / "a.key", bytes(32))
    for mode in (0o640, 0o604, 0o620):
        (tmp_path / "a.key").chmod(mode)
        with pytest.raises(AuthorityError) as caught:
            read_key_file(tmp_path / "a.key")
        assert caught.value.slug == "key-file-open"
        assert caught.value.remedy == f"chmod 600 {tmp_path / 'a.key'}"


@pytest.mark.parametrize("data", [b"", b"secret words", PRIVATE_HEAD.encode() + b"v1:ed25519:AAAA", b"\xff" * 9000])
def test_what_is_no_key_is_refused_without_its_text(tmp_path: Path, data: bytes) -> None:
    """A damaged key file raises FormatError that holds nothing of it."""
    (tmp_path / "bad.key").write_bytes(data)
    (tmp_path / "bad.key").chmod(0o600)
    with pytest.raises(FormatError) as caught:
        read_key_file(tmp_path / "bad.key")
    assert "secret" not in f"{caught.value} {dict(caught.value.details)}"
    with pytest.raises(FormatError):
        read_key_file(tmp_path)


def test_which_key_signs(home: Path) -> None:
    """The named key, else the default one, else the only one; of several without a name none."""
    with pytest.raises(NotFoundError, match="no private key"):
        signing_key(found(home))
    config = found(home).config
    one, path = make_key(config, "one")
    assert signing_key(found(home)).signing.public == one.public
    two, _ = make_key(config, "two")
    with pytest.raises(NotFoundError) as caught:
        signing_key(found(home))
    assert caught.value.remedy == "Name one: --key one"
    assert signing_key(found(home, flags={"key": "two"})).signing.public == two.public
    assert signing_key(found(home, flags={"key": str(path)})).signing.public == one.public
    default, _ = make_key(config, "default")
    assert signing_key(found(home)).signing.public == default.public


def test_pipelines_hold_the_key_in_a_variable(home: Path) -> None:
    """The text of a key is taken from the environment, and refused on a command line that all can see."""
    text = format_private_key(bytes(32))
    held = signing_key(found(home, EVIDENCE_LEDGER_KEY=text))
    assert held.source == "EVIDENCE_LEDGER_KEY"
    assert key_id(held.signing.public).startswith("sha256:")
    with pytest.raises(FormatError) as caught:
        signing_key(found(home, flags={"key": text}))
    assert caught.value.slug == "key-on-command-line"
    broken = text.strip()[:-6]
    with pytest.raises(LedgerError) as damaged:
        signing_key(found(home, EVIDENCE_LEDGER_KEY=broken))
    assert broken not in f"{damaged.value} {dict(damaged.value.details)} {damaged.value.remedy}"
