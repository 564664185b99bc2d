"""Measures of delivery: what each counts, what it leaves out and why, and when two periods are not compared."""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.dossier.build import build_period
from ledger.dossier.facts import PeriodDossier
from ledger.events.shape import instant
from ledger.measures.moments import seconds_between
from ledger.measures.period import IDS, Measures, compared, measure_period
from ledger.measures.values import (
    LEAST,
    Missing,
    Proportion,
    Spread,
    Tally,
    compare,
    missing,
    nearest_rank,
    proportion,
    spread,
)
from ledger.records import Held
from ledger.rules.policy import policy_in_force
from tests.reports import period_story
from tests.rules.story import END_OF_TIME, PROJECT, Story, without

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ledger.records import Record, Records
    from ledger.rules.policy import PolicyRules

VALUES = st.lists(st.integers(0, 10_000), max_size=60)


def told(*events: Mapping[str, Any], policy: Mapping[str, Any] | None = None) -> tuple[Story, Measures]:
    """A story, and what was measured of all of it since the policy was set."""
    story = Story(policy or {})
    story.play(events)
    return story, measured(story)


def measured(story: Story, environments: tuple[str, ...] = ("production",)) -> Measures:
    """What is measured of a story so far."""
    dossier = story.dossier("period")
    assert isinstance(dossier, PeriodDossier)
    return measure_period(dossier, dict.fromkeys(dossier.projects, story.rules), END_OF_TIME, environments)


def seconds(begin: Record, end: Record) -> int:
    """Between two entries, by the ledger's clock."""
    return int((instant(end.leaf.received_at) - instant(begin.leaf.received_at)).total_seconds())


def spread_of(found: Measures, identifier: str) -> Spread:
    """A measure that is a spread."""
    measure = found.of(identifier)
    assert isinstance(measure, Spread)
    return measure


def proportion_of(found: Measures, identifier: str) -> Proportion:
    """A measure that is a proportion."""
    measure = found.of(identifier)
    assert isinstance(measure, Proportion)
    return measure


def tally_of(found: Measures, identifier: str) -> Tally:
    """A measure that is a tally."""
    measure = found.of(identifier)
    assert isinstance(measure, Tally)
    return measure


def landed(change: str, content: str, *, by: str = "Dana", approver: str | None = "Rob", hours: int = 3) -> list[Any]:
    """A change from its revision to its landing, labelled by its number."""
    events: list[Any] = [
        {"do": "diff", "by": by, "rev": 1, "content": content, "change": change, "as": f"diff {change}"},
        {"do": "wait", "hours": hours},
    ]
    if approver is not None:
        events.append({"do": "approve", "by": approver, "rev": 1, "change": change, "as": f"yes {change}"})
    return [*events, {"do": "merge", "by": by, "rev": 1, "change": change, "as": f"land {change}"}]


def test_the_time_to_the_first_approval_is_between_two_entries() -> None:
    """From the first revision's entry to the first approval's, whatever clocks say."""
    story, found = told(*landed("7", "x", hours=5))
    expected = seconds(story.labels["diff 7"], story.labels["yes 7"])
    assert spread_of(found, "first-approval").values == (expected,)
    assert spread_of(found, "decision-on-revision").values == (expected,)
    assert expected >= 5 * 3_600


def test_an_own_approval_is_no_review() -> None:
    """Who took part and approves is nobody else; the change counts as not approved."""
    _, found = told(*landed("7", "x", approver="Dana"))
    measure = spread_of(found, "first-approval")
    assert (measure.population, measure.values) == (1, ())
    assert measure.missing == (Missing("not-approved", 1),)
    assert measure.median is None


def test_each_revision_waits_for_its_own_decision() -> None:
    """A revision that another replaced before anybody decided is counted as that; a rejection is a decision."""
    story, found = told(
        {"do": "diff", "by": "Dana", "rev": 1, "content": "a"},
        {"do": "diff", "by": "Dana", "rev": 2, "content": "b", "as": "second"},
        {"do": "wait", "hours": 2},
        {"do": "reject", "by": "Rob", "rev": 2, "as": "no"},
        {"do": "diff", "by": "Dana", "rev": 3, "content": "c", "as": "third"},
        {"do": "wait", "hours": 1},
        {"do": "approve", "by": "Rob", "rev": 3, "as": "yes"},
        {"do": "merge", "by": "Dana", "rev": 3},
    )
    measure = spread_of(found, "decision-on-revision")
    labels = story.labels
    expected = sorted((seconds(labels["second"], labels["no"]), seconds(labels["third"], labels["yes"])))
    assert measure.values == tuple(expected)
    assert measure.missing == (Missing("replaced", 1),)
    assert measure.population == 3


def test_rework_is_what_comes_after_the_first_review() -> None:
    """A revision after a decision by others counts; one before it does not, nor one that only moved the base."""
    _, found = told(
        {"do": "diff", "by": "Dana", "rev": 1, "content": "a"},
        {"do": "diff", "by": "Dana", "rev": 2, "content": "b"},
        {"do": "reject", "by": "Rob", "rev": 2},
        {"do": "diff", "by": "Dana", "rev": 3, "content": "c"},
        {"do": "diff", "by": "Dana", "rev": 4, "content": "c"},
        {"do": "approve", "by": "Rob", "rev": 4},
        {"do": "merge", "by": "Dana", "rev": 4},
        *landed("8", "y"),
        *landed("9", "z", approver=None),
    )
    assert spread_of(found, "revisions-after-review").values == (0, 1)
    share = proportion_of(found, "reworked")
    assert (share.part, share.measured, share.population) == (1, 2, 3)
    assert share.missing == (Missing("not-reviewed", 1),)


def test_lead_time_begins_with_the_first_commit_or_prompt() -> None:
    """The author's clock begins it, and the landing's entry ends it."""
    story, found = told(*landed("7", "x"))
    begin = instant("2026-03-02T09:00:00+01:00")
    expected = int((instant(story.labels["land 7"].leaf.received_at) - begin).total_seconds())
    assert spread_of(found, "lead-to-landing").values == (expected,)


def test_what_ends_before_it_begins_is_not_measured() -> None:
    """A clock that is ahead of the ledger's makes no negative duration, and none of nothing."""
    early, later = instant("2026-03-02T09:00:00Z"), instant("2026-03-02T09:00:01Z")
    assert seconds_between(early, later) == 1
    assert seconds_between(later, early) == "clock"
    assert seconds_between("unread", later) == seconds_between(early, "unread") == "unread"


def test_content_that_cannot_be_read_is_said() -> None:
    """With an erased commit list the earliest commit is unknown: nothing is measured, and the reason is counted."""
    story = Story({})
    story.play(landed("7", "x"))
    reference = story.labels["diff 7"].event.context.content("commits")
    assert reference is not None
    dossier = story.dossier("period", without(story.world.records(), [reference.commitment]))
    assert isinstance(dossier, PeriodDossier)
    found = measure_period(dossier, dict.fromkeys(dossier.projects, story.rules), END_OF_TIME)
    assert spread_of(found, "lead-to-landing").missing == (Missing("unread", 1),)


def test_what_was_recorded_afterwards_has_no_time() -> None:
    """A landing that an importer brought says nothing of how long anything took."""
    events = landed("7", "x")
    events[-1] = {**events[-1], "late": True}
    _, found = told(*events)
    assert spread_of(found, "lead-to-landing").missing == (Missing("late", 1),)


def delivered(*more: Mapping[str, Any]) -> list[Any]:
    """Two changes in two releases, of which the second is deployed."""
    return [
        *landed("7", "x"),
        {"do": "release", "version": "1.0", "landings": ["land 7"], "as": "one"},
        *landed("8", "y"),
        {"do": "release", "version": "1.1", "landings": ["land 8"], "previous": "one", "as": "two"},
        {"do": "wait", "hours": 4},
        {"do": "deploy", "of": "two", "as": "live"},
        *more,
    ]


def test_a_later_release_delivers_what_an_earlier_one_held() -> None:
    """A change of a release that was skipped is in production once the next release of the product is."""
    story, found = told(*delivered())
    measure = spread_of(found, "landing-to-production")
    labels = story.labels
    expected = {seconds(labels["land 7"], labels["live"]), seconds(labels["land 8"], labels["live"])}
    assert set(measure.values) == expected


def test_only_production_counts_as_production() -> None:
    """A deployment elsewhere delivers nothing, unless that environment is named as production."""
    story = Story({})
    story.play(
        [
            *landed("7", "x"),
            {"do": "release", "version": "1.0", "landings": ["land 7"], "as": "one"},
            {"do": "deploy", "of": "one", "environment": "staging"},
        ]
    )
    assert spread_of(measured(story), "landing-to-production").missing == (Missing("not-deployed", 1),)
    assert tally_of(measured(story), "deployments").count == 0
    assert spread_of(measured(story, ("staging",)), "landing-to-production").measured == 1
    assert tally_of(measured(story, ("staging",)), "deployments").count == 1


@pytest.mark.parametrize(
    ("more", "part"),
    [
        ([], 0),
        ([{"do": "deploy", "of": "two", "status": "rolled-back"}], 1),
        ([{"do": "incident", "of": "two", "cause": "change"}], 1),
        ([{"do": "incident", "change": "8"}], 1),
        (
            [
                {"do": "incident", "of": "two"},
                {"do": "incident", "state": "closed", "cause": "other", "reason": "Disk."},
            ],
            0,
        ),
        ([{"do": "incident", "of": "two", "environment": "staging"}], 0),
    ],
)
def test_a_deployment_fails_by_its_own_word_or_an_incident_s(more: Sequence[Mapping[str, Any]], part: int) -> None:
    """Rolled back or suspected by an incident in production counts; where the cause was another it does not."""
    _, found = told(*delivered(*more))
    share = proportion_of(found, "change-failure")
    assert (share.part, share.measured) == (part, 1)


def test_a_deployment_of_no_release_cannot_be_judged() -> None:
    """It is in the population, and not in the proportion."""
    _, found = told(*delivered({"do": "deployed", "artifacts": ["hand.tar"]}))
    share = proportion_of(found, "change-failure")
    assert (share.population, share.measured, share.missing) == (2, 1, (Missing("no-release-named", 1),))


def test_an_incident_that_was_opened_again_is_restored_by_its_last_closing() -> None:
    """From its opening to the closing after which nothing came; an open one is counted as open."""
    story, found = told(
        {"do": "incident", "as": "opened"},
        {"do": "wait", "hours": 1},
        {"do": "incident", "state": "closed"},
        {"do": "incident", "state": "opened"},
        {"do": "wait", "hours": 1},
        {"do": "incident", "state": "closed", "as": "closed"},
        {"do": "incident", "incident": "INC-2"},
    )
    measure = spread_of(found, "time-to-restore")
    assert measure.values == (seconds(story.labels["opened"], story.labels["closed"]),)
    assert measure.missing == (Missing("still-open", 1),)


def test_a_change_is_taken_back_by_content_by_name_or_by_an_incident() -> None:
    """An exact inverse, a link that names it, and an incident whose mending change is known, each count."""
    _, found = told(
        {"do": "revise", "by": "Dana", "rev": 1, "files": {"a": ["1", "2"]}},
        {"do": "land", "by": "Dana", "rev": 1},
        {"do": "revise", "by": "Dana", "rev": 1, "change": "8", "files": {"b": ["1", "2"]}, "as": "eight"},
        {"do": "land", "by": "Dana", "rev": 1, "change": "8"},
        {"do": "revise", "by": "Dana", "rev": 1, "change": "9", "files": {"c": ["1", "2"]}},
        {"do": "land", "by": "Dana", "rev": 1, "change": "9"},
        {"do": "revise", "by": "Dana", "rev": 1, "change": "10", "files": {"a": ["2", "1"]}},
        {"do": "land", "by": "Dana", "rev": 1, "change": "10"},
        {"do": "revise", "by": "Dana", "rev": 1, "change": "11", "files": {"b": ["2", "3"]}, "reverts": "eight"},
        {"do": "land", "by": "Dana", "rev": 1, "change": "11"},
        {"do": "incident", "change": "9", "corrective": "11"},
    )
    share = proportion_of(found, "taken-back")
    assert (share.part, share.measured) == (3, 5)


def test_doing_the_same_again_is_no_revert() -> None:
    """An inverse takes back what landed before it, never after."""
    _, found = told(
        {"do": "revise", "by": "Dana", "rev": 1, "files": {"a": ["2", "1"]}},
        {"do": "land", "by": "Dana", "rev": 1},
        {"do": "revise", "by": "Dana", "rev": 1, "change": "8", "files": {"a": ["1", "2"]}},
        {"do": "land", "by": "Dana", "rev": 1, "change": "8"},
    )
    # The second takes the first back; the first, which came before, does not take back the second.
    assert proportion_of(found, "taken-back").part == 1


def test_exceptions_and_gates_are_counted() -> None:
    """An exception counts with its review by another person; a gate's answers with those that were blocked."""
    story, found = told(
        {"do": "diff", "by": "Dana", "rev": 1, "content": "x"},
        {"do": "exception", "by": "Dana", "as": "declared"},
        {"do": "gate", "outcome": "blocked"},
        {"do": "gate", "outcome": "allowed"},
        {"do": "merge", "by": "Dana", "rev": 1},
        {"do": "wait", "hours": 9},
        {"do": "review", "by": "Dana", "of": "declared"},
        {"do": "review", "by": "Rob", "of": "declared", "as": "looked"},
    )
    assert tally_of(found, "exceptions").count == 1
    assert proportion_of(found, "landed-under-exception").part == 1
    assert spread_of(found, "exception-review").values == (seconds(story.labels["declared"], story.labels["looked"]),)
    share = proportion_of(found, "merge-gate-blocked")
    assert (share.part, share.measured) == (1, 2)
    assert proportion_of(found, "deploy-gate-blocked").population == 0


def test_assistants_are_counted_as_the_rules_read_the_evidence() -> None:
    """Used, not used, and undeclared are three things; the last is in no share."""
    _, found = told(
        {"do": "prompt", "by": "Dana", "as": "asked"},
        {"do": "diff", "by": "Dana", "rev": 1, "content": "x", "ai": "assisted", "prompts": ["asked"]},
        {"do": "merge", "by": "Dana", "rev": 1},
        *landed("8", "y"),
        {"do": "diff", "by": "Dana", "rev": 1, "content": "z", "change": "9", "ai": "undeclared"},
        {"do": "merge", "by": "Dana", "rev": 1, "change": "9"},
    )
    share = proportion_of(found, "assisted")
    assert (share.part, share.measured, share.missing) == (1, 2, (Missing("undeclared", 1),))


def test_concentration_counts_approvals_that_count() -> None:
    """Own approvals and approvals of other content are nobody's share; the most come first."""
    story, found = told(
        *landed("7", "a", approver="Rob"),
        *landed("8", "b", approver="Rob"),
        *landed("9", "c", approver="Rita"),
        *landed("10", "d", approver="Dana"),
    )
    rests = found.concentration
    assert [(item.principal, item.changes, item.alone) for item in rests.approvers] == [
        (story.people["Rob"].principal, 2, 2),
        (story.people["Rita"].principal, 1, 1),
    ]
    assert (rests.population, rests.approved, rests.approvals) == (4, 3, 3)
    assert (rests.top(1), rests.top(3)) == (2, 3)
    assert rests.missing == (Missing("not-approved", 1),)


def test_an_approval_that_does_not_count_is_not_called_none() -> None:
    """Others approved, of other content: the change has a time to its first approval, and no approval that counts."""
    _, found = told(
        {"do": "diff", "by": "Dana", "rev": 1, "content": "a"},
        {"do": "approve", "by": "Rob", "rev": 1},
        {"do": "diff", "by": "Dana", "rev": 2, "content": "b"},
        {"do": "merge", "by": "Dana", "rev": 2},
    )
    assert found.concentration.missing == (Missing("none-counts", 1),)
    assert spread_of(found, "first-approval").missing == ()


def test_who_alone_could_approve_is_a_single_point() -> None:
    """With one holder of the role besides the author, all depends on them; what nobody could approve is counted."""
    story = Story({"approver_role": "reviewer"})
    story.play(
        [
            {"do": "grant", "to": "Rob", "role": "reviewer"},
            *landed("7", "a", approver="Rob"),
            *landed("8", "b", by="Rob", approver=None),
            {"do": "grant", "to": "Rita", "role": "reviewer"},
            *landed("9", "c", approver="Rob"),
        ]
    )
    rests = measured(story).concentration
    assert (rests.one_eligible, rests.none_eligible, rests.roles) == (1, 1, ("reviewer",))
    (only,) = [item for item in rests.approvers if item.only_eligible]
    assert (only.principal, only.only_eligible) == (story.people["Rob"].principal, 1)


def test_an_empty_period_measures_nothing() -> None:
    """Of nothing there is no median, no share and no approver; every measure is there all the same."""
    _, found = told({"do": "wait", "hours": 1}, {"do": "grant", "to": "Rob", "role": "reviewer"})
    assert tuple(measure.id for measure in found.all) == IDS
    for measure in found.all:
        assert isinstance(measure, Tally) or measure.population == 0
        assert not isinstance(measure, Spread) or measure.median is None
        assert not isinstance(measure, Proportion) or measure.permille is None
    assert found.concentration.approvers == ()


def test_nothing_is_compared_without_a_baseline() -> None:
    """Where no baseline is named, no measure has a difference."""
    _, found = told(*landed("7", "x"))
    assert {change.direction for _, _, change in compared(found, None)} == {"nothing"}


@given(VALUES, st.integers(1, 100))
def test_a_percentile_is_a_value_that_occurred(values: list[int], percent: int) -> None:
    """At least so many percent of the values are at or below it, fewer below it, and of nothing there is none."""
    ascending = sorted(values)
    found = nearest_rank(ascending, percent)
    if not ascending:
        assert found is None
        return
    assert found in ascending
    assert sum(value <= found for value in ascending) * 100 >= percent * len(ascending)
    assert sum(value < found for value in ascending) * 100 < percent * len(ascending)


@given(VALUES, VALUES)
def test_few_items_are_never_compared(now: list[int], before: list[int]) -> None:
    """Below the least number on a side there is no difference to tell; from it on the direction is the medians'."""
    one, other = spread("lines-changed", "lines", now), spread("lines-changed", "lines", before)
    change = compare(one, other)
    if not now or not before:
        assert change.direction == "nothing"
    elif min(len(now), len(before)) < LEAST:
        assert change.direction == "too-few"
    else:
        assert one.median is not None
        assert other.median is not None
        difference = one.median - other.median
        assert change.by == abs(difference)
        assert change.direction == ("same" if difference == 0 else "more" if difference > 0 else "less")


@given(st.lists(st.one_of(st.booleans(), st.sampled_from(["late", "undeclared"])), max_size=40))
def test_what_is_measured_and_what_is_not_make_up_the_population(items: list[Any]) -> None:
    """No item is lost between a proportion and its reasons."""
    found = proportion("assisted", items)
    assert found.population == len(items) == found.measured + sum(item.count for item in found.missing)
    assert found.part == sum(item is True for item in items)
    assert found.permille is None or 0 <= found.permille <= 1_000


def test_measures_of_two_sorts_are_never_compared() -> None:
    """A measure is set beside itself alone."""
    with pytest.raises(ValueError, match="itself"):
        compare(spread("a", "lines", [1]), spread("b", "lines", [1]))


def test_parts_that_do_not_add_up_are_a_mistake() -> None:
    """A measure cannot claim more or fewer items than it accounts for."""
    with pytest.raises(ValueError, match="population"):
        Spread("a", "lines", 3, (1,), missing(["late"]))


def test_a_rate_needs_a_week() -> None:
    """A period shorter than a week has a count and no rate."""
    assert Tally("landings", 3, 1, 6 * 86_400).per_week_tenths is None
    assert Tally("landings", 3, 1, 14 * 86_400).per_week_tenths == 15


def test_stories_here_are_of_one_project() -> None:
    """The measures name the projects that they are of."""
    story, found = told(*landed("7", "x"))
    assert found.projects == (story.world.projects[PROJECT],)


@cache
def company() -> tuple[Records, tuple[str, ...], int, int, PolicyRules]:
    """A simulated quarter: its records, projects, ends and policy."""
    told = period_story.quarter()
    records, projects = told.world.records(), tuple(told.world.projects.values())
    return records, projects, told.first, told.end, policy_in_force(records, projects[0])


def of_quarter(records: Records) -> Measures:
    """What is measured of the quarter, by these records."""
    _, projects, first, end, policy = company()
    return measure_period(build_period(records, projects, first, end), dict.fromkeys(projects, policy), END_OF_TIME)


@settings(max_examples=15, deadline=None)
@given(st.data())
def test_erasure_only_takes_from_what_was_measured(data: st.DataObject) -> None:
    """Without some contents, items move from measured to not measurable; no value appears, and no share gains."""
    records, *_ = company()
    held = sorted(commitment for commitment, content in records.contents.items() if isinstance(content, Held))
    gone = data.draw(st.sets(st.sampled_from(held), min_size=1, max_size=40))
    whole, less = of_quarter(records), of_quarter(without(records, gone))
    for one, other in zip(whole.all, less.all, strict=True):
        match one, other:
            case Spread(), Spread():
                assert not Counter(other.values) - Counter(one.values)
                assert one.population == other.population
            case Proportion(), Proportion():
                assert other.part <= one.part
                assert other.measured - other.part <= one.measured - one.part
                assert one.population == other.population
            case _:
                assert one == other
    assert less.concentration.approvals <= whole.concentration.approvals
    assert less.concentration.one_eligible <= whole.concentration.one_eligible
    assert less.concentration.none_eligible <= whole.concentration.none_eligible


def test_a_revert_of_nobody_knows_what_leaves_open_what_landed_before() -> None:
    """What a project landed before it cannot be measured; what landed afterwards, and what is known, can."""
    _, found = told(
        {"do": "revise", "by": "Dana", "rev": 1, "files": {"a": ["1", "2"]}},
        {"do": "land", "by": "Dana", "rev": 1},
        {"do": "state", "by": "Dana", "change": "8", "type": "revert"},
        {"do": "revise", "by": "Dana", "rev": 1, "change": "8", "files": {"b": ["1", "2"]}},
        {"do": "land", "by": "Dana", "rev": 1, "change": "8"},
        {"do": "revise", "by": "Dana", "rev": 1, "change": "9", "files": {"c": ["1", "2"]}},
        {"do": "land", "by": "Dana", "rev": 1, "change": "9"},
    )
    share = proportion_of(found, "taken-back")
    assert (share.part, share.measured, share.missing) == (0, 2, (Missing("unnamed", 1),))


def test_a_revert_that_is_found_leaves_nothing_open() -> None:
    """Called a revert, and exactly the inverse of one change: that one was taken back, the other was not."""
    _, found = told(
        {"do": "revise", "by": "Dana", "rev": 1, "files": {"a": ["1", "2"]}},
        {"do": "land", "by": "Dana", "rev": 1},
        {"do": "revise", "by": "Dana", "rev": 1, "change": "9", "files": {"c": ["1", "2"]}},
        {"do": "land", "by": "Dana", "rev": 1, "change": "9"},
        {"do": "state", "by": "Dana", "change": "8", "type": "revert"},
        {"do": "revise", "by": "Dana", "rev": 1, "change": "8", "files": {"a": ["2", "1"]}},
        {"do": "land", "by": "Dana", "rev": 1, "change": "8"},
    )
    share = proportion_of(found, "taken-back")
    assert (share.part, share.measured) == (1, 3)


@pytest.mark.parametrize(("corrective", "expected"), [("9", (1, 2)), (None, (0, 2))])
def test_a_release_of_one_change_that_was_mended_tells_which(corrective: str | None, expected: tuple[int, int]) -> None:
    """The incident suspects the release; with a mending change named, its one change counts."""
    more = {} if corrective is None else {"corrective": corrective}
    _, found = told(*delivered({"do": "incident", "of": "two", **more}))
    share = proportion_of(found, "taken-back")
    assert (share.part, share.measured) == expected


def test_rates_count_over_the_days_that_were_named() -> None:
    """Days before the first entry, on which nothing happened, belong to the rate."""
    story, _ = told(*landed("7", "a"))
    dossier = story.dossier("period")
    assert isinstance(dossier, PeriodDossier)
    rules = dict.fromkeys(dossier.projects, story.rules)
    named = measure_period(dossier, rules, END_OF_TIME, seconds=10 * 7 * 86_400)
    assert tally_of(named, "landings").per_week_tenths == 1
    assert tally_of(measured(story), "landings").per_week_tenths is None
