"""Who is known, what they may do, and the accounts that lead to nobody, each with what resolves it."""

from __future__ import annotations

import shlex
import shutil
import time
from typing import TYPE_CHECKING, Any

import pytest

from ledger.cli import peopleseen, peopleview
from ledger.cli.peoplefile import read_people
from ledger.client import Client
from ledger.documents import Account, encode_account
from ledger.events.context import About, Actor
from ledger.events.work import Approval, Basis, Seen
from tests.api.serving import ROOT, found_ledger, parcels_of, serving
from tests.cli.running import User
from tests.policies import CORE_POLICY
from tests.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ledger.parcel import Parcel
    from tests.cli.running import House
    from tests.world import Change, Member

KINDS = ("diff", "merge", "approval", "release", "test")
GHOST = {"mail": "ghost@nowhere.example", "name": "Gus Ghost"}


class Told:
    """A world with a history, told to a server piece by piece."""

    def __init__(self) -> None:
        self.world = World()
        self.world.project("shop")
        self.ivy = self.world.person("Ivy Author", accounts=[{"id": "101", "login": "ivy", "system": "github.com"}])
        shared = [{"id": "7", "system": "github.com"}]
        self.bo = self.world.person("Bo", accounts=shared)
        self.bob = self.world.person("Bob", accounts=shared)
        self.ci = self.world.machine("CI", KINDS)
        self.world.policy(CORE_POLICY)
        self.sent = 1

    def diff(self, change: str, person: dict[str, str], *, by: Member | None = None) -> Change:
        """A revision whose commit names ``person`` as its author."""
        world = self.world
        commit = world.commit(f"{change} one", by or self.ivy, author_person=person)
        return world.diff("shop", change, by or self.ivy, self.ci, {"a.py": change}, commits=[commit])

    def web_edit(self, change: str) -> None:
        """A commit made in the browser: the forge is its committer."""
        world = self.world
        commit = world.commit(f"{change} one", self.ivy)
        commit["committer"] = {"mail": "noreply@github.com", "name": "GitHub"}
        world.diff("shop", change, self.ivy, self.ci, {"b.py": change}, commits=[commit])

    def review(self, change: Change, account: Account) -> None:
        """An approval that a forge shows through an account."""
        world = self.world
        body = Approval("forge", Basis(commit=change.head), "approve", "review", "change", Seen((), ()))
        contents = [world.content("account", encode_account(account))]
        world.work("shop", body, Actor(account="account"), self.ci, contents, About(change=change.id))

    def parcels(self) -> tuple[Parcel, ...]:
        """What was told since the last time."""
        found = parcels_of(self.world)[self.sent - 1 :]
        self.sent += len(found)
        return found


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Told, User, Any]]:
    """A served ledger with unknown accounts, somebody who may ask it, and what ``people list`` says."""
    root = tmp_path_factory.mktemp("seen")
    told = Told()
    first = told.diff("1", GHOST)
    told.review(first, Account("github.com", id="102", login="ghost-gh"))
    told.review(first, Account("github.com", id="101", login="ivy"))
    told.review(first, Account("github.com", id="7", login="bob"))
    told.diff("2", GHOST)
    told.web_edit("7")
    told.diff("3", {"mail": "ivy@laptop.example", "name": "ivy author"})
    told.diff("4", {"mail": "101+ivy@users.noreply.github.com", "name": "i"})
    told.diff("5", {"mail": "noreply@anthropic.com", "name": "Claude"})
    told.diff("6", {"mail": "x\x1b[2J@evil.example", "name": "Mal\u202e"})
    folder = root / "ledger"
    found_ledger(folder, told.world)
    with serving(folder) as served:
        with Client(served.url, told.world.anchor) as client:
            answers = client.deliver(told.parcels(), deadline=time.monotonic() + 60)
        assert not [item for item in answers if isinstance(item, Exception)]
        ada = User(root / "ada", root / "work")
        ada.ok("connect", served.url, "--anchor", str(folder / "ledger.pub"))
        yield told, ada, ada.ok("people", "list", "--json").document


def by_account(document: Any) -> dict[str, Any]:  # noqa: ANN401 -- JSON
    """Unresolved accounts by mail or id."""
    return {item["account"].get("mail") or item["account"]["id"]: item for item in document["unresolved"]}


def test_accounts_that_lead_to_nobody_come_first_with_where_and_how_often(seen: tuple[Told, User, Any]) -> None:
    """Each is counted by commit and duty; what a card claims, or the policy says is a forge's, is left out."""
    _, ada, document = seen
    found = by_account(document)
    assert set(found) == {
        "ghost@nowhere.example",
        "102",
        "7",
        "ivy@laptop.example",
        "101+ivy@users.noreply.github.com",
        "noreply@anthropic.com",
        "x\x1b[2J@evil.example",
    }
    ghost = found["ghost@nowhere.example"]
    assert ghost["seen"] == {"author": 2}
    assert document["unresolved"][0] == ghost
    assert found["102"]["seen"] == {"approver": 1}
    assert document["looked_at"]["from"] == 0
    assert document["looked_at"]["to"] == document["position"]
    text = ada.ok("people", "list").out
    assert text.index("Gus Ghost") < text.index("People:")
    assert "\x1b" not in text
    assert "\u202e" not in text


def test_each_has_the_command_that_resolves_it(seen: tuple[Told, User, Any]) -> None:
    """A known name or forge id is linked, somebody new added, an assistant with who answers for it."""
    told, ada, document = seen
    commands = {name: item["commands"] for name, item in by_account(document).items()}
    assert commands["ivy@laptop.example"] == ["evidence people link 'Ivy Author' ivy@laptop.example"]
    assert commands["101+ivy@users.noreply.github.com"] == [
        "evidence people link 'Ivy Author' 101+ivy@users.noreply.github.com"
    ]
    assert commands["ghost@nowhere.example"] == ["evidence people add 'Gus Ghost' ghost@nowhere.example"]
    assert commands["102"] == ["evidence people add ghost-gh github.com:102"]
    assert commands["noreply@anthropic.com"] == [
        "evidence people add Claude noreply@anthropic.com --type agent --responsible PERSON"
    ]
    first, second = sorted((told.bo.principal, told.bob.principal))
    assert commands["7"] == [
        f"evidence people merge {second} --into {first}",
        f"evidence people unlink {first} github.com:7",
        f"evidence people unlink {second} github.com:7",
    ]
    assert "one person, or a mistake?" in ada.ok("people", "list").out
    assert commands["x\x1b[2J@evil.example"] == []


def test_a_bounded_look_says_how_far_it_went_and_goes_on(
    seen: tuple[Told, User, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Newest entries first; what was read is not fetched again, so the next look reaches further back."""
    _, ada, document = seen
    other = User(tmp_path / "other", tmp_path)
    shutil.copytree(ada.config, other.config)
    monkeypatch.setattr(peopleseen, "MOST_FETCHED", 3)
    looks = [other.ok("people", "list", "--json").document for _ in range(8)]
    starts = [look["looked_at"]["from"] for look in looks]
    assert starts[0] > starts[1] > starts[-1] == 0
    assert looks[-1]["unresolved"] == document["unresolved"]
    monkeypatch.setattr(peopleseen, "WINDOW", 2)
    assert other.ok("people", "list", "--json", "--all-entries").document["unresolved"] == document["unresolved"]


def test_a_long_list_is_cut_for_people_and_whole_for_programs(
    seen: tuple[Told, User, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those seen most often are shown, and how many more there are."""
    _, ada, document = seen
    monkeypatch.setattr(peopleview, "MOST_SHOWN", 2)
    text = ada.ok("people", "list").out
    assert f"And {len(document['unresolved']) - 2} more" in text
    assert "Gus Ghost" in text
    assert ada.ok("people", "list", "--json").document["unresolved"] == document["unresolved"]


def test_the_offered_commands_resolve(alone: House) -> None:
    """What is offered for an account can be typed as it stands, and the account is somebody's afterwards."""
    ada = alone.ada
    ada.ok(*shlex.split("people add 'Gus Ghost' ghost@nowhere.example"))
    ada.ok(*shlex.split("people link 'Gus Ghost' github.com:102"))
    listed = ada.ok("people", "list", "--json").document
    assert listed["unresolved"] == []
    assert listed["looked_at"]["event_count"] == 0
    assert "Every account that was seen leads to somebody." in ada.ok("people", "list").out
    assert "unresolved" not in ada.ok("people", "list", "--json", "--known").document


def test_roles_with_paths_and_risk_classes(alone: House) -> None:
    """A grant says in words where it holds and until when; the same or less is not granted twice."""
    ada = alone.ada
    ada.ok("project", "declare", "vault")
    ada.ok("people", "add", "Rae", "rae@acme.example")
    grant = ("role", "grant", "Rae", "security-reviewer", "--in", "vault")
    ada.ok(*grant, "--path", "src/auth/**", "--path", "*.sql", "--risk", "high")
    listed = ada.ok("role", "list").out
    assert "in vault, for paths *.sql and src/auth/** and the risk class high only" in listed
    assert "without an end" in listed
    again = ada.evidence(*grant, "--path", "*.sql", "--risk", "high", "--json")
    assert again.problem["slug"] == "role-held"
    assert ada.evidence(*grant, "--path", "/etc/*", "--json").problem["slug"] == "bad-glob"
    assert ada.evidence("role", "grant", "Rae", "administrator", "--risk", "high").status == 2
    ada.ok(*grant)
    ada.ok("role", "end", "Rae", "security-reviewer", "--reason", "moved")
    ended = [item for item in ada.ok("role", "list", "--all", "--json").document["grants"] if item["name"] == "Rae"]
    assert [item["in_force"] for item in ended] == [False, False]
    assert "until" in ada.ok("role", "list", "--all").out


def test_what_is_exported_is_imported_without_an_act(alone: House, tmp_path: Path) -> None:
    """Names, accounts, identities, roles, keys with their custody, and merges go there and back."""
    ada = alone.ada
    ada.ok("people", "import", str(ROOT / "keys.example"))
    ada.ok("people", "add", "Quote \"' \\ Back", "q@acme.example")
    holder = alone.user("quote")
    holder.ok("key", "new")
    key = str(holder.config / "keys" / "default.key")
    ada.ok("key", "enrol", "--from-key", key, "--principal", "q@acme.example", "--custody", "hardware")
    text = ada.ok("people", "export").out
    file = tmp_path / "people.toml"
    file.write_text(text)
    listed = read_people(text.encode())
    assert {item.custody for one in listed.principals for item in one.keys} >= {"hardware"}
    assert any(one.merged_into for one in listed.principals)
    assert any(role.paths for one in listed.principals for role in one.roles)
    assert any(one.identity for one in listed.principals)
    done = ada.ok("people", "import", str(file), "--json").document
    assert done == {"acts": [], "waits": []}
    shown = ada.ok("people", "list").out
    assert "held in: hardware" in shown
    assert "merged at position" in shown
