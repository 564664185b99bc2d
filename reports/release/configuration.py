"""Rules and protections: the policy in plain sentences and who set it, protected refs, who changed the rules."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final

from ledger.roster.state import policy_at
from ledger.rules.catalogue import SHARED
from ledger.rules.plain import gate_words, parameter_words
from reports.parts import Break, Bullets, Facts, Heading, Paragraph, Row, Section, Table, line, say_line, words
from reports.protections import demanded, differences, passing, refused
from reports.release.governed import act_words, governance_of
from reports.release.places import SECTIONS
from reports.release.said import (
    NAME,
    NONE,
    code,
    columns,
    digest_line,
    entry,
    joined,
    ledger_time,
    link,
    quiet,
    rows,
    strong,
)
from reports.say import say, say_count
from reports.text import capture
from reports.wording import number

if TYPE_CHECKING:
    from ledger.dossier.facts import Told
    from ledger.events.forge import ControlSnapshot, Protection
    from reports.parts import Block, Line
    from reports.release.governed import Act, Governance
    from reports.release.view import View

ANCHOR: Final = "configuration"
POLICY: Final = "policy"
"""Anchor of the policy."""
ADMINISTRATION: Final = "administration"
"""Anchor of the administrative log."""
MOST_ACTS: Final = 60
"""Acts printed, the latest first; the rest is counted."""


def configuration(view: View) -> Section:
    """The section."""
    governance = governance_of(view)
    return Section(
        ANCHOR,
        "13",
        words(say(SECTIONS[ANCHOR])),
        words(say("Which rules and protections were in force, who set them, and who can change them?")),
        _lede(view, governance),
        (
            Heading(words(say("The policy in force")), POLICY),
            _policy(view, governance),
            *_sentences(view),
            Heading(words(say("Administration of the ledger")), ADMINISTRATION),
            _administrators(governance),
            *_acts(governance),
            Heading(words(say("How the forge protected the refs"))),
            _protections(view),
        ),
    )


def _lede(view: View, governance: Governance) -> Line:
    return line(
        say_count(
            "The policy {policy} judged everything here. {administrators} can change the rules; {count} act "
            "of theirs is recorded {since}.",
            "The policy {policy} judged everything here. {administrators} can change the rules; {count} acts "
            "of theirs are recorded {since}.",
            len(governance.recent),
            policy=capture(view.policy.name, limit=80),
            administrators=say_count("{count} person", "{count} people", len(governance.administrators())),
            since=_since(governance),
        )
    )


def _since(governance: Governance) -> str:
    return say("since the previous release") if governance.since else say("since the ledger was founded")


def _policy(view: View, governance: Governance) -> Facts:
    records = view.dossier.records
    project = view.dossier.record.event.context.project or view.dossier.sources[0].source.project
    policy = policy_at(records.roster, project, records.position)
    act = None if policy is None else governance.act_of(policy.envelope)
    since = None if policy is None else governance.held_from(policy.since)
    return Facts(
        rows(
            (say("Policy"), line(code(view.policy.name), " ", *digest_line(view.policy.digest, full=True))),
            (say("In force since"), line(since or quiet(say("the act is not at hand")))),
            (say("Set by"), _signed_by(governance, act)),
            (say("Approved by"), _approved_by(governance, act)),
        )
    )


def _signed_by(governance: Governance, act: Act | None) -> Line:
    if act is None:
        return line(quiet(say("not at hand")))
    return line(governance.signer(act.record), quiet(f", {ledger_time(act.record)}, {entry(act.record)}"))


def _approved_by(governance: Governance, act: Act | None) -> Line:
    if act is None:
        return line(quiet(say("not at hand")))
    parts = [
        line(
            governance.signer(item),
            quiet(f", {ledger_time(item)}, {entry(item)}"),
        )
        for item in act.decisions
    ]
    if parts:
        return joined(parts, "; ")
    if governance.records.roster.core.admins_required == 1:
        return line(say("nobody else: one administrator acts alone in this ledger"))
    return line(quiet(say("nobody else is recorded")))


def _sentences(view: View) -> tuple[Block, ...]:
    """What the policy decides for itself as a list, then what it leaves as the product has it."""
    shared = view.policy.shared
    own = [parameter_words(SHARED[name], shared[name]) for name in shared if shared[name] != SHARED[name].default]
    usual = [parameter_words(SHARED[name], shared[name]) for name in shared if shared[name] == SHARED[name].default]
    return (
        Paragraph(
            say_line(
                "What it asks for, in plain words; what single rules ask for is in {method}.",
                method=link("method", say(SECTIONS["method"]), page=True),
            )
        ),
        Bullets(
            (
                line(gate_words(strict=view.policy.strict)),
                *(line(capture(sentence, limit=600)) for sentence in own),
            )
        ),
        *_usual(usual),
    )


def _usual(sentences: list[str]) -> tuple[Block, ...]:
    """What the policy leaves as the rules have it: a list, for the weightiest may stand among it."""
    if not sentences:
        return ()
    return (
        Paragraph(line(strong(say("What the policy does not decide, so the rules' defaults apply:")))),
        Bullets(tuple(line(capture(sentence, limit=600)) for sentence in sentences)),
    )


def _protections(view: View) -> Table:
    last: dict[tuple[str, str], tuple[Told[ControlSnapshot], Protection]] = {}
    seen: dict[tuple[str, str], list[Protection]] = {}
    for item in view.dossier.surroundings.snapshots:
        for protection in item.body.refs:
            key = (str(item.record.event.context.project), protection.ref)
            last[key] = (item, protection)
            seen.setdefault(key, []).append(protection)
    return Table(
        columns(
            (say("Ref"), 14),
            (say("Protected"), 9),
            (say("Demanded"), 13),
            (say("Pushes past"), 17),
            (say("Who may pass it over"), 18),
            (say("Seen, and what changed"), 29),
        ),
        tuple(_protection(item, one, seen[key]) for key, (item, one) in last.items()),
        words(
            say(
                "No snapshot of the forge's protections is recorded: how refs were protected cannot be told from this "
                "ledger."
            )
        ),
        words(say("As the latest snapshot of each ref shows")),
        "dense",
    )


def _protection(item: Told[ControlSnapshot], one: Protection, history: list[Protection]) -> Row:
    changed = [differences(before, after) for before, after in pairwise(history) if before != after]
    before = (
        say("one snapshot")
        if len(history) == 1
        else say_count(
            "{snapshots} snapshots, changed {count} time",
            "{snapshots} snapshots, changed {count} times",
            len(changed),
            snapshots=number(len(history)),
        )
    )
    last = say("last: {changes}", changes="; ".join(changed[-1])) if changed else ""
    return Row(
        (
            line(code(capture(one.ref, limit=NAME))),
            line(say("yes") if one.protected else strong(say("! no"))),
            line(demanded(one)),
            line(refused(one)),
            line(passing(one)),
            line(
                f"{ledger_time(item.record)}, {entry(item.record)}",
                quiet(f"; {before}"),
                *(line(Break(), last) if last else ()),
            ),
        ),
        hit=not one.protected,
    )


def _administrators(governance: Governance) -> Facts:
    core = governance.records.roster.core
    uses = governance.records.roster.recovery_uses
    names = joined([line(governance.name(one)) for one in governance.administrators()])
    required = (
        say("one administrator acts alone")
        if core.admins_required == 1
        else say("{count} administrators must agree; ending takes one", count=core.admins_required)
    )
    return Facts(
        rows(
            (say("Who can change the rules"), names or line(quiet(say("nobody")))),
            (say("For each act of theirs"), line(required)),
            (
                say("Recovery key"),
                line(
                    say("none")
                    if core.recovery is None
                    else say_count("one, used {count} time", "one, used {count} times", len(uses))
                ),
            ),
        )
    )


def _acts(governance: Governance) -> tuple[Block, ...]:
    recent = tuple(reversed(governance.recent))
    table = Table(
        columns(
            (say("Entry"), 7),
            (say("Ledger time, UTC"), 19),
            (say("What was done"), 38),
            (say("By"), 17),
            (say("Approved by"), 19),
        ),
        tuple(_act(governance, act) for act in recent[:MOST_ACTS]),
        words(say("Nobody changed rules, roles, keys or people since the previous release.")),
        words(
            say("Acts since the previous release, the latest first")
            if governance.since
            else say("Acts since the ledger was founded, the latest first")
        ),
        "dense",
    )
    rest = len(recent) - MOST_ACTS
    if rest <= 0:
        return (table,)
    said = say_count(
        "{count} earlier act is not printed; the stream of the ledger is whole in the attached bundle.",
        "{count} earlier acts are not printed; the stream of the ledger is whole in the attached bundle.",
        rest,
    )
    return (table, Paragraph(line(said), small=True))


def _act(governance: Governance, act: Act) -> Row:
    others = joined([line(governance.signer(item)) for item in act.decisions])
    alone = governance.records.roster.core.admins_required == 1
    # What founded the ledger had nobody before it who could have approved.
    unneeded = NONE if alone or act.record.index == 0 else say("nobody: one suffices")
    nobody = say("waits for another") if act.pending else unneeded
    return Row(
        (
            line(str(act.record.index)),
            line(ledger_time(act.record)),
            act_words(governance, act.record),
            line(governance.signer(act.record)),
            others or line(quiet(nobody)),
        ),
        hit=act.pending,
    )
