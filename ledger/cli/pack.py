"""``evidence pack``: the evidence pack of a release, as PDF with its bundle inside and beside."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import click

from ledger.cli.options import client_options, output, settings

FORMATS: Final = ("pdf", "html", "bundle")


@click.command()
@click.argument("release", metavar="PRODUCT@VERSION|BUNDLE")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), default=Path(), help="Folder to write into.")
@click.option("--format", "formats", type=click.Choice(FORMATS), multiple=True, help="What to write; all if not given.")
@click.option(
    "--zone", default="UTC", show_default=True, metavar="ZONE", help="The reader's time zone, e.g. Europe/Oslo."
)
@click.option("--organisation", default="", metavar="NAME", help="Whose pack it is, for the cover.")
@click.option("--as-of", metavar="TIME", help="Judge as of this ledger time; now if not given.")
@client_options
@click.pass_context
def pack(
    ctx: click.Context,
    release: str,
    out: Path,
    formats: tuple[str, ...],
    zone: str,
    organisation: str,
    as_of: str | None,
) -> None:
    r"""Make the evidence pack of a release: who approved what, and how to check it.

    The pack is printed from the bundle that an auditor would download, after the same verification.

    \b
    Examples:
      evidence pack payments@4.2.0 --out packs --zone Europe/Oslo
      evidence pack payments-4.2.0.evidence.zip --anchor ledger.pub
    """
    from ledger.cli.releases import as_of_now, fetch_release, open_bundle
    from ledger.cli.session import open_session
    from reports.packs import PackSettings, make_pack

    path = Path(release)
    if path.is_file():
        bundle = open_bundle(path.read_bytes(), settings(ctx).anchor_line)
    else:
        with open_session(ctx) as session:
            bundle = fetch_release(session, release)
    wanted = formats or FORMATS
    made = make_pack(
        bundle.data,
        settings(ctx).anchor_line,
        as_of=as_of or as_of_now(bundle.records),
        settings=PackSettings(zone=zone, organisation=organisation, generated_at=datetime.now(UTC)),
        pdf="pdf" in wanted,
    )
    out.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    for name, data in made.files(wanted):
        target = out / name
        target.write_bytes(data)
        written.append(target)
    say = output(ctx)
    if made.pdf_missing is not None:
        say.warn(made.pdf_missing)
    say.answer(
        {"pack_id": made.pack_id, "files": [str(item) for item in written], "pdf_missing": made.pdf_missing},
        [f"pack {made.pack_id}", *(f"  {item}" for item in written)],
    )
