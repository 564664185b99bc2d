"""Remedies: every rule has one, and every command that is recommended parses as it stands."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Final

import click
import pytest

from ledger import exitcodes
from ledger.cli.main import evidence, run
from ledger.rules.catalogue import RULES
from ledger.rules.remedies import remedy

if TYPE_CHECKING:
    from pathlib import Path

IDS = [rule.id for rule in RULES]

_FILES: Final = ("REPORT", "FILE", "BUNDLE", "REQUEST")
_VALUES: Final = {
    "BASE": "main",
    "CHANGE": "7",
    "CLASS": "security",
    "COMMIT": "HEAD",
    "DIGEST": "sha256:" + "0" * 64,
    "ENTRY": "12",
    "ENVIRONMENT": "production",
    "ID": "INC-1",
    "INVOLVEMENT": "none",
    "NAME": "shop",
    "PERSON": "Ada",
    "PREVIOUS": "HEAD~1",
    "PRINCIPAL": "Ada",
    "PRODUCT": "shop",
    "REF": "refs/heads/main",
    "SERVICE": "payments",
    "SUITE": "unit",
    "SYSTEM": "jira",
    "TARGET": "code",
    "TEXT": "why",
    "VERSION": "1.0",
}
_PLACE: Final = re.compile(r"\b[A-Z]{2,}\b")


def filled(command: str, file: Path) -> list[str]:
    """The words of a command with something in each of its places.

    Raises:
        KeyError: a place that nobody said how to fill.
    """
    known = {**_VALUES, **dict.fromkeys(_FILES, str(file))}
    return [_PLACE.sub(lambda found: known[found[0]], word) for word in shlex.split(command)]


def parse(words: list[str]) -> None:
    """Nothing, where the real command line takes ``words``.

    Raises:
        click.UsageError: it does not.
    """
    assert words[0] == "evidence"
    command: click.Command = evidence
    context = click.Context(evidence, info_name="evidence")
    rest = words[1:]
    while isinstance(command, click.Group):
        found = command.get_command(context, rest[0])
        assert found is not None, words
        command, context = found, click.Context(found, parent=context, info_name=rest.pop(0))
    with command.make_context(command.name, rest, parent=context.parent):
        pass  # leaving closes the files that were opened


@pytest.mark.parametrize("rule", [*IDS, "head"])
@pytest.mark.parametrize(
    "about", [{"change": "7", "revision": 2}, {"release": "shop@1.0"}, {"change": "7", "part_of": "shop@1.0"}, {}]
)
def test_each_rule_has_a_remedy_whose_command_parses(rule: str, about: dict[str, str | int], tmp_path: Path) -> None:
    """What a gate tells people to run is a whole command of this version: no option is unknown, and none is missing."""
    found = remedy(rule, **about)  # type: ignore[arg-type]
    assert found.sentence.endswith(".")
    assert found != remedy("no such rule", **about)  # type: ignore[arg-type]
    file = tmp_path / "file"
    file.write_text("")
    parse(filled(found.command, file))


def test_what_is_asked_about_is_named() -> None:
    """Change, revision and release stand in the command, ready to be copied."""
    assert remedy("SOD-01", change="7", revision=2).command == "evidence approve 7 --revision 2"
    assert remedy("REL-03", release="shop@1.0").command == "evidence approve --release shop@1.0"
    night = remedy("EXC-05", change="7", part_of="shop@1.0").command
    assert night == "evidence exception --release shop@1.0 --incident ID --reason TEXT"
    assert remedy("APP-05", change="7", part_of="shop@1.0").command == night
    assert remedy("APP-05", change="7").command == "evidence approve 7"


def test_a_missing_option_is_told_on_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """What an option takes is listed in the message, without the marks of a line's end."""
    assert run(["record", "scan", "/dev/null"]) == exitcodes.USAGE
    said = next(line for line in capsys.readouterr().err.splitlines() if line.startswith("error:"))
    assert "Choose from: code, dependencies, secrets, image, prompts" in said
