"""The command ``evidence``: a table of subcommands, each imported when it runs, and one place where errors end."""

from __future__ import annotations

import importlib
import os
import sys
from typing import TYPE_CHECKING, Final, NoReturn

import click

from ledger import exitcodes
from ledger.errors import (
    AuthorityError,
    ChainError,
    LedgerError,
    SignatureError,
    UnavailableError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SECTIONS: Final[Mapping[str, Mapping[str, tuple[str, str]]]] = {
    "Begin": {
        "demo": ("ledger.cli.demo:demo", "See the whole road on an invented company, in a minute."),
        "try": ("ledger.cli.try_:try_", "See what your own repository's history can and cannot show."),
        "connect": ("ledger.cli.connect:connect", "Remember a ledger's address and its public line ledger.pub."),
    },
    "Record": {
        "record": (
            "ledger.cli.record:record",
            "Record what happened: a prompt, diff, test, scan, merge, incident, ...",
        ),
        "backfill": ("ledger.cli.backfill:backfill", "Bring what happened before anybody recorded, marked late."),
        "reconcile": ("ledger.cli.reconcile:reconcile", "Compare a clone with the ledger, in both directions."),
        "outbox": ("ledger.cli.outbox:outbox", "What waits for the server: list, flush, import."),
    },
    "Gate": {
        "gate": ("ledger.cli.gate:gate", "May this merge, may this be deployed? With reasons and remedies."),
        "exception": (
            "ledger.cli.exception:exception",
            "Declare a departure from rules, also while the server is down.",
        ),
    },
    "Decide": {
        "approve": ("ledger.cli.approve:approve", "Sign that you approve exactly this content."),
        "reject": ("ledger.cli.approve:reject", "Sign that you reject it."),
        "withdraw": ("ledger.cli.approve:withdraw", "Take back an approval or rejection of yours."),
    },
    "Ask": {
        "check": ("ledger.cli.check:check", "Assess a release or change against the rules."),
        "measures": ("ledger.cli.measures:measures", "Delivery of a period in numbers, beside a baseline."),
        "show": ("ledger.cli.show:show", "One event in full."),
        "log": ("ledger.cli.show:log", "Events in order, filtered."),
        "trace": ("ledger.cli.trace:trace", "From a commit, line, digest or incident to prompts and approvals."),
        "pack": ("ledger.cli.pack:pack", "The evidence pack of a release or period."),
        "verify": ("ledger.cli.verify:verify", "Verify a bundle or pack, offline."),
        "status": ("ledger.cli.status:status", "Which ledger, how large, and what waits."),
    },
    "Administer": {
        "people": ("ledger.cli.people:people", "People, agents and services: list, link, merge, disable, import."),
        "key": ("ledger.cli.key:key", "Keys: new, request, enrol, rotate, end, revoke, list."),
        "role": ("ledger.cli.role:role", "Roles: grant, end, list."),
        "project": ("ledger.cli.project:project", "Projects: declare, list."),
        "certificate": ("ledger.cli.certificate:certificate", "Keys that seal packs: new, enrol, end, list."),
        "policy": ("ledger.cli.policy:policy", "The policy that rules are assessed under: set, show."),
        "acts": ("ledger.cli.acts:acts", "Acts that wait for a second administrator."),
    },
    "Operate": {
        "init": ("ledger.cli.init:init", "Found a ledger in a folder."),
        "serve": ("ledger.cli.serve:serve", "Start the server of a ledger."),
        "statuses": ("ledger.cli.statuses:statuses", "Tell GitHub or GitLab what the gate would answer."),
        "token": ("ledger.cli.token:token", "Who may reach the server: create, list, revoke."),
        "reindex": ("ledger.cli.reindex:reindex", "Rebuild search and trace from the entries."),
        "fsck": ("ledger.cli.reindex:fsck", "Check a ledger's databases, row by row."),
        "migrate": ("ledger.cli.reindex:migrate", "Bring a ledger's database to this version's schema."),
        "recover": ("ledger.cli.recover:recover", "Go on after the checkpoint store was lost."),
    },
}
"""Every subcommand: where it is defined, and the line that `evidence --help` prints for it."""

COMMANDS: Final = {name: place for section in SECTIONS.values() for name, place in section.items()}

_HELP_TEXTS: Final = ("exit-codes", "environment")


class _Lazy(click.Group):
    """The group whose subcommands are imported one at a time, by name."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return [*COMMANDS, *self.commands]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return super().get_command(ctx, cmd_name)
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        try:
            loaded = importlib.import_module(module)
        except ModuleNotFoundError as error:
            _extra_missing(error)
        command = getattr(loaded, attribute)
        if not isinstance(command, click.Command):
            raise TypeError(f"{module}:{attribute} is not a command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        for section, commands in SECTIONS.items():
            with formatter.section(section):
                formatter.write_dl([(name, line) for name, (_, line) in commands.items()])
        with formatter.section("Help"):
            formatter.write_dl(
                [
                    ("help COMMAND", "The same as evidence COMMAND --help."),
                    ("help exit-codes", "What the exit status says."),
                    ("help environment", "Variables and files that settings come from."),
                ]
            )


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="evidence-ledger", message="evidence %(version)s")
def evidence() -> None:
    """Signed evidence about software changes: record it, approve it, ask it, prove it.

    Nothing recorded can be changed or dropped unseen; a pack made from it verifies offline.
    """


@evidence.command("help", add_help_option=False)
@click.argument("words", nargs=-1, metavar="[COMMAND]... | exit-codes | environment")
@click.pass_context
def explain(ctx: click.Context, words: tuple[str, ...]) -> None:
    """Help on a command, on exit codes or on the environment."""
    if words and words[0] in _HELP_TEXTS:
        from ledger.cli import helptexts

        click.echo(helptexts.text(words[0]))
        return
    parent = ctx.find_root()
    command: click.Command = evidence
    for word in words:
        found = command.get_command(parent, word) if isinstance(command, click.Group) else None
        if found is None:
            raise click.UsageError(f"there is no command {word!r}; see: evidence --help")
        parent = click.Context(found, info_name=word, parent=parent)
        command = found
    click.echo(command.get_help(parent))


def run(arguments: Sequence[str]) -> int:  # noqa: PLR0911  # one return a way to end
    """The exit status of ``evidence`` with these arguments, after it ran."""
    json = "--json" in arguments
    try:
        status = evidence.main(list(arguments), prog_name="evidence", standalone_mode=False)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader of a pipe had enough. Python would complain once more when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return exitcodes.ERROR
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return exitcodes.INTERRUPTED
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return exitcodes.USAGE
    except click.ClickException as error:
        return _report_click(error, json=json)
    except LedgerError as error:
        from ledger.cli.output import report_error

        report_error(error, json=json)
        return exit_status(error)
    except OSError as error:
        from ledger.cli.output import report_os_error

        report_os_error(error, json=json)
        return exitcodes.ERROR
    return status if isinstance(status, int) else exitcodes.DONE


def main() -> NoReturn:
    """Runs ``evidence`` with the arguments of this process and leaves with its exit status."""
    sys.exit(run(sys.argv[1:]))


def exit_status(error: LedgerError) -> int:
    """The exit status that an error of the ledger leads to."""
    match error:
        case AuthorityError():
            return exitcodes.NOT_ALLOWED
        case SignatureError() | ChainError():
            return exitcodes.NEGATIVE
        case UnavailableError() if not error.slug.startswith("git-"):
            return exitcodes.UNREACHABLE
        case _:
            return exitcodes.ERROR


def _report_click(error: click.ClickException, *, json: bool) -> int:
    from ledger.cli.output import report_problem

    usage = error.ctx.get_usage() if isinstance(error, click.UsageError) and error.ctx is not None else None
    if usage is not None and not json:
        click.echo(usage, err=True)
    command = error.ctx.command_path if isinstance(error, click.UsageError) and error.ctx is not None else "evidence"
    # Choices stand on lines of their own in what click says; a problem is told on one.
    message = " ".join(error.format_message().split())
    report_problem("usage" if usage is not None else "error", message, f"{command} --help", json=json)
    return exitcodes.USAGE if isinstance(error, click.UsageError) else exitcodes.ERROR


def _extra_missing(error: ModuleNotFoundError) -> NoReturn:
    if (error.name or "").partition(".")[0] in {"ledger", "reports", "api"}:
        raise error
    raise LedgerError(
        "extra-missing",
        "this command needs a library that is not installed",
        details={"module": error.name or "unknown"},
        remedy="pip install 'evidence-ledger[server,reports]'",
    ) from None
