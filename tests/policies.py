"""The policy that most tests judge by: small, known by heart, and the same whatever the ready policies become."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ledger.canonical import Encodable

CORE_POLICY: Final[Mapping[str, Encodable]] = {
    "approvals": {"default": 1, "high": 2},
    "assistant_co_authors": ["cursoragent@cursor.com", "noreply@anthropic.com", "noreply@openai.com"],
    "forge_attested": "count",
    "forge_committers": ["noreply@github.com"],
    "name": "core",
    "rules": {
        "AI-01": {"on": True, "severity": "medium"},
        "AI-02": {"on": True, "severity": "medium", "strength": "declared"},
        "APP-01": {"on": True, "severity": "high"},
        "APP-02": {"on": True, "severity": "high"},
        "APP-04": {"on": True, "severity": "high"},
        "APP-05": {"environments": ["production"], "on": True, "release_approvals": 0, "severity": "high"},
        "CHG-01": {"on": True, "severity": "high"},
        "ID-01": {"on": True, "severity": "high"},
        "ID-02": {"on": True, "severity": "high"},
        "ID-04": {"on": True, "severity": "medium"},
        "REL-01": {"artifacts_required": False, "on": True, "severity": "medium"},
        "SOD-01": {"on": True, "severity": "high"},
        "SOD-02": {"on": True, "severity": "high"},
        "SOD-03": {"on": True, "prompters": "all", "severity": "high"},
        "SOD-04": {"on": True, "severity": "high"},
        "TST-01": {"on": True, "severity": "high", "warned_counts": True},
        "TST-02": {"on": True, "severity": "medium"},
        "TST-04": {"failed_runs": 1, "on": True, "severity": "medium"},
    },
    "strict": False,
    "suites": "any",
    "tip_counts": True,
    "v": 1,
}
"""The core rules: one independent approval, two for what is called high risk, and tests that ran."""
