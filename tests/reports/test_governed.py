"""Who may change the rules and who did, asked of a stretch of the records, in the words of both packs."""

from __future__ import annotations

from ledger.entry import LEDGER_STREAM
from ledger.events.work import Approval
from reports.period.administration import administration
from reports.release.governed import Governance, act_words
from tests.reports import period_views
from tests.reports.plain import said, table


def test_recent_acts_are_those_that_came_or_were_decided_about_in_the_stretch() -> None:
    """At whatever entry a stretch begins and ends, exactly the acts with an entry of their own in it are recent."""
    records = period_views.quarter().dossier.records
    whole = Governance(records, 0, records.position)
    assert whole.recent == whole.acts
    acts = [
        record
        for record in records.entries
        if record.leaf.stream == LEDGER_STREAM and not isinstance(record.event.body, Approval)
    ]
    assert [act.record for act in whole.acts] == acts
    for act in whole.acts:
        indexes = [act.record.index, *(one.index for one in act.decisions)]
        for index in indexes:
            assert act in Governance(records, index, index + 1).recent
        assert act not in Governance(records, max(indexes) + 1, records.position).recent
        assert act not in Governance(records, 0, min(indexes)).recent
    assert any(act.decisions for act in whole.acts)


def test_an_act_reads_alike_in_both_packs() -> None:
    """What a period prints of its acts is what a release would print of them, the founding of the ledger among them."""
    view = period_views.quarter()
    whole = Governance(view.dossier.records, 0, view.dossier.records.position)
    assert said(act_words(whole, whole.acts[0].record)) == "founded the ledger with 2 administrators"
    printed = table(administration(view), "Acts on the roster")
    recent = Governance(view.dossier.records, view.dossier.first, view.dossier.end).recent
    assert [said(row.cells[2]) for row in printed.rows] == [said(act_words(whole, act.record)) for act in recent]
