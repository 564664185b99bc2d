"""A served ledger with a project, an author, a reviewer and a pipeline, and a clone to record from."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ledger.client import Client
from ledger.envelope import open_envelope
from ledger.events.roster import MACHINE_KINDS
from ledger.events.statement import Event, read_payload
from tests.api.serving import free_port
from tests.capture.conftest import Sandbox
from tests.cli.running import User, house

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ledger.parcel import SaltedContent
    from tests.cli.running import House, Said

PEOPLE = """
[[person]]
name = "Ivy Author"
mail = ["ada@example.org", "bo@example.org"]
accounts = [{ system = "github.com", id = "101", login = "ivy" }]
[[person]]
name = "Ray Reviewer"
mail = ["ray@example.org"]
roles = ["approver", "release-approver"]
[[agent]]
name = "Quill"
responsible = "Ivy Author"
[[service]]
name = "Pipeline"
responsible = "Ray Reviewer"
"""
KINDS = MACHINE_KINDS
JUNIT = '<testsuite name="unit"><testcase name="a"/><testcase name="b"/></testsuite>'


@dataclass(frozen=True)
class Shop:
    """Who works there, and where."""

    house: House
    ivy: User
    ray: User
    quill: User
    ci: User
    project: str
    """Id of the project."""

    @property
    def anchor(self) -> str:
        """The ledger's public line."""
        return (self.house.folder / "ledger.pub").read_text()

    @property
    def closed(self) -> str:
        """An address at which nothing listens."""
        return f"http://127.0.0.1:{free_port()}"

    def event(self, said: Said, at: int = 0) -> Event:
        """The event that a command recorded, as the server has it."""
        return self.entry(said.document["events"][at]["index"])

    def entry(self, index: int) -> Event:
        """The event of an entry."""
        with Client(self.house.url, self.anchor) as client:
            found = read_payload(open_envelope(client.entry(index)[1]).payload)
        assert isinstance(found, Event)
        return found

    def content(self, event: Event, name: str) -> SaltedContent:
        """A content of an event, as the server has it."""
        reference = event.context.content(name)
        assert reference is not None
        with Client(self.house.url, self.anchor) as client:
            return client.content(reference.commitment)

    def principal(self, name: str) -> str:
        """The id of somebody."""
        listed = self.house.ada.ok("people", "list", "--json").document["principals"]
        return next(str(item["principal"]) for item in listed if item["name"] == name)


@contextlib.contextmanager
def open_shop(root: Path) -> Iterator[Shop]:
    """The shop with everybody enrolled."""
    with house(root) as found:
        ada = found.ada
        ada.folder.mkdir(parents=True, exist_ok=True)
        (ada.folder / "people.toml").write_text(PEOPLE)
        ada.ok("project", "declare", "shop")
        ada.ok("people", "import", "people.toml")
        users: dict[str, User] = {}
        for name in ("Ivy Author", "Ray Reviewer", "Quill", "Pipeline"):
            user = found.user(name.split()[0].lower())
            user.ok("key", "new")
            key = user.config / "keys" / "default.key"
            machine = name in {"Quill", "Pipeline"}
            allowed = ("prompt", "diff") if name == "Quill" else KINDS
            limits = [word for kind in allowed for word in ("--kind", kind)] + ["--in", "shop"] if machine else []
            ada.ok("key", "enrol", "--from-key", str(key), "--principal", name, *limits)
            users[name] = user
        project = ada.ok("project", "list", "--json").document["projects"][0]
        identifier = str(project.get("project", project.get("id")))
        ivy, ray, quill, ci = users.values()
        yield Shop(found, ivy, ray, quill, ci, identifier)


def clone(folder: Path, object_format: str = "sha1") -> Sandbox:
    """A repository with one commit on main."""
    folder.mkdir(parents=True)
    sandbox = Sandbox(folder, object_format)
    sandbox.git("init", "--quiet", "--initial-branch=main", f"--object-format={object_format}")
    sandbox.commit({b"a.txt": b"1\n"}, "first")
    return sandbox


def within(user: User, sandbox: Sandbox) -> User:
    """The user, standing in a clone."""
    return User(user.home, Path(sandbox.path))


def report(folder: Path, text: str = JUNIT, name: str = "junit.xml") -> str:
    """Path of a report."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(text)
    return str(path)


def only(said: Said) -> dict[str, Any]:
    """The one event that a command says it recorded."""
    (event,) = said.document["events"]
    found: dict[str, Any] = event
    return found


def release(shop: Shop, root: Path) -> None:
    """One change of Ivy's, approved by Ray, merged and released as ``shop@1.0``."""
    repo = clone(root / "repo")
    base = str(repo.git("rev-parse", "HEAD").strip(), "ascii")
    repo.branch("feature")
    repo.commit({b"a.txt": b"2\n"}, "Feature")
    ci = within(shop.ci, repo)
    ci.ok("record", "diff", "--base", "main", "--change", "7", "--ai", "none", "--by", "Ivy Author")
    ci.ok("record", "test", report(root), "--suite", "unit", "--change", "7")
    within(shop.ray, repo).ok("approve", "7", "--yes")
    repo.git("checkout", "--quiet", "main")
    repo.git("merge", "--quiet", "--no-ff", "-m", "Merge", "feature")
    told = ("--ref", "refs/heads/main", "--before", base, "--after", "HEAD", "--by", "Ivy Author")
    ci.ok("record", "merge", *told)
    ci.ok("record", "release", "--product", "shop", "--version", "1.0", "--commit", "HEAD", "--previous", base)
