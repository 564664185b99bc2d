"""The catalogue: it holds every sentence of ours, and no translation can break a pack."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ledger.errors import FormatError, NotFoundError
from ledger.rules.catalogue import RULES, SHARED
from ledger.rules.involvement import traces
from ledger.rules.plain import in_plain_words
from ledger.rules.policy import policy_in_force
from ledger.rules.shape import ChangeCase
from ledger.rules.wording import with_names
from ledger.verify.findings import CHECKS
from reports.extraction import COUNTING, SAYING
from reports.html import render_html, stylesheet
from reports.parts import Fingerprint, Mark, Quiet, line, say_count_line, say_line, words
from reports.release.view import bundle_name
from reports.say import languages, say, say_count, speaking
from reports.text import Text
from reports.wording import duration
from tests.reports import pseudo
from tests.reports.plain import said
from tests.reports.test_release import AS_OF, SETTINGS, document_of, told

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tests.reports.test_release import Made

ROOT = Path(__file__).parents[2]
HEADER = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n'
RULE = "n%10==1 && n%100!=11 ? 0 : n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2"
THREE = HEADER + f'"Plural-Forms: nplurals=3; plural=({RULE});\\n"\n'


def po(*entries: tuple[str, str], header: str = HEADER) -> bytes:
    """A catalogue of these sentences."""
    return (header + "".join(f'\nmsgid "{one}"\nmsgstr "{other}"\n' for one, other in entries)).encode()


def test_the_catalogue_is_what_the_sources_say(tmp_path: Path) -> None:
    """Extracting again gives the shipped catalogue, byte for byte; `script/catalogue` writes it anew."""
    made = tmp_path / "pack.pot"
    subprocess.run((ROOT / "script" / "catalogue", made), check=True, capture_output=True)
    assert made.read_bytes() == pseudo.POT.read_bytes()


def test_every_shipped_language_can_be_spoken() -> None:
    """Each language that is offered has a catalogue whose every translation has its sentence's fields."""
    assert languages()[0] == "en"
    for language in languages():
        with speaking(language):
            assert say("Pass")


def test_an_unknown_language_is_refused() -> None:
    """A language without a catalogue is an error that names the known ones, whatever path it spells."""
    for language in ("xx", "../pack", "", "EN"):
        with pytest.raises(NotFoundError) as caught, speaking(language):
            pass
        assert (caught.value.slug, caught.value.details["known"]) == ("unknown-language", ", ".join(languages()))


@pytest.mark.parametrize(
    "translation", ["{zahl}", "none", "{count} {count} {more}", "{count!r}", "{count:d}", "{count.real}", "{", "{}"]
)
def test_a_translation_with_other_fields_is_refused(translation: str) -> None:
    """A field that is missing, invented or adorned is found when the catalogue is read, not halfway through a pack."""
    with pytest.raises(FormatError) as caught, speaking("de", po=po(("All {count} of them", translation))):
        pass
    assert caught.value.slug == "bad-catalogue"


@pytest.mark.parametrize("data", [b"\xff\xfe", b'msgid "a', THREE.replace(RULE, "n/").encode()])
def test_a_catalogue_that_cannot_be_read_is_refused(data: bytes) -> None:
    """What is no catalogue is a FormatError, as for every parser."""
    with pytest.raises(FormatError) as caught, speaking("de", po=data):
        pass
    assert caught.value.slug == "bad-catalogue"


def test_what_is_not_translated_is_said_in_english() -> None:
    """A sentence that the catalogue lacks, leaves empty or marks as fuzzy prints in English."""
    data = po(("Fail", ""), ("Pass", "Gehalten")) + b'\n#, fuzzy\nmsgid "Excepted"\nmsgstr "Wohl {nicht}"\n'
    with speaking("de", po=data):
        assert [mark.word for mark in (Mark.PASS, Mark.FAIL, Mark.EXCEPTED)] == ["Gehalten", "Fail", "Excepted"]
        assert say_count("{count} entry", "{count} entries", 1) == "1 entry"
        assert say_count("{count} entry", "{count} entries", 1200) == "1,200 entries"
    assert Mark.PASS.word == "Pass"


def test_a_language_has_its_own_plurals() -> None:
    """The form is chosen by the catalogue's own rule; one of them may leave the number out."""
    entry = '\nmsgid "{count} entry"\nmsgid_plural "{count} entries"\n'
    forms = ("{count} запись", "{count} записи", "{count} записей")
    data = THREE + entry + "".join(f'msgstr[{place}] "{form}"\n' for place, form in enumerate(forms))
    with speaking("ru", po=data.encode()):
        told = [say_count("{count} entry", "{count} entries", many) for many in (1, 2, 5, 21, 1002)]
    assert told == ["1 запись", "2 записи", "5 записей", "21 запись", "1,002 записи"]
    with speaking("ru", po=data.replace("{count} запись", "одна запись").encode()):
        assert say_count("{count} entry", "{count} entries", 1) == "одна запись"


def test_marked_up_parts_stand_where_the_language_has_them() -> None:
    """A line keeps the parts of its sentence, in the order of the translation."""
    values = {"who": Quiet(words("Ann")), "what": line("a", "b")}
    assert said(say_line("{who} approved {what}.", **values)) == "Ann approved ab."
    assert say_line("{who} approved {what}.", **values)[0] == values["who"]
    with speaking("de", po=po(("{who} approved {what}.", "Was {what} angeht: {who} hat zugestimmt."))):
        assert said(say_line("{who} approved {what}.", **values)) == "Was ab angeht: Ann hat zugestimmt."
    assert said(say_count_line("{count} of {who}", "{count} of {who}", 2000, who="them")) == "2,000 of them"


def test_page_numbers_are_said_in_the_language() -> None:
    """The words around page numbers are translated, and nothing in them can leave their string."""
    with speaking("de", po=po(("Page {page} of {pages}", 'Seite {page}\\"}}</style>{pages}'))):
        css = stylesheet()
    assert r'content: "Seite " counter(page) "\22 \7d " "\3c \2f style\3e " counter(pages);' in css
    assert 'content: "Page " counter(page) " of " counter(pages);' in stylesheet()


def test_units_are_said_in_the_language() -> None:
    """Durations use the language's own units."""
    from datetime import timedelta

    with speaking("nb", po=po(("h", "t"), ("d", "døgn"))):
        assert duration(timedelta(days=1, hours=2)) == "1 døgn 2 t"


# ---- nothing is left unsaid ----------------------------------------------------------------------------------------

_RUN = re.compile(f"[^{pseudo.MARKED}]+")
_WORD = re.compile(r"[A-Za-z][A-Za-z'-]+")
_SEAM = re.compile(r"[,;:()\[\]<>“”·…$]| {2,}|\\u\{[0-9A-F]+\}|\. (?=[A-Z])|(?<=-\d\d) ")
"""Where texts of several facts may have been joined."""
_TWO = re.compile(r"[A-Za-z]{2,}[,;:]? [A-Za-z]{2,}")
NAMES = ("Evidence Ledger", "SHA-256", "docs/format.md", "ledger.pub", "entries.jsonl", "verify.py", "evidence verify")
"""Names of ours that are names in every language: the product, a digest's algorithm, files, a command."""
STANDARDS = re.compile(r"(ISO/IEC|NIST|SOC|SSDF|[A-Z]{2})[A-Za-z0-9. /-]*")
"""Names of controls, as their frameworks give them."""
UNTRANSLATED = {
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
COMMANDS = frozenset({"_depths", "_run_sheet", "_sheet"})
"""Functions that print a command and its answer, which are compared with a screen and therefore English."""
MARKING = SAYING | COUNTING


@cache
def spoken(name: str) -> Made:
    """The story's release in the language that nobody speaks."""
    with speaking("nl", po=pseudo.catalogue()):
        return document_of(*told(name))


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
    if is_dataclass(value):
        return [getattr(value, one.name) for one in fields(value)]
    if isinstance(value, Mapping):
        return [one for pair in value.items() for one in pair]
    return value if isinstance(value, tuple | list | set | frozenset) else ()


def texts(value: object) -> Iterator[Text]:
    """Every text of a document."""
    if isinstance(value, Text):
        yield value
    elif isinstance(value, tuple):
        for one in value:
            yield from texts(one)
    elif is_dataclass(value) and not isinstance(value, Fingerprint):
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


def rule_words(made: Made) -> Iterator[str]:
    """What the rules say of themselves, of the policy and of what speaks for an assistant: never translated."""
    policy = policy_in_force(made.dossier.records, made.world.projects["payments"])
    for value in (RULES, SHARED, CHECKS, in_plain_words(policy)):
        yield from strings(value, set())
    for change in made.dossier.changes:
        yield from traces(ChangeCase(made.dossier.records, change, policy.shared, AS_OF))


@pytest.mark.parametrize("name", ["clean", "excepted", "troubled"])
def test_every_word_of_ours_is_translated(name: str) -> None:
    """Word for word, what is not in the reader's language is a value of the facts: captured, a rule's, or a label."""
    made = spoken(name)
    held = {*strings((made.dossier, made.assessment, made.verification, SETTINGS), set()), *rule_words(made), *NAMES}
    held |= {with_names(text, made.dossier.parties) for text in held}
    held |= {note.slug.replace("-", " ") for note in made.verification.notes}
    models = [item.prompt.model for change in made.dossier.changes for item in change.prompts]
    held |= {f"{model.provider} {model.responded}" for model in models if model is not None}
    bundle = bundle_name(made.dossier.release.product, made.dossier.release.version)
    facts = "\n".join(" ".join(text.replace("`", "").split()) for text in held)
    unsaid = {
        part
        for text in texts(made.document)
        if "$ " not in text.plain and text.plain not in (made.world.anchor.strip(), bundle)
        for run in _RUN.findall(" ".join(text.plain.split()))
        for piece in _SEAM.split(run)
        if _WORD.search(part := piece.strip(" .!?†✓\N{EN DASH}-/0123456789"))
        if part not in facts and STANDARDS.fullmatch(part) is None
    }
    assert unsaid == set()


def test_templates_say_every_word_in_the_language() -> None:
    """The words that templates place by themselves are translated too."""
    with speaking("nl", po=pseudo.catalogue()):
        html = render_html(spoken("troubled").document)
    body = re.sub(r"<style>.*?</style>|<script.*?</script>", "", html, flags=re.DOTALL)
    for word in ("Contents", "Question it answers", "Page", "Duty", "Columns are", "ringed"):
        assert word not in body
        assert pseudo.marked(word) in body
