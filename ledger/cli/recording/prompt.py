"""``evidence record prompt``: what somebody asked an assistant, by hand or as the assistant's hook."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from ledger.cli.output import clean
from ledger.cli.recording.choices import recording_options

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ledger.capture.secrets import Masked
    from ledger.cli.recording.hooks import Captured
    from ledger.cli.recording.recorder import Recorder
    from ledger.digests import Digest
    from ledger.events.work import Model, PromptScan
    from ledger.parcel import Parcel

PROBLEMS_FILE: Final = "hook-problems.txt"
"""In the outbox: why hooks could not record, one line each, without anything of the prompts."""

_PROVIDERS: Final = {"claude-code": "anthropic", "codex": "openai", "gemini-cli": "google", "github-copilot": "github"}


class _Quiet(click.Command):
    """A command that as a hook does not even complain about its own flags: some assistants take that for a veto."""

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,  # noqa: ANN401 -- Click's
    ) -> click.Context:
        hook = "--hook" in args
        try:
            return super().make_context(info_name, args, parent, **extra)
        except click.UsageError:
            if hook:
                raise click.exceptions.Exit(0) from None
            raise


@dataclass(frozen=True, slots=True)
class _Asked:
    """A prompt to be recorded, before masking."""

    captured: Captured
    source: str
    output: str | None
    turn: int | None
    initiator: str | None
    change: str | None
    withhold: bool
    configuration: Digest | None


@click.command(cls=_Quiet)
@click.option("--text", type=click.File("rb"), metavar="FILE|-", help="The prompt; - is standard input.")
@click.option("--output", "answer", type=click.File("rb"), metavar="FILE", help="What the assistant answered.")
@click.option("--session", metavar="ID", help="The assistant's session.")
@click.option("--turn", type=click.IntRange(1), help="Number of the turn in its session; counted by default.")
@click.option("--tool", metavar="NAME[@VERSION]", help="The assistant.")
@click.option("--model", metavar="[PROVIDER/]NAME", help="The model that was asked.")
@click.option(
    "--initiator", metavar="WHO", help="Who asked: name or id; 'unknown' says so. By default whose key it is."
)
@click.option("--change", metavar="ID", help="The change it is for, if known.")
@click.option("--configuration", metavar="FILE", help="The assistant's configuration file: its digest is recorded.")
@click.option("--trigger", type=click.Choice(("human", "scheduled", "subagent", "unknown")), help="What set it off.")
@click.option("--withhold", is_flag=True, help="Send the commitment alone; the text stays in a file of yours.")
@click.option("--hook", is_flag=True, help="Run as an assistant's hook: its JSON on stdin; silent, never the network.")
@recording_options
@click.pass_context
def prompt(ctx: click.Context, /, *, hook: bool, require_server: bool, **told: Any) -> None:  # noqa: ANN401 -- options by name
    """Record a prompt. Secrets of known forms are masked before anything is written.

    \b
    By hand:
      evidence record prompt --text prompt.txt --tool codepilot@2.1 --change 7
    As the hook of Claude Code, Codex, Cursor, Copilot or Gemini at the event of a prompt's submission:
      evidence record prompt --hook
    """
    if hook:
        _as_hook(ctx, told)
        return
    _by_hand(ctx, told, require_server=require_server)


def _by_hand(ctx: click.Context, told: dict[str, Any], *, require_server: bool) -> None:
    from ledger.cli.recording.delivery import hand_in
    from ledger.cli.recording.hooks import Captured
    from ledger.cli.recording.recorder import open_recorder
    from ledger.cli.recording.texts import note_masked, read_text
    from ledger.cli.recording.wording import as_token

    if told["text"] is None or told["tool"] is None:
        raise click.UsageError("--text FILE and --tool NAME are required (or --hook)")
    name, _, version = str(told["tool"]).partition("@")
    tool = as_token(name)
    if tool is None:
        raise click.UsageError("--tool is NAME or NAME@VERSION")
    captured = Captured(
        tool=tool,
        text=read_text(told["text"]),
        trigger=told["trigger"] or "human",
        session=as_token(told["session"]),
        version=as_token(version),
        model=told["model"],
    )
    answer = None if told["answer"] is None else read_text(told["answer"])
    configuration = None if told["configuration"] is None else _configuration(Path(told["configuration"]))
    asked = _asked(captured, "manual", told, answer, configuration)
    with open_recorder(ctx) as recorder:
        parcel, masked, kept = _seal(recorder, asked)
        out = recorder.session.output
        total = note_masked(masked, out)
        for path in kept:
            out.note(f"withheld: the text is in {path} alone; whoever must see it needs that file")
        further = {"masked_count": total, "withheld": [str(path) for path in kept]}
        words = f"prompt of session {clean(parcel.event.body.session, 40)}"  # type: ignore[union-attr,arg-type]  # made above
        hand_in(ctx, recorder, [(parcel, words)], require_server=require_server, further=further)


def _as_hook(ctx: click.Context, told: dict[str, Any]) -> None:
    """Nothing, whatever happens: an assistant must not be stopped, slowed or spoken to by its own record."""
    from ledger.errors import LedgerError

    try:
        _record_hook(ctx, told)
    except LedgerError as error:
        _note_problem(ctx, error.slug)
    except Exception as error:  # noqa: BLE001 -- see above; the sort of the error is kept for evidence outbox
        _note_problem(ctx, type(error).__name__)


def _record_hook(ctx: click.Context, told: dict[str, Any]) -> None:
    from dataclasses import replace

    from ledger.cli.recording.hooks import MAX_HOOK_BYTES, read_hook
    from ledger.cli.recording.recorder import open_recorder
    from ledger.cli.recording.wording import as_token

    captured = read_hook(sys.stdin.buffer.read(MAX_HOOK_BYTES))
    if captured.folder is not None and Path(captured.folder).is_dir():
        # Which ledger and project it is for, the folder of the session says.
        os.chdir(captured.folder)
    captured = replace(
        captured,
        session=as_token(told["session"]) or captured.session,
        trigger=told["trigger"] or captured.trigger,
        model=told["model"] or captured.model,
    )
    configuration = None
    if told["configuration"] is not None:
        # The prompt is worth more than what the assistant was set to: a wrong name must not lose it.
        try:
            configuration = _configuration(Path(told["configuration"]))
        except OSError:
            _note_problem(ctx, "configuration-unreadable")
    asked = _asked(captured, "hook", told, None, configuration)
    with open_recorder(ctx, offline=True) as recorder:
        parcel, _, _ = _seal(recorder, asked)
        recorder.outbox.spool.add(parcel)


def _asked(
    captured: Captured, source: str, told: dict[str, Any], answer: str | None, configuration: Digest | None
) -> _Asked:
    return _Asked(
        captured=captured,
        source=source,
        output=answer,
        turn=told["turn"],
        initiator=told["initiator"],
        change=told["change"],
        withhold=told["withhold"],
        configuration=configuration,
    )


def _configuration(path: Path) -> Digest:
    """SHA-256 of the file.

    Raises:
        OSError: it cannot be read.
    """
    import hashlib

    from ledger.digests import from_raw

    with path.open("rb") as file:
        return from_raw(hashlib.file_digest(file, "sha256").digest())


def _seal(recorder: Recorder, asked: _Asked) -> tuple[Parcel, tuple[Masked, ...], tuple[Path, ...]]:
    """The signed prompt, what was masked in it, and the files in which withheld contents stay."""
    from ledger.capture.secrets import mask_secrets
    from ledger.cli.recording.kept import keep_withheld
    from ledger.cli.recording.turns import next_turn
    from ledger.events.context import About, Actor
    from ledger.events.work import Capture, Prompt, Tool
    from ledger.making import new_content

    captured = asked.captured
    masked = [mask_secrets(captured.text), *([] if asked.output is None else [mask_secrets(asked.output)])]
    contents = [
        new_content(name, item.text.encode("utf-8", "replace"), "text/plain", withheld=asked.withhold)
        for name, item in zip(("prompt", "output"), masked, strict=False)
    ]
    # Before the event that commits to them: a commitment whose bytes nobody has is worth nothing.
    kept = tuple(keep_withheld(recorder, content) for content in contents) if asked.withhold else ()
    me = recorder.me()
    initiator = _initiator(recorder, asked)
    signer = None if me is None else me.principal
    principal = signer if me is not None and me.type == "agent" else initiator or signer
    actor, account = (Actor(principal=principal), ()) if principal is not None else recorder.actor(None, started=False)
    session = captured.session or f"unnamed-{os.urandom(8).hex()}"
    body = Prompt(
        capture=Capture("text-withheld" if asked.withhold else "complete", asked.source),
        session=session,
        tool=Tool(captured.tool, captured.version),
        trigger=captured.trigger,
        turn=asked.turn or next_turn(recorder.session.settings.cache, session),
        base=_base(),
        configuration=asked.configuration,
        initiator=initiator,
        model=_model(captured),
        permission_mode=captured.permission_mode,
        scan=_scan(masked),
    )
    about = About(change=asked.change or recorder.ci.change)
    parcel = recorder.seal(body, [*contents, *account], actor, about=about, occurred_at=captured.at)
    return parcel, tuple(masked), kept


def _initiator(recorder: Recorder, asked: _Asked) -> str | None:
    if asked.initiator == "unknown":
        return None
    if asked.initiator is not None:
        return recorder.principal(asked.initiator)
    me = recorder.me()
    by_itself = asked.captured.trigger in {"scheduled", "subagent"}
    return me.principal if me is not None and me.type == "person" and not by_itself else None


def _model(captured: Captured) -> Model | None:
    from ledger.cli.recording.wording import as_token
    from ledger.events.work import Model

    if captured.model is None:
        return None
    head, slash, tail = captured.model.partition("/")
    provider = (head if slash else None) or captured.provider or _PROVIDERS.get(captured.tool) or "unknown"
    return Model(as_token(provider) or "unknown", requested=as_token(tail if slash else head))


def _base() -> str | None:
    """The commit that lies in the working folder; None outside of a repository, and before its first commit."""
    from ledger.capture.git import open_repository, resolve_commit
    from ledger.errors import LedgerError

    with suppress(LedgerError, OSError), open_repository(Path()) as repository:
        return resolve_commit(repository, "HEAD")
    return None


def _scan(masked: Iterable[Masked]) -> PromptScan:
    """What the look for secrets found: everything of a known form was masked, so that nothing found was left in."""
    from importlib.metadata import version

    from ledger.events.work import PromptScan
    from ledger.making import PRODUCER_NAME

    return PromptScan(0, sum(item.total for item in masked), PRODUCER_NAME, version("evidence-ledger"))


def _note_problem(ctx: click.Context, cause: str) -> None:
    """Keeps why a hook recorded nothing, where ``evidence outbox`` shows it."""
    with suppress(Exception):
        from ledger.cli.options import settings
        from ledger.cli.session import read_anchor
        from ledger.making import local_time
        from ledger.spool import default_root

        told = settings(ctx)
        explicit = None if told.outbox is None else Path(told.outbox.text)
        root = default_root(read_anchor(told).ledger, os.environ, explicit=explicit)
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (root / PROBLEMS_FILE).open("a", encoding="utf-8") as file:
            file.write(f"{local_time()} {cause}\n")
