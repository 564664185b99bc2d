"""The table of docs/policies.md that says what each ready policy takes, made from the policies themselves.

``python -m tests.rules.policies_page`` writes it into the page.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from ledger.policies.presets import PRESETS, preset
from ledger.rules.policy import parse_policy
from ledger.rules.prerequisites import prerequisites

PAGE: Final = Path(__file__).parents[2] / "docs" / "policies.md"
BEGIN: Final = "<!-- made from the ready policies; a test keeps it so -->\n"
END: Final = "<!-- end of what was made -->\n"


def rendered() -> str:
    """The table, a row for each thing that a policy may take."""
    columns = [prerequisites(parse_policy(preset(name))) for name in PRESETS]
    lines = [
        f"| What it takes | Rules | {' | '.join(f'`{name}`' for name in PRESETS)} |",
        f"|---|---|{'---|' * len(PRESETS)}",
    ]
    lines += [
        f"| {row[0].name} | {', '.join(row[0].rules)} | {' | '.join(item.words for item in row)} |"
        for row in zip(*columns, strict=True)
    ]
    return "\n".join(lines) + "\n"


def between(begin: str, end: str, table: str) -> str:
    """The page with ``table`` between two marks."""
    text = PAGE.read_text("utf-8")
    before, after = text.split(begin)[0], text.split(end)[1]
    return f"{before}{begin}{table}{end}{after}"


def page_with(table: str) -> str:
    """The page with ``table`` between its two marks."""
    return between(BEGIN, END, table)


if __name__ == "__main__":
    PAGE.write_text(page_with(rendered()), "utf-8")
