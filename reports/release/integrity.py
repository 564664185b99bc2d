"""How to verify: what the checks found, three depths of doing it again, what it shows, and who is trusted."""

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
    Notes,
    Paragraph,
    Row,
    Section,
    Steps,
    Table,
    line,
    words,
)
from reports.release.said import code, columns, digest_line, quiet, rows, status, strong
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
    ("Producer (CI, hook)", "misreport what it saw", "sign as another, or change it later; print says who reported"),
    ("Approver", "approve carelessly", "have it turned into approval of other content or in another ledger; deny it"),
    ("Forge collector", "claim a review that was not", "be mistaken for the person's own signature"),
    (
        "Administrator",
        "enrol a false key",
        "do so alone where two are required, or unseen: the roster stream is whole in every bundle",
    ),
    (
        "Operator",
        "refuse, delay, delete, restore an old copy",
        (
            "forge a person's event; drop one without a broken receipt, stream number or root; restore everything "
            "unseen by a witness or a receipt held elsewhere"
        ),
    ),
    ("Whoever holds the database", "edit entries", "pass the verification, or hide where"),
    ("Auditor", "read what the bundle discloses", "read contents that are erased or withheld"),
)


def verify_section(found: Verification, carried: Carried, number_: str) -> Section:
    """The section, also for a pack whose records do not verify."""
    return Section(
        ANCHOR,
        number_,
        words("How to verify"),
        words("How do I check this without trusting whoever printed it?"),
        _lede(found),
        (
            _found(found, carried),
            *findings(found),
            _notes(found),
            Heading(words("Three depths, and the line to have first")),
            *_depths(found, carried),
            Heading(words("What verification shows, and what it does not")),
            *_limits(),
            Table(
                columns(("Party", 22), ("Could", 30), ("Cannot, or is found out", 48)),
                tuple(Row((line(party), line(could), line(cannot))) for party, could, cannot in _TRUST),
                words("None."),
                words("Who is trusted for what"),
                "small",
            ),
            Heading(words("Notes of the assessor")),
            Notes((words("Section"), words("Note"), words("Initials and date"))),
        ),
    )


def _lede(found: Verification) -> Line:
    if found.intact:
        return line(
            f"When this pack was printed, all {number(len(CHECKS))} checks held for "
            f"{count(found.entry_count, 'entry', 'entries')}. Take the attached bundle and repeat them; no network "
            "is needed."
        )
    return line(
        f"When this pack was printed, {count(len(found.failures), 'check result', 'check results')} failed. "
        "What rests on the records concerned is not shown by this pack."
    )


def _found(found: Verification, carried: Carried) -> Facts:
    root = None if found.checkpoint_root is None else found.checkpoint_root.hex()
    return Facts(
        rows(
            ("Records", line(status(Mark.PASS, "Intact") if found.intact else status(Mark.FAIL, "Not intact"))),
            ("Printed pages", line("not covered: printed pages carry no signature; the attached records do")),
            (
                "Entries",
                line(
                    f"{number(found.entry_count)}, with "
                    f"{count(found.signature_count, 'valid signature', 'valid signatures')}"
                ),
            ),
            (
                "Checkpoint",
                line("none that verifies")
                if root is None or found.checkpoint_size is None
                else line(
                    f"over {count(found.checkpoint_size, 'entry', 'entries')}, root ", *digest_line(root, full=True)
                ),
            ),
            (
                "Anchor",
                line(code(capture(carried.anchor_line, limit=520)), quiet(" compare with a copy obtained elsewhere")),
            ),
            ("Bundle", line(code(carried.name), f", {number(carried.size_bytes)} bytes")),
            ("SHA-256 of it", digest_line(carried.digest, full=True)),
            ("Pack id", digest_line(carried.pack_id, full=True)),
            *_verifier(found),
        )
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
        columns(("Check", 20), ("Place", 26), ("What was found", 54)),
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
        words("None."),
        words("Checks that failed"),
        "small",
    )
    rest = len(found.failures) - len(shown)
    return (
        (
            table,
            Paragraph(line(f"and {count(rest, 'further failure', 'further failures')}; `evidence verify` lists all.")),
        )
        if rest
        else (table,)
    )


def _notes(found: Verification) -> Table:
    grouped: dict[tuple[str, str], list[str]] = {}
    for note in found.notes:
        grouped.setdefault((note.slug, note.message), []).append(note.place)
    return Table(
        columns(("Note", 22), ("Where", 30), ("What a reader must know", 48)),
        tuple(
            Row((line(slug.replace("-", " ")), line(_places(places)), line(capture(message, limit=300))))
            for (slug, message), places in grouped.items()
        ),
        words("The verification left no note."),
        words("Notes of the verification: no faults, but to be known"),
        "small",
    )


def _places(places: list[str]) -> str:
    shown = ", ".join(place[:40] + "…" if len(place) > 41 else place for place in places[:3])
    return shown + (f" and {number(len(places) - 3)} more" if len(places) > 3 else "")


def _named(anchor_line: str) -> str:
    anchor = parse_anchor(anchor_line)
    return f"{anchor.origin} {anchor.ledger[:23]}"


def _depths(found: Verification, carried: Carried) -> tuple[Block, ...]:
    pdf = carried.name.removesuffix(".zip") + ".pdf"
    signatures = count(found.signature_count, "signature", "signatures")
    intact = f"records: intact, {count(found.entry_count, 'entry', 'entries')}, {signatures}"
    expected = (
        f"{intact}, checkpoint over {number(found.checkpoint_size or 0)}" if found.intact else "records: NOT intact"
    )
    return (
        Steps(
            (
                line(
                    "Get ",
                    code("ledger.pub"),
                    " from somewhere else than this pack: the ledger's own pages, a colleague, "
                    "an earlier audit. It is one line; compare it with the anchor above.",
                ),
                line(
                    "With the command: ",
                    code("evidence verify"),
                    " reads the pack or the bundle, and prints records and printed pages apart.",
                ),
                line(
                    "Without it: ",
                    code("verify.py"),
                    " travels in the bundle, is one file and needs Python alone. Compare its digest "
                    "with the published one: a verifier inside the evidence could be swapped by whoever forges the "
                    "evidence.",
                ),
                line(
                    "By hand: take any line of ",
                    code("entries.jsonl"),
                    ", hash its leaf, follow its inclusion path to the root above, "
                    "and check the signature of its envelope with the key that an earlier line enrols. "
                    "docs/format.md gives every byte.",
                ),
            )
        ),
        Listing(
            capture(
                f"$ evidence verify {pdf} --anchor ledger.pub\n"
                f"ledger: {_named(carried.anchor_line)}, as the anchor names it\n"
                f"{expected}\n"
                "printed pages: not covered by a seal; only the attached records are checked\n"
                f"{CLOSING}\n"
                "(exit status 3: the pages are not covered; 0 with --records-only)\n"
                "\n"
                f"$ pdfdetach -saveall {pdf}\n"
                f"$ unzip -o {carried.name} verify.py\n"
                f"$ python3 verify.py {carried.name} --anchor ledger.pub\n"
                "\n"
                f"$ sha256sum {carried.name}\n"
                f"{carried.digest[7:]}  {carried.name}",
                lines=16,
            ),
            words("Commands and what they print"),
        ),
    )


def _limits() -> tuple[Block, ...]:
    return (
        Heading(words("Shown")),
        Bullets(
            (
                line(
                    "Every entry attached is in the log under the checkpoint above, in this order, and was signed "
                    "by a key that "
                    "the ledger had enrolled for the named principal and that was allowed to sign it then."
                ),
                line(
                    "Nothing recorded about the streams in the bundle is missing up to its position, and contents "
                    "that are there are those that were committed to."
                ),
                line(
                    "Anybody with the bundle comes to the same verdicts, by the policy and as of the time on the cover."
                ),
            )
        ),
        Heading(words("Not shown")),
        Bullets(
            (
                line(
                    "That a signer read what they signed, or that a machine reported what really happened: print "
                    "says who reported."
                ),
                line(
                    "What was never sent to the ledger. It shows only where the release's own lists name it "
                    "(section Completeness); "
                    "silence of a source is not measured."
                ),
                line(
                    "That no second branch of the log exists: for that, somebody scans all of it. This pack rests "
                    "on one checkpoint."
                ),
                line(
                    "The printed pages themselves: they are drawn from the records and carry no seal. Where they "
                    "differ from the attached records, the records hold."
                ),
            )
        ),
    )
