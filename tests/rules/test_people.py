"""One person over several principals: what dossiers hold after merges and splits, and at positions before them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ledger.dossier.build import build_change
from ledger.dossier.facts import Account
from ledger.dossier.people import Directory, compare
from ledger.events.roster import PrincipalDisable, RoleGrant
from ledger.rules.assess import assess_change
from ledger.rules.verdict import Outcome
from tests.rules.story import END_OF_TIME, PROJECT, Story

if TYPE_CHECKING:
    from ledger.dossier.facts import ChangeDossier

TOLD = (
    {"do": "person", "name": "Dee", "mails": ["dee@home.example"]},
    {"do": "diff", "by": "Dana", "rev": 1, "content": "one"},
    {"do": "approve", "by": "Dee", "rev": 1},
)


def _story(*events: dict[str, object]) -> Story:
    story = Story({})
    story.play([*TOLD, *events])
    return story


def _change(story: Story, position: int | None = None) -> ChangeDossier:
    return build_change(story.world.records(position), story.world.projects[PROJECT], "7")


def _outcome(story: Story, position: int, rule: str = "SOD-01") -> Outcome:
    assessment = assess_change(_change(story, position), story.rules, END_OF_TIME)
    return next(verdict.outcome for verdict in assessment.verdicts if verdict.rule == rule)


def test_a_verdict_takes_the_merges_of_its_own_position() -> None:
    """Before the merge two, after it one, after the split two; each verdict replays at its position."""
    story = _story({"do": "join", "who": "Dee", "into": "Dana"}, {"do": "split", "who": "Dee"})
    end = len(story.world.entries)
    assert [_outcome(story, at) for at in (end - 2, end - 1, end)] == [Outcome.PASS, Outcome.FAIL, Outcome.PASS]


def test_a_merged_principal_is_the_person_by_name_and_id() -> None:
    """Whatever names the merged principal yields the person, who is named by its own card."""
    story = _story({"do": "join", "who": "Dee", "into": "Dana"})
    dana, dee = (story.people[name].principal for name in ("Dana", "Dee"))
    directory = Directory(story.world.records())
    assert directory.principal(dee) == directory.principal(dana)
    assert directory.principal(dee).name == "Dana"
    assert directory.person(dee) == dana
    at = (len(story.world.entries) - 1,)
    assert directory.account(Account("git", mail="dee@home.example"), at).principal == dana
    dossier = _change(story)
    assert dossier.change.approvals[0].approver.principal == dana
    # Whoever prints who signed looks up the signer's own principal.
    assert dossier.parties[dee] == dossier.parties[dana]


def test_an_approval_keeps_the_grants_behind_its_roles() -> None:
    """Grants of all principals that are one, in force when the approval came, with their paths and risk classes."""
    story = Story({})
    story.play(TOLD[:2])
    world, dee = story.world, story.people["Dee"]
    granted = world.act(RoleGrant(dee.principal, "approver", None, ("src/**",), ("high",)))
    story.play([{"do": "approve", "by": "Rob", "rev": 1}])
    world.act(RoleGrant(dee.principal, "late"))
    story.play([{"do": "join", "who": "Dee", "into": "Rob"}])
    (fact,) = _change(story).change.approvals
    assert fact.roles == ("approver",)
    assert [(grant.envelope, grant.paths, grant.risks) for grant in fact.grants] == [
        (granted.envelope, ("src/**",), ("high",))
    ]


def test_a_disabled_principal_still_stands_for_those_merged_into_it() -> None:
    """Somebody who left stays one person; their accounts keep naming them."""
    story = _story({"do": "join", "who": "Dee", "into": "Dana"})
    world = story.world
    world.act(PrincipalDisable(story.people["Dana"].principal))
    world.act(PrincipalDisable(story.people["Dee"].principal))
    directory = Directory(world.records())
    after = (len(world.entries) - 1,)
    found = directory.account(Account("git", mail="dee@home.example"), after)
    assert found.principal == story.people["Dana"].principal


@pytest.mark.parametrize("erased", ["Dee", "Dana"])
def test_an_erased_card_of_a_merged_person_is_no_stranger(erased: str) -> None:
    """Which of the two cards is gone does not matter: the account may be the person's, so it cannot be told."""
    story = _story({"do": "join", "who": "Dee", "into": "Dana"})
    story.play([{"do": "erase", "card": erased}])
    directory = Directory(story.world.records())
    seen = (len(story.world.entries) - 1,)
    stranger = directory.account(Account("git", mail="nobody@x.example"), seen)
    assert stranger.hidden == (story.people["Dana"].principal,)
    assert compare(stranger, directory.principal(story.people["Dee"].principal)) == "unknown"
    assert _outcome(story, len(story.world.entries)) is not Outcome.PASS
