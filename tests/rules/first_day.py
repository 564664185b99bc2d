"""The table of docs/policies.md that says what shuts the gates of strict policies on a first day, made by asking them.

``python -m tests.rules.first_day`` writes it into the page. Two first days are played in the simulated world and judged
by every ready policy: one on which a pipeline records a revision and its tests and somebody approves, and nothing was
prepared; and one with roles and accounts in order, also with a security key. What shuts a gate stands in the table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ledger.policies.presets import PRESETS, preset
from ledger.rules.assess import assess_change, assess_period, assess_release, blocking
from ledger.rules.catalogue import BY_ID
from ledger.rules.policy import parse_policy
from tests.rules.policies_page import PAGE, between
from tests.rules.story import Story

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

BEGIN: Final = "<!-- made by asking the ready policies on a first day; a test keeps it so -->\n"
END: Final = "<!-- end of the first day -->\n"

_TESTED: Final = {"do": "suite", "rev": 1, "report": "same"}
_UNPREPARED: Final[Sequence[Mapping[str, Any]]] = (
    {
        "do": "revise",
        "by": "Dana",
        "rev": 1,
        "files": {"src/rates.py": ["", "one"]},
        "ai": "undeclared",
        "pusher": "CI",
        "commits": [{"id": "first", "author_mail": "dana@laptop.example"}],
    },
    _TESTED,
    {"do": "approve", "by": "Rob", "rev": 1},
)
_IN_ORDER: Final[Sequence[Mapping[str, Any]]] = (
    {"do": "grant", "to": "Rob", "role": "approver"},
    {"do": "grant", "to": "Rita", "role": "approver"},
    {"do": "diff", "by": "Dana", "rev": 1, "content": "one"},
    _TESTED,
    {"do": "approve", "by": "Rob", "rev": 1},
)
_TOUCHED: Final[Sequence[Mapping[str, Any]]] = (
    *_IN_ORDER[:2],
    {"do": "device", "of": "Rob", "name": "stick", "touched": True},
    *_IN_ORDER[2:-1],
    {"do": "approve", "by": "Rob", "rev": 1, "key": "stick"},
)
_RELEASED: Final[Sequence[Mapping[str, Any]]] = (
    {"do": "merge", "by": "Dana", "rev": 1, "as": "landed"},
    {"do": "release", "version": "1.0", "landings": ["landed"], "as": "release"},
)
_APPROVED: Final[Sequence[Mapping[str, Any]]] = ({"do": "approve-release", "by": "Rita"},)
_DEPLOYED: Final[Sequence[Mapping[str, Any]]] = ({"do": "deploy"},)

_ASKED: Final[Mapping[str, tuple[Any, str]]] = {
    "merge": (assess_change, "7"),
    "deploy": (assess_release, "release"),
    "next deploy": (assess_release, "release"),
    "period": (assess_period, "period"),
}
"""How each gate is judged, and of what; the last is the check of the period, which no gate waits for."""

_ASSISTANT: Final = "Whether an assistant was used is not declared."
_DECLARE: Final = "each revision: `record diff --ai none`, or `assisted`, from the first one on"
_TOLD: Final = (
    "each change: `record change` with `--request`, `--reason`, `--impact`, `--security-impact`, `--fallback`"
)
TELLING: Final[Mapping[str, tuple[str, str]]] = {
    "ID-03": ("Nobody's identity is said to be verified.", "once: `identity` in the file of people"),
    "ID-04": ("A commit carries an address that is on nobody's card.", "once: the address in the file of people"),
    "ID-05": (
        "The pipeline tells of the commits; who pushed them, nobody.",
        "each push: `record push --by ACCOUNT`, in CI from the forge's event",
    ),
    "ID-06": ("Where the approver's key is held is not declared.", "once: `custody` when the key is enrolled"),
    "AI-07": ("As ID-06.", "as ID-06"),
    "SOD-01": (
        "An account of the change is nobody's; who approved holds no role `approver`, or touched no security key.",
        "once: as ID-04; the role granted",
    ),
    "APP-01": ("As SOD-01: no approval counts.", "as SOD-01, before it lands"),
    "APP-05": ("As SOD-01; and nobody approved the release.", "each release: `approve --release`"),
    "SOD-03": (_ASSISTANT, _DECLARE),
    "SOD-06": ("Who took part cannot be told, as under ID-04.", "as ID-04"),
    "SOD-09": (
        "Nobody recorded how branches are protected.",
        "each change, before it is approved: `record snapshot`; one from before its first event is not seen",
    ),
    "SOD-11": ("As SOD-01 and ID-04: who needs the role is open.", "as those"),
    "APP-03": ("The approval names no branch.", "each revision: `record diff --target main`"),
    "APP-06": ("The approval is given in no role.", "each approval: `--role`, where several are held"),
    "APP-09": (
        "The approval does not name the runs that were there.",
        "each approval: `evidence approve` names them by itself",
    ),
    "APP-11": ("The checklist is not answered.", "each approval: `--answer ITEM=yes`"),
    "CHG-03": ("Nobody said what it is for, and who asked.", _TOLD),
    "CHG-04": ("The same, of its impact.", "as CHG-03"),
    "CHG-05": ("The same, of the way back.", "as CHG-03"),
    "TST-05": (
        "There is nothing to compare with: no suite ran on what was there before.",
        "once: `record test REPORT --suite unit --commit main`; later the runs on what lands do",
    ),
    "TST-07": ("Nothing was scanned.", "each change: `record scan --target code`, and `dependencies`, `secrets`"),
    "TST-10": ("No run says that it is of the sort unit.", "each run: `record test --class unit`"),
    "AI-01": (_ASSISTANT, _DECLARE),
    "AI-02": (_ASSISTANT, "as AI-01; where one was used, its prompts too"),
    "AI-04": (_ASSISTANT, "as AI-01; where one was used, its prompts looked through"),
    "AI-06": (_ASSISTANT, "as AI-01"),
    "AI-09": (_ASSISTANT, "as AI-01"),
    "EXC-05": ("No gate answered before it landed, and no push is recorded.", "each change: `gate --at merge`"),
    "REL-02": ("No build of the artifact is recorded.", "each release: `record build --provenance`"),
    "REL-03": (
        "Nobody asked the deploy gate before the release was approved.",
        "each release, in this order: `gate --at deploy`, `approve --release`, `gate --at deploy`",
    ),
    "REL-04": ("Nobody observed what runs.", "each deployment: `record observation --running`, by another service"),
    "SOD-13": ("Ten approvals are too few for a pattern to show.", "time"),
    "DEP-01": ("As REL-04.", "as REL-04"),
    "DEP-03": ("Nobody counted failed deployments.", "daily: `record observation --failed 0`"),
    "POP-01": ("No clone was compared with the ledger.", "weekly: `evidence reconcile --repo .`"),
    "ADM-01": ("Nobody reviewed who holds which role.", "every 90 days: `approve --access`"),
    "ADM-02": ("Nobody recorded how branches are protected.", "weekly at least: `record snapshot`"),
}
"""Why a rule shuts a gate on a first day, and what opens it; the commands stand whole below the table."""


def shut() -> dict[str, dict[str, tuple[str, ...]]]:
    """By gate, by rule: the ready policies that keep it shut on a first day."""
    found: dict[str, dict[str, list[str]]] = {gate: {} for gate in _ASKED}
    for day in (_UNPREPARED, _IN_ORDER, _TOUCHED):
        story = Story({})
        story.play(day)
        _ask(story, "merge", found)
        story.play(_RELEASED)
        _ask(story, "deploy", found)
        story.play(_APPROVED)
        _ask(story, "deploy", found)
        story.play(_DEPLOYED)
        _ask(story, "next deploy", found)
        _ask(story, "period", found)
    return {
        gate: {rule: tuple(name for name in PRESETS if name in rules[rule]) for rule in BY_ID if rule in rules}
        for gate, rules in found.items()
    }


def _ask(story: Story, gate: str, found: dict[str, dict[str, list[str]]]) -> None:
    now = story.world.now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    assess, subject = _ASKED[gate]
    dossier = story.dossier(subject)
    for name in PRESETS:
        rules = parse_policy(preset(name))
        for verdict in blocking(assess(dossier, rules, now), rules):
            # What kept one gate shut keeps the ones after it shut as well, and is told once.
            told = any(name in rules.get(verdict.rule, ()) for other, rules in found.items() if other != gate)
            if not told:
                found[gate].setdefault(verdict.rule, []).append(name)


def rendered() -> str:
    """The table, a row for each rule that keeps a gate shut."""
    lines = ["| Gate | Rule | Shut under | Why | What opens it |", "|---|---|---|---|---|"]
    for gate, rules in shut().items():
        for rule, names in rules.items():
            why, opens = TELLING[rule]
            under = "all four" if names == PRESETS else ", ".join(f"`{name}`" for name in names)
            lines.append(f"| {gate} | {rule} {BY_ID[rule].title} | {under} | {why} | {opens} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(between(BEGIN, END, rendered()), "utf-8")
