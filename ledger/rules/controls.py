"""Which rules give evidence for which control of which framework, in words of our own (docs/controls.md).

A passing rule supports a control; it never fulfils one. Nothing here quotes a standard.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

from ledger.rules.asking import FRAMEWORK_NAMES

if TYPE_CHECKING:
    from ledger.rules.policy import PolicyRules


@dataclass(frozen=True, slots=True)
class Control:
    """A control of a framework, and what the ledger can show about it."""

    framework: str
    """A key of ``FRAMEWORK_NAMES``."""
    id: str
    """As the framework numbers it."""
    subject: str
    """What it is about."""
    supports: str
    """What the evidence supports, and no more."""
    rules: tuple[str, ...]
    """Rule ids, also of rules that a policy may have off."""


@dataclass(frozen=True, slots=True)
class Supported:
    """A control under a policy."""

    control: Control
    on: tuple[str, ...]
    """Its rules that the policy has on."""
    off: tuple[str, ...]
    """Its rules that the policy has off."""


def supported_by(policy: PolicyRules) -> tuple[Supported, ...]:
    """The controls of the frameworks that ``policy`` names, each with the rules that are on and off."""
    wanted = cast("list[str]", policy.shared["frameworks"])
    on = {setting.rule.id for setting in policy.rules}
    return tuple(
        Supported(
            control,
            tuple(rule for rule in control.rules if rule in on),
            tuple(rule for rule in control.rules if rule not in on),
        )
        for framework in FRAMEWORK_NAMES
        if framework in wanted
        for control in CONTROLS
        if control.framework == framework
    )


def _rules(family: str, *numbers: int) -> tuple[str, ...]:
    return tuple(f"{family}-{number:02}" for number in numbers)


_INDEPENDENCE: Final = _rules("SOD", 1, 2, 3, 4, 5)
_APPROVAL: Final = _rules("APP", 1, 2, 3, 4, 5)
_EXCEPTIONS: Final = _rules("EXC", 1, 2, 3, 4, 5)
_STATED: Final = _rules("CHG", 3, 4, 5)

CONTROLS: Final[tuple[Control, ...]] = (
    Control(
        "soc2",
        "CC8.1",
        "Changes are authorised, tested, approved and put in place under control",
        "Per change: who asked, who wrote, who approved exactly this content before it landed, what was tested, and "
        "how each emergency was handled.",
        (
            *_INDEPENDENCE,
            *_APPROVAL,
            *_rules("TST", 1, 2, 3, 4, 6),
            *_rules("CHG", 1, 2, 3),
            *_EXCEPTIONS,
            *_rules("POP", 1, 2, 3, 4),
        ),
    ),
    Control(
        "soc2",
        "CC6.1 to CC6.3, CC6.8",
        "Who may do what, and which software may be used",
        "Keys and roles with their periods, leavers' keys ended, access reviewed by others, assistants on a list.",
        (*_rules("ID", 1, 2, 3, 4, 5, 6), "SOD-11", "AI-03", "ADM-01", "ADM-04"),
    ),
    Control(
        "soc2",
        "CC5, CC7.1 to CC7.4",
        "Controls are monitored; bypasses and incidents are followed up",
        "Verdicts over time, undeclared bypasses, what runs against what was released, incidents traced to changes.",
        ("EXC-05", "REL-04", "DEP-01", "INC-01", "INC-02"),
    ),
    Control(
        "iso27001",
        "A.5.3",
        "Conflicting duties are kept apart",
        "A matrix of who did what per change, with every overlap and what compensates it.",
        _rules("SOD", 1, 2, 3, 4, 5, 6, 7, 8, 9, 10),
    ),
    Control(
        "iso27001",
        "A.8.25 to A.8.31",
        "Secure development, testing, and environments kept apart",
        "Which suites and scans ran on which content, where, and which assistants were used with which configuration.",
        (*_rules("TST", 1, 2, 3, 4, 5, 6, 7, 8, 9, 10), "AI-03"),
    ),
    Control(
        "iso27001",
        "A.8.32",
        "Changes are assessed, approved and can be taken back",
        "Request, impact, independent approval and the way back of each change, and commits that no change explains.",
        ("APP-05", "CHG-01", *_STATED, "POP-01"),
    ),
    Control(
        "iso27001",
        "A.5.28, A.5.33, A.8.33, A.8.34",
        "Evidence and test data are protected",
        "A log that shows alteration; erasures with reason and a second person; retention kept.",
        ("LED-03", "LED-04", "TST-09"),
    ),
    Control(
        "pci-dss",
        "6.2.3.1",
        "Code is reviewed by somebody else, and released by somebody accountable",
        "Reviewer and author differ, the reviewer held the role, and a third person approved the release.",
        ("SOD-01", "SOD-06", "SOD-11", "APP-11"),
    ),
    Control(
        "pci-dss",
        "6.5.1",
        "Each change states reason, impact and way back, and was approved and tested",
        "The stated fields of each change, its approval before it landed, its tests and scans.",
        ("APP-05", *_STATED, "TST-01", "TST-07", "TST-10"),
    ),
    Control(
        "pci-dss",
        "6.5.2 to 6.5.6",
        "Roles and environments are kept apart",
        "Who deployed against who wrote, what runs against what was released, and where tests ran.",
        ("SOD-07", "TST-09", "REL-04", "DEP-01"),
    ),
    Control(
        "pci-dss",
        "10",
        "Audit logs are protected and kept",
        "Proofs that no entry is missing or altered, and how long entries were kept.",
        ("LED-01", "LED-04", "LED-06"),
    ),
    Control(
        "nist-800-53",
        "AC-5",
        "Duties are separated, and access supports it",
        "The duties of each change and release, and protections that enforced them.",
        (*_rules("SOD", 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13), "ADM-02"),
    ),
    Control(
        "nist-800-53",
        "AU-3, AU-9, AU-10, AU-11",
        "Audit records are complete, protected, attributable and kept",
        "Events signed by people's and machines' own keys in a log whose alteration shows.",
        (*_rules("ID", 1, 2, 3), "APP-06", *_rules("LED", 1, 2, 3, 4, 5, 6)),
    ),
    Control(
        "nist-800-53",
        "CM-3, CM-4, CM-5",
        "Changes are reviewed for impact, tested and restricted",
        "Decisions with refusals, stated impact, tests before landing, and changes of protection.",
        ("APP-04", "APP-05", *_STATED, "TST-06", "ADM-02"),
    ),
    Control(
        "nist-800-53",
        "SA-10, SA-11, SI-7",
        "What was approved and tested is what was built and runs",
        "From release to commits, builds and what was observed to run.",
        _rules("REL", 1, 2, 3, 4),
    ),
    Control(
        "ssdf",
        "PO.3.3, PS.1",
        "Tools leave evidence; code is protected from alteration",
        "Signed events of each tool, commits that belong to recorded changes, protections that stayed in place.",
        ("ID-01", "CHG-01", "ADM-02", "POP-06"),
    ),
    Control(
        "ssdf",
        "PS.2, PS.3.2",
        "Releases can be verified, and their provenance is kept",
        "The release with artifacts by digest, its commits, and provenance of its builds.",
        ("REL-01", "REL-02"),
    ),
    Control(
        "ssdf",
        "PW.7, PW.8",
        "Code is reviewed and tested",
        "Who reviewed what was shown to them, and which suites and scans ran on that content.",
        ("SOD-01", "APP-01", "APP-09", "TST-01", "TST-02", "TST-07"),
    ),
    Control(
        "dora",
        "Article 9(4)(e); Delegated Regulation 2024/1774, Article 17",
        "Changes are recorded, tested, assessed, approved independently of who asks and carries out, and verified",
        "All of this per change, with emergencies reviewed afterwards and deployments verified.",
        (
            "SOD-01",
            "SOD-05",
            "SOD-07",
            "APP-05",
            "APP-07",
            *_STATED,
            "CHG-13",
            "TST-01",
            "TST-06",
            "DEP-04",
            *_rules("EXC", 1, 2, 3),
        ),
    ),
    Control(
        "21cfr11",
        "11.10",
        "Records are kept whole, time-stamped and in enforced order, by people with authority",
        "A log in which corrections stand beside what they correct, gates in order, and roles held at the time.",
        ("APP-05", "SOD-11", *_rules("LED", 1, 2, 3, 6)),
    ),
    Control(
        "21cfr11",
        "11.50, 11.70, 11.200, 11.300",
        "Signatures show who, when and why, and belong to one person and one record",
        "Name, role, meaning and time of each approval, signed over exactly one content by a key of one person.",
        ("APP-06", "APP-01", *_rules("ID", 2, 3, 6)),
    ),
)
"""By framework; the rules may be off in a policy, or wait for what would produce their evidence."""
