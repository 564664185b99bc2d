"""Parameters that a policy sets once for all its rules (docs/policies.md); a rule lists those that it reads."""

from __future__ import annotations

from typing import Final

from ledger.rules import asking
from ledger.rules.asking import FRAMEWORK_NAMES
from ledger.rules.kinds import (
    ANY,
    CLASS,
    COUNT,
    COUNTS_BY_CLASS,
    DIGESTS,
    FLAG,
    GLOBS,
    LABEL,
    LABELS,
    LINE,
    MAILS,
    TOKEN,
    TOKENS,
    any_or,
    at_least,
    choice,
    list_of,
    members,
    named_once,
    optional,
    table,
)
from ledger.rules.shape import Parameter

APPROVALS: Final = Parameter(
    "approvals",
    {"default": 1},
    COUNTS_BY_CLASS,
    "How many approvals a change takes, by the risk class of its diff; `default` for any other class and for none.",
    shared=True,
    words=asking.approvals,
)
RISKS: Final = Parameter(
    "risks",
    [],
    named_once(
        members(
            {"name": CLASS},
            {
                "paths": GLOBS,
                "lines_over": COUNT,
                "files_over": COUNT,
                "ai": list_of(choice("assisted", "generated"), least=1),
            },
            any_of=True,
        ),
        "name",
    ),
    "The risk classes, highest first; a change is of the first of which any member matches: paths it touches, more "
    "lines or files than that, an assistant's part. A class that is stated for it counts if it stands higher.",
    shared=True,
    words=asking.risks,
)
USER_VERIFICATION: Final = Parameter(
    "user_verification",
    "any",
    choice("any", "present", "verified"),
    "What an approver's security key must have recorded: `any`: nothing; `present`: a touch; `verified`: also who.",
    shared=True,
    words=asking.user_verification,
)
COUNTING: Final = (
    Parameter(
        "approver_role",
        None,
        optional(LABEL),
        "The role that approvers must have held when they approved; null: none is asked for.",
        shared=True,
        words=asking.approver_role,
    ),
    Parameter(
        "forge_attested",
        "count",
        choice("count", "show_only"),
        "Whether approvals that a forge attests `count`, or are `show_only`.",
        shared=True,
        words=asking.forge_attested,
    ),
    USER_VERIFICATION,
    RISKS,
)
"""What decides which approvals count; a role may be held for some risk classes alone."""
PEOPLE: Final = (
    Parameter(
        "assistant_co_authors",
        [],
        MAILS,
        "Mail addresses that assistants write into co-author trailers: traces of an assistant, and nobody's account.",
        shared=True,
        words=asking.assistant_co_authors,
    ),
    Parameter(
        "forge_committers",
        [],
        MAILS,
        "Mail addresses with which a forge itself commits what people do on its pages: nobody's contribution.",
        shared=True,
        words=asking.forge_committers,
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
        words=asking.suites,
    ),
    Parameter(
        "tip_counts",
        True,  # noqa: FBT003 -- the parameter's default, a value among values
        FLAG,
        "Whether a run on the tree of the revision that landed counts where the landed tree is another one.",
        shared=True,
        words=asking.tip_counts,
    ),
)
"""Which suites are asked for, and on which content."""
APPROVER_CLASSES: Final = Parameter(
    "approver_classes",
    {},
    table(table(at_least(1), key=LABEL, least=1)),
    "By risk class, how many approvers of each role are needed side by side; `default` for any other class.",
    shared=True,
    words=asking.approver_classes,
)
OWNERS: Final = Parameter(
    "owners",
    [],
    list_of(members({"paths": GLOBS, "role": LABEL})),
    "Paths, and the role of which somebody must approve what touches them.",
    shared=True,
    words=asking.owners,
)
CHECKLISTS: Final = Parameter(
    "checklists",
    {},
    table(named_once(members({"id": LABEL, "text": LINE}), "id")),
    "By risk class, the items that approvers answer in what they sign; `default` for any other class.",
    shared=True,
    words=asking.checklists,
)
SUITE_CLASSES: Final = Parameter(
    "suite_classes",
    {},
    table(named_once(members({"class": LABEL, "contract": FLAG}), "class")),
    "By risk class, the sorts of suite that must run, and whether the contract or schema they tested against must be "
    "named; `default` for any other class.",
    shared=True,
    words=asking.suite_classes,
)
RUNBOOK: Final = Parameter(
    "runbook",
    [],
    list_of(LABEL),
    "The risk classes whose changes need a runbook for the cut-over; `default`: those of no class.",
    shared=True,
    words=asking.runbook,
)
ASSISTANTS: Final = Parameter(
    "assistants",
    [],
    named_once(members({"tool": TOKEN}, {"models": TOKENS, "modes": LABELS, "configurations": DIGESTS}), "tool"),
    "The assistants that may be used, each with the models, permission modes and configurations it may be used with; "
    "what is left out is not limited, and an empty list limits nothing.",
    shared=True,
    words=asking.assistants,
)
TEMPLATES: Final = Parameter(
    "templates",
    [],
    list_of(members({"id": TOKEN, "version": TOKEN})),
    "The approved prompt templates; an empty list asks for none.",
    shared=True,
    words=asking.templates,
)
EXCEPTION_USE: Final = Parameter(
    "exception_use",
    "declared",
    choice("declared", "authorised", "forbidden"),
    "When an exception opens a gate: once `declared`, once another person `authorised` it, or never: `forbidden`.",
    shared=True,
    words=asking.exception_use,
)
FRAMEWORKS: Final = Parameter(
    "frameworks",
    [],
    list_of(choice(*FRAMEWORK_NAMES)),
    "The frameworks to whose controls the evidence is mapped.",
    shared=True,
    words=asking.frameworks,
)

SHARED: Final = {
    parameter.name: parameter
    for parameter in (
        *PEOPLE,
        APPROVALS,
        *COUNTING,
        *TESTS,
        APPROVER_CLASSES,
        OWNERS,
        CHECKLISTS,
        SUITE_CLASSES,
        RUNBOOK,
        ASSISTANTS,
        TEMPLATES,
        EXCEPTION_USE,
        FRAMEWORKS,
    )
}
"""All of them by name: what a policy may set beside its rules."""
