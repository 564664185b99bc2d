"""Changes with assistants: AI-01 and AI-02 here, the others in ``prompting`` and ``agents``; all of them listed."""

from __future__ import annotations

from typing import Final

from ledger.rules.agents import ai_06, ai_07, ai_08
from ledger.rules.involvement import assistant_use
from ledger.rules.kinds import COUNT, FLAG, GLOBS, LABEL, LABELS, choice, list_of, optional, table
from ledger.rules.parameters import ASSISTANTS, COUNTING, PEOPLE, RISKS, TEMPLATES
from ledger.rules.prompting import ai_03, ai_04, ai_09, ai_10
from ledger.rules.shape import ChangeCase, Finding, Parameter, Rule, failed, inapplicable, passed, untold
from ledger.rules.wording import counted, listed

STRENGTHS = ("declared", "observed", "recomputed")
"""How well a prompt is bound to a diff, the weakest first."""


def ai_01(case: ChangeCase) -> Finding:
    """AI-01: the change says whether an assistant was used, and nothing contradicts it."""
    last = case.change.last_revision
    if last is None:
        return untold(("no revision of the change is recorded",))
    use = assistant_use(case)
    ai = last.diff.ai
    if ai.involvement in {"assisted", "generated"}:
        how = "declared" if ai.source == "declared" else "shown by its trailers"
        return passed(f"Revision {last.number} is {how} as {ai.involvement} by an assistant.", use.inputs)
    if ai.involvement == "undeclared":
        return untold((f"revision {last.number} does not declare whether an assistant was used",), use.inputs)
    if use.state == "used":
        return failed(
            f"Revision {last.number} is declared to be made without an assistant, but {listed(use.reasons)}.",
            use.inputs,
        )
    if use.state == "unknown":
        return untold(use.reasons, use.inputs)
    return passed(
        f"Revision {last.number} is declared to be made without an assistant, and nothing recorded contradicts it.",
        use.inputs,
    )


def ai_02(case: ChangeCase) -> Finding:  # noqa: PLR0911 -- one return an outcome, in the order they exclude each other
    """AI-02: the prompts of an assisted change are bound to its diff."""
    use = assistant_use(case)
    if use.state == "none":
        return inapplicable("an assistant was used", use.inputs)
    if use.state == "unknown":
        return untold(use.reasons, use.inputs)
    prompts = case.change.prompts
    if not prompts:
        return untold((f"{listed(use.reasons)}, and no prompt is recorded",), use.inputs)
    if any(len(item.prompts) < len(item.diff.prompts) for item in case.change.revisions):
        return untold(("a prompt that the diff names is not at hand",), use.inputs)
    bound = [item for item in prompts if item.strength is not None]
    if not bound:
        return failed("Prompts are recorded for the change, but no revision names them as its own.", use.inputs)
    wanted = str(case.settings["strength"])
    weak = [item for item in bound if STRENGTHS.index(item.strength or STRENGTHS[0]) < STRENGTHS.index(wanted)]
    if weak:
        return failed(
            f"{counted(len(weak), 'prompt is', 'prompts are').capitalize()} bound to the diff only as "
            f"{listed(item.strength or '' for item in weak)}; {wanted} was required.",
            use.inputs,
        )
    return passed(
        f"{counted(len(bound), 'prompt is', 'prompts are').capitalize()} bound to the diff, "
        f"{listed(item.strength or '' for item in bound)}.",
        use.inputs,
    )


RULES: Final[tuple[Rule, ...]] = (
    Rule(
        "AI-01",
        "Assistants are declared",
        "The change says whether an assistant was used, and nothing recorded contradicts it.",
        ai_01,
        parameters=PEOPLE,
    ),
    Rule(
        "AI-02",
        "Prompts are bound to the diff",
        "Where an assistant was used, its prompts are recorded and bound to the diff.",
        ai_02,
        parameters=(
            *PEOPLE,
            Parameter(
                "strength",
                "declared",
                choice(*STRENGTHS),
                "The weakest binding that counts: `declared`, `observed` or `recomputed`.",
            ),
        ),
    ),
    Rule(
        "AI-03",
        "Assistants are allowed ones",
        "Tool, model and configuration of every prompt are on the policy's list of assistants.",
        ai_03,
        parameters=(*PEOPLE, ASSISTANTS),
    ),
    Rule(
        "AI-04",
        "Prompts were looked through for secrets",
        "Every prompt was scanned before or after it was sent, and no more was left in than the policy allows.",
        ai_04,
        parameters=(
            *PEOPLE,
            Parameter(
                "prompt_findings",
                0,
                COUNT,
                "How many findings of a scan may be left in a prompt.",
            ),
        ),
    ),
    Rule(
        "AI-06",
        "Agents act under their own names",
        "What carries an assistant's traces is the agent's by its author, and somebody asked for it.",
        ai_06,
        parameters=(
            *PEOPLE,
            Parameter(
                "named_as",
                "author",
                choice("author", "co-author"),
                "How a commit with traces of an assistant has to name the agent: as its `author`, or at least as a "
                "`co-author`.",
            ),
        ),
    ),
    Rule(
        "AI-07",
        "Agents hold no approver's key",
        "The approvals that count were signed with keys that neither a pipeline nor an assistant's session holds.",
        ai_07,
        parameters=(
            *COUNTING,
            *PEOPLE,
            Parameter(
                "custody",
                "any",
                choice("any", "declared"),
                "What must be known of where approvers' keys are held: `any`: nothing, what is declared is judged; "
                "`declared`: of every one.",
            ),
        ),
    ),
    Rule(
        "AI-08",
        "Senior review of what assistants made",
        "What an assistant had a part in was approved by somebody senior where risk class or paths ask for it.",
        ai_08,
        parameters=(
            *COUNTING,
            *PEOPLE,
            Parameter(
                "senior_role",
                None,
                optional(LABEL),
                "The role of whoever counts as senior; null: the rule does not apply.",
            ),
            Parameter(
                "senior_classes",
                [],
                list_of(LABEL),
                "The risk classes that ask for senior review; `default`: those of no class.",
            ),
            Parameter(
                "senior_paths",
                None,
                optional(GLOBS),
                "The paths that ask for senior review, whatever the risk class; null: none does.",
            ),
        ),
    ),
    Rule(
        "AI-09",
        "Permission modes are allowed ones",
        "Every prompt ran in a permission mode that the policy allows for its assistant and the change's risk class.",
        ai_09,
        parameters=(
            *PEOPLE,
            RISKS,
            ASSISTANTS,
            Parameter(
                "forbidden_modes",
                {},
                table(LABELS),
                "By risk class, permission modes in which no assistant may run; `default` for any other class.",
            ),
        ),
    ),
    Rule(
        "AI-10",
        "Prompt templates are approved",
        "Every prompt that was made from a template used a version of it that the policy lists.",
        ai_10,
        parameters=(
            *PEOPLE,
            TEMPLATES,
            Parameter(
                "templates_required",
                False,  # noqa: FBT003 -- the parameter's default, a value among values
                FLAG,
                "Whether every prompt has to be made from a template.",
            ),
        ),
    ),
)
