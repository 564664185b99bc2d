"""``evidence pack``: the evidence pack of a release, as PDF with its bundle inside and beside."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from ledger.cli.options import client_options, output, settings
from ledger.errors import FormatError

if TYPE_CHECKING:
    from datetime import tzinfo

    from reports.packs import Pack

FORMATS: Final = ("pdf", "html", "bundle")


@click.command()
@click.argument("release", metavar="PRODUCT@VERSION|BUNDLE")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), default=Path(), help="Folder to write into.")
@click.option("--format", "formats", type=click.Choice(FORMATS), multiple=True, help="What to write; all if not given.")
@click.option(
    "--zone", default="UTC", show_default=True, metavar="ZONE", help="The reader's time zone, e.g. Europe/Oslo."
)
@click.option("--organisation", default="", metavar="NAME", help="Whose pack it is, for the cover.")
@click.option("--prepared-by", default="", metavar="NAME", help="Who asked for the pack, for the cover.")
@click.option(
    "--notice", default="", metavar="SENTENCE", help="A sentence for the cover; words before a colon go to every foot."
)
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
    prepared_by: str,
    notice: str,
    as_of: str | None,
) -> None:
    """Make the evidence pack of a release: who approved what, and how to check it.

    The pack is printed from the bundle that an auditor would download, after the same verification.

    \b
    Examples:
      evidence pack payments@4.2.0 --out packs --zone Europe/Oslo
      evidence pack payments-4.2.0.evidence.zip --anchor ledger.pub
    """
    from ledger.cli.releases import as_of_now, bundle_in, fetch_release, open_bundle
    from ledger.cli.session import open_session
    from reports.packs import make_pack
    from reports.release.view import PackSettings

    path = Path(release)
    source = release if path.is_file() else settings(ctx).server.text
    if path.is_file():
        bundle = open_bundle(bundle_in(path.read_bytes()), settings(ctx).anchor_line)
    else:
        with open_session(ctx) as session:
            bundle = fetch_release(session, release)
    made = make_pack(
        bundle.data,
        settings(ctx).anchor_line,
        as_of=as_of or as_of_now(bundle.records),
        settings=PackSettings(
            generated_at=datetime.now(UTC),
            zone=_zone(zone),
            zone_name=zone,
            organisation=organisation,
            prepared_from=source,
            prepared_by=prepared_by,
            notice_tag=_tag(notice),
            notice=notice,
        ),
    )
    written = _write(made, out, formats or FORMATS)
    say = output(ctx)
    if made.pdf_missing_reason is not None:
        say.warn(made.pdf_missing_reason)
    say.answer(
        {"pack_id": made.pack_id, "files": [str(item) for item in written], "pdf_missing": made.pdf_missing_reason},
        [f"pack id {made.pack_id}", *(f"  {item}" for item in written)],
    )


def _tag(notice: str) -> str:
    """The words before a colon, for the foot of every page: of "Sample data: ..." the first two."""
    words, colon, _ = notice.partition(":")
    return (words if colon and len(words) <= 24 else "Notice") if notice else ""


def _zone(name: str) -> tzinfo:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise FormatError(
            "unknown-zone",
            "no such time zone is known on this machine",
            where="--zone",
            remedy="Name one such as Europe/Oslo; where none is known: sudo apt-get install -y tzdata",
        ) from None


def _write(made: Pack, out: Path, formats: tuple[str, ...]) -> list[Path]:
    stem = made.bundle_name.removesuffix(".evidence.zip")
    files = {
        "pdf": (f"{stem}.evidence.pdf", made.pdf),
        "html": (f"{stem}.evidence.html", made.html.encode("utf-8")),
        "bundle": (made.bundle_name, made.bundle),
    }
    out.mkdir(parents=True, exist_ok=True)
    written = []
    for name, data in (files[wanted] for wanted in FORMATS if wanted in formats):
        if data is not None:
            (out / name).write_bytes(data)
            written.append(out / name)
    return written
