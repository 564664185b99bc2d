"""The method of a period pack: the rules with their parameters, the words, and a run sheet for whoever repeats it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ledger.rules.plain import in_plain_words
from ledger.rules.verdict import summed_up
from reports.methods import glossary, rules_off
from reports.parts import (
    Beside,
    Bullets,
    Heading,
    Line,
    Listing,
    Notes,
    Paragraph,
    Row,
    Section,
    Steps,
    Table,
    line,
    say_count_line,
    say_line,
    words,
)
from reports.period.reconciliations import compared
from reports.period.sampled import drawing
from reports.period.shown import named_projects
from reports.release.said import code, columns, quiet, strong
from reports.say import say, say_count, to_say
from reports.text import capture
from reports.wording import number, zone_sentence

if TYPE_CHECKING:
    from ledger.rules.ofbundle import Part
    from ledger.rules.plain import PlainRule
    from ledger.rules.policy import PolicyRules
    from reports.parts import Block
    from reports.period.view import PeriodView

ANCHOR: Final = "method"
RUN_SHEET: Final = "run-sheet"
PARAMETERS: Final = 600
"""Characters printed of a rule's parameters."""
MOST_CLONES: Final = 6
"""Projects for which the command that compares a clone is printed."""

_GLOSSARY: Final = (
    (
        to_say("baseline"),
        to_say("An earlier period that delivery measures are set beside; it is judged by nothing here."),
    ),
    (
        to_say("change"),
        to_say("A pull or merge request, or a push, with all its revisions; of the period in which it landed."),
    ),
    (
        to_say("entry, position"),
        to_say("An event's place in the log, from 0; a count of entries. A period lies between two positions."),
    ),
    (
        to_say("exception"),
        to_say("A declared departure from rules, for one subject, until it expires; beside a verdict, never instead."),
    ),
    (to_say("landing"), to_say("Content reaching a protected ref, as a merge event tells it.")),
    (
        to_say("population"),
        to_say("Everything of one sort in the period; rules were applied to all of it, samples are for people."),
    ),
    (to_say("stratum"), to_say("A part of the population; every change is in exactly one part of each division.")),
    (
        to_say("total digest"),
        to_say("SHA-256 over the envelope digests of a list, sorted, one a line: equal exactly for equal lists."),
    ),
    (
        to_say("withheld, erased, missing"),
        to_say("Never handed in by its signer; handed in and removed since; not in this bundle."),
    ),
)


def method(view: PeriodView) -> Section:
    """The section."""
    return Section(
        ANCHOR,
        "",
        words(say("Method and run sheet")),
        words(say("By which rules and words was this made, and how do I repeat it myself?")),
        _lede(view),
        (
            Heading(words(say("Run sheet of the assessor")), RUN_SHEET),
            *_run_sheet(view),
            *(block for part in view.parts for block in _of_part(view, part)),
            Paragraph(
                line(
                    say(
                        "A pass rests on something that exists; an empty set never passes. What cannot be told is "
                        "never counted as pass. Verdicts follow the order of entries, never times that a producer "
                        "wrote. Rules compare principals, never strings. Each project is judged by the policy in force "
                        "for it at the position of the bundle."
                    )
                )
            ),
            Paragraph(
                say_line(
                    "{zone} Ledger time is the server's when the entry came in, and never decreases. Months are UTC "
                    "months.",
                    zone=zone_sentence(
                        view.begins_at or view.settings.generated_at,
                        view.settings.generated_at,
                        view.settings.zone,
                        view.settings.zone_name,
                    ),
                )
            ),
            glossary(_GLOSSARY),
        ),
    )


def _lede(view: PeriodView) -> Line:
    if len(view.parts) > 1:
        return line(
            say_count(
                "{count} rule is on in one or more of {policies} policies, each of which judges its own projects. Same "
                "records, policies, position and time: same verdicts, on anyone's machine.",
                "{count} rules are on in one or more of {policies} policies, each of which judges its own projects. "
                "Same records, policies, position and time: same verdicts, on anyone's machine.",
                len(view.rules),
                policies=number(len(view.parts)),
            )
        )
    policy = view.parts[0].policy
    return say_count_line(
        "{count} rule is on in the policy {policy}. Same records, policy, position and time: same verdicts, on "
        "anyone's machine.",
        "{count} rules are on in the policy {policy}. Same records, policy, position and time: same verdicts, on "
        "anyone's machine.",
        len(policy.rules),
        policy=code(policy.name),
    )


def _of_part(view: PeriodView, part: Part) -> list[Block]:
    """The rules of a policy; under its name and its projects where there are several."""
    if len(view.parts) == 1:
        return _rules(part.policy)
    told = say(
        "Policy {policy}: judges {projects}", policy=part.policy.name, projects=named_projects(view, part.projects)
    )
    return [Heading(words(told)), *_rules(part.policy)]


def _run_sheet(view: PeriodView) -> tuple[Block, ...]:
    carried = view.carried
    return (
        Steps(
            (
                say_line(
                    "Get {anchor} from somewhere else than this pack, and compare it with the anchor printed under How "
                    "to verify.",
                    anchor=code("ledger.pub"),
                ),
                line(say("Verify the attached records; every check must hold.")),
                line(say("Apply the rules again; the counts must be the ones below.")),
                line(
                    say(
                        "Compare a clone of your own with the ledger, ref by ref, and the digest with the recorded one."
                    )
                ),
                line(say("Choose your own number, and have the sample drawn by it once the checkpoint is printed.")),
                line(say("Draw the five populations again from the registers, and compare count and total digest.")),
            )
        ),
        Listing(
            capture(
                f"$ evidence verify {carried.name} --anchor ledger.pub\n"
                f"$ evidence check {carried.name} --anchor ledger.pub --as-of {carried.as_of}\n"
                f"{summed_up(view.verdicts)}\n"
                "\n"
                f"{_comparing(view)}"
                f"$ {drawing(view, 'YOUR-NUMBER')}\n",
                lines=40,
            ),
            words(say("Commands, and what the second one prints last")),
        ),
        Notes((words(say("Step")), words(say("What I found")), words(say("Initials and date"))), 6),
    )


def _comparing(view: PeriodView) -> str:
    """How a clone is compared, a line for each project: as the latest recorded comparison was, or anew."""
    latest = {item.record.event.context.project: item.record.index for item in compared(view)}
    several = len(view.dossier.projects) > 1
    told = []
    for project in view.dossier.projects[:MOST_CLONES]:
        again = f" --repeat {latest[project]}" if project in latest else ""
        # The command compares one project at a time and asks which, where a bundle holds several.
        # A break of our own, as shells have them: one that the page makes within an id cannot be pasted.
        named = f" \\\n    --project {project}" if several else ""
        command = f"evidence reconcile --bundle {view.carried.name} --anchor ledger.pub{again}{named} --repo YOUR-CLONE"
        told.append(f"$ {command}\n")
    return "".join(told)


def _rules(policy: PolicyRules) -> list[Block]:
    plain = in_plain_words(policy)
    half = (len(plain.shared) + 1) // 2
    return [
        Table(
            columns((say("Rule"), 26), (say("Holds when"), 44), (say("What it asks for here"), 30)),
            tuple(_rule(rule) for rule in plain.rules),
            words(say("No rule is on.")),
            words(say("Rules that are on")),
            "dense",
        ),
        *rules_off(plain.off),
        Heading(words(say("What holds for several rules"))),
        Beside((_bullets(plain.gate, *plain.shared[:half]), _bullets(*plain.shared[half:]))),
    ]


def _rule(rule: PlainRule) -> Row:
    return Row(
        (
            line(strong(rule.id), " ", rule.title, " ", quiet(rule.severity)),
            line(rule.statement),
            line(capture(" ".join(rule.parameters), limit=PARAMETERS))
            if rule.parameters
            else line(quiet(say("no setting of its own"))),
        )
    )


def _bullets(*sentences: str) -> tuple[Block, ...]:
    return (Bullets(tuple(line(capture(sentence, limit=600)) for sentence in sentences)),)
