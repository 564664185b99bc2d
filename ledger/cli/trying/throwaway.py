"""A ledger for one trial: keys that never leave this process, events signed by them, and the bundle that comes out.

The administrator and the collector are nobody: they exist so that the trial takes the same way as everything else. The
folder and both databases are gone when the bundle is made.
"""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ledger.anchor import Anchor, format_anchor
from ledger.bundle import write_bundle
from ledger.cli.founding import Founder, make_plan, seal_genesis
from ledger.cli.ledgerfolder import signer_of
from ledger.cli.recording.commitlist import encode_listed
from ledger.cli.recording.wording import as_token
from ledger.documents import GIT, Account, encode_account, encode_card
from ledger.errors import FormatError, LedgerError
from ledger.events.context import About, Actor
from ledger.events.roster import CertificateEnrol, KeyEnrol, PolicySet, PrincipalCreate, ProjectDeclare
from ledger.events.shape import OpenObject, claimed_time
from ledger.events.work import Merge, Release, Run, Source, SuiteRun, Totals
from ledger.keys import SigningKey, sign
from ledger.making import new_content, new_context, new_principal_id, new_project_id, seal_event
from ledger.policies.presets import preset
from ledger.roster.acts import genesis_preimage, key_preimage
from reports.sealing import SealKey, new_seal_key, spki_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ledger.capture.commits import Commit
    from ledger.capture.landing import Landing
    from ledger.cli.trying.reading import History
    from ledger.digests import Digest
    from ledger.events.statement import Body
    from ledger.junit import SuiteRun as JunitRun
    from ledger.making import NewContent
    from ledger.manifest import ObjectFormat
    from ledger.parcel import Parcel
    from ledger.store import Store

ORIGIN: Final = "trial.invalid/throw-away"
"""Name of the log of every trial; a name under ``.invalid`` belongs to nobody (RFC 2606)."""
ADMINISTRATOR: Final = "Trial administrator (throw-away key)"
COLLECTOR: Final = "Trial collector (throw-away key)"
KINDS: Final = ("test", "merge", "release")
_BATCH: Final = 50


@dataclass(frozen=True, slots=True)
class Report:
    """A test run that was handed in with a trial."""

    run: JunitRun
    files: tuple[bytes, ...]
    """The reports as they are."""
    commit: str
    """Commit that is checked out."""
    tree: str


@dataclass(frozen=True, slots=True)
class Trial:
    """What a trial leaves behind."""

    bundle: bytes
    anchor_line: str
    as_of: str
    """Ledger time of the last entry."""
    entry_count: int
    seal: SealKey
    """With which its packs are sealed; enrolled in its ledger alone."""


@dataclass(frozen=True, slots=True)
class _Ledger:
    store: Store
    id: Digest
    anchor_line: str
    administrator: str
    admin_key: SigningKey
    project: str
    collector: str
    key: SigningKey
    seal: SealKey

    def act(self, body: Body, contents: Sequence[NewContent] = ()) -> Parcel:
        """An act of the administrator."""
        context = new_context(Actor(principal=self.administrator), contents, ledger=self.id)
        return seal_event(context, body, contents, self.admin_key)

    def work(
        self,
        body: Body,
        contents: Sequence[NewContent],
        about: About,
        *,
        actor: Actor | None = None,
        occurred_at: str | None = None,
    ) -> Parcel:
        """An event signed by the collector."""
        context = new_context(
            actor or Actor(principal=self.collector),
            contents,
            ledger=self.id,
            project=self.project,
            about=about,
            occurred_at=occurred_at,
        )
        return seal_event(context, body, contents, self.key)

    def append(self, parcels: Sequence[Parcel]) -> str:
        """Ledger time at which the last of ``parcels`` was taken; all were.

        Raises:
            LedgerError: why one was refused.
        """
        taken = ""
        for start in range(0, len(parcels), _BATCH):
            batch = parcels[start : start + _BATCH]
            for parcel in batch:
                for content in parcel.contents:
                    self.store.put_content(content.salt, [content.data])
            for answer in self.store.append_many([parcel.envelope.data for parcel in batch], timeout=None):
                if isinstance(answer, LedgerError):
                    raise answer
                taken = answer.leaf.received_at
        return taken


def record(
    history: History, *, name: str, object_format: ObjectFormat, report: Report | None, verifier: bytes
) -> Trial:
    """The bundle of a ledger in which the history, and the test run if there is one, were recorded.

    Raises:
        LedgerError: the ledger refused what was read.
    """
    product = product_name(name)
    with _founded() as ledger:
        ledger.append(_acts(ledger, history, name, object_format))
        parcels = [_landing(ledger, history, item, object_format) for item in history.recordable]
        if report is not None:
            parcels.append(_test(ledger, report))
        release = _release(ledger, history, product)
        as_of = ledger.append([*parcels, release])
        size = ledger.store.size()
        cut = ledger.store.cut_release(release.envelope.digest)
        bundle = write_bundle(ledger.store.export(cut), verifier)
        return Trial(bundle, ledger.anchor_line, as_of, size, ledger.seal)


def product_name(name: str) -> str:
    """The repository's name as a product: a token without ``@``."""
    return (as_token(name.replace("@", "-")) or "repository")[:60]


@contextmanager
def _founded() -> Iterator[_Ledger]:
    from ledger.store import Store, create

    admin_key, log_key, key = (SigningKey(os.urandom(32)) for _ in range(3))
    founder = Founder(ADMINISTRATOR, None, admin_key.public)
    plan = make_plan(ORIGIN, [(founder, admin_key.public)], admins_required=1, log_key=log_key.public, recovery=None)
    principal = plan.core.administrators[0].principal
    envelope, contents = seal_genesis(plan, {principal: sign(admin_key, genesis_preimage(plan.core))}, admin_key)
    with tempfile.TemporaryDirectory(prefix="evidence-try-") as folder:
        urls = [f"sqlite:///{Path(folder) / file}" for file in ("ledger.db", "checkpoints.db")]
        signer = signer_of(log_key)
        salted = [(content.salt, content.data) for content in contents]
        made = create(urls[0], urls[1], envelope.data, salted, signer=signer)
        line = format_anchor(Anchor(ORIGIN, log_key.public, made.ledger))
        with Store(urls[0], urls[1], signer=signer, ledger=made.ledger) as store:
            seal = new_seal_key(made.ledger, datetime.now(UTC))
            ids = new_project_id(), new_principal_id()
            yield _Ledger(store, made.ledger, line, principal, admin_key, *ids, key, seal)


def _acts(ledger: _Ledger, history: History, name: str, object_format: ObjectFormat) -> list[Parcel]:
    """Project, policy, sealing key and collector."""
    ref = history.chosen.ref
    project = ProjectDeclare(object_format, ledger.project, (ref,), history.chosen.previous)
    proof = sign(ledger.key, key_preimage(ledger.id, ledger.collector, ledger.key.public))
    return [
        ledger.act(project, [new_content("card", encode_card(name))]),
        ledger.act(PolicySet(OpenObject(preset("startup")))),
        ledger.act(CertificateEnrol(spki_of(ledger.seal), "packs")),
        ledger.act(PrincipalCreate(ledger.collector, "service"), [new_content("card", encode_card(COLLECTOR))]),
        ledger.act(KeyEnrol(ledger.key.public, ledger.collector, proof, KINDS, (ledger.project,))),
    ]


def _landing(ledger: _Ledger, history: History, landing: Landing, object_format: ObjectFormat) -> Parcel:
    """A merge event about no change: which one it was, history does not record, and a number in a message is a hint."""
    inside = frozenset(landing.commits)
    commits = [commit for commit in history.commits if commit.id in inside]
    tip = next(commit for commit in commits if commit.id == landing.commit)
    body = Merge(
        binding="none",
        commit=landing.commit,
        commit_count=len(commits),
        manifest=landing.manifest,
        method=landing.method,
        object_format=object_format,
        parents=tip.parents,
        ref=history.chosen.ref,
        tree=landing.tree,
    )
    contents = [
        new_content("manifest", landing.manifest_bytes),
        new_content("commits", encode_listed(commits)),
        # The committer, as the commit names one: an account that resolves to nobody in this ledger.
        new_content("account", encode_account(Account(GIT, mail=tip.committer.contact.mail))),
    ]
    return ledger.work(
        body, contents, About(tree=landing.tree), actor=Actor(account="account"), occurred_at=_claimed(tip)
    )


def _test(ledger: _Ledger, report: Report) -> Parcel:
    run = report.run
    totals = Totals(
        errors=run.totals.errors,
        failures=run.totals.failures,
        flaky=run.totals.flaky,
        passed=run.totals.passed,
        skipped=run.totals.skipped,
        tests=run.totals.tests,
    )
    body = SuiteRun(
        "PASSED" if run.outcome == "passed" else "FAILED",
        Run(
            attempt=1,
            commit=report.commit,
            environment="unknown",
            suite=as_token(run.name) or "tests",
            totals=totals,
            tree=report.tree,
            duration_ms=run.duration_ms,
        ),
    )
    names = ["report", *(f"report-{number}" for number in range(2, len(report.files) + 1))]
    contents = [new_content(name, data, "application/xml") for name, data in zip(names, report.files, strict=True)]
    return ledger.work(body, contents, About(tree=report.tree))


def _release(ledger: _Ledger, history: History, product: str) -> Parcel:
    chosen = history.chosen
    source = Source(
        commit=chosen.tip,
        commit_count=len(history.commits),
        commits="commits",
        project=ledger.project,
        # No forge was asked for an immutable id.
        repository=f"clone/{product}",
        previous=chosen.previous,
        start=True if chosen.previous is None else None,
    )
    body = Release((), product, (source,), chosen.version)
    contents = [new_content("commits", encode_listed(history.commits))]
    return ledger.work(body, contents, About(release=f"{product}@{chosen.version}"))


def _claimed(commit: Commit) -> str | None:
    """When the commit says it was committed; None where that is no time that an event can state."""
    try:
        return None if commit.committer.at is None else claimed_time(commit.committer.at, "")
    except FormatError:
        return None
