"""How to verify: what the checks found, how to do it again, what it shows, and who is trusted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ledger.verify.findings import CHECKS
from reports.parts import (
    Bullets,
    Facts,
    Heading,
    Line,
    Mark,
    Paragraph,
    Row,
    Section,
    Table,
    line,
    say_count_line,
    say_line,
    words,
)
from reports.release.noted import notes
from reports.release.repeating import is_published, published, repeating, verifiers
from reports.release.said import code, columns, digest_line, quiet, rows, status, strong
from reports.say import say, say_count, to_say
from reports.text import capture
from reports.wording import number

if TYPE_CHECKING:
    from ledger.verify.findings import Verification
    from reports.parts import Block
    from reports.release.view import Carried

ANCHOR: Final = "verify"
MOST_FINDINGS: Final = 60
"""Failures printed; the rest is counted."""

_TRUST: Final = (
    (
        to_say("Producer (CI, hook)"),
        to_say("misreport what it saw"),
        to_say("sign as another, or change it later; print says who reported"),
    ),
    (
        to_say("Approver"),
        to_say("approve carelessly"),
        to_say("have it turned into approval of other content or in another ledger; deny it"),
    ),
    (
        to_say("Forge collector"),
        to_say("claim a review that was not"),
        to_say("be mistaken for the person's own signature"),
    ),
    (
        to_say("Operator"),
        to_say("refuse, delay, delete, restore an old copy"),
        (
            to_say(
                "forge a person's event; drop an entry, because its sender's receipt, the numbers of the project's "
                "entries or the root of the log would no longer fit; restore an old copy of everything, where a sender "
                "or a witness keeps a later checkpoint elsewhere"
            )
        ),
    ),
    (to_say("Whoever holds the database"), to_say("edit entries"), to_say("pass the verification, or hide where")),
    (to_say("Auditor"), to_say("read what the bundle discloses"), to_say("read contents that are erased or withheld")),
)
_ABOVE_ADMINISTRATOR: Final = 3
"""Rows of the table of trust before the administrator's, which depends on the ledger."""


def verify_section(
    found: Verification,
    carried: Carried,
    number_: str,
    *,
    assessments: int = 0,
    period: bool = False,
    baseline: bool = False,
) -> Section:
    """The section, also for a pack whose records do not verify.

    ``assessments`` is how many policies judged, ``period`` whether a period is told of, ``baseline`` whether the bundle
    of another one is attached.
    """
    return Section(
        ANCHOR,
        number_,
        words(say("How to verify")),
        words(say("How do I check this without trusting whoever printed it?")),
        _lede(found),
        (
            _found(found, carried),
            *findings(found),
            notes(found),
            *repeating(found, carried, assessments=assessments, baseline=baseline),
            Heading(words(say("What verification shows, and what it does not"))),
            *_limits(carried, period=period),
            _trust(found),
        ),
    )


def _lede(found: Verification) -> Line:
    if found.intact:
        return line(
            say(
                "When this pack was printed, all {checks} checks held for {entries}. Take the attached bundle and "
                "repeat them; no network is needed.",
                checks=number(len(CHECKS)),
                entries=say_count("{count} entry", "{count} entries", found.entry_count),
            )
        )
    return line(
        say_count(
            "When this pack was printed, {count} check result failed. What rests on the records concerned is not "
            "shown by this pack.",
            "When this pack was printed, {count} check results failed. What rests on the records concerned is not "
            "shown by this pack.",
            len(found.failures),
        )
    )


def _found(found: Verification, carried: Carried) -> Facts:
    root = None if found.checkpoint_root is None else found.checkpoint_root.hex()
    return Facts(
        rows(
            (
                say("Records"),
                line(status(Mark.PASS, say("Intact")) if found.intact else status(Mark.FAIL, say("Not intact"))),
            ),
            (say("Printed pages"), _pages(carried)),
            (
                say("Entries"),
                line(
                    say_count(
                        "{entries}, with {count} valid signature",
                        "{entries}, with {count} valid signatures",
                        found.signature_count,
                        entries=number(found.entry_count),
                    )
                ),
            ),
            (
                say("Checkpoint"),
                line(say("none that verifies"))
                if root is None or found.checkpoint_size is None
                else say_count_line(
                    "over {count} entry, root {root}",
                    "over {count} entries, root {root}",
                    found.checkpoint_size,
                    root=digest_line(root, full=True),
                ),
            ),
            (
                say("Anchor"),
                line(
                    code(capture(carried.anchor_line, limit=520)),
                    " ",
                    quiet(say("the ledger's own line, ledger.pub: compare it with a copy obtained elsewhere")),
                ),
            ),
            (say("Bundle"), say_line("{name}, {size} bytes", name=code(carried.name), size=number(carried.size_bytes))),
            (say("SHA-256 of it"), digest_line(carried.digest, full=True)),
            (say("Pack id"), digest_line(carried.pack_id, full=True)),
            *_verifier(found),
        )
    )


def _pages(carried: Carried) -> Line:
    if carried.sealed_by is None:
        return line(say("not sealed: the pages carry no signature, only the attached records do"))
    return say_line(
        "to be sealed with certificate {certificate}, which the ledger enrolled; the file itself tells whether it is",
        certificate=digest_line(carried.sealed_by, full=True),
    )


def _verifier(found: Verification) -> tuple[tuple[str, Line], ...]:
    """The digests of both verifiers, and whether the one in the bundle is the one that this version publishes."""
    inside = [
        digest_line(verifier, full=True)
        if is_published(verifier)
        else line(*digest_line(verifier, full=True), " ", strong(say("! not the one that this version publishes")))
        for verifier in verifiers(found)
    ]
    return (
        *((say("SHA-256 of verify.py"), told) for told in inside),
        (say("SHA-256 of verify.html"), digest_line(published("verify.html"), full=True)),
    )


def findings(found: Verification) -> tuple[Block, ...]:
    """The failures in a table, if there are any."""
    if not found.failures:
        return ()
    shown = found.failures[:MOST_FINDINGS]
    table = Table(
        columns((say("Check"), 20), (say("Place"), 26), (say("What was found"), 54)),
        tuple(
            Row(
                (
                    line(strong(item.check), f" {CHECKS[item.check]}"),
                    line(capture(item.place, limit=120)),
                    line(capture(item.message, limit=300)),
                ),
                hit=True,
            )
            for item in shown
        ),
        words(say("None.")),
        words(say("Checks that failed")),
        "small",
    )
    rest = len(found.failures) - len(shown)
    return (
        (
            table,
            Paragraph(
                line(
                    say_count(
                        "and {count} further failure; `evidence verify` lists all.",
                        "and {count} further failures; `evidence verify` lists all.",
                        rest,
                    )
                )
            ),
        )
        if rest
        else (table,)
    )


def _trust(found: Verification) -> Table:
    parties = [(say(party), say(could), say(cannot)) for party, could, cannot in _TRUST]
    parties.insert(_ABOVE_ADMINISTRATOR, (say("Administrator"), *_administrator(found)))
    return Table(
        columns((say("Party"), 22), (say("Could"), 30), (say("Cannot, or is found out"), 48)),
        tuple(Row((line(party), line(could), line(cannot))) for party, could, cannot in parties),
        words(say("None.")),
        words(say("Who is trusted for what")),
        "small",
    )


def _administrator(found: Verification) -> tuple[str, str]:
    """What an administrator of this ledger could and could not, by how many must agree there."""
    unseen = say("do so unseen: the entries about people, keys, roles and policies are whole in every bundle")
    if found.records is None:
        return say("enrol a false key"), unseen
    required = found.records.roster.core.admins_required
    if required == 1:
        return say("enrol a false key, alone: in this ledger one administrator suffices"), unseen
    return (
        say("enrol a false key, together with another administrator"),
        say(
            "do so alone, because {count} must agree in this ledger; or unseen, because the entries about people, "
            "keys, roles and policies are whole in every bundle",
            count=number(required),
        ),
    )


def _limits(carried: Carried, *, period: bool) -> tuple[Block, ...]:
    if carried.sealed_by is None:
        pages = say(
            "The printed pages themselves: they are drawn from the records and carry no seal. Where they differ from "
            "the attached records, the records hold."
        )
    else:
        pages = say(
            "That the printed pages say what the records say: the seal shows that whoever holds the ledger's sealing "
            "key printed them and that nobody changed them since. Where they differ, the records hold."
        )
    never = (
        say(
            "What was never sent to the ledger. It shows only by comparison: where git, compared under "
            "Reconciliations, or a release's own lists name it, or where a source that sends heartbeats fell silent."
        )
        if period
        else say(
            "What was never sent to the ledger. It shows only by comparison: where the release's own lists or a clone "
            "compared with the ledger name it (section Completeness), or where a source that sends heartbeats fell "
            "silent."
        )
    )
    return (
        Heading(words(say("Shown")), below=True),
        Bullets(
            (
                line(
                    say(
                        "Every entry attached is in the log under the checkpoint above, in this order, and was signed "
                        "by a key that the ledger had enrolled for the named principal and that was allowed to sign "
                        "it then."
                    )
                ),
                line(
                    say(
                        "Of the ledger's own entries and of each project's range in the bundle, none is missing up to "
                        "the bundle's position, and contents that are there are those that were committed to."
                    )
                ),
                line(
                    say(
                        "Anybody with the bundle comes to the same verdicts, by the policy and as of the time on the "
                        "cover."
                    )
                ),
            )
        ),
        Heading(words(say("Not shown")), below=True),
        Bullets(
            (
                line(
                    say(
                        "That a signer read what they signed, or that a machine reported what really happened: print "
                        "says who reported."
                    )
                ),
                line(never),
                line(
                    say(
                        "That others were shown the same log. Compare the checkpoint above with one that a witness, "
                        "who keeps checkpoints elsewhere, or another recipient has: two that do not fit together prove "
                        "a second log."
                    )
                ),
                line(
                    say(
                        "That the log holds no second branch of a project's entries beside the one shown: for that, "
                        "somebody reads all of it."
                    )
                ),
                line(pages),
            )
        ),
    )
