"""Signing with SSH keys from the command, and checking what was signed with nothing but OpenSSH."""

from __future__ import annotations

import subprocess
from time import sleep
from typing import TYPE_CHECKING, Any

import pytest

from ledger import exitcodes
from ledger.client import Client
from ledger.envelope import check_signature, open_envelope
from ledger.keys import presence
from ledger.sshsig import fingerprint, format_line, parse_key
from tests.api.serving import serving
from tests.cli.agents import PROGRAMS, agent, emulated_agent, make_ssh_key
from tests.cli.running import User
from tests.cli.shop import clone, open_shop, report, within
from tests.sshkeys import SORTS, EmulatedKey
from tests.world import seed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.capture.conftest import Sandbox
    from tests.cli.running import Said
    from tests.cli.shop import Shop

pytestmark = pytest.mark.skipif(not PROGRAMS, reason="needs OpenSSH")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """One shop for the module."""
    with open_shop(tmp_path_factory.mktemp("shop")) as found:
        yield found


def enrol(shop: Shop, name: str, *words: str) -> dict[str, Any]:
    """Has Ray's key enrolled that these words name, as a holder and an administrator do it."""
    request = shop.ray.ok("key", "request", "--principal", name, *words, "--json").document
    shop.house.ada.ok("key", "enrol", request["request"])
    found: dict[str, Any] = request
    return found


def revision(shop: Shop, folder: Path, change: str) -> Sandbox:
    """A change with one revision and a run on it, in a clone."""
    sandbox = clone(folder)
    sandbox.branch("feature")
    sandbox.commit({b"a.txt": change.encode()}, f"Change {change}")
    ci = within(shop.ci, sandbox)
    ci.ok("record", "diff", "--base", "main", "--change", change)
    ci.ok("record", "test", report(folder.parent), "--suite", "unit", "--change", change)
    return sandbox


def entry_of(said: Said) -> int:
    """The entry that a command recorded."""
    return int(said.document["events"][0]["index"])


def checked(folder: Path, command: str, *changed: tuple[str, str]) -> bool:
    """Whether OpenSSH accepts, by the command that was printed, with other words in place of some."""
    for old, new in changed:
        assert old in command
        command = command.replace(old, new)
    ran = subprocess.run(command, shell=True, cwd=folder, capture_output=True, check=False)  # noqa: S602 -- as printed
    return ran.returncode == 0


@pytest.mark.parametrize("sort", ["ed25519", "ecdsa"])
def test_an_approval_with_the_key_people_have(
    sort: str, shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Requested, enrolled and signed with by way of an agent; an auditor checks it with ssh-keygen, as of its time."""
    make_ssh_key(tmp_path / "key", sort)
    sandbox = revision(shop, tmp_path / "repo", f"agent-{sort}")
    ray = within(shop.ray, sandbox)
    with agent() as running:
        running.add(tmp_path / "key")
        monkeypatch.setenv("SSH_AUTH_SOCK", running.path)
        unknown = ray.evidence("approve", f"agent-{sort}", "--ssh", "--yes", "--json")
        assert unknown.problem["slug"] == "key-unknown"
        assert "evidence key request --ssh --principal NAME" in unknown.problem["remedy"]
        key_id = enrol(shop, "Ray Reviewer", "--ssh")["key_id"]
        mine = ray.ok("key", "list", "--mine", "--json").document["keys"]
        assert key_id in {item["key_id"] for item in mine}
        said = ray.ok("approve", f"agent-{sort}", "--ssh", "--yes", "--json")
    monkeypatch.delenv("SSH_AUTH_SOCK")
    index = entry_of(said)
    shown = ray.ok("show", str(index), "--json").document
    assert shown["signed_by"]["key_id"] == key_id

    out = tmp_path / "check"
    words = ("key", "export", "--format", "allowed-signers", "--entry", str(index), "--out", str(out), "--json")
    document = shop.ivy.ok(*words).document
    (command,) = document["commands"]
    assert checked(out, command)
    at = command.split("verify-time=")[1].split()[0]
    assert not checked(out, command, (at, "20200101000000Z"))
    assert not checked(out, command, ("-n evidence-ledger", "-n git"))
    assert not checked(out, command, (shop.principal("Ray Reviewer"), shop.principal("Ivy Author")))
    signed = out / f"entry-{index}.signed"
    signed.write_bytes(signed.read_bytes().replace(b"approve", b"approvE", 1))
    assert not checked(out, command)
    again = shop.ivy.evidence(*words)
    assert again.problem["slug"] == "file-exists"


@pytest.mark.parametrize("sort", ["sk-ed25519", "sk-ecdsa"])
def test_an_approval_with_a_security_key(
    sort: str, shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever signs is told to touch it; touch and PIN stand in the signature, which OpenSSH accepts."""
    key = EmulatedKey(sort, seed(sort), application=b"ssh:work", flags=5)
    sandbox = revision(shop, tmp_path / "repo", sort)
    with emulated_agent(key) as path:
        monkeypatch.setenv("SSH_AUTH_SOCK", path)
        line = shop.ray.ok("key", "request", "--principal", "Ray Reviewer", "--ssh").out
        acted = shop.house.ada.ok("key", "enrol", line, "--custody", "hardware").out
        said = within(shop.ray, sandbox).ok("approve", sort, "--ssh", "--yes", "--json")
    assert "Touch your security key" in said.err
    assert f"SSH key {fingerprint(parse_key(key.wire))}, {SORTS[sort]}, for a security key" in acted
    index = entry_of(said)
    with Client(shop.house.url, shop.anchor) as client:
        envelope = open_envelope(client.entry(index)[1])
    check_signature(envelope, key.public)
    assert presence(key.public, envelope.signature) == (True, True)
    shown = shop.ray.ok("show", str(index), "--json").document["signed_by"]
    assert shown["security_key"] == {"present": True, "verified": True}
    assert "by a security key: touched, PIN or fingerprint checked" in shop.ray.ok("show", str(index)).out
    out = tmp_path / "check"
    words = ("key", "export", "--format", "allowed-signers", "--entry", str(index), "--out", str(out), "--json")
    (command,) = shop.ivy.ok(*words).document["commands"]
    assert checked(out, command)


def test_among_several_keys_the_enrolled_one_signs(shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With several keys in the agent, the only one that is enrolled is meant; a request asks which."""
    for name in ("one", "two", "three"):
        make_ssh_key(tmp_path / name)
    key_id = enrol(shop, "Ray Reviewer", "--key", str(tmp_path / "two.pub"))["key_id"]
    sandbox = revision(shop, tmp_path / "repo", "several")
    with agent() as running:
        for name in ("one", "two", "three"):
            running.add(tmp_path / name)
        monkeypatch.setenv("SSH_AUTH_SOCK", running.path)
        said = within(shop.ray, sandbox).ok("approve", "several", "--ssh", "--yes", "--json")
        asked = shop.ray.evidence("key", "request", "--ssh", "--principal", "Ray Reviewer", "--json")
    assert asked.problem["slug"] == "which-ssh-key"
    shown = shop.ray.ok("show", str(entry_of(said)), "--json").document
    assert shown["signed_by"]["key_id"] == key_id


def test_a_key_counts_from_its_enrolment_to_its_end(shop: Shop, tmp_path: Path) -> None:
    """Signed by ssh-keygen with a file; once the key has ended, OpenSSH accepts it as of then and not as of later."""
    key = make_ssh_key(tmp_path / "key", "ecdsa")
    named = str(tmp_path / "key.pub")
    key_id = enrol(shop, "Ray Reviewer", "--key", named)["key_id"]
    sandbox = revision(shop, tmp_path / "repo", "file")
    index = entry_of(within(shop.ray, sandbox).ok("approve", "file", "--key", named, "--yes", "--json"))
    sleep(1.1)  # OpenSSH counts seconds, and refuses a key that ends in the one in which it begins
    shop.house.ada.ok("key", "end", key_id, "--reason", "replaced")
    ended = within(shop.ray, sandbox).evidence("withdraw", "file", "--key", named, "--yes", "--json")
    assert ended.problem["slug"] == "key-ended"

    pieces: list[bytes] = []
    with Client(shop.house.url, shop.anchor) as client:
        size = client.checkpoint().size
        client.bundle("period", pieces.append, {"from": 0, "to": size})
    (tmp_path / "bundle.zip").write_bytes(b"".join(pieces))
    out = tmp_path / "check"
    auditor = User(tmp_path / "auditor", tmp_path)
    words = ("key", "export", "--format", "allowed-signers", "--bundle", "bundle.zip", "--anchor", shop.anchor.strip())
    said = auditor.ok(*words, "--entry", str(index), "--out", str(out), "--json")
    (command,) = said.document["commands"]
    assert checked(out, command)
    at = command.split("verify-time=")[1].split()[0]
    assert not checked(out, command, (at, "20991231000000Z"))
    lines = (out / "allowed_signers").read_text().splitlines()
    line = next(line for line in lines if format_line(key) in line)
    assert line.endswith("Ray Reviewer")
    assert "valid-before=" in line
    assert said.document["left_out"] > 0
    assert "Left out" in auditor.ok(*words).err
    other = auditor.evidence(*words, "--entry", "0", "--out", str(tmp_path / "other"), "--json")
    assert other.problem["slug"] == "not-sshsig"
    missing = auditor.evidence(*words, "--entry", "99999", "--out", str(tmp_path / "other"), "--json")
    assert missing.problem["slug"] == "no-such-entry"


def test_a_revoked_key_counts_up_to_its_compromise(shop: Shop, tmp_path: Path) -> None:
    """What it signed before stays checkable; a key revoked from its enrolment on is no line at all."""
    first, second = make_ssh_key(tmp_path / "one"), make_ssh_key(tmp_path / "two")
    ids = [enrol(shop, "Ray Reviewer", "--key", str(tmp_path / f"{name}.pub"))["key_id"] for name in ("one", "two")]
    for key_id, since in zip(ids, ("now", "enrolment"), strict=True):
        shop.house.ada.ok("key", "revoke", key_id, "--reason", "stolen", "--compromised-since", since)
    lines = shop.ray.ok("key", "export", "--format", "allowed-signers").out.splitlines()
    for key in (first, second):
        at = next(number for number, line in enumerate(lines) if format_line(key) in line)
        assert lines[at - 1].startswith("# revoked: what it signed in entries from ")
    assert next(line for line in lines if format_line(second) in line).startswith("# never in force")


def test_a_service_gets_no_ssh_key(shop: Shop, tmp_path: Path) -> None:
    """Machines sign with keys of the ledger's own scheme."""
    make_ssh_key(tmp_path / "key")
    words = ("--from-key", str(tmp_path / "key.pub"), "--principal", "Pipeline", "--kind", "test", "--in", "shop")
    said = shop.house.ada.evidence("key", "enrol", *words, "--json")
    assert said.problem["slug"] == "key-scheme"


def test_ssh_names_its_key_by_settings_too(shop: Shop, tmp_path: Path) -> None:
    """The variable, the file that connect writes, and --ssh beside --key all lead to the same SSH key."""
    key = make_ssh_key(tmp_path / "home" / ".ssh" / "id_ed25519")
    path = tmp_path / "home" / ".ssh" / "id_ed25519"
    user = User(tmp_path / "home", tmp_path)
    principal = shop.principal("Ray Reviewer")

    def requested(*words: str, **variables: str) -> str:
        said = user.ok("key", "request", "--principal", principal, *words, "--anchor", shop.anchor.strip(), **variables)
        return said.out.split()[1]

    texts = {
        requested("--ssh"),
        requested("--key", f"{path}.pub"),
        requested("--ssh", "--key", str(path)),
        requested(key=f"{path}.pub"),
        requested(key="ssh"),
        requested("--ssh", key="a-key-of-the-ledger"),
    }
    assert len(texts) == 1
    assert texts.pop().startswith("sshsig:")
    user.ok("connect", shop.house.url, "--anchor", shop.anchor.strip(), "--key", f"{path}.pub")
    assert user.ok("key", "request", "--principal", principal).out.split()[1].startswith("sshsig:")
    said = user.evidence("key", "request", "--principal", principal, "--key", fingerprint(key), "--json")
    assert (said.status, said.problem["slug"]) == (exitcodes.ERROR, "no-ssh-key")


def test_a_ledger_founded_and_run_with_keys_in_an_agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The founder's and the log's keys never leave the agent; without it nothing is acknowledged, with it again."""
    make_ssh_key(tmp_path / "ada", "ecdsa")
    log_key = make_ssh_key(tmp_path / "log")
    ada = User(tmp_path / "home", tmp_path)
    folder = tmp_path / "ledger"
    with agent() as running:
        monkeypatch.setenv("SSH_AUTH_SOCK", running.path)
        running.add(tmp_path / "ada")
        words = ("init", str(folder), "--origin", "ledger.acme.example", "--admin", "Ada <ada@acme.example>")
        absent = ada.evidence(*words, "--key", str(tmp_path / "ada.pub"), "--log-key", fingerprint(log_key), "--json")
        assert absent.problem["slug"] == "log-key-missing"
        assert not folder.exists()
        running.add(tmp_path / "log")
        ada.ok(*words, "--key", str(tmp_path / "ada.pub"), "--log-key", fingerprint(log_key))
        assert not (folder / "log.key").exists()
        assert 'log_key = "ssh-agent"' in (folder / "ledger.toml").read_text()
        with serving(folder) as served:
            anchor = str(folder / "ledger.pub")
            ada.ok("connect", served.url, "--anchor", anchor, "--key", str(tmp_path / "ada.pub"))
            ada.ok("project", "declare", "payments")
            running.forget()
            running.add(tmp_path / "ada")
            refused = ada.evidence("project", "declare", "web", "--json")
            assert refused.problem["slug"] == "log-key-unreachable"
            running.add(tmp_path / "log")
            ada.ok("project", "declare", "api")
            listed = ada.ok("project", "list", "--json").document["projects"]
            # What was written before the key was missed is in the log, and was never acknowledged.
            assert {item["name"] for item in listed} == {"payments", "web", "api"}
        assert ada.ok("fsck", str(folder)).status == exitcodes.DONE
    with pytest.raises(RuntimeError, match="ssh-agent"), serving(folder):
        pass


def test_a_founder_elsewhere_signs_the_plan_with_an_ssh_key(tmp_path: Path) -> None:
    """Two people found a ledger, one of them with an SSH key that never leaves their machine."""
    make_ssh_key(tmp_path / "bo", "ecdsa")
    ada, bo = User(tmp_path / "a", tmp_path), User(tmp_path / "b", tmp_path)
    public = "sshsig:" + (tmp_path / "bo.pub").read_text().split()[1]
    admins = ("--admin", "Ada <ada@acme.example>", "--admin", f"Bo <bo@acme.example> {public}")
    ada.ok("init", "acme", "--plan", "--origin", "ledger.acme.example", "--admins-required", "2", *admins)
    proof = bo.ok("init", "--sign", "acme/genesis.plan.json", "--key", "bo.pub", "--yes").out.strip()
    ada.ok("init", "acme", "--finish", "--proof", proof)
    assert ada.ok("fsck", "acme").status == exitcodes.DONE
