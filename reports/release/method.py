"""The method: the rules with their parameters, what times and identities mean here, and the words used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ledger.errors import FormatError, NotFoundError
from ledger.rules.catalogue import RULES
from ledger.rules.plain import in_plain_words
from ledger.rules.policy import policy_in_force
from reports.methods import glossary, rules_off, strict_line
from reports.parts import Facts, Heading, Paragraph, Row, Section, Table, line, say_count_line, say_line, words
from reports.release.objectives import place
from reports.release.said import NAME, NONE, code, columns, digest_line, quiet, received, rows, strong
from reports.say import say, to_say
from reports.text import capture
from reports.wording import number, zone_sentence

if TYPE_CHECKING:
    from ledger.rules.policy import PolicyRules
    from reports.parts import Block
    from reports.release.view import View

ANCHOR: Final = "method"
PARAMETERS: Final = 600
"""Characters printed of a rule's parameters."""

_GLOSSARY: Final = (
    (
        to_say("approval"),
        to_say("A signed decision about exactly one content: its manifest, tree and policy. Nothing else is covered."),
    ),
    (
        to_say("bundle"),
        to_say("The self-contained export attached to this pack: entries, proofs, contents and a verifier."),
    ),
    (to_say("change"), to_say("A pull or merge request, or a push, with all its revisions.")),
    (to_say("checkpoint"), to_say("Size and root of the log, signed by the log key.")),
    (
        to_say("content"),
        to_say(
            "Bytes that an event commits to by a salted digest: prompts, comments, names. Erased, the commitment stays."
        ),
    ),
    (to_say("entry"), to_say("An event's place in the log. Entries are numbered from 0, without gaps.")),
    (
        to_say("manifest"),
        to_say("The sorted list of changed paths with digests of old and new content; independent of the diff tool."),
    ),
    (to_say("position"), to_say("A count of entries. A verdict at a position sees the entries before it.")),
    (
        to_say("roster"),
        to_say("Who may do what at a position: keys, roles, projects and policies, themselves entries of the ledger."),
    ),
    (
        to_say("withheld, erased, missing"),
        to_say("Never handed in by its signer; handed in and removed since; not in this bundle, for no stated reason."),
    ),
    (to_say("unresolved, unknown"), to_say("An account that no known principal claims; a fact that nobody recorded.")),
    (to_say("stale"), to_say("An approval whose content is not the content judged.")),
)


def method(view: View) -> Section:
    """The section."""
    on = {setting.rule.id: setting for setting in view.policy.rules}
    plain = in_plain_words(view.policy)
    body = tuple(
        Row(
            (
                line(strong(rule.id), " ", rule.title),
                line(rule.statement),
                line(capture(" ".join(rule.parameters), limit=PARAMETERS))
                if rule.parameters
                else line(quiet(say("none of its own"))),
                line(rule.severity),
            )
        )
        for rule in plain.rules
    )
    records = view.dossier.records
    entries = records.entries
    begin = view.dossier.record
    settings = view.settings
    return Section(
        ANCHOR,
        "17",
        words(say("Method")),
        words(say("By which rules, with which parameters, and in which words?")),
        say_count_line(
            "{count} rule of {known} known ones is on in the policy {policy}. Same records, policy, position and "
            "time: same verdicts, on anyone's machine.",
            "{count} rules of {known} known ones are on in the policy {policy}. Same records, policy, position and "
            "time: same verdicts, on anyone's machine.",
            len(on),
            known=number(len(RULES)),
            policy=code(view.policy.name),
        ),
        (
            Facts(
                rows(
                    (say("Policy"), line(code(view.policy.name), " ", *digest_line(view.policy.digest, full=True))),
                    (say("Strict"), strict_line(view.policy)),
                    (
                        say("Position"),
                        line(
                            say("{position}: the verdicts see the entries before it", position=number(records.position))
                        ),
                    ),
                    (say("As of"), line(view.carried.as_of)),
                )
            ),
            *_other_policies(view),
            Table(
                columns(
                    (say("Rule"), 20),
                    (say("Holds when"), 33),
                    (say("What it asks for here"), 37),
                    (say("Severity"), 10),
                ),
                body,
                words(say("No rule is on.")),
                words(say("Rules that are on")),
                "dense",
            ),
            rules_off(plain.off, titles=True),
            Paragraph(
                say_line(
                    "What holds for several rules at once, such as how many approvals a change takes: {place}.",
                    place=place("configuration"),
                ),
                small=True,
            ),
            Heading(words(say("Outcomes"))),
            Paragraph(
                line(
                    say(
                        "A pass rests on something that exists; an empty set never passes. Cannot tell: an input is "
                        "missing, withheld, erased, unreadable or unresolved; it is never counted as pass. Not "
                        "applicable: the rule's precondition is false, and the verdict names it. Verdicts follow the "
                        "order of entries, never times that a producer wrote."
                    )
                )
            ),
            Heading(words(say("Times"))),
            Paragraph(
                say_line(
                    "{zone} Ledger time is the server's when the entry came in, and never decreases. Times that a "
                    "signer's clock gave are printed with their own offset and are not relied on.",
                    zone=zone_sentence(
                        received(entries[0] if entries else begin),
                        settings.generated_at,
                        settings.zone,
                        settings.zone_name,
                    ),
                )
            ),
            Heading(words(say("Identity"))),
            Paragraph(
                line(
                    say(
                        "Rules compare principals, never strings. A principal is one person, agent or service, over "
                        "any number of keys and accounts; an account belongs to whoever's name card in force claims "
                        "it. An account that no card claims, or that several claim, is unresolved, and what depends "
                        "on it cannot be told. Printed names are those of the cards at this position."
                    )
                )
            ),
            glossary(_GLOSSARY),
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
            columns(
                (say("Project"), 26),
                (say("Policy in force for it"), 26),
                (say("Digest"), 20),
                (say("In this pack"), 28),
            ),
            tuple(
                Row(
                    (
                        line(capture(names[project] or project, limit=NAME)),
                        line(quiet(say("none that can be read")) if policy is None else code(policy.name)),
                        line(quiet(NONE)) if policy is None else digest_line(policy.digest),
                        line(say("judges every verdict"))
                        if policy is not None and policy.digest == view.policy.digest
                        else say_line(
                            "{not_judging}: its changes are judged by the policy above",
                            not_judging=strong(say("does not judge")),
                        ),
                    )
                )
                for project, policy in found.items()
            ),
            words(say("None.")),
            words(
                say(
                    "The projects of this release have different policies in force; the policy of the project in "
                    "which the release was recorded judges all of it"
                )
            ),
            "small",
        ),
    )


def _policy_of(view: View, project: str) -> PolicyRules | None:
    try:
        return policy_in_force(view.dossier.records, project)
    except (NotFoundError, FormatError):
        return None
