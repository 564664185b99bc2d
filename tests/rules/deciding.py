"""Events of deciding, with every member that rules about people and approvals read.

Each function is the verb of its name in a scenario (tests/scenarios/README.md): it takes the story and what the
scenario says, and returns the record. ``sign`` and ``tick`` are the fuller forms of ``approve`` and ``forge``.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from ledger.documents import Account, Identity, encode_card
from ledger.events.context import About, Actor
from ledger.events.forge import ControlSnapshot, Protection, ReviewNote
from ledger.events.roster import PrincipalDescribe, RoleGrant
from ledger.events.statement import Event
from ledger.events.work import Approval, Basis, ChecklistAnswer, ForgeReview, Seen
from ledger.sshsig import USER_PRESENT, USER_VERIFIED
from tests.sshkeys import EmulatedKey
from tests.world import git_id, seed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from ledger.records import Record
    from tests.rules.story import Story

PROJECT = "app"


def sign(
    story: Story,
    by: str,
    rev: int,
    change: str = "7",
    decision: str = "approve",
    meaning: str = "review",
    role: str | None = None,
    ref: str | None = None,
    tests: Iterable[str] = (),
    prompts: Iterable[str] = (),
    scans: Iterable[str] | None = None,
    answers: Mapping[str, str] | None = None,
    looked_seconds: int | None = None,
    key: str | None = None,
    run: str | None = None,
) -> Record:
    """A person's decision with what they saw, answered, and the role and branch they name."""
    revision, member = story.revisions[change, rev], story.people[by]
    about = About(change=change, revision=rev, tree=revision.tree)
    context = story.world.context(member, project=PROJECT, about=about)
    shown = None if looked_seconds is None else story.world.now - timedelta(seconds=looked_seconds)
    body = Approval(
        attested_by="person",
        basis=Basis(manifest=revision.manifest, policy=story.world.policy_digest, ref=ref, tree=revision.tree),
        decision=decision,
        meaning=meaning,
        scope="change",
        seen=Seen(
            tuple(story.labels[label].envelope for label in prompts),
            tuple(story.labels[label].envelope for label in tests),
            None if scans is None else tuple(story.labels[label].envelope for label in scans),
        ),
        checklist=tuple(ChecklistAnswer(answer, item) for item, answer in (answers or {}).items()) or None,
        role=role,
        shown_at=None if shown is None else shown.isoformat(timespec="seconds"),
    )
    context = replace(context, producer=replace(context.producer, run=run))
    return story.world.append(Event(context, body), member.key if key is None else story.keys[key])


def tick(
    story: Story,
    rev: int,
    by: str | None = None,
    account: str | None = None,
    change: str = "7",
    decision: str = "approve",
    review: str = "r-1",
    state: str = "approved",
    ref: str | None = None,
) -> Record:
    """A review that the forge shows, by its id there and in the forge's word."""
    contents = [] if account is None else [story._account(account)]
    actor = Actor(account="account") if by is None else Actor(principal=story.people[by].principal)
    body = Approval(
        "forge",
        Basis(commit=story.revisions[change, rev].head, ref=ref),
        decision,
        "review",
        "change",
        Seen((), ()),
        review=ForgeReview(review, state),
    )
    return story.world.work(PROJECT, body, actor, story.people["Collector"], contents, About(change=change))


def device(story: Story, of: str, name: str, *, verified: bool = False, touched: bool = True) -> Record:
    """A security key for somebody, which records a touch, and perhaps that it knew them."""
    flags = (USER_PRESENT if touched else 0) | (USER_VERIFIED if verified else 0)
    key = story.keys[name] = EmulatedKey("sk-ed25519", seed("device " + name), flags=flags)
    return story.world.enrol(story.people[of].principal, key)


def entrust(
    story: Story, to: str, role: str, paths: Iterable[str] | None = None, risks: Iterable[str] | None = None
) -> Record:
    """A role for some paths or risk classes alone."""
    return story.world.act(
        RoleGrant(
            story.people[to].principal,
            role,
            None,
            None if paths is None else tuple(paths),
            None if risks is None else tuple(risks),
        )
    )


def identify(story: Story, of: str, subject: str) -> Record:
    """A new card for somebody, with an identity that was verified."""
    member = story.people[of]
    accounts = (Account("git", mail=member.mail), Account("forge.example", id=f"id-{of.lower()}"))
    data = encode_card(of, accounts, identity=Identity("https://id.acme.example", subject))
    return story.world.act(PrincipalDescribe(member.principal), [story.world.content("card", data)])


def advise(
    story: Story,
    by: str = "Copi",
    change: str = "7",
    session: str | None = "s-review",
    initiator: str | None = None,
    *,
    advisory: bool = False,
) -> Record:
    """A finding of an assistant's review."""
    asked = None if initiator is None else story.people[initiator].principal
    body = ReviewNote("finding", advisory or None, initiator=asked, session=session)
    contents = [story.world.content("body", b"This looks wrong.", "text/plain")]
    actor = Actor(principal=story.people[by].principal)
    return story.world.work(PROJECT, body, actor, story.people["Collector"], contents, About(change=change))


def suggest(story: Story, by: str, change: str = "7", applied: str | None = None) -> Record:
    """A suggestion in a review, perhaps applied in a commit."""
    body = ReviewNote("suggestion", applied=None if applied is None else git_id("commit " + applied))
    contents = [story.world.content("body", b"Rather so.", "text/plain")]
    actor = Actor(principal=story.people[by].principal)
    return story.world.work(PROJECT, body, actor, story.people["Collector"], contents, About(change=change))


def guard(story: Story, changed_by: str | None = None) -> Record:
    """How the protected ref was protected, and who changed that."""
    who = None if changed_by is None else story.people[changed_by].principal
    body = ControlSnapshot((Protection(protected=True, ref="refs/heads/main"),), who)
    collector = story.people["Collector"]
    return story.world.work(PROJECT, body, collector, collector, [story.world.content("settings", b"{}")])


VERBS: Final[Mapping[str, Callable[..., Record]]] = {
    item.__name__: item for item in (sign, tick, device, entrust, identify, advise, suggest, guard)
}
"""By the word that scenarios use."""
