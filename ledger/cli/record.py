"""``evidence record``: one subcommand a kind, each imported when it runs."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from collections.abc import Mapping

COMMANDS: Final[Mapping[str, tuple[str, str]]] = {
    "prompt": ("prompt", "What somebody asked an assistant."),
    "change": ("change", "A change as a whole: why, for whom, how back, who asked."),
    "diff": ("diff", "A revision of a change: exactly which content."),
    "reviews": ("reviews", "Reviews as GitHub or GitLab returned them."),
    "note": ("note", "Something said in a review that decides nothing."),
    "test": ("suite", "A test run, from its JUnit reports."),
    "scan": ("scan", "What a scanner found, from its SARIF report."),
    "push": ("push", "A ref moved."),
    "merge": ("merge", "What landed on a protected branch."),
    "build": ("build", "Artifacts were made of a commit."),
    "release": ("release", "A named version, with the commits it is made of."),
    "deploy": ("deploy", "A release, or artifacts, went to an environment."),
    "observation": ("observation", "What somebody saw running."),
    "incident": ("incident", "Something went wrong in production."),
    "snapshot": ("snapshot", "How refs are protected, as the forge shows it."),
    "heartbeat": ("heartbeat", "A source is alive, and says how much it sent."),
    "correction": ("correction", "An earlier event was wrong: what should have been stated."),
}
"""Every kind: its module in ``ledger.cli.recording``, and the line that the help prints for it."""


class _Kinds(click.Group):
    """The group whose subcommands are imported one at a time."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in COMMANDS:
            return None
        name = COMMANDS[cmd_name][0]
        command = getattr(importlib.import_module(f"ledger.cli.recording.{name}"), name)
        if not isinstance(command, click.Command):
            raise TypeError(f"{name} is not a command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        with formatter.section("Kinds"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


@click.group(cls=_Kinds)
def record() -> None:
    """Record evidence: sign it here and now, and hand it to the server.

    In a known CI system ids, commits and addresses come from the environment. A server that does not answer within two
    seconds loses nothing: the signed event waits in the outbox, and the exit status is 0 unless --require-server.
    """
