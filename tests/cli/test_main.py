"""The command as a whole: its table, its cost, its errors and its exit codes."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from ledger import exitcodes
from ledger.cli.main import COMMANDS, exit_status, run
from ledger.cli.output import clean, clean_lines, plural, table
from ledger.errors import (
    AuthorityError,
    ChainError,
    ConflictError,
    FormatError,
    NotFoundError,
    SignatureError,
    UnavailableError,
)

if TYPE_CHECKING:
    from ledger.errors import LedgerError
    from tests.cli.running import User

HEAVY = ("sqlalchemy", "fastapi", "pydantic", "weasyprint", "httpx2", "nacl", "alembic", "uvicorn")
OWN = ("init", "serve", "status", "reindex", "fsck", "recover", "token", "connect", "people", "key", "role", "project")


@pytest.mark.parametrize("words", [["--help"], ["help", "exit-codes"], ["people", "--help"], ["init", "--help"]])
def test_help_is_cheap(words: list[str]) -> None:
    """Help imports none of the libraries that cost start-up time."""
    script = (
        "import sys; from ledger.cli.main import run; status = run(sys.argv[1:]); "
        f"loaded = [name for name in {HEAVY} if name in sys.modules]; "
        "sys.exit(f'{status} {loaded}' if status or loaded else 0)"
    )
    done = subprocess.run([sys.executable, "-c", script, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    """`evidence --help` has a line for each command of the table."""
    assert run(["--help"]) == exitcodes.DONE
    printed = capsys.readouterr().out
    assert all(f"  {name} " in printed for name in COMMANDS)


@pytest.mark.parametrize("name", OWN)
def test_commands_are_where_the_table_says(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each command of the first half can be imported and explains itself, by both ways to ask."""
    assert importlib.util.find_spec(COMMANDS[name][0].partition(":")[0]) is not None
    assert run([name, "--help"]) == exitcodes.DONE
    by_flag = capsys.readouterr().out
    assert run(["help", name]) == exitcodes.DONE
    assert capsys.readouterr().out == by_flag


def test_exit_codes_are_explained(capsys: pytest.CaptureFixture[str]) -> None:
    """`evidence help exit-codes` lists all of them."""
    run(["help", "exit-codes"])
    printed = capsys.readouterr().out
    assert all(f"\n  {code:>3}  " in printed for code in (0, 1, 2, 3, 4, 5, 130))


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (FormatError("a", "b"), exitcodes.ERROR),
        (NotFoundError("a", "b"), exitcodes.ERROR),
        (ConflictError("a", "b"), exitcodes.ERROR),
        (SignatureError("a", "b"), exitcodes.NEGATIVE),
        (ChainError("a", "b"), exitcodes.NEGATIVE),
        (AuthorityError("a", "b"), exitcodes.NOT_ALLOWED),
        (UnavailableError("unreachable", "b"), exitcodes.UNREACHABLE),
        (UnavailableError("git-shallow", "b"), exitcodes.ERROR),
    ],
)
def test_errors_have_their_status(error: LedgerError, status: int) -> None:
    """A pipeline can tell bad from broken from forbidden from unreachable."""
    assert exit_status(error) == status


def test_usage_is_status_two_with_the_way_out(ada: User) -> None:
    """A wrong word is told with the usage line, or as a problem object with --json."""
    said = ada.evidence("people", "nosuch")
    assert said.status == exitcodes.USAGE
    assert "try: evidence people --help" in said.err
    problem = ada.evidence("people", "import", "--json").problem
    assert problem["slug"] == "usage"
    assert problem["type"] == "/errors#usage"


def test_problems_are_objects_with_json(ada: User) -> None:
    """With --json an error is one JSON object on stderr and nothing is on stdout."""
    said = ada.evidence("people", "list", "--json")
    assert (said.status, said.out) == (exitcodes.ERROR, "")
    assert json.loads(said.err)["slug"] == "no-anchor"
    assert json.loads(said.err)["remedy"].startswith("evidence connect")


def test_captured_text_cannot_steer_a_terminal() -> None:
    """Escape sequences, bidirectional overrides and line breaks are printed as escapes; names of all scripts stay."""
    assert clean("\x1b[31mred\x07\r\n\u202eevil\u2066") == "\\x1b[31mred\\x07\\r\\n\\u202eevil\\u2066"
    names = "Åsa 李明 نیم\u200cفاصله 👩\u200d💻"  # noqa: RUF001 -- a word that needs its joiner
    assert clean(names) == names
    assert clean("x" * 50, 10) == "xxxxxxx..."
    assert clean_lines("a\tb\n\x1b[0m") == ["a   b", "\\x1b[0m"]
    assert table(("A", "B"), [("\x1b[2J", "李")]) == ["A        B", "\\x1b[2J  李"]


def test_numbers_are_spoken_rightly() -> None:
    """One entry, many entries, thousands apart."""
    assert [plural(1, "entry", "entries"), plural(2000, "act")] == ["1 entry", "2,000 acts"]
