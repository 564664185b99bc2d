"""What a command prints: plain text for people, or with ``--json`` one document of stable shape; errors on stderr.

Everything captured is hostile to a terminal: control characters and bidirectional overrides are printed as escapes.
"""

from __future__ import annotations

import json as standard_json
import os
import sys
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import click

from ledger.errors import FormatError, LedgerError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

PROBLEM_BASE: Final = "/errors#"
"""Begins the ``type`` of every problem object, as the server's do; the slug follows, a heading of docs/errors.md."""

_JOINERS: Final = frozenset("\u200c\u200d")
"""Format characters that ordinary names and emoji need."""
_HIDDEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_COLOURS: Final = frozenset({"red", "green", "yellow"})


@dataclass(frozen=True, slots=True)
class Output:
    """How one run of a command speaks."""

    json: bool = False
    """One JSON document on stdout instead of text."""
    quiet: bool = False
    """No notes; the answer itself and errors stay."""

    def answer(self, document: Mapping[str, Any], lines: Iterable[str]) -> None:
        """Prints the answer: ``document`` with ``--json``, else ``lines``, whose captured parts are already clean."""
        if self.json:
            click.echo(standard_json.dumps(document, indent=2, ensure_ascii=True))
        else:
            for line in lines:
                click.echo(line)

    def note(self, sentence: str) -> None:
        """Tells a person something beside the answer, on stderr; never in the way of a program."""
        if not self.json and not self.quiet:
            click.echo(sentence, err=True)

    def warn(self, sentence: str) -> None:
        """Tells what must not be overlooked, on stderr, whatever the mode."""
        click.echo(f"warning: {sentence}", err=True)


def ask_to_sign(question: str) -> None:
    """Nothing, once a person at the terminal said yes.

    Raises:
        LedgerError: ``declined`` or ``nobody-answered``; nothing is signed then.
    """
    try:
        agreed = click.confirm(question, err=True)
    except click.Abort:
        click.echo(err=True)
        if sys.stdin.isatty():
            raise
        raise LedgerError(
            "nobody-answered",
            "nobody is there to answer, so nothing was signed",
            remedy="Read what is above, then add --yes to the same command.",
        ) from None
    if not agreed:
        raise LedgerError("declined", "nothing was signed")


def clean(text: str, limit: int = 1_000) -> str:
    """``text`` on one line of at most ``limit`` characters: what is invisible or steers a terminal is escaped."""
    shown = "".join(map(_visible, text[: limit + 1]))
    return shown if len(shown) <= limit else shown[: limit - 3] + "..."


def clean_lines(text: str, limit: int = 100_000) -> list[str]:
    """The lines of a longer captured text, each fit for a terminal."""
    return [clean(line.expandtabs(4), 2_000) for line in text[:limit].split("\n")]


def _visible(character: str) -> str:
    if unicodedata.category(character) not in _HIDDEN or character in _JOINERS:
        return character
    return character.encode("unicode_escape").decode("ascii")


def colour_wanted() -> bool:
    """Whether stdout is a terminal that may be coloured (``NO_COLOR``, ``TERM=dumb``)."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def paint(text: str, colour: str) -> str:
    """``text`` in ``red``, ``green`` or ``yellow`` where stdout is a terminal that may be coloured."""
    if colour not in _COLOURS:
        raise ValueError("colours are red, green and yellow")
    return click.style(text, fg=colour) if colour_wanted() else text


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines of aligned columns; every cell is cleaned. Without rows: no lines."""
    if not rows:
        return []
    cells = [[clean(cell, 200) for cell in row] for row in (heads, *rows)]
    widths = [max(_width(row[at]) for row in cells) for at in range(len(heads))]
    return [
        "  ".join(cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    ]


def _width(text: str) -> int:
    wide = sum(unicodedata.east_asian_width(character) in "WF" for character in text)
    return len(text) + wide - sum(unicodedata.combining(character) > 0 for character in text)


def plural(number: int, one: str, many: str | None = None) -> str:
    """``1 entry``, ``2 entries``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


_REMEDIES: Final[Mapping[str, str]] = {
    "timeout": "Ask again later; see: evidence status",
    "token-missing": "Set EVIDENCE_LEDGER_TOKEN, or: evidence connect URL --anchor FILE --token-file FILE",
    "token-scope": "Ask the operator for one with that scope: evidence token create",
    "token-unknown": "Ask the operator for one: evidence token create",
    "unreachable": "Which address was asked: evidence status. An operator starts the server: evidence serve DIRECTORY",
}
"""What helps at this end, for causes whose own remedy is missing or speaks to programs."""

_ELSE: Final[Mapping[str, str]] = {
    "bad-junit": "Have the test run write its report again, as JUnit XML.",
    "bad-people-file": "What such a file holds: keys.example. One from a repository's history: evidence people suggest",
    "bad-parameter": "Check the value that is named; what is taken there: --help",
    "no-such-change": "See what is recorded: evidence log. A bundle or pack is named by its file.",
    "no-such-entry": "See which there are: evidence log",
    "other-origin": "Server and ledger.pub are of different ledgers. Name both of one ledger: "
    "evidence connect URL --anchor FILE",
    "no-such-position": "How long the log is: evidence status",
    "token-revoked": "Ask the operator for another (evidence token create), then give it with --token-file",
}
"""What helps where the error itself says nothing of that."""


def report_error(error: LedgerError, *, json: bool) -> None:
    """Prints an error of the ledger on stderr: slug, sentence, values compared, remedy; never a content or secret."""
    where = error.where if isinstance(error, FormatError) else ""
    sentence = error.message if json else str(error)
    remedy = _REMEDIES.get(error.slug, error.remedy) or _ELSE.get(error.slug)
    report_problem(error.slug, sentence, remedy, json=json, details=error.details, where=where)


def report_os_error(error: OSError, *, json: bool) -> None:
    """Prints what the operating system refused, and for which file."""
    name = error.filename.decode("utf-8", "replace") if isinstance(error.filename, bytes) else error.filename
    reason = (error.strerror or type(error).__name__).lower()
    report_problem("system-error", f"{name}: {reason}" if isinstance(name, str) else reason, None, json=json)


def report_problem(
    slug: str,
    sentence: str,
    remedy: str | None,
    *,
    json: bool,
    details: Mapping[str, str | int] | None = None,
    where: str = "",
) -> None:
    """Prints a problem on stderr: an RFC 9457 object with ``--json``, else "error:" and "try:" lines."""
    if json:
        problem: dict[str, Any] = {
            "type": PROBLEM_BASE + slug,
            "title": slug.replace("-", " ").capitalize(),
            "slug": slug,
            "detail": sentence,
        }
        if where:
            problem["where"] = where
        if details:
            problem["details"] = dict(details)
        if remedy:
            problem["remedy"] = remedy
        click.echo(standard_json.dumps(problem, ensure_ascii=True), err=True)
        return
    click.echo(f"error: {clean(sentence)} [{slug}]", err=True)
    for name, value in (details or {}).items():
        click.echo(f"  {clean(name.replace('_', ' '))}: {clean(str(value))}", err=True)
    if remedy:
        click.echo(f"try: {clean(remedy)}", err=True)
