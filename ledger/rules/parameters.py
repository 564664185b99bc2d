"""Parameters that a policy sets once for all its rules (docs/policies.md); a rule lists those that it reads."""

from __future__ import annotations

from typing import Final

from ledger.rules.kinds import ANY, COUNTS_BY_CLASS, FLAG, LABEL, MAILS, TOKENS, any_or, choice, optional
from ledger.rules.shape import Parameter

APPROVALS: Final = Parameter(
    "approvals",
    {"default": 1},
    COUNTS_BY_CLASS,
    "How many approvals a change takes, by the risk class of its diff; `default` for any other class and for none.",
    shared=True,
)
COUNTING: Final = (
    Parameter(
        "approver_role",
        None,
        optional(LABEL),
        "The role that approvers must have held when they approved; null: none is asked for.",
        shared=True,
    ),
    Parameter(
        "forge_attested",
        "count",
        choice("count", "show_only"),
        "Whether approvals that a forge attests `count`, or are `show_only`.",
        shared=True,
    ),
)
"""What decides which approvals count."""
PEOPLE: Final = (
    Parameter(
        "assistant_co_authors",
        [],
        MAILS,
        "Mail addresses that assistants write into co-author trailers: traces of an assistant, and nobody's account.",
        shared=True,
    ),
    Parameter(
        "forge_committers",
        [],
        MAILS,
        "Mail addresses with which a forge itself commits what people do on its pages: nobody's contribution.",
        shared=True,
    ),
)
"""What is left out of the list of contributors."""
TESTS: Final = (
    Parameter(
        "suites",
        ANY,
        any_or(TOKENS),
        "The suites that must run, or `any`: whichever ran, at least one.",
        shared=True,
    ),
    Parameter(
        "tip_counts",
        True,  # noqa: FBT003 -- the parameter's default, a value among values
        FLAG,
        "Whether a run on the tree of the revision that landed counts where the landed tree is another one.",
        shared=True,
    ),
)
"""Which suites are asked for, and on which content."""
