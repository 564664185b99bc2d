"""The sampling plan, and one page for each sampled change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ledger.digests import from_raw
from reports.parts import (
    Break,
    Facts,
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
    say_line,
    words,
)
from reports.period.attributes import attributes, records_of
from reports.period.sample import is_fixed, plan_of, population, sample_of
from reports.period.shown import cut, span_line
from reports.period.view import PeriodChange
from reports.release.said import (
    code,
    columns,
    digest_line,
    joined,
    ledger_time,
    link,
    named,
    quiet,
    rows,
    status,
    strong,
)
from reports.say import say, say_count
from reports.text import capture
from reports.wording import number, share

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ledger.dossier.facts import Landing, Party
    from ledger.sampling import Drawn, Item, Plan
    from reports.parts import Block
    from reports.period.attributes import Attribute
    from reports.period.view import PeriodView
    from reports.text import Text

ANCHOR: Final = "sampling"
MOST_ITEMS: Final = 40
"""Items of the population printed; the rest is in the register of landings."""


def sampling_plan(view: PeriodView, section: str = "8") -> Section:
    """How items are chosen; ``section`` is its number."""
    plan, drawn = plan_of(view), sample_of(view)
    blocks: list[Block] = [Facts(rows(*_facts(view, plan, drawn))), _strata(plan)]
    if drawn is not None:
        blocks += _result(view, drawn)
    elif plan.items and is_fixed(view):
        blocks += _next(view)
    blocks += [Heading(words(say("How to repeat it"))), _method(), *_items(view, plan)]
    return Section(
        ANCHOR,
        section,
        words(say("Sampling plan")),
        words(say("How was the sample chosen, and may I choose?")),
        _lede(view, plan, drawn),
        tuple(blocks),
    )


def sample_sheets(view: PeriodView, section: str = "9") -> tuple[Section, ...]:
    """One page for each item of the sample; none while no number was given."""
    drawn = sample_of(view)
    if drawn is None:
        return ()
    known = population(view)
    return tuple(
        _sheet(view, item, known[item.id][1], section, place, len(drawn.chosen))
        for place, item in enumerate(drawn.chosen, start=1)
    )


# ---- the plan ------------------------------------------------------------------------------------------------------


def _lede(view: PeriodView, plan: Plan, drawn: Drawn | None) -> Line:
    if not plan.items:
        return line(say("Nothing landed in the period, so there is nothing to draw from."))
    if not is_fixed(view):
        return line(say("The checkpoint of this bundle does not reach the period's end, so nothing is drawn by it."))
    if drawn is not None:
        return line(
            say(
                "{size} items were drawn by the auditor's number from this checkpoint and population. Whether both "
                "were fixed before anybody knew the number, this pack alone does not show; the pack that the auditor "
                "received before giving the number shows it, if it has the same checkpoint and population digest.",
                size=share(len(drawn.chosen), len(plan.items)),
            )
        )
    return line(
        say(
            "Not drawn yet: checkpoint and population are fixed here first, then the auditor chooses a number. {size} "
            "items will be drawn.",
            size=share(plan.size, len(plan.items)),
        )
    )


def _facts(view: PeriodView, plan: Plan, drawn: Drawn | None) -> list[tuple[str, Line]]:
    root, size = view.verification.checkpoint_root, view.verification.checkpoint_size
    found = [
        (say("Period"), span_line(view)),
        (say("Checkpoint size"), line(code(number(size) if size is not None else "?"))),
        (
            say("Checkpoint root"),
            line(say("missing from the bundle")) if root is None else digest_line(from_raw(root), full=True),
        ),
        (say("Population"), line(say_count("{count} item", "{count} items", len(plan.items)))),
        (say("Population digest"), digest_line(plan.digest, full=True)),
        (
            say("Auditor's number"),
            line(quiet(say("not given yet")))
            if view.sampling is None or view.sampling.number is None
            else line(code(capture(view.sampling.number))),
        ),
    ]
    if drawn is not None:
        found.append((say("Seed"), digest_line(drawn.seed.hex(), full=True)))
    return found


def _strata(plan: Plan) -> Table:
    meanings = _meanings()
    asked = say(
        "Asked for beside the strata that are taken whole: {asked}. Each stratum gives at least one.",
        asked=number(plan.asked),
    )
    return Table(
        columns(
            (say("Stratum"), 16),
            (say("What is in it"), 46),
            (say("Population"), 12),
            (say("Drawn"), 10),
            (say("How"), 16),
        ),
        tuple(
            Row(
                (
                    line(strong(item.name)),
                    line(meanings[item.name]),
                    line(number(item.population)),
                    line(number(item.size)),
                    line(say("all") if item.whole else say("by share")),
                )
            )
            for item in plan.strata
        ),
        words(say("The population is empty.")),
        caption=words(asked),
    )


def _meanings() -> dict[str, str]:
    return {
        "unrecorded": say("landings that belong to no recorded change"),
        "emergency": say("changes last said to be an emergency, or with a declared exception"),
        "revert": say("changes last said to be a revert"),
        "bot": say("changes last said to be a bot's"),
        "assisted": say("changes in which an assistant had a part"),
        "undeclared": say("changes of which it cannot be told whether an assistant had a part"),
        "ordinary": say("all others"),
    }


def drawing(view: PeriodView, chosen: str) -> str:
    """The command that draws the sample of this plan by a number: the size asked for belongs to it.

    It names the PDF, not the bundle in it, because the PDF also tells what this pack was told.
    """
    size = None if view.sampling is None else view.sampling.size
    asked = "" if size is None else f" --sample {size}"
    pdf = f"{view.carried.name.removesuffix('.zip')}.pdf"
    return f"evidence pack {pdf}{asked} --auditor-number {chosen} --anchor ledger.pub"


def _next(view: PeriodView) -> list[Block]:
    return [
        Heading(words(say("What the auditor does now"))),
        Steps(
            (
                line(
                    say(
                        "Keep this pack, or note checkpoint root, size and population digest, with the time of receipt."
                    )
                ),
                line(say("Choose a number: any text of 1 to 64 printable ASCII characters that nobody could foresee.")),
                line(
                    say(
                        "Have the pack made again from the PDF of this one, which carries its bundle and tells what it "
                        "was asked for, with that number. A bundle fetched anew has another checkpoint and draws "
                        "another sample."
                    )
                ),
            )
        ),
        Listing(capture(drawing(view, "NUMBER")), words(say("The command that draws the sample"))),
    ]


def _result(view: PeriodView, drawn: Drawn) -> list[Block]:
    known = population(view)
    body = [
        Row(
            (
                line(link(f"sheet{place}", number(place), page=True)),
                line(item.stratum),
                line(_label(known[item.id][1])),
                (*digest_line(item.id),),
            )
        )
        for place, item in enumerate(drawn.chosen, start=1)
    ]
    return [
        Table(
            columns((say("Sheet"), 16), (say("Stratum"), 18), (say("Item"), 46), (say("Item id"), 20)),
            tuple(body),
            words(say("Nothing was drawn.")),
            caption=words(say("The sample, stratum by stratum in order of rank")),
        )
    ]


def _method() -> Steps:
    """Everything that whoever repeats the draw needs, in the words of docs/sampling.md §2 to §4."""
    return Steps(
        (
            say_line(
                "Population: a text of the line {head}, then a line {form} for each item, these lines sorted by their "
                "bytes; every line, the last one too, ends with one line feed (0x0A). The SHA-256 of this text is the "
                "population digest.",
                head=code("evidence-ledger/population/v1"),
                form=code("sha256:<64 digits> <stratum>"),
            ),
            say_line(
                "Seed: SHA-256 of {preimage}. The text in quotation marks and the number are ASCII, without the marks; "
                "root is the 32 bytes that the 64 printed digits stand for, size the checkpoint's size in 8 bytes, "
                "big-endian; || joins bytes.",
                preimage=code('"evidence-ledger/sample/v1" || 0x00 || root || size || 0x00 || number'),
            ),
            say_line(
                "Rank of an item: SHA-256 of {preimage}. Seed is its 32 bytes; the item id is text: {prefix} and its "
                "64 digits (0 to 9, a to f), 71 characters in all.",
                preimage=code("seed || 0x00 || item id"),
                prefix=code("sha256:"),
            ),
            line(
                say(
                    "In each stratum the items with the smallest ranks are drawn, as many as the plan says; ranks are "
                    "compared byte by byte."
                )
            ),
            say_line(
                "Places: a stratum that is taken whole gives all of its items. Of the places asked for, each other "
                "stratum gets one, also where there are fewer places than strata. Each further place goes to the "
                "stratum with items left for which {share} is largest, of equal ones to the first by name, until all "
                "places are given or nothing is left.",
                share=code("population / (2 * places it has + 1)"),
            ),
            line(
                say(
                    "An item's id is the envelope digest of its first landing in the period; where it is printed, {prefix} "
                    "is left out. The method is docs/sampling.md of the project, with a short program that shares "
                    "nothing with this one.",
                    prefix="sha256:",
                )
            ),
        )
    )


def _items(view: PeriodView, plan: Plan) -> list[Block]:
    found = [
        Row((line(_label(what)), line(stratum), digest_line(identifier, full=True)))
        for identifier, (stratum, what) in population(view).items()
    ]
    shown, told = cut(found, MOST_ITEMS, "landings")
    table = Table(
        columns((say("Item"), 24), (say("Stratum"), 14), (say("Item id"), 62)),
        shown,
        words(say("Nothing landed in the period.")),
        caption=words(say_count("The population: {count} item", "The population: {count} items", len(plan.items))),
        size="small",
    )
    return [table, *told]


def _label(what: PeriodChange | Landing) -> Text:
    if isinstance(what, PeriodChange):
        return what.label
    return capture(say("Landing of entry {index}", index=what.record.index))


# ---- the sheets ----------------------------------------------------------------------------------------------------


def _sheet(view: PeriodView, item: Item, what: PeriodChange | Landing, section: str, place: int, whole: int) -> Section:
    said = say("Sample {place}: {item}", place=share(place, whole), item=_label(what))
    return Section(
        f"sheet{place}",
        section,
        capture(said),
        words(say("What does the evidence of this sampled change say, attribute by attribute?")),
        line(*_drawn_from(item)),
        _of_change(view, what) if isinstance(what, PeriodChange) else _of_landing(what),
        group=words(say_count("The sheet of {count} sampled item", "Sheets of {count} sampled items", whole)),
    )


def _drawn_from(item: Item) -> Line:
    return line(
        say("Drawn from the stratum {stratum}. Item id", stratum=item.stratum), " ", *digest_line(item.id, full=True)
    )


def _of_change(view: PeriodView, change: PeriodChange) -> tuple[Block, ...]:
    facts = change.facts
    entries = records_of(change)
    landed = min((one.record for one in facts.landings), key=lambda record: record.index)
    counted = say_count("{count} entry", "{count} entries", len(entries))
    between = say("{first} to {last}", first=number(entries[0].index), last=number(entries[-1].index))
    approvers = (fact.approver for fact in facts.approvals if fact.approval.decision == "approve")
    about = [
        (say("Change"), line(change.title, quiet(", "), quiet(view.project_name(facts.project)))),
        (say("Landed"), line(ledger_time(landed), quiet(f", {counted}: {between}"))),
        (say("Took part"), _people(item.party for item in facts.contributions)),
        (say("Approved"), _people(approvers)),
    ]
    return (
        Facts(rows(*about)),
        Table(
            columns(
                (say("Attribute"), 17),
                (say("Result"), 15),
                (say("What the evidence says"), 27),
                # Room for entries of six figures: a broken digest would take the sheet to a second page.
                (say("Entry and digest"), 21),
                (say("Auditor's note"), 13),
                (say("Initials"), 7),
            ),
            tuple(map(_attribute, attributes(view, change))),
            words(say("There are no attributes.")),
            size="dense",
        ),
        *_hand(),
    )


def _people(parties: Iterable[Party]) -> Line:
    """Names on one line, each once."""
    seen = dict.fromkeys(named(party) for party in parties)
    return joined([line(name) for name in seen]) if seen else line(quiet(say("nobody recorded")))


def _attribute(found: Attribute) -> Row:
    evidence: list[Line] = [(*line(number(index), " "), *digest_line(envelope)) for index, envelope in found.evidence]
    if found.more:
        evidence.append(line(quiet(say_count("and {count} more", "and {count} more", found.more))))
    lines = tuple(item for place, one in enumerate(evidence) for item in ((Break(), *one) if place else one))
    rules = line(Break(), quiet(", ".join(found.rules))) if found.rules else ()
    return Row(
        (
            (*line(strong(f"{found.letter} {found.name}")), *rules),
            line(status(found.mark, found.word)),
            line(found.told),
            lines or line(quiet(say("none"))),
            line(quiet("_" * 12)),
            line(quiet("_" * 6)),
        )
    )


def _of_landing(landing: Landing) -> tuple[Block, ...]:
    told = say(
        "This content landed on {ref} and belongs to no recorded change: no request, review, approval or test of it is "
        "recorded, and attributes A to I cannot be looked at. How it came there is for the auditor to ask.",
        ref=landing.merge.ref,
    )
    about = [
        (say("Entry"), line(number(landing.record.index), " ", *digest_line(landing.record.envelope))),
        (say("Landed"), line(ledger_time(landing.record))),
        (say("Commit"), digest_line(landing.merge.commit, full=True)),
        (say("How"), line(landing.merge.method)),
        (say("Landed by"), _people((landing.merged_by,))),
    ]
    return (Facts(rows(*about)), Paragraph(line(capture(told))), *_hand())


def _hand() -> tuple[Block, ...]:
    return (
        Notes(
            (
                words(say("Attribute")),
                words(say("What was examined, and what was found")),
                words(say("Initials and date")),
            ),
            3,
        ),
    )
