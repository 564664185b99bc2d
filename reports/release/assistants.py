"""AI involvement: what each change declares, what speaks for an assistant, and each prompt or why it is not there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from ledger.records import Absent, Held
from ledger.rules.involvement import traces
from reports.parts import Break, Line, Paragraph, Quote, Row, Section, Table, line, say_line, words
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
from reports.release.scans import prompt_scans
from reports.release.view import MARKS
from reports.say import say, say_count, to_say
from reports.text import capture
from reports.wording import number

if TYPE_CHECKING:
    from ledger.dossier.facts import CommitFact, PromptFact
    from reports.parts import Block, Inline
    from reports.release.view import ChangeView, View
    from reports.text import Text

ANCHOR: Final = "assistants"
PROMPT_LINES: Final = 14
MOST_TRACES: Final = 120
"""Commits with traces printed; those of no recorded change go first, the rest is counted."""
_DECLARED_BY: Final = {
    "none": to_say("not at all"),
    "trailers": to_say("by commit trailers"),
    "declared": to_say("by the producer"),
}
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
        "8",
        words(say("AI involvement")),
        words(say("Was an assistant used, who asked it, for what, and is the answer bound to the diff?")),
        _lede(view, marked),
        (
            *(() if view.changeless else _of_changes(view)),
            *_traces(view, marked),
            *(() if view.changeless else prompt_scans(view, prompts_of(view))),
        ),
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
                    where = capture(
                        say("{change}, revision {revision}", change=change.label.plain, revision=revision.number),
                        limit=TITLE + 20,
                    )
                    found[change.facts.project, commit.id] = replace(known, places=(*known.places, where))
    return tuple(sorted(found.values(), key=lambda item: bool(item.places)))


def _of_changes(view: View) -> tuple[Block, ...]:
    placed: set[int] = set()
    blocks: list[Block] = [
        *view.left_out(),
        Table(
            columns(
                (say("Change"), 14),
                (say("Declared"), 13),
                (say("How declared"), 13),
                (say("What else speaks for an assistant"), 36),
                (say("Prompts"), 9),
                (say("Verdict"), 15),
            ),
            tuple(_summary(view, change) for change in view.printed),
            words(say("No change is printed.")),
            words(say("Declarations and traces, by the latest revision of each change")),
            "small",
        ),
    ]
    for change in view.printed:
        if change.facts.prompts:
            blocks += _change(view, change, placed)
    if not prompts_of(view):
        blocks.append(Paragraph(line(say("No prompt is recorded for any change of the release."))))
    return tuple(blocks)


def _traces(view: View, marked: tuple[Traced, ...]) -> tuple[Block, ...]:
    """The marked commits in a table; nothing where there is neither such a commit nor a change."""
    if view.changeless and not marked:
        return ()
    table = Table(
        columns(
            (say("Commit"), 13),
            (say("Subject, as captured"), 33),
            (say("Traces, as captured"), 32),
            (say("Belongs to"), 22),
        ),
        tuple(map(_trace, marked[:MOST_TRACES])),
        words(say("No commit on the release's lists or of a revision carries a trace that its recorder knows.")),
        words(say("Commits with traces of an assistant")),
        "dense",
    )
    rest = len(marked) - MOST_TRACES
    if rest <= 0:
        return (table,)
    said = say_count(
        "{count} more such commit is not printed; the lists are in the bundle.",
        "{count} more such commits are not printed; the lists are in the bundle.",
        rest,
    )
    return (table, Paragraph(line(said), small=True))


def _trace(item: Traced) -> Row:
    commit = item.commit
    where = list(dict.fromkeys(item.places))
    said: list[Inline | Text] = [quiet(say("no recorded change"))] if not where else []
    for place, text in enumerate(where):
        said += [Break(), text] if place else [text]
    if not item.listed:
        said += [words(", "), quiet(say("not on the release's lists"))]
    return Row(
        (
            digest_line(commit.id),
            line(quiet(say("no subject")) if commit.subject is None else capture(commit.subject, limit=TITLE)),
            line(capture(", ".join(commit.ai_traces), limit=160)),
            line(*said),
        ),
        hit=not where,
    )


def declared(change: ChangeView) -> str:
    """What the latest revision declares: ``none``, ``assisted``, ``generated``, ``undeclared``; else "no revision"."""
    last = change.facts.last_revision
    return say("no revision") if last is None else last.diff.ai.involvement


def _lede(view: View, marked: tuple[Traced, ...]) -> Line:
    loose = sum(not item.places for item in marked)
    traces_said = say("No commit carries a trace of an assistant.")
    if marked:
        traces_said = say_count(
            "{count} commit carries traces of an assistant, {loose} of them in no recorded change.",
            "{count} commits carry traces of an assistant, {loose} of them in no recorded change.",
            len(marked),
            loose=number(loose),
        )
    if view.changeless:
        return line(say("No change is recorded, so nothing is declared and no prompt is bound."), " ", traces_said)
    said = [declared(change) for change in view.changes]
    involved = sum(one in _INVOLVED for one in said)
    without = sum(one == "none" for one in said)
    rest = len(said) - involved - without
    prompts = prompts_of(view)
    unread = sum(isinstance(_content(view, item, "prompt"), Absent) for item in prompts)
    declaring = say_count(
        "{count} change declares an assistant",
        "{count} changes declare an assistant",
        involved,
    )
    silent = say_count("{count} says nothing", "{count} say nothing", rest)
    text = say(
        "{declaring}, {without}, {silent}.",
        declaring=declaring,
        without=say_count("{count} declares none", "{count} declare none", without),
        silent=silent,
    )
    bound = (
        say_count(
            "{count} prompt is recorded, {unread} of them without a text at hand.",
            "{count} prompts are recorded, {unread} of them without a text at hand.",
            len(prompts),
            unread=number(unread),
        )
        if unread
        else say_count("{count} prompt is recorded.", "{count} prompts are recorded.", len(prompts))
    )
    return line(f"{text} {bound} {traces_said}")


def _summary(view: View, change: ChangeView) -> Row:
    last = change.facts.last_revision
    outcome = change.in_family("AI")
    others = traces(view.case(change))
    return Row(
        (
            line(change.label),
            line(declared(change)),
            line(quiet(NONE)) if last is None else line(say(_DECLARED_BY[last.diff.ai.source])),
            line(capture("; ".join(others), limit=300)) if others else line(quiet(say("nothing recorded"))),
            line(number(len(change.facts.prompts))),
            line(quiet(say("no rule is on"))) if outcome is None else line(status(MARKS[outcome])),
        ),
        anchor=change.anchor("i"),
    )


def _change(view: View, change: ChangeView, placed: set[int]) -> list[Block]:
    prompts = change.facts.prompts
    blocks: list[Block] = [
        Table(
            columns(
                (say("Entry"), 6),
                (say("Session, turn"), 18),
                (say("Tool, model"), 21),
                (say("Asked by"), 17),
                (say("Trigger"), 9),
                (say("Mode"), 10),
                (say("Captured"), 10),
                (say("Bound"), 9),
            ),
            tuple(_row(item, placed) for item in prompts),
            words(say("No prompt is recorded.")),
            capture(
                say_count(
                    "{change}: {count} prompt", "{change}: {count} prompts", len(prompts), change=change.label.plain
                )
            ),
            "dense",
        )
    ]
    blocks += [_quoted(view, item) for item in prompts]
    return blocks


def _row(item: PromptFact, placed: set[int]) -> Row:
    prompt = item.prompt
    tool = prompt.tool.name + (f" {prompt.tool.version}" if prompt.tool.version else "")
    if prompt.model is None:
        model = say("model not recorded")
    else:
        asked, answered = prompt.model.requested, prompt.model.responded
        model = f"{prompt.model.provider} {answered or asked or say('unnamed')}"
        if asked and answered and asked != answered:
            model = say("{model} (asked for {asked})", model=model, asked=asked)
    return Row(
        (
            line(str(item.record.index)),
            line(capture(f"{prompt.session}, {prompt.turn}", limit=60), Break(), quiet(ledger_time(item.record))),
            line(capture(f"{tool}; {model}", limit=160)),
            line(quiet(say("not recorded"))) if item.initiator is None else line(named(item.initiator)),
            line(prompt.trigger),
            line(prompt.permission_mode or quiet(say("not recorded"))),
            line(f"{prompt.capture.quality}, {prompt.capture.source}"),
            line(item.strength or quiet(say("to no diff"))),
        ),
        anchor=once(placed, item.record.index),
    )


def _content(view: View, item: PromptFact, name: str) -> Held | Absent:
    return view.dossier.records.content(item.record.event.context.content(name))


def _quoted(view: View, item: PromptFact) -> Block:
    content = _content(view, item, "prompt")
    who = named(item.initiator) if item.initiator is not None else say("asker not recorded")
    where = say_line("Prompt of entry {index}, {asker}", index=item.record.index, asker=who)
    reference = item.record.event.context.content("prompt")
    if reference is not None:
        where = (*where, *line(", "), *say_line("commitment {digest}", digest=digest_line(reference.commitment)))
    if isinstance(content, Absent):
        gone = say("[The text is {absence}; the signed commitment to it remains.]", absence=absence(content.state))
        return Quote(words(gone), where)
    text = content.data.decode("utf-8", "replace")
    return Quote(
        capture(
            text,
            limit=view.settings.prompt_characters,
            lines=PROMPT_LINES,
            whole=say("content prompt of entry {index}", index=item.record.index),
        ),
        where,
    )
