"""Exceptions: declared departures from rules, who asked, who authorised, and who looked at them afterwards."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final, cast

from ledger.dossier.people import compare
from ledger.rules.catalogue import BY_ID
from ledger.rules.excepting import AUTHORISATION, REVIEW
from ledger.rules.exceptions import DECISIVE, landed_under
from ledger.rules.reviewed import stands
from ledger.rules.verdict import Outcome
from reports.parts import Card, Line, Mark, Section, line, say_line, words
from reports.release.bypasses import bypasses, past
from reports.release.gates import gate_answers
from reports.release.register import once
from reports.release.said import (
    absence,
    digest_line,
    entry,
    entry_anchor,
    joined,
    ledger_time,
    link,
    named,
    parse_time,
    quiet,
    received,
    rows,
    status,
    strong,
)
from reports.release.signature import signature_block
from reports.release.worth import DECIDED, Worth, ended, valued
from reports.say import say, say_count, to_say
from reports.text import capture
from reports.wording import duration, moment, share

if TYPE_CHECKING:
    from ledger.dossier.facts import ApprovalFact, ExceptionFact, Party
    from ledger.records import Record
    from reports.parts import Block, Strong
    from reports.release.view import ChangeView, View
    from reports.text import Text

ANCHOR: Final = "exceptions"
_WRITING: Final = ("author", "co-author")
"""Ways to take part in a change that are writing it."""


def exceptions(view: View) -> Section:
    """The section."""
    found = listed_exceptions(view)
    return Section(
        ANCHOR,
        "9",
        words(say("Exceptions and bypasses")),
        words(say("What departed from the rules, declared or not, why, and who looked at it afterwards?")),
        _lede(view, found),
        (*_blocks(view, found), *bypasses(view)),
        brief=not found and (view.changeless or not gate_answers(view)),
    )


def _blocks(view: View, found: tuple[tuple[ChangeView | None, ExceptionFact], ...]) -> list[Block]:
    """A card for each exception, those that nobody reviewed first, each followed by what people signed about it."""
    placed: set[int] = set()
    blocks: list[Block] = []
    for change, item in sorted(found, key=lambda one: looked_at(one[1])):
        blocks.append(_card(view, change, item, placed))
        label = capture(say("Exception of entry {index}", index=item.record.index), limit=120)
        for fact in item.decisions:
            # One exception may stand at several changes; an entry has one block.
            if fact.record.index not in placed:
                placed.add(fact.record.index)
                blocks.append(signature_block(fact, label, _worth(item, fact), view.settings))
    return blocks


def listed_exceptions(view: View) -> tuple[tuple[ChangeView | None, ExceptionFact], ...]:
    """Every exception of the release and of its changes, ascending by entry index."""
    found: list[tuple[ChangeView | None, ExceptionFact]] = [(None, item) for item in view.dossier.exceptions]
    found += [(change, item) for change in view.changes for item in change.facts.exceptions]
    return tuple(sorted(found, key=lambda item: item[1].record.index))


def reviews(item: ExceptionFact) -> tuple[ApprovalFact, ...]:
    """Reviews of an exception by somebody else than who asked for it, agreeing or not; in time is the rule's."""
    return tuple(
        fact
        for fact in item.decisions
        if fact.approval.meaning == REVIEW
        and fact.approval.decision in DECISIVE
        and stands(fact)
        and compare(fact.approver, item.requester) != "yes"
    )


def looked_at(item: ExceptionFact) -> bool:
    """Whether somebody else than who asked for an exception reviewed it."""
    return bool(reviews(item))


def reviewed_by(item: ExceptionFact) -> str:
    """The entries that review an exception, else that none does."""
    found = reviews(item)
    return (
        say("reviewed by {entries}", entries=", ".join(entry(fact.record) for fact in found))
        if found
        else say("not reviewed")
    )


def _lede(view: View, found: tuple[tuple[ChangeView | None, ExceptionFact], ...]) -> Line:
    went = past(view)
    also = () if not went else (" ", went)
    if not found:
        return line(say("No exception was declared for this release or for one of its changes."), *also)
    whole = [verdict for verdict in view.verdicts if verdict.outcome in (Outcome.FAIL, Outcome.NOT_EVALUABLE)]
    return line(
        say_count(
            "{count} exception declared; {beside} verdicts that failed or cannot be told stand beside one. A verdict "
            "stays what it is: an exception explains it and mends nothing.",
            "{count} exceptions declared; {beside} verdicts that failed or cannot be told stand beside one. A verdict "
            "stays what it is: an exception explains it and mends nothing.",
            len(found),
            beside=share(sum(bool(verdict.excepted_by) for verdict in whole), len(whole)),
        ),
        *also,
    )


def _card(view: View, change: ChangeView | None, item: ExceptionFact, placed: set[int]) -> Card:
    exception = item.exception
    incident = "" if exception.incident is None else f", {exception.incident}"
    used = used_under(view, change, item)
    return Card(
        capture(
            say("Exception of entry {index}: {cause}", index=item.record.index, cause=f"{exception.cause}{incident}"),
            limit=200,
        ),
        status(Mark.EXCEPTED, say("Reviewed") if looked_at(item) else say("Not reviewed")),
        rows(
            (say("For"), _subject(view, change, item)),
            (say("Covers"), _covers(item)),
            (say("Departs from"), line("; ".join(f"{rule} {_title(rule)}".strip() for rule in exception.rules))),
            (say("Reason"), _reason(item)),
            (say("Asked by"), line(named(item.requester), ", ", quiet(ledger_time(item.record)))),
            (say("Holds until"), line(moment(parse_time(exception.expires_at)))),
            (say("Used"), _use(change, item, used)),
            (say("Authorised by"), _decided(item, AUTHORISATION, used, change)),
            (say("Reviewed by"), _decided(item, REVIEW, used, change)),
            (say("Review due"), _due(view, item)),
            (say("More than one part"), _parts(view, change, item)),
            (say("Stands beside"), _beside(view, item)),
        ),
        once(placed, item.record.index),
    )


def used_under(view: View, change: ChangeView | None, item: ExceptionFact) -> tuple[Record, ...]:
    """The entries by which what the exception covers had landed or was deployed."""
    if change is not None:
        return tuple(landed_under(view.case(change), item))
    where = item.exception.environment
    return tuple(one.record for one in view.dossier.deployments if where in (None, one.deploy.environment))


def _use(change: ChangeView | None, item: ExceptionFact, used: tuple[Record, ...]) -> Line:
    if not used:
        return line(
            quiet(
                say("not deployed to where it holds")
                if change is None
                else say("nothing landed that it covers: another revision is not covered")
            )
        )
    first = used[0]
    did = say("landed") if change is not None else say("deployed")
    return line(
        say("{did} by {entry}, {time}", did=did, entry=entry(first), time=ledger_time(first)), ", ", _lag(item, first)
    )


def _lag(item: ExceptionFact, use: Record) -> str:
    span = duration(abs(received(use) - received(item.record)))
    if item.record.index < use.index:
        return say("{span} after the exception was declared", span=span)
    return say("! {span} before the exception was declared", span=span)


def _covers(item: ExceptionFact) -> Line:
    """Exactly what the exception is for: a revision by its digests, or the release event."""
    exception = item.exception
    revision = item.record.event.context.about.revision
    parts: list[Line] = [] if revision is None else [line(say("revision {revision}", revision=revision))]
    for label, value in (
        (to_say("manifest {digest}"), exception.manifest),
        (to_say("tree {digest}"), exception.tree),
        (to_say("commit {digest}"), exception.commit),
        (to_say("release event {digest}"), exception.release),
    ):
        if value is not None:
            parts.append(say_line(label, digest=digest_line(value)))
    return joined(parts) or line(quiet(say("no content is named")))


def _due(view: View, item: ExceptionFact) -> Line:
    """Whether the policy asks for a review, until when, and how that stands at the time of this pack."""
    on = next((setting for setting in view.policy.rules if setting.rule.id == "EXC-02"), None)
    if on is None:
        return line(quiet(say("the policy asks for no review: the rule EXC-02 is off")))
    due = received(item.record) + timedelta(hours=cast("int", on.settings["review_hours"]))
    when = moment(due)
    if looked_at(item):
        return line(when)
    if parse_time(view.carried.as_of) <= due:
        return line(say("{time}: not over at the time as of which this pack speaks", time=when))
    return line(status(Mark.FAIL, say("Overdue")), " ", say("since {time}", time=when))


def _parts(view: View, change: ChangeView | None, item: ExceptionFact) -> Line:
    """Who had more than one part in the exception and what it is for: a fact, which SOD-08 judges where it is on."""
    held: list[tuple[str, Party]] = [(say("asked for the exception"), item.requester)]
    for fact in item.decisions:
        if stands(fact) and fact.approval.decision in DECISIVE:
            did = say("authorised it") if fact.approval.meaning == AUTHORISATION else say("reviewed it")
            held.append((did, fact.approver))
    if change is None:
        held.append((say("released it"), view.dossier.released_by))
        held += [(say("deployed it"), one.deployed_by) for one in view.dossier.deployments]
    else:
        wrote = [one for one in change.facts.contributions if one.duty in _WRITING]
        took = [one for one in change.facts.contributions if one.duty not in _WRITING]
        held += [(say("wrote the change"), one.party) for one in wrote]
        held += [
            (say("took part in the change"), one.party)
            for one in took
            if all(compare(one.party, other.party) != "yes" for other in wrote)
        ]
        held += [(say("merged it"), one.merged_by) for one in change.facts.landings]
    found: dict[Text, list[str]] = {}
    # Who asked, authorised or reviewed, with everything else that is the same person's.
    for _, party in held[: 1 + len(item.decisions)]:
        theirs = list(dict.fromkeys(did for did, other in held if compare(party, other) == "yes"))
        if len(theirs) > 1:
            found.setdefault(named(party), theirs)
    if not found:
        open_ = any(compare(item.requester, other) == "unknown" for _, other in held[1:])
        return line(
            quiet(say("cannot be told: an account belongs to nobody known") if open_ else say("nobody that is known"))
        )
    return joined([line(name, say(": {parts}", parts=", ".join(theirs))) for name, theirs in found.items()], "; ")


def _worth(item: ExceptionFact, fact: ApprovalFact) -> tuple[Worth, ...]:
    """What a decision about an exception is worth; whether the policy asks for it, the rules say."""
    decision, review = fact.approval.decision, fact.approval.meaning == REVIEW
    if decision not in DECISIVE or not stands(fact):
        return ended(fact)
    same = compare(fact.approver, item.requester)
    if same == "yes":
        found = valued(Mark.FAIL, say("Own request"), say("its signer asked for the exception"))
    elif same == "unknown":
        found = valued(Mark.CANNOT_TELL, say("Cannot tell"), say("whether its signer asked for the exception is open"))
    elif decision == "reject":
        found = valued(Mark.FAIL, say("Disagrees"), say("its signer does not agree with the exception"))
    elif review:
        found = valued(Mark.PASS, say("Reviewed"), say("somebody else than who asked looked at the exception"))
    else:
        found = valued(Mark.PASS, say("Authorised"), say("somebody else than who asked authorised the exception"))
    return (found, *ended(fact))


def _subject(view: View, change: ChangeView | None, item: ExceptionFact) -> Line:
    what = line(say("the release"))
    if change is not None:
        label = link(change.anchor("r"), change.label, page=True) if view.shows(change) else change.label
        what = line(label, ": ", change.title)
    if item.exception.environment is None:
        return what
    return (*what, *line(", ", quiet(say("in {environment}", environment=item.exception.environment))))


def _title(rule: str) -> str:
    return BY_ID[rule].title if rule in BY_ID else ""


def _reason(item: ExceptionFact) -> Line:
    if isinstance(item.reason, str):
        return line(capture(item.reason, limit=600))
    return line(strong(say("reason {absence}", absence=absence(item.reason.state))))


def _decided(item: ExceptionFact, meaning: str, used: tuple[Record, ...], change: ChangeView | None) -> Line:
    """Who decided, when, and whether that was before what is excepted had landed or gone out."""
    facts = [fact for fact in item.decisions if fact.approval.meaning == meaning and stands(fact)]
    return joined(
        [
            line(
                named(fact.approver),
                f" {say(DECIDED[fact.approval.decision])}, ",
                link(entry_anchor(fact.record.index), entry(fact.record)),
                quiet(
                    say(
                        ", {time}, {after} after it was declared",
                        time=ledger_time(fact.record),
                        after=duration(max(received(fact.record) - received(item.record), timedelta())),
                    )
                ),
                *_late(fact, meaning, used, change),
            )
            for fact in facts
        ],
        "; ",
    ) or line(strong(say("nobody")))


def _late(
    fact: ApprovalFact, meaning: str, used: tuple[Record, ...], change: ChangeView | None
) -> tuple[str | Strong, ...]:
    """That an authorisation came only after the use; a review is meant to."""
    if meaning != AUTHORISATION or not used or fact.record.index < used[0].index:
        return ()
    span = duration(max(received(fact.record) - received(used[0]), timedelta()))
    said = (
        say("! {span} after it had landed", span=span)
        if change is not None
        else say("! {span} after it had been deployed", span=span)
    )
    return (", ", strong(said))


def _beside(view: View, item: ExceptionFact) -> Line:
    """The verdicts that the exception stands beside: what it was used for, as the rules see it."""
    found = [
        verdict.rule
        for verdict in view.verdicts
        if any(one.envelope == item.record.envelope for one in verdict.excepted_by)
    ]
    if not found:
        return line(quiet(say("no verdict: nothing that it speaks of failed, or it does not reach what did")))
    return line(
        say_count(
            "{count} verdict: {rules}", "{count} verdicts: {rules}", len(found), rules=", ".join(dict.fromkeys(found))
        )
    )
