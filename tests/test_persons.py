"""One person, several principals: who is behind a principal at a position, and who counts once (format §6.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ledger.errors import AuthorityError, ConflictError, LedgerError
from ledger.events.roster import PrincipalDisable, PrincipalMerge, PrincipalSplit, RoleGrant
from ledger.events.statement import Body, Event
from ledger.keys import key_id
from ledger.roster.authority import signer_at
from ledger.roster.state import administrators_with_keys, holds, is_administrator, person_behind, principals_of
from tests.every_kind import governed_world
from tests.world import World

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.every_kind import Crew


def _slug(caught: pytest.ExceptionInfo[LedgerError]) -> str:
    return caught.value.slug


def _merge(world: World, into: str, principal: str) -> int:
    return world.act(PrincipalMerge(into, principal)).index


def test_a_merge_holds_from_its_completion_to_its_split() -> None:
    """The person behind a principal is the end of its chain of merges at that position, and none before or after."""
    world, crew = governed_world()
    one, two, three = crew.author.principal, crew.reviewer.principal, crew.night.principal
    _merge(world, two, one)
    first = len(world.entries)
    _merge(world, three, two)
    second = len(world.entries)
    world.act(PrincipalSplit(two))
    third = len(world.entries)
    assert [person_behind(world.roster, one, at) for at in (first - 1, first, second, third)] == [one, two, three, two]
    assert [person_behind(world.roster, two, at) for at in (first, second - 1, second, third - 1, third)] == [
        two,
        two,
        three,
        three,
        two,
    ]
    assert principals_of(world.roster, two, second) == {one, two, three}
    assert principals_of(world.roster, three, third) == {three}
    assert person_behind(world.roster, "p_" + "9" * 32, third) == "p_" + "9" * 32


def test_a_merge_is_history_that_a_later_one_does_not_change() -> None:
    """Split and merged again into another: each position keeps its own answer."""
    world, crew = governed_world()
    one, two, three = crew.author.principal, crew.reviewer.principal, crew.night.principal
    _merge(world, two, one)
    merged = len(world.entries)
    world.act(PrincipalSplit(one))
    split = len(world.entries)
    _merge(world, three, one)
    assert [person_behind(world.roster, one, at) for at in (merged, split, len(world.entries))] == [two, one, three]


def test_keys_grants_and_cards_stay_where_they_are() -> None:
    """A merge moves nothing: roles are those of the principal that was granted them, and its keys sign as before."""
    world, crew = governed_world()
    before = world.roster
    _merge(world, crew.author.principal, crew.reviewer.principal)
    after, end = world.roster, len(world.entries)
    assert (after.keys, after.grants) == (before.keys, before.grants)
    assert holds(after, crew.reviewer.principal, "reviewer", None, end)
    assert not holds(after, crew.author.principal, "reviewer", None, end)
    assert after.principals[crew.reviewer.principal].cards == before.principals[crew.reviewer.principal].cards
    assert signer_at(after, key_id(crew.reviewer.key.public), end).principal == crew.reviewer.principal


def _merges_and_splits() -> dict[str, tuple[str, Callable[[World, Crew], Body]]]:
    unknown = "p_" + "9" * 32
    return {
        "itself": ("already-merged", lambda _, crew: PrincipalMerge(crew.night.principal, crew.night.principal)),
        "back": ("already-merged", lambda _, crew: PrincipalMerge(crew.reviewer.principal, crew.author.principal)),
        "twice": ("already-merged", lambda _, crew: PrincipalMerge(crew.night.principal, crew.reviewer.principal)),
        "an agent into a person": (
            "not-one-type",
            lambda _, crew: PrincipalMerge(crew.author.principal, crew.helper.principal),
        ),
        "an agent and a service": (
            "not-one-type",
            lambda _, crew: PrincipalMerge(crew.ci.principal, crew.helper.principal),
        ),
        "an unknown one": ("unknown-principal", lambda _, crew: PrincipalMerge(crew.author.principal, unknown)),
        "into an unknown one": ("unknown-principal", lambda _, crew: PrincipalMerge(unknown, crew.night.principal)),
        "a disabled one": (
            "unknown-principal",
            lambda world, crew: PrincipalMerge(crew.author.principal, world.members["Gone"].principal),
        ),
        "into a disabled one": (
            "unknown-principal",
            lambda world, crew: PrincipalMerge(world.members["Gone"].principal, crew.night.principal),
        ),
        "the last two administrators": (
            "too-few-administrators",
            lambda world, _: PrincipalMerge(world.members["Ada Admin"].principal, world.members["Bo Admin"].principal),
        ),
        "a split of one": ("not-merged", lambda _, crew: PrincipalSplit(crew.author.principal)),
        "a split of an unknown one": ("not-merged", lambda _, __: PrincipalSplit(unknown)),
    }


@pytest.mark.parametrize("name", list(_merges_and_splits()))
def test_merges_and_splits_that_are_impossible(name: str) -> None:
    """Each condition of format §6.3 is refused already when the act is proposed, with its slug."""
    world, crew = governed_world()
    gone = world.person("Gone")
    world.act(PrincipalDisable(gone.principal))
    _merge(world, crew.author.principal, crew.reviewer.principal)
    slug, made = _merges_and_splits()[name]
    with pytest.raises(LedgerError) as caught:
        world.act(made(world, crew))
    assert _slug(caught) == slug


def test_the_recovery_principal_is_nobodys_other_self() -> None:
    """It is merged with no person."""
    world = World(admins_required=2, recovery=True)
    spare, person = world.members["Recovery"], world.person("Cy")
    for body in (
        PrincipalMerge(spare.principal, person.principal),
        PrincipalMerge(person.principal, spare.principal),
    ):
        with pytest.raises(ConflictError) as caught:
            world.act(body)
        assert _slug(caught) == "not-one-type"


def test_one_person_under_two_principals_completes_nothing() -> None:
    """The second administrator is another person; the merged principal's approval counts as the first one's."""
    world, crew = governed_world()
    ada, bo = world.members["Ada Admin"], world.members["Bo Admin"]
    other = world.person("Ada Other", "administrator")
    body = RoleGrant(crew.author.principal, "approver")
    waiting = world.append(Event(world.context(ada), body), ada.key)
    _merge(world, other.principal, ada.principal)
    with pytest.raises(AuthorityError) as caught:
        world.approve_act(waiting, other)
    assert _slug(caught) == "second-person-needed"
    with pytest.raises(AuthorityError) as caught:
        world.approve_act(waiting, ada)
    assert _slug(caught) == "second-person-needed"
    world.approve_act(waiting, bo)
    assert holds(world.roster, crew.author.principal, "approver", None, len(world.entries))


def test_split_principals_are_two_persons_again() -> None:
    """What could not be completed while they were one can be afterwards."""
    world, crew = governed_world()
    ada, other = world.members["Ada Admin"], world.person("Ada Other", "administrator")
    _merge(world, ada.principal, other.principal)
    waiting = world.append(Event(world.context(ada), RoleGrant(crew.author.principal, "approver")), ada.key)
    world.act(PrincipalSplit(other.principal))
    world.approve_act(waiting, other)
    assert holds(world.roster, crew.author.principal, "approver", None, len(world.entries))


def test_merged_administrators_count_once() -> None:
    """Neither a merge nor an end leaves fewer administrators than acts take, counted as persons."""
    world, _ = governed_world()
    ada, bo, other = world.members["Ada Admin"], world.members["Bo Admin"], world.person("Ada Other", "administrator")
    assert len(administrators_with_keys(world.roster, len(world.entries))) == 3
    _merge(world, ada.principal, other.principal)
    assert administrators_with_keys(world.roster, len(world.entries)) == {ada.principal, bo.principal}
    with pytest.raises(AuthorityError) as caught:
        world.act(PrincipalDisable(bo.principal))
    assert _slug(caught) == "too-few-administrators"
    # One of the two principals of one person may go, even the one that stands for both.
    world.act(PrincipalDisable(ada.principal), by=bo)
    assert administrators_with_keys(world.roster, len(world.entries)) == {ada.principal, bo.principal}
    assert not is_administrator(world.roster, ada.principal, len(world.entries))


def test_a_merge_and_its_possibility_are_judged_again_when_completed() -> None:
    """Two merges that contradict each other wait; the second to be completed is refused."""
    world, crew = governed_world()
    ada, bo = world.members["Ada Admin"], world.members["Bo Admin"]
    one, two = crew.author.principal, crew.reviewer.principal
    bodies = (PrincipalMerge(one, two), PrincipalMerge(two, one))
    waiting = [world.append(Event(world.context(ada), body), ada.key) for body in bodies]
    world.approve_act(waiting[0], bo)
    with pytest.raises(ConflictError) as caught:
        world.approve_act(waiting[1], bo)
    assert _slug(caught) == "already-merged"
