"""Prompts of a release: who asked which assistant in which session, what was asked, and what came back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ledger.records import Absent, Held
from reports.parts import Break, Paragraph, Quote, Row, Table, line, say_line, words
from reports.release.register import once
from reports.release.said import absence, columns, digest_line, ledger_time, named, quiet, strong
from reports.say import say
from reports.text import capture
from reports.wording import number

if TYPE_CHECKING:
    from ledger.dossier.facts import PromptFact
    from reports.parts import Block, Line
    from reports.release.view import ChangeView, View

PROMPT_LINES: Final = 14
ASKED: Final = "prompt"
ANSWERED: Final = "output"
"""Names of the contents that hold what was asked and what came back (format §4.4.2)."""


def prompted(view: View) -> tuple[Block, ...]:
    """The blocks: all prompts of the changes printed in one table, what its words mean, then their texts."""
    asked = [(change, item) for change in view.printed for item in change.facts.prompts]
    if not asked:
        return (Paragraph(line(say("No prompt is recorded for any change that is printed."))),)
    placed: set[int] = set()
    texts: list[Block] = []
    for change, item in asked:
        if item.record.index not in placed:
            placed.add(item.record.index)
            texts += _texts(view, change, item)
    return (_table(view, asked), _legend(), *texts)


def text_of(view: View, item: PromptFact, name: str) -> Held | Absent:
    """What was asked or what came back, as far as it is at hand."""
    return view.dossier.records.content(item.record.event.context.content(name))


def _table(view: View, asked: list[tuple[ChangeView, PromptFact]]) -> Table:
    placed: set[int] = set()
    return Table(
        columns(
            (say("Entry"), 6),
            (say("Change"), 10),
            (say("Session, turn"), 18),
            (say("Tool, model"), 16),
            (say("Asked by"), 14),
            (say("Trigger, mode"), 9),
            (say("Captured"), 9),
            (say("Bound"), 8),
            (say("Answer"), 10),
        ),
        tuple(_row(view, change, item, placed) for change, item in asked),
        words(say("No prompt is recorded.")),
        words(say("Prompts, and what came back")),
        "dense",
    )


def _legend() -> Paragraph:
    return Paragraph(
        line(
            say(
                "Session, turn: the conversation with the assistant, and which question in it. Trigger: what set the "
                "prompt off: a human, a schedule, another agent (subagent). Mode: what the assistant was let do by "
                "itself, in its own word. Captured: whether whole, and by what: a hook as it was sent; a transcript, "
                "telemetry, notes or by hand afterwards. Bound: how it is known that the diff came of it: recomputed "
                "from the files written, observed by the recorder, or declared by somebody. Answer: the content "
                "“output” of the same entry."
            )
        ),
        small=True,
    )


def _row(view: View, change: ChangeView, item: PromptFact, placed: set[int]) -> Row:
    prompt = item.prompt
    return Row(
        (
            line(str(item.record.index)),
            line(change.label),
            line(capture(f"{prompt.session}, {prompt.turn}", limit=60), Break(), quiet(ledger_time(item.record))),
            line(capture(f"{_tool(item)}; {_model(item)}", limit=160)),
            line(quiet(say("not recorded"))) if item.initiator is None else line(named(item.initiator)),
            line(prompt.trigger, Break(), quiet(prompt.permission_mode or say("not recorded"))),
            line(prompt.capture.quality, Break(), quiet(prompt.capture.source)),
            line(item.strength or quiet(say("to no diff"))),
            _answer(view, item),
        ),
        anchor=once(placed, item.record.index),
    )


def _tool(item: PromptFact) -> str:
    tool = item.prompt.tool
    return tool.name if tool.version is None else f"{tool.name} {tool.version}"


def _model(item: PromptFact) -> str:
    told = item.prompt.model
    if told is None:
        return say("model not recorded")
    model = f"{told.provider} {told.responded or told.requested or say('unnamed')}"
    if told.requested and told.responded and told.requested != told.responded:
        return say("{model} (asked for {asked})", model=model, asked=told.requested)
    return model


def _answer(view: View, item: PromptFact) -> Line:
    """What became of the assistant's answer: kept, or in which way it is not there."""
    reference = item.record.event.context.content(ANSWERED)
    if reference is None:
        return line(quiet(say("none recorded")))
    content = text_of(view, item, ANSWERED)
    if isinstance(content, Absent):
        return line(strong(absence(content.state)))
    return line(say("kept, {bytes} B", bytes=number(reference.size_bytes)))


def _texts(view: View, change: ChangeView, item: PromptFact) -> list[Block]:
    """What was asked, or why it is not there; what came back where it is."""
    who = named(item.initiator) if item.initiator is not None else say("asker not recorded")
    found: list[Block] = [
        _quote(
            view,
            item,
            ASKED,
            say_line(
                "{change}, prompt of entry {index}, {asker}", change=change.label, index=item.record.index, asker=who
            ),
        )
    ]
    if isinstance(text_of(view, item, ANSWERED), Held):
        where = say_line(
            "{change}, answer to the prompt of entry {index}", change=change.label, index=item.record.index
        )
        found.append(_quote(view, item, ANSWERED, where))
    return found


def _quote(view: View, item: PromptFact, name: str, where: Line) -> Quote:
    reference = item.record.event.context.content(name)
    if reference is not None:
        where = (*where, *line(", "), *say_line("commitment {digest}", digest=digest_line(reference.commitment)))
    content = text_of(view, item, name)
    if isinstance(content, Absent):
        gone = say("[The text is {absence}; the signed commitment to it remains.]", absence=absence(content.state))
        if reference is None:
            gone = say("[No text is recorded.]")
        return Quote(words(gone), where)
    whole = say("the content “{name}” of entry {index}, in the attached bundle", name=name, index=item.record.index)
    return Quote(
        capture(
            content.data.decode("utf-8", "replace"),
            limit=view.settings.prompt_characters,
            lines=PROMPT_LINES,
            whole=whole,
        ),
        where,
    )
