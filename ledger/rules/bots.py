"""Machines among the contributors, and names beside them: CHG-09 and CHG-12."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from ledger.dossier.people import sure
from ledger.globs import select
from ledger.rules.contributors import CODE, by_party, contributions, gaps, unresolved
from ledger.rules.judged import paths_of
from ledger.rules.reviewed import shown_diffs
from ledger.rules.risk import path_words, pattern
from ledger.rules.shape import ChangeCase, Finding, NamedRecord, failed, inapplicable, passed, untold
from ledger.rules.stated import each, statement, unsettled
from ledger.rules.wording import capital, counted, listed, party_words

if TYPE_CHECKING:
    from ledger.rules.judged import Judged

MACHINES: Final = ("agent", "service")
BOT_PATHS: Final = (
    "**/*.csproj",
    "**/*.gradle",
    "**/*.gradle.kts",
    "**/*.lock",
    "**/Cargo.toml",
    "**/Gemfile",
    "**/composer.json",
    "**/go.mod",
    "**/go.sum",
    "**/libs.versions.toml",
    "**/package-lock.json",
    "**/package.json",
    "**/packages.lock.json",
    "**/pnpm-lock.yaml",
    "**/pom.xml",
    "**/pyproject.toml",
    "**/requirements*.txt",
)
"""Files that say which versions of what others made are used: the paths left to bots where a policy names none."""


def chg_09(case: ChangeCase) -> Finding:
    """CHG-09: a bot's change was made by the bot alone, and on the paths that are the bot's."""
    inputs: list[NamedRecord] = [*shown_diffs(case), *(("change", item.record) for item in case.change.states)]
    state = statement(case)
    if not any(item.body.type == "bot" for item in case.change.states):
        return inapplicable("the change is said to be a bot's", inputs)
    doubts = unsettled(case)
    if state is None or doubts:
        return untold(doubts, inputs)
    if state.body.type != "bot":
        return inapplicable("the change is said to be a bot's", inputs)
    return each(case, lambda case, content: _inside(case, content, inputs))


def _inside(case: ChangeCase, content: Judged, said: list[NamedRecord]) -> Finding:
    inputs = [*said, *content.inputs]
    people: dict[str, list[str]] = {}
    machines: list[str] = []
    missing: list[str] = list(gaps(case))
    for item, duties in by_party(contributions(case)):
        inputs.append(("contribution", item.record))
        if not sure(item.party) or item.party.type is None:
            missing.append(
                unresolved(item, duties)
                if item.party.principal is None
                else f"a name card that could not be read may belong to the {duties} in entry {item.record.index}"
            )
        elif item.party.type in MACHINES:
            machines.append(party_words(item.party, "a machine"))
        else:
            people.setdefault(party_words(item.party, "somebody"), []).append(duties)
    paths = paths_of(content)
    own = select(map(pattern, cast("list[str]", case.settings["bot_paths"])), paths.known).matched
    outside = [path for path in paths.known if path not in own]
    wrong = [f"{who} took part as {', '.join(duties)}" for who, duties in people.items()]
    wrong += [f"it touches {path_words(outside)}"] if outside else []
    if wrong:
        return failed(f"The change is not a bot's alone: {'; '.join(wrong)}.", inputs)
    missing += paths.unread
    if not paths.known:
        missing.append("no path that it touches is known")
    if missing or not machines:
        return untold(missing or ("who made it is not recorded",), inputs)
    touches = counted(len(paths.known), "path", "paths")
    return passed(f"{capital(listed(machines))} alone made the change, on {touches} of those left to bots.", inputs)


def chg_12(case: ChangeCase) -> Finding:
    """CHG-12: every co-author that a commit names is a known principal."""
    named = [item for item in contributions(case, CODE) if item.duty == "co-author"]
    inputs: list[NamedRecord] = [*shown_diffs(case), *(("contribution", item.record) for item in named)]
    missing = list(gaps(case, CODE))
    missing += [unresolved(item, item.duty) for item in named if item.party.principal is None]
    missing += [
        f"a name card that could not be read may belong to the co-author in entry {item.record.index}"
        for item in named
        if item.party.principal is not None and not sure(item.party)
    ]
    if missing:
        return untold(missing, inputs)
    if not named:
        return inapplicable("a commit names a co-author who is no assistant", inputs)
    return passed(f"Every co-author is known: {listed(party_words(item.party, '') for item in named)}.", inputs)
