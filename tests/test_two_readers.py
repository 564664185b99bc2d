"""Two readers of one page: acts at random, admitted by a server that admits everything, are judged alike by both."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from ledger.events.roster import (
    KeyEnd,
    KeyEnrol,
    KeyRevoke,
    KeyRotate,
    PrincipalDisable,
    PrincipalMerge,
    PrincipalSplit,
    ProjectEnd,
    RoleEnd,
    RoleGrant,
)
from ledger.events.statement import Event
from ledger.events.work import Approval, Basis, Seen
from ledger.keys import SigningKey, key_id, sign
from ledger.roster.acts import key_preimage
from ledger.verify.run import verify_bundle
from tests.every_kind import governed_world
from tests.sshkeys import SORTS, EmulatedKey
from tests.test_standalone import standalone
from tests.world import World, seed

if TYPE_CHECKING:
    from collections.abc import Callable

    from ledger.events.statement import Body
    from ledger.keys import Signer
    from ledger.records import Record
    from tests.world import Member

KEYS: tuple[Signer, ...] = (
    *(SigningKey(seed(f"fresh {number}")) for number in range(3)),
    # Of one seed, so that some are one key in two forms.
    *(EmulatedKey(sort, seed(f"fresh {number}")) for sort in SORTS for number in range(2)),
)


class Chaos:
    """Acts at random in a world of two administrators and somebody who is one of them twice."""

    def __init__(self, number: int) -> None:
        """The same number, the same acts."""
        self.random = random.Random(number)
        self.world, _ = governed_world()
        self.world.person("Ada Other", "administrator")
        self.members = list(self.world.members.values())
        self.keys = [(member.principal, member.key) for member in self.members]
        self.grants = [(self.world.records_list[0].envelope, member.principal) for member in self.members[:2]]
        self.grants += [
            (record.envelope, record.event.body.principal)
            for record in self.world.records_list
            if isinstance(record.event.body, RoleGrant)
        ]
        self.acts: list[Record] = []

    def tell(self, length: int) -> World:
        """The world after so many entries more, each admitted whatever it is."""
        for _ in range(length):
            body, signer = self._body(), self._signer()
            actor = signer if self.random.random() < 0.97 else self.random.choice(self.members)
            record = self.world.append(Event(self.world.context(actor), body), signer.key, force=True)
            if not isinstance(body, Approval):
                self.acts.append(record)
            if isinstance(body, RoleGrant):
                self.grants.append((record.envelope, body.principal))
        return self.world

    def _signer(self) -> Member:
        administrators = [member for member in self.members if "Ada" in member.name or "Bo" in member.name]
        return self.random.choice(administrators if self.random.random() < 0.95 else self.members)

    def _principal(self) -> str:
        return self.random.choice([*(member.principal for member in self.members), "p_" + "9" * 32])

    def _body(self) -> Body:
        choose: list[Callable[[], Body]] = [
            *[self._merge] * 4,
            *[lambda: PrincipalSplit(self._principal())] * 2,
            lambda: PrincipalDisable(self._principal()),
            lambda: RoleGrant(self._principal(), "administrator"),
            lambda: RoleEnd(*self.random.choice(self.grants), "left"),
            lambda: ProjectEnd(self.random.choice(list(self.world.projects.values()))),
            *[self._enrol] * 2,
            self._rotate,
            self._end,
            self._revoke,
        ]
        if self.acts:
            choose += [self._approval] * 6
        return self.random.choice(choose)()

    def _merge(self) -> PrincipalMerge:
        return PrincipalMerge(self._principal(), self._principal())

    def _enrol(self) -> KeyEnrol:
        key, principal = self.random.choice(KEYS), self._principal()
        proof = sign(key, key_preimage(self.world.ledger, principal, key.public))
        self.keys.append((principal, key))
        if self.random.random() < 0.7:
            return KeyEnrol(key.public, principal, proof)
        return KeyEnrol(key.public, principal, proof, ("test",), tuple(self.world.projects.values()))

    def _rotate(self) -> KeyRotate:
        (principal, old), new = self.random.choice(self.keys), self.random.choice(KEYS)
        preimage = key_preimage(self.world.ledger, principal, new.public)
        endorsement = sign(self.random.choice((old, new)), preimage)
        self.keys.append((principal, new))
        return KeyRotate(key_id(old.public), new.public, principal, sign(new, preimage), endorsement)

    def _end(self) -> KeyEnd:
        principal, key = self.random.choice(self.keys)
        return KeyEnd(key_id(key.public), principal, "left")

    def _revoke(self) -> KeyRevoke:
        principal, key = self.random.choice(self.keys)
        since = self.random.choice((0, len(self.world.entries), len(self.world.entries) + 1))
        return KeyRevoke(since, key_id(key.public), principal, "stolen")

    def _approval(self) -> Approval:
        act = self.random.choice(self.acts[-4:])
        decision = self.random.choice(("approve", "approve", "approve", "reject"))
        return Approval("person", Basis(act=act.envelope), decision, "approval", "roster", Seen((), ()))


@pytest.mark.parametrize("number", range(16))
def test_both_judge_every_act_alike(number: int) -> None:
    """Entry by entry the same checks fail in both, but that one of them looks no further once V12 or V13 failed."""
    world = Chaos(number).tell(20)
    bundle = world.bundle()
    ours = {(finding.check, finding.place) for finding in verify_bundle(bundle, world.anchor).failures}
    theirs = {(check, place) for check, place, _ in standalone().verify(bundle, world.anchor).failures}
    refused = {place for check, place in ours if check in ("V12", "V13")}
    assert ours <= theirs
    assert {(check, place) for check, place in theirs - ours if check != "V14" or place not in refused} == set()
