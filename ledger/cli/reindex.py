"""``evidence reindex`` and ``evidence fsck``: upkeep of the databases behind a ledger's folder."""

from __future__ import annotations

from pathlib import Path

import click

from ledger.cli.options import output, output_options

_FOLDER = click.Path(path_type=Path, exists=True, file_okay=False)


@click.command()
@click.argument("directory", type=_FOLDER)
@output_options
@click.pass_context
def reindex(ctx: click.Context, directory: Path) -> None:
    """Drop what search and trace use, and rebuild it from the entries. The server may run meanwhile."""
    from ledger.cli.ledgerfolder import open_store
    from ledger.cli.output import plural

    with open_store(directory) as store:
        rows = store.reindex()
    output(ctx).answer({"rows": rows}, [f"Rebuilt {plural(rows, 'row')} from the entries."])


@click.command()
@click.argument("directory", type=_FOLDER)
@output_options
@click.pass_context
def fsck(ctx: click.Context, directory: Path) -> None:
    """Compare every row of the ledger's databases with what the entries and checkpoints say. Exit code 3: a fault."""
    from ledger import exitcodes
    from ledger.cli.ledgerfolder import open_store
    from ledger.cli.output import plural, table

    with open_store(directory) as store:
        faults = list(store.fsck())
        size = store.size()
    document = {
        "entries": size,
        "faults": [{"table": one.table, "row": one.row, "fault": one.fault, "found": one.found} for one in faults],
    }
    if faults:
        lines = table(
            ("TABLE", "ROW", "FAULT", "FOUND"), [(one.table, one.row, one.fault, one.found) for one in faults]
        )
        lines += [f"{plural(len(faults), 'fault')} in a ledger of {plural(size, 'entry', 'entries')}."]
    else:
        lines = [f"No fault: {plural(size, 'entry', 'entries')}, every row as it was written."]
    output(ctx).answer(document, lines)
    if faults:
        ctx.exit(exitcodes.NEGATIVE)


@click.command()
@click.argument("directory", type=_FOLDER)
@output_options
@click.pass_context
def migrate(ctx: click.Context, directory: Path) -> None:
    """Bring the ledger's database to this version's schema. Stop the servers first; no entry is rewritten."""
    from ledger.cli.ledgerfolder import folder_settings
    from ledger.store import migrate as migrate_database

    migrate_database(folder_settings(directory).database_url)
    output(ctx).answer({"migrated": True}, ["The schema is this version's, and every guard stands."])
