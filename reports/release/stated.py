"""What each change states of itself: its request, its sort and risk, what it does to security, and the way back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ledger.records import Absent
from ledger.rules.stated import text_of
from reports.parts import Break, Heading, Paragraph, Row, Table, line, words
from reports.release.said import absence, columns, entry, link, quiet, strong
from reports.say import say, say_count
from reports.text import capture
from reports.wording import number

if TYPE_CHECKING:
    from ledger.dossier.facts import Told
    from ledger.events.forge import ChangeState
    from reports.parts import Block, Line
    from reports.release.view import ChangeView, View

ANCHOR: Final = "stated"
TEXT: Final = 220
"""Characters printed of a stated text."""


def state_of(change: ChangeView) -> Told[ChangeState] | None:
    """What was last said of the change as a whole."""
    return change.facts.states[-1] if change.facts.states else None


def requests_of(change: ChangeView) -> tuple[str, ...]:
    """Requests that the latest statement names, as ``system:id``."""
    state = state_of(change)
    return () if state is None else tuple(f"{one.system}:{one.id}" for one in state.body.requests)


def stated(view: View) -> tuple[Block, ...]:
    """The blocks; one sentence where nothing is stated of any change."""
    without = [change for change in view.changes if state_of(change) is None]
    head = Heading(words(say("What each change states")), ANCHOR)
    if len(without) == len(view.changes):
        return (
            head,
            Paragraph(
                line(
                    say_count(
                        "Nothing is stated of the {count} change as a whole: request, risk, impact on security and the "
                        "way back are not recorded.",
                        "Nothing is stated of any of the {count} changes as a whole: request, risk, impact on security "
                        "and the way back are not recorded.",
                        len(view.changes),
                    )
                )
            ),
        )
    named = sum(bool(requests_of(change)) for change in view.changes)
    return (
        head,
        Paragraph(
            line(
                say_count(
                    "{named} of {count} change names a request; of {without} nothing is stated as a whole.",
                    "{named} of {count} changes name a request; of {without} nothing is stated as a whole.",
                    len(view.changes),
                    named=number(named),
                    without=number(len(without)),
                )
            )
        ),
        Table(
            columns(
                (say("Change"), 12),
                (say("Request, sort, risk"), 20),
                (say("Why, and what it does"), 26),
                (say("Impact on security"), 20),
                (say("The way back"), 22),
            ),
            tuple(_row(view, change) for change in view.printed),
            words(say("No change is printed.")),
            None,
            "dense",
        ),
    )


def _row(view: View, change: ChangeView) -> Row:
    state = state_of(change)
    label = line(link(change.anchor("r"), change.label))
    if state is None:
        nothing = line(quiet(say("not stated")))
        return Row((label, nothing, nothing, nothing, nothing))
    body = state.body
    about: list[str] = [f"{one.system}:{one.id} ({one.state})" for one in body.requests] or [say("no request named")]
    sort = say("{sort}, risk {risk}", sort=body.type, risk=body.risk) if body.risk is not None else body.type
    cutover = () if body.cutover is None else line(Break(), say("cut-over with a runbook and stop conditions"))
    back = _text(view, state, "fallback")
    if body.returns_to is not None:
        back = (*line(say("back to {release}", release=body.returns_to)), *line(Break()), *back)
    return Row(
        (
            label,
            line(capture("; ".join(about), limit=TEXT), Break(), sort, quiet(f", {entry(state.record)}")),
            (*_text(view, state, "reason"), *line(Break()), *_text(view, state, "impact")),
            _text(view, state, "security-impact"),
            (*back, *cutover),
        )
    )


def _text(view: View, state: Told[ChangeState], name: str) -> Line:
    text = text_of(view.dossier.records, state.record, name)
    if text is None:
        return line(quiet(say("not stated")))
    if isinstance(text, Absent):
        return line(strong(absence(text.state)))
    return line(capture(text, limit=TEXT))
