"""What shares a session, model or person: listed, counted, and how far it was looked said in words."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING

import pytest

from api.pages.finding import Finder
from api.pages.known import Knowing
from api.pages.listing import list_changes
from api.pages.looking import Looker
from api.pages.sharing import Sharing
from ledger.asking import ModelName, Session
from ledger.cli.ledgerfolder import open_store
from ledger.client import Client
from ledger.errors import NotFoundError
from ledger.events.work import Prompt
from reports.pages.shell import Shell
from reports.pages.trace import trace_page
from reports.parts import words
from tests.api.hostile import NAME, hostile
from tests.api.serving import anchor_of, found_ledger, parcels_of, plain, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ledger.store import Store
    from tests.api.hostile import Hostile

LIMITS = ("api.pages.sharing.MOST_PROMPTS", "api.pages.listing.MOST_PROMPTS")
DECISIONS = ("api.pages.sharing.MOST_DECISIONS",)


@pytest.fixture(scope="module")
def story() -> Hostile:
    """Two prompts of one session, one approval."""
    return hostile()


@pytest.fixture(scope="module")
def store(story: Hostile, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """The database of a server that took it all."""
    folder = tmp_path_factory.mktemp("listed")
    found_ledger(folder, story.world)
    with serving(folder) as running, Client(running.url, anchor_of(story.world)) as client:
        for parcel in parcels_of(story.world):
            client.record(parcel)
    with open_store(folder) as opened:
        yield opened


def session_of(story: Hostile) -> str:
    """The session that both prompts are of."""
    body = story.prompt.event.body
    assert isinstance(body, Prompt)
    return body.session


def test_a_list_says_that_every_prompt_was_looked_through(store: Store, story: Hostile) -> None:
    """Where the whole log was looked through, the page says so too: silence would not tell."""
    answer = list_changes(Sharing(store), "asked", Session(session_of(story)))
    assert [name for _, name in answer.others] == ["change 42", "change 41"]
    assert answer.notes == ("All 2 prompts were looked through.",)


def test_a_limited_list_says_so(store: Store, story: Hostile, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of sessions, models and people only the latest are looked through; note and error give the number."""
    for name in (*LIMITS, *DECISIONS):
        monkeypatch.setattr(name, 1)
    sharing = Sharing(store)
    answer = list_changes(sharing, "asked", Session(session_of(story)))
    assert [name for _, name in answer.others] == ["change 42"]
    assert answer.notes == ("The latest 1 prompt was looked through, earlier ones were not.",)
    with pytest.raises(NotFoundError) as none:
        list_changes(sharing, "asked", ModelName("no-such-model"))
    assert "The latest 1 prompt was looked through, earlier ones were not" in str(none.value)
    monkeypatch.setattr("api.pages.persons.MOST_NAMING", 1)
    finder = Finder(store, Knowing(store), Looker(store, story.world.anchor))
    decided = finder.find(principal_of(story, "Ap Prover"), contents=True)
    told = "The latest 1 entry that names the id of this person was looked through, earlier ones were not."
    assert decided.notes[0] == told


def principal_of(story: Hostile, name: str) -> str:
    """The principal of that name."""
    return next(member.principal for member in story.world.members.values() if member.name == name)


def test_a_person_is_found_by_whatever_they_had_a_part_in(store: Store, story: Hostile) -> None:
    """Not only by decisions; by the id as packs shorten it too; and how far it was looked is said each time."""
    finder = Finder(store, Knowing(store), Looker(store, story.world.anchor))
    author = principal_of(story, NAME)
    for asked in (author, author[:10]):
        answer = finder.find(asked, contents=True)
        assert {name.partition(":")[0] for _, name in answer.others} == {"change 41", "change 42"}
        assert all("diff" in name for _, name in answer.others)
        assert answer.notes[0].startswith("All ")
        assert "revisions, landings and approvals were looked through" in answer.notes[1]
    assert "not shown with this token" in finder.find(author, contents=False).notes[1]
    with pytest.raises(NotFoundError) as none:
        finder.find("p_" + "0" * 8, contents=True)
    assert "nobody" in str(none.value)


def test_what_else_shares_says_among_how_many(store: Store, story: Hostile, monkeypatch: pytest.MonkeyPatch) -> None:
    """A count of others, and that there are none, name what was looked through where that was not everything."""
    for name in (*LIMITS, *DECISIONS):
        monkeypatch.setattr(name, 1)
    finder = Finder(store, Knowing(store), Looker(store, story.world.anchor))
    shell = Shell(words("Trace"), "trace", None, "key")
    page = unescape(trace_page(finder.find("41", contents=True), shell).html.replace("<wbr>", ""))
    for sort in ("session", "model"):
        assert re.search(rf"<li>{sort} [^<]*<a href=[^>]*>1 other change among the latest 1 prompt</a>", page)
    limits = "the first 1 entry that names it, the latest 1 decision of this person"
    assert re.search(rf"No other change shares: prompt [^.]*, approver Ap Prover\. Looked through: {limits}\.", page)


def test_asking_for_nothing_is_answered_with_what_can_be_asked(story: Hostile, tmp_path: Path) -> None:
    """The form sent empty is no fresh page without a word; the page itself, opened, says nothing of that."""
    found_ledger(tmp_path, story.world)
    with serving(tmp_path) as running:
        empty, fresh = (
            plain(running.port, "GET", path, headers={"Accept": "text/html"}).body.decode()
            for path in ("/trace?q=", "/trace")
        )
    assert "Give a commit, tree or digest" in empty
    assert "Give a commit, tree or digest" not in fresh
