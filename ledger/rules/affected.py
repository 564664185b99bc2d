"""Paths that ask for more than any approval: generated ones, those with owners, unreadable ones: CHG-08, -10, -11."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from operator import eq
from typing import TYPE_CHECKING, Final, cast

from ledger.globs import select
from ledger.manifest import ABSENT_MODE, SUBMODULE_MODE
from ledger.records import Absent
from ledger.rules.judged import paths_of
from ledger.rules.noted import Notes, notes_on
from ledger.rules.reviewed import sort_approvals
from ledger.rules.risk import path_words, pattern, touched
from ledger.rules.roles import role_held
from ledger.rules.runs import GOOD, undated
from ledger.rules.shape import ChangeCase, Finding, NamedRecord, failed, inapplicable, passed, untold
from ledger.rules.stated import each
from ledger.rules.wording import capital, listed, person

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ledger.canonical import JSON
    from ledger.manifest import Manifest
    from ledger.rules.judged import Judged
    from ledger.rules.reviewed import Sorted


SENSITIVE_PATHS: Final = (
    ".circleci/**",
    ".github/actions/**",
    ".github/workflows/**",
    ".gitlab-ci.yml",
    ".gitlab/ci/**",
    "**/.aider*",
    "**/.claude/**",
    "**/.cursor/**",
    "**/.cursorrules",
    "**/.gitattributes",
    "**/.mcp.json",
    "**/AGENTS.md",
    "**/CLAUDE.md",
    "**/CODEOWNERS",
    "**/GEMINI.md",
    ".github/copilot-instructions.md",
    ".github/instructions/**",
    "Jenkinsfile",
    "azure-pipelines.yml",
    "bitbucket-pipelines.yml",
)
"""Pipelines, who owns what, and what assistants are told, where a policy names no other paths."""
UNREADABLE: Final = (
    "**/*.a",
    "**/*.bin",
    "**/*.class",
    "**/*.dll",
    "**/*.dylib",
    "**/*.exe",
    "**/*.gz",
    "**/*.jar",
    "**/*.o",
    "**/*.pkl",
    "**/*.pyc",
    "**/*.so",
    "**/*.tar",
    "**/*.war",
    "**/*.wasm",
    "**/*.whl",
    "**/*.xz",
    "**/*.zip",
)
"""Programs, archives and stored objects, where a policy names no other paths."""

NO_NOTES: Final = Notes((), ())


def chg_08(case: ChangeCase) -> Finding:
    """CHG-08: generated files are what their generator makes, or somebody looked at them."""
    return each(case, _generated)


def _generated(case: ChangeCase, content: Judged) -> Finding:
    paths = paths_of(content)
    inputs: list[NamedRecord] = [*content.inputs]
    patterns = cast("list[str] | None", case.settings["generated"])
    if patterns is None:
        return inapplicable("the policy says which files are generated", inputs)
    files = touched(patterns, paths.known)
    if not files:
        return untold(paths.unread, inputs) if paths.unread else inapplicable("it touches a generated file", inputs)
    generators = touched(cast("list[str] | None", case.settings["generators"]) or (), paths.known)
    runs = [
        item
        for item in case.change.runs
        if item.run.run.class_ == case.settings["regeneration"] and item.run.run.tree in content.trees
    ]
    inputs += [("test", item.record) for item in runs]
    doubts = [*undated(runs), *paths.unread]
    if runs and not undated(runs) and runs[-1].run.result not in GOOD:
        return failed(
            f"Made again, generated files differ: {path_words(files)} (entry {runs[-1].record.index}).", inputs
        )
    if runs and not doubts and not generators:
        return passed(
            f"Made again, generated files are the same: {path_words(files)} (entry {runs[-1].record.index}).", inputs
        )
    return _looked_at(
        case, content, _Sought(files, _why(files, generators), fails=bool(generators), doubts=tuple(doubts)), inputs
    )


def _why(files: Sequence[bytes], generators: Sequence[bytes]) -> str:
    if not generators:
        return f"no run made {path_words(files)} again, and no independent reviewer noted anything on it"
    return (
        f"{path_words(generators)} changed with it, so that making {path_words(files)} again shows nothing, and no "
        "independent reviewer noted anything on it"
    )


def chg_11(case: ChangeCase) -> Finding:
    """CHG-11: what nobody can read in a difference was noted in review."""
    return each(case, _unreadable)


def _unreadable(case: ChangeCase, content: Judged) -> Finding:
    paths = paths_of(content)
    inputs: list[NamedRecord] = [*content.inputs]
    patterns = cast("list[str]", case.settings["unreadable"])
    there = _there(content)
    files = tuple(path for path in sorted(there) if there[path] == SUBMODULE_MODE or touched(patterns, (path,)))
    if not files:
        return untold(paths.unread, inputs) if paths.unread else inapplicable("it brings what nobody can read", inputs)
    why = f"no independent reviewer noted anything on {path_words(files)}, which nobody can read"
    return _looked_at(case, content, _Sought(files, why, fails=True, doubts=paths.unread), inputs)


def _there(content: Judged) -> dict[bytes, str]:
    """By path the mode of what is there afterwards, as far as manifests can be read."""
    sides: list[Manifest | Absent] = [] if content.revision is None else [content.revision.manifest]
    sides += [] if content.landing is None else [content.landing.manifest]
    return {
        entry.path: entry.new_mode
        for manifest in sides
        if not isinstance(manifest, Absent)
        for entry in manifest.entries
        if entry.new_mode != ABSENT_MODE
    }


@dataclass(frozen=True, slots=True)
class _Sought:
    """Files that somebody who took no part has to have noted something on."""

    files: tuple[bytes, ...]
    why: str
    """The clause that says what it means if nobody did."""
    fails: bool
    """Whether that is a failure; otherwise it cannot be told."""
    doubts: tuple[str, ...]
    """Clauses on what could add files."""


def _looked_at(case: ChangeCase, content: Judged, sought: _Sought, inputs: list[NamedRecord]) -> Finding:
    noted = {item.body.path.encode() for item in case.change.notes if item.body.path is not None}
    by_path = {path: notes_on(case, content, partial(eq, path)) if path in noted else NO_NOTES for path in sought.files}
    found = {item.record.index: item for notes in by_path.values() for item in notes.independent}
    inputs = [*inputs, *(("review-note", item.record) for item in found.values())]
    lacking = [path for path, notes in by_path.items() if not notes.independent]
    unclear = [clause for path in lacking for clause in by_path[path].unclear]
    if unclear:
        return untold(unclear, inputs)
    if lacking:
        return failed(f"{capital(sought.why)}.", inputs) if sought.fails else untold((sought.why,), inputs)
    if sought.doubts:
        return untold(sought.doubts, inputs)
    who = listed(person(item.actor.principal or "") for item in found.values())
    return passed(
        f"{who} took no part in the change and noted in review what they saw of {path_words(sought.files)}.", inputs
    )


def chg_10(case: ChangeCase) -> Finding:
    """CHG-10: somebody who owns them approved what touches owned paths."""
    return each(case, _owned)


def _owned(case: ChangeCase, content: Judged) -> Finding:
    owners = [
        (cast("list[str]", item["paths"]), str(item["role"]))
        for item in cast("list[dict[str, JSON]]", case.settings["owners"])
    ]
    role = cast("str | None", case.settings["sensitive_role"])
    owners += [] if role is None else [(cast("list[str]", case.settings["sensitive_paths"]), role)]
    inputs: list[NamedRecord] = [*content.inputs]
    if not owners:
        return inapplicable("the policy says who owns paths", inputs)
    paths = paths_of(content)
    owned: dict[str, set[bytes]] = {}
    for patterns, role in owners:
        owned.setdefault(role, set()).update(touched(patterns, paths.known))
    owned = {role: files for role, files in owned.items() if files}
    if not owned:
        return untold(paths.unread, inputs) if paths.unread else inapplicable("it touches a path with an owner", inputs)
    found = sort_approvals(case, content, any_role=True)
    inputs += found.inputs
    lacking: dict[str, list[bytes]] = {}
    missing: list[str] = []
    for role, files in sorted(owned.items()):
        for alike in _alike(found, role, sorted(files)):
            held, clauses = _held(case, content, found, alike[0], role)
            missing += clauses
            if not held and not clauses:
                lacking.setdefault(role, []).extend(alike)
    if lacking:
        told = [f"{path_words(sorted(paths))} without a holder of the role “{role}”" for role, paths in lacking.items()]
        return failed(f"Not approved by an owner: {listed(told)}.", inputs)
    missing += paths.unread
    if missing:
        return untold(missing, inputs)
    names = sorted(owned)
    roles = f"the {'role' if len(names) == 1 else 'roles'} {listed(f'“{name}”' for name in names)}"
    touches = path_words(sorted(set().union(*owned.values())))
    return passed(f"Holders of {roles} approved what touches {touches}.", inputs)


def _alike(found: Sorted, role: str, files: Sequence[bytes]) -> tuple[list[bytes], ...]:
    """``files`` in groups that the same patterns of approvers' grants match, so that one of each answers for all."""
    facts = [*found.effective, *(item.fact for item in found.unclear)]
    grants = [grant for fact in facts for grant in fact.grants if grant.role == role]
    patterns = sorted({text for grant in grants for text in grant.paths or ()})
    matched = [frozenset(select((pattern(text),), files).matched) for text in patterns]
    groups: dict[tuple[bool, ...], list[bytes]] = {}
    for path in files:
        groups.setdefault(tuple(path in one for one in matched), []).append(path)
    return tuple(groups.values())


def _held(case: ChangeCase, content: Judged, found: Sorted, path: bytes, role: str) -> tuple[bool, tuple[str, ...]]:
    """Whether an effective approval is by a holder of ``role`` for ``path``; else clauses that leave it open."""
    clauses: list[str] = []
    for fact in found.effective:
        holds = role_held(case, fact, role, content, (path,))
        if holds.held == "yes":
            return True, ()
        clauses += holds.reasons
    for item in found.unclear:
        # Whoever decided is not known, or whether the decision counts; only with the role would it matter.
        if item.fact.approver.principal is None or role_held(case, item.fact, role, content, (path,)).held != "no":
            clauses += item.reasons
    return False, tuple(clauses)
