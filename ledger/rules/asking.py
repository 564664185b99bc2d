"""What the values of shared parameters ask for, as sentences that a compliance officer reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from ledger.rules.wording import capital, counted, listed, number

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from ledger.canonical import JSON

FRAMEWORK_NAMES: Final[Mapping[str, str]] = {
    "soc2": "SOC 2",
    "iso27001": "ISO/IEC 27001",
    "pci-dss": "PCI DSS",
    "nist-800-53": "NIST SP 800-53",
    "ssdf": "NIST SSDF",
    "dora": "DORA",
    "21cfr11": "21 CFR Part 11",
}
"""Frameworks that a policy may name, with the names people use."""


def approvals(value: JSON) -> str:
    """`approvals` in words."""
    counts = cast("dict[str, int]", value)
    others = [name for name in counts if name != "default"]
    told = [f"{number(counts[name])} for {in_class(name)}" for name in others]
    usual = f"A change takes {counted(counts['default'], 'approval', 'approvals')}"
    return f"{usual}; {listed(told)}." if told else f"{usual}, whatever its risk."


def approver_role(value: JSON) -> str:
    """`approver_role` in words."""
    return (
        "Anybody enrolled as a person may approve, whatever their roles."
        if value is None
        else f"Only people who held the role “{value}” when they approved count as approvers."
    )


def forge_attested(value: JSON) -> str:
    """`forge_attested` in words."""
    return (
        "An approval given on the forge's page counts, though the forge attests it and not the person's own key."
        if value == "count"
        else "An approval given on the forge's page is shown and does not count: people sign with keys of their own."
    )


def assistant_co_authors(value: JSON) -> str:
    """`assistant_co_authors` in words."""
    mails = cast("list[str]", value)
    if not mails:
        return "No mail address is listed as an assistant's: every co-author is taken for a person."
    return f"As co-authors, {listed(mails)} show that an assistant was used and are nobody's account."


def forge_committers(value: JSON) -> str:
    """`forge_committers` in words."""
    mails = cast("list[str]", value)
    if not mails:
        return "No mail address is listed as the forge's own: every committer is taken for a contributor."
    return (
        f"A commit that names {either(mails)} as its committer was written by the forge: that name contributed nothing."
    )


def suites(value: JSON) -> str:
    """`suites` in words."""
    return (
        "Whichever test suites ran are asked about, and one at least must have run."
        if value == "any"
        else f"The test suites that must run are {listed(cast('list[str]', value))}."
    )


def tip_counts(value: JSON) -> str:
    """`tip_counts` in words."""
    return (
        "A test run on the approved revision counts, also where what landed is another content."
        if value
        else "Only a test run on exactly what landed counts."
    )


def risks(value: JSON) -> str:
    """`risks` in words."""
    classes = cast("list[dict[str, JSON]]", value)
    if not classes:
        return "A change has the risk class that is stated for it, or none."
    told = "; ".join(f"“{item['name']}” where {_risk(item)}" for item in classes)
    return f"Risk classes, the highest first: {told}. A higher class that is stated for a change counts too."


def _risk(item: Mapping[str, JSON]) -> str:
    clauses: list[str] = []
    if "paths" in item:
        clauses.append(f"it touches {either(cast('list[str]', item['paths']))}")
    if "lines_over" in item:
        clauses.append(f"it changes more than {item['lines_over']} lines")
    if "files_over" in item:
        clauses.append(f"it changes more than {item['files_over']} files")
    if "ai" in item:
        how = {"assisted": "helped", "generated": "wrote it"}
        clauses.append(f"an assistant {either([how[word] for word in cast('list[str]', item['ai'])])}")
    return either(clauses) if clauses else "it is stated"


def approver_classes(value: JSON) -> str:
    """`approver_classes` in words."""
    classes = cast("dict[str, dict[str, int]]", value)
    if not classes:
        return "No combination of roles is asked for."
    told = [f"{capital(in_class(name, classes))} needs approvals by {_roles(roles)}" for name, roles in classes.items()]
    return f"{'; '.join(told)}."


def _roles(roles: Mapping[str, int]) -> str:
    return listed(f"{counted(count, 'person', 'people')} in the role {role}" for role, count in roles.items())


def owners(value: JSON) -> str:
    """`owners` in words."""
    items = cast("list[dict[str, JSON]]", value)
    if not items:
        return "No path has owners who must approve."
    told = [f"{listed(cast('list[str]', item['paths']))} by somebody in the role {item['role']}" for item in items]
    return f"Changes must be approved: {'; '.join(told)}."


def checklists(value: JSON) -> str:
    """`checklists` in words."""
    lists = cast("dict[str, list[dict[str, str]]]", value)
    if not lists:
        return "Approvers answer no checklist."
    told = [f"For {in_class(name, lists)} approvers answer {_items(items)}" for name, items in lists.items()]
    return f"{'. '.join(told)}."


def _items(items: list[dict[str, str]]) -> str:
    return listed(f"“{item['text']}” ({item['id']})" for item in items) or "no checklist"


def suite_classes(value: JSON) -> str:
    """`suite_classes` in words."""
    classes = cast("dict[str, list[dict[str, JSON]]]", value)
    if not classes:
        return "No particular sorts of test suite are asked for."
    told = [f"{capital(in_class(name, classes))} needs {_sorts(items)}" for name, items in classes.items()]
    return f"{'; '.join(told)}."


def _sorts(items: list[dict[str, JSON]]) -> str:
    if not items:
        return "no particular sort of test suite"
    names = [
        f"{item['class']}{' (against a named version of the contract or schema)' if item['contract'] else ''}"
        for item in items
    ]
    return f"test suites of these sorts: {listed(names)}"


def runbook(value: JSON) -> str:
    """`runbook` in words."""
    classes = cast("list[str]", value)
    if not classes:
        return "No change needs a runbook for the cut-over."
    return f"A runbook with owner, stop conditions and fall-back is needed for {listed(map(in_class, classes))}."


def assistants(value: JSON) -> str:
    """`assistants` in words."""
    items = cast("list[dict[str, JSON]]", value)
    if not items:
        return "Any assistant may be used."
    return f"Assistants that may be used: {'; '.join(map(_assistant, items))}."


def _assistant(item: Mapping[str, JSON]) -> str:
    limits = [
        f"{what} {either(cast('list[str]', item[name]))}"
        for name, what in (
            ("models", "with the model"),
            ("modes", "in the permission mode"),
            ("configurations", "under the configuration"),
        )
        if name in item
    ]
    return " ".join([str(item["tool"]), *limits])


def templates(value: JSON) -> str:
    """`templates` in words."""
    items = cast("list[dict[str, str]]", value)
    if not items:
        return "Prompts need no approved template."
    names = [f"{item['id']} {item['version']}" for item in items]
    return f"Approved prompt templates: {listed(names)}."


def user_verification(value: JSON) -> str:
    """`user_verification` in words."""
    return {
        "present": "Who approves must have touched a security key.",
        "verified": "Who approves must have touched a security key and been recognised by it (PIN or fingerprint).",
    }.get(str(value), "Any enrolled key will do for approving; no security key need be touched.")


def exception_use(value: JSON) -> str:
    """`exception_use` in words."""
    return {
        "declared": "An exception opens a gate as soon as it is declared; nobody else need agree before.",
        "authorised": "An exception opens a gate once another person authorised it.",
    }.get(str(value), "No exception opens a gate.")


def frameworks(value: JSON) -> str:
    """`frameworks` in words."""
    names = [FRAMEWORK_NAMES[str(name)] for name in cast("list[JSON]", value)]
    if not names:
        return "The evidence is mapped to no framework's controls."
    return f"The evidence is mapped to controls of {listed(names)}."


def in_class(name: str, among: Collection[str] = ()) -> str:
    """A risk class in a sentence; ``default`` is every change where ``among`` names no other class."""
    if name == "default":
        return "any change" if len(among) == 1 else "a change of no class named here"
    return f"a change of risk class “{name}”"


def either(items: list[str]) -> str:
    """``a``, ``a or b``, ``a, b or c``."""
    return listed(items) if len(items) < 2 else f"{', '.join(items[:-1])} or {items[-1]}"
