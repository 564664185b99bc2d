"""``evidence pack``: the evidence pack of a release or period, sealed, with its bundle inside and files beside it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from ledger.cli.options import client_options, output, signing_options

if TYPE_CHECKING:
    from ledger.cli.output import Output
    from reports.packs import Pack

FORMS: Final = ("pdf", "html", "bundle", "xlsx", "csv", "oscal", "verifier")
"""As `reports.packfiles` names them; written here too, because a pipeline that asks for help has no `reports`."""


@click.command()
@click.argument("subject", metavar="[PRODUCT@VERSION|BUNDLE]", required=False)
@click.option("--from", "start", metavar="POSITION|TIME", help="A period in place of a release: its first entry.")
@click.option("--to", "end", metavar="POSITION|TIME", help="Its end; the end itself does not belong to it.")
@click.option("--in", "projects", multiple=True, metavar="PROJECT", help="Only these projects; repeat for more.")
@click.option("--baseline-from", metavar="POSITION|TIME", help="An earlier period that measures are set beside.")
@click.option("--baseline-to", metavar="POSITION|TIME", help="Its end; by default the beginning of the period.")
@click.option("--sample", type=click.IntRange(1, 10_000), metavar="N", help="Changes to draw; default: as customary.")
@click.option("--auditor-number", metavar="S", help="The auditor's own number or text, which draws the sample.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), default=Path(), help="Folder to write into.")
@click.option("--format", "forms", type=click.Choice(FORMS), multiple=True, help="What to write; all if not given.")
@click.option(
    "--zone", default="UTC", show_default=True, metavar="ZONE", help="The reader's time zone, e.g. Europe/Oslo."
)
@click.option("--language", default="en", show_default=True, metavar="LANGUAGE", help="Of the pack's own words.")
@click.option("--organisation", default="", metavar="NAME", help="Whose pack it is, for the cover.")
@click.option("--classification", default="", metavar="WORDS", help='How it may be passed on, such as "Confidential".')
@click.option("--prepared-by", default="", metavar="NAME", help="Who asked for the pack, for the cover.")
@click.option(
    "--notice", default="", metavar="SENTENCE", help="A sentence for the cover; words before a colon go to every foot."
)
@click.option("--as-of", metavar="TIME", help="Judge as of this ledger time; now, or the end of the period.")
@click.option(
    "--seal",
    "seal_folder",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    envvar="EVIDENCE_LEDGER_SEAL",
    metavar="FOLDER",
    help="The ledger's folder, whose sealing key seals the PDF.",
)
@click.option("--no-record", is_flag=True, help="Do not record that this pack was made.")
@signing_options
@client_options
@click.pass_context
def pack(ctx: click.Context, /, **told: Any) -> None:  # noqa: ANN401 -- options by name
    """Make the evidence pack of a release or period: who approved what, and how to check it.

    The pack is printed from the bundle that an auditor would download, after the same verification. With --seal the PDF
    is sealed with the key that the ledger has enrolled. That it was made is recorded, so that a recipient's copy can be
    looked up; the recorded envelope lies beside the pack as its detached signature.

    \b
    Examples:
      evidence pack payments@4.2.0 --out packs --zone Europe/Oslo --seal /srv/ledger
      evidence pack --from 2026-07-01 --to 2026-10-01 --baseline-from 2026-04-01
      evidence pack period-812-1204.evidence.zip --anchor ledger.pub --auditor-number 7419
      evidence pack payments-4.2.0.evidence.zip --anchor ledger.pub
    """
    from ledger.cli.packing import Wanted, make, open_wanted, record, write

    wanted = Wanted(**{name: value for name, value in told.items() if name not in ("no_record", "out", "forms")})
    if (wanted.subject is None) == (wanted.start is None and wanted.end is None):
        raise click.UsageError("name a release or a bundle file; or a period with --from and --to")
    if "@" in (wanted.subject or "") and any(
        told[name] is not None for name in ("baseline_from", "baseline_to", "sample", "auditor_number")
    ):
        raise click.UsageError("--baseline-from, --baseline-to, --sample and --auditor-number are for periods")
    say = output(ctx)
    source = open_wanted(ctx, wanted)
    made = make(ctx, wanted, source, told["forms"] or FORMS, say)
    written = write(made, told["out"])
    entry = None
    if not told["no_record"] and source.recordable:
        kept, entry = record(ctx, made, source, told["out"], say)
        written += kept
    _tell(say, made, written, entry)


def _tell(say: Output, made: Pack, written: list[Path], entry: int | None) -> None:
    if made.pdf_missing_reason is not None:
        say.warn(made.pdf_missing_reason)
    elif made.sealed_by is None and made.pdf is not None:
        say.note("The PDF is not sealed: name the ledger's folder with --seal, or make the pack on the server's pages.")
    lines = [f"pack id {made.pack_id}", *(f"  {item}" for item in written)]
    if made.sealed_by is not None:
        lines.append(f"sealed with certificate {made.sealed_by}")
    if entry is not None:
        lines.append(f"recorded in entry {entry}")
    say.answer(
        {
            "pack_id": made.pack_id,
            "files": [str(item) for item in written],
            "pdf_missing": made.pdf_missing_reason,
            "sealed_by": made.sealed_by,
            "entry": entry,
        },
        lines,
    )
