"""Dossiers: what they hold, who is behind an account, and how absence shows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.canonical import encode
from ledger.documents import (
    Account,
    CommitPerson,
    ListedCommit,
    encode_account,
    encode_card,
    encode_commits,
    parse_account,
    parse_card,
    parse_commits,
)
from ledger.dossier.build import build_change, build_release
from ledger.dossier.facts import ChangeDossier, Party, ReleaseDossier
from ledger.dossier.people import compare, sure
from ledger.dossier.trace import trace_change, trace_release
from ledger.errors import FormatError, NotFoundError
from ledger.events.context import About
from ledger.events.work import Merge, Run, SuiteRun, Totals
from ledger.records import Absent, Record
from ledger.rules.wording import with_names
from tests.rules.story import PROJECT, Story
from tests.world import git_id

_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
_PEOPLE = st.builds(CommitPerson, mail=_TEXT, name=_TEXT, at=st.sampled_from([None, "2026-03-02T09:00:00+01:00"]))
_IDS = st.integers(0, 9).map(lambda number: git_id(str(number)))
_COMMITS = st.builds(
    ListedCommit,
    ai_traces=st.lists(_TEXT, max_size=2).map(tuple),
    author=_PEOPLE,
    co_authors=st.lists(_PEOPLE, max_size=2).map(tuple),
    committer=_PEOPLE,
    id=_IDS,
    parents=st.lists(_IDS, max_size=2).map(tuple),
    tree=_IDS,
    subject=st.none() | _TEXT,
)


@given(st.lists(_COMMITS, max_size=4, unique_by=lambda commit: commit.id).map(tuple))
def test_commit_lists_go_there_and_back(commits: tuple[ListedCommit, ...]) -> None:
    """What is encoded as a commit list is read as the same commits."""
    assert parse_commits(encode_commits(commits)) == commits


@given(_TEXT, _TEXT)
def test_cards_and_accounts_go_there_and_back(name: str, mail: str) -> None:
    """What is encoded as a card or account is read as the same."""
    accounts = (Account("git", mail=mail), Account("forge.example", id="7", login=name))
    card = parse_card(encode_card(name, accounts, url="https://example.com"))
    assert (card.name, card.accounts, card.url) == (name, accounts, "https://example.com")
    assert parse_account(encode_account(accounts[1])) == accounts[1]


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"accounts": [], "name": "A", "v": 2},
        {"accounts": [], "name": "A", "v": True},
        {"accounts": [], "name": 7, "v": 1},
        {"accounts": [], "extra": 1, "name": "A", "v": 1},
        {"accounts": [{"login": "a", "system": "git"}], "name": "A", "v": 1},
        {"accounts": [{"login": "a", "system": "forge.example"}], "name": "A", "v": 1},
        {"accounts": {}, "name": "A", "v": 1},
    ],
)
def test_malformed_cards_are_refused(value: object) -> None:
    """A card of another shape, or with an account that cannot be found again, is refused."""
    with pytest.raises(FormatError):
        parse_card(encode(value))  # type: ignore[arg-type]


@given(st.binary(max_size=40))
def test_documents_raise_format_errors_only(data: bytes) -> None:
    """Whatever the bytes, the parsers raise nothing else."""
    for parse in (parse_card, parse_account, parse_commits):
        with pytest.raises(FormatError):
            parse(data)


def test_a_commit_stands_once() -> None:
    """A commit list that names a commit twice is refused."""
    commit = ListedCommit((), CommitPerson("a@b", "A"), (), CommitPerson("a@b", "A"), git_id("1"), (), git_id("t"))
    with pytest.raises(FormatError):
        parse_commits(encode_commits((commit, commit)))


def _released() -> tuple[Story, ReleaseDossier]:
    story = Story({})
    story.play(
        [
            {"do": "prompt", "by": "Dana", "as": "asked"},
            {"do": "diff", "by": "Dana", "rev": 1, "content": "one", "ai": "assisted", "prompts": ["asked"]},
            {"do": "run", "rev": 1},
            {"do": "approve", "by": "Rob", "rev": 1},
            {"do": "merge", "by": "Rita", "rev": 1, "as": "landed"},
            {"do": "merge", "by": "Sam", "method": "push", "content": "hot fix", "as": "pushed"},
            {"do": "release", "version": "1.0", "landings": ["landed", "pushed"], "as": "release"},
            {"do": "deploy"},
        ]
    )
    dossier = story.dossier("release")
    assert isinstance(dossier, ReleaseDossier)
    return story, dossier


def test_a_release_places_every_commit() -> None:
    """Each commit of the list is with its change or with the push that brought it."""
    story, dossier = _released()
    assert [(place.change, place.direct_push) for place in dossier.places] == [
        ("7", None),
        (None, story.labels["pushed"]),
    ]
    assert [change.id for change in dossier.changes] == ["7"]
    assert dossier.name == "shop@1.0"
    assert [item.deploy.environment for item in dossier.deployments] == ["production"]
    assert dossier.sources[0].project_name == PROJECT


def test_everybody_who_occurs_is_listed() -> None:
    """The parties hold every principal that acted, contributed, signed or approved, with name and type."""
    _, dossier = _released()
    assert {party.name: party.type for party in dossier.parties.values()} == {
        "Dana": "person",
        "Rob": "person",
        "Rita": "person",
        "Sam": "person",
        "Copi": "agent",
        "CI": "service",
    }


def test_a_change_holds_who_did_what() -> None:
    """Contributions are by duty and party, each with the first event that shows it."""
    story, dossier = _released()
    change = dossier.changes[0]
    assert [(item.duty, item.party.name) for item in change.contributions] == [
        ("author", "Dana"),
        ("committer", "Dana"),
        ("pusher", "Dana"),
        ("prompter", "Dana"),
        ("agent", "Copi"),
    ]
    assert change.prompts[0].strength == "observed"
    assert change.landings[0].binding == "manifest"
    assert change.landings[0].merged_by.name == "Rita"
    assert change.runs[0].reporter.name == "CI"
    assert change.approvals[0].standing
    assert build_change(dossier.records, change.project, "7").change.revisions == change.revisions
    assert story.labels["asked"] == change.prompts[0].record


def test_runs_of_a_release_that_belong_to_no_change() -> None:
    """Runs on the released commit, on its tree, or about the release are the release's; those of a change are not."""
    story = Story({})
    story.world.project("other")
    everywhere = story.world.machine("Nightly", ("test",))

    def run(tree: str, commit: str, about: About, project: str = PROJECT) -> Record:
        body = SuiteRun("PASSED", Run(1, commit, "ci", "nightly", Totals(0, 0, 0, 1, 0, 1), tree))
        report = story.world.content("report", b"<testsuite/>")
        return story.world.work(project, body, everywhere, everywhere, [report], about)

    story.play(
        [
            {"do": "diff", "by": "Dana", "rev": 1, "content": "one"},
            {"do": "run", "rev": 1, "as": "of the change"},
            {"do": "merge", "by": "Dana", "rev": 1, "as": "landed"},
            {"do": "merge", "by": "Sam", "method": "push", "content": "hot fix", "as": "pushed"},
        ]
    )
    tip = story.labels["pushed"].event.body
    assert isinstance(tip, Merge)
    far = git_id("far away")
    on_tree = run(tip.tree, git_id("merge queue"), About())
    on_commit = run(far, tip.commit, About(change="77"))
    run(far, far, About())
    run(tip.tree, tip.commit, About(), "other")
    story.play([{"do": "release", "version": "1.0", "landings": ["landed", "pushed"], "as": "release"}])
    about = run(far, far, About(release="shop@1.0"))
    run(far, far, About(release="shop@1.1"))
    run(far, far, About(release="shop@1.0"), "other")
    dossier = story.dossier("release")
    assert isinstance(dossier, ReleaseDossier)
    assert [item.record for item in dossier.runs] == [on_tree, on_commit, about]
    assert [item.record for item in dossier.changes[0].runs] == [story.labels["of the change"]]
    assert dossier.parties[everywhere.principal].name == "Nightly"
    steps = {step.record.index: step for step in trace_release(dossier)}
    assert [steps[item.index].change for item in (on_tree, on_commit, about)] == [None] * 3
    assert steps[about.index].what.startswith("passed: suite nightly, attempt 1, 1 of 1 passed")


def test_a_step_says_who_pushed_the_revision() -> None:
    """The step of a diff names its actor, also where a pusher came before or only the base moved."""
    story = Story({})
    story.play(
        [
            {"do": "diff", "by": "Dana", "rev": 1, "content": "one"},
            {"do": "diff", "by": "Dana", "rev": 2, "content": "two"},
            {"do": "diff", "by": "Dana", "rev": 3, "content": "two", "pusher": "CI", "tree": "two on newer base"},
            {"do": "diff", "by": "Dana", "rev": 4, "content": "three", "account": "id-rob"},
            {"do": "diff", "by": "Dana", "rev": 5, "content": "four", "account": "id-nobody"},
        ]
    )
    dossier = story.dossier("7")
    assert isinstance(dossier, ChangeDossier)
    who = [step.who for step in trace_change(dossier)]
    assert [party and party.name for party in who] == ["Dana", "Dana", "CI", "Rob", None]
    assert who[4] is not None
    assert who[4].account is not None
    assert who[4].account.id == "id-nobody"
    assert [revision.actor for revision in dossier.change.revisions] == who


def test_erased_contents_show_their_state() -> None:
    """An erased card takes the name and says so; an erased manifest or list is absent with its state."""
    story, before = _released()
    story.play([{"do": "erase", "card": "Rob"}])
    for name in ("manifest", "commits"):
        story.world.erase(before.changes[0].revisions[0].record.event.context.content(name))
    dossier = story.dossier("release")
    rob = dossier.parties[story.people["Rob"].principal]
    assert (rob.name, rob.name_state, rob.type) == (None, "erased", "person")
    revision = dossier.changes[0].revisions[0]  # type: ignore[union-attr]
    assert revision.manifest == Absent("erased")
    assert revision.commits == Absent("erased")


def test_bytes_of_another_shape_are_unreadable() -> None:
    """A held content that is not of its form is absent, in a state of its own."""
    story = Story({})
    record = story.do_diff("Dana", 1, "one")
    reference = record.event.context.content("commits")
    assert reference is not None
    from ledger.records import Held

    records = story.world.records()
    contents = {**records.contents, reference.commitment: Held(b"[]")}
    from dataclasses import replace

    change = build_change(replace(records, contents=contents), story.world.projects[PROJECT], "7").change
    assert change.revisions[0].commits == Absent("unreadable")


def test_a_later_word_by_an_unreadable_account_may_end_an_earlier_one() -> None:
    """A rejection through an account ends its holder's approval at the forge; with the card erased, it may do so."""
    story = Story({})
    story.play(
        [
            {"do": "diff", "by": "Dana", "rev": 1, "content": "one"},
            {"do": "forge", "by": "Rob", "rev": 1},
            {"do": "forge", "account": "id-rob", "rev": 1, "decision": "reject", "as": "rejected"},
        ]
    )
    before = story.dossier("7").change.approvals[0]  # type: ignore[union-attr]
    assert before.superseded_by == story.labels["rejected"]
    story.play([{"do": "erase", "card": "Rob"}])
    after = story.dossier("7").change.approvals[0]  # type: ignore[union-attr]
    assert (after.superseded_by, after.perhaps_replaced_by) == (None, story.labels["rejected"])


def test_what_is_not_there_is_refused() -> None:
    """A change nobody spoke of, and a digest that is no release's, are not found."""
    story = Story({})
    record = story.do_diff("Dana", 1, "one")
    with pytest.raises(NotFoundError):
        build_change(story.world.records(), story.world.projects[PROJECT], "8")
    with pytest.raises(NotFoundError):
        build_release(story.world.records(), record.envelope)


_PRINCIPALS = st.sampled_from(["p_" + digit * 32 for digit in "123"])
_SETS = st.frozensets(_PRINCIPALS, max_size=3)


@st.composite
def _parties(draw: st.DrawFn) -> Party:
    if draw(st.booleans()):
        return Party(draw(_PRINCIPALS), "person", None, "erased")
    claimants = draw(_SETS)
    hidden = draw(_SETS) - claimants
    only = next(iter(claimants)) if len(claimants) == 1 else None
    account = draw(st.sampled_from([Account("git", mail="a@b"), Account("git", mail="c@d")]))
    from ledger.dossier.facts import Account as Seen

    seen = Seen("git", mail=account.mail)
    return Party(only, None, None, "unresolved", seen, bool(hidden), tuple(sorted(claimants)), tuple(sorted(hidden)))


@given(_parties(), _parties())
def test_comparison_is_symmetric(one: Party, other: Party) -> None:
    """Whether two parties are one does not depend on which is named first, and each is itself."""
    assert compare(one, other) == compare(other, one)
    if one.principal is not None or one.account is not None:
        assert compare(one, one) == "yes"


@given(_parties(), _parties(), _PRINCIPALS)
def test_hiding_a_card_never_makes_an_answer_another_one(one: Party, other: Party, gone: str) -> None:
    """When a claimant's card can no longer be read, an answer stays or becomes unknown."""

    def hide(party: Party) -> Party:
        if party.account is None or gone not in party.claimants:
            return party
        claimants = tuple(item for item in party.claimants if item != gone)
        only = claimants[0] if len(claimants) == 1 else None
        hidden = tuple(sorted({*party.hidden, gone}))
        return Party(only, None, None, "unresolved", party.account, True, claimants, hidden)  # noqa: FBT003

    before, after = compare(one, other), compare(hide(one), hide(other))
    assert after in (before, "unknown")
    assert not sure(hide(one)) or sure(one)


def test_names_are_put_in_once() -> None:
    """A name that looks like a placeholder is printed as it is, and an unknown principal is named as such."""
    first, second = "p_" + "1" * 32, "p_" + "2" * 32
    parties = {
        first: Party(first, "person", f"{{{second}}}", "held"),
        second: Party(second, "agent", None, "withheld"),
    }
    assert with_names(f"{{{first}}} and {{{second}}}", parties) == (
        f"{{{second}}} and an agent whose name card is withheld (p_22222222)"
    )
    assert with_names("{p_" + "3" * 32 + "}", parties) == "an unknown principal (p_33333333)"
    assert with_names("{p_short} {other}", parties) == "{p_short} {other}"
