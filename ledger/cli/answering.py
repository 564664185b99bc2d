"""What a decision's signature means, and what was answered to the policy's checklist: asked for before it is shown."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final

import click

from ledger.cli.output import clean
from ledger.errors import AuthorityError
from ledger.events.work import ChecklistAnswer

if TYPE_CHECKING:
    from ledger.cli.deciding import Matter
    from ledger.cli.recording.recorder import Recorder

OF_EXCEPTIONS: Final = ("review", "authorisation")
NOT_ELSEWHERE: Final = ("authorisation", "exception")
"""Meanings that only a decision about an exception has."""
ANSWERS: Final = ("yes", "no", "not-applicable")


def meaning_of(matter: Matter, decision: str, told: dict[str, Any]) -> str:
    """What the signature means.

    Raises:
        click.UsageError: nothing that a decision about this can mean. AuthorityError: ``own-exception``.
    """
    meaning: str = told["meaning"] or ("release" if matter.scope == "release" else "review")
    if matter.scope == "exception" and meaning not in OF_EXCEPTIONS:
        raise click.UsageError(f"about an exception a signature means {' or '.join(OF_EXCEPTIONS)}")
    if matter.scope != "exception" and meaning in NOT_ELSEWHERE:
        raise click.UsageError(f"the meaning {meaning} is one of decisions about exceptions: name it with --exception")
    if matter.own_exception and decision == "approve":
        # Signed, it would count for nothing, and SOD-08 would fail beside the review of somebody else.
        raise AuthorityError(
            "own-exception",
            "you asked for this exception yourself, and nobody authorises or reviews their own",
            remedy="Have another person run the same command.",
        )
    return meaning


def checklist_of(
    recorder: Recorder, matter: Matter, decision: str, told: dict[str, Any]
) -> tuple[ChecklistAnswer, ...] | None:
    """What was answered to each item of the policy's checklist; None where it has none, and for a rejection.

    Raises:
        click.UsageError: an answer is not of its form, is to no item of the list or is missing, and nobody is there
            to ask.
    """
    asked = [item for item, _ in matter.checklist] if decision == "approve" else []
    for text in told["answers"]:
        if text.partition("=")[0] not in asked:
            known = f"it asks {', '.join(asked)}" if asked else "it asks nothing here"
            raise click.UsageError(f"the policy's checklist has no item {clean(text.partition('=')[0], 64)}: {known}")
    if decision != "approve":
        return None
    given: dict[str, str] = {}
    for text in told["answers"]:
        item, _, answer = text.partition("=")
        if answer not in ANSWERS or item in given:
            raise click.UsageError("--answer takes ITEM=yes, ITEM=no or ITEM=not-applicable, each item once")
        given[item] = answer
    open_items = [item for item in asked if item not in given]
    if open_items and not told["yes"] and sys.stdin.isatty():
        click.echo(f"The policy asks of whoever approves {matter.title}:", err=recorder.session.output.json)
    for item, question in matter.checklist:
        if item in given:
            continue
        if told["yes"] or not sys.stdin.isatty():
            raise click.UsageError(
                f"the policy asks \u201c{clean(question, 300)}\u201d: add --answer {item}=yes|no|not-applicable"
            )
        shown = f"{clean(question, 300)} ({item})"
        given[item] = click.prompt(shown, type=click.Choice(ANSWERS), err=recorder.session.output.json)
    return tuple(ChecklistAnswer(answer, item) for item, answer in given.items()) or None
