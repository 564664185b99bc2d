"""Remedies: every rule has one, and every command that is recommended exists with the options it is given."""

from __future__ import annotations

import shlex

import click
import pytest

from ledger.cli.main import evidence
from ledger.rules.catalogue import RULES
from ledger.rules.remedies import remedy

IDS = [rule.id for rule in RULES]


@pytest.mark.parametrize("rule", [*IDS, "head"])
def test_each_rule_has_a_remedy_whose_command_exists(rule: str) -> None:
    """What a gate tells people to run is a command of this version, with options that it takes."""
    found = remedy(rule, change="7", revision=2)
    assert found.sentence.endswith(".")
    assert found != remedy("no such rule", change="7", revision=2)
    words = shlex.split(found.command)
    assert words.pop(0) == "evidence"
    command: click.Command = evidence
    context = click.Context(evidence, info_name="evidence")
    while words and isinstance(command, click.Group):
        known = command.get_command(context, words[0])
        assert known is not None, found.command
        command = known
        context = click.Context(command, parent=context, info_name=words.pop(0))
    options = {name for parameter in command.params for name in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= options, found.command


def test_what_is_asked_about_is_named() -> None:
    """Change, revision and release stand in the command, ready to be copied."""
    assert remedy("SOD-01", change="7", revision=2).command == "evidence approve 7 --revision 2"
    assert remedy("REL-03", release="shop@1.0").command == "evidence approve --release shop@1.0"
