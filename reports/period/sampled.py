"""The sampling plan: what is drawn from, how many of it, how that is repeated, and what was drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ledger.digests import from_raw
from reports.parts import (
    Facts,
    Heading,
    Line,
    Listing,
    Row,
    Section,
    Steps,
    Table,
    line,
    say_line,
    words,
)
from reports.period.sample import is_fixed, plan_of, population, sample_of
from reports.period.sheets import item_label
from reports.period.shown import cut, span_line
from reports.release.said import (
    code,
    columns,
    digest_line,
    link,
    quiet,
    rows,
    strong,
)
from reports.say import say, say_count
from reports.text import capture
from reports.wording import number, share

if TYPE_CHECKING:
    from ledger.sampling import Drawn, Plan
    from reports.parts import Block
    from reports.period.view import PeriodView

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
                line(item_label(known[item.id][1])),
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
                    "An item's id is the envelope digest of its first landing in the period; where it is printed, "
                    "{prefix} is left out. The method is docs/sampling.md of the project, with a short program that "
                    "shares nothing with this one.",
                    prefix="sha256:",
                )
            ),
        )
    )


def _items(view: PeriodView, plan: Plan) -> list[Block]:
    found = [
        Row((line(item_label(what)), line(stratum), digest_line(identifier, full=True)))
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
