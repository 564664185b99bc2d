"""``evidence recover``: go on under a new origin after the checkpoint store was lost."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ledger.cli.options import output, output_options, settings, signing_options

if TYPE_CHECKING:
    from ledger.anchor import Anchor
    from ledger.checkpoint import Checkpoint
    from ledger.cli.settings import Settings
    from ledger.envelope import Envelope
    from ledger.events.roster import Epoch
    from ledger.keys import Signer
    from ledger.roster.state import Roster

_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command()
@click.argument("directory", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--last", type=_FILE, help="The last checkpoint known; default: what this machine remembers.")
@click.option("--reason", required=True, help="A label, such as disk-lost.")
@click.option("--checkpoint-url", metavar="URL", help="The new checkpoint store; default: a file in DIRECTORY.")
@click.option("--second-key", type=_FILE, help="Key file of a second administrator, where two are required.")
@click.option("--yes", is_flag=True, help="Do not ask before signing.")
@signing_options
@output_options
@click.pass_context
def recover(
    ctx: click.Context,
    *,
    directory: Path,
    last: Path | None,
    reason: str,
    checkpoint_url: str | None,
    second_key: Path | None,
    yes: bool,
) -> None:
    """Begin an epoch: record what the last checkpoint was and what is lost, and sign on under a new origin.

    Stop every server of the ledger first. What is lost stays lost and is printed by every verification.
    """
    from ledger.cli.given import given_label
    from ledger.cli.keyfiles import signer_of_file
    from ledger.cli.ledgerfolder import folder_anchor, folder_settings, folder_signer, open_store
    from ledger.cli.output import ask_to_sign, plural
    from ledger.digests import from_raw
    from ledger.events.roster import Epoch
    from ledger.store import begin_epoch

    given_label(reason, "--reason", "disk-lost")
    told = settings(ctx)
    anchor, found = folder_anchor(directory), folder_settings(directory)
    known = _last(told, anchor, last)
    with open_store(directory) as store:
        roster, size = store.roster, store.size()
    number = len(roster.epochs) + 2
    lost = max(0, known.size - size)
    epoch = Epoch(lost, from_raw(known.root), known.size, number, f"{roster.core.origin}/{number}", reason)
    url = checkpoint_url or f"sqlite:///{directory.absolute() / f'checkpoints-{number}.db'}"
    lines = [
        f"Begin epoch {number} of {roster.core.origin}: {reason}",
        f"  last checkpoint known   {plural(known.size, 'entry', 'entries')}, root {epoch.last_root}",
        f"  the database holds      {plural(size, 'entry', 'entries')}; known to be lost: {lost}",
        f"  checkpoints go on as    {epoch.origin}",
    ]
    for line in lines:
        click.echo(line, err=True)
    if not yes:
        ask_to_sign("Sign this?")
    second = None if second_key is None else signer_of_file(second_key)
    envelopes = _envelopes(told, anchor, roster, epoch, second)
    leaves = begin_epoch(found.database_url, url, envelopes, signer=folder_signer(directory))
    _point(directory, url)
    document = {
        "epoch": number,
        "origin": epoch.origin,
        "known_lost": lost,
        "index": leaves[-1].index,
        "checkpoint_url": url,
    }
    output(ctx).answer(
        document, [f"Epoch {number} holds from entry {leaves[-1].index}; ledger.toml names its checkpoint store."]
    )


def _last(told: Settings, anchor: Anchor, file: Path | None) -> Checkpoint:
    from ledger.errors import NotFoundError
    from ledger.memory import Memory
    from ledger.receipt import open_known_checkpoint

    if file is not None:
        return open_known_checkpoint(file.read_bytes(), anchor)
    found = Memory(anchor, told.cache / "checkpoints").latest()
    if found is None:
        raise NotFoundError(
            "no-checkpoint",
            "this machine remembers no checkpoint of the ledger",
            remedy="Ask whoever used the ledger for the latest: --last FILE",
        )
    return found


def _envelopes(told: Settings, anchor: Anchor, roster: Roster, epoch: Epoch, second: Signer | None) -> list[bytes]:
    """The epoch act and, with a second administrator's key, its approval."""
    from ledger.cli.keyfiles import signing_key
    from ledger.events.context import Actor
    from ledger.events.shape import MAX_COUNT
    from ledger.events.work import Approval, Basis, Seen
    from ledger.keys import key_id
    from ledger.making import new_context, seal_event
    from ledger.roster.authority import signer_at

    def sealed(key: Signer, body: Epoch | Approval) -> Envelope:
        # The latest position of all: what ended is found ended. The store checks again under its lock.
        holder = signer_at(roster, key_id(key.public), MAX_COUNT)
        context = new_context(Actor(principal=holder.principal), ledger=anchor.ledger)
        return seal_event(context, body, (), key).envelope

    act = sealed(signing_key(told).signing, epoch)
    if second is None:
        return [act.data]
    approval = Approval("person", Basis(act=act.digest), "approve", "approval", "roster", Seen((), ()))
    return [act.data, sealed(second, approval).data]


def _point(directory: Path, url: str) -> None:
    """Lets ``ledger.toml`` name the new checkpoint store."""
    import os

    from ledger.cli.ledgerfolder import write_new
    from ledger.cli.suggesting import toml_text
    from ledger.settings import SETTINGS_FILE

    path = directory / SETTINGS_FILE
    kept = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("checkpoint_url")]
    staged = path.with_name(f"{path.name}.{os.urandom(6).hex()}")
    write_new(staged, ("\n".join([*kept, f"checkpoint_url = {toml_text(url)}"]) + "\n").encode())
    staged.replace(path)
