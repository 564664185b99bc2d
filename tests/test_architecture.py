"""The house: what each part may import and touch, and what the command loads to print its help."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

OUTER = {
    "capture",
    "cli",
    "client",
    "forgestatus",
    "keyfile",
    "making",
    "memory",
    "outbox",
    "packevent",
    "policies",
    "signers",
    "sealfiles",
    "spool",
    "stamping",
    "standalone",
    "store",
    "transport",
    "witness",
}
"""Parts of `ledger` that may touch the outside world. Every other part, also one added tomorrow, is pure."""

LAYERS = (
    "cli",
    (
        "capture : client : forgestatus : keyfile : making : memory : outbox : packevent : policies : sealfiles : "
        "signers : spool : stamping : standalone : store : transport : witness"
    ),
    "receipt",
    "settings | tokens | exitcodes | parcel | refusals",
    # Above the rules: whether an approval counts and an assistant was used is read in one way, the rules'.
    "measures",
    "rules",
    "leads",
    "gathering",
    "dossier",
    "reconciling",
    "verify",
    "bundle",
    "records",
    "roster",
    "anchor",
    "checkpoint",
    "entry",
    # Below the entry: a leaf's digest is one of the tree's digests, and the tree makes all of them.
    "merkle",
    "documents : envelope : junit",
    "events",
    "keys | manifest | sampling | sealkeys",
    "sshsig",
    "digests : canonical : globs",
    "asking | errors",
)
"""Parts of `ledger`, highest first: a part imports only what stands below it; `|` also keeps neighbours apart."""

WORLD = (
    *("os", "glob", "shutil", "tempfile", "fcntl", "mmap", "sqlite3", "importlib", "pkgutil"),
    *("socket", "ssl", "http", "urllib", "select", "selectors", "asyncio", "multiprocessing", "subprocess", "signal"),
    *("time", "random", "secrets", "threading", "logging", "sys", "platform", "getpass", "pwd"),
    *("alembic", "click", "fastapi", "httpx2", "jinja2", "psycopg", "pydantic", "sqlalchemy", "starlette", "uvicorn"),
    "weasyprint",
)
"""Modules through which files, network, clock, environment and randomness come in."""

HARMLESS = {"io": {"BytesIO", "StringIO"}, "pathlib": {"PurePath", "PurePosixPath"}}
"""What pure modules may use of modules that are otherwise of the world."""

WORLD_FUNCTIONS = {"open", "input", "print", "exec", "eval", "__import__", "breakpoint"}
"""Built-in functions that reach the world, or code that no contract sees."""

WORLD_METHODS = {"now", "utcnow", "today", "uuid1", "uuid4", "uuid6", "uuid7", "getnode"}
"""Clock and randomness of modules that are otherwise harmless: `datetime` and `uuid`."""

HEAVY = {"sqlalchemy", "alembic", "psycopg", "fastapi", "starlette", "pydantic", "uvicorn"} | {
    *("weasyprint", "jinja2", "pyhanko"),
}
"""What `evidence --help` does not load; pipelines pay for every import on every step."""


def parts(package: str) -> set[str]:
    """The names of a package's direct children that hold Python."""
    found = {path.stem for path in (ROOT / package).glob("*.py")}
    found |= {path.parent.name for path in (ROOT / package).glob("*/__init__.py")}
    return found - {"__init__"}


def named(package: str, names: set[str]) -> list[str]:
    """Full module names of these parts, of those that exist."""
    return [f"{package}.{name}" for name in sorted(names & parts(package))]


PURE = parts("ledger") - OUTER


def contracts() -> list[dict[str, object]]:
    """The import contracts of the house, over the modules that exist."""
    ledger = parts("ledger")
    return [
        {
            "name": "inside ledger, imports run downward",
            "type": "layers",
            "containers": ["ledger"],
            "layers": [" ".join(f"({part})" if part.isalpha() else part for part in layer.split()) for layer in LAYERS],
            "exhaustive": True,
        },
        {
            "name": "pure modules turn values into values",
            "type": "forbidden",
            "source_modules": named("ledger", PURE),
            "forbidden_modules": list(WORLD),
        },
        {
            "name": "signing libraries stay in ledger.keys, and where seals of PDFs are made and read",
            "type": "forbidden",
            "source_modules": [
                *named("ledger", ledger - {"keys"}),
                "api",
                *named("reports", parts("reports") - {"sealing", "sealed", "stamped"}),
            ],
            "forbidden_modules": ["nacl", "cryptography"],
            "allow_indirect_imports": True,
        },
        {
            "name": "the database stays in ledger.store and the wiring of api",
            "type": "forbidden",
            "source_modules": [*named("ledger", ledger - {"store"}), "reports"],
            "forbidden_modules": ["sqlalchemy", "alembic", "psycopg"],
            "allow_indirect_imports": True,
        },
        {
            "name": "WeasyPrint stays in reports.pdf",
            "type": "forbidden",
            "source_modules": [*named("ledger", ledger), "api", *named("reports", parts("reports") - {"pdf"})],
            "forbidden_modules": ["weasyprint"],
            "allow_indirect_imports": True,
        },
        {
            "name": "pyHanko stays in reports.sealing",
            "type": "forbidden",
            "source_modules": [*named("ledger", ledger), "api", *named("reports", parts("reports") - {"sealing"})],
            "forbidden_modules": ["pyhanko", "pyhanko_certvalidator", "asn1crypto"],
            "allow_indirect_imports": True,
        },
        {
            "name": "reports read values only and fetch nothing",
            "type": "forbidden",
            "source_modules": ["reports"],
            "forbidden_modules": [*named("ledger", OUTER), "api", "http", "httpx2", "sqlalchemy", "ssl"],
        },
        {
            "name": "ledger stands below api, and below reports except for its command",
            "type": "forbidden",
            "source_modules": named("ledger", ledger - {"cli"}),
            "forbidden_modules": ["api", "reports"],
        },
        {
            "name": "the command does not import api",
            "type": "forbidden",
            "source_modules": ["ledger.cli"],
            "forbidden_modules": ["api"],
        },
        {
            "name": "api does not import the command",
            "type": "forbidden",
            "source_modules": ["api"],
            "forbidden_modules": ["ledger.cli"],
        },
    ]


def toml(value: object) -> str:
    """One value as TOML; strings, booleans and lists of them are written as in JSON."""
    return json.dumps(value)


def test_import_contracts_hold(tmp_path: Path) -> None:
    """Every import of the project respects the contracts of the house, and every module of `ledger` has its place."""
    lines = ["[tool.importlinter]", 'root_packages = ["ledger", "api", "reports"]', "include_external_packages = true"]
    for contract in contracts():
        lines += ["[[tool.importlinter.contracts]]", *(f"{key} = {toml(value)}" for key, value in contract.items())]
    configuration = tmp_path / "contracts.toml"
    configuration.write_text("\n".join(lines))
    command = Path(sys.executable).with_name("lint-imports")
    ran = subprocess.run(
        [command, "--config", configuration, "--no-cache"],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert f"Contracts: {len(contracts())} kept, 0 broken." in ran.stdout


def test_packages_themselves_import_nothing() -> None:
    """`import ledger` costs nothing: the three packages are docstrings."""
    for package in ("ledger", "api", "reports"):
        (only,) = ast.parse((ROOT / package / "__init__.py").read_text()).body
        assert isinstance(only, ast.Expr), package


def pure_sources() -> list[Path]:
    """All files of the pure modules."""
    files = [ROOT / "ledger" / f"{name}.py" for name in PURE]
    files += [path for name in PURE for path in (ROOT / "ledger" / name).rglob("*.py")]
    return sorted(path for path in files if path.exists())


def test_the_pure_modules_are_found() -> None:
    """The checks below look at something: at least the core of the format is among the pure modules."""
    assert {
        *("errors", "canonical", "digests", "keys", "events", "envelope", "entry", "merkle", "checkpoint"),
        *("roster", "bundle", "verify", "dossier", "rules"),
    } <= PURE
    assert len(pure_sources()) >= len(PURE)


def reaches_outside(node: ast.AST) -> str | None:
    """What this piece of code takes from the outside world, if anything."""
    match node:
        case ast.ImportFrom(module=str(module), names=names) if module in HARMLESS:
            return next((f"{module}.{alias.name}" for alias in names if alias.name not in HARMLESS[module]), None)
        case ast.Attribute(value=ast.Name(id=module), attr=name) if module in HARMLESS:
            return None if name in HARMLESS[module] else f"{module}.{name}"
        case ast.ImportFrom(module="datetime" | "uuid", names=names):
            return next((alias.name for alias in names if alias.name in WORLD_METHODS), None)
        case ast.Attribute(attr=name) if name in WORLD_METHODS:
            return name
        case ast.Call(func=ast.Name(id=name)) if name in WORLD_FUNCTIONS:
            return name
        case _:
            return None


@pytest.mark.parametrize("path", pure_sources(), ids=lambda path: str(path.relative_to(ROOT)))
def test_pure_modules_reach_for_nothing_outside(path: Path) -> None:
    """No pure module reads a clock, opens a file, prints, or draws a random id."""
    found = {node: reaches_outside(node) for node in ast.walk(ast.parse(path.read_text()))}
    named_at = [f"line {getattr(node, 'lineno', 0)}: {name}" for node, name in found.items() if name is not None]
    assert named_at == []


@pytest.mark.parametrize(
    "line",
    [
        *("datetime.now(UTC)", "datetime.datetime.utcnow()", "date.today()", "uuid.uuid4()", "from uuid import uuid7"),
        *("open('x')", "io.open('x')", "from pathlib import Path", "pathlib.Path('x')", "print()", "eval('1')"),
    ],
)
def test_the_check_of_pure_modules_sees(line: str) -> None:
    """The check above is not empty: each way out that it names is seen."""
    assert any(reaches_outside(node) for node in ast.walk(ast.parse(line)))


def test_help_loads_no_heavy_library() -> None:
    """`evidence --help` prints its help without loading a database, a web framework or a printer."""
    code = (
        "import sys, atexit\n"
        "atexit.register(lambda: print(*sorted({name.partition('.')[0] for name in sys.modules}), file=sys.stderr))\n"
        "sys.argv = ['evidence', '--help']\n"
        "from ledger.cli.main import main\n"
        "main()\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    assert "Usage: evidence" in ran.stdout
    loaded = set(ran.stderr.split())
    assert "click" in loaded
    assert loaded & HEAVY == set()
