"""What scanners found, and whether the sorts of suite that a policy asks for ran: TST-07 and TST-10."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from ledger.rules.contributors import gaps
from ledger.rules.reporters import own_word, person_who_signed
from ledger.rules.risk import by_class, of_class
from ledger.rules.runs import GOOD, suite_words, trees_asked, undated
from ledger.rules.shape import ChangeCase, Finding, NamedRecord, failed, inapplicable, passed, untold
from ledger.rules.stated import each, is_late
from ledger.rules.wording import capital, counted, listed, party_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ledger.canonical import JSON
    from ledger.dossier.facts import RunFact, Told
    from ledger.events.operation import Scan
    from ledger.rules.judged import Judged

LEVELS: Final = ("error", "warning", "note", "none")
"""Levels of findings, the gravest first."""


def tst_07(case: ChangeCase) -> Finding:
    """TST-07: scans of the content ran to their end, and no more is open than the policy allows."""
    return each(case, _scanned)


def _scanned(case: ChangeCase, content: Judged) -> Finding:
    trees = trees_asked(case, content)
    series: dict[tuple[str, str], list[Told[Scan]]] = {}
    own: list[str] = []
    hidden = gaps(case)
    for item in case.change.scans:
        if item.body.target == "prompts" or item.body.tree not in trees:
            continue
        # A report is a file that anybody can write: whoever took part vouches for nothing with it, as in TST-03. What
        # they show against themselves counts.
        who = own_word(case, item.record)
        where = f"the scan of {item.body.target} in entry {item.record.index}"
        if who is not None and not _over(case, item):
            own.append(f"{where} is {party_words(who, 'whoever signed')}'s own word")
            continue
        if person_who_signed(case.records, item.record) is not None and hidden and not _over(case, item):
            own += [f"whether {where} is a contributor's own word is open", *hidden]
            continue
        series.setdefault((item.body.tool.name, item.body.target), []).append(item)
    wanted = cast("list[str]", case.settings["scan_targets"])
    scanned = {target for _, target in series}
    missing = [f"no scan of {target} of {content.name} is recorded" for target in wanted if target not in scanned]
    bad: list[str] = []
    last: list[Told[Scan]] = []
    for scans in series.values():
        doubts = _undated(scans)
        if doubts:
            missing += doubts
            continue
        last.append(scans[-1])
        bad += _over(case, scans[-1])
        if scans[-1].body.complete == "no":
            missing.append(f"the scan of entry {scans[-1].record.index} did not run to its end")
    inputs: list[NamedRecord] = [*content.inputs, *(("scan", item.record) for item in last)]
    if bad:
        return failed(f"Above the policy's limits: {'; '.join(bad)}.", inputs)
    if missing or not last:
        return untold([*(missing or (f"no scan of {content.name} is recorded",)), *own], inputs)
    told = [_reported(case, item) for item in last]
    return passed(f"Within the policy's limits: {listed(told)}.", inputs)


def _reported(case: ChangeCase, item: Told[Scan]) -> str:
    """A clause on what a scan found, and who reported it where that was no service."""
    who = person_who_signed(case.records, item.record)
    by = "" if who is None else f", reported by {party_words(who, 'somebody')}"
    return f"{item.body.tool.name} ({item.body.target}{by}): {_counts(item.body)}"


def _over(case: ChangeCase, item: Told[Scan]) -> list[str]:
    """Clauses on what a scan found beyond the limits."""
    limits = cast("Mapping[str, int]", case.settings["scan_limits"])
    scan = item.body
    where = f"by {scan.tool.name} in {scan.target} (entry {item.record.index}"
    found = [
        f"{getattr(scan.counts, level)} of the level {level} {where}; {limits[level]} may be open)"
        for level in LEVELS
        if level in limits and getattr(scan.counts, level) > limits[level]
    ]
    allowed = cast("int", case.settings["unjustified"])
    if scan.suppressed.unjustified > allowed:
        some = counted(scan.suppressed.unjustified, "finding", "findings")
        found.append(f"{some} set aside without a justification {where}; {allowed} may be)")
    return found


def _counts(scan: Scan) -> str:
    open_ones = [f"{getattr(scan.counts, level)} {level}" for level in LEVELS if getattr(scan.counts, level)]
    aside = [f"{scan.suppressed.justified} set aside with a justification"] if scan.suppressed.justified else []
    said = ["the tool does not say that it ran to its end"] if scan.complete == "unknown" else []
    return ", ".join([*(open_ones or ["nothing open"]), *aside, *said])


def _undated(scans: Sequence[Told[Scan]]) -> tuple[str, ...]:
    if len({(item.body.counts, item.body.suppressed, item.body.complete) for item in scans}) < 2:
        return ()
    return tuple(
        f"which scan of {item.body.tool.name} is the latest is open, as that of entry {item.record.index} was only "
        "recorded afterwards"
        for item in scans
        if is_late(item.record)
    )


def tst_10(case: ChangeCase) -> Finding:
    """TST-10: the sorts of suite that the policy asks for ran on the content, against a named contract where asked."""
    return each(case, lambda case, content: by_class(case, content, lambda name: _of_sorts(case, content, name)))


def _of_sorts(case: ChangeCase, content: Judged, name: str) -> Finding:
    wanted = of_class(cast("dict[str, list[dict[str, JSON]]]", case.settings["suite_classes"]), name)
    if not wanted:
        return inapplicable(f"the policy asks for sorts of suite at the risk class “{name}”", content.inputs)
    trees = trees_asked(case, content)
    bad: list[str] = []
    missing: list[str] = []
    told: list[str] = []
    inputs: list[NamedRecord] = [*content.inputs]
    for item in wanted:
        sort = str(item["class"])
        runs = [run for run in case.change.runs if run.run.run.class_ == sort and run.run.run.tree in trees]
        if not runs:
            missing.append(f"no run with class {sort} on {content.name} is recorded")
            continue
        inputs += [("test", run.record) for run in runs]
        for last in _latest(runs):
            if isinstance(last, str):
                missing.append(last)
            elif last.run.result not in GOOD:
                bad.append(f"{suite_words(last)} of the sort {sort} did not pass in its latest run")
            elif item["contract"] and last.run.run.contract is None:
                bad.append(f"{suite_words(last)} of the sort {sort} names no contract or schema that it tested against")
            else:
                told.append(f"{suite_words(last)} ({sort}{_contract(last)})")
    if bad:
        return failed(f"{capital('; '.join(bad))}.", inputs)
    if missing:
        return untold(missing, inputs)
    return passed(f"Passed on {content.name}: {listed(told)}.", inputs)


def _latest(runs: Sequence[RunFact]) -> Iterable[RunFact | str]:
    """The latest run of each suite, or a clause that says why it is open which one that is."""
    by_suite: dict[str, list[RunFact]] = {}
    for item in runs:
        by_suite.setdefault(item.run.run.suite, []).append(item)
    for items in by_suite.values():
        doubts = undated(items)
        if doubts:
            yield from doubts
        else:
            yield items[-1]


def _contract(item: RunFact) -> str:
    contract = item.run.run.contract
    return "" if contract is None else f", against {contract.name} {contract.sha256[:19]}…"
