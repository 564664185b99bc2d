"""The page that links everything a trial made: one file, no script, nothing fetched."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from ledger.cli.output import clean, plural
from ledger.cli.trying.telling import OUTCOMES, THROW_AWAY, outcomes
from ledger.rules.verdict import Outcome
from reports.html import content_policy

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ledger.cli.trying.telling import Telling

MOST_ROWS: Final = 200
"""Landings listed; the bundle holds all of them."""

_CSS: Final = """
:root{color-scheme:light}
*{box-sizing:border-box}
body{margin:0;background:#f6f7f8;color:#1b2733;font:16px/1.5 "IBM Plex Sans","Segoe UI",system-ui,sans-serif}
main{max-width:64rem;margin:0 auto;padding:2rem 1.25rem 4rem}
h1{font-size:1.75rem;line-height:1.2;margin:0 0 .5rem;overflow-wrap:anywhere}
h2{font-size:1.15rem;margin:2.25rem 0 .6rem}
p{margin:.4rem 0}
.tag{border-left:.35rem solid #b3541e;background:#fdf3ec;padding:.7rem 1rem;margin:1.25rem 0}
.quiet{color:#56636f}
.packs{display:flex;flex-wrap:wrap;gap:.75rem;padding:0;margin:1.25rem 0;list-style:none}
.packs a{display:block;background:#fff;border:1px solid #c9d1d8;border-radius:.4rem;padding:.7rem 1rem;color:#0b4f8a}
.packs a span{display:block;color:#56636f;font-size:.85rem}
table{border-collapse:collapse;width:100%;background:#fff;border:1px solid #d9dfe4;font-size:.93rem}
th,td{text-align:left;vertical-align:top;padding:.45rem .7rem;border-top:1px solid #e6eaed;overflow-wrap:break-word}
thead th{border-top:0;background:#eef1f4;font-weight:600;white-space:nowrap}
code{font:.9em/1.4 "IBM Plex Mono",ui-monospace,monospace;background:#eef1f4;padding:.05rem .3rem}
code{border-radius:.2rem;overflow-wrap:break-word}
code.id{white-space:nowrap}
.scroll{overflow-x:auto}
"""


def page(telling: Telling, files: Sequence[tuple[str, str, str]], pdf_missing: str | None) -> str:
    """The page; ``files`` are name, title and a few words for each file beside it."""
    chosen = telling.history.chosen
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en"><head><meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{escape(content_policy(_CSS))}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>Trial of {_text(telling.name, 100)}</title><style>{_CSS}</style></head><body><main>",
            f"<h1>What the history of {_text(telling.name, 100)} shows, and what it cannot</h1>",
            f"<p>Read: {_text(chosen.how, 400)}.</p>",
            *(f'<p class="quiet">Not read: {_text(sentence, 400)}.</p>' for sentence in chosen.left_out),
            f'<p class="tag">{_text(THROW_AWAY)}</p>',
            '<ul class="packs">',
            *(
                f'<li><a href="{quote(name)}">{_text(title)}<span>{_text(words)}</span></a></li>'
                for name, title, words in files
            ),
            "</ul>",
            *([f'<p class="quiet">No PDF: {_text(pdf_missing, 600)}</p>'] if pdf_missing else []),
            *_questions(telling),
            *_facts(telling),
            *_verdicts(telling),
            *_next(telling),
            *_landings(telling),
            "</main></body></html>\n",
        ]
    )


def _questions(telling: Telling) -> Iterable[str]:
    yield "<h2>What an auditor asks</h2>"
    yield from _table(
        ("Question", "Known", "Missing", "From now on"),
        (
            (_text(item.asked), _text(item.known), _text(item.missing), f"<code>{_text(item.command)}</code>")
            for item in telling.questions
        ),
    )


def _facts(telling: Telling) -> Iterable[str]:
    yield "<h2>What the history shows</h2>"
    yield from _table(("Fact", "As found"), ((_text(name), _text(value)) for name, value in telling.facts))


def _verdicts(telling: Telling) -> Iterable[str]:
    yield "<h2>Verdicts under the default policy</h2>"
    yield f"<p>{', '.join(f'{number:,} {_text(word)}' for word, number in outcomes(telling.assessment))}.</p>"
    found = [
        (_text(OUTCOMES[outcome]), _text(verdict.rule), _text(verdict.sentence))
        for outcome in (Outcome.FAIL, Outcome.NOT_EVALUABLE)
        for verdict in telling.assessment.by_outcome(outcome)
    ]
    if found:
        yield from _table(("Outcome", "Rule", "What was found"), found)
    yield from (f'<p class="quiet">Note: {_text(note)}</p>' for note in telling.notes)


def _next(telling: Telling) -> Iterable[str]:
    yield "<h2>Next</h2>"
    yield from _table(
        ("Command", "What it does"),
        ((f"<code>{_text(command)}</code>", _text(does)) for command, does in telling.commands),
    )


def _landings(telling: Telling) -> Iterable[str]:
    history = telling.history
    shown = tuple(reversed(history.landings))[:MOST_ROWS]
    by_id = {commit.id: commit for commit in history.commits}
    yield f"<h2>{_text(plural(len(history.landings), 'landing'))}, newest first</h2>"
    if len(shown) < len(history.landings):
        yield f'<p class="quiet">Listed: the newest {len(shown):,}; the bundle holds all of them.</p>'
    yield from _table(
        ("Commit", "First line of its message", "Commits", "Parents", "Hint", "Assistants in traces"),
        (
            (
                f'<code class="id">{landing.commit[:12]}</code>',
                _text(by_id[landing.commit].subject, 160) or '<span class="quiet">empty</span>',
                f"{len(landing.commits):,}",
                str(len(by_id[landing.commit].parents)),
                f"#{hint}" if (hint := history.hints.get(landing.commit)) else "",
                _text(", ".join(_assistants(telling, landing.commits))),
            )
            for landing in shown
        ),
    )


def _assistants(telling: Telling, commits: Iterable[str]) -> list[str]:
    traces = telling.history.traces
    counted: dict[str, int] = {}
    for commit in commits:
        for label in {trace.agent for trace in traces.get(commit, ())}:
            counted[label] = counted.get(label, 0) + 1
    return [f"{label} in {plural(number, 'commit')}" for label, number in sorted(counted.items())]


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterable[str]:
    yield '<div class="scroll"><table><thead><tr>'
    yield "".join(f"<th>{_text(head)}</th>" for head in heads)
    yield "</tr></thead><tbody>"
    for row in rows:
        yield f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>"
    yield "</tbody></table></div>"


def _text(text: str, limit: int = 1_000) -> str:
    """Captured text for a page: what is invisible is shown as an escape, then everything is escaped for HTML."""
    return escape(clean(text, limit))
