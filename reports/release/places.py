"""Where a release pack shows what a rule rests on, and what stands there instead where no change is recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from reports.parts import line
from reports.release.said import link
from reports.say import say, to_say

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reports.parts import Line
    from reports.release.view import View

SECTIONS: Final = {
    "access": to_say("People, keys and roles"),
    "administration": to_say("Administration of the ledger"),
    "approvals": to_say("Approvals"),
    "assistants": to_say("AI involvement"),
    "bypasses": to_say("Gates and bypasses"),
    "completeness": to_say("Completeness"),
    "conclusion": to_say("Conclusion"),
    "configuration": to_say("Rules and protections"),
    "controls": to_say("Control matrix"),
    "deployments": to_say("Release and deployments"),
    "duties": to_say("Segregation of duties"),
    "exceptions": to_say("Exceptions and bypasses"),
    "failures": to_say("What failed, what cannot be told"),
    "incidents": to_say("Incidents"),
    "method": to_say("Method"),
    "people": to_say("People and accounts"),
    "policy": to_say("The policy in force"),
    "prompt-scans": to_say("Prompts looked through"),
    "register": to_say("Change register"),
    "removed": to_say("Withheld and erased"),
    "retention": to_say("How long this is kept"),
    "roles": to_say("Roles and keys"),
    "sheet": to_say("How the lists were made"),
    "sides": to_say("Approved and landed"),
    "signatures": to_say("Signatures"),
    "stated": to_say("What each change states"),
    "tests": to_say("Tests and scans"),
    "trace-back": to_say("From deployment to request"),
    "trace-forward": to_say("From request to deployment"),
    "traceability": to_say("Traceability"),
    "verify": to_say("How to verify"),
}
"""Names of the places that others refer to, by anchor."""

_OF_CHANGES: Final = {
    "prompt-scans": "assistants",
    "sides": "approvals",
    "signatures": "approvals",
    "stated": "register",
    "trace-back": "traceability",
    "trace-forward": "traceability",
}
"""Places that only a release with changes has, and the section that says so where there is none."""

_OF_FAMILIES: Final = {
    "ID": "people",
    "SOD": "duties",
    "APP": "approvals",
    "CHG": "register",
    "TST": "tests",
    "AI": "assistants",
    "REL": "deployments",
    "DEP": "deployments",
    "INC": "incidents",
    "EXC": "exceptions",
    "POP": "completeness",
    "LED": "verify",
    "ADM": "configuration",
}
_OF_RULES: Final = {
    **dict.fromkeys(("ID-01", "ID-02"), "verify"),
    # What a contributor's account is known by stands with the people of each change.
    **dict.fromkeys(("ID-04", "ID-05"), "duties"),
    **dict.fromkeys(("ID-06", "APP-06", "AI-07"), "signatures"),
    **dict.fromkeys(("APP-01", "APP-02", "CHG-02", "CHG-06"), "sides"),
    **dict.fromkeys(("CHG-01", "REL-01"), "completeness"),
    **dict.fromkeys(("CHG-03", "CHG-04", "CHG-05", "CHG-13"), "stated"),
    **dict.fromkeys(("SOD-09", "ADM-03"), "administration"),
    **dict.fromkeys(("ADM-01", "ADM-04"), "roles"),
    "SOD-08": "exceptions",
    "SOD-11": "signatures",
    "AI-04": "prompt-scans",
    "EXC-05": "bypasses",
}
"""Rules whose evidence stands elsewhere than that of their family."""


def anchor_in(view: View, anchor: str) -> str:
    """``anchor``, or the section that says that there is no change where only changes would have it."""
    return _OF_CHANGES.get(anchor, anchor) if view.changeless else anchor


def place(anchor: str) -> Line:
    """A link to a place of the pack with its page."""
    return line(link(anchor, say(SECTIONS[anchor]), page=True))


def place_of(view: View, rule: str) -> str:
    """The anchor of the place that shows a rule's evidence."""
    return anchor_in(view, _OF_RULES.get(rule, _OF_FAMILIES[rule.partition("-")[0]]))


def places_of(view: View, rules: Iterable[str]) -> tuple[str, ...]:
    """The anchors of the places that show the evidence of several rules, each once."""
    return tuple(dict.fromkeys(place_of(view, rule) for rule in rules))
