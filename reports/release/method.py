"""The method: the rules with their parameters, what times and identities mean here, and the words used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ledger.errors import FormatError, NotFoundError
from ledger.rules.catalogue import RULES
from ledger.rules.plain import in_plain_words
from ledger.rules.policy import policy_in_force
from reports.methods import gate_line, glossary, rules_off
from reports.parts import Break, Facts, Heading, Paragraph, Row, Section, Table, line, say_count_line, say_line, words
from reports.release.places import place
from reports.release.said import NAME, NONE, code, columns, digest_line, parse_time, quiet, received, rows, strong
from reports.say import say, to_say
from reports.text import capture
from reports.wording import moment, number, zone_sentence

if TYPE_CHECKING:
    from ledger.rules.policy import PolicyRules
    from reports.parts import Block
    from reports.release.view import View

ANCHOR: Final = "method"
PARAMETERS: Final = 600
"""Characters printed of a rule's parameters."""

_GLOSSARY: Final = (
    (to_say("anchor"), to_say("One line that names the ledger and its key; got elsewhere, it tells a false copy.")),
    (
        to_say("approval"),
        to_say("A signed decision about exactly one content: its manifest, tree and policy. Nothing else is covered."),
    ),
    (
        to_say("approval that stands, that counts"),
        to_say(
            "It stands while its giver neither took it back nor decided otherwise. It counts if by the policy it also "
            "covers this content and comes from somebody who took no part."
        ),
    ),
    (
        to_say("as of"),
        to_say("The ledger's time for which verdicts were made: what is overdue then is overdue here."),
    ),
    (
        to_say("bundle"),
        to_say("The self-contained export attached to this pack: entries, proofs, contents and a verifier."),
    ),
    (to_say("change"), to_say("A pull or merge request, or a push, with all its revisions.")),
    (to_say("checkpoint"), to_say("Size and root of the log, signed by the log key.")),
    (to_say("clone"), to_say("A full copy of a repository that anybody with access can take and compare.")),
    (to_say("collector"), to_say("A service that reads what a forge shows, and signs that it saw it.")),
    (
        to_say("commit, head"),
        to_say("One recorded state of the files, with who wrote it; the last one of a line of work."),
    ),
    (
        to_say("content, commitment"),
        to_say(
            "Bytes that an event commits to by a salted digest: prompts, comments, names. Erased, the commitment "
            "stays: it shows whether bytes found elsewhere are those."
        ),
    ),
    (
        to_say("digest"),
        to_say("A number computed from bytes, which other bytes do not have in practice; its first digits name it."),
    ),
    (to_say("entry"), to_say("An event's place in the log. Entries are numbered from 0, without gaps.")),
    (to_say("excepted"), to_say("A declared, expiring departure stands beside the verdict, which stays what it is.")),
    (to_say("forge"), to_say("Where repositories and requests are kept and reviewed, such as GitHub or GitLab.")),
    (to_say("gate"), to_say("The place in a pipeline that asks these rules, and stays shut or opens.")),
    (to_say("genesis"), to_say("Entry 0: who founded the ledger, with which first keys.")),
    (to_say("heartbeat"), to_say("A source's regular sign that it is there, so that its silence shows.")),
    (
        to_say("landing; squash, rebase, merge, push"),
        to_say(
            "A change's content comes onto a protected branch: all its commits as one; again on top of what is there; "
            "joined with what is there; or put there straight."
        ),
    ),
    (
        to_say("manifest"),
        to_say("The sorted list of changed paths with digests of old and new content; independent of the diff tool."),
    ),
    (to_say("name card"), to_say("The entry that says which name and which accounts a person, agent or service has.")),
    (
        to_say("pack number"),
        to_say("EP- and the first 20 digits of the pack id on the cover: it stands on every page."),
    ),
    (to_say("position"), to_say("A count of entries. A verdict at a position sees the entries before it.")),
    (to_say("principal"), to_say("One person, agent or service, however many keys and accounts they have.")),
    (to_say("ref, branch"), to_say("A name, such as refs/heads/main, for the newest commit of a line of work.")),
    (to_say("revision"), to_say("One state of a change, as it was put up for review; numbered from 1.")),
    (
        to_say("roster"),
        to_say("Who may do what at a position: keys, roles, projects and policies, themselves entries of the ledger."),
    ),
    (to_say("stale"), to_say("An approval whose content is not the content judged.")),
    (to_say("stream"), to_say("The entries of one project, or of the ledger's own administration, numbered in turn.")),
    (to_say("tree"), to_say("All files as they are at a commit, named by one digest: equal trees are equal files.")),
    (to_say("unresolved, unknown"), to_say("An account that no known principal claims; a fact that nobody recorded.")),
    (
        to_say("withheld, erased, missing"),
        to_say("Never handed in by its signer; handed in and removed since; not in this bundle, for no stated reason."),
    ),
    (
        to_say("\\u{202E} and the like"),
        to_say(
            "A character of captured text that is invisible or turns the order of others round: it is printed as its "
            "number, never obeyed."
        ),
    ),
)
"""In the order of the alphabet, in English; the last one is how characters are written."""


def method(view: View) -> Section:
    """The section."""
    on = {setting.rule.id: setting for setting in view.policy.rules}
    plain = in_plain_words(view.policy)
    periods = {setting.rule.id for setting in view.policy.rules if setting.rule.subjects == ("period",)}
    body = tuple(
        Row(
            (
                line(
                    strong(rule.id),
                    " ",
                    rule.title,
                    *((Break(), quiet(say("asked of periods alone"))) if rule.id in periods else ()),
                ),
                line(rule.statement),
                line(capture(" ".join(rule.parameters), limit=PARAMETERS))
                if rule.parameters
                else line(quiet(say("no setting of its own"))),
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
                    (say("What shuts a gate"), gate_line(view.policy)),
                    (
                        say("Position"),
                        line(
                            say("{position}: the verdicts see the entries before it", position=number(records.position))
                        ),
                    ),
                    (say("As of"), line(moment(parse_time(view.carried.as_of)))),
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
            *rules_off(plain.off),
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
