"""What landed, compared with git's own merge and with the revision it came from: CHG-02 and CHG-06."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ledger.records import Absent
from ledger.rules.before import LANDED
from ledger.rules.reviewed import shown_diffs
from ledger.rules.shape import ChangeCase, Finding, NamedRecord, failed, gravest, inapplicable, passed, untold
from ledger.rules.wording import counted, listed, short

if TYPE_CHECKING:
    from ledger.dossier.facts import Landing

REWRITTEN: Final = {"squash": "Squashing", "rebase": "Rebasing", "cherry-pick": "Picking"}
"""Methods that land other commits than those that were reviewed, and what they are called."""


def chg_02(case: ChangeCase) -> Finding:
    """CHG-02: the tree that landed is the one that git makes of the parents."""
    if not case.change.landings:
        return inapplicable(LANDED, shown_diffs(case))
    return gravest(_added(landing) for landing in case.change.landings)


def _added(landing: Landing) -> Finding:
    merge, entry = landing.merge, landing.record.index
    inputs: list[NamedRecord] = [("merge", landing.record)]
    if len(merge.parents) < 2:
        return inapplicable("a merge with two parents landed", inputs)
    if len(merge.parents) > 2:
        return untold(
            (f"what landed in entry {entry} joins {len(merge.parents)} parents, and git does not make that again",),
            inputs,
        )
    if merge.recomputed is None:
        return untold((f"nobody made the merge of entry {entry} again in a clone",), inputs)
    if merge.recomputed.outcome == "conflict":
        by_hand = f"the parents of the merge of entry {entry} conflict, so that whoever merged decided what landed"
        return untold((by_hand,), inputs)
    if merge.recomputed.tree != merge.tree:
        return failed(
            f"The merge of entry {entry} (commit {short(merge.commit)}) holds more than git makes of its parents: "
            f"tree {short(merge.tree)} landed, {short(merge.recomputed.tree or '')} comes out when it is made again.",
            inputs,
        )
    return passed(
        f"Made again from its parents, the merge of entry {entry} gives exactly the tree that landed.", inputs
    )


def chg_06(case: ChangeCase) -> Finding:
    """CHG-06: what was squashed, rebased or picked is a recorded revision's content."""
    if not case.change.landings:
        return inapplicable(LANDED, shown_diffs(case))
    return gravest(_kept(case, landing) for landing in case.change.landings)


def _kept(case: ChangeCase, landing: Landing) -> Finding:  # noqa: PLR0911 -- one return an outcome
    merge, entry = landing.merge, landing.record.index
    inputs: list[NamedRecord] = [("merge", landing.record)]
    if merge.method not in REWRITTEN:
        return inapplicable("commits were squashed, rebased or picked", inputs)
    if landing.diff is None:
        if not case.change.revisions:
            return untold(("no revision of the change is recorded",), inputs)
        return failed(
            f"{REWRITTEN[merge.method]} changed the content: what landed in entry {entry} is the content of no "
            "recorded revision.",
            [*inputs, *shown_diffs(case)],
        )
    inputs.append(("diff", landing.diff))
    of = landing.diff.event.context.about
    how = {"manifest": "equal manifest", "tree": "equal tree"}.get(landing.binding, "a recomputed merge")
    told = f"{REWRITTEN[merge.method]} kept the content of revision {of.revision} ({how})."
    if merge.method != "rebase":
        return passed(told, inputs)
    unlisted = _unlisted(landing)
    if unlisted is not None:
        return untold((unlisted,), inputs)
    commits = () if isinstance(landing.commits, Absent) else landing.commits
    between = [commit.id for commit in commits if commit.id != merge.commit]
    if not between:
        return passed(told, inputs)
    shown = listed([*map(short, between[:5]), *(["others"] if len(between) > 5 else [])])
    states = counted(len(between), "state in between that nobody", "states in between that nobody")
    return passed(f"{told} Its rebased commits pass through {states} approved on its own ({shown}).", inputs)


def _unlisted(landing: Landing) -> str | None:
    """The clause that says why the commits in between cannot be listed; None if they can."""
    what = f"the list of the commits that were rebased in entry {landing.record.index}"
    if isinstance(landing.commits, Absent):
        return f"{what} is {landing.commits.state}"
    if len(landing.commits) != landing.merge.commit_count:
        return f"{what} holds {len(landing.commits)} of {landing.merge.commit_count}"
    return None
