"""What the covers of both packs say alike: for whom, by which policy, of which ledger; verdicts in a headline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.parts import Break, Conclusion, Fingerprint, line, words
from reports.release.said import code, parse_time, quiet, strong
from reports.say import say, say_count
from reports.text import capture
from reports.wording import digits, moment, number

if TYPE_CHECKING:
    from ledger.records import Records
    from ledger.rules.policy import PolicyRules
    from ledger.verify.findings import Verification
    from reports.parts import Line, Mark, Quiet
    from reports.release.view import PackSettings


def conclusion(
    label: str, found: Verification, tally: tuple[tuple[Mark, int], ...], headline: str, told: str
) -> Conclusion:
    """The box on the cover: ``headline`` and ``told``, unless the records do not verify, which goes before both."""
    if not found.intact:
        headline = say("The records do not verify")
        told = say_count(
            "{count} check result failed; verdicts rest on the entries that passed every check of their own. Do not "
            "rely on this pack.",
            "{count} check results failed; verdicts rest on the entries that passed every check of their own. Do not "
            "rely on this pack.",
            len(found.failures),
        )
    return Conclusion(words(label), words(headline), tally, line(told))


def headline(failed: int, untold: int, otherwise: str) -> str:
    """How many verdicts failed and how many cannot be told; ``otherwise`` where neither is."""
    if failed and untold:
        return say_count(
            "{count} failure, {untold} cannot be told",
            "{count} failures, {untold} cannot be told",
            failed,
            untold=number(untold),
        )
    if failed:
        return say_count("{count} failure", "{count} failures", failed)
    return say("No failure, {untold} cannot be told", untold=number(untold)) if untold else otherwise


def organisation(settings: PackSettings) -> list[tuple[str, Line]]:
    """The row of the organisation; none where it was not told."""
    if not settings.organisation:
        return []
    return [(say("Organisation"), line(capture(settings.organisation, limit=120)))]


def policy_line(policy: PolicyRules) -> Line:
    """A policy, by name and digest."""
    return line(code(policy.name), " ", Fingerprint(digits(policy.digest)))


def judged_at(position: int, as_of: str) -> Quiet:
    """From which entries verdicts were made, and for which moment."""
    return quiet(
        say("on the first {position} entries, as of {time}", position=number(position), time=moment(parse_time(as_of)))
    )


def ledger_line(records: Records) -> Line:
    """The ledger's id, and with what to compare it."""
    return line(
        Fingerprint(digits(records.ledger), full=True),
        Break(),
        quiet(
            say(
                "{origin}; compare this id with {file} obtained elsewhere",
                origin=records.roster.core.origin,
                file="ledger.pub",
            )
        ),
    )


def administrators(records: Records) -> tuple[str, Line]:
    """The row that says how many must agree before anybody's rights change."""
    admins = records.roster.core.admins_required
    told = (
        say("one alone may change who may do what in this ledger")
        if admins == 1
        else say(
            "{admins} must agree before a key or role is given or a policy is set; one suffices to end it",
            admins=number(admins),
        )
    )
    return say("Administrators"), line(told)


def checkpoint_line(found: Verification) -> Line:
    """The root under which the records were proved."""
    if found.checkpoint_root is None or found.checkpoint_size is None:
        return line(strong(say("none that verifies")))
    return line(
        Fingerprint(digits(found.checkpoint_root.hex()), full=True),
        Break(),
        quiet(say_count("over {count} entry", "over {count} entries", found.checkpoint_size)),
    )
