"""People from a file, from a history, by one administrator and by two."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import exitcodes
from ledger.anchor import parse_anchor
from ledger.cli.directory import check_whole, replay
from ledger.cli.peoplefile import read_people
from ledger.cli.suggesting import toml_text
from ledger.entry import LEDGER_STREAM
from ledger.errors import ChainError, FormatError, LedgerError
from ledger.keys import parse_public_key
from ledger.roster.acts import PUBLISHED_KEYS
from tests.api.serving import ROOT
from tests.cli.running import User, house
from tests.world import World

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.running import House

SAMPLE = str(ROOT / "keys.example")
BO = "Bo Tanaka <bo@acme.example>"


def principals(user: User) -> dict[str, Any]:
    """What `people list` says, by name."""
    return {item["name"]: item for item in user.ok("people", "list", "--json").document["principals"]}


def test_the_sample_is_imported_once(alone: House) -> None:
    """keys.example makes everybody known; importing it again signs nothing; its published key is never enrolled."""
    listed = read_people((ROOT / "keys.example").read_bytes())
    published = [key for person in listed.principals for key in person.keys]
    from ledger.keys import key_id

    assert {key_id(key.public) for key in published} == PUBLISHED_KEYS
    asked = alone.ada.ok("people", "import", SAMPLE, "--dry-run", "--json").document
    assert asked["acts"]
    done = alone.ada.ok("people", "import", SAMPLE, "--json").document
    assert {act["state"] for act in done["acts"]} == {"in-force"}
    assert [wait["slug"] for wait in done["waits"]] == ["published-key"]
    found = principals(alone.ada)
    assert found["Codepilot"]["responsible"] == found["Ada Lindqvist"]["principal"]
    assert found["CI of payments"]["responsible"] == found["Bo Tanaka"]["principal"]
    assert {item["mail"] for item in found["Ada Lindqvist"]["accounts"] if item["system"] == "git"} == {
        "ada@acme.example",
        "ada.lindqvist@acme.example",
    }
    size = alone.ada.ok("status", "--json").document["size"]
    again = alone.ada.ok("people", "import", SAMPLE, "--json").document
    assert again["acts"] == []
    assert alone.ada.ok("status", "--json").document["size"] == size


def test_the_published_key_is_refused_by_the_server_too(alone: House, tmp_path: Path) -> None:
    """Its private half, in everybody's hands, enrols nowhere."""
    import hashlib

    from ledger.keyfile import write_key_file

    path = tmp_path / "sample.key"
    made = write_key_file(path, hashlib.sha256(b"evidence-ledger published sample key").digest())
    assert made.public == parse_public_key("ed25519:D3Bm1Vk3F7D3OxdgVVBQMPfWPZBDnFAOSwCKsYAodQA=")
    refused = alone.ada.evidence("key", "enrol", "--from-key", str(path), "--principal", "Ada", "--json")
    assert (refused.status, refused.problem["slug"]) == (exitcodes.NOT_ALLOWED, "published-key")


def test_somebody_unknown_brings_their_key_along(alone: House, tmp_path: Path) -> None:
    """A request for a new principal in the file makes the person and enrols the key in one import."""
    cy = alone.user("cy")
    cy.ok("key", "new")
    line = cy.ok("key", "request", "--json").document["request"]
    file = tmp_path / "cy.toml"
    file.write_text(f'[[person]]\nname = "Cy Young"\nmail = "cy@acme.example"\nkeys = [{{ request = "{line}" }}]\n')
    assert len(alone.ada.ok("people", "import", str(file), "--json").document["acts"]) == 2
    assert principals(alone.ada)["Cy Young"]["principal"] == line.split()[0]
    cy.ok("key", "new", "--name", "two")
    other = cy.ok("key", "request", "--key", "two", "--json").document["request"]
    file.write_text(f'[[person]]\nname = "Cy Young"\nmail = "cy@acme.example"\nkeys = [{{ request = "{other}" }}]\n')
    assert alone.ada.evidence("people", "import", str(file), "--json").problem["slug"] == "other-principal-id"


def test_a_file_adds_and_renames_and_takes_nothing_away(alone: House, tmp_path: Path) -> None:
    """A new address and a new name make one act; what the file leaves out stays."""
    file = tmp_path / "dee.toml"
    file.write_text('[[person]]\nname = "Dee"\nmail = ["dee@acme.example", "dee@old.example"]\nroles = ["approver"]\n')
    alone.ada.ok("people", "import", str(file))
    file.write_text('[[person]]\nname = "Dee Married"\nmail = ["dee@acme.example", "dee@new.example"]\n')
    done = alone.ada.ok("people", "import", str(file), "--json").document["acts"]
    assert len(done) == 1
    dee = principals(alone.ada)["Dee Married"]
    assert {account["mail"] for account in dee["accounts"]} == {
        "dee@acme.example",
        "dee@old.example",
        "dee@new.example",
    }
    assert [item["role"] for item in dee["roles"]] == ["approver"]


def test_two_principals_do_not_become_one(alone: House, tmp_path: Path) -> None:
    """Accounts of two known people in one entry are refused; two people of one name stay two."""
    file = tmp_path / "two.toml"
    file.write_text(
        '[[person]]\nname = "Lee"\nmail = "lee@a.example"\n[[person]]\nname = "Lee"\nmail = "lee@b.example"\n'
    )
    assert len(alone.ada.ok("people", "import", str(file), "--json").document["acts"]) == 2
    assert alone.ada.ok("people", "import", str(file), "--json").document["acts"] == []
    file.write_text('[[person]]\nname = "Lee"\nmail = ["lee@a.example", "lee@b.example"]\n')
    refused = alone.ada.evidence("people", "import", str(file), "--json")
    assert refused.problem["slug"] == "account-shared"
    assert "lee@" not in refused.err


def test_two_administrators_sign_what_one_proposes(tmp_path: Path) -> None:
    """Acts wait, are shown in words, cannot be approved by their signer, and go on where they stopped."""
    with house(tmp_path, admins=("Ada Lindqvist <ada@acme.example>", BO), required=2) as found:
        ada = found.ada
        bo = User(ada.home, ada.folder)
        assert ada.ok("acts", "pending", "--json").document["acts"] == []
        first = ada.ok("people", "import", SAMPLE, "--json").document
        assert {act["state"] for act in first["acts"]} == {"waiting"}
        again = ada.ok("people", "import", SAMPLE, "--json").document
        assert again["acts"] == []
        assert "second-administrator" in {wait["slug"] for wait in again["waits"]}
        waiting = ada.ok("acts", "pending").out
        assert "Declare the project payments" in waiting
        assert "Make the agent Codepilot" in waiting
        own = ada.evidence("acts", "approve", first["acts"][0]["envelope"], "--yes", "--json")
        assert (own.status, own.problem["slug"]) == (exitcodes.NOT_ALLOWED, "second-person-needed")
        assert ada.ok("acts", "approve", "--all", "--yes", "--json").document["decisions"] == []
        unasked = bo.evidence("acts", "approve", "--all", "--key", "bo-tanaka")
        assert unasked.status == exitcodes.ERROR
        declined = bo.evidence("acts", "approve", "--all", "--key", "bo-tanaka", stdin="n\n")
        assert "nothing was signed [declined]" in declined.err
        rejected = next(act["envelope"] for act in first["acts"] if "Codepilot" in act["act"][0])
        bo.ok("acts", "reject", rejected[7:19], "--yes", "--key", "bo-tanaka")
        approved = bo.ok("acts", "approve", "--all", "--key", "bo-tanaka", stdin="y\n")
        assert "Declare the project payments" in approved.err
        second = ada.ok("people", "import", SAMPLE, "--json").document
        assert any("Codepilot" in act["act"][0] for act in second["acts"])
        assert any("the role approver in payments" in act["act"][0] for act in second["acts"])
        bo.ok("acts", "approve", "--all", "--yes", "--key", "bo-tanaka")
        last = ada.ok("people", "import", SAMPLE, "--json").document
        assert last["acts"] == []
        assert [wait["slug"] for wait in last["waits"]] == ["published-key"]
        # What ends something takes one administrator alone.
        ended = ada.ok("role", "end", "bo@acme.example", "approver", "--reason", "moved", "--json").document["acts"]
        assert ended[0]["state"] == "in-force"


def test_a_history_becomes_a_file_that_can_be_imported(alone: House, tmp_path: Path) -> None:
    """`suggest` joins addresses by .mailmap, keeps assistants apart, grants nothing, and survives hostile names."""
    repo = tmp_path / "repo"
    repo.mkdir()
    (repo / ".mailmap").write_text("Eve Real <eve@acme.example> <eve@laptop.example>\n")
    (repo / "CODEOWNERS").write_text("* @acme/owners\n")

    def git(*words: str, author: str = "Eve Real <eve@acme.example>") -> None:
        name, _, mail = author.rstrip(">").rpartition(" <")
        who = {
            f"GIT_{role}_{part}": text
            for role in ("AUTHOR", "COMMITTER")
            for part, text in (("NAME", name), ("EMAIL", mail))
        }
        environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), **who}
        subprocess.run(["git", *words], cwd=repo, env=environ, check=True, capture_output=True)

    git("init", "-q", "-b", "main")
    git("add", ".")
    git("commit", "-qm", "one")
    hostile = 'Mal "\\ \x1b[2J \u202e] # <m@x.example>'
    for author in ("eve <eve@laptop.example>", hostile, "dependabot[bot] <1+dependabot[bot]@users.noreply.github.com>"):
        git("commit", "-q", "--allow-empty", "-m", "more", author=author)
    trailer = "work\n\nCo-Authored-By: Claude <noreply@anthropic.com>"
    git("commit", "-q", "--allow-empty", "-m", trailer)
    said = alone.ada.ok("people", "suggest", "--repo", str(repo))
    assert "\x1b" not in said.out
    assert "\u202e" not in said.out
    assert "@acme/owners" in said.out
    assert not any(line.startswith("roles") for line in said.out.splitlines())
    listed = read_people(said.out.encode())
    kinds = {item.name: item.type for item in listed.principals}
    assert kinds["Eve Real"] == "person"
    assert kinds["dependabot[bot]"] == "service"
    assert "agent" in kinds.values()
    eve = next(item for item in listed.principals if item.name == "Eve Real")
    assert {account.mail for account in eve.accounts} == {"eve@acme.example", "eve@laptop.example"}
    file = tmp_path / "suggested.toml"
    file.write_text(said.out)
    alone.ada.ok("people", "import", str(file))
    assert alone.ada.ok("people", "import", str(file), "--json").document["acts"] == []
    assert "\x1b" not in alone.ada.ok("people", "list").out


@given(st.text())
def test_any_text_is_one_toml_string(text: str) -> None:
    """What is quoted for a TOML file reads back as it was, and shows nothing that steers a terminal."""
    import tomllib

    if any("\ud800" <= character <= "\udfff" for character in text):
        return
    quoted = toml_text(text)
    assert tomllib.loads(f"a = {quoted}") == {"a": text}
    assert "\n" not in quoted
    assert "\x1b" not in quoted


@given(st.binary(max_size=200))
def test_what_is_no_people_file_raises_only_format_errors(data: bytes) -> None:
    """Whatever the bytes, FormatError or a file comes out."""
    try:
        read_people(data)
    except FormatError:
        return


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("[[persons]]\n", "persons"),
        ('person = "x"\n', "person"),
        ("[[person]]\n", "person[1].name"),
        ('[[person]]\nname = "x"\nrole = "y"\n', "person[1].role"),
        ('[[person]]\nname = "x"\nmail = [1]\n', "person[1].mail"),
        ('[[person]]\nname = "x"\naccounts = [{ system = "f.example", login = "x" }]\n', "person[1].accounts[1]"),
        ('[[person]]\nname = "x"\nkeys = [{ public = "ed25519:secretwords" }]\n', "person[1].keys[1].public"),
        ('[[person]]\nname = "x"\nkeys = [{ request = "a b" }]\n', "person[1].keys[1].request"),
        ('[[project]]\nname = "x"\nprotected_refs = ["main"]\n', "project[1].protected_refs"),
        ('[[project]]\nname = "x"\nobject_format = "md5"\n', "project[1].object_format"),
        ('[[project]]\nname = "x"\n[[project]]\nname = "x"\n', "project"),
    ],
)
def test_faults_of_a_people_file_have_a_place(text: str, where: str) -> None:
    """The error names where, and repeats nothing of what stood there."""
    with pytest.raises(FormatError) as caught:
        read_people(text.encode())
    assert caught.value.where == where
    assert "secretwords" not in str(caught.value)


def ledger_stream(world: World) -> list[Any]:
    """Leaves and envelope bytes of the ledger's own stream."""
    return [(leaf, envelope.data) for leaf, envelope in world.entries if leaf.stream == LEDGER_STREAM]


def test_a_server_cannot_change_or_leave_out_who_is_who() -> None:
    """A roster entry that is missing, altered, moved or of another ledger is found out by who asks."""
    world = World()
    world.project("shop")
    bo = world.person("Bo Builder", "approver")
    world.grant(bo, "releaser")
    anchor = parse_anchor(world.anchor)
    entries = ledger_stream(world)
    roster, records = replay(anchor, entries)
    assert roster == world.roster
    assert len(records) == len(entries)
    last = world.entries[-1][0]
    check_whole(roster, last)
    with pytest.raises(ChainError) as caught:
        check_whole(replay(anchor, entries[:-1])[0], last)
    assert caught.value.slug == "roster-incomplete"
    for at in range(len(entries) - 1):
        with pytest.raises(LedgerError):
            replay(anchor, entries[:at] + entries[at + 1 :])
    swapped = [(leaf, data) for (leaf, _), (_, data) in zip(entries, entries[1:] + entries[:1], strict=True)]
    with pytest.raises(LedgerError):
        replay(anchor, swapped)
    other = World(origin="other.example")
    with pytest.raises(ChainError) as foreign:
        replay(anchor, ledger_stream(other))
    assert foreign.value.slug == "other-ledger"
    with pytest.raises(ChainError):
        replay(anchor, [])
    forged = World()
    forged.project("shop")
    forged.append(forged.records_list[1].event, forged.person("Eve").key, force=True)
    with pytest.raises(LedgerError):
        replay(parse_anchor(forged.anchor), ledger_stream(forged))


def test_a_damaged_cache_is_asked_for_again(alone: House) -> None:
    """Whatever stands in the cache, the checked roster of the server comes out."""
    before = principals(alone.ada)
    for path in (alone.ada.home / ".cache" / "evidence-ledger" / "rosters").rglob("entries.json"):
        value = json.loads(path.read_text())
        value[-1]["leaf"]["received_at"] = "2020-01-01T00:00:00.000Z"
        path.write_text(json.dumps(value, separators=(",", ":"), sort_keys=True))
    assert principals(alone.ada) == before
    for path in (alone.ada.home / ".cache" / "evidence-ledger" / "rosters").rglob("*.json"):
        path.write_text('[{"envelope": 1}, 2]')
    assert principals(alone.ada) == before
