"""``evidence key export``: keys and signatures for programs that nobody here wrote."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from ledger.cli.options import client_options, output, settings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ledger.entry import Leaf
    from ledger.roster.state import Roster

ALLOWED_FILE: Final = "allowed_signers"


@dataclass(frozen=True, slots=True)
class _Source:
    """What a ledger or a bundle says of keys and of the entries that were asked for."""

    roster: Roster
    position: int
    received_at: Mapping[int, str]
    """Ledger time by index, of each entry that is known."""
    names: Mapping[str, str]
    """By principal id, as far as cards are held."""
    entries: Mapping[int, tuple[Leaf, bytes]]
    """Leaf and envelope bytes by index."""


@click.command()
@click.option(
    "--format",
    "form",
    type=click.Choice(("allowed-signers",)),
    required=True,
    help="allowed-signers: for ssh-keygen -Y verify, with the dates of each key.",
)
@click.option(
    "--bundle",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Take them from this bundle or pack, without a server.",
)
@click.option("--entry", "wanted", multiple=True, type=click.IntRange(0), help="Also this entry; repeat for more.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write allowed_signers here, and for each --entry its signed bytes and its signature.",
)
@client_options
@click.pass_context
def export(ctx: click.Context, *, form: str, bundle: Path | None, wanted: tuple[int, ...], out: Path | None) -> None:
    """Write the SSH keys of the roster, and signatures made with them, as files that OpenSSH reads.

    Keys of the ledger's own scheme are left out: they sign bytes that OpenSSH has no form for.

    \b
    Examples:
      evidence key export --format allowed-signers > allowed_signers
      evidence key export --format allowed-signers --bundle pack.pdf --anchor ledger.pub --entry 42 --out check
    """
    from ledger.cli.allowedsigners import allowed_signers
    from ledger.cli.output import plural

    if wanted and out is None:
        raise click.UsageError("--entry needs --out: the folder for its files")
    source = _of_bundle(bundle, settings(ctx).anchor_line) if bundle is not None else _of_server(ctx, wanted)
    made = allowed_signers(
        source.roster, source.position, source.received_at, lambda principal: source.names.get(principal, "")
    )
    document: dict[str, Any] = {"format": form, "keys": made.listed, "left_out": made.left_out}
    if out is None:
        output(ctx).answer(document | {"lines": list(made.lines)}, made.lines)
    else:
        files, commands = _write(out, made.lines, [_found(source, index) for index in wanted], source.roster)
        document |= {"files": files, "commands": commands}
        output(ctx).answer(document, [f"Wrote {plural(len(files), 'file')} into {out}.", *commands])
    if made.left_out:
        output(ctx).note(f"Left out: {plural(made.left_out, 'key')} of the scheme ed25519, which OpenSSH cannot check.")


def _of_server(ctx: click.Context, wanted: Sequence[int]) -> _Source:
    from ledger.cli.output import clean
    from ledger.cli.session import open_session

    with open_session(ctx) as session:
        known = session.directory()
        entries = {index: session.client.entry(index) for index in wanted}
        received_at = {record.index: record.leaf.received_at for record in known.records}
        for key in known.roster.keys.values():
            if key.compromised_since is not None and key.compromised_since > key.since:
                before = key.compromised_since - 1
                received_at[before] = session.client.entry(before)[0].received_at
        names = {principal: clean(known.name(principal)) for principal in known.roster.principals}
        return _Source(known.roster, known.position, received_at, names, entries)


def _of_bundle(bundle: Path, anchor_line: str) -> _Source:
    from ledger.bundle import ENTRIES_NAME, read_archive
    from ledger.canonical import encode, parse
    from ledger.cli.output import clean
    from ledger.cli.releases import bundle_in, open_bundle
    from ledger.documents import parse_card
    from ledger.entry import read_leaf
    from ledger.records import Held

    found = open_bundle(bundle_in(bundle.read_bytes()), anchor_line)
    entries: dict[int, tuple[Leaf, bytes]] = {}
    for line in read_archive(found.data)[ENTRIES_NAME].splitlines():
        # Verified just now: each line is an object of leaf, envelope and path, and every part of its shape.
        value: Any = parse(line, max_bytes=len(line))
        leaf = read_leaf(value["leaf"], "/leaf")
        entries[leaf.index] = leaf, encode(value["envelope"])
    names = {}
    for principal in found.records.roster.principals.values():
        held = found.records.content(principal.cards[-1].content) if principal.cards else None
        if isinstance(held, Held):
            names[principal.id] = clean(parse_card(held.data).name)
    received_at = {index: leaf.received_at for index, (leaf, _) in entries.items()}
    return _Source(found.records.roster, found.records.position, received_at, names, entries)


def _found(source: _Source, index: int) -> tuple[Leaf, bytes]:
    from ledger.errors import NotFoundError

    if index not in source.entries:
        raise NotFoundError(
            "no-such-entry", "the bundle does not show this entry", details={"index": index}, remedy="evidence log"
        )
    return source.entries[index]


def _write(
    out: Path, lines: Sequence[str], entries: Sequence[tuple[Leaf, bytes]], roster: Roster
) -> tuple[list[str], list[str]]:
    """The files written into ``out``, and the command that checks each signature.

    Raises:
        ConflictError: ``not-sshsig``, or ``file-exists``. SignatureError: a signature does not hold.
    """
    from ledger.cli.allowedsigners import SCHEME, verify_time
    from ledger.cli.ledgerfolder import write_new
    from ledger.envelope import check_signature, open_envelope, preauthentication
    from ledger.errors import ConflictError
    from ledger.sshsig import NAMESPACE, format_armor

    files = {ALLOWED_FILE: ("\n".join(lines) + "\n").encode()}
    commands = []
    for leaf, data in entries:
        envelope = open_envelope(data)
        key = roster.keys[envelope.key_id]
        check_signature(envelope, key.public)
        if key.public.scheme != SCHEME:
            raise ConflictError(
                "not-sshsig",
                "the entry was not signed with an SSH key, and OpenSSH cannot check it",
                details={"index": leaf.index},
                remedy="evidence verify checks every signature.",
            )
        files[f"entry-{leaf.index}.signed"] = preauthentication(envelope.payload)
        files[f"entry-{leaf.index}.sig"] = format_armor(envelope.signature).encode("ascii")
        commands.append(
            f"ssh-keygen -Y verify -n {NAMESPACE} -f {ALLOWED_FILE} -I {key.principal}"
            f" -O verify-time={verify_time(leaf.received_at)}"
            f" -s entry-{leaf.index}.sig < entry-{leaf.index}.signed"
        )
    out.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        write_new(out / name, content, mode=0o644)
    return [str(out / name) for name in files], commands
