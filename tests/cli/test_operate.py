"""Founding, serving and keeping a ledger, as its operator does."""

from __future__ import annotations

import contextlib
import json
import shutil
import time
from typing import TYPE_CHECKING

import pytest

from ledger import exitcodes
from ledger.anchor import parse_anchor
from ledger.cli.founding import make_plan, parse_founder, parse_plan, seal_genesis, sign_plan, write_plan
from ledger.errors import FormatError, LedgerError, SignatureError
from ledger.keys import SigningKey
from tests.api.serving import serving
from tests.cli.running import ADMINISTRATOR, User, house

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.running import House

BO = "Bo Tanaka <bo@acme.example>"
ORIGIN = "ledger.acme.example"


def test_a_ledger_is_founded_with_everything_it_needs(ada: User) -> None:
    """`init` makes keys and databases for their owner alone, the public line, first policy, and what seals packs."""
    said = ada.ok("init", "house", "--origin", ORIGIN, "--admin", ADMINISTRATOR, "--json").document
    folder = ada.folder / "house"
    assert parse_anchor((folder / "ledger.pub").read_text()).ledger == said["ledger"]
    assert (folder / "ledger.pub").read_text() == said["anchor"] + "\n"
    private = {path.name: path.stat().st_mode & 0o077 for path in folder.iterdir() if path.name != "ledger.pub"}
    assert set(private) == {
        *(".gitignore", "ledger.toml", "ledger.db", "checkpoints.db", "log.key", "seal.key", "seal.pem")
    }
    assert not any(private.values())
    assert (ada.config / "keys" / "ada-lindqvist.key").stat().st_mode & 0o777 == 0o600
    assert said["policy_waits"] is False
    assert ada.ok("fsck", "house", "--json").document == {"entries": 3, "faults": []}


def test_founding_overwrites_nothing(ada: User) -> None:
    """A folder that holds something is refused and left as it was; a failed founding leaves no folder behind."""
    folder = ada.folder / "house"
    folder.mkdir(parents=True)
    (folder / "mine").write_text("kept")
    said = ada.evidence("init", "house", "--origin", ORIGIN, "--admin", ADMINISTRATOR, "--json")
    assert (said.status, said.problem["slug"]) == (exitcodes.ERROR, "folder-not-empty")
    assert [path.name for path in folder.iterdir()] == ["mine"]
    assert ada.evidence("init", "other", "--origin", "bad origin", "--admin", ADMINISTRATOR).status == exitcodes.ERROR
    assert not (ada.folder / "other").exists()


def test_what_founding_needs_is_asked_for(ada: User) -> None:
    """Missing words are usage errors that name them."""
    for words in (["init"], ["init", "x"], ["init", "x", "--origin", ORIGIN], ["init", "x", "--plan", "--finish"]):
        assert ada.evidence(*words).status == exitcodes.USAGE
    few = ["init", "x", "--origin", ORIGIN, "--admin", ADMINISTRATOR, "--admins-required", "2"]
    assert ada.evidence(*few).status == exitcodes.USAGE
    assert ada.evidence("init", "x", "--finish", "--json").problem["slug"] == "no-plan"


def test_two_founders_sign_one_plan(ada: User, tmp_path: Path) -> None:
    """Each founder's key stays on their machine; without every signature, or with another's, nothing is founded."""
    bo = User(tmp_path / "bo", ada.folder)
    public = bo.ok("key", "new", "--json").document["public"]
    begin = ["init", "house", "--origin", ORIGIN, "--admins-required", "2", "--admin", ADMINISTRATOR]
    assert ada.evidence(*begin, "--admin", f"{BO} {public}").status == exitcodes.ERROR
    ada.ok(*begin, "--admin", f"{BO} {public}", "--plan", "--recovery-key", "new")
    assert ada.evidence("serve", "house", "--json").status != 0
    early = ada.evidence("init", "house", "--finish", "--json")
    assert early.problem["slug"] == "founder-missing"
    shown = bo.evidence("init", "--sign", "house/genesis.plan.json", stdin="")
    assert (shown.status, shown.out) == (exitcodes.ERROR, "")
    assert "Bo Tanaka" in shown.err
    assert "2 of 2 administrators" in shown.err
    line = bo.ok("init", "--sign", "house/genesis.plan.json", stdin="y\n").out.strip()
    stranger = User(tmp_path / "zed", ada.folder)
    stranger.ok("key", "new")
    assert stranger.evidence("init", "--sign", "house/genesis.plan.json", "--yes", "--json").problem["slug"] == (
        "not-a-founder"
    )
    twisted = line[:-8] + ("AAAA" if line[-8:-4] != "AAAA" else "BBBB") + line[-4:]
    assert ada.evidence("init", "house", "--finish", "--proof", twisted).status == exitcodes.NEGATIVE
    assert not (ada.folder / "house" / "ledger.pub").exists()
    done = ada.ok("init", "house", "--finish", "--proof", line, "--json").document
    assert done["admins_required"] == 2
    assert done["policy_waits"] is True
    again = ada.evidence("init", "house", "--finish", "--proof", line, "--json")
    assert again.problem["slug"] == "ledger-exists"
    assert ada.ok("fsck", "house", "--json").document["faults"] == []


def test_a_plan_is_one_byte_form_and_a_signature_is_for_it_alone() -> None:
    """A plan reads back as written; a signature under another plan does not found this one."""
    key, log = SigningKey(b"a" * 32), SigningKey(b"l" * 32)
    plan = make_plan(ORIGIN, [(parse_founder(BO), key.public)], admins_required=1, log_key=log.public, recovery=None)
    assert parse_plan(write_plan(plan)) == plan
    assert plan.names() == ("Bo Tanaka",)
    other = make_plan(ORIGIN, [(parse_founder(BO), key.public)], admins_required=1, log_key=log.public, recovery=None)
    principal = plan.core.administrators[0].principal
    from ledger.cli.founding import read_signatures

    foreign = read_signatures([sign_plan(other, key)])
    with pytest.raises(SignatureError):
        seal_genesis(plan, {principal: next(iter(foreign.values()))}, key)
    envelope, contents = seal_genesis(plan, read_signatures([sign_plan(plan, key)]), key)
    assert len(contents) == 1
    assert seal_genesis(plan, read_signatures([sign_plan(plan, key)]), key)[0] == envelope


@pytest.mark.parametrize("text", ["", "<a@b>", "Bo <not a mail>", "Bo <a@b> rsa:xyz", "Bo <a@b> ed25519:AAAA"])
def test_a_founder_is_written_plainly(text: str) -> None:
    """What is no name with an address and a key is refused."""
    with pytest.raises(FormatError):
        parse_founder(text)


def test_damaged_plans_are_refused_as_such(tmp_path: Path) -> None:
    """Whatever the bytes of a plan, only errors of the ledger come out."""
    key, log = SigningKey(b"a" * 32), SigningKey(b"l" * 32)
    data = write_plan(
        make_plan(ORIGIN, [(parse_founder(BO), key.public)], admins_required=1, log_key=log.public, recovery=None)
    )
    for at in range(0, len(data), 7):
        with contextlib.suppress(LedgerError):
            parse_plan(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])


def test_status_says_what_can_be_said(alone: House, tmp_path: Path) -> None:
    """Size and readiness from a server; without one the exit code says so, and the outbox is still told."""
    found = alone.ada.ok("status", "--json").document
    assert found["reachable"]
    assert found["ready"]
    assert found["origin"] == ORIGIN
    assert found["outbox"]["waiting"] == 0
    gone = alone.ada.evidence("status", "--json", server="http://127.0.0.1:9")
    assert gone.status == exitcodes.UNREACHABLE
    assert gone.document["reachable"] is False
    assert gone.problem["slug"] == "unreachable"
    other = User(tmp_path / "x", tmp_path / "w")
    other.ok("init", "l", "--origin", "other.example", "--admin", BO)
    wrong = alone.ada.evidence("status", "--anchor", str(other.folder / "l" / "ledger.pub"))
    assert wrong.status == exitcodes.NEGATIVE


def test_connect_checks_before_it_remembers(alone: House, tmp_path: Path) -> None:
    """A server of another ledger is not remembered, another ledger is not replaced unasked, and --here is for all."""
    eve = User(tmp_path / "eve", tmp_path / "work")
    eve.ok("init", "l", "--origin", "other.example", "--admin", BO)
    anchor = str(alone.folder / "ledger.pub")
    wrong = eve.evidence("connect", alone.url, "--anchor", "l/ledger.pub")
    assert wrong.status == exitcodes.NEGATIVE
    assert not (eve.config / "config.toml").exists()
    eve.ok("connect", alone.url, "--anchor", anchor, "--here", "--project", "payments")
    assert "payments" in (eve.folder / ".evidence-ledger.toml").read_text()
    assert eve.ok("status", "--json").document["origin"] == ORIGIN
    assert eve.evidence("connect", alone.url, "--anchor", anchor, "--here", "--key", "x").status == exitcodes.USAGE
    (eve.folder / ".evidence-ledger.toml").unlink()
    eve.ok("connect", alone.url, "--anchor", anchor)
    eve.config.joinpath("config.toml").write_text(
        f'anchor = "{(eve.folder / "l" / "ledger.pub").read_text().strip()}"\n'
    )
    refused = eve.evidence("connect", alone.url, "--anchor", anchor, "--json")
    assert refused.problem["slug"] == "other-ledger-remembered"
    eve.ok("connect", alone.url, "--anchor", anchor, "--replace")


def test_tokens_open_what_they_say(tmp_path: Path) -> None:
    """A token without contents hides names and imports nothing; a revoked one opens nothing; no text is kept."""
    with house(tmp_path) as found:
        ada, folder = found.ada, str(found.folder)
        assert "No tokens" in ada.ok("token", "list", folder).out
        made = ada.ok("token", "create", folder, "--name", "reader", "--scope", "read", "--json").document
        (tmp_path / "token").write_text(made["token"])
        assert made["token"] not in (found.folder / "tokens.json").read_text()
        shutil.rmtree(ada.home / ".cache")
        time.sleep(1.2)
        assert ada.evidence("people", "list", "--json").problem["slug"] == "token-missing"
        listed = ada.ok("people", "list", "--token-file", str(tmp_path / "token"))
        assert "Ada" not in listed.out
        assert "Names are not shown" in listed.err
        (tmp_path / "people.toml").write_text('[[person]]\nname = "Cy"\n')
        refused = ada.evidence("people", "import", str(tmp_path / "people.toml"), "--json", token=made["token"])
        assert (refused.status, refused.problem["slug"]) == (exitcodes.NOT_ALLOWED, "names-closed")
        assert ada.evidence("token", "create", folder, "--name", "reader", "--scope", "read").status == exitcodes.ERROR
        ada.ok("token", "revoke", folder, "reader")
        time.sleep(1.2)
        assert ada.evidence("people", "list", token=made["token"]).status == exitcodes.NOT_ALLOWED
        assert "nobody reaches the server" in ada.ok("token", "list", folder).out


def test_other_machines_need_tokens(alone: House) -> None:
    """`serve` on any address but loopback refuses to start without a token in use."""
    import subprocess
    import sys

    words = [sys.executable, "-c", "from ledger.cli.main import main; main()", "serve", str(alone.folder)]
    done = subprocess.run([*words, "--host", "::"], capture_output=True, text=True, check=False)
    assert done.returncode == exitcodes.NOT_ALLOWED
    assert "evidence token create" in done.stderr


def test_upkeep_finds_what_was_changed(tmp_path: Path) -> None:
    """`reindex` rebuilds, `fsck` is silent on a sound ledger and ends with 3 once a row was edited."""
    import sqlite3

    ada = User(tmp_path / "ada", tmp_path)
    ada.ok("init", "house", "--origin", ORIGIN, "--admin", ADMINISTRATOR)
    assert ada.ok("reindex", "house", "--json").document["rows"] > 0
    assert "No fault" in ada.ok("fsck", "house").out
    with contextlib.closing(sqlite3.connect(tmp_path / "house" / "ledger.db")) as database:
        names = [row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")]
        for name in names:
            database.execute(f'DROP TRIGGER "{name}"')
        database.commit()
    said = ada.evidence("fsck", "house")
    assert said.status != exitcodes.DONE


def test_an_epoch_follows_the_loss_of_the_checkpoint_store(tmp_path: Path) -> None:
    """`recover` binds a new store by a signed entry, and the ledger goes on under a new origin."""
    with house(tmp_path) as found:
        found.ada.ok("project", "declare", "payments")
    for path in found.folder.glob("checkpoints.db*"):
        path.unlink()
    ada, folder = found.ada, str(found.folder)
    assert ada.evidence("recover", folder, "--reason", "disk-lost", "--json").problem["slug"] == "nobody-answered"
    done = ada.ok("recover", folder, "--reason", "disk-lost", "--yes", "--json").document
    assert (done["epoch"], done["origin"], done["known_lost"]) == (2, f"{ORIGIN}/2", 0)
    with serving(found.folder) as served:
        found_now = ada.ok("status", "--json", server=served.url).document
        assert found_now["checkpoint_origin"] == f"{ORIGIN}/2"
        ada.ok("project", "declare", "web", server=served.url)
    assert json.loads(ada.ok("fsck", folder, "--json").out)["faults"] == []
