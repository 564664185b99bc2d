"""Errors: every slug is documented, and messages cannot carry an attack."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from functools import cache
from inspect import Parameter, Signature
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

from ledger.errors import FormatError, escaped, place

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "errors.md"
SLUG: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")

COMPUTED: Final[dict[tuple[str, str], tuple[str, ...]]] = {
    # A refusal is read back from the server's problem document; the server made it with a slug of its own.
    ("ledger/refusals.py", "read_problem"): (),
    # The printing process tells the error that it met; its slug was written out there.
    ("reports/render.py", "_failure"): (),
    # Prints an error that was made elsewhere.
    ("ledger/cli/output.py", "report_error"): (),
    # A content that is not held is named by its state in the bundle's index.
    ("ledger/verify/kept.py", "check_contents"): ("content-withheld", "content-erased", "content-missing"),
}
"""Where a slug cannot be written out, by file and function; with the slugs that are put together there."""

_MADE: Final = Signature(
    [Parameter("slug", Parameter.POSITIONAL_OR_KEYWORD), Parameter("rest", Parameter.VAR_POSITIONAL)]
    + [Parameter(name, Parameter.KEYWORD_ONLY, default=None) for name in ("message", "where", "details", "remedy")]
)
"""What a variable is called with, if it holds a class of errors."""

Scope: TypeAlias = tuple[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, ...]


@dataclass(frozen=True, slots=True)
class Module:
    """A file of the program, read for its calls."""

    name: str
    """Path from the checkout."""
    calls: tuple[tuple[ast.Call, Scope], ...]
    """Every call with the definitions around it, outermost first."""
    functions: tuple[tuple[ast.FunctionDef | ast.AsyncFunctionDef, Scope], ...]
    classes: tuple[ast.ClassDef, ...]
    constants: dict[str, str]
    """Texts that the module names once, at its top."""
    aliases: dict[str, str]
    """What is imported under another name: that name to its own."""


@dataclass(frozen=True, slots=True)
class Use:
    """One place that gives a slug."""

    module: str
    function: str
    line: int
    slugs: frozenset[str] | None
    """None where it is computed."""


def walk(node: ast.AST, scope: Scope = ()) -> Iterator[tuple[ast.AST, Scope]]:
    """Every node below ``node`` with the definitions around it."""
    for child in ast.iter_child_nodes(node):
        yield child, scope
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield from walk(child, (*scope, child))
        else:
            yield from walk(child, scope)


def read(name: str, source: str) -> Module:
    """The module of that source."""
    tree = ast.parse(source)
    nodes = list(walk(tree))
    constants = {}
    for item in tree.body:
        if isinstance(item, ast.Assign | ast.AnnAssign) and isinstance(item.value, ast.Constant):
            target = item.targets[0] if isinstance(item, ast.Assign) else item.target
            if isinstance(target, ast.Name) and isinstance(item.value.value, str):
                constants[target.id] = item.value.value
    imports = [alias for node, _ in nodes if isinstance(node, ast.ImportFrom) for alias in node.names]
    return Module(
        name,
        tuple((node, scope) for node, scope in nodes if isinstance(node, ast.Call)),
        tuple((node, scope) for node, scope in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)),
        tuple(node for node, _ in nodes if isinstance(node, ast.ClassDef)),
        constants,
        {alias.asname: alias.name for alias in imports if alias.asname is not None},
    )


def signature(function: ast.FunctionDef | ast.AsyncFunctionDef, *, method: bool) -> Signature:
    """What the function takes from a caller; a method without its first parameter."""
    given = function.args
    places = [*given.posonlyargs, *given.args]
    optional = len(places) - len(given.defaults)
    parameters = [
        Parameter(item.arg, Parameter.POSITIONAL_OR_KEYWORD, default=Parameter.empty if at < optional else None)
        for at, item in enumerate(places)
    ][method:]
    if given.vararg is not None:
        parameters.append(Parameter(given.vararg.arg, Parameter.VAR_POSITIONAL))
    parameters += [
        Parameter(item.arg, Parameter.KEYWORD_ONLY, default=Parameter.empty if default is None else None)
        for item, default in zip(given.kwonlyargs, given.kw_defaults, strict=True)
    ]
    return Signature(parameters)


def error_classes(modules: tuple[Module, ...]) -> dict[str, Signature]:
    """What each error class is made from, by its name; the class whose making takes no slug included."""
    definitions = {item.name: item for module in modules for item in module.classes}
    found: dict[str, Signature] = {}

    def known(name: str) -> bool:
        definition = definitions.get(name)
        if definition is None or name in found:
            return name in found
        bases = [base.id for base in definition.bases if isinstance(base, ast.Name)]
        above = next((base for base in bases if known(base)), None)
        if above is None and name != "LedgerError":
            return False
        own = next((item for item in definition.body if getattr(item, "name", "") == "__init__"), None)
        if isinstance(own, ast.FunctionDef):
            found[name] = signature(own, method=True)
        elif above is not None:
            found[name] = found[above]
        return name in found

    for name in definitions:
        known(name)
    return found


def uses_of(modules: tuple[Module, ...]) -> list[Use]:
    """Every place that gives a slug: to an error, or to a function with a parameter of that name.

    A function is found by its name and by what it takes, so that another one of its name is at worst one too many. A
    variable that is called with what looks like a slug counts too: it may hold a class of errors.
    """
    classes = error_classes(modules)
    helpers: dict[str, list[tuple[Module, bool, Signature]]] = {}
    for module in modules:
        for function, scope in module.functions:
            method = bool(scope) and isinstance(scope[-1], ast.ClassDef)
            takes = signature(function, method=method)
            if "slug" in takes.parameters and function.name != "__init__":
                helpers.setdefault(function.name, []).append((module, method, takes))
    found = []
    for module in modules:
        own = {function.name for function, scope in module.functions if not scope}
        for call, scope in module.calls:
            for takes in _callees(call, scope, module, own, classes, helpers):
                given = _given(call, takes)
                if given is not None:
                    slugs = _slugs(given, scope, module) if isinstance(given, ast.expr) else None
                    names = [item.name for item in scope if not isinstance(item, ast.ClassDef)]
                    found.append(Use(module.name, names[-1] if names else "", call.lineno, slugs))
                    break
    return found


def _callees(
    call: ast.Call,
    scope: Scope,
    module: Module,
    own: set[str],
    classes: dict[str, Signature],
    helpers: dict[str, list[tuple[Module, bool, Signature]]],
) -> list[Signature]:
    """What may be called here, of all that takes a slug."""
    if isinstance(call.func, ast.Attribute):
        name = call.func.attr
        enclosing = [item for item in scope if isinstance(item, ast.ClassDef)]
        if name == "__init__" and enclosing:
            bases = [base.id for base in enclosing[-1].bases if isinstance(base, ast.Name)]
            return [classes[base] for base in bases if base in classes]
        return [classes[name]] if name in classes else [takes for _, _, takes in helpers.get(name, ())]
    if not isinstance(call.func, ast.Name):
        return []
    name = module.aliases.get(call.func.id, call.func.id)
    if name in classes:
        return [classes[name]]
    if any(name in _bound(item) for item in scope):
        return [_MADE] if call.args and _looks_like_slug(call.args[0]) else []
    return [
        takes
        for home, method, takes in helpers.get(name, ())
        if not method and (home is module or call.func.id not in own)
    ]


def _looks_like_slug(given: ast.expr) -> bool:
    match given:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name == "slug"
        case ast.Constant(value=str(text)):
            return SLUG.fullmatch(text) is not None and "-" in text
        case _:
            return False


@cache
def _bound(definition: ast.AST) -> set[str]:
    """The variables that a function binds."""
    return {node.id for node in ast.walk(definition) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}


def _given(call: ast.Call, takes: Signature) -> ast.expr | bool | None:
    """The slug of the call, True where it is hidden in a star, None where this takes none or is not what is called."""
    if "slug" not in takes.parameters:
        return None
    if any(isinstance(item, ast.Starred) for item in call.args) or any(item.arg is None for item in call.keywords):
        return True
    try:
        bound = takes.bind(*call.args, **{item.arg: item.value for item in call.keywords if item.arg is not None})
    except TypeError:
        return None
    given = bound.arguments.get("slug")
    return given if isinstance(given, ast.expr) else True


def _slugs(given: ast.expr, scope: Scope, module: Module) -> frozenset[str] | None:
    """The slugs that an expression can be, none where a function hands on what it is called with."""
    match given:
        case ast.Constant(value=str(slug)):
            return frozenset({slug})
        case ast.IfExp(body=body, orelse=otherwise):
            both = _slugs(body, scope, module), _slugs(otherwise, scope, module)
            return None if both[0] is None or both[1] is None else both[0] | both[1]
        case ast.Name(id="slug") if scope and isinstance(function := scope[-1], ast.FunctionDef):
            handed_on = "slug" in signature(function, method=False).parameters and "slug" not in _bound(function)
            return frozenset() if handed_on else None
        case ast.Name(id=name) if name in module.constants and not any(name in _bound(item) for item in scope):
            return frozenset({module.constants[name]})
        case _:
            return None


@cache
def uses() -> tuple[Use, ...]:
    """The places of the program that give a slug."""
    paths = [path for room in ("ledger", "api", "reports") for path in sorted((ROOT / room).rglob("*.py"))]
    return tuple(uses_of(tuple(read(path.relative_to(ROOT).as_posix(), path.read_text("utf-8")) for path in paths)))


def collected() -> set[str]:
    """Every slug of the program."""
    return {slug for use in uses() for slug in use.slugs or ()} | {
        slug for slugs in COMPUTED.values() for slug in slugs
    }


def lines() -> list[str]:
    """The lines of docs/errors.md."""
    return PAGE.read_text("utf-8").splitlines()


def test_every_error_is_raised_with_a_literal_slug() -> None:
    """A slug is written out where the error is made, so that it can be found by searching for it."""
    computed = [use for use in uses() if use.slugs is None]
    assert [use for use in computed if (use.module, use.function) not in COMPUTED] == []
    assert set(COMPUTED) - {(use.module, use.function) for use in computed} == set()


def test_slugs_and_headings_are_the_same_set() -> None:
    """docs/errors.md has a heading for each slug in the source, each once, and no other."""
    headings = [line.removeprefix("### ") for line in lines() if line.startswith("### ")]
    assert sorted(headings) == sorted(set(headings))
    assert collected() - set(headings) == set()
    assert set(headings) - collected() == set()


def test_a_slug_is_the_anchor_of_its_heading() -> None:
    """The `type` of a problem, /errors#slug, leads to its heading: no other heading of the page has that anchor."""
    assert [slug for slug in sorted(collected()) if SLUG.fullmatch(slug) is None] == []
    titles = [line.lstrip("#").strip() for line in lines() if line.startswith("#")]
    anchors = [re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-") for title in titles]
    assert sorted(anchors) == sorted(set(anchors))


def test_every_heading_is_explained() -> None:
    """Under each slug stands a text."""
    page = [line for line in lines() if line]
    pairs = zip(page, [*page[1:], "#"], strict=True)
    assert [line for line, after in pairs if line.startswith("### ") and after.startswith("#")] == []


def test_the_scan_sees_helpers_choices_and_stars() -> None:
    """The scan finds slugs behind helpers, both branches of a choice, and takes nothing for literal that is not."""
    source = """
class LedgerError(Exception):
    def __init__(self, slug, message, *, details=None): ...
class ChainError(LedgerError): ...
class OwnError(ChainError):
    def __init__(self):
        super().__init__("of-its-own", "m")
NAMED = "named-above"
def _refuse(fault, slug, message):
    if fault:
        raise ChainError(slug, message)
def _changed(slug):
    slug += "x"
    raise ChainError(slug, "m")
class Notes:
    def note(self, slug, place): ...
    def add(self, notes, words, error, cls, x):
        _refuse(True, "by-helper", "m")
        notes.note(slug="by-method", place="p")
        notes.note("not one: the method of another class")
        error = OwnError()
        error = ChainError("a" if x else "b", "m")
        error = ChainError(NAMED, "m")
        cls = ChainError
        error = cls("by-variable", "m")
        error = ChainError(*words)
        error = ChainError(f"a-{x}", "m")
"""
    found = uses_of((read("m.py", source),))
    assert {slug for use in found for slug in use.slugs or ()} == {
        "of-its-own",
        "named-above",
        "by-helper",
        "by-method",
        "a",
        "b",
        "by-variable",
    }
    assert [use.line for use in found if use.slugs is None] == [14, 26, 27]


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
