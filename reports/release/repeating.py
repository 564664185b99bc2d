"""How to do the verification again: the ways, the commands with what they print, the files at hand, every check."""

from __future__ import annotations

import re
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from ledger.anchor import parse_anchor
from ledger.bundle import VERIFIER_NAME
from ledger.verify.findings import CHECKS, CLOSING
from reports.parts import (
    Bullets,
    Heading,
    Line,
    Listing,
    Paragraph,
    Row,
    Steps,
    Table,
    line,
    say_line,
    words,
)
from reports.release.said import code, columns, strong
from reports.say import say, to_say
from reports.text import capture
from reports.wording import count, number

if TYPE_CHECKING:
    from ledger.digests import Digest
    from ledger.verify.findings import Verification
    from reports.parts import Block
    from reports.release.view import Carried

MOST_NOTES: Final = 3
"""Notes printed as the command prints them; the rest is counted."""
WIDTH: Final = 100
"""Characters of a note that stand on one line of the listing; a second line would look like another one printed."""
_DIGEST: Final = re.compile(r"(sha256:[0-9a-f]{16})[0-9a-f]{48}")
DIGESTS: Final = "ledger/standalone/DIGESTS"
"""The file of each version that publishes the digests of the verifiers (docs/auditors.md)."""

_ASKED: Final = {
    "V01": to_say("The file is a bundle: exactly the files that its index lists, in the one form that is allowed."),
    "V02": to_say("It is of the ledger that the anchor names, and of no other that looks alike."),
    "V03": to_say("The key of the log signed the checkpoint: the number of entries, and the root over all of them."),
    "V04": to_say("The place that each entry has in the log is written in the one form that is allowed."),
    "V05": to_say("Each entry is in the log: its path of digests leads to the root of the checkpoint."),
    "V06": to_say("Neighbouring entries follow on each other, and time never runs backwards."),
    "V07": to_say("Of each project, no entry is missing from the range that the bundle declares."),
    "V08": to_say("Of the entries about people, keys, roles and policies, none is missing."),
    "V09": to_say("What was signed are the bytes that the entry names."),
    "V10": to_say("The entry says of itself what the signed event says."),
    "V11": to_say("Every event was signed for this ledger."),
    "V12": to_say("The enrolled key signed exactly these bytes."),
    "V13": to_say("That key could sign this kind of event, there and then."),
    "V14": to_say("Each act about people, keys, roles and policies had the administrators it needs."),
    "V15": to_say("No event is recorded twice."),
    "V16": to_say("Prompts, comments and reports shown are those that their signers committed to."),
    "V17": to_say("What an event refers to is there, is earlier, and is of the right kind."),
    "V18": to_say(
        "The list of changed files is the one whose digest was approved; what a comparison with git found is what was "
        "signed."
    ),
    "V19": to_say("The bundle is about what it says it is about."),
}


def repeating(found: Verification, carried: Carried, *, assessments: int, baseline: bool) -> tuple[Block, ...]:
    """The ways of checking again, the commands, what is attached and what the numbered checks ask.

    ``assessments`` is how many policies judged; 0: nothing could be read, so nothing was judged and listed.
    """
    return (
        Heading(words(say("Four ways to check this again, and the line to have first"))),
        Paragraph(
            say_line(
                "Get {file} from somewhere else than this pack: the ledger's own pages, a colleague, an earlier "
                "audit. It is one line; compare it with the anchor above.",
                file=code("ledger.pub"),
            )
        ),
        Steps(_ways(found)),
        Listing(
            capture("\n".join(_commands(found, carried)), lines=40, limit=8_000),
            words(say("Commands and what they print")),
        ),
        Paragraph(line(_status(found, carried)), small=True),
        Paragraph(
            say_line(
                "A verifier inside the evidence could be exchanged by whoever forges the evidence. Each version of "
                "Evidence Ledger publishes the SHA-256 of {page} and {script} in its file {digests}: take that file, "
                "or the verifier itself, from the project and not from the sender, and compare with the digests above.",
                page=code("verify.html"),
                script=code("verify.py"),
                digests=code(DIGESTS),
            )
        ),
        _attached(carried, assessments=assessments, baseline=baseline),
        Heading(words(say("The numbered checks"))),
        _checks(),
    )


def published(name: str) -> str:
    """The SHA-256 of a verifier as this version publishes it, 64 digits."""
    # As a resource: what is printed rests on the published line alone, not on the verifiers' code.
    listed = files("ledger.standalone").joinpath("DIGESTS").read_text(encoding="ascii")
    found = {file: digest for digest, file in (entry.split() for entry in listed.splitlines())}
    return found[name]


def verifiers(found: Verification) -> tuple[Digest, ...]:
    """SHA-256 of the verifier that the bundle carries; none where no bundle could be read."""
    listed = () if found.index is None else found.index.files
    return tuple(item.sha256 for item in listed if item.name == VERIFIER_NAME)


def is_published(verifier: Digest) -> bool:
    """Whether this is the verifier that this version publishes."""
    return verifier[7:] == published(VERIFIER_NAME)


def exchanged(found: Verification) -> bool:
    """Whether the bundle carries a verifier other than the one that this version publishes."""
    return any(not is_published(item) for item in verifiers(found))


def _ways(found: Verification) -> tuple[Line, ...]:
    alone = to_say(
        "Without either: {file} travels in the bundle, is one file and needs Python alone. Compare its digest with "
        "the published one first."
    )
    if exchanged(found):
        alone = to_say(
            "Without either: {file} is one file and needs Python alone. The copy in this bundle is not the one that "
            "this version publishes: use the published one."
        )
    return (
        say_line(
            "With the command: {command} reads the pack or the bundle, and prints records and printed pages apart.",
            command=code("evidence verify"),
        ),
        say_line(
            "In a browser: open {file}, which is attached to the PDF, and drop the pack on it. It asks nothing of the "
            "network. Compare its digest with the published one first.",
            file=code("verify.html"),
        ),
        say_line(alone, file=code("verify.py")),
        say_line(
            "By hand: each line of {file} in the bundle holds the place of an entry in the log, the bytes that were "
            "signed, and a path of digests. Hash the place, follow the path to the root above, and check the signature "
            "with the key that an earlier line enrols. The specification of the format, published with the sources of "
            "Evidence Ledger, gives every byte.",
            file=code("entries.jsonl"),
        ),
    )


def _commands(found: Verification, carried: Carried) -> list[str]:
    # What the command prints is English in every pack: a reader compares it with their own screen.
    pdf = carried.name.removesuffix(".zip") + ".pdf"
    anchor = parse_anchor(carried.anchor_line)
    return [
        f"$ evidence verify {pdf} --anchor ledger.pub",
        f"ledger: {anchor.origin} {anchor.ledger[:23]}, as the anchor names it",
        *_records(found),
        *_pages(found, carried),
        *_noted(found),
        CLOSING,
        "",
        f"$ pdfdetach -saveall {pdf}",
        # Unpacked, a copy that was exchanged would take the place of the published one.
        *(() if exchanged(found) else (f"$ unzip -o {carried.name} verify.py",)),
        f"$ python3 verify.py {pdf} --anchor ledger.pub",
        "",
        f"$ sha256sum {carried.name}",
        f"{carried.digest[7:]}  {carried.name}",
    ]


def _records(found: Verification) -> tuple[str, ...]:
    if not found.intact:
        failed = count(len(found.failures), "failure", "failures")
        return (f"records: NOT intact, {failed}", "  ... each of them, as listed above ...")
    signatures = count(found.signature_count, "signature", "signatures")
    intact = f"records: intact, {count(found.entry_count, 'entry', 'entries')}, {signatures}"
    return (f"{intact}, checkpoint over {number(found.checkpoint_size or 0)}",)


def _pages(found: Verification, carried: Carried) -> tuple[str, ...]:
    """What the command says of the pages: of a sealed file, whose time of sealing no page can know."""
    if carried.sealed_by is None:
        return ("printed pages: not sealed: the pages carry no seal, only the attached records are checked",)
    if not found.intact:
        return ("printed pages: cannot tell: the records that name the ledger's sealing keys do not verify",)
    return (
        "printed pages: sealed: the whole file is signed with a key that this ledger enrolled",
        f"  certificate {carried.sealed_by}",
        "  sealed at ... by the sealer's own clock",
    )


def _noted(found: Verification) -> tuple[str, ...]:
    told = [_shortened(f"  note: {note.place}: {note.message}") for note in found.notes]
    if exchanged(found):
        told.append("  note: verify.py: the copy in this bundle is not the one that this version publishes")
    more = len(told) - MOST_NOTES
    return (*told[:MOST_NOTES], *((f"  ... {count(more, 'more note', 'more notes')} ...",) if more > 0 else ()))


def _shortened(note: str) -> str:
    """A note on one line of the listing: digests by their first digits, and what is too long still up to a word."""
    short = _DIGEST.sub(r"\1...", note)
    return short if len(short) <= WIDTH else f"{short[: WIDTH - 4].rpartition(' ')[0]} ..."


def _status(found: Verification, carried: Carried) -> str:
    if carried.sealed_by is None:
        status = say(
            "The exit status of the first command is 3, because the pages carry no seal; with the option "
            "--records-only it is 0 where the records are intact."
        )
        if not any("..." in one for one in (*_records(found), *_noted(found))):
            return status
        return " ".join((say("Three dots stand where the page is shorter than the screen."), status))
    return say(
        "Three dots stand for what no page can know, or is shorter than the screen. The exit status of the first "
        "command is 0 where records and pages hold, and 3 where a byte of either differs."
    )


def _attached(carried: Carried, *, assessments: int, baseline: bool) -> Table:
    """The files that the PDF carries (`reports.packfiles.attachments`)."""
    held = [(carried.name, say("the bundle: the records this pack is printed from, and the verifier verify.py"))]
    if baseline:
        held.append(("baseline.bundle", say("the records of the period that measures are set beside")))
    if assessments:
        numbered = (
            ["assessment.json"]
            if assessments == 1
            else [f"assessment-{place + 1}.json" for place in range(assessments)]
        )
        held.append(("registers.xlsx", say("every register whole, as a workbook")))
        held += [(name, say("every verdict with the entries it rests on")) for name in numbered]
        held.append(
            ("assessment-results.json", say("the verdicts in the form OSCAL, which other programs of auditors read"))
        )
    held += [
        ("verify.html", say("the page that verifies this file in a browser, offline")),
        ("pack.json", say("the settings of this pack, and the SHA-256 of each file attached")),
    ]
    return Table(
        columns((say("File"), 34), (say("What it is"), 66)),
        tuple(Row((line(code(capture(name, limit=200))), line(what))) for name, what in held),
        words(say("None.")),
        words(say("Files attached to the PDF")),
        "small",
    )


def _checks() -> Bullets:
    return Bullets(tuple(line(strong(name), f" {say(asked)}") for name, asked in _ASKED.items() if name in CHECKS))
