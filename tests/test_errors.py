"""Errors: every slug is documented, and messages cannot carry an attack."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from ledger import errors
from ledger.errors import FormatError, LedgerError, escaped, place

ROOT = Path(__file__).resolve().parent.parent
CLASSES = {name for name, item in vars(errors).items() if isinstance(item, type) and issubclass(item, LedgerError)}


def constructions() -> list[tuple[str, ast.Call]]:
    """Every call that makes an error, with its file and line."""
    found = []
    for room in ("ledger", "api", "reports"):
        for path in sorted((ROOT / room).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Call):
                    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                    if name in CLASSES:
                        found.append((f"{path.relative_to(ROOT)}:{node.lineno}", node))
    return found


def slug_of(call: ast.Call) -> str | None:
    """The slug written in the call, None where it is computed."""
    candidates = [*call.args[:1], *(word.value for word in call.keywords if word.arg == "slug")]
    if candidates and isinstance(candidates[0], ast.Constant) and isinstance(candidates[0].value, str):
        return candidates[0].value
    return None


def test_every_error_is_raised_with_a_literal_slug() -> None:
    """A slug is written out where the error is made, so that it can be found by searching for it."""
    assert [where for where, call in constructions() if slug_of(call) is None] == []


def test_slugs_and_headings_are_the_same_set() -> None:
    """docs/errors.md has a heading for each slug in the source, each once, and no other."""
    headings = re.findall(r"^### (.+)$", (ROOT / "docs" / "errors.md").read_text("utf-8"), re.MULTILINE)
    assert len(headings) == len(set(headings))
    slugs = {slug_of(call) for _where, call in constructions()}
    assert slugs - set(headings) == set()
    assert set(headings) - slugs == set()


def test_the_message_names_the_place() -> None:
    """A FormatError prints where the fault is, and the bare sentence where there is no place."""
    assert str(FormatError("s", "wrong", where=place("context", 0, "a/b~"))) == "at /context/0/a~1b~0: wrong"
    assert str(FormatError("s", "wrong")) == "wrong"


def test_places_and_details_are_escaped_and_clipped() -> None:
    """No control character, override or long key of an input reaches the message or the details."""
    hostile = "\x1b[31m\u202e\ud800" + "k" * 100_000
    error = FormatError("s", "wrong", where=place(*[hostile] * 50), details={"got": hostile, "count": 3})
    assert str(error).isascii()
    assert str(error).isprintable()
    assert len(str(error)) < 300
    assert str(error.details["got"]).startswith("\\x1b[31m\\u202e\\ud800k")
    assert len(str(error.details["got"])) == 256
    assert error.details["count"] == 3


def test_escaped_keeps_what_fits() -> None:
    """Printable ASCII within the limit comes out unchanged."""
    assert escaped("a" * 40, 40) == "a" * 40
    assert escaped("a" * 41, 40) == "a" * 37 + "..."
