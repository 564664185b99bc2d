"""A story of what looks wrong and is sound: each entry stands at the very edge of a sentence of docs/format.md."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ledger.canonical import encode
from ledger.events.operation import Heartbeat
from ledger.events.roster import KeyRevoke, PrincipalDisable, PrincipalMerge, PrincipalSplit, RoleGrant
from ledger.events.statement import Event
from ledger.events.work import Approval, Basis, Run, Seen, SuiteRun, Totals
from ledger.keys import key_id
from tests.every_kind import CHANGE, PROJECT, governed_world, told
from tests.misworded import EXCEPTION, PUSH, access, forced, member
from tests.world import World, git_id

if TYPE_CHECKING:
    from tests.every_kind import Crew
    from tests.misworded import Statement


def odd_but_sound() -> World:
    """The whole story."""
    world, crew = governed_world()
    _tell_persons(world, crew)
    _tell_approvals(world, crew)
    _tell_open_predicates(world, crew)
    return world


def _tell_persons(world: World, crew: Crew) -> None:
    # Two principals stand for one that is disabled; with Bo they still are two persons.
    ada, other = world.members["Ada Admin"], world.person("Ada Other", "administrator")
    person = world.person("Ada Person")
    for each in (ada, other):
        world.act(PrincipalMerge(into=person.principal, principal=each.principal))
    world.act(PrincipalDisable(person.principal))
    world.act(RoleGrant(crew.author.principal, "collector", None, ("docs/**",), ("low",)), by=other)
    # A principal that is disabled is split off, and its key, which ended, is revoked.
    gone = world.person("Ivy Gone")
    world.act(PrincipalMerge(into=crew.author.principal, principal=gone.principal))
    world.act(PrincipalDisable(gone.principal))
    world.act(PrincipalSplit(gone.principal))
    world.act(KeyRevoke(len(world.entries), key_id(gone.key.public), gone.principal, "lost"))
    # Who proposed an act may reject it.
    proposed = world.append(Event(world.context(ada), RoleGrant(crew.ci.principal, "collector")), ada.key)
    world.approve_act(proposed, ada, "reject")


def _tell_approvals(world: World, crew: Crew) -> None:
    basis = Basis(commit=git_id("head"), policy=world.policy_digest, ref="refs/heads/main")
    shown = Approval("forge", basis, "approve", "review", "change", Seen((), ()))
    told(world, shown, crew.reviewer, crew.author, about=CHANGE)
    exception = told(world, EXCEPTION, crew.author, crew.author, "reason", about=CHANGE)
    basis = Basis(exception=exception.envelope, policy=world.policy_digest)
    for decision in ("abstain", "reject"):
        body = Approval("person", basis, decision, "authorisation", "exception", Seen((), ()))
        told(world, body, crew.reviewer, crew.reviewer)
    rejected = replace(access(world, len(world.entries)), decision="reject")
    grants = world.content("access-list", encode({"grants": [], "v": 1}))
    told(world, rejected, crew.night, crew.night, contents=[grants])


def _tell_open_predicates(world: World, crew: Crew) -> None:
    totals = Totals(0, 0, 0, 1, 0, 1)
    run = SuiteRun("PASSED", Run(1, git_id("head"), "ci", "unit", totals, git_id("tree")))
    # Members that mean something elsewhere, and nothing in a vetted predicate.
    forced(world, run, crew.ci, crew.ci.key, "report", change=member("scope", "roster"))
    forced(world, run, crew.ci, crew.ci.key, "report", change=member("act", "declare"))

    def longest(statement: Statement) -> None:
        statement["predicateType"] = "urn:example:" + "\u00e9" * 244

    forced(world, PUSH, crew.author, crew.ci.key, change=longest)

    def unlike(statement: Statement) -> None:
        statement |= {"predicateType": "urn:evidence-ledger:push:v2", "predicate": {"context": None}, "subject": [{}]}

    forced(world, PUSH, crew.author, crew.ci.key, change=unlike)
    told(world, Heartbeat(0, 1, PROJECT), crew.ci, crew.ci)
