"""The method: the rules with their parameters, what times and identities mean here, and the words used."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from ledger.errors import FormatError, NotFoundError
from ledger.rules.catalogue import RULES, SHARED
from ledger.rules.policy import policy_in_force
from reports.parts import Facts, Heading, Line, Paragraph, Row, Section, Table, line, words
from reports.release.said import NAME, NONE, code, columns, digest_line, quiet, received, rows, strong
from reports.text import capture
from reports.wording import count, number, zone_sentence

if TYPE_CHECKING:
    from ledger.canonical import JSON
    from ledger.rules.policy import PolicyRules
    from reports.parts import Block
    from reports.release.view import View
    from reports.text import Text

ANCHOR: Final = "method"

_GLOSSARY: Final = (
    (
        "approval",
        "A signed decision about exactly one content: its manifest, tree and policy. Nothing else is covered.",
    ),
    ("bundle", "The self-contained export attached to this pack: entries, proofs, contents and a verifier."),
    ("change", "A pull or merge request, or a push, with all its revisions."),
    ("checkpoint", "Size and root of the log, signed by the log key."),
    (
        "content",
        "Bytes that an event commits to by a salted digest: prompts, comments, names. Erased, the commitment stays.",
    ),
    ("entry", "An event's place in the log. Entries are numbered from 0, without gaps."),
    (
        "manifest",
        "The sorted list of changed paths with digests of old and new content; independent of the diff tool.",
    ),
    ("position", "A count of entries. A verdict at a position sees the entries before it."),
    ("roster", "Who may do what at a position: keys, roles, projects and policies, themselves entries of the ledger."),
    (
        "withheld, erased, missing",
        "Never handed in by its signer; handed in and removed since; not in this bundle, for no stated reason.",
    ),
    ("unresolved, unknown", "An account that no known principal claims; a fact that nobody recorded."),
    ("stale", "An approval whose content is not the content judged."),
)


def method(view: View) -> Section:
    """The section."""
    on = {setting.rule.id: setting for setting in view.policy.rules}
    body: list[Row] = []
    for rule in RULES:
        setting = on.get(rule.id)
        body.append(
            Row(
                (
                    line(strong(rule.id), " ", rule.title),
                    line(rule.statement),
                    _parameters(view, rule.id),
                    line(quiet("off in this policy")) if setting is None else line(setting.severity),
                )
            )
        )
    records = view.dossier.records
    entries = records.entries
    begin = view.dossier.record
    settings = view.settings
    return Section(
        ANCHOR,
        "12",
        words("Method"),
        words("By which rules, with which parameters, and in which words?"),
        line(
            f"{count(len(on), 'rule', 'rules')} of {number(len(RULES))} known ones are on in the policy ",
            code(view.policy.name),
            ". Same records, policy, position and time: same verdicts, on anyone's machine.",
        ),
        (
            Facts(
                rows(
                    ("Policy", line(code(view.policy.name), " ", *digest_line(view.policy.digest, full=True))),
                    (
                        "Strict",
                        line(
                            "yes: what cannot be told keeps a gate shut"
                            if view.policy.strict
                            else "no: what cannot be told warns at a gate"
                        ),
                    ),
                    ("Position", line(f"{number(records.position)}: the verdicts see the entries before it")),
                    ("As of", line(view.carried.as_of)),
                )
            ),
            *_other_policies(view),
            Table(
                columns(("Rule", 24), ("Holds when", 38), ("Parameters", 26), ("Severity", 12)),
                tuple(body),
                words("No rule is known."),
                words("Rules"),
                "dense",
            ),
            Table(
                columns(("Parameter", 24), ("Value", 36), ("What it does", 40)),
                tuple(
                    Row((line(code(name)), line(code(_value(view.policy.shared[name]))), _coded(parameter.sentence)))
                    for name, parameter in SHARED.items()
                ),
                words("None."),
                words("Parameters that several rules share, set once"),
                "dense",
            ),
            Heading(words("Outcomes")),
            Paragraph(
                line(
                    "A pass rests on something that exists; an empty set never passes. Cannot tell: an input is "
                    "missing, withheld, "
                    "erased, unreadable or unresolved; it is never counted as pass. Not applicable: the rule's "
                    "precondition is false, "
                    "and the verdict names it. Verdicts follow the order of entries, never times that a producer wrote."
                )
            ),
            Heading(words("Times")),
            Paragraph(
                line(
                    zone_sentence(
                        received(entries[0] if entries else begin),
                        settings.generated_at,
                        settings.zone,
                        settings.zone_name,
                    ),
                    " Ledger time is the server's when the entry came in, and never decreases. Times that a "
                    "signer's clock "
                    "gave are printed with their own offset and are not relied on.",
                )
            ),
            Heading(words("Identity")),
            Paragraph(
                line(
                    "Rules compare principals, never strings. A principal is one person, agent or service, over "
                    "any number of "
                    "keys and accounts; an account belongs to whoever's name card in force claims it. An account "
                    "that no card "
                    "claims, or that several claim, is unresolved, and what depends on it cannot be told. Printed "
                    "names are those "
                    "of the cards at this position."
                )
            ),
            Table(
                columns(("Word", 22), ("Meaning", 78)),
                tuple(Row((line(word), line(said))) for word, said in _GLOSSARY),
                words("None."),
                words("Words"),
                "dense",
            ),
        ),
    )


def _other_policies(view: View) -> tuple[Block, ...]:
    """Which policies are in force where the projects of the release differ; nothing where they agree."""
    names = {source.source.project: source.project_name for source in view.dossier.sources}
    found = {project: _policy_of(view, project) for project in names}
    if all(policy is not None and policy.digest == view.policy.digest for policy in found.values()):
        return ()
    return (
        Table(
            columns(("Project", 26), ("Policy in force for it", 26), ("Digest", 20), ("In this pack", 28)),
            tuple(
                Row(
                    (
                        line(capture(names[project] or project, limit=NAME)),
                        line(quiet("none that can be read") if policy is None else code(policy.name)),
                        line(quiet(NONE)) if policy is None else digest_line(policy.digest),
                        line("judges every verdict")
                        if policy is not None and policy.digest == view.policy.digest
                        else line(strong("does not judge"), ": its changes are judged by the policy above"),
                    )
                )
                for project, policy in found.items()
            ),
            words("None."),
            words(
                "The projects of this release have different policies in force; the policy of the project in which "
                "the release was recorded judges all of it"
            ),
            "small",
        ),
    )


def _policy_of(view: View, project: str) -> PolicyRules | None:
    try:
        return policy_in_force(view.dossier.records, project)
    except (NotFoundError, FormatError):
        return None


def _coded(sentence: str) -> Line:
    """A sentence whose words between backticks are parameters' values."""
    parts = sentence.split("`")
    return line(*(code(part) if place % 2 else part for place, part in enumerate(parts) if part))


def _parameters(view: View, rule: str) -> Line:
    setting = next((one for one in view.policy.rules if one.rule.id == rule), None)
    own = {} if setting is None else {name: value for name, value in setting.settings.items() if name not in SHARED}
    shared = setting is not None and len(own) < len(setting.settings)
    parts = [f"{name}: {_value(value).plain}" for name, value in own.items()]
    if not parts:
        return line(quiet("the shared ones" if shared else "none"))
    return line(code(capture("; ".join(parts), limit=400)), quiet("; and the shared ones" if shared else ""))


def _value(value: JSON) -> Text:
    """A parameter's value as policies write it, the like of them in any order of members."""
    return capture(json.dumps(value, ensure_ascii=False, sort_keys=True), limit=400)
