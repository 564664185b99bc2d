"""In a language that nobody speaks, every word that is left in English is a fact's, a rule's or a name."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ledger.rules.catalogue import RULES, SHARED
from ledger.rules.controls import CONTROLS
from ledger.rules.involvement import traces
from ledger.rules.plain import in_plain_words
from ledger.rules.policy import policy_in_force
from ledger.rules.shape import ChangeCase
from ledger.rules.wording import with_names
from ledger.verify.findings import CHECKS
from reports.extraction import COUNTING, SAYING
from reports.html import render_html
from reports.parts import Code, Fingerprint
from reports.period.document import period_document
from reports.period.sample import WHOLE
from reports.release.view import bundle_name
from reports.say import speaking
from reports.text import Text
from tests.reports import period_story, period_views, pseudo, whole_story
from tests.reports.test_release import AS_OF, SETTINGS, document_of, told

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ledger.dossier.facts import PeriodDossier, ReleaseDossier
    from ledger.rules.policy import PolicyRules
    from reports.parts import Document

ROOT = Path(__file__).parents[2]
_RUN = re.compile(f"[^{pseudo.MARKED}]+")
_WORD = re.compile(r"[A-Za-z][A-Za-z'-]+")
_SEAM = re.compile(r"[,;:()\[\]<>“”·…$]| {2,}|\\u\{[0-9A-F]+\}|\. (?=[A-Z])|(?<=-\d\d) ")
"""Where texts of several facts may have been joined."""
_TWO = re.compile(r"[A-Za-z]{2,}[,;:]? [A-Za-z]{2,}")
NAMES = (
    *("Evidence Ledger", "SHA-256", "docs/format.md", "ledger.pub", "entries.jsonl", "verify.py", "evidence verify"),
    *("reports.period.populations", "exceptions", *WHOLE, "ordinary"),
)
"""Names of ours that are names in every language: the product, a digest's algorithm, files, a command; the module that
counts populations, a register, and the strata of a sample."""
STANDARDS = re.compile(r"(ISO/IEC|NIST|SOC|SSDF|[A-Z]{2})[A-Za-z0-9. /-]*")
"""Names of controls, as their frameworks give them."""
UNTRANSLATED = {
    "again": "errors",
    "der": "errors",
    "oscal": "a document for machines",
    "packs": "steps told to whoever waits, and metadata",
    "packfiles": "descriptions of attached files, metadata",
    "pdf": "metadata and errors",
    "render": "errors",
    "registered": "registers keep one wording, so that a filter made for one fits the next",
    "registers": "registers keep one wording, so that a filter made for one fits the next",
    "workbook": "registers keep one wording, so that a filter made for one fits the next",
    "sealed": "what `evidence verify` prints",
    "sealing": "errors, and the name in a certificate",
}
"""Modules whose words are not printed in a pack, and why."""
LITERALS = frozenset({"Evidence Ledger", "Release approval", "Prompt or code", "list[dict[str, JSON]]"})
"""The product's name, keys that are said where they are printed, and a type."""
COMMANDS = frozenset({"_commands", "_noted", "_pages", "_records", "_run_sheet"})
"""Functions that print a command and its answer, which are compared with a screen and therefore English."""
MARKING = SAYING | COUNTING


@dataclass(frozen=True)
class Spoken:
    """A pack in the language that nobody speaks, with what it was made from."""

    document: Document
    dossier: ReleaseDossier | PeriodDossier
    policy: PolicyRules
    facts: tuple[object, ...]
    """Everything that was looked at: its strings are nobody's to translate."""
    names: tuple[str, ...]
    """The anchor's line and the bundle's file name."""


@cache
def spoken(name: str) -> Spoken:
    """The story's pack in that language."""
    with speaking("nl", po=pseudo.catalogue()):
        if name in {"quarter", "no quarter"}:
            view = period_views.view_of(period_story.quarter() if name == "quarter" else period_story.empty())
            facts = (view.dossier, view.baseline, view.parts, view.verification, view.settings, view.policies)
            names = (view.carried.anchor_line.strip(), view.carried.name)
            return Spoken(period_document(view), view.dossier, view.parts[0].policy, facts, names)
        story = {"whole": whole_story.whole, "unread": whole_story.unread}.get(name)
        made = document_of(*(told(name) if story is None else story()))
    policy = policy_in_force(made.dossier.records, made.world.projects["payments"])
    file_name = bundle_name(made.dossier.release.product, made.dossier.release.version)
    looked_at = (made.dossier, made.assessment, made.verification, SETTINGS)
    return Spoken(made.document, made.dossier, policy, looked_at, (made.world.anchor.strip(), file_name))


def strings(value: object, seen: set[int]) -> Iterator[str]:
    """Every string that the facts hold, at any depth."""
    if isinstance(value, str | bytes):
        yield value if isinstance(value, str) else value.decode("utf-8", "replace")
    elif id(value) not in seen:
        seen.add(id(value))
        for one in parts_of(value):
            yield from strings(one, seen)


def parts_of(value: object) -> Iterable[object]:
    """What a value of the facts is made of; nothing for numbers and times."""
    if isinstance(value, Enum):
        return (value.value,)
    if isinstance(value, Text):
        return ()
    if is_dataclass(value):
        return [getattr(value, one.name) for one in fields(value)]
    if isinstance(value, Mapping):
        return [one for pair in value.items() for one in pair]
    return value if isinstance(value, tuple | list | set | frozenset) else ()


def texts(value: object) -> Iterator[Text]:
    """Every text of a document but what is set as code, which is no language: commands, paths, preimages."""
    if isinstance(value, Text):
        yield value
    elif isinstance(value, tuple):
        for one in value:
            yield from texts(one)
    elif is_dataclass(value) and not isinstance(value, Code | Fingerprint):
        for one in fields(value):
            yield from texts(getattr(value, one.name))


def written_in(module: Path) -> Iterator[tuple[int, str]]:
    """Line and text of a module's literals, without docstrings, errors, commands and what the catalogue holds."""
    passed: set[int] = set()
    for node in ast.walk(tree := ast.parse(module.read_text("utf-8"))):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            passed.add(id(node.value))
        elif isinstance(node, ast.Raise) or (isinstance(node, ast.FunctionDef) and node.name in COMMANDS):
            passed.update(map(id, ast.walk(node)))
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {*MARKING, "code"}:
            passed.update(map(id, node.args))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in passed:
            yield node.lineno, node.value


def test_no_words_are_written_past_the_catalogue() -> None:
    """Two words in a row in a literal that nothing marks are words that no reader of another language gets."""
    found = [
        f"{module.relative_to(ROOT)}:{place}: {text!r}"
        for module in sorted((ROOT / "reports").rglob("*.py"))
        if module.stem not in UNTRANSLATED
        for place, text in written_in(module)
        if _TWO.search(text) and text not in LITERALS and "<" not in text and not text.startswith(("evidence ", " --"))
    ]
    assert found == []


def facts_of(made: Spoken) -> str:
    """Every string of the facts, and what the rules say of themselves, of the policy and of traces, a line each."""
    rules = (RULES, SHARED, CHECKS, CONTROLS, in_plain_words(made.policy))
    held = {*strings((made.facts, rules), set()), *NAMES, *made.names}
    for change in made.dossier.changes:
        held.update(traces(ChangeCase(made.dossier.records, change, made.policy.shared, AS_OF)))
        models = [item.prompt.model for item in change.prompts]
        held.update(f"{model.provider} {model.responded}" for model in models if model is not None)
    held |= {with_names(text, made.dossier.parties) for text in held}
    return "\n".join(" ".join(text.replace("`", "").split()) for text in held)


@pytest.mark.parametrize("name", ["clean", "excepted", "troubled", "whole", "unread", "quarter", "no quarter"])
def test_every_word_of_ours_is_translated(name: str) -> None:
    """Word for word, what is not in the reader's language is a value of the facts: captured, a rule's, or a label."""
    made = spoken(name)
    facts = facts_of(made)
    unsaid = {
        part
        for text in texts(made.document)
        if "$ " not in text.plain and not text.plain.startswith("evidence ") and text.plain not in made.names
        for run in _RUN.findall(" ".join(text.plain.split()))
        for piece in _SEAM.split(run)
        if _WORD.search(part := piece.strip(" .!?†✓\N{EN DASH}-/0123456789"))
        if part not in facts and part not in facts.replace("-", " ") and STANDARDS.fullmatch(part) is None
    }
    assert unsaid == set()


def test_templates_say_every_word_in_the_language() -> None:
    """The words that templates place by themselves are translated too."""
    with speaking("nl", po=pseudo.catalogue()):
        html = render_html(spoken("troubled").document)
    body = re.sub(r"<style>.*?</style>|<script.*?</script>", "", html, flags=re.DOTALL)
    for word in ("Contents", "Question it answers", "Page", "Duty", "Columns are", "framed"):
        assert word not in body
        assert pseudo.marked(word) in body
