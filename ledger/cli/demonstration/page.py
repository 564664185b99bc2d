"""The page that links everything the demonstration made."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Final

STYLE: Final = """
:root { color-scheme: light dark; --ink: #14171c; --quiet: #5b6470; --paper: #fff; --line: #c9ced6; --bad: #8f2d00; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8eaee; --quiet: #a4adba; --paper: #14171c; --line: #3a424e; --bad: #ff9d73; }
}
body { font: 16px/1.5 "IBM Plex Sans", system-ui, sans-serif; color: var(--ink); background: var(--paper);
  max-width: 60rem; margin: 0 auto; padding: 2rem 1.25rem 4rem; }
h1 { font-size: 2rem; line-height: 1.15; border-top: 4px solid var(--ink); padding-top: 1rem; margin: 0 0 .5rem; }
h2 { font-size: 1.2rem; margin: 2.2rem 0 .5rem; }
p, li { max-width: 46rem; }
.quiet { color: var(--quiet); }
table { border-collapse: collapse; width: 100%; font-size: .92rem; }
th, td { text-align: left; vertical-align: top; padding: .4rem .75rem .4rem 0; border-bottom: 1px solid var(--line);
  overflow-wrap: anywhere; }
.mark { white-space: nowrap; font-weight: 600; }
.fail { color: var(--bad); }
pre { overflow-x: auto; border: 1px solid var(--line); padding: .75rem;
  font: 13px/1.5 "IBM Plex Mono", ui-monospace, monospace; }
a { color: inherit; }
"""


@dataclass(frozen=True, slots=True)
class Finding:
    """One verdict to show."""

    word: str
    rule: str
    subject: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Shown:
    """Everything on the page."""

    title: str
    intro: str
    files: tuple[tuple[str, str], ...]
    """Relative path and what it is."""
    findings: tuple[Finding, ...]
    sections: tuple[tuple[str, str, str], ...]
    """Heading, command line, and what it printed."""


def render(shown: Shown) -> str:
    """The page as one self-contained HTML document without scripts."""
    files = "".join(
        f'<li><a href="{escape(path)}">{escape(path)}</a> {escape(what)}</li>' for path, what in shown.files
    )
    rows = "".join(
        f'<tr><td class="mark{" fail" if item.word == "FAIL" else ""}">{escape(item.word)}</td>'
        f"<td>{escape(item.rule)}</td>"
        f"<td>{escape(item.subject)}</td><td>{escape(item.sentence)}</td></tr>"
        for item in shown.findings
    )
    sections = "".join(
        f"<h2>{escape(heading)}</h2><pre>$ {escape(command)}\n\n{escape(printed)}</pre>"
        for heading, command, printed in shown.sections
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(shown.title)}</title><style>{STYLE}</style></head><body><main>"
        f"<h1>{escape(shown.title)}</h1><p>{escape(shown.intro)}</p><h2>Files</h2><ul>{files}</ul>"
        "<h2>Findings</h2><table><thead><tr><th>Verdict</th><th>Rule</th><th>About</th><th>Sentence</th></tr></thead>"
        f"<tbody>{rows}</tbody></table>{sections}</main></body></html>\n"
    )
