"""``evidence pack``: the evidence pack of a release or period, sealed, with its bundle inside and files beside it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
from click.core import ParameterSource

from ledger.cli.options import client_options, ledger_moment, output, signing_options

if TYPE_CHECKING:
    from ledger.cli.output import Output
    from ledger.cli.packing import Wanted
    from reports.packs import Pack

FORMS: Final = ("pdf", "html", "bundle", "xlsx", "csv", "oscal", "verifier")
"""As `reports.packfiles` names them; written here too, because a pipeline that asks for help has no `reports`."""


@click.command()
@click.argument("subject", metavar="[PRODUCT@VERSION|BUNDLE]", required=False)
@click.option("--from", "start", metavar="DAY|TIME|POSITION", help="A period in place of a release: its first day.")
@click.option(
    "--to", "end", metavar="DAY|TIME|POSITION", help="Its last day, in it; or where it ends; default: latest entry."
)
@click.option("--in", "projects", multiple=True, metavar="PROJECT", help="Only these projects; repeat for more.")
@click.option("--baseline-from", metavar="DAY|TIME|POSITION", help="An earlier period that measures are set beside.")
@click.option(
    "--baseline-to", metavar="DAY|TIME|POSITION", help="Its last day; by default it ends where the period begins."
)
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
@click.option(
    "--changes",
    type=click.IntRange(1, 1_000),
    default=50,
    show_default=True,
    metavar="N",
    help="Changes of a release printed in full, the gravest; the registers hold all.",
)
@click.option(
    "--as-of", callback=ledger_moment, metavar="TIME", help="Judge as of this time; now, or the end of the period."
)
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

    Days are whole days in --zone, the last one included. Made again from the PDF of a period, say with an auditor's
    number, a pack keeps what that one was told; beside a bundle file, --from and --to say the days it was asked for.

    \b
    Examples:
      evidence pack payments@4.2.0 --out packs --zone Europe/Oslo --seal /srv/ledger
      evidence pack --from 2026-07-01 --to 2026-09-30 --baseline-from 2026-04-01
      evidence pack period-2026-07-01-to-2026-09-30.evidence.pdf --anchor ledger.pub --auditor-number 7419
      evidence pack payments-4.2.0.evidence.zip --anchor ledger.pub
    """
    from ledger.cli.packagain import completed
    from ledger.cli.packing import Wanted, make, open_wanted, record, write

    wanted = Wanted(**{name: value for name, value in told.items() if name not in ("no_record", "out", "forms")})
    _refuse_misfits(wanted)
    given = frozenset(name for name in told if ctx.get_parameter_source(name) is not ParameterSource.DEFAULT)
    wanted = completed(wanted, given)
    say = output(ctx)
    source = open_wanted(ctx, wanted)
    if wanted.start is not None and wanted.end is None and wanted.subject is None and source.bundle.period is not None:
        say.note(f"--to is not given: the period goes up to the latest entry, {source.bundle.period[1] - 1}.")
    made = make(ctx, wanted, source, told["forms"] or FORMS, say)
    written = write(made, told["out"])
    entries: list[int] = []
    if not told["no_record"]:
        kept, entries = record(ctx, made, source, told["out"], say)
        written += kept
    _tell(say, made, written, entries)


def _refuse_misfits(wanted: Wanted) -> None:
    """Nothing, if the options go together; else a usage error."""
    days = wanted.start is not None or wanted.end is not None
    baseline = wanted.baseline_from is not None or wanted.baseline_to is not None
    if wanted.subject is None:
        if not days:
            raise click.UsageError("name a release or a bundle file; or a period with --from and --to")
    elif "@" in wanted.subject and not Path(wanted.subject).is_file():
        if days:
            raise click.UsageError("name a release, or a period with --from and --to; not both")
        if baseline or wanted.sample is not None or wanted.auditor_number is not None:
            raise click.UsageError("--baseline-from, --baseline-to, --sample and --auditor-number are for periods")
    elif baseline or wanted.projects:
        raise click.UsageError("--in, --baseline-from and --baseline-to ask the server; a file is as it is")


def _tell(say: Output, made: Pack, written: list[Path], entries: list[int]) -> None:
    if made.pdf_missing_reason is not None:
        say.warn(made.pdf_missing_reason)
    elif made.sealed_by is None and made.pdf is not None:
        say.note("The PDF is not sealed: name the ledger's folder with --seal, or make the pack on the server's pages.")
    lines = [f"pack id {made.pack_id}", *(f"  {item}" for item in written)]
    if made.sealed_by is not None:
        lines.append(f"sealed with certificate {made.sealed_by}")
    if entries:
        lines.append(f"recorded in {'entry' if len(entries) == 1 else 'entries'} {', '.join(map(str, entries))}")
    say.answer(
        {
            "pack_id": made.pack_id,
            "files": [str(item) for item in written],
            "pdf_missing": made.pdf_missing_reason,
            "sealed_by": made.sealed_by,
            "entry": entries[0] if entries else None,
            "entries": entries,
        },
        lines,
    )
