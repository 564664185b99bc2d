"""Every rule, in the order in which verdicts are listed; described for people in docs/rules.md."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from ledger.errors import FormatError
from ledger.events.shape import array, count, label, one_of, token
from ledger.rules.approvals import app_01, app_02, app_04, app_05_change, app_05_release
from ledger.rules.assistants import STRENGTHS, ai_01, ai_02
from ledger.rules.changes import chg_01
from ledger.rules.duties import sod_01, sod_02, sod_03, sod_04
from ledger.rules.identity import id_01_change, id_01_release, id_02_change, id_02_release, id_04
from ledger.rules.releases import rel_01
from ledger.rules.shape import Parameter, Rule
from ledger.rules.suites import ANY, tst_01, tst_02, tst_04

if TYPE_CHECKING:
    from ledger.canonical import JSON


def _flag(value: JSON, where: str) -> bool:
    if not isinstance(value, bool):
        raise FormatError("bad-policy", "true or false is required", where=where)
    return value


def _role(value: JSON, where: str) -> str | None:
    return None if value is None else str(label(value, where))


def _mails(value: JSON, where: str) -> JSON:
    return list(array(_mail, most=64, distinct=True)(value, where))


def _mail(value: JSON, where: str) -> str:
    # Addresses of machines only: a policy is public for ever. They are compared in lower case.
    mail = token(value, where) if isinstance(value, str) and "@" in value else ""
    if not mail or mail != mail.casefold():
        raise FormatError("bad-policy", "a mail address in lower case is required", where=where)
    return str(mail)


def _by_risk(value: JSON, where: str) -> dict[str, int]:
    if not isinstance(value, dict) or "default" not in value or len(value) > 16:
        raise FormatError(
            "bad-policy", "an object from risk class to count with the member default is required", where=where
        )
    # None would be a rule that an empty set passes.
    return {
        label(name, where): cast("int", count(least=1)(number, f"{where}/{name}")) for name, number in value.items()
    }


def _suites(value: JSON, where: str) -> JSON:
    if value == ANY:
        return ANY
    return list(array(token, least=1, most=64, distinct=True)(value, where))


def _labels(value: JSON, where: str) -> JSON:
    return list(array(label, least=1, most=64, distinct=True)(value, where))


_APPROVALS = Parameter(
    "approvals",
    {"default": 1},
    _by_risk,
    "How many approvals a change takes, by the risk class of its diff; `default` for any other class and for none.",
    shared=True,
)
_COUNTING = (
    Parameter(
        "approver_role",
        None,
        _role,
        "The role that approvers must have held when they approved; null: none is asked for.",
        shared=True,
    ),
    Parameter(
        "forge_attested",
        "count",
        one_of("count", "show_only"),
        "Whether approvals that a forge attests `count`, or are `show_only`.",
        shared=True,
    ),
)
_PEOPLE = (
    Parameter(
        "assistant_co_authors",
        [],
        _mails,
        "Mail addresses that assistants write into co-author trailers: traces of an assistant, and nobody's account.",
        shared=True,
    ),
    Parameter(
        "forge_committers",
        [],
        _mails,
        "Mail addresses with which a forge itself commits what people do on its pages: nobody's contribution.",
        shared=True,
    ),
)
_TESTS = (
    Parameter("suites", ANY, _suites, "The suites that must run, or `any`: whichever ran, at least one.", shared=True),
    Parameter(
        "tip_counts",
        True,  # noqa: FBT003 -- the parameter's default, a value among values
        _flag,
        "Whether a run on the tree of the revision that landed counts where the landed tree is another one.",
        shared=True,
    ),
)

RULES: Final[tuple[Rule, ...]] = (
    Rule(
        "ID-01",
        "Signed by a registered key",
        "Each event is signed by a key that this ledger enrolled for a named principal.",
        id_01_change,
        id_01_release,
    ),
    Rule(
        "ID-02",
        "Key in force",
        "Each signing key was in force when its event entered the ledger.",
        id_02_change,
        id_02_release,
    ),
    Rule(
        "ID-04",
        "Accounts resolve",
        "Every account of a contributor or approver belongs to a known principal.",
        id_04,
        parameters=_PEOPLE,
    ),
    Rule(
        "SOD-01",
        "Independent approval",
        "As many people as the policy asks for, none of whom contributed, approved exactly this content.",
        sod_01,
        parameters=(_APPROVALS, *_COUNTING, *_PEOPLE),
    ),
    Rule(
        "SOD-02",
        "Who changed the code does not approve it",
        "Nobody who wrote, committed, pushed or merged by hand is needed as an approver.",
        sod_02,
        parameters=(_APPROVALS, *_COUNTING, *_PEOPLE),
    ),
    Rule(
        "SOD-03",
        "Who prompted does not approve the output",
        "Nobody who prompted the assistant is needed as an approver of what it made.",
        sod_03,
        parameters=(
            _APPROVALS,
            *_COUNTING,
            *_PEOPLE,
            Parameter(
                "prompters",
                "all",
                one_of("all", "last-revision"),
                "Whose prompts count: of `all` revisions, or of the `last-revision` alone.",
            ),
        ),
    ),
    Rule(
        "SOD-04",
        "Approvers are people",
        "No agent or service is needed as an approver.",
        sod_04,
        parameters=(_APPROVALS, *_COUNTING, *_PEOPLE),
    ),
    Rule(
        "APP-01",
        "Approved content is the merged content",
        "What was approved is what was merged, by equal manifest, equal tree or a recomputed merge.",
        app_01,
        parameters=(*_COUNTING, *_PEOPLE),
    ),
    Rule(
        "APP-02",
        "No revision after the approval",
        "The approved revision is the last one before the change landed.",
        app_02,
        parameters=(*_COUNTING, *_PEOPLE),
    ),
    Rule(
        "APP-04",
        "No standing rejection",
        "By the latest decision of each person, nobody rejects the change.",
        app_04,
        parameters=_COUNTING,
    ),
    Rule(
        "APP-05",
        "Approved before, not after",
        "The approvals entered the ledger before the change landed, and those of a release before it was deployed.",
        app_05_change,
        app_05_release,
        parameters=(
            _APPROVALS,
            *_COUNTING,
            *_PEOPLE,
            Parameter(
                "release_approvals",
                0,
                count(),
                "How many people must approve a release before it is deployed; 0: the rule does not apply to releases.",
            ),
            Parameter(
                "environments", ["production"], _labels, "The environments whose first deployment is the deadline."
            ),
        ),
    ),
    Rule(
        "CHG-01",
        "Every commit belongs to a change",
        "Every commit of the release was landed by a recorded change.",
        release=chg_01,
    ),
    Rule(
        "TST-01",
        "Required suites passed",
        "Every required suite ran, executed at least one case, and passed in its latest run.",
        tst_01,
        parameters=(
            *_TESTS,
            Parameter(
                "warned_counts",
                True,  # noqa: FBT003 -- as above
                _flag,
                "Whether a run that passed with warnings counts as passed.",
            ),
        ),
    ),
    Rule(
        "TST-02",
        "Tests ran on this content",
        "Every required suite ran on the tree of the content that is judged.",
        tst_02,
        parameters=_TESTS,
    ),
    Rule(
        "TST-04",
        "No rerun until green",
        "No required suite passed only after more failed runs on the same content than the policy allows.",
        tst_04,
        parameters=(
            *_TESTS,
            Parameter(
                "failed_runs",
                1,
                count(),
                "How many failed runs of a suite on the same content may come before the one that passed.",
            ),
        ),
    ),
    Rule(
        "AI-01",
        "Assistants are declared",
        "The change says whether an assistant was used, and nothing recorded contradicts it.",
        ai_01,
        parameters=_PEOPLE,
    ),
    Rule(
        "AI-02",
        "Prompts are bound to the diff",
        "Where an assistant was used, its prompts are recorded and bound to the diff.",
        ai_02,
        parameters=(
            *_PEOPLE,
            Parameter(
                "strength",
                "declared",
                one_of(*STRENGTHS),
                "The weakest binding that counts: `declared`, `observed` or `recomputed`.",
            ),
        ),
    ),
    Rule(
        "REL-01",
        "Release manifest is complete",
        "The release names its artifacts by digest, its commits, and everything that landed since the one before.",
        release=rel_01,
        parameters=(
            Parameter(
                "artifacts_required",
                False,  # noqa: FBT003 -- as above
                _flag,
                "Whether a release must name an artifact.",
            ),
        ),
    ),
)

BY_ID: Final = {rule.id: rule for rule in RULES}

SHARED: Final = {parameter.name: parameter for rule in RULES for parameter in rule.parameters if parameter.shared}
"""Parameters that a policy sets once for all its rules."""
