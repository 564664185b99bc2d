"""With which assistants, how guarded and from which templates a change was prompted: AI-03, AI-04, AI-09 and AI-10."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from ledger.rules.involvement import assistant_use
from ledger.rules.risk import by_class, of_class
from ledger.rules.shape import ChangeCase, Finding, NamedRecord, failed, inapplicable, passed, untold
from ledger.rules.stated import each, is_late
from ledger.rules.wording import capital, counted, listed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ledger.canonical import JSON
    from ledger.dossier.facts import PromptFact
    from ledger.dossier.people import Sameness
    from ledger.events.operation import Scan
    from ledger.events.work import Prompt

USED = "an assistant was used"


@dataclass(slots=True)
class _Found:
    """What a rule found at the prompts of a change."""

    bad: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    good: list[str] = field(default_factory=list)
    inputs: list[NamedRecord] = field(default_factory=list)


def _at_each(case: ChangeCase, judge: Callable[[PromptFact, _Found], None]) -> Finding | _Found:
    """What ``judge`` found at every prompt; or the finding of a change without an assistant, or without its prompts."""
    use = assistant_use(case)
    if use.state == "none":
        return inapplicable(USED, use.inputs)
    if use.state == "unknown":
        return untold(use.reasons, use.inputs)
    found = _Found(inputs=list(use.inputs))
    if not case.change.prompts:
        return untold((f"{listed(use.reasons)}, and no prompt is recorded",), use.inputs)
    if any(len(item.prompts) < len(item.diff.prompts) for item in case.change.revisions):
        found.missing.append("a prompt that the diff names is not at hand")
    for item in case.change.prompts:
        judge(item, found)
    return found


def ai_03(case: ChangeCase) -> Finding:
    """AI-03: tool, model and configuration of every prompt are on the policy's list."""
    allowed = cast("list[dict[str, JSON]]", case.settings["assistants"])
    if not allowed:
        return inapplicable("the policy lists assistants", _shown(case))

    def judge(item: PromptFact, found: _Found) -> None:
        by_tool = [entry for entry in allowed if entry["tool"] == item.prompt.tool.name]
        checks = [(clauses, sameness) for entry in by_tool for clauses, sameness in (_listed_as(item.prompt, entry),)]
        if any(sameness == "yes" for _, sameness in checks):
            found.good.append(item.prompt.tool.name)
        elif any(sameness == "unknown" for _, sameness in checks):
            clause = listed(clause for clauses, sameness in checks if sameness == "unknown" for clause in clauses)
            found.missing.append(f"{clause} in the prompt of entry {item.record.index}")
        else:
            why = [f"the tool {item.prompt.tool.name}"] if not by_tool else checks[0][0]
            found.bad.append(f"{listed(why)} (entry {item.record.index})")

    found = _at_each(case, judge)
    if isinstance(found, Finding):
        return found
    if found.bad:
        return failed(f"Not on the policy's list of assistants: {listed(found.bad)}.", found.inputs)
    if found.missing:
        return untold(found.missing, found.inputs)
    prompts = counted(len(found.good), "prompt", "prompts")
    return passed(f"On the policy's list of assistants: {listed(found.good)} ({prompts}).", found.inputs)


def _listed_as(prompt: Prompt, entry: Mapping[str, JSON]) -> tuple[tuple[str, ...], Sameness]:
    """Whether model and configuration are among those of an entry of the list; with what is not, or is not known."""
    strange: list[str] = []
    unknown: list[str] = []
    model = None if prompt.model is None else prompt.model.responded or prompt.model.requested
    for member, value, words in (
        ("models", model, "the model"),
        ("configurations", prompt.configuration, "the configuration"),
    ):
        allowed = cast("list[str] | None", entry.get(member))
        if allowed is None:
            continue
        if value is None:
            unknown.append(f"{words} is not recorded")
        elif value not in allowed:
            strange.append(f"{words} {value}")
    if strange:
        return tuple(strange), "no"
    return tuple(unknown), "unknown" if unknown else "yes"


def ai_04(case: ChangeCase) -> Finding:
    """AI-04: every prompt was looked through for secrets, and what was found was masked."""
    limit = cast("int", case.settings["prompt_findings"])

    def judge(item: PromptFact, found: _Found) -> None:
        own = item.prompt.scan
        scans = [scan for scan in case.change.scans if item.record.envelope in scan.body.prompts]
        found.inputs += [("scan", scan.record) for scan in scans]
        entry = f"the prompt of entry {item.record.index}"
        open_ones = [] if own is None else [own.findings]
        open_ones += [_open(scan.body) for scan in scans if scan.body.complete != "no"]
        if any(is_late(scan.record) for scan in scans) and len({count > limit for count in open_ones}) > 1:
            found.missing.append(
                f"which look through {entry} is the latest is open, as one was only recorded afterwards"
            )
        elif open_ones and open_ones[-1] > limit:
            found.bad.append(f"{counted(open_ones[-1], 'finding', 'findings')} in {entry}")
        elif open_ones:
            found.good.append(entry)
        elif scans:
            found.missing.append(f"the scan of {entry} did not run to its end")
        else:
            found.missing.append(f"nobody recorded a look through {entry} for secrets")

    found = _at_each(case, judge)
    if isinstance(found, Finding):
        return found
    if found.bad:
        return failed(f"Left in what was sent to an assistant: {listed(found.bad)}.", found.inputs)
    if found.missing:
        return untold(found.missing, found.inputs)
    masked = sum(0 if item.prompt.scan is None else item.prompt.scan.masked for item in case.change.prompts)
    prompts = counted(len(found.good), "prompt was", "prompts were")
    return passed(
        f"{capital(prompts)} looked through: {counted(masked, 'finding', 'findings')} masked, and no more left in than "
        "the policy allows.",
        found.inputs,
    )


def _open(scan: Scan) -> int:
    return scan.counts.error + scan.counts.warning + scan.counts.note + scan.counts.none


def ai_09(case: ChangeCase) -> Finding:
    """AI-09: every prompt ran in a permission mode that the policy allows."""
    allowed = cast("list[dict[str, JSON]]", case.settings["assistants"])
    modes = {str(entry["tool"]): cast("list[str]", entry["modes"]) for entry in allowed if "modes" in entry}
    never = cast("dict[str, list[str]]", case.settings["forbidden_modes"])
    if not modes and not never:
        return inapplicable("the policy speaks of permission modes", _shown(case))
    return each(case, lambda case, content: by_class(case, content, lambda name: _modes(case, modes, never, name)))


def _modes(case: ChangeCase, modes: Mapping[str, Sequence[str]], never: Mapping[str, list[str]], name: str) -> Finding:
    forbidden = of_class(never, name) or []

    def judge(item: PromptFact, found: _Found) -> None:
        listed_ones, mode = modes.get(item.prompt.tool.name), item.prompt.permission_mode
        if listed_ones is None and not forbidden:
            return
        if mode is None:
            found.missing.append(f"the permission mode of the prompt of entry {item.record.index} is not recorded")
        elif mode in forbidden:
            found.bad.append(f"{mode}, which it forbids at the risk class “{name}” (entry {item.record.index})")
        elif listed_ones is not None and mode not in listed_ones:
            found.bad.append(f"{mode}, which is not listed for {item.prompt.tool.name} (entry {item.record.index})")
        else:
            found.good.append(mode)

    found = _at_each(case, judge)
    if isinstance(found, Finding):
        return found
    if found.bad:
        return failed(f"Permission modes that the policy does not allow: {listed(found.bad)}.", found.inputs)
    if found.missing:
        return untold(found.missing, found.inputs)
    if not found.good:
        return inapplicable("the policy speaks of the permission modes of an assistant that was used", found.inputs)
    return passed(f"Permission modes that the policy allows: {listed(found.good)}.", found.inputs)


def ai_10(case: ChangeCase) -> Finding:
    """AI-10: prompts from templates use approved versions of them."""
    approved = {
        (str(item["id"]), str(item["version"])) for item in cast("list[dict[str, JSON]]", case.settings["templates"])
    }
    if not approved:
        return inapplicable("the policy lists prompt templates", _shown(case))
    everywhere = case.settings["templates_required"]

    def judge(item: PromptFact, found: _Found) -> None:
        template = item.prompt.template
        if template is None:
            # A subagent is asked by an assistant, in words that no template has.
            if everywhere and item.prompt.trigger != "subagent":
                found.missing.append(f"the prompt of entry {item.record.index} names no template")
        elif (template.id, template.version) in approved:
            found.good.append(f"{template.id} {template.version}")
        else:
            found.bad.append(f"{template.id} {template.version} (entry {item.record.index})")

    found = _at_each(case, judge)
    if isinstance(found, Finding):
        return found
    if found.bad:
        return failed(f"Templates that the policy does not list: {listed(found.bad)}.", found.inputs)
    if found.missing:
        return untold(found.missing, found.inputs)
    if not found.good:
        return inapplicable("a prompt was made from a template", found.inputs)
    return passed(f"Approved templates: {listed(found.good)}.", found.inputs)


def _shown(case: ChangeCase) -> list[NamedRecord]:
    return [("prompt", item.record) for item in case.change.prompts]
