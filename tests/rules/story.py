"""Scenarios told as data (tests/scenarios/README.md), played in the simulated world and assessed by the real rules."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ledger.digests import digest_bytes
from ledger.documents import Account, encode_account, encode_card
from ledger.dossier.build import build_change, build_period, build_release
from ledger.events.context import About, Actor, ContentRef
from ledger.events.roster import (
    MACHINE_KINDS,
    KeyRevoke,
    PrincipalDescribe,
    PrincipalDisable,
    PrincipalMerge,
    PrincipalSplit,
    RoleEnd,
)
from ledger.events.statement import Event
from ledger.events.work import (
    AiInvolvement,
    Approval,
    Artifact,
    Attestation,
    Basis,
    BoundPrompt,
    Deploy,
    Diff,
    Release,
    Seen,
    Source,
)
from ledger.keys import SigningKey, key_id
from ledger.rules.assess import assess_change, assess_period, assess_release
from ledger.rules.policy import PolicyRules, encode_policy, parse_policy
from tests.policies import CORE_POLICY
from tests.rules.deciding import VERBS as DECIDING
from tests.rules.operations import VERBS
from tests.rules.working import VERBS as WORKING
from tests.world import Change, Member, World, git_id, seed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from ledger.dossier.facts import ChangeDossier, PeriodDossier, ReleaseDossier
    from ledger.keys import Signer
    from ledger.records import Record, Records
    from ledger.rules.verdict import Assessment

FOLDER = Path(__file__).parent.parent / "scenarios"
PROJECT = "app"
PEOPLE = ("Dana", "Rob", "Rita", "Sam")
"""Dana writes, Rob and Rita review, Sam does neither; each is a person with a card."""
END_OF_TIME = "2031-01-01T00:00:00.000Z"


@dataclass(frozen=True)
class Scenario:
    """One story with the verdicts it must end in."""

    id: str
    title: str
    events: tuple[dict[str, Any], ...]
    expect: Mapping[str, tuple[str, str]]
    """By rule: the outcome, and words that the sentence, with names, holds."""
    policy: Mapping[str, Any] = field(default_factory=dict)
    subject: str = "7"
    """A change id, ``release`` or ``period``."""
    as_of: str = END_OF_TIME
    """Ledger time of the assessment; ``end``: when the story ends."""
    admins: int = 1
    """How many administrators an act takes."""
    excepted: tuple[str, ...] | None = None
    """Rules beside whose verdict an exception stands, of all that have a verdict; None: as it may be."""
    dishonest: bool = False
    """Whether an honest server would not have admitted all of it."""


def scenarios() -> Iterator[Scenario]:
    """All scenarios of the corpus, by file and order."""
    for path in sorted(FOLDER.glob("*.toml")):
        for item in tomllib.loads(path.read_text("utf-8"))["scenario"]:
            expected = {
                rule: (told, "") if isinstance(told, str) else tuple(told) for rule, told in item["expect"].items()
            }
            yield Scenario(
                item["id"],
                item["title"],
                tuple(item["events"]),
                expected,
                item.get("policy", {}),
                item.get("subject", "7"),
                item.get("as_of", END_OF_TIME),
                item.get("admins", 1),
                tuple(item["excepted"]) if "excepted" in item else None,
                item.get("dishonest", False),
            )


class Story:
    """A world in which the cast exists and a policy is in force; ``play`` adds what a scenario tells."""

    def __init__(self, policy: Mapping[str, Any], *, admins: int = 1) -> None:
        self.world = World(admins_required=admins)
        self.world.project(PROJECT)
        self.people = {name: self.world.person(name, accounts=[_forge_account(name)]) for name in PEOPLE}
        self.people["Copi"] = self.world.machine("Copi", ("prompt", "diff"), sort="agent", mails=["copi@acme.example"])
        self.people["Ada"] = self.world.members["Ada Admin"]
        for name in ("CI", "Collector"):
            self.people[name] = self.world.machine(name, MACHINE_KINDS)
        self.policy = merged(CORE_POLICY, policy)
        # A rule of which a scenario says no more is on.
        self.policy["rules"] = {
            rule: {"on": True, "severity": "medium"} | told for rule, told in self.policy["rules"].items()
        }
        self.world.policy(self.policy)
        self.began = len(self.world.entries)
        self.revisions: dict[tuple[str, int], Change] = {}
        self.labels: dict[str, Record] = {}
        self.landed: list[Record] = []
        self.keys: dict[str, Signer] = {}

    @property
    def rules(self) -> PolicyRules:
        """The policy in force."""
        return parse_policy(encode_policy(self.policy))

    def play(self, events: Iterable[Mapping[str, Any]]) -> None:
        """Does each event in order."""
        for event in events:
            told = dict(event)
            action, label = told.pop("do"), told.pop("as", None)
            self.world.late, self.world.skew_minutes = told.pop("late", False), told.pop("clock", 0)
            own = getattr(self, "do_" + action.replace("-", "_"), None)
            record = (own or partial({**VERBS, **WORKING, **DECIDING}[action], self))(**told)
            self.world.late, self.world.skew_minutes = False, 0
            if label is not None and record is not None:
                self.labels[label] = record

    def dossier(self, subject: str, records: Records | None = None) -> ChangeDossier | ReleaseDossier | PeriodDossier:
        """The dossier of a change, of the latest release, or of all that happened since the policy was set."""
        held = self.world.records() if records is None else records
        if subject == "release":
            releases = [record for record in held.entries if record.event.kind == "release"]
            return build_release(held, releases[-1].envelope)
        if subject == "period":
            return build_period(held, [self.world.projects[PROJECT]], self.began, held.position)
        return build_change(held, self.world.projects[PROJECT], subject)

    def assess(self, subject: str, records: Records | None = None, as_of: str = END_OF_TIME) -> Assessment:
        """The assessment of a change, of the latest release or of the period at the end of the story."""
        dossier = self.dossier(subject, records)
        moment = self.world.now.isoformat(timespec="milliseconds").replace("+00:00", "Z") if as_of == "end" else as_of
        if subject == "release":
            return assess_release(dossier, self.rules, moment)  # type: ignore[arg-type]
        if subject == "period":
            return assess_period(dossier, self.rules, moment)  # type: ignore[arg-type]
        return assess_change(dossier, self.rules, moment)  # type: ignore[arg-type]

    # Work

    def _who(self, name: str) -> Member:
        return self.people.get(name) or self.world.members[name]

    def _commit(self, told: Mapping[str, Any], tree: str, by: str) -> dict[str, Any]:
        author = self._who(told.get("author", by)) if "author_mail" not in told else self._who(by)
        mail = told.get("author_mail")
        commit = self.world.commit(
            told["id"],
            author,
            committer=self._who(told["committer"]) if "committer" in told else None,
            co_authors=[self._who(name) for name in told.get("co_authors", [])],
            traces=told.get("traces", []),
            parents=[git_id("commit " + parent) for parent in told.get("parents", [])],
            tree=tree,
            author_person=None if mail is None else {"mail": mail, "name": "Somebody"},
        )
        if "committer_mail" in told:
            commit["committer"] = {"mail": told["committer_mail"], "name": "Forge"}
        commit["co_authors"] += [{"mail": item, "name": "Somebody"} for item in told.get("co_author_mails", [])]
        return commit

    def do_diff(
        self,
        by: str,
        rev: int,
        content: str,
        change: str = "7",
        pusher: str | None = None,
        account: str | None = None,
        ai: str = "none",
        prompts: Iterable[str] = (),
        strength: str = "observed",
        tree: str | None = None,
        signer: str = "CI",
        traces: Iterable[str] = (),
        commits: Iterable[Mapping[str, Any]] | None = None,
        risk: str | None = None,
        **told: Any,  # noqa: ANN401 -- members of a commit, as the scenario has them
    ) -> Record:
        """A revision of a change whose files are ``content``."""
        tree = git_id("tree " + (tree or content))
        listed = [{"id": f"{change} r{rev} {content}", **told}] if commits is None else list(commits)
        items = tuple(self._commit(item, tree, by) for item in listed)
        data, digest = self.world.manifest({"a.py": content})
        base = git_id("base")
        body = Diff(
            ai=AiInvolvement(ai, "none" if ai == "undeclared" else "declared", tuple(traces)),
            base=base,
            commit_count=len(items),
            files_changed=1,
            head=items[-1]["id"],
            lines_added=1,
            lines_removed=0,
            manifest=digest,
            merge_base=base,
            object_format="sha1",
            prompts=tuple(BoundPrompt(self.labels[label].envelope, strength) for label in prompts),
            tree=tree,
            risk=risk,
        )
        contents = [self.world.content("manifest", data), self.world.commits(items)]
        actor = Actor(principal=self._who(pusher or by).principal)
        if account is not None:
            contents.append(self._account(account))
            actor = Actor(account="account")
        about = About(change=change, revision=rev, tree=tree)
        record = self.world.work(PROJECT, body, actor, self._who(signer), contents, about)
        self.revisions[change, rev] = Change(change, rev, body.head, tree, digest, record, items)
        return record

    def do_prompt(
        self,
        by: str | None = None,
        change: str = "7",
        agent: str | None = "Copi",
        session: str = "s-1",
        trigger: str = "human",
        signer: str = "CI",
    ) -> Record:
        """A prompt to an assistant."""
        return self.world.prompt(
            PROJECT,
            change,
            None if by is None else self._who(by),
            self._who(signer),
            session=session,
            agent=None if agent is None else self._who(agent),
            trigger=trigger,
        )

    def do_approve(self, by: str, rev: int, change: str = "7", key: str | None = None) -> Record:
        """An approval signed by the approver."""
        return self._decide(by, rev, change, "approve", key)

    def do_reject(self, by: str, rev: int, change: str = "7") -> Record:
        """A rejection signed by whoever rejects."""
        return self._decide(by, rev, change, "reject", None)

    def do_withdraw(self, by: str, rev: int, of: str, change: str = "7") -> Record:
        """A withdrawal of an earlier decision."""
        return self.world.approve(
            PROJECT, self.revisions[change, rev], self._who(by), decision="withdraw", withdraws=self.labels[of]
        )

    def _decide(self, by: str, rev: int, change: str, decision: str, key: str | None) -> Record:
        return self.world.approve(
            PROJECT,
            self.revisions[change, rev],
            self._who(by),
            decision=decision,
            key=None if key is None else self.keys[key],
        )

    def do_forge(
        self,
        rev: int | None = None,
        by: str | None = None,
        account: str | None = None,
        change: str = "7",
        decision: str = "approve",
        commit: str | None = None,
        signer: str = "Collector",
    ) -> Record:
        """A review that the forge shows: by a principal, or by a forge account that cards may claim."""
        head = git_id("commit " + commit) if commit is not None else self.revisions[change, rev or 0].head
        contents = [] if account is None else [self._account(account)]
        actor = Actor(account="account") if by is None else Actor(principal=self._who(by).principal)
        body = Approval("forge", Basis(commit=head), decision, "review", "change", Seen((), ()))
        return self.world.work(PROJECT, body, actor, self._who(signer), contents, About(change=change))

    def _account(self, identifier: str) -> ContentRef:
        account = Account("git", mail=identifier) if "@" in identifier else Account("forge.example", id=identifier)
        return self.world.content("account", encode_account(account))

    def do_run(
        self,
        rev: int | None = None,
        tree: str | None = None,
        change: str = "7",
        suite: str = "unit",
        passed: int = 10,
        failures: int = 0,
        skipped: int = 0,
        attempt: int = 1,
        signer: str = "CI",
        commit: str | None = None,
    ) -> Record:
        """A run of a suite on a revision, or on another tree."""
        on = self.revisions[change, rev] if rev is not None else None
        return self.world.run(
            PROJECT,
            on.tree if on is not None and tree is None else git_id(f"tree {tree}"),
            on.head if on is not None and commit is None else git_id(f"commit {commit}"),
            self._who(signer),
            change=change,
            suite=suite,
            passed=passed,
            failures=failures,
            skipped=skipped,
            attempt=attempt,
        )

    def do_merge(
        self,
        by: str,
        rev: int | None = None,
        change: str = "7",
        method: str = "squash",
        binding: str = "manifest",
        content: str | None = None,
        tree: str | None = None,
        commits: Iterable[Mapping[str, Any]] | None = None,
        signer: str = "CI",
    ) -> Record:
        """A landing of a revision; ``content`` makes it land as something else."""
        landed = self.revisions[change, rev] if rev is not None else None
        into = tree if tree is not None else content
        landed_tree = git_id("tree " + into) if into is not None else (None if landed is None else landed.tree)
        items = [{"id": f"{change} landed {len(self.landed)}"}] if commits is None else list(commits)
        record = self.world.merge(
            PROJECT,
            landed,
            self._who(by),
            self._who(signer),
            method=method,
            binding=binding,
            files=None if content is None else {"a.py": content},
            tree=landed_tree,
            commits=[self._commit(item, landed_tree or git_id("tree push"), by) for item in items],
            label=f"landing {len(self.landed)}",
        )
        self.landed.append(record)
        return record

    # Roster

    def do_card(self, of: str, name: str | None = None, mails: Iterable[str] = (), forge: str | None = None) -> Record:
        """A new card for somebody."""
        accounts = [Account("git", mail=mail) for mail in mails]
        accounts += [] if forge is None else [Account("forge.example", id=forge)]
        card = self.world.content("card", encode_card(name or of, tuple(accounts)))
        return self.world.act(PrincipalDescribe(self._who(of).principal), [card])

    def do_person(self, name: str, mails: Iterable[str] = (), forge: str | None = None) -> None:
        """Somebody new."""
        accounts = [] if forge is None else [{"id": forge, "system": "forge.example"}]
        self.people[name] = self.world.person(name, mails=mails, accounts=accounts)

    def do_key(self, of: str, name: str) -> Record:
        """Another key for somebody."""
        self.keys[name] = SigningKey(seed("extra " + name))
        return self.world.enrol(self._who(of).principal, self.keys[name])

    def do_revoke(self, of: str, since: str | None = None, key: str | None = None) -> Record:
        """A revocation; ``since`` names the entry from which the key counts as compromised, now if absent."""
        member = self._who(of)
        lost = member.key if key is None else self.keys[key]
        position = len(self.world.entries) if since is None else self.labels[since].index
        return self.world.act(KeyRevoke(position, key_id(lost.public), member.principal, "lost"))

    def do_grant(self, to: str, role: str) -> Record:
        """A role for somebody."""
        return self.world.grant(self._who(to), role)

    def do_end_role(self, grant: str, of: str, reason: str = "moved") -> Record:
        """The end of a role."""
        return self.world.act(RoleEnd(self.labels[grant].envelope, self._who(of).principal, reason))

    def do_disable(self, who: str) -> Record:
        """Somebody leaves."""
        return self.world.act(PrincipalDisable(self._who(who).principal))

    def do_join(self, who: str, into: str) -> Record:
        """Two principals turn out to be one."""
        return self.world.act(PrincipalMerge(self._who(into).principal, self._who(who).principal))

    def do_split(self, who: str) -> Record:
        """A merged principal is one of its own again."""
        return self.world.act(PrincipalSplit(self._who(who).principal))

    def do_erase(self, card: str | None = None, of: str | None = None, content: str = "commits") -> None:
        """An erasure: of somebody's latest card, or of a content of an event."""
        if card is not None:
            reference: ContentRef | None = self.world.roster.principals[self._who(card).principal].cards[-1].content
        else:
            reference = self.labels[of or ""].event.context.content(content)
        self.world.erase(reference)

    def do_forced_approval(self, by: str, rev: int, key: str | None = None, change: str = "7") -> Record:
        """An approval that an honest server would have refused."""
        revision = self.revisions[change, rev]
        body = Approval(
            "person",
            Basis(manifest=revision.manifest, tree=revision.tree, policy=self.world.policy_digest),
            "approve",
            "review",
            "change",
            Seen((), ()),
        )
        context = self.world.context(
            self._who(by), project=PROJECT, about=About(change=change, revision=rev, tree=revision.tree)
        )
        signer = self._who(by).key if key is None else SigningKey(seed("stranger " + key))
        return self.world.append(Event(context, body), signer, force=True)

    def do_attest_late(self, change: str = "7", by: str = "Collector") -> Record:
        """An event whose key had ended when it arrived, brought by somebody else."""
        statement = self.world.content("statement", b"{}")
        body = Attestation("application/json", "late", "statement", ())
        return self.world.work(PROJECT, body, self._who(by), self._who(by), [statement], About(change=change))

    # Releases

    def do_release(
        self,
        version: str,
        landings: Iterable[str] = (),
        commits: Iterable[Mapping[str, Any]] = (),
        previous: str | None = None,
        count: int | None = None,
        commit: str | None = None,
        artifacts: int = 1,
        by: str = "Sam",
        product: str = "shop",
    ) -> Record:
        """A release of what the labelled landings brought, and of further commits."""
        items: list[dict[str, Any]] = []
        for label in landings:
            reference = self.labels[label].event.context.content("commits")
            items += _commits_in(self.world.contents[reference.commitment].data if reference else b"")
        items += [self._commit(item, git_id("tree " + item["id"]), by) for item in commits]
        tip = git_id("commit " + commit) if commit is not None else (items[-1]["id"] if items else git_id("nothing"))
        source = Source(
            commit=tip,
            commit_count=len(items) if count is None else count,
            commits="commits",
            project=self.world.projects[PROJECT],
            repository="forge.example/4711",
            previous=None if previous is None else self._tip(previous),
            start=True if previous is None else None,
        )
        named = tuple(Artifact(f"shop-{number}.tar", digest_bytes(bytes([number]))) for number in range(artifacts))
        body = Release(named, product, (source,), version)
        return self.world.work(
            PROJECT,
            body,
            self._who(by),
            self._who("CI"),
            [self.world.commits(items)],
            About(release=f"{product}@{version}"),
        )

    def _tip(self, label: str) -> str:
        if label not in self.labels:
            return git_id("commit " + label)
        body = self.labels[label].event.body
        if not isinstance(body, Release):
            raise TypeError("not a release")
        return body.sources[0].commit

    def do_approve_release(self, by: str, of: str = "release") -> Record:
        """An approval of a release."""
        return self.world.approve_release(PROJECT, self.labels[of], self._who(by))

    def do_deploy(
        self,
        of: str = "release",
        environment: str = "production",
        status: str = "succeeded",
        by: str = "CI",
        artifacts: Iterable[str] | None = None,
        signer: str | None = None,
    ) -> Record:
        """A deployment of a release; ``artifacts`` are others than its own."""
        release = self.labels[of]
        own = release.event.body.artifacts if isinstance(release.event.body, Release) else ()
        items = own if artifacts is None else tuple(Artifact(name, digest_bytes(name.encode())) for name in artifacts)
        body = Deploy(items, environment, "payments-api", status, release.envelope)
        teller = signer or (by if by in ("CI", "Collector") else "CI")
        about = About(release=release.event.context.about.release)
        return self.world.work(PROJECT, body, self._who(by), self._who(teller), (), about)


def stage(scenario: Scenario) -> Story:
    """The story of a scenario before its first event; rules that it names are on."""
    rules: dict[str, Any] = {rule.partition("@")[0]: {} for rule in scenario.expect}
    rules |= dict(scenario.policy.get("rules", {}))
    return Story({**scenario.policy, "rules": rules}, admins=scenario.admins)


def told(scenario: Scenario) -> Story:
    """The story of a scenario, played to its end."""
    story = stage(scenario)
    story.play(scenario.events)
    return story


def merged(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """A policy document with changes laid over it, object by object."""
    result = dict(base)
    for name, value in changes.items():
        known = result.get(name)
        deeper = isinstance(known, dict) and isinstance(value, dict) and name != "approvals"
        result[name] = merged(known, value) if deeper and isinstance(known, dict) else value
    return result


def without(records: Records, commitments: Iterable[str]) -> Records:
    """The records as if those contents had been erased."""
    from ledger.records import Absent

    gone = set(commitments)
    return replace(
        records,
        contents={key: Absent("erased") if key in gone else value for key, value in records.contents.items()},
    )


def _forge_account(name: str) -> dict[str, str]:
    return {"id": f"id-{name.lower()}", "login": name.lower(), "system": "forge.example"}


def _commits_in(data: bytes) -> list[dict[str, Any]]:
    import json

    found: list[dict[str, Any]] = json.loads(data)["commits"]
    return found
