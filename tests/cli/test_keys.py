"""Keys, roles, projects and policies, as an administrator and the holders of keys do."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from ledger import exitcodes
from ledger.cli.peoplefile import format_request, parse_request
from ledger.errors import FormatError

if TYPE_CHECKING:
    from tests.cli.running import House, User


@pytest.fixture(scope="module")
def bo(alone: House) -> User:
    """Bo, a person whom the ledger knows, with a key that it does not."""
    people = alone.folder.parent / "people.toml"
    people.write_text(
        '[[person]]\nname = "Bo Tanaka"\nmail = ["bo@acme.example"]\n'
        '[[person]]\nname = "Bo Diddley"\nmail = ["diddley@acme.example"]\n'
        '[[service]]\nname = "CI"\nresponsible = "Bo Tanaka"\n'
        '[[project]]\nname = "payments"\n'
    )
    alone.ada.ok("people", "import", str(people))
    user = alone.user("bo")
    user.ok("key", "new")
    return user


def key_row(house: House, key_id: str) -> dict[str, Any]:
    """What `key list` says of a key."""
    listed = house.ada.ok("key", "list", "--all", "--json").document["keys"]
    return next(item for item in listed if item["key_id"] == key_id)


def test_a_key_is_enrolled_by_the_line_of_its_holder(alone: House, bo: User) -> None:
    """Request prints one line without a secret; an administrator enrols it; a second time is refused."""
    line = bo.ok("key", "request", "--principal", "bo@acme.example", "--json").document["request"]
    private = (bo.config / "keys" / "default.key").read_text().split(":")[-1].strip()
    assert private not in line
    altered = line[:-20] + ("A" if line[-20] != "A" else "B") + line[-19:]
    assert alone.ada.evidence("key", "enrol", altered).status == exitcodes.NEGATIVE
    done = alone.ada.ok("key", "enrol", line, "--json").document["acts"][0]
    assert done["state"] == "in-force"
    again = alone.ada.evidence("key", "enrol", line, "--json")
    assert (again.status, again.problem["slug"]) == (exitcodes.ERROR, "key-enrolled")
    refused = bo.evidence("role", "grant", "CI", "approver", "--json")
    assert (refused.status, refused.problem["slug"]) == (exitcodes.NOT_ALLOWED, "not-an-administrator")


def test_a_request_is_for_one_ledger_and_one_principal(alone: House, bo: User) -> None:
    """A line that was made for another principal or ledger does not enrol."""
    bo.ok("key", "new", "--name", "second")
    made = bo.ok("key", "request", "--key", "second", "--principal", "bo@acme.example", "--json").document
    other = alone.ada.ok("people", "list", "--json").document["principals"][0]["principal"]
    moved = made["request"].replace(made["principal"], other)
    refused = alone.ada.evidence("key", "enrol", moved, "--json")
    assert (refused.status, refused.problem["slug"]) == (exitcodes.NEGATIVE, "bad-key-proof")
    mixed = alone.ada.evidence("key", "enrol", made["request"], "--principal", "CI", "--json")
    assert mixed.problem["slug"] == "other-principal-id"
    assert parse_request(format_request(parse_request(made["request"]))) == parse_request(made["request"])
    with pytest.raises(FormatError):
        parse_request("two words")


def test_a_machine_key_is_for_kinds_and_projects(alone: House, bo: User) -> None:
    """A service's key needs both, a person's takes neither."""
    alone.ada.ok("key", "new", "--name", "ci")
    path = str(alone.ada.config / "keys" / "ci.key")
    assert alone.ada.evidence("key", "enrol", "--from-key", path, "--principal", "CI").status == exitcodes.USAGE
    assert alone.ada.evidence("key", "enrol", "--from-key", path).status == exitcodes.USAGE
    scope = ["--kind", "test", "--kind", "diff", "--in", "payments"]
    as_person = ["key", "enrol", "--from-key", path, "--principal", "bo@acme.example", *scope]
    assert alone.ada.evidence(*as_person).status == exitcodes.USAGE
    alone.ada.ok("key", "enrol", "--from-key", path, "--principal", "CI", *scope)
    mine = alone.ada.ok("key", "list", "--mine", "--json").document["keys"]
    row = key_row(alone, next(item["key_id"] for item in mine if item["name"] == "ci"))
    assert row["kinds"] == ["test", "diff"]
    assert len(row["projects"]) == 1
    assert bo.ok("key", "list").out.count("CI") == 1


def test_keys_end_are_replaced_and_revoked(alone: House, bo: User) -> None:
    """Rotate ends one and begins another; revoke names from where signatures no longer count; end needs a reason."""
    for name in ("one", "two", "three"):
        bo.ok("key", "new", "--name", name)
    ids = {item["name"]: item["key_id"] for item in bo.ok("key", "list", "--mine", "--json").document["keys"]}
    paths = {name: str(bo.config / "keys" / f"{name}.key") for name in ids}
    alone.ada.ok("key", "enrol", "--from-key", paths["one"], "--principal", "bo@acme.example")
    new = bo.ok("key", "request", "--key", "two", "--principal", "bo@acme.example", "--json").document["request"]
    alone.ada.ok("key", "rotate", ids["one"][7:19], new, "--old-key", paths["one"])
    assert key_row(alone, ids["one"])["ended_by"] == "rotate"
    assert key_row(alone, ids["two"])["in_force"]
    unsaid = alone.ada.evidence("key", "revoke", ids["two"], "--reason", "stolen")
    assert unsaid.status == exitcodes.USAGE
    alone.ada.ok("key", "revoke", ids["two"], "--reason", "stolen", "--compromised-since", "enrolment")
    row = key_row(alone, ids["two"])
    assert (row["ended_by"], row["compromised_since"]) == ("revoke", row["since"])
    alone.ada.ok("key", "enrol", "--from-key", paths["three"], "--principal", "bo@acme.example")
    alone.ada.ok("key", "end", ids["three"], "--reason", "replaced")
    assert key_row(alone, ids["three"])["ended_by"] == "end"
    gone = bo.evidence("project", "declare", "x", "--key", "three", "--json")
    assert (gone.status, gone.problem["slug"]) == (exitcodes.NOT_ALLOWED, "key-ended")
    assert alone.ada.evidence("key", "end", "00000000", "--reason", "x", "--json").problem["slug"] == "unknown-key"


def test_names_are_resolved_and_ambiguity_is_told_by_ids(alone: House, bo: User) -> None:
    """A full name, an address, an id or its start find somebody; a shared first name lists ids and no names."""
    listed = alone.ada.ok("people", "list", "--json").document["principals"]
    tanaka = next(item["principal"] for item in listed if item["name"] == "Bo Tanaka")
    for text in ("bo tanaka", "BO@acme.example", tanaka, tanaka[:12]):
        assert bo.ok("key", "request", "--principal", text, "--json").document["principal"] == tanaka
    said = alone.ada.evidence("role", "grant", "Bo", "approver", "--json")
    assert said.problem["slug"] == "ambiguous-name"
    assert len(said.problem["details"]) == 2
    assert "Tanaka" not in said.err
    assert alone.ada.evidence("role", "grant", "Nobody", "approver", "--json").problem["slug"] == "unknown-principal"


def test_roles_are_granted_once_and_ended(alone: House, bo: User) -> None:
    """A role in one project, the same once more is refused, an ended one is gone; the last administrator stays."""
    alone.ada.ok("role", "grant", "diddley@acme.example", "approver", "--in", "payments")
    again = alone.ada.evidence("role", "grant", "diddley@acme.example", "approver", "--in", "payments", "--json")
    assert again.problem["slug"] == "role-held"
    held = [item for item in bo.ok("role", "list", "--json").document["grants"] if item["role"] == "approver"]
    assert [item["name"] for item in held] == ["Bo Diddley"]
    alone.ada.ok("role", "end", "diddley@acme.example", "approver", "--reason", "moved")
    assert alone.ada.evidence("role", "end", "diddley@acme.example", "approver", "--reason", "moved").status == 1
    assert "approver" in alone.ada.ok("role", "list", "--all").out
    last = alone.ada.evidence("role", "end", "Ada", "administrator", "--reason", "left", "--json")
    assert (last.status, last.problem["slug"]) == (exitcodes.NOT_ALLOWED, "too-few-administrators")
    assert alone.ada.evidence("role", "grant", "CI", "administrator").status != exitcodes.DONE
    assert alone.ada.evidence("role", "grant", "CI", "Not A Label").status == exitcodes.ERROR


def test_projects_are_declared_once(alone: House, bo: User) -> None:
    """A project has a name, refs in full and a start; its name is taken once."""
    start = "a" * 40
    alone.ada.ok("project", "declare", "web", "--protected-ref", "refs/heads/trunk", "--start", start)
    row = next(item for item in bo.ok("project", "list", "--json").document["projects"] if item["name"] == "web")
    assert (row["protected_refs"], row["start"]) == (["refs/heads/trunk"], start)
    assert alone.ada.evidence("project", "declare", "web", "--json").problem["slug"] == "project-exists"
    assert alone.ada.evidence("project", "declare", "y", "--protected-ref", "main").status == exitcodes.USAGE
    assert alone.ada.evidence("project", "declare", "y", "--start", "xyz").status == exitcodes.ERROR


def test_a_policy_is_set_shown_and_not_set_twice(alone: House, bo: User) -> None:
    """`policy show` prints what `policy set` takes; an unknown rule is refused before anything is signed."""
    shown = bo.ok("policy", "show", "--json").document
    assert bo.ok("policy", "show", "--default", "--json").document["policy_digest"] == shown["policy_digest"]
    file = alone.ada.folder / "policy.json"
    policy = shown["policy"] | {"name": "ours"}
    file.write_text(json.dumps(policy))
    assert len(alone.ada.ok("policy", "set", str(file), "--json").document["acts"]) == 1
    assert alone.ada.ok("policy", "set", str(file), "--json").document["acts"] == []
    assert bo.ok("policy", "show", "--json").document["policy"] == policy
    alone.ada.ok("policy", "set", "--default", "--in", "payments")
    assert bo.ok("policy", "show", "--project", "payments", "--json").document["policy"]["name"] != "ours"
    size = alone.ada.ok("status", "--json").document["size"]
    file.write_text(json.dumps(policy | {"rules": {"NO-99": {"on": True, "severity": "high"}}}))
    assert alone.ada.evidence("policy", "set", str(file)).status == exitcodes.ERROR
    assert alone.ada.evidence("policy", "set").status == exitcodes.USAGE
    assert alone.ada.ok("status", "--json").document["size"] == size
