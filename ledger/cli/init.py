"""``evidence init``: found a ledger in a folder, alone or by a ceremony of several founders."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

from ledger.cli.options import output, output_options, settings, signing_options

_EPILOG: Final = """\
\b
Alone:
  evidence init acme --origin ledger.acme.example --admin "Ada Lindqvist <ada@acme.example>"
\b
Two people, each with a key that never leaves their machine:
  Bo:   evidence key new                              (prints Bo's public key)
  Ada:  evidence init acme --plan --origin ledger.acme.example --admins-required 2 \\
          --admin "Ada Lindqvist <ada@acme.example>" \\
          --admin "Bo Tanaka <bo@acme.example> ed25519:..."
  Bo:   evidence init --sign genesis.plan.json        (shows the plan, prints one line)
  Ada:  evidence init acme --finish --proof "p_... ..."
"""


@click.command(epilog=_EPILOG)
@click.argument("directory", required=False, type=click.Path(path_type=Path, file_okay=False))
@click.option("--origin", metavar="NAME", help="Name of the log, such as ledger.acme.example; for ever.")
@click.option("--admin", "admins", multiple=True, metavar='"NAME <MAIL>"', help="An administrator; repeat for more.")
@click.option(
    "--admins-required",
    type=click.IntRange(1, 2),
    default=1,
    show_default=True,
    help="Distinct administrators that an act takes.",
)
@click.option("--recovery-key", metavar="new|FILE", help="An offline key that counts as one administrator.")
@click.option(
    "--log-key",
    metavar="SHA256:...|FILE.pub",
    help="An Ed25519 key that your ssh-agent holds, to sign checkpoints; default: a new file log.key.",
)
@click.option("--database-url", metavar="URL", help="PostgreSQL database of the entries; default: a file in DIRECTORY.")
@click.option("--checkpoint-url", metavar="URL", help="Another database for checkpoints; default: a file in DIRECTORY.")
@click.option("--plan", is_flag=True, help="Only write the plan that the founders sign.")
@click.option(
    "--sign",
    "plan_file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="PLAN",
    help="Sign a plan as one of its founders.",
)
@click.option("--finish", is_flag=True, help="Found the ledger from the plan and its signatures.")
@click.option("--proof", "proofs", multiple=True, metavar="LINE|FILE", help="A founder's signature; repeat for more.")
@click.option("--yes", is_flag=True, help="Do not ask before signing.")
@signing_options
@output_options
@click.pass_context
def init(
    ctx: click.Context,
    *,
    directory: Path | None,
    origin: str | None,
    admins: tuple[str, ...],
    admins_required: int,
    recovery_key: str | None,
    log_key: str | None,
    database_url: str | None,
    checkpoint_url: str | None,
    plan: bool,
    plan_file: Path | None,
    finish: bool,
    proofs: tuple[str, ...],
    yes: bool,
) -> None:
    """Found a ledger in DIRECTORY, which must be new or empty. Nothing is ever overwritten."""
    from ledger.cli import ceremony
    from ledger.cli.given import given

    if sum((plan, finish, plan_file is not None)) > 1:
        raise click.UsageError("--plan, --sign and --finish are three steps; give one")
    told, out = settings(ctx), output(ctx)
    if plan_file is not None:
        ceremony.sign(told, out, plan_file, asked=not yes)
        return
    if directory is None:
        raise click.UsageError("name the folder of the ledger: evidence init DIRECTORY ...")
    if finish:
        ceremony.finish(told, out, directory, proofs)
        return
    if origin is None or not admins:
        raise click.UsageError('--origin NAME and --admin "NAME <MAIL>" are required')
    if len(admins) < admins_required:
        raise click.UsageError("at least as many --admin as --admins-required are needed")
    if (database_url is None) != (checkpoint_url is None):
        raise click.UsageError("--database-url and --checkpoint-url go together, and name two different places")
    wish = ceremony.Wish(
        directory=directory,
        origin=origin,
        admins=admins,
        admins_required=admins_required,
        recovery=recovery_key,
        log_key=log_key,
        urls=None if database_url is None or checkpoint_url is None else (database_url, checkpoint_url),
    )
    with given("--origin", origin, "letters, digits and ._:/-, such as ledger.example.com/acme", at="/core/origin"):
        if plan:
            ceremony.plan(told, out, wish)
        else:
            ceremony.found_alone(told, out, wish)
