"""``evidence verify``: the numbered checks over a bundle or a pack, offline, against one line obtained elsewhere."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from ledger import exitcodes
from ledger.cli.options import output, output_options
from ledger.cli.output import Output, clean, paint, plural
from ledger.errors import FormatError, LedgerError

if TYPE_CHECKING:
    from datetime import datetime

    from ledger.verify.findings import Verification
    from reports.sealed import PrintedPages

MOST_LINES: Final = 50
"""Failures of one kind are printed up to here; ``--json`` holds them all."""

_PDF_HEAD: Final = b"%PDF-"


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@click.option("--anchor", metavar="FILE|LINE", help="The ledger's public line ledger.pub, from a source you trust.")
@click.option("--records-only", is_flag=True, help="Exit 0 when the records are intact, whatever the printed pages.")
@click.option(
    "--timestamp-root",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Certificates (PEM) of time-stamp authorities that you trust.",
)
@output_options
@click.pass_context
def verify(
    ctx: click.Context, file: str, anchor: str | None, timestamp_root: Path | None, *, records_only: bool
) -> None:
    """Verify a bundle (ZIP) or a pack (PDF) offline.

    \b
    Two answers: are the records those of the ledger that the anchor names,
    and are the printed pages those that this ledger sealed.

    \b
    Examples:
      evidence verify payments-4.2.0.evidence.zip --anchor ledger.pub
      evidence verify payments-4.2.0.pdf --anchor ledger.pub --records-only

    Exit 0: intact. 3: checked and negative, or pages that no seal of this
    ledger covers. 2: nothing was judged, because the anchor line or the
    file is not of its form.
    """
    from ledger.standalone import published_verifier
    from ledger.verify.findings import CLOSING

    say = output(ctx)
    data = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    try:
        line = _anchor_line(ctx, anchor)
        found, pages = _judged(data, line)
    except LedgerError as error:
        from ledger.cli.output import report_error

        report_error(error, json=say.json)
        # Not 3: whoever mistyped the anchor, or took a wrong file, has found nothing out about any records.
        ctx.exit(exitcodes.USAGE)
    seal = _seal(pages, timestamp_root)
    own_verifier = found.index is not None and _carries(found, published_verifier())
    lines = [f"ledger: {_name(line)}", *_lines(found, pages, seal, say, own_verifier=own_verifier)]
    document = {"anchor": line.strip(), **_document(found, pages, seal, own_verifier=own_verifier)}
    say.answer(document, lines)
    if not say.json:
        click.echo(CLOSING)
    if not found.intact or (pages is not None and pages.state != "sealed" and not records_only):
        ctx.exit(exitcodes.NEGATIVE)


def _judged(data: bytes, line: str) -> tuple[Verification, PrintedPages | None]:
    """What is found of the records, and of the pages of a PDF.

    Raises:
        FormatError: ``bad-anchor``, ``not-a-bundle``: there is nothing to judge.
    """
    from ledger.verify.form import check_anchor_form, check_file_form, cut_short, ends_early
    from ledger.verify.run import verify_bundle, without_bundle

    check_anchor_form(line)
    if not data.startswith(_PDF_HEAD):
        check_file_form(data)
        return verify_bundle(data, line), None
    from reports.attached import attached_bundle
    from reports.sealed import judge_pages, plain_bundle

    try:
        attached = bundle = attached_bundle(data)
    except FormatError:
        check_file_form(data)
        attached = None
        try:
            # Of a damaged pack, what is left.
            bundle = plain_bundle(data)
        except FormatError as error:
            found = without_bundle(cut_short() if ends_early(data) else error)
            return found, judge_pages(data, None, found)
    found = verify_bundle(bundle, line)
    return found, judge_pages(data, attached, found)


def _seal(pages: PrintedPages | None, timestamp_root: Path | None) -> dict[str, Any] | None:
    """What the seal says, if it holds, whoever's key it is."""
    from reports.stamped import vouched_for

    if pages is None or pages.seal is None:
        return None
    seal = pages.seal
    stamp = None
    if seal.stamp is not None:
        trusted = timestamp_root is not None and vouched_for(seal.stamp, timestamp_root.read_bytes())
        stamp = {"at": _time(seal.stamp.at), "authority": "trusted" if trusted else "declared"}
    return {"certificate": seal.certificate, "sealed_at": _time(seal.signed_at), "time_stamp": stamp}


def _time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _name(anchor_line: str) -> str:
    """The log's name and the start of the ledger id."""
    from ledger.anchor import parse_anchor

    anchor = parse_anchor(anchor_line)
    return f"{anchor.origin} {anchor.ledger[:23]}, as the anchor names it"


def _anchor_line(ctx: click.Context, given: str | None) -> str:
    """The line without the blanks around it.

    Raises:
        NotFoundError: ``no-anchor``: none is named, or its file cannot be read.
    """
    from ledger.cli.settings import ANCHOR_BLANKS, read_anchor

    if given is None:
        from ledger.cli.options import settings

        return settings(ctx).anchor_line
    line = read_anchor(Path(given)) if not set(given) & set(ANCHOR_BLANKS) or _is_file(given) else given
    return line.strip(ANCHOR_BLANKS)


def _is_file(text: str) -> bool:
    try:
        return Path(text).is_file()
    except OSError:
        # A line may be longer than any name of a file.
        return False


def _carries(found: Verification, verifier: bytes) -> bool:
    from ledger.bundle import VERIFIER_NAME
    from ledger.digests import digest_bytes

    files = () if found.index is None else found.index.files
    return any(item.name == VERIFIER_NAME and item.sha256 == digest_bytes(verifier) for item in files)


def _document(
    found: Verification, pages: PrintedPages | None, seal: dict[str, Any] | None, *, own_verifier: bool
) -> dict[str, Any]:
    return {
        "records": "intact" if found.intact else "not intact",
        "printed_pages": "none" if pages is None else pages.state,
        "printed_pages_reason": None if pages is None else pages.reason,
        "seal": seal,
        "entry_count": found.entry_count,
        "signature_count": found.signature_count,
        "checkpoint_size": found.checkpoint_size,
        "checkpoint_root": None if found.checkpoint_root is None else found.checkpoint_root.hex(),
        "verifier_is_published": own_verifier,
        "failures": [
            {
                "check": item.check,
                "place": item.place,
                "slug": item.slug,
                "message": item.message,
                "details": dict(item.details),
            }
            for item in found.failures
        ],
        "notes": [{"slug": item.slug, "place": item.place, "message": item.message} for item in found.notes],
    }


def _lines(
    found: Verification,
    pages: PrintedPages | None,
    seal: dict[str, Any] | None,
    say: Output,
    *,
    own_verifier: bool,
) -> list[str]:
    from ledger.verify.findings import CHECKS

    shown = found.failures
    foreign = [item for item in shown if item.check == "V02"]
    if foreign and len(foreign) < len(shown):
        # Of another ledger everything fails; the one thing to look at is the anchor.
        shown = tuple(foreign)
    lines = [
        f"  {item.check} {CHECKS[item.check]}: {clean(item.place)}: {clean(item.message)}"
        for item in shown[:MOST_LINES]
    ]
    if len(found.failures) > len(lines):
        more = plural(len(found.failures) - len(lines), "failure")
        why = " follow, if the anchor is of another ledger" if foreign else ""
        lines.append(f"  and {more} more{why}; --json lists all")
    if found.intact:
        first = (
            f"records: {paint('intact', 'green')}, {plural(found.entry_count, 'entry', 'entries')}, "
            f"{plural(found.signature_count, 'signature')}, checkpoint over {found.checkpoint_size:,}"
        )
    else:
        first = f"records: {paint('NOT intact', 'red')}, {plural(len(found.failures), 'failure')}"
    notes = [f"  note: {clean(item.place)}: {clean(item.message)}" for item in found.notes]
    if found.index is not None and not own_verifier:
        notes.append("  note: verify.py: the copy in this bundle is not the one that this version publishes")
    return [first, *lines, *_pages_lines(pages, seal), *([] if say.quiet else notes)]


def _pages_lines(pages: PrintedPages | None, seal: dict[str, Any] | None) -> list[str]:
    if pages is None:
        return ["printed pages: none in a bundle"]
    if pages.state != "sealed" or seal is None:
        colour = "red" if pages.state.startswith("altered") else "yellow"
        return [f"printed pages: {paint(pages.state, colour)}: {clean(pages.reason)}"]
    lines = [
        f"printed pages: {paint('sealed', 'green')}: {pages.reason}",
        f"  certificate {seal['certificate']}",
        f"  sealed at {seal['sealed_at']} by the sealer's own clock",
    ]
    stamp = seal["time_stamp"]
    if stamp is not None:
        whose = {
            "trusted": "a time-stamp authority that you trust",
            "declared": "a time-stamp authority that nobody here vouches for (--timestamp-root)",
        }[stamp["authority"]]
        lines.append(f"  there at {stamp['at']}, says {whose}")
    return lines
