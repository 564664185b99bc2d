"""AI involvement: what each change declares, what speaks for an assistant, and each prompt or why it is not there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from ledger.records import Absent, Held
from ledger.rules.involvement import traces
from reports.parts import Break, Line, Paragraph, Quote, Row, Section, Table, line, words
from reports.release.register import once
from reports.release.said import (
    NONE,
    TITLE,
    absence,
    columns,
    digest_line,
    ledger_time,
    named,
    quiet,
    status,
)
from reports.release.view import MARKS
from reports.text import capture
from reports.wording import count, number

if TYPE_CHECKING:
    from ledger.dossier.facts import CommitFact, PromptFact
    from reports.parts import Block, Inline
    from reports.release.view import ChangeView, View
    from reports.text import Text

ANCHOR: Final = "assistants"
PROMPT_LINES: Final = 14
MOST_TRACES: Final = 120
"""Commits with traces printed; those of no recorded change go first, the rest is counted."""
_INVOLVED: Final = frozenset({"assisted", "generated"})


def prompts_of(view: View) -> tuple[PromptFact, ...]:
    """Every prompt of the release, once."""
    found = {item.record.index: item for change in view.changes for item in change.facts.prompts}
    return tuple(found[index] for index in sorted(found))


def assistants(view: View) -> Section:
    """The section."""
    marked = traced(view)
    return Section(
        ANCHOR,
        "7",
        words("AI involvement"),
        words("Was an assistant used, who asked it, for what, and is the answer bound to the diff?"),
        _lede(view, marked),
        (*(() if view.changeless else _of_changes(view)), *_traces(view, marked)),
        brief=view.changeless,
    )


@dataclass(frozen=True, slots=True)
class Traced:
    """A commit that carries traces of an assistant."""

    commit: CommitFact
    listed: bool
    """On the release's lists; else in a revision of a change alone, as before a squash."""
    places: tuple[Text, ...]
    """The change that landed it, and revisions that hold it; none: no recorded change."""


def traced(view: View) -> tuple[Traced, ...]:
    """Commits on the release's lists and in revisions that carry traces, those of no recorded change first."""
    changes = {(change.facts.project, change.facts.id): change for change in view.changes}
    found: dict[tuple[str, str], Traced] = {}
    for place in view.dossier.places:
        if place.commit.ai_traces:
            project = view.dossier.sources[place.source].source.project
            change = None if place.change is None else changes.get((project, place.change))
            found[project, place.commit.id] = Traced(
                place.commit, listed=True, places=() if change is None else (change.label,)
            )
    for change in view.changes:
        for revision in change.facts.revisions:
            for commit in () if isinstance(revision.commits, Absent) else revision.commits:
                if commit.ai_traces:
                    known = found.get((change.facts.project, commit.id), Traced(commit, listed=False, places=()))
                    where = capture(f"{change.label.plain}, revision {revision.number}", limit=TITLE + 20)
                    found[change.facts.project, commit.id] = replace(known, places=(*known.places, where))
    return tuple(sorted(found.values(), key=lambda item: bool(item.places)))


def _of_changes(view: View) -> tuple[Block, ...]:
    placed: set[int] = set()
    blocks: list[Block] = [
        *view.left_out(),
        Table(
            columns(
                ("Change", 14),
                ("Declared", 13),
                ("How declared", 13),
                ("What else speaks for an assistant", 36),
                ("Prompts", 9),
                ("Verdict", 15),
            ),
            tuple(_summary(view, change) for change in view.printed),
            words("No change is printed."),
            words("Declarations and traces, by the latest revision of each change"),
            "small",
        ),
    ]
    for change in view.printed:
        if change.facts.prompts:
            blocks += _change(view, change, placed)
    if not prompts_of(view):
        blocks.append(Paragraph(line("No prompt is recorded for any change of the release.")))
    return tuple(blocks)


def _traces(view: View, marked: tuple[Traced, ...]) -> tuple[Block, ...]:
    """The marked commits in a table; nothing where there is neither such a commit nor a change."""
    if view.changeless and not marked:
        return ()
    table = Table(
        columns(("Commit", 13), ("Subject, as captured", 33), ("Traces, as captured", 32), ("Belongs to", 22)),
        tuple(map(_trace, marked[:MOST_TRACES])),
        words("No commit on the release's lists or of a revision carries a trace that its recorder knows."),
        words("Commits with traces of an assistant"),
        "dense",
    )
    rest = len(marked) - MOST_TRACES
    if rest <= 0:
        return (table,)
    said = f"{count(rest, 'more such commit is', 'more such commits are')} not printed; the lists are in the bundle."
    return (table, Paragraph(line(said), small=True))


def _trace(item: Traced) -> Row:
    commit = item.commit
    where = list(dict.fromkeys(item.places))
    said: list[Inline | Text] = [quiet("no recorded change")] if not where else []
    for place, text in enumerate(where):
        said += [Break(), text] if place else [text]
    if not item.listed:
        said.append(quiet(", not on the release's lists"))
    return Row(
        (
            digest_line(commit.id),
            line(quiet("no subject") if commit.subject is None else capture(commit.subject, limit=TITLE)),
            line(capture(", ".join(commit.ai_traces), limit=160)),
            line(*said),
        ),
        hit=not where,
    )


def declared(change: ChangeView) -> str:
    """What the latest revision declares: ``none``, ``assisted``, ``generated``, ``undeclared``, or ``no revision``."""
    last = change.facts.last_revision
    return "no revision" if last is None else last.diff.ai.involvement


def _lede(view: View, marked: tuple[Traced, ...]) -> Line:
    loose = sum(not item.places for item in marked)
    traces_said = " No commit carries a trace of an assistant."
    if marked:
        traces_said = (
            f" {count(len(marked), 'commit carries', 'commits carry')} traces of an assistant, {number(loose)} of them "
            "in no recorded change."
        )
    if view.changeless:
        return line("No change is recorded, so nothing is declared and no prompt is bound.", traces_said)
    said = [declared(change) for change in view.changes]
    involved = sum(one in _INVOLVED for one in said)
    without = sum(one == "none" for one in said)
    rest = len(said) - involved - without
    prompts = prompts_of(view)
    unread = sum(isinstance(_content(view, item, "prompt"), Absent) for item in prompts)
    text = (
        f"{count(involved, 'change declares', 'changes declare')} an assistant, {number(without)} declare none, "
        f"{number(rest)} {'says' if rest == 1 else 'say'} nothing. "
        f"{count(len(prompts), 'prompt is', 'prompts are')} recorded"
    )
    text += f", {number(unread)} of them without a text at hand." if unread else "."
    return line(text, traces_said)


def _summary(view: View, change: ChangeView) -> Row:
    last = change.facts.last_revision
    outcome = change.in_family("AI")
    others = traces(view.case(change))
    return Row(
        (
            line(change.label),
            line(declared(change)),
            line(quiet(NONE))
            if last is None
            else line(
                {"none": "not at all", "trailers": "by commit trailers", "declared": "by the producer"}[
                    last.diff.ai.source
                ]
            ),
            line(capture("; ".join(others), limit=300)) if others else line(quiet("nothing recorded")),
            line(number(len(change.facts.prompts))),
            line(quiet("no rule is on")) if outcome is None else line(status(MARKS[outcome])),
        ),
        anchor=change.anchor("i"),
    )


def _change(view: View, change: ChangeView, placed: set[int]) -> list[Block]:
    prompts = change.facts.prompts
    blocks: list[Block] = [
        Table(
            columns(
                ("Entry", 6),
                ("Session, turn", 18),
                ("Tool, model", 21),
                ("Asked by", 17),
                ("Trigger", 9),
                ("Mode", 10),
                ("Captured", 10),
                ("Bound", 9),
            ),
            tuple(_row(item, placed) for item in prompts),
            words("No prompt is recorded."),
            capture(f"{change.label.plain}: {count(len(prompts), 'prompt', 'prompts')}"),
            "dense",
        )
    ]
    blocks += [_quoted(view, item) for item in prompts]
    return blocks


def _row(item: PromptFact, placed: set[int]) -> Row:
    prompt = item.prompt
    tool = prompt.tool.name + (f" {prompt.tool.version}" if prompt.tool.version else "")
    if prompt.model is None:
        model = "model not recorded"
    else:
        asked, answered = prompt.model.requested, prompt.model.responded
        model = f"{prompt.model.provider} {answered or asked or 'unnamed'}"
        if asked and answered and asked != answered:
            model += f" (asked for {asked})"
    return Row(
        (
            line(str(item.record.index)),
            line(capture(f"{prompt.session}, {prompt.turn}", limit=60), Break(), quiet(ledger_time(item.record))),
            line(capture(f"{tool}; {model}", limit=160)),
            line(quiet("not recorded")) if item.initiator is None else line(named(item.initiator)),
            line(prompt.trigger),
            line(prompt.permission_mode or quiet("not recorded")),
            line(f"{prompt.capture.quality}, {prompt.capture.source}"),
            line(item.strength or quiet("to no diff")),
        ),
        anchor=once(placed, item.record.index),
    )


def _content(view: View, item: PromptFact, name: str) -> Held | Absent:
    return view.dossier.records.content(item.record.event.context.content(name))


def _quoted(view: View, item: PromptFact) -> Block:
    content = _content(view, item, "prompt")
    where = line(
        f"Prompt of entry {item.record.index}, ",
        named(item.initiator) if item.initiator is not None else "asker not recorded",
    )
    reference = item.record.event.context.content("prompt")
    if reference is not None:
        where = (*where, *line(", commitment "), *digest_line(reference.commitment))
    if isinstance(content, Absent):
        return Quote(words(f"[The text is {absence(content.state)}; the signed commitment to it remains.]"), where)
    text = content.data.decode("utf-8", "replace")
    return Quote(
        capture(
            text,
            limit=view.settings.prompt_characters,
            lines=PROMPT_LINES,
            whole=f"content prompt of entry {item.record.index}",
        ),
        where,
    )
