"""Finding entries, proofs, rosters and the parts of bundles."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ledger.bundle import Period, write_bundle
from ledger.digests import Digest
from ledger.dossier.build import build_change, build_period
from ledger.entry import LEDGER_STREAM, leaf_digest
from ledger.errors import ConflictError, FormatError, NotFoundError
from ledger.events.work import Diff, Release
from ledger.merkle import verify_inclusion
from ledger.roster.acts import advance
from ledger.rules.assess import assess_change, assess_period
from ledger.rules.policy import parse_policy
from ledger.rules.verdict import Outcome
from ledger.store import Query
from ledger.verify.run import verify_bundle
from tests.policies import CORE_POLICY
from tests.store.ledgers import tell
from tests.world import VERIFIER

if TYPE_CHECKING:
    from collections.abc import Callable

    from ledger.records import Record
    from ledger.store import Store
    from tests.store.ledgers import Ledger


END = "2031-01-01T00:00:00.000Z"


def found(store: Store, **wanted: object) -> list[int]:
    """Indexes that a query finds, a page of two at a time."""
    indexes: list[int] = []
    after: int | None = -1
    while after is not None:
        page = store.list_entries(Query(**wanted), after, 2)  # type: ignore[arg-type]
        indexes += [entry.index for entry in page.entries]
        after = page.next
    return indexes


def test_every_facet_finds_what_the_world_did(ledger: Ledger) -> None:
    """Listings by kind, change, tree, commit, digest, principal, reference, content and stream are complete."""
    world = ledger.world
    for number in (1, 2):
        tell(world, number)
    records = world.records_list
    with ledger.open() as store:
        ledger.deliver(store)
        diff = next(record for record in records if record.event.kind == "diff")
        made = diff.event.body
        assert isinstance(made, Diff)
        about = diff.event.context.about
        manifest = diff.event.context.contents[0].commitment

        def those(test: Callable[[Record], bool]) -> list[int]:
            return [record.index for record in records if test(record)]

        assert found(store, kind="release") == those(lambda item: item.event.kind == "release")
        assert found(store, change="1") == those(lambda item: item.event.context.about.change == "1")
        assert found(store, stream=world.projects["payments"]) == those(
            lambda item: item.event.context.project is not None
        )
        assert diff.index in found(store, tree=about.tree)
        assert found(store, commit=made.head) != []
        assert diff.index in found(store, sha256=made.manifest)
        assert found(store, content=manifest) == [diff.index]
        assert diff.index + 2 in found(store, reference=records[diff.index + 1].envelope)
        author = world.members["Cem Author"].principal
        acted = those(lambda item: item.event.context.actor.principal == author)
        assert set(acted) <= set(found(store, principal=author))
        assert found(store, kind="diff", change="2", principal=author, before=diff.index) == []
        assert found(store, release="payments@1.2", kind="deploy") == those(
            lambda item: item.event.kind == "deploy" and item.event.context.about.release == "payments@1.2"
        )
        assert found(store, kind="no-such", change="7") == []
        assert found(store, incident="INC-7") == []
        for wanted in (Query(tree="zz"), Query(principal="p_zz"), Query(kind="é")):
            with pytest.raises(FormatError):
                store.list_entries(wanted)


def test_the_newest_come_first_where_they_are_asked_for(ledger: Ledger) -> None:
    """The newest entries are those of the ascending list from its end, and ``before`` goes on from there."""
    for number in (1, 2):
        tell(ledger.world, number)
    with ledger.open() as store:
        ledger.deliver(store)
        ascending = found(store, kind="principal")
        newest = [entry.index for entry in store.latest_entries(Query(kind="principal"), 2)]
        assert newest == ascending[::-1][:2]
        older = store.latest_entries(Query(kind="principal", before=newest[-1]), 1000)
        assert [entry.index for entry in older] == ascending[::-1][2:]
        assert store.latest_entries(Query(stream="prj_" + "0" * 32)) == ()
        with pytest.raises(FormatError):
            store.latest_entries(Query(tree="zz"))


def test_the_beginning_of_an_identifier_finds_it(ledger: Ledger) -> None:
    """Even and odd beginnings of commits and envelope digests lead to the whole; others to nothing, rubbish nowhere."""
    tell(ledger.world, 1)
    with ledger.open() as store:
        ledger.deliver(store)
        record = next(item for item in ledger.world.records_list if isinstance(item.event.body, Diff))
        assert isinstance(record.event.body, Diff)
        for length in (7, 8, 40):
            assert record.event.body.head in store.identifiers_starting(record.event.body.head[:length])
        assert store.identifiers_starting(record.envelope[7:20]) == (record.envelope,)
        assert store.identifiers_starting("0" * 64) == ()
        for rubbish in ("abc", "xyzw", "A1B2", "0" * 65, ""):
            with pytest.raises(FormatError):
                store.identifiers_starting(rubbish)


def test_entries_are_found_by_their_names(ledger: Ledger) -> None:
    """By index, event id, envelope digest and place in a stream it is the same entry; others are not found."""
    with ledger.open() as store:
        ledger.deliver(store)
        for record in ledger.world.records_list:
            entry = store.entry(record.index)
            assert entry.leaf == record.leaf
            assert store.entry_by_event(record.event.context.event_id) == entry
            assert store.entry_by_envelope(record.envelope) == entry
            assert store.stream_entries(record.leaf.stream, record.leaf.stream_index, 1) == (entry,)
        assert store.streams() == {LEDGER_STREAM: len(ledger.world.records_list)}
        with pytest.raises(NotFoundError):
            store.entry(10_000)
        with pytest.raises(NotFoundError):
            store.entry_by_event("018f0000-0000-7000-8000-000000000000")
        with pytest.raises(NotFoundError):
            store.entry_by_envelope(Digest("sha256:" + "0" * 64))
        with pytest.raises(FormatError):
            store.entry_by_event("no id")


def test_every_entry_is_included_in_every_checkpoint(ledger: Ledger) -> None:
    """Inclusion proofs from stored nodes lead to the roots that were signed."""
    tell(ledger.world)
    with ledger.open() as store:
        ledger.deliver(store)
        for checkpoint in store.checkpoints():
            for index in range(checkpoint.size):
                leaf = leaf_digest(store.entry(index).leaf)
                path = store.inclusion(index, checkpoint.size)
                verify_inclusion(leaf, index, checkpoint.size, path, checkpoint.root)


def test_the_roster_of_any_position_is_the_worlds(ledger: Ledger) -> None:
    """A roster read back is the one that was in force, position by position."""
    world = ledger.world
    tell(world)
    with ledger.open() as store:
        ledger.deliver(store)
        roster = store.roster_at(1)
        for record in world.records_list[1:]:
            if record.leaf.stream == LEDGER_STREAM:
                roster = advance(roster, record.index, record.envelope, record.key.principal, record.event)
            assert store.roster_at(record.index + 1) == roster
        assert store.roster_at(store.size()) == world.roster
        with pytest.raises(NotFoundError):
            store.roster_at(10_000)


def test_a_release_bundle_verifies(ledger: Ledger) -> None:
    """The second release's bundle begins at the first release's entry, holds what it needs, and passes every check."""
    world = ledger.world
    first = tell(world, 1)
    body = first.event.body
    assert isinstance(body, Release)
    second = tell(world, 2, previous=body.sources[0].commit)
    with ledger.open() as store:
        ledger.deliver(store)
        cut = store.cut_release(second.envelope)
        ledger_range, project = cut.streams
        assert (ledger_range.stream, ledger_range.from_) == (LEDGER_STREAM, 0)
        assert project.from_ == first.leaf.stream_index
        assert cut.position == store.size()
        selection = store.export(cut)
        verification = verify_bundle(write_bundle(selection, VERIFIER), world.anchor)
        assert verification.intact, verification
        one = store.cut_release(first.envelope, first.index + 1)
        assert one.position == first.index + 1
        prompt = next(record for record in world.records_list if record.event.kind == "prompt")
        assert one.streams[1].from_ == prompt.leaf.stream_index
        assert verify_bundle(write_bundle(store.export(one), VERIFIER), world.anchor).intact
        with pytest.raises(ConflictError):
            store.cut_release(second.envelope, first.index + 1)
        with pytest.raises(NotFoundError):
            store.cut_release(prompt.envelope)


def test_a_period_bundle_verifies(ledger: Ledger) -> None:
    """A period holds whole ranges, and what its entries refer to from before is linked."""
    world = ledger.world
    tell(world, 1)
    with ledger.open() as store:
        ledger.deliver(store)
        approval = next(record for record in world.records_list if record.event.kind == "approval")
        cut = store.cut_period(approval.index, approval.index + 1)
        assert cut.position == approval.index + 1
        assert cut.subject.period == Period(approval.index, approval.index + 1)
        assert cut.linked == tuple(sorted(cut.linked))
        assert len(cut.linked) > 0
        assert verify_bundle(write_bundle(store.export(cut), VERIFIER), world.anchor).intact
        nothing = store.cut_period(0, store.size(), projects=[])
        assert [item.stream for item in nothing.streams] == [LEDGER_STREAM]
        assert verify_bundle(write_bundle(store.export(nothing), VERIFIER), world.anchor).intact
        for wrong in ((5, 5), (0, 10_000)):
            with pytest.raises(ConflictError):
                store.cut_period(*wrong)


def test_a_period_holds_what_led_to_what_landed_in_it(ledger: Ledger) -> None:
    """A change that was reviewed before the period and landed in it has the verdicts of its own dossier."""
    world = ledger.world
    author, reviewer, machine = (world.members[name] for name in ("Cem Author", "Dee Reviewer", "ci"))
    world.policy(CORE_POLICY)
    tell(world, 1)
    project = world.projects["payments"]
    made = world.diff("payments", "7", author, machine, {"b.py": "2"})
    early = world.run("payments", made.tree, made.head, machine)
    world.approve("payments", made, reviewer)
    tell(world, 2)
    began = len(world.entries)
    world.merge("payments", made, reviewer, machine)
    tell(world, 3)
    with ledger.open() as store:
        ledger.deliver(store)
        cut = store.cut_period(began, store.size())
        assert cut.subject.period == Period(began, store.size())
        ours = next(part for part in cut.streams if part.stream == project)
        assert ours.from_ == made.diff.leaf.stream_index
        assert early.index in cut.indexes
        verification = verify_bundle(write_bundle(store.export(cut), VERIFIER), world.anchor)
    assert verification.intact
    assert verification.records is not None
    policy = parse_policy(world.roster.policies[-1].data)
    period = build_period(verification.records, [project], began, verification.records.position)
    assert [change.id for change in period.changes] == ["7", "3"]
    alone = assess_change(build_change(world.records(), project, "7"), policy, END)
    found = [item for item in assess_period(period, policy, END).verdicts if item.subject == alone.subject]
    assert tuple(found) == alone.verdicts
    assert {item.outcome for item in found if item.rule in ("SOD-01", "APP-05", "TST-01")} == {Outcome.PASS}


def test_an_altered_database_gives_a_bundle_that_fails(ledger: Ledger) -> None:
    """The server's own bundle of edited rows does not pass verification."""
    from sqlalchemy import text

    from tests.store.tampering import unguarded

    world = ledger.world
    tell(world, 1)
    with ledger.open() as store:
        ledger.deliver(store)
        with unguarded(ledger.database_url) as connection:
            connection.execute(text("UPDATE entry SET received_at = received_at + 1 WHERE idx = 12"))
        bundle = write_bundle(store.export(store.cut_period(0, store.size())), VERIFIER)
        assert not verify_bundle(bundle, world.anchor).intact
