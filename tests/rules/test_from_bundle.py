"""Whoever assesses gets the same verdicts: the ledger, a gate from the server's lists, and a pack from a bundle."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest

from ledger.canonical import parse, parse_canonical
from ledger.client import Client
from ledger.dossier.build import build_period, build_release
from ledger.dossier.facts import ChangeDossier
from ledger.envelope import open_envelope
from ledger.errors import LedgerError
from ledger.events.statement import Event, read_payload
from ledger.keys import key_id
from ledger.rules.assess import assess_change, assess_period, assess_release
from ledger.rules.document import encode_assessment
from ledger.rules.wording import with_names
from ledger.verify.run import verify_bundle
from tests.api.serving import parcels_of
from tests.rules.named import NAMED
from tests.rules.served import Files, Postgresql, serving_here
from tests.rules.story import END_OF_TIME, PROJECT, Scenario, Story, scenarios, told
from tests.world import git_id

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from ledger.dossier.facts import Party
    from ledger.rules.verdict import Assessment
    from tests.rules.served import Holding, Served

CORPUS = tuple(scenarios())
DISHONEST = tuple(scenario for scenario in CORPUS if scenario.dishonest)
WHOLE = os.environ.get("EVIDENCE_WHOLE_CORPUS") == "1"
SAMPLE = tuple(
    scenario
    for number, scenario in enumerate(CORPUS)
    if not scenario.dishonest and (WHOLE or number % 100 == 0 or scenario.id in {names[0] for names in NAMED.values()})
)
"""The first scenario of every situation that has a name, and some that have none; with EVIDENCE_WHOLE_CORPUS=1 all."""
RELEASES = tuple(scenario for scenario in CORPUS if scenario.subject == "release")
Verdicts = dict[tuple[str, str], dict[str, Any]]
"""By rule and subject."""


@pytest.mark.parametrize("scenario", RELEASES, ids=lambda scenario: scenario.id)
def test_a_bundle_gives_the_same_assessment(scenario: Scenario) -> None:
    """Written to a bundle, verified offline and assessed again, a release has the same verdicts, word for word."""
    story = told(scenario)
    release = [record for record in story.world.records_list if record.event.kind == "release"][-1]
    verification = verify_bundle(story.world.bundle(release), story.world.anchor)
    assert not verification.failures
    assert verification.records is not None
    dossier = build_release(verification.records, release.envelope)
    assert assess_release(dossier, story.rules, END_OF_TIME) == story.assess("release")


@pytest.fixture(
    scope="module",
    params=[pytest.param("sqlite"), pytest.param("postgresql", marks=pytest.mark.postgres)],
)
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server of ledgers on SQLite, and one on PostgreSQL."""
    if request.param == "sqlite":
        databases: Files | Postgresql = Files(tmp_path_factory.mktemp("databases"))
    else:
        databases = Postgresql(request.getfixturevalue("postgresql_server"))
    with serving_here(databases) as found:
        yield found


def _essence(rule: str, subject: str, told: Mapping[str, Any]) -> Any:  # noqa: ANN401 -- JSON
    """What two documents about one verdict share."""
    excepted = [item if isinstance(item, str) else item["envelope"] for item in told["excepted_by"]]
    shared = ("outcome", "missing", "inputs", "parameters", "severity", "sentence")
    return {"rule": rule, "subject": subject, "excepted": excepted} | {name: told[name] for name in shared}


def _of_document(document: Mapping[str, Any]) -> Verdicts:
    return {
        (item["rule"], item["subject"]): _essence(item["rule"], item["subject"], item) for item in document["verdicts"]
    }


def _of_assessment(assessment: Assessment, parties: Mapping[str, Party]) -> Verdicts:
    """The verdicts as the command prints them; without ``parties`` ids stand for names."""
    value = parse_canonical(encode_assessment(assessment), max_bytes=1 << 24)
    assert isinstance(value, dict)
    found = _of_document(value)
    for item in found.values():
        item["sentence"] = with_names(item["sentence"], parties) if parties else item["sentence"]
    return found


@dataclass(frozen=True)
class _Asked:
    """A ledger with a story in it, as commands find it."""

    holding: Holding
    story: Story
    folder: Path

    def check(self, *words: str) -> Verdicts:
        """What ``evidence check`` prints."""
        said = self.holding.ci.evidence("check", *words, "--json", "--as-of", END_OF_TIME)
        assert said.status in (0, 3), said.err
        return _of_document(said.document)

    def gate(self, subject: str, at: str) -> tuple[Verdicts, str]:
        """The verdicts in the decision that a gate recorded, and the time as of which they are."""
        head = () if at == "deploy" else ("--head", git_id("commit that is about to go through"))
        said = self.holding.ci.ok("gate", subject, "--at", at, "--mode", "observe", "--json", *head)
        with Client(self.holding.url, self.story.world.anchor) as client:
            event = read_payload(open_envelope(client.entry(said.document["decision"]["index"])[1]).payload)
            reference = event.context.content("assessment") if isinstance(event, Event) else None
            assert reference is not None
            document = parse(client.content(reference.commitment).data, max_bytes=1 << 24)
        assert isinstance(document, dict)
        return _of_document(document), str(said.document["as_of"])

    def bundle(self, path: str, query: Mapping[str, int] | None = None) -> str:
        """A file with a bundle of the server."""
        file = self.folder / f"{path.replace('/', '-')}.zip"
        pieces: list[bytes] = []
        with Client(self.holding.url, self.story.world.anchor) as client:
            client.bundle(path, pieces.append, query)
        file.write_bytes(b"".join(pieces))
        return str(file)


def _before_the_gate(story: Story, subject: str, as_of: str) -> Assessment:
    """What a gate must find: of a change whose last revision did not land, that revision, whatever landed before."""
    dossier = story.dossier(subject)
    last = dossier.change.last_revision if isinstance(dossier, ChangeDossier) else None
    if isinstance(dossier, ChangeDossier) and last is not None:
        own = (last.diff.manifest, last.diff.tree)
        landed = [(item.merge.manifest, item.merge.tree, item.diff) for item in dossier.change.landings]
        if not any(manifest == own[0] or tree == own[1] or diff == last.record for manifest, tree, diff in landed):
            ahead = replace(dossier, change=replace(dossier.change, landings=()))
            return assess_change(ahead, story.rules, as_of)
    return story.assess(subject, as_of=as_of)


@pytest.mark.parametrize("scenario", SAMPLE, ids=lambda scenario: scenario.id)
def test_everybody_finds_the_same(served: Served, scenario: Scenario, tmp_path: Path) -> None:
    """A ledger in a database gives what the whole records give: by lists, at a gate, from a bundle and for a period."""
    story = told(scenario)
    records, end = story.world.records(), len(story.world.entries)
    first = story.began if scenario.subject == "period" else 0
    period = build_period(records, [story.world.projects[PROJECT]], first, end)
    of_period = _of_assessment(assess_period(period, story.rules, END_OF_TIME), period.parties)
    with served.holding(story, tmp_path) as holding:
        asked = _Asked(holding, story, tmp_path)
        assert asked.check(asked.bundle("period", {"from": first, "to": end})) == of_period
        if scenario.subject == "period":
            assert asked.check("--from", str(first), "--to", str(end)) == of_period
            return
        own = _of_assessment(story.assess(scenario.subject), story.dossier(scenario.subject).parties)
        named, at = scenario.subject, "merge"
        if scenario.subject == "release":
            releases = [record for record in records.entries if record.event.kind == "release"]
            named, at = str(releases[-1].event.context.about.release), "deploy"
            assert asked.check(asked.bundle(f"release/{named}")) == own
        assert asked.check(named) == own
        if story.world.roster.keys[key_id(story.people["CI"].key.public)].until is not None:
            # A pipeline without a key in force asks no gate.
            return
        decided, as_of = asked.gate(named, at)
        assert decided == _of_assessment(_before_the_gate(story, scenario.subject, as_of), {})


@pytest.mark.parametrize("scenario", DISHONEST, ids=lambda scenario: scenario.id)
def test_what_no_server_admits_no_verification_passes(served: Served, scenario: Scenario, tmp_path: Path) -> None:
    """A story that an honest server refuses to take in is one in which a check of its bundle fails."""
    story = told(scenario)
    with pytest.raises(LedgerError), served.holding(story, tmp_path):
        pass
    assert verify_bundle(story.world.bundle(), story.world.anchor).failures


def test_bytes_sent_again_change_nothing(served: Served, tmp_path: Path) -> None:
    """Every envelope of a story delivered a second time gets the leaf it had, and the verdicts stay."""
    scenario = next(item for item in SAMPLE if item.subject == "7")
    story = told(scenario)
    with served.holding(story, tmp_path) as holding:
        asked = _Asked(holding, story, tmp_path)
        before = asked.check(scenario.subject)
        with Client(holding.url, story.world.anchor) as client:
            receipts = [client.record(parcel) for parcel in parcels_of(story.world)]
            assert [item.leaf for item in receipts] == [leaf for leaf, _ in story.world.entries[1:]]
            assert client.get("/v1/ledger")["position"] == len(story.world.entries)  # type: ignore[call-overload,index]
        assert asked.check(scenario.subject) == before
