"""A simulated world: a ledger in memory with people, keys, projects and changes, made by the real core.

Everything is derived from names and counters, so that two worlds told the same story have the same bytes.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

from ledger.anchor import Anchor, format_anchor
from ledger.bundle import BundledContent, BundleEntry, BundleSubject, Period, Selection, StreamRange, write_bundle
from ledger.canonical import encode, parse
from ledger.checkpoint import sign_checkpoint
from ledger.digests import Digest, commitment, digest_bytes, from_raw
from ledger.entry import FIRST, LEDGER_STREAM, Leaf, leaf_digest
from ledger.envelope import Envelope, seal
from ledger.events.context import NOTHING, About, Actor, ContentRef, Context, Link, Producer
from ledger.events.roster import (
    Epoch,
    FoundingAdministrator,
    Genesis,
    GenesisCore,
    KeyEnrol,
    PolicySet,
    PrincipalCreate,
    ProjectDeclare,
    Recovery,
    RoleGrant,
)
from ledger.events.shape import OpenObject
from ledger.events.statement import Body, Event, write_payload
from ledger.events.work import (
    AiInvolvement,
    Approval,
    Artifact,
    Basis,
    BoundPrompt,
    Capture,
    Deploy,
    Diff,
    Merge,
    Model,
    Prompt,
    Release,
    Run,
    Seen,
    Source,
    SuiteRun,
    Tool,
    Totals,
)
from ledger.keys import Signer, SigningKey, key_id, presence, sign
from ledger.manifest import Manifest, ManifestEntry, encode_manifest
from ledger.merkle import inclusion_proof, reader_of, root
from ledger.records import Absent, Content, Held, Record, Records
from ledger.roster.acts import advance, found, genesis_preimage, key_preimage
from ledger.roster.authority import authorise
from ledger.roster.state import Key, Roster, administrators_with_keys, key_in_force, origin_at

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from ledger.canonical import Encodable

ORIGIN = "ledger.example.com/acme"
STARTED = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
VERIFIER = b"# stands for the verifier that travels in a bundle\n"
ZEROS = "0" * 40


def seed(name: str) -> bytes:
    """32 bytes that follow from a name."""
    return hashlib.sha256(b"evidence-ledger world " + name.encode()).digest()


def git_id(text: str) -> str:
    """A git object id that follows from a text."""
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


@dataclass(frozen=True)
class Member:
    """A principal of the world with its first key."""

    name: str
    principal: str
    key: Signer
    mail: str

    @property
    def person(self) -> dict[str, str]:
        """As a commit names them."""
        return {"at": "2026-03-02T09:00:00+01:00", "mail": self.mail, "name": self.name}


@dataclass(frozen=True)
class Stored:
    """A content of the world."""

    salt: bytes
    data: bytes
    state: str = "held"


@dataclass(frozen=True)
class Change:
    """What the world's story knows of a revision of a change."""

    id: str
    revision: int
    head: str
    tree: str
    manifest: Digest
    diff: Record
    commits: tuple[dict[str, Any], ...]


@dataclass
class World:
    """A ledger in memory; every method that records something returns the record."""

    admins_required: int = 1
    recovery: bool = False
    origin: str = ORIGIN
    log_key: SigningKey = field(default_factory=lambda: SigningKey(seed("log")))
    keys: Mapping[str, Signer] = field(default_factory=dict)
    """Keys of members who have one of another sort than the rest, by name."""
    entries: list[tuple[Leaf, Envelope]] = field(default_factory=list)
    records_list: list[Record] = field(default_factory=list)
    contents: dict[Digest, Stored] = field(default_factory=dict)
    members: dict[str, Member] = field(default_factory=dict)
    projects: dict[str, str] = field(default_factory=dict)
    roster: Roster = field(init=False)
    ledger: Digest = field(init=False)
    now: datetime = STARTED
    counter: int = 0
    late: bool = False
    """Whether an importer brings events after the fact from now on."""
    skew_minutes: int = 0
    """By how much the clocks of those who send are ahead of the ledger's."""

    def __post_init__(self) -> None:
        """Founds the ledger with Ada and Bo as administrators (Ada alone where one is required)."""
        names = ["Ada Admin", "Bo Admin"] if self.admins_required == 2 else ["Ada Admin"]
        founders = [self._member(name) for name in names]
        cards = [
            self._card(member.name, [member.mail], name=f"card-{number}") for number, member in enumerate(founders)
        ]
        recovery = self._member("Recovery") if self.recovery else None
        core = GenesisCore(
            administrators=tuple(
                FoundingAdministrator(card.name, member.key.public, member.principal)
                for card, member in zip(cards, founders, strict=True)
            ),
            admins_required=self.admins_required,
            log_key=self.log_key.public,
            origin=self.origin,
            recovery=None if recovery is None else Recovery(recovery.key.public, recovery.principal),
        )
        signers = [*founders, *([recovery] if recovery else [])]
        body = Genesis(core, tuple(sign(member.key, genesis_preimage(core)) for member in signers))
        context = replace(self.context(founders[0], cards), ledger=None)
        event = Event(context, body)
        envelope = seal(write_payload(event), founders[0].key)
        leaf = self._leaf(event, envelope)
        self.ledger = from_raw(leaf_digest(leaf))
        self.roster = found(self.ledger, envelope.digest, context, body)
        self.entries.append((leaf, envelope))
        self.records_list.append(Record(leaf, event, self.roster.keys[envelope.key_id]))

    # Ids, time, contents

    def _next(self) -> int:
        self.counter += 1
        return self.counter

    def tick(self, minutes: int = 1) -> None:
        """Lets time pass."""
        self.now += timedelta(minutes=minutes)

    def _member(self, name: str) -> Member:
        first = name.split(maxsplit=1)[0].lower()
        key = self.keys.get(name) or SigningKey(seed("key " + name))
        member = Member(name, "p_" + seed("principal " + name).hex()[:32], key, f"{first}@acme.example")
        self.members[name] = member
        return member

    def event_id(self) -> str:
        """The next event id: a UUIDv7 of the world's time and counter."""
        millis = int(self.now.timestamp() * 1000)
        tail = f"{self._next():018x}"
        text = f"{millis:012x}7{tail[0:3]}8{tail[3:6]}{tail[6:18]}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:32]}"

    def content(
        self, name: str, data: bytes, media_type: str = "application/json", state: str = "stored"
    ) -> ContentRef:
        """Keeps ``data`` and returns its reference."""
        salt = seed(f"salt {self._next()}")
        digest = commitment(salt, data)
        self.contents[digest] = Stored(salt, data, "held" if state == "stored" else "withheld")
        return ContentRef(digest, media_type, name, len(data), state)

    def erase(self, reference: ContentRef | None) -> None:
        """Forgets a content's salt and bytes."""
        if reference is None:
            raise ValueError("there is no such content")
        self.contents[reference.commitment] = replace(self.contents[reference.commitment], state="erased")

    def _card(
        self, person: str, mails: Iterable[str], *, name: str = "card", accounts: Iterable[Mapping[str, str]] = ()
    ) -> ContentRef:
        listed = [*({"mail": mail, "system": "git"} for mail in mails), *(dict(item) for item in accounts)]
        return self.content(name, encode({"accounts": listed, "name": person, "v": 1}))

    # Events

    def context(
        self,
        actor: Member | Actor,
        contents: Sequence[ContentRef] = (),
        *,
        project: str | None = None,
        about: About = NOTHING,
        links: Sequence[Link] = (),
        producer: str = "evidence",
    ) -> Context:
        """A context at the world's time; ``project`` is a project's name."""
        who = actor if isinstance(actor, Actor) else Actor(principal=actor.principal)
        return Context(
            event_id=self.event_id(),
            about=about,
            occurred_at=(self.now + timedelta(minutes=self.skew_minutes)).isoformat(timespec="seconds"),
            actor=who,
            producer=Producer(producer, "1.0"),
            contents=tuple(contents),
            links=tuple(links),
            ledger=getattr(self, "ledger", None),
            project=None if project is None else self.projects[project],
            late=True if self.late and project is not None else None,
        )

    def _leaf(self, event: Event, envelope: Envelope) -> Leaf:
        stream = event.context.project or LEDGER_STREAM
        of_stream = [leaf for leaf, _ in self.entries if leaf.stream == stream]
        return Leaf(
            v=1,
            index=len(self.entries),
            previous=leaf_digest(self.entries[-1][0]).hex() if self.entries else FIRST,
            stream=stream,
            stream_index=len(of_stream),
            stream_previous=leaf_digest(of_stream[-1]).hex() if of_stream else FIRST,
            roster=sum(leaf.stream == LEDGER_STREAM for leaf, _ in self.entries),
            kind=event.kind,
            key_id=envelope.key_id,
            about=event.context.about,
            envelope=envelope.digest,
            received_at=self.now.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        )

    def append(self, event: Event, key: Signer, *, force: bool = False) -> Record:
        """Admits ``event`` signed by ``key`` as a server would; ``force`` skips that, as a dishonest one would."""
        envelope = seal(write_payload(event), key)
        leaf = self._leaf(event, envelope)
        known: Key | None = None
        if not force:
            known = authorise(self.roster, leaf.index, envelope.key_id, event)
            if leaf.stream == LEDGER_STREAM:
                self.roster = advance(self.roster, leaf.index, envelope.digest, known.principal, event)
                known = self.roster.keys[envelope.key_id]
        self.entries.append((leaf, envelope))
        said = None if known is None else presence(known.public, envelope.signature)
        record = Record(leaf, event, known or next(iter(self.roster.keys.values())), said)
        self.records_list.append(record)
        self.tick()
        return record

    def append_statement(self, event: Event, key: Signer, change: Callable[[dict[str, Any]], object]) -> Record:
        """Admits what ``change`` makes of the event's statement, as a dishonest server would."""
        statement = parse(write_payload(event), max_bytes=1 << 20)
        if not isinstance(statement, dict):
            raise TypeError(statement)
        change(statement)
        envelope = seal(encode(cast("Encodable", statement)), key)
        leaf = self._leaf(event, envelope)
        self.entries.append((leaf, envelope))
        record = Record(leaf, event, next(iter(self.roster.keys.values())))
        self.records_list.append(record)
        self.tick()
        return record

    def act(self, body: Body, contents: Sequence[ContentRef] = (), *, by: Member | None = None) -> Record:
        """An act by an administrator, approved by the second one where two are required."""
        admin = by or self.members["Ada Admin"]
        record = self.append(Event(self.context(admin, contents), body), admin.key)
        if record.envelope in self.roster.pending:
            self.approve_act(record, self._second(admin))
        return record

    def _second(self, first: Member) -> Member:
        """Another administrator whose key is in force: Bo, as long as that is so."""
        at = len(self.entries)
        ready = administrators_with_keys(self.roster, at)
        others = [self.members["Bo Admin"], self.members["Ada Admin"], *self.members.values()]
        return next(
            item
            for item in others
            if item.name != first.name
            and item.principal in ready
            and key_in_force(self.roster, self.roster.keys[key_id(item.key.public)], at)
        )

    def approve_act(self, act: Record, by: Member, decision: str = "approve") -> Record:
        """A decision of another administrator about an act."""
        body = Approval("person", Basis(act=act.envelope), decision, "approval", "roster", Seen((), ()))
        return self.append(Event(self.context(by), body), by.key)

    # People and projects

    def project(self, name: str, *, start: str | None = None) -> str:
        """Declares a project and returns its id."""
        identifier = "prj_" + seed("project " + name).hex()[:32]
        body = ProjectDeclare("sha1", identifier, ("refs/heads/main",), start)
        self.act(body, [self._card(name, [])])
        self.projects[name] = identifier
        return identifier

    def enrol(
        self,
        principal: str,
        key: Signer,
        *,
        kinds: tuple[str, ...] | None = None,
        projects: tuple[str, ...] | None = None,
    ) -> Record:
        """Enrols a key for a principal."""
        proof = sign(key, key_preimage(self.ledger, principal, key.public))
        return self.act(KeyEnrol(key.public, principal, proof, kinds, projects))

    def person(
        self, name: str, *roles: str, mails: Iterable[str] | None = None, accounts: Iterable[Mapping[str, str]] = ()
    ) -> Member:
        """A person with a card, a key and roles that hold everywhere."""
        member = self._member(name)
        card = self._card(name, [member.mail] if mails is None else mails, accounts=accounts)
        self.act(PrincipalCreate(member.principal, "person"), [card])
        self.enrol(member.principal, member.key)
        for role in roles:
            self.grant(member, role)
        return member

    def machine(
        self,
        name: str,
        kinds: Sequence[str],
        *,
        sort: str = "service",
        responsible: Member | None = None,
        mails: Iterable[str] = (),
    ) -> Member:
        """A service or agent whose key may sign ``kinds`` in every project declared so far."""
        member = self._member(name)
        body = PrincipalCreate(member.principal, sort, None if responsible is None else responsible.principal)
        self.act(body, [self._card(name, mails)])
        self.enrol(member.principal, member.key, kinds=tuple(kinds), projects=tuple(self.projects.values()))
        return member

    def grant(self, member: Member, role: str, projects: tuple[str, ...] | None = None) -> Record:
        """Grants a role."""
        return self.act(RoleGrant(member.principal, role, projects))

    def policy(self, policy: Mapping[str, Any]) -> Record:
        """Sets the policy for all projects."""
        return self.act(PolicySet(OpenObject(encode(policy))))

    @property
    def policy_digest(self) -> Digest:
        """Digest of the latest policy."""
        return self.roster.policies[-1].digest

    def epoch(self, number: int, last_size: int, known_lost: int) -> Record:
        """The checkpoint store was lost."""
        body = Epoch(known_lost, digest_bytes(b"root"), last_size, number, f"{self.origin}/{number}", "disk-lost")
        return self.act(body)

    # Work

    def prompt(
        self,
        project: str,
        change: str,
        initiator: Member | None,
        signer: Member,
        *,
        text: str = "Please",
        session: str = "s-1",
        agent: Member | None = None,
        trigger: str = "human",
    ) -> Record:
        """A prompt and its output."""
        contents = [self.content("prompt", text.encode(), "text/plain"), self.content("output", b"Done.", "text/plain")]
        body = Prompt(
            capture=Capture("complete", "hook"),
            session=session,
            tool=Tool("codepilot", "2.1"),
            trigger=trigger,
            turn=1,
            initiator=None if initiator is None else initiator.principal,
            model=Model("example", "m-1", "m-1"),
            permission_mode="ask",
        )
        actor = agent or initiator or signer
        return self.work(project, body, actor, signer, contents, About(change=change))

    def work(
        self,
        project: str,
        body: Body,
        actor: Member | Actor,
        signer: Member,
        contents: Sequence[ContentRef] = (),
        about: About = NOTHING,
    ) -> Record:
        """Any event of a project's stream."""
        return self.append(Event(self.context(actor, contents, project=project, about=about), body), signer.key)

    def manifest(self, files: Mapping[str, str]) -> tuple[bytes, Digest]:
        """A change manifest that adds ``files`` (path to text)."""
        entries = tuple(
            ManifestEntry(
                path.encode(),
                "000000",
                ZEROS,
                "100644",
                git_id("blob " + text),
                hashlib.sha256(text.encode()).hexdigest(),
            )
            for path, text in sorted(files.items(), key=lambda item: item[0].encode())
        )
        data = encode_manifest(Manifest("sha1", entries))
        return data, digest_bytes(data)

    def commit(
        self,
        label: str,
        author: Member,
        *,
        committer: Member | None = None,
        co_authors: Sequence[Member] = (),
        traces: Sequence[str] = (),
        parents: Sequence[str] = (),
        tree: str | None = None,
        author_person: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """A commit as commit lists hold it."""
        return {
            "ai_traces": list(traces),
            "author": dict(author_person) if author_person is not None else author.person,
            "co_authors": [member.person for member in co_authors],
            "committer": (committer or author).person,
            "id": git_id("commit " + label),
            "parents": list(parents),
            "subject": label,
            "tree": tree or git_id("tree " + label),
        }

    def commits(self, items: Sequence[Mapping[str, Any]], name: str = "commits") -> ContentRef:
        """A commit list."""
        return self.content(name, encode({"commits": [dict(item) for item in items], "v": 1}))

    def diff(
        self,
        project: str,
        change: str,
        author: Member,
        signer: Member,
        files: Mapping[str, str],
        *,
        revision: int = 1,
        ai: str = "none",
        prompts: Sequence[Record] = (),
        commits: Sequence[Mapping[str, Any]] | None = None,
        pusher: Member | Actor | None = None,
        tree: str | None = None,
        traces: Sequence[str] = (),
        strength: str = "observed",
    ) -> Change:
        """A revision of a change."""
        data, digest = self.manifest(files)
        tree = tree or git_id(f"tree {sorted(files.items())}")
        items = tuple(
            dict(item)
            for item in (
                commits
                if commits is not None
                else [self.commit(f"{change} r{revision}", author, tree=tree, traces=traces)]
            )
        )
        head = items[-1]["id"] if items else git_id(f"head {change} {revision}")
        base = git_id("base")
        source = {"undeclared": "none"}.get(ai, "declared")
        body = Diff(
            ai=AiInvolvement(ai, source, tuple(traces)),
            base=base,
            commit_count=len(items),
            files_changed=len(files),
            head=head,
            lines_added=len(files),
            lines_removed=0,
            manifest=digest,
            merge_base=base,
            object_format="sha1",
            prompts=tuple(BoundPrompt(item.envelope, strength) for item in prompts),
            tree=tree,
        )
        contents = [self.content("manifest", data), self.commits(items)]
        about = About(change=change, revision=revision, tree=tree)
        record = self.work(project, body, pusher or author, signer, contents, about)
        return Change(change, revision, head, tree, digest, record, items)

    def run(
        self,
        project: str,
        tree: str,
        commit: str,
        signer: Member,
        *,
        change: str | None = None,
        suite: str = "unit",
        passed: int = 10,
        failures: int = 0,
        skipped: int = 0,
        attempt: int = 1,
    ) -> Record:
        """A run of a suite."""
        tests = passed + failures + skipped
        result = "PASSED" if tests > skipped and not failures else "FAILED"
        body = SuiteRun(result, Run(attempt, commit, "ci", suite, Totals(0, failures, 0, passed, skipped, tests), tree))
        contents = [self.content("report", b"<testsuite/>", "application/xml")]
        return self.work(project, body, signer, signer, contents, About(change=change, tree=tree))

    def approve(
        self,
        project: str,
        change: Change,
        by: Member,
        *,
        decision: str = "approve",
        withdraws: Record | None = None,
        tests: Sequence[Record] = (),
        prompts: Sequence[Record] = (),
        comment: str | None = None,
        key: Signer | None = None,
    ) -> Record:
        """A person's decision about a revision of a change."""
        body = Approval(
            attested_by="person",
            basis=Basis(manifest=change.manifest, tree=change.tree, policy=self.policy_digest),
            decision=decision,
            meaning="review",
            scope="change",
            seen=Seen(tuple(item.envelope for item in prompts), tuple(item.envelope for item in tests)),
            withdraws=None if withdraws is None else withdraws.envelope,
        )
        contents = [] if comment is None else [self.content("comment", comment.encode(), "text/plain")]
        about = About(change=change.id, revision=change.revision, tree=change.tree)
        return self.append(Event(self.context(by, contents, project=project, about=about), body), key or by.key)

    def forge_approval(
        self,
        project: str,
        change: Change,
        by: Member | Actor,
        signer: Member,
        *,
        decision: str = "approve",
        contents: Sequence[ContentRef] = (),
    ) -> Record:
        """A review that a forge shows, brought by a collector."""
        body = Approval("forge", Basis(commit=change.head), decision, "review", "change", Seen((), ()))
        about = About(change=change.id, revision=change.revision)
        return self.work(project, body, by, signer, contents, about)

    def merge(
        self,
        project: str,
        change: Change | None,
        by: Member | Actor,
        signer: Member,
        *,
        method: str = "squash",
        binding: str = "manifest",
        files: Mapping[str, str] | None = None,
        tree: str | None = None,
        commits: Sequence[Mapping[str, Any]] | None = None,
        label: str | None = None,
        contents: Sequence[ContentRef] = (),
    ) -> Record:
        """Content lands on main; without ``change`` a direct push."""
        name = label or (change.id if change is not None else f"push {self._next()}")
        landed_tree = tree or (change.tree if change is not None else git_id("tree " + name))
        author = by if isinstance(by, Member) else signer
        items = list(commits) if commits is not None else [self.commit(f"{name} landed", author, tree=landed_tree)]
        if files is not None or change is None:
            data, digest = self.manifest(files or {name.replace(" ", "-") + ".py": name})
        else:
            reference = change.diff.event.context.content("manifest")
            data, digest = self.contents[reference.commitment].data if reference else b"", change.manifest
        bound = change is not None and binding != "none"
        body = Merge(
            binding=binding if bound else "none",
            commit=items[-1]["id"],
            commit_count=len(items),
            manifest=digest,
            method=method,
            object_format="sha1",
            parents=(git_id("base"),),
            ref="refs/heads/main",
            tree=landed_tree,
            diff=change.diff.envelope if change is not None and bound else None,
        )
        kept = [self.content("manifest", data), self.commits(items), *contents]
        about = About(change=None if change is None else change.id, tree=landed_tree)
        return self.work(project, body, by, signer, kept, about)

    def release(
        self,
        project: str,
        version: str,
        merges: Sequence[Record],
        by: Member,
        signer: Member,
        *,
        previous: str | None = None,
        extra_commits: Sequence[Mapping[str, Any]] = (),
        product: str = "payments",
    ) -> Record:
        """A release of what ``merges`` landed."""
        items: list[Any] = []
        for record in merges:
            reference = record.event.context.content("commits")
            if reference is not None:
                from ledger.canonical import parse

                value = parse(self.contents[reference.commitment].data, max_bytes=1 << 20)
                items += value["commits"] if isinstance(value, dict) and isinstance(value["commits"], list) else []
        items += [dict(item) for item in extra_commits]
        tip = items[-1]["id"] if items else git_id("empty")
        source = Source(
            commit=tip,
            commit_count=len(items),
            commits="commits",
            project=self.projects[project],
            repository=f"example.com/repositories/{4711 + list(self.projects).index(project)}",
            previous=previous,
            start=True if previous is None else None,
        )
        artifact = Artifact("payments.tar.gz", digest_bytes(version.encode()))
        body = Release((artifact,), product, (source,), version)
        return self.work(project, body, by, signer, [self.commits(items)], About(release=f"{product}@{version}"))

    def approve_release(self, project: str, release: Record, by: Member) -> Record:
        """A person's approval of a release."""
        body = Approval(
            "person",
            Basis(release=release.envelope, policy=self.policy_digest),
            "approve",
            "release",
            "release",
            Seen((), ()),
        )
        about = About(release=release.event.context.about.release)
        return self.append(Event(self.context(by, project=project, about=about), body), by.key)

    def deploy(
        self,
        project: str,
        release: Record,
        by: Member,
        signer: Member,
        *,
        environment: str = "production",
        status: str = "succeeded",
    ) -> Record:
        """A deployment of a release."""
        artifacts = release.event.body.artifacts if isinstance(release.event.body, Release) else ()
        body = Deploy(artifacts, environment, "payments-api", status, release.envelope)
        return self.work(project, body, by, signer, (), About(release=release.event.context.about.release))

    # Outside views

    @property
    def anchor(self) -> str:
        """The line ``ledger.pub``."""
        return format_anchor(Anchor(self.origin, self.log_key.public, self.ledger))

    def checkpoint(self, size: int | None = None) -> bytes:
        """A checkpoint over the first ``size`` entries, signed by the log key."""
        count = len(self.entries) if size is None else size
        top = root([leaf_digest(leaf) for leaf, _ in self.entries[:count]])
        return sign_checkpoint(origin_at(self.roster, count), count, top, self.log_key)

    def content_states(self) -> dict[Digest, Content]:
        """Contents as records hold them."""
        return {
            digest: Held(item.data) if item.state == "held" else Absent(item.state)
            for digest, item in self.contents.items()
        }

    def records(self, position: int | None = None) -> Records:
        """The whole ledger at a position, its end if None."""
        end = len(self.entries) if position is None else position
        entries = tuple(record for record in self.records_list if record.index < end)
        return Records(self.ledger, end, self.roster, entries, self.content_states())

    def selection(self, subject: BundleSubject | None = None) -> Selection:
        """The whole ledger as a bundle's parts."""
        digests = [leaf_digest(leaf) for leaf, _ in self.entries]
        size = len(self.entries)
        reader = reader_of(digests)
        streams = [LEDGER_STREAM, *sorted({leaf.stream for leaf, _ in self.entries} - {LEDGER_STREAM})]
        named = {
            reference.commitment: reference
            for record in self.records_list
            for reference in record.event.context.contents
        }
        return Selection(
            ledger=self.ledger,
            position=size,
            subject=subject or BundleSubject(period=Period(0, size)),
            streams=tuple(
                StreamRange(0, stream, sum(leaf.stream == stream for leaf, _ in self.entries)) for stream in streams
            ),
            linked=(),
            checkpoint=self.checkpoint(),
            entries=tuple(
                BundleEntry(leaf, envelope.data, (inclusion_proof(number, size, reader)))
                for number, (leaf, envelope) in enumerate(self.entries)
            ),
            contents=tuple(
                BundledContent(
                    digest,
                    reference.size_bytes,
                    self.contents[digest].state,
                    self.contents[digest].salt if self.contents[digest].state == "held" else None,
                    self.contents[digest].data if self.contents[digest].state == "held" else None,
                )
                for digest, reference in named.items()
            ),
        )

    def bundle(self, release: Record | None = None, verifier: bytes = VERIFIER) -> bytes:
        """The whole ledger as a bundle, about a release or about everything."""
        subject = None if release is None else BundleSubject(release=release.envelope)
        return write_bundle(self.selection(subject), verifier)
