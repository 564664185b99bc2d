"""What gates answered, and what went past a gate or a protection, declared or not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ledger.rules.verdict import Outcome
from reports.parts import (
    Bullets,
    Heading,
    Mark,
    Row,
    Table,
    line,
    say_count_line,
    words,
)
from reports.release.gates import Despite, despite, gate_answers, gate_table, is_shut
from reports.release.governed import previous_position
from reports.release.population import loose_landings, population
from reports.release.said import (
    NAME,
    code,
    columns,
    entry,
    entry_anchor,
    joined,
    ledger_time,
    link,
    named,
    status,
    strong,
)
from reports.release.view import MARKS
from reports.say import say, say_count
from reports.text import capture
from reports.wording import number

if TYPE_CHECKING:
    from ledger.dossier.facts import Told
    from ledger.events.forge import Push
    from ledger.rules.verdict import Verdict
    from reports.parts import Block, Line
    from reports.release.view import View
    from reports.text import Text

ANCHOR: Final = "bypasses"
MOST_NAMED: Final = 12
"""Entries and subjects named in a sentence; the rest is counted."""
_GRAVEST: Final = (Outcome.FAIL, Outcome.NOT_EVALUABLE, Outcome.PASS, Outcome.NOT_APPLICABLE)


def bypass_verdicts(view: View) -> tuple[Verdict, ...]:
    """What EXC-05 found, gravest first."""
    found = [verdict for verdict in view.verdicts if verdict.rule == "EXC-05"]
    return tuple(sorted(found, key=lambda verdict: _GRAVEST.index(verdict.outcome)))


def passed_over(view: View) -> tuple[Told[Push], ...]:
    """Pushes since the previous release that passed over a protection, were forced or deleted a ref."""
    since = previous_position(view)
    own = {item.record.index: item for change in view.changes for item in change.facts.pushes}
    own |= {item.record.index: item for item in view.dossier.surroundings.pushes if item.record.index >= since}
    return tuple(own[index] for index in sorted(own) if went_past(own[index].body))


def went_past(push: Push) -> bool:
    """Whether a push passed over a protection, was forced or deleted a ref."""
    return push.bypass is not None or push.forced or push.after is None


def bypasses(view: View) -> tuple[Block, ...]:
    """The blocks: what went past, in sentences, then its tables, then what the gates answered."""
    verdicts = bypass_verdicts(view)
    pushes = passed_over(view)
    passed = despite(view)
    return (
        Heading(words(say("Gates and bypasses")), ANCHOR),
        Bullets(
            (
                _unplaced(view),
                line(
                    say_count(
                        "{count} push passed over a protection, was forced or deleted a ref.",
                        "{count} pushes passed over a protection, were forced or deleted a ref.",
                        len(pushes),
                    )
                    if pushes
                    else say("No recorded push passed over a protection, was forced or deleted a ref.")
                ),
                line(_answered(view)),
                *_went_on(view, passed),
                line(_judged(view, verdicts)),
            )
        ),
        # A sentence has said that there is none where a table would be empty.
        *(table for table in _tables(view, verdicts, pushes) if table.rows),
        *gate_table(view),
    )


def past(view: View) -> str:
    """What landed without a recorded change, and past a gate that had answered Shut; empty: nothing did."""
    loose = len(loose_landings(view))
    changes = sum(one.change is not None for one in despite(view))
    said = []
    if loose:
        said.append(
            say_count(
                "{count} landing belongs to no recorded change.",
                "{count} landings belong to no recorded change.",
                loose,
            )
        )
    if changes:
        said.append(
            say_count(
                "{count} landing came after the merge gate had answered Shut.",
                "{count} landings came after the merge gate had answered Shut.",
                changes,
            )
        )
    return " ".join(said)


def _unplaced(view: View) -> Line:
    loose = loose_landings(view)
    strange = population(view).strange
    if not loose and not strange:
        return line(say("Every listed commit was landed by a recorded change."))
    parts = [
        line(link(entry_anchor(one.index), entry(one), page=True) if shown else entry(one)) for one, shown in loose
    ]
    told: list[Line] = []
    if loose:
        told.append(
            say_count_line(
                "{mark} {count} landing without a recorded change: {entries}.",
                "{mark} {count} landings without a recorded change: {entries}.",
                len(loose),
                mark=strong("!"),
                entries=joined(parts[:MOST_NAMED]),
            )
        )
        if len(parts) > MOST_NAMED:
            told.append(line(say("{count} more stand in Completeness.", count=number(len(parts) - MOST_NAMED))))
    if strange:
        told.append(
            say_count_line(
                "{mark} {count} listed commit is in nothing that is recorded; see {section}.",
                "{mark} {count} listed commits are in nothing that is recorded; see {section}.",
                len(strange),
                mark=strong("!"),
                section=link("completeness", say("Completeness"), page=True),
            )
        )
    return joined(told, " ")


def _answered(view: View) -> str:
    answers = gate_answers(view)
    if not answers:
        return say("No answer of a gate is recorded for the release or its changes.")
    return say_count(
        "Gates answered {count} time: {shut} Shut, {open} Open.",
        "Gates answered {count} times: {shut} Shut, {open} Open.",
        len(answers),
        shut=number(sum(is_shut(item) for _, item in answers)),
        open=number(sum(not is_shut(item) for _, item in answers)),
    )


def _went_on(view: View, passed: tuple[Despite, ...]) -> tuple[Line, ...]:
    """What landed or was deployed after an answer Shut, and whether the gate could have stopped it."""
    found: list[Line] = []
    landed = [one for one in passed if one.change is not None]
    if landed:
        found.append(
            line(
                strong("! "),
                say_count(
                    "{count} landing came after the merge gate had last answered Shut.",
                    "{count} landings came after the merge gate had last answered Shut.",
                    len(landed),
                ),
                *_watching(landed),
            )
        )
    deployed = [one for one in passed if one.change is None]
    if deployed:
        found.append(
            line(
                strong("! "),
                say("The release was deployed after the deploy gate had last answered Shut."),
                *_watching(deployed),
            )
        )
    if not passed and any(is_shut(item) for _, item in gate_answers(view)):
        found.append(line(say("Nothing landed or was deployed while the last answer of its gate was Shut.")))
    return tuple(found)


def _watching(passed: list[Despite]) -> tuple[str, ...]:
    watched = sum(one.watched for one in passed)
    if not watched:
        return ()
    if watched == len(passed):
        return (" ", say("The gate only watched: it answered, and stopped nothing."))
    return (
        " ",
        say_count(
            "For {count} of them the gate only watched: it answered, and stopped nothing.",
            "For {count} of them the gate only watched: it answered, and stopped nothing.",
            watched,
        ),
    )


def _tables(view: View, verdicts: tuple[Verdict, ...], pushes: tuple[Told[Push], ...]) -> tuple[Table, ...]:
    return (
        Table(
            columns((say("What"), 20), (say("Bypass"), 18), (say("What was found"), 62)),
            tuple(_verdict(view, verdict) for verdict in verdicts if _told(verdict)),
            words(say("No bypass is known.")),
            words(say("Past a gate or a protection, declared or not (rule EXC-05)")),
            "dense",
        ),
        Table(
            columns(
                (say("Entry"), 7),
                (say("Ledger time, UTC"), 19),
                (say("Ref"), 22),
                (say("What happened"), 30),
                (say("By"), 22),
            ),
            tuple(map(_push, pushes)),
            words(say("No recorded push passed over a protection, was forced or deleted a ref.")),
            words(say("Pushes past a protection, as the forge told them")),
            "dense",
        ),
    )


def _judged(view: View, verdicts: tuple[Verdict, ...]) -> str:
    if not verdicts:
        return say("Whether something went past them undeclared was not judged: the rule EXC-05 is off.")
    failed = sum(verdict.outcome is Outcome.FAIL for verdict in verdicts)
    declared = sum(verdict.outcome is Outcome.PASS and _told(verdict) for verdict in verdicts)
    untold = [verdict for verdict in verdicts if verdict.outcome is Outcome.NOT_EVALUABLE]
    said = say(
        "Judged by the rule EXC-05: {undeclared} undeclared, {declared} declared.",
        undeclared=say_count("{count} bypass", "{count} bypasses", failed),
        declared=number(declared),
    )
    if not untold:
        return said
    subjects = dict.fromkeys(_subject(view, verdict).plain for verdict in untold)
    shown = ", ".join(list(subjects)[:MOST_NAMED])
    if len(subjects) > MOST_NAMED:
        shown = say("{subjects} and {count} more", subjects=shown, count=number(len(subjects) - MOST_NAMED))
    return f"{said} {say('Whether there was one cannot be told of: {subjects}.', subjects=shown)}"


def _subject(view: View, verdict: Verdict) -> Text:
    change = view.subject(verdict)
    return words(say("the release")) if change is None else change.label


def _told(verdict: Verdict) -> bool:
    """Whether the verdict speaks of a bypass, or leaves open whether there was one."""
    if verdict.outcome is Outcome.PASS:
        return any(item.name == "exception" for item in verdict.inputs)
    return verdict.outcome in (Outcome.FAIL, Outcome.NOT_EVALUABLE)


def _verdict(view: View, verdict: Verdict) -> Row:
    change = view.subject(verdict)
    what = line(say("The release")) if change is None else line(change.label)
    words_of = {
        Outcome.FAIL: say("Undeclared"),
        Outcome.NOT_EVALUABLE: say("Cannot tell"),
        Outcome.PASS: say("Declared"),
    }
    # A declared bypass stays one: it is excepted, and nothing held.
    mark = Mark.EXCEPTED if verdict.outcome is Outcome.PASS else MARKS[verdict.outcome]
    return Row(
        (what, line(status(mark, words_of[verdict.outcome])), line(view.sentence(verdict))),
        hit=verdict.outcome is Outcome.FAIL,
    )


def _push(item: Told[Push]) -> Row:
    body = item.body
    said = []
    if body.bypass is not None:
        said.append(say("passed over {protection}", protection=body.bypass))
    if body.forced:
        said.append(say("by force"))
    if body.after is None:
        said.append(say("deleted the ref"))
    return Row(
        (
            line(str(item.record.index)),
            line(ledger_time(item.record)),
            line(code(capture(body.ref, limit=NAME))),
            line(strong("! "), capture(", ".join(said), limit=200)),
            line(named(item.actor)),
        ),
        hit=True,
        anchor=entry_anchor(item.record.index),
    )
