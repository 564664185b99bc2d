"""AI involvement: what each change declares, what speaks for an assistant, and each prompt or why it is not there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from ledger.records import Absent, Held
from ledger.rules.involvement import traces
from ledger.rules.wording import with_names
from reports.parts import Break, Line, Mark, Paragraph, Row, Section, Table, line, say_line, words
from reports.release.prompted import ANSWERED, ASKED, prompted, text_of
from reports.release.said import NONE, TITLE, absence, columns, digest_line, quiet, status
from reports.release.scans import prompt_scans
from reports.release.verdicts import failing, of_rules, told
from reports.say import say, say_count, to_say
from reports.text import capture
from reports.wording import number

if TYPE_CHECKING:
    from ledger.dossier.facts import CommitFact, Landing, PromptFact
    from ledger.rules.verdict import Verdict
    from reports.parts import Block, Inline
    from reports.release.view import ChangeView, View
    from reports.text import Text

ANCHOR: Final = "assistants"
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
    marked, unread = traced(view), unread_lists(view)
    return Section(
        ANCHOR,
        "8",
        words(say("AI involvement")),
        words(say("Was an assistant used, who asked it, for what, and is the answer bound to the diff?")),
        _lede(view, marked, len(unread)),
        (
            *(() if view.changeless else _of_changes(view)),
            *_traces(view, marked, unread),
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
    landing: Landing | None = None
    """Where it is in a revision alone: how its change landed, as far as it did."""


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
                    landing = change.facts.landings[-1] if change.facts.landings else None
                    found[change.facts.project, commit.id] = replace(
                        known, places=(*known.places, where), landing=landing
                    )
    return tuple(sorted(found.values(), key=lambda item: bool(item.places)))


def unread_lists(view: View) -> tuple[str, ...]:
    """Commit lists of the release and of revisions that cannot be read, each with why: of them no trace can be told."""
    found = [
        say("the release's list of source {number} is {absence}", number=place, absence=absence(source.commits.state))
        for place, source in enumerate(view.dossier.sources, start=1)
        if isinstance(source.commits, Absent)
    ]
    found += [
        say(
            "the list of {change}, revision {revision}, is {absence}",
            change=change.label.plain,
            revision=revision.number,
            absence=absence(revision.commits.state),
        )
        for change in view.changes
        for revision in change.facts.revisions
        if isinstance(revision.commits, Absent)
    ]
    return tuple(found)


def _of_changes(view: View) -> tuple[Block, ...]:
    return (
        *view.left_out(),
        Table(
            columns(
                (say("Change"), 13),
                (say("Declared"), 11),
                (say("How declared"), 13),
                (say("What else speaks for an assistant"), 31),
                (say("Prompts"), 9),
                (say("AI rules"), 23),
            ),
            tuple(_summary(view, change) for change in view.printed),
            words(say("No change is printed.")),
            words(say("Declarations and traces, by the latest revision of each change")),
            "small",
        ),
        *prompted(view),
    )


def _traces(view: View, marked: tuple[Traced, ...], unread: tuple[str, ...]) -> tuple[Block, ...]:
    """The marked commits in a table; nothing where there is neither such a commit, nor a change, nor a doubt."""
    if view.changeless and not marked and not unread:
        return ()
    found: list[Block] = [
        Table(
            columns(
                (say("Commit"), 15),
                (say("Subject, as captured"), 32),
                (say("Traces, as captured"), 31),
                (say("Belongs to"), 22),
            ),
            tuple(map(_trace, marked[:MOST_TRACES])),
            words(
                say("No commit of a list that can be read carries a trace that its recorder knows.")
                if unread
                else say("No commit on the release's lists or of a revision carries a trace that its recorder knows.")
            ),
            words(say("Commits with traces of an assistant")),
            "dense",
        )
    ]
    if unread:
        found.append(
            Paragraph(
                line(
                    status(Mark.CANNOT_TELL),
                    " ",
                    say(
                        "whether other commits carry traces: {lists}.",
                        lists=capture("; ".join(unread), limit=4_000).plain,
                    ),
                )
            )
        )
    if marked:
        found.append(
            Paragraph(
                line(
                    say(
                        "A trace is what whoever recorded the commit took for a sign of an assistant, in their own "
                        "word: a trailer of the message, an agent's account, a note."
                    )
                ),
                small=True,
            )
        )
    if (rest := len(marked) - MOST_TRACES) > 0:
        said = say_count(
            "{count} more such commit is not printed; the lists are in the bundle.",
            "{count} more such commits are not printed; the lists are in the bundle.",
            rest,
        )
        found.append(Paragraph(line(said), small=True))
    return tuple(found)


def _trace(item: Traced) -> Row:
    commit = item.commit
    where = list(dict.fromkeys(item.places))
    said: list[Inline | Text] = [words("! "), quiet(say("no recorded change"))] if not where else []
    for place, text in enumerate(where):
        said += [Break(), text] if place else [text]
    if not item.listed:
        said += [Break(), *_unlisted(item)]
    return Row(
        (
            digest_line(commit.id),
            line(quiet(say("no subject")) if commit.subject is None else capture(commit.subject, limit=TITLE)),
            line(capture(", ".join(commit.ai_traces), limit=160)),
            line(*said),
        ),
        hit=not where,
    )


def _unlisted(item: Traced) -> Line:
    """What became of a commit of a revision that the release does not list: ordinary where it was squashed."""
    if item.landing is None:
        return line(quiet(say("not on the release's lists")))
    sentence = _BECAME.get(
        item.landing.merge.method, to_say("(not on the release's lists: the change landed as {commit})")
    )
    return say_line(sentence, commit=digest_line(item.landing.merge.commit))


_BECAME: Final = {
    "squash": to_say("(squashed into {commit} on landing)"),
    "rebase": to_say("(rebased on landing; the last one became {commit})"),
}


def declared(change: ChangeView) -> str:
    """What the latest revision declares: ``none``, ``assisted``, ``generated``, ``undeclared``; else "no revision"."""
    last = change.facts.last_revision
    return say("no revision") if last is None else last.diff.ai.involvement


def _traces_said(marked: tuple[Traced, ...], unread: int) -> str:
    """How many commits carry traces, and of how many lists that cannot be told."""
    loose = sum(not item.places for item in marked)
    if marked:
        said = say_count(
            "{count} commit carries traces of an assistant", "{count} commits carry traces of an assistant", len(marked)
        )
        said = (
            say("{commits}; of no recorded change: {loose}.", commits=said, loose=number(loose))
            if loose
            else say("{commits}, each in a recorded change.", commits=said)
        )
    elif unread:
        said = say("No commit that could be read carries a trace of an assistant.")
    else:
        said = say("No commit carries a trace of an assistant.")
    if not unread:
        return said
    cannot = say_count(
        "Of {count} commit list that is not at hand it cannot be told.",
        "Of {count} commit lists that are not at hand it cannot be told.",
        unread,
    )
    return f"{said} {cannot}"


def _lede(view: View, marked: tuple[Traced, ...], unread_count: int) -> Line:
    traces_said = _traces_said(marked, unread_count)
    if view.changeless:
        return line(say("No change is recorded, so nothing is declared and no prompt is bound."), " ", traces_said)
    said = [declared(change) for change in view.changes]
    involved = sum(one in _INVOLVED for one in said)
    without = sum(one == "none" for one in said)
    rest = len(said) - involved - without
    prompts = prompts_of(view)
    unread = sum(isinstance(text_of(view, item, ASKED), Absent) for item in prompts)
    answers = sum(isinstance(text_of(view, item, ANSWERED), Held) for item in prompts)
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
    answered = say_count(
        "{count} answer of an assistant is at hand.", "{count} answers of assistants are at hand.", answers
    )
    return line(" ".join([text, bound, *((answered,) if prompts else ()), traces_said]))


def _summary(view: View, change: ChangeView) -> Row:
    last = change.facts.last_revision
    verdicts = of_rules(change.verdicts, "AI")
    others = traces(view.case(change))
    return Row(
        (
            line(change.label),
            line(declared(change)),
            line(quiet(NONE)) if last is None else line(say(_DECLARED_BY[last.diff.ai.source])),
            line(capture("; ".join(others), limit=300)) if others else line(quiet(say("nothing recorded"))),
            line(number(len(change.facts.prompts))),
            (*told(verdicts), *_why(view, verdicts)),
        ),
        hit=failing(verdicts),
        anchor=change.anchor("i"),
    )


def _why(view: View, verdicts: tuple[Verdict, ...]) -> Line:
    """What is missing where the rules cannot tell."""
    clauses = dict.fromkeys(clause for verdict in verdicts for clause in verdict.missing)
    if not clauses:
        return ()
    said = with_names("; ".join(clauses), view.dossier.parties)
    return line(Break(), quiet(capture(said, limit=200)))
