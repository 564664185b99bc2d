"""How to verify: what the checks found, four ways of doing it again, what it shows, and who is trusted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ledger.anchor import parse_anchor
from ledger.bundle import VERIFIER_NAME
from ledger.verify.findings import CHECKS, CLOSING
from reports.parts import (
    Bullets,
    Facts,
    Heading,
    Line,
    Listing,
    Mark,
    Paragraph,
    Row,
    Section,
    Steps,
    Table,
    line,
    say_count_line,
    say_line,
    words,
)
from reports.release.said import code, columns, digest_line, quiet, rows, status, strong
from reports.say import say, say_count, to_say
from reports.text import capture
from reports.wording import count, number

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
        to_say("Administrator"),
        to_say("enrol a false key"),
        to_say("do so alone where two are required, or unseen: the roster stream is whole in every bundle"),
    ),
    (
        to_say("Operator"),
        to_say("refuse, delay, delete, restore an old copy"),
        (
            to_say(
                "forge a person's event; drop one without a broken receipt, stream number or root; restore everything "
                "unseen by a witness or a receipt held elsewhere"
            )
        ),
    ),
    (to_say("Whoever holds the database"), to_say("edit entries"), to_say("pass the verification, or hide where")),
    (to_say("Auditor"), to_say("read what the bundle discloses"), to_say("read contents that are erased or withheld")),
)


def verify_section(found: Verification, carried: Carried, number_: str) -> Section:
    """The section, also for a pack whose records do not verify."""
    return Section(
        ANCHOR,
        number_,
        words(say("How to verify")),
        words(say("How do I check this without trusting whoever printed it?")),
        _lede(found),
        (
            _found(found, carried),
            *findings(found),
            _notes(found),
            Heading(words(say("Four ways, and the line to have first"))),
            *_depths(found, carried),
            Heading(words(say("What verification shows, and what it does not"))),
            *_limits(carried),
            Table(
                columns((say("Party"), 22), (say("Could"), 30), (say("Cannot, or is found out"), 48)),
                tuple(Row((line(say(party)), line(say(could)), line(say(cannot)))) for party, could, cannot in _TRUST),
                words(say("None.")),
                words(say("Who is trusted for what")),
                "small",
            ),
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
                    quiet(say("compare with a copy obtained elsewhere")),
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
        return line(say("not covered: printed pages carry no signature; the attached records do"))
    return say_line(
        "to be sealed with certificate {certificate}, which the ledger enrolled; the file itself tells whether it is",
        certificate=digest_line(carried.sealed_by, full=True),
    )


def _verifier(found: Verification) -> tuple[tuple[str, Line], ...]:
    listed = () if found.index is None else found.index.files
    return tuple((VERIFIER_NAME, digest_line(item.sha256, full=True)) for item in listed if item.name == VERIFIER_NAME)


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


def _notes(found: Verification) -> Table:
    grouped: dict[tuple[str, str], list[str]] = {}
    for note in found.notes:
        grouped.setdefault((note.slug, note.message), []).append(note.place)
    return Table(
        columns((say("Note"), 22), (say("Where"), 30), (say("What a reader must know"), 48)),
        tuple(
            Row((line(slug.replace("-", " ")), line(_places(places)), line(capture(message, limit=300))))
            for (slug, message), places in grouped.items()
        ),
        words(say("The verification left no note.")),
        words(say("Notes of the verification: no faults, but to be known")),
        "small",
    )


def _places(places: list[str]) -> str:
    shown = ", ".join(place[:40] + "…" if len(place) > 41 else place for place in places[:3])
    return say("{places} and {more} more", places=shown, more=number(len(places) - 3)) if len(places) > 3 else shown


def _named(anchor_line: str) -> str:
    anchor = parse_anchor(anchor_line)
    return f"{anchor.origin} {anchor.ledger[:23]}"


def _depths(found: Verification, carried: Carried) -> tuple[Block, ...]:
    # What the command prints is English in every pack: a reader compares it with their own screen.
    pdf = carried.name.removesuffix(".zip") + ".pdf"
    signatures = count(found.signature_count, "signature", "signatures")
    intact = f"records: intact, {count(found.entry_count, 'entry', 'entries')}, {signatures}"
    expected = (
        f"{intact}, checkpoint over {number(found.checkpoint_size or 0)}" if found.intact else "records: NOT intact"
    )
    return (
        Steps(
            (
                say_line(
                    "Get {file} from somewhere else than this pack: the ledger's own pages, a colleague, an earlier "
                    "audit. It is one line; compare it with the anchor above.",
                    file=code("ledger.pub"),
                ),
                say_line(
                    "With the command: {command} reads the pack or the bundle, and prints records and printed pages "
                    "apart.",
                    command=code("evidence verify"),
                ),
                say_line(
                    "In a browser: open {file}, which is attached to the PDF, and drop the pack on it. It asks "
                    "nothing of the network. Compare its digest with the published one first.",
                    file=code("verify.html"),
                ),
                say_line(
                    "Without either: {file} travels in the bundle, is one file and needs Python alone. Compare its "
                    "digest with the published one: a verifier inside the evidence could be swapped by whoever forges "
                    "the evidence.",
                    file=code("verify.py"),
                ),
                say_line(
                    "By hand: take any line of {file}, hash its leaf, follow its inclusion path to the root above, "
                    "and check the signature of its envelope with the key that an earlier line enrols. {format} gives "
                    "every byte.",
                    file=code("entries.jsonl"),
                    format="docs/format.md",
                ),
            )
        ),
        Listing(
            capture(
                f"$ evidence verify {pdf} --anchor ledger.pub\n"
                f"ledger: {_named(carried.anchor_line)}, as the anchor names it\n"
                f"{expected}\n"
                f"{_pages_line(carried)}\n"
                f"{CLOSING}\n"
                "\n"
                f"$ pdfdetach -saveall {pdf}\n"
                f"$ unzip -o {carried.name} verify.py\n"
                f"$ python3 verify.py {carried.name} --anchor ledger.pub\n"
                "\n"
                f"$ sha256sum {carried.name}\n"
                f"{carried.digest[7:]}  {carried.name}",
                lines=20,
            ),
            words(say("Commands and what they print")),
        ),
    )


def _pages_line(carried: Carried) -> str:
    """What the command says of the pages, as `evidence verify` words it, and how it ends."""
    if carried.sealed_by is None:
        return "printed pages: not sealed: the pages carry no seal\n(exit status 3; 0 with --records-only)"
    return (
        "printed pages: sealed: the whole file is signed with a key that this ledger enrolled\n"
        f"  certificate {carried.sealed_by}\n"
        "(exit status 0; 3 where a byte of the file differs)"
    )


def _limits(carried: Carried) -> tuple[Block, ...]:
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
    return (
        Heading(words(say("Shown"))),
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
                        "Nothing recorded about the streams in the bundle is missing up to its position, and contents "
                        "that are there are those that were committed to."
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
        Heading(words(say("Not shown"))),
        Bullets(
            (
                line(
                    say(
                        "That a signer read what they signed, or that a machine reported what really happened: print "
                        "says who reported."
                    )
                ),
                line(
                    say(
                        "What was never sent to the ledger. It shows only where the release's own lists name it "
                        "(section Completeness); silence of a source shows only if it sends heartbeats."
                    )
                ),
                line(
                    say(
                        "That no second branch of the log exists: for that, somebody scans all of it. This pack rests "
                        "on one checkpoint."
                    )
                ),
                line(pages),
            )
        ),
    )
