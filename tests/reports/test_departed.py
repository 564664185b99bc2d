"""What went past rules, gates and changes is told on each page that is asked for it, and in which words."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from ledger.dossier.facts import Told
from ledger.rules.policy import policy_in_force
from reports.parts import Bullets, Card, Mark, Paragraph, Signature, Timeline, Trail
from reports.release.bypasses import bypasses
from reports.release.completeness import completeness
from reports.release.excepted import exceptions
from reports.release.gates import despite
from reports.release.outcome import deployments
from reports.release.register import register
from reports.release.trails import traceability
from reports.release.view import Carried, View, look, title_of
from tests.reports.plain import plain, said, table
from tests.reports.test_release import AS_OF, SETTINGS, made

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ledger.dossier.facts import ChangeFacts, ReleaseDossier
    from reports.parts import Block, Section


def view_of(name: str, dossier: ReleaseDossier | None = None) -> View:
    """The view of a story, with another dossier where one is given."""
    one = made(name)
    policy = policy_in_force(one.dossier.records, one.world.projects["payments"])
    carried = Carried(one.dossier.record.envelope, "x.evidence.zip", one.dossier.record.envelope, 0, "", AS_OF)
    return look(dossier or one.dossier, (one.assessment,), one.verification, policy, SETTINGS, carried)


def with_change(name: str, number: str, **values: object) -> ReleaseDossier:
    """The dossier of a story in which one change has other facts."""
    dossier = made(name).dossier
    told: tuple[ChangeFacts, ...] = tuple(
        replace(change, **values) if change.id == number else change  # type: ignore[arg-type]
        for change in dossier.changes
    )
    return replace(dossier, changes=told)


def text(*sections: Section) -> str:
    """Sections as plain text."""
    return plain(replace(made("clean").document, sections=sections, facts=(), front=()))


def sentences(blocks: Iterable[Block]) -> list[str]:
    """The sentences of lists and paragraphs."""
    found: list[str] = []
    for block in blocks:
        match block:
            case Bullets():
                found += map(said, block.items)
            case Paragraph():
                found.append(said(block.line))
            case _:
                pass
    return found


def test_a_push_without_a_change_is_told_wherever_it_is_looked_for() -> None:
    """Completeness, register, bypasses, timeline and the way back from the deployment name the landing."""
    view = view_of("troubled")
    landings = {said(row.cells[0]): row for row in table(register(view), "Landings").rows}
    assert landings["55"].hit
    assert said(landings["55"].cells[1]) == "[! Without a change]"
    assert list(landings) == sorted(landings, key=int)
    assert "! 1 landing without a recorded change: entry 55 ->e55. ! 1 listed commit is in nothing" in "".join(
        sentences(bypasses(view))
    )
    assert said(exceptions(view).lede).endswith("1 landing belongs to no recorded change.")
    section = traceability(view)
    brought = said(table(section, "Deployment").rows[0].cells[2])
    assert "! 1 landing without a change: 55; ! 1 commit in nothing recorded" in brought
    timeline = next(block for block in section.blocks if isinstance(block, Timeline))
    landing = [str(lane) for lane in timeline.lanes].index("Landing")
    assert sum(one.lane == landing for one in timeline.happenings) == len(landings)
    # Five changes with a failure, one of which something cannot be told, and the landing without a change.
    assert sum(one.hit for one in timeline.happenings) == 7


def test_the_released_commit_says_what_brought_it() -> None:
    """The row of the released commit names its change, or that there is none."""
    assert "[! Belongs to no recorded change]" in text(deployments(view_of("troubled")))
    assert "[! Belongs to no recorded change]" in text(completeness(view_of("troubled")))
    assert "Released commit: 1490e6b14f1d, Change 22" in text(deployments(view_of("whole")))


def test_a_landing_while_the_gate_was_shut_is_told_with_what_the_gate_could_do() -> None:
    """An answer Shut before a landing is told as that, and a gate that only watched is told to have stopped nothing."""
    change = next(one for one in made("whole").dossier.changes if one.id == "21")
    shut = replace(change.gates[0], body=replace(change.gates[0].body, mode="observe"))
    view = view_of("whole", with_change("whole", "21", gates=(shut,)))
    assert [(str(one.change and one.change.label), one.watched) for one in despite(view)] == [
        ("Change 21", True),
        ("Change 22", False),
    ]
    told = " ".join(sentences(bypasses(view)))
    assert "! 2 landings came after the merge gate had last answered Shut." in told
    assert "For 1 of them the gate only watched: it answered, and stopped nothing." in told
    only = view_of("whole", replace(with_change("whole", "21", gates=(shut,)), gates=()))
    answers = table(exceptions(only), "What gates answered").rows
    assert said(answers[0].cells[3]) == "[! Shut] only watched / ! yet landed by entry 69"


def test_answers_of_gates_stand_by_change_with_what_opened_them() -> None:
    """An answer Shut names the later one that opened the gate, right below it."""
    rows = table(exceptions(view_of("whole")), "What gates answered").rows
    assert [said(row.cells[0]) for row in rows] == ["62", "68", "72", "81"]
    assert said(rows[0].cells[3]) == "[! Shut] / opened by entry 68"


def test_rules_that_shut_a_gate_several_times_are_named_once() -> None:
    """A rule that blocked for several subjects stands once, with how many verdicts of it did."""
    gate = made("whole").dossier.changes[0].gates[0]
    many = Told(gate.record, replace(gate.body, blocking=gate.body.blocking * 3), gate.actor)
    rows = table(exceptions(view_of("whole", with_change("whole", "21", gates=(many,)))), "What gates answered").rows
    assert said(rows[0].cells[4]) == "SOD-01 (3 verdicts)"


def test_exceptions_have_their_step_lane_and_mark() -> None:
    """Trail, timeline and chain name the exceptions of a change and what was decided about them."""
    section = traceability(view_of("excepted"))
    trail = next(block for block in section.blocks if isinstance(block, Trail) and "Change 22" in str(block.title))
    assert [one.mark for one in trail.statuses] == [Mark.FAIL, Mark.EXCEPTED]
    step = next(step for step in trail.steps if str(step.label) == "Exception")
    assert said(step.lines[0]) == "38 Ольга Ждан asked for it, 2026-03-02 08:37:00Z; not reviewed"
    timeline = next(block for block in section.blocks if isinstance(block, Timeline))
    lane = [str(one) for one in timeline.lanes].index("Exception")
    assert sum(one.lane == lane for one in timeline.happenings) == 3
    asked = {said(row.cells[1]): said(row.cells[6]) for row in table(section, "3 changes, each by the requests").rows}
    assert (asked["Change 21"], asked["Change 22"]) == ("33, 35", "38")
    without = next(block for block in traceability(view_of("clean")).blocks if isinstance(block, Timeline))
    assert "Exception" not in map(str, without.lanes)


def test_a_change_to_which_no_rule_applies_has_not_passed() -> None:
    """A trail without any verdict that passed has no tick."""
    view = view_of("clean")
    bare = replace(view.changes[0], verdicts=())
    section = traceability(replace(view, changes=(bare,), printed=(bare,)))
    trail = next(block for block in section.blocks if isinstance(block, Trail))
    assert [one.mark for one in trail.statuses] == [Mark.NOT_APPLICABLE]


def test_cards_of_exceptions_say_who_had_more_than_one_part_and_what_is_covered() -> None:
    """Who asked, wrote and merged is told as one person; the card names the content and when a review is due."""
    card = next(
        block
        for block in exceptions(view_of("excepted")).blocks
        if isinstance(block, Card) and "38" in str(block.title)
    )
    told = {str(label): said(value) for label, value in card.rows}
    assert told["More than one part"] == "Ольга Ждан: asked for the exception, wrote the change, merged it"
    assert told["Covers"].startswith("revision 1, manifest ")
    assert told["Used"].startswith("landed by entry 39, 2026-03-02 08:38:00Z, 1 min after")
    assert told["Review due"] == "the policy asks for no review: the rule EXC-02 is off"
    due = {str(label): said(value) for label, value in _cards("whole")[0].rows}["Review due"]
    assert due == "2026-03-05 09:12:00Z"


def _cards(name: str) -> list[Card]:
    return [block for block in exceptions(view_of(name)).blocks if isinstance(block, Card)]


def test_an_authorisation_after_the_landing_is_told() -> None:
    """What was authorised only when it had landed says so, and how long after."""
    told = {str(label): said(value) for label, value in _cards("whole")[0].rows}
    assert told["Authorised by"].endswith("3 min after it was declared, ! 2 min after it had landed")
    assert "landed" not in told["Reviewed by"]


def test_decisions_about_exceptions_are_signature_blocks() -> None:
    """Name, role, meaning and time of each authorisation and review stand in a block, as 21 CFR 11.50 asks."""
    blocks = [block for block in exceptions(view_of("whole")).blocks if isinstance(block, Signature)]
    assert [(block.anchor, str(block.name)) for block in blocks] == [
        ("e76", "Youssef El-Amrani"),
        ("e77", "Haruka Sató 佐藤 遥"),
    ]
    assert "I authorise this exception." in said(blocks[0].meaning)
    assert "I looked at this exception and agree with it." in said(blocks[1].meaning)


def test_an_incident_that_only_an_exception_names_is_told() -> None:
    """Where exceptions give incidents as their ground and no event tells of them, the page of incidents says so."""
    told = text(deployments(view_of("excepted")))
    assert "! The exceptions name 2 incidents as their ground of which no event is recorded: INC-311, INC-312." in told
    assert "as their ground" not in text(deployments(view_of("clean")))


def test_without_a_deployment_nothing_is_said_of_its_words() -> None:
    """Where nothing was deployed, nobody is told to rely on the deployment's own words."""
    dossier = replace(made("clean").dossier, deployments=(), observations=())
    told = text(deployments(view_of("clean", dossier)))
    assert "the deployment's own words" not in told
    assert "No deployment that succeeded is recorded, and nobody recorded that anything of this release runs." in told


def test_the_release_says_who_released_and_who_signed() -> None:
    """Who released and whose key signed the event are told apart, and its approval leads to its own block."""
    told = text(deployments(view_of("troubled")))
    assert "Released by: Marta Żeleńska, signed with a key of Build runner" in told
    assert "Approved by: Haruka Sató 佐藤 遥, entry 74 ->e74" in told
    sheet = text(completeness(view_of("troubled")))
    assert "names Marta Żeleńska as who released and is signed with a key of Build runner" in sheet
    assert "Digest of the lists" not in sheet


def test_who_released_with_their_own_key_is_named_once() -> None:
    """Where the key is the releaser's own, nobody is named twice."""
    dossier = made("clean").dossier
    signer = dossier.parties[dossier.record.key.principal]
    told = text(deployments(view_of("clean", replace(dossier, released_by=signer))))
    assert "Released by: Build runner, whose own key signed it" in told


def test_a_first_release_has_no_release_before() -> None:
    """Nothing speaks of the previous release of a release that declares itself the first."""
    told = text(completeness(view_of("troubled")), deployments(view_of("troubled")))
    assert "previous release" not in told
    assert "Release before: none: the release event declares a first release" in told
    assert "between the previous release and this one" in text(completeness(view_of("whole")))


def test_the_way_back_counts_the_changes_that_name_it() -> None:
    """Where one of two changes names a release to return to, the other is not spoken for."""
    assert "Way back: to payments@4.12.0, as 1 of 2 changes state; [? 1 change names none]" in text(
        deployments(view_of("whole"))
    )


def test_a_title_that_only_the_landing_shows_is_marked() -> None:
    """Where the commits of the revisions cannot be read the subject of what landed is told to be that."""
    change = made("clean").dossier.changes[0]
    assert "(as it landed)" not in str(title_of(change))
    assert str(title_of(replace(change, revisions=()))) == "11 landed (as it landed)"


@pytest.mark.parametrize("section", [register, traceability])
def test_a_push_before_the_merge_event_is_named_beside_it(section: object) -> None:
    """Register and trail tell by which push a landing was on the branch, and which entry recorded it."""
    dossier = made("whole").dossier
    change = next(one for one in dossier.changes if one.id == "22")
    push = dossier.surroundings.pushes[0].record
    landing = replace(change.landings[0], pushed=push)
    view = view_of("whole", with_change("whole", "22", landings=(landing,)))
    told = text(section(view))  # type: ignore[operator]
    assert f"entry {push.index} (push), recorded as landing in entry {landing.record.index}" in told


def test_commits_on_which_a_clone_differs_are_named() -> None:
    """Not only how many commits git has and the ledger lacks: which."""
    told = next(line for line in sentences(completeness(view_of("whole")).blocks) if "in git and not here" in line)
    assert told.startswith("refs/heads/main, entry 86: in git and not here ")
    assert told.endswith("; here and not in git none.")
