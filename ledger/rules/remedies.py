"""What mends a verdict that does not hold: a sentence for people, and the command that does it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ledger.rules.excepting import BYPASS

if TYPE_CHECKING:
    from collections.abc import Mapping

_APPROVE = "evidence approve {subject}"
_DIFF = "evidence record diff --change {change} --base BASE"
_TEST = "evidence record test --suite SUITE REPORT"
_CHANGE = "evidence record change --change {change}"
_PEOPLE = "evidence people list"
_DEPLOY = "evidence record deploy --environment ENVIRONMENT --service SERVICE --release PRODUCT@VERSION"
_NOTE = "evidence record note --change {change} --body TEXT"
_OBSERVED = "evidence record observation --environment ENVIRONMENT --service SERVICE --release PRODUCT@VERSION"
_RELEASE = "evidence record release --product PRODUCT --version VERSION --previous PREVIOUS"
_EXCEPTION = "evidence exception {excepted} --incident ID --reason TEXT"

_TABLE: Final[Mapping[str, tuple[str, str]]] = {
    "head": ("Record the revision that is checked out; its approvals start from there.", _DIFF),
    "ID-01": ("Have an administrator enrol the key, and record the event again.", "evidence key enrol REQUEST"),
    "ID-02": ("Record the event again with a key in force.", "evidence key list"),
    "ID-03": (
        "Merge the two principals, or take the shared account from one of them.",
        "evidence people merge PERSON --into PRINCIPAL",
    ),
    "ID-04": ("Say whose the account is; unresolved ones stand first.", _PEOPLE),
    "ID-05": (
        "Record who the forge saw push it; or have its author push it, or be named as its co-author.",
        "evidence record push --ref REF --before COMMIT --after COMMIT --change {change} --by PERSON",
    ),
    "ID-06": ("Approve with a key that is held by a person, away from pipelines.", _APPROVE),
    "SOD-01": ("Somebody who took no part in it reviews and approves exactly this content.", _APPROVE),
    "SOD-02": ("Somebody who did not change the code approves it.", _APPROVE),
    "SOD-03": ("Somebody who did not prompt the assistant approves it; record the prompts.", _APPROVE),
    "SOD-04": ("A person approves it.", _APPROVE),
    "SOD-05": ("Somebody who contributed nothing to it approves it.", _APPROVE),
    "SOD-06": ("Somebody who neither wrote nor reviewed its changes approves the release.", _APPROVE),
    "SOD-07": ("Let the pipeline deploy it, or somebody who did not write it.", _DEPLOY),
    "SOD-08": (
        "Somebody who took no part reviews it; who did withdraws their decision (evidence withdraw ENTRY).",
        "evidence approve --exception ENTRY --meaning review",
    ),
    "SOD-09": (
        "Somebody who did not change rules or roles lately approves it; record snapshot tells who protects what.",
        _APPROVE,
    ),
    "SOD-10": (
        "Have another assistant's session, asked by somebody else, review it.",
        "evidence record note --change {change} --agent NAME --session ID --initiator PERSON --body TEXT",
    ),
    "SOD-11": ("Somebody who holds the required role for these paths approves it.", "evidence role list"),
    "SOD-13": ("Have others review these two people's work for a while.", "evidence log --kind approval"),
    "APP-01": ("Approve exactly what is to land, after its last change.", _APPROVE),
    "APP-02": ("Approve the last revision.", _APPROVE),
    "APP-03": ("Approve it for the branch that it goes to.", _APPROVE),
    "APP-04": ("Whoever rejected it approves it, or takes the rejection back.", "evidence withdraw --change {change}"),
    "APP-05": ("Approve before it lands or is deployed; a late approval cannot mend this.", _APPROVE),
    "APP-06": ("Approve again with a name, a role and a meaning.", _APPROVE),
    "APP-07": ("A holder of each required role approves it.", "evidence role list"),
    "APP-08": ("Approve it again: the approval is older than the policy allows.", _APPROVE),
    "APP-09": ("Approve it with your own key, shown the final prompts, tests and scans.", _APPROVE),
    "APP-10": ("Look at how the review was done; nothing blocks.", "evidence show ENTRY"),
    "APP-11": ("Answer the review checklist in the approval.", _APPROVE),
    "CHG-01": (
        "Record the change that each of these commits belongs to.",
        "evidence record merge --ref REF --before COMMIT --after COMMIT",
    ),
    "CHG-02": ("Approve what landed as it is, or land the approved content.", _APPROVE),
    "CHG-03": (
        "Name the open request that asked for it, and why it is made.",
        _CHANGE + " --request SYSTEM:ID:open --reason TEXT",
    ),
    "CHG-04": ("State its impact and its impact on security.", _CHANGE + " --impact TEXT --security-impact TEXT"),
    "CHG-05": ("State how one falls back.", _CHANGE + " --fallback TEXT"),
    "CHG-06": ("Approve what landed as it is.", _APPROVE),
    "CHG-07": ("Have it approved as an ordinary change.", _APPROVE),
    "CHG-08": ("Review the generated files.", _NOTE),
    "CHG-09": ("Have a person approve it as an ordinary change.", _APPROVE),
    "CHG-10": ("An owner of these paths approves it.", "evidence role list"),
    "CHG-11": ("Note what the reviewer saw in the content that cannot be read.", _NOTE),
    "CHG-12": ("Say whose the co-authors' accounts are.", _PEOPLE),
    "CHG-13": (
        "Give the cut-over an owner, a runbook, stop conditions and a fall-back.",
        _CHANGE + " --cutover-owner PERSON --runbook FILE --stop-conditions FILE --fallback TEXT",
    ),
    "TST-01": ("Run the required suites on this content and record their reports.", _TEST),
    "TST-02": ("Run the suites on the content that lands.", _TEST),
    "TST-03": ("Have the pipeline run the suites with its own key.", _TEST),
    "TST-04": ("Mend the flaky suite, or have the policy allow it.", "evidence policy show"),
    "TST-05": ("Say in a review note why there are fewer tests.", _NOTE),
    "TST-06": ("Run and record the suites before it lands.", _TEST),
    "TST-07": (
        "Have the pipeline scan this content; mend the open findings, or set them aside with a reason, and scan again.",
        "evidence record scan REPORT --target TARGET",
    ),
    "TST-08": ("Record the report of this very run.", _TEST),
    "TST-09": ("Run the suites away from production.", _TEST),
    "TST-10": ("Run the required classes of suites, naming the contract they test against.", _TEST + " --class CLASS"),
    "AI-01": ("Say whether an assistant was used.", _DIFF + " --ai INVOLVEMENT"),
    "AI-02": ("Record the prompts and name them in the diff.", _DIFF + " --prompt DIGEST"),
    "AI-03": ("Use an assistant, model and configuration that the policy allows.", "evidence policy show"),
    "AI-04": (
        "Record the prompts with their look for secrets.",
        "evidence record scan REPORT --target prompts --prompt DIGEST",
    ),
    "AI-06": (
        "Record the prompt with the agent and who asked.",
        "evidence record prompt --text FILE --session ID --initiator PERSON",
    ),
    "AI-07": ("Approve from a device of your own, with a key whose custody is declared.", "evidence key list"),
    "AI-08": ("A senior approver approves it.", "evidence role list"),
    "AI-09": ("Run the assistant in a permission mode that the policy allows.", "evidence policy show"),
    "AI-10": ("Use a prompt template that the policy lists.", "evidence policy show"),
    "REL-01": ("Record the release with everything that landed since the one before.", _RELEASE),
    "REL-02": ("Record the build's provenance.", "evidence record build --provenance FILE"),
    "REL-03": ("Approve the release once its changes hold.", _APPROVE),
    "REL-04": ("Deploy the artifacts that were released.", _OBSERVED),
    "DEP-01": ("Record the release that is deployed.", _RELEASE),
    "DEP-02": ("Deploy inside the window, or declare an exception.", _EXCEPTION),
    "DEP-03": ("Record the deployments that failed.", _DEPLOY + " --status failed"),
    "DEP-04": ("Record the verification after the deployment.", _OBSERVED + " --verification passed"),
    "INC-01": (
        "Name the suspected release and change, or say why there is none.",
        "evidence record incident ID --release PRODUCT@VERSION --change {change}",
    ),
    "INC-02": (
        "Review the incident and name the change that mends it.",
        "evidence record incident ID --corrective {change} --review TEXT",
    ),
    "EXC-01": ("Declare exceptions before, or right after, they are used.", _EXCEPTION),
    "EXC-02": ("Another person reviews the exception.", "evidence approve --exception ENTRY --meaning review"),
    "EXC-03": ("Declare an exception for exactly this content.", _EXCEPTION),
    "EXC-04": ("Find out why exceptions have become ordinary.", "evidence log --kind exception"),
    "EXC-05": ("Declare the bypass as an exception and have it reviewed.", _EXCEPTION),
    "POP-01": ("Record what landed, and compare a clone with the ledger.", "evidence reconcile"),
    "POP-03": ("Verify the bundle; a gap means that something is missing.", "evidence verify BUNDLE"),
    "POP-06": (
        "Find out why the source was silent, and let it speak again.",
        "evidence record heartbeat --source NAME --count 0",
    ),
    "LED-05": ("Set the clock of whoever signed right; what is recorded stays.", "evidence show ENTRY"),
    "LED-06": (
        "Record the correction with the entry that it corrects.",
        "evidence record correction ENTRY --reason NAME --values FILE",
    ),
    "ADM-01": ("Somebody who holds none of these roles reviews who holds them.", "evidence approve --access"),
    "ADM-02": ("Protect the branch again, and record how it is protected.", "evidence record snapshot FILE"),
    "ADM-03": ("Have a second administrator approve changes of the policy.", "evidence acts pending"),
    "ADM-04": ("End the keys and roles of whoever left.", "evidence people disable PRINCIPAL"),
}


_TOO_LATE: Final = ("APP-05", "TST-06", "EXC-05")
"""Rules about what came before a landing."""


@dataclass(frozen=True, slots=True)
class Remedy:
    """What to do, and the command that does it."""

    sentence: str
    command: str


def remedy(
    rule: str,
    *,
    change: str | None = None,
    revision: int | None = None,
    release: str | None = None,
    part_of: str | None = None,
) -> Remedy:
    """What mends a verdict of ``rule``; a rule without an entry is looked up in its description.

    ``part_of`` is the release whose gate was asked where the verdict is of a change in it: what landed is excepted with
    the release that holds it.
    """
    sentence, command = _TABLE.get(rule, ("Read what the rule asks for.", "evidence policy show"))
    if part_of is not None and rule in _TOO_LATE:
        sentence, command = "Nothing mends this once it landed; a release may go out in spite of it.", _EXCEPTION
    subject = f"--release {release}" if release is not None else (change or "CHANGE")
    if release is None and revision is not None:
        subject = f"{subject} --revision {revision}"
    whole = release or part_of
    excepted = f"--change {change or 'CHANGE'}" if whole is None else f"--release {whole}"
    return Remedy(sentence, command.format(subject=subject, change=change or "CHANGE", excepted=excepted))


def exception_command(*, change: str | None = None, release: str | None = None) -> str:
    """The command that declares an exception from all that shut the gate of a change or release."""
    return remedy(BYPASS, change=change, release=release).command
