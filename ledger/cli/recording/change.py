"""``evidence record change``: what is said of a change as a whole, in one statement that holds until the next."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import click

from ledger.cli.output import clean, plural
from ledger.cli.recording.choices import by_option, recording_options
from ledger.cli.recording.texts import text_options

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ledger.cli.recording.earlier import Earlier
    from ledger.cli.recording.forgeevent import SeenChange
    from ledger.cli.recording.recorder import Recorder
    from ledger.events.forge import ChangeState, Cutover, Request
    from ledger.making import NewContent

TEXTS: Final = ("title", "reason", "impact", "security-impact", "fallback", "runbook", "stop-conditions")
"""Contents of a statement, in their order."""
NEEDED: Final = ("fallback", "runbook", "stop-conditions")
"""Those without which nobody can run a move to the new state."""
REQUEST_STATES: Final = frozenset({"open", "closed", "unresolved"})


@dataclass(frozen=True, slots=True)
class _Before:
    """The statement that holds so far."""

    earlier: Earlier
    body: ChangeState
    texts: Mapping[str, NewContent]
    """As far as they could be had."""
    lost: frozenset[str]
    """Names of the texts that could not."""


@click.command()
@click.option("--change", metavar="ID", help="The change; by default the CI system's.")
@click.option(
    "--state",
    type=click.Choice(("opened", "updated", "closed", "reopened")),
    help="What became of it; by default as the forge says, opened the first time, else updated.",
)
@click.option(
    "--type",
    "type_",
    type=click.Choice(("normal", "standard", "emergency", "bot", "revert")),
    help="Which sort of change; by default as stated before, else normal.",
)
@click.option(
    "--request",
    "requests",
    multiple=True,
    metavar="SYSTEM:ID[:STATE]",
    help="What asked for it: jira:PAY-12:open; open or closed as the tracker shows it, else unresolved. Repeat.",
)
@text_options(
    title="What it is called; on GitHub and GitLab from the environment.",
    reason="Why it is made.",
    impact="What it changes for whom.",
    security_impact="What it changes for security.",
    fallback="How one gets back.",
)
@click.option("--returns-to", metavar="PRODUCT@VERSION", help="The release to which one falls back.")
@click.option("--risk", metavar="CLASS", help="Class of risk, as your policy names it.")
@click.option("--target", metavar="REF", help="Where it is to go: main, or in full; in CI from the environment.")
@click.option("--cutover-owner", metavar="WHO", help="Who runs the move to the new state; needs the two files below.")
@click.option("--runbook", "runbook_file", type=click.File("rb"), metavar="FILE|-", help="The steps of that move.")
@click.option(
    "--stop-conditions", "stop_conditions_file", type=click.File("rb"), metavar="FILE|-", help="When it is broken off."
)
@click.option("--anew", is_flag=True, help="Keep nothing of what was stated before.")
@by_option
@recording_options
@click.pass_context
def change(ctx: click.Context, /, *, anew: bool, require_server: bool, **told: Any) -> None:  # noqa: ANN401 -- options by name
    """State a change as a whole: why, for whom it matters, how one gets back, who asked for it.

    \b
    The latest statement holds, so what is not said again is taken over from the one before. The same again records
    nothing.

    \b
    In a pipeline:   evidence record change
    By hand:         evidence record change --change 7 --request jira:PAY-12:open --reason "Rates were rounded twice"
    """
    from ledger.cli.recording.delivery import hand_in, tell_again
    from ledger.cli.recording.forgeevent import seen_change
    from ledger.cli.recording.recorder import open_recorder
    from ledger.cli.recording.texts import text_contents, told_texts
    from ledger.events.context import About

    requests = tuple(dict.fromkeys(map(_request, told["requests"])))
    with open_recorder(ctx) as recorder:
        out = recorder.session.output
        name = told["change"] or recorder.ci.change
        if name is None:
            raise click.UsageError("--change is required: the environment does not tell")
        seen = seen_change(recorder, name)
        texts = ({} if seen.title is None else {"title": seen.title}) | told_texts(told, TEXTS)
        before = None if anew else _before(recorder, name, texts)
        if before is not None and before.lost:
            # A statement without them would take back what others stated.
            out.warn(
                f"nothing recorded: this token does not open what was stated before ({', '.join(sorted(before.lost))})."
                " Say it again with this command, or use a token with the scope contents, or --anew"
            )
            out.answer({"events": []}, [])
            return
        kept = {} if before is None else before.texts
        body = _body(recorder, name, told, requests, seen, None if before is None else before.body)
        _check_cutover(body.cutover, {*texts, *kept}, told)
        said = f"change {clean(name, 60)} {body.state} ({body.type}, {plural(len(body.requests), 'request')})"
        if before is not None and _nothing_new(before, body, texts):
            tell_again(recorder, before.earlier, f"change {clean(name, 60)}")
            return
        made = {item.name: item for item in text_contents(texts, out)}
        actor, account = recorder.actor(told["by"], started=True, seen=seen.author if body.state == "opened" else None)
        contents = [item for text in TEXTS if (item := made.get(text) or kept.get(text)) is not None]
        parcel = recorder.seal(body, [*contents, *account], actor, about=About(change=name))
        stated = {"state": body.state, "stated": [item.name for item in contents]}
        hand_in(ctx, recorder, [(parcel, said)], require_server=require_server, further=stated)


def _request(text: str) -> Request:
    from ledger.cli.recording.named import exact_token
    from ledger.cli.recording.wording import as_label
    from ledger.events.forge import Request

    system, _, rest = text.partition(":")
    head, _, tail = rest.rpartition(":")
    identifier, state = (head, tail) if head and tail in REQUEST_STATES else (rest, "unresolved")
    if as_label(system) != system or not identifier:
        raise click.UsageError("--request is SYSTEM:ID or SYSTEM:ID:STATE, such as jira:PAY-12:open")
    return Request(exact_token(identifier, "--request"), state, system)


def _before(recorder: Recorder, change: str, restated: Iterable[str]) -> _Before | None:
    """The statement that holds so far; None where there is none, or where nobody can tell, which is said."""
    from ledger.cli.recording.earlier import change_states
    from ledger.cli.recording.kept import kept_contents
    from ledger.events.forge import ChangeState

    found = change_states(recorder, change)
    if not found:
        if recorder.known() is None:
            recorder.session.output.warn(
                "what was stated of this change before could not be looked up: this statement stands alone"
                f" [{recorder.unreachable.slug}]"
            )
        return None
    last = found[-1]
    if not isinstance(last.event.body, ChangeState):
        raise TypeError("a change is stated by events of its kind")
    texts, lost = kept_contents(recorder, last, TEXTS)
    return _Before(last, last.event.body, texts, lost - frozenset(restated))


def _body(
    recorder: Recorder,
    change: str,
    told: Mapping[str, Any],
    requests: tuple[Request, ...],
    seen: SeenChange,
    before: ChangeState | None,
) -> ChangeState:
    from ledger.cli.recording.forgeevent import target_of
    from ledger.cli.recording.wording import as_label
    from ledger.events.forge import ChangeState, Cutover

    owner = told["cutover_owner"]
    said = ChangeState(
        requests=requests or (() if before is None else before.requests),
        state=told["state"] or _state(recorder, seen, before),
        type=told["type_"] or ("normal" if before is None else before.type),
        cutover=None if owner is None else Cutover(recorder.principal(owner)),
        returns_to=told["returns_to"],
        risk=as_label(told["risk"]),
        target=target_of(told["target"], recorder.ci, change),
    )
    if before is None:
        return said
    return replace(
        said,
        cutover=said.cutover or before.cutover,
        returns_to=said.returns_to or before.returns_to,
        risk=said.risk or before.risk,
        target=said.target or before.target,
    )


def _state(recorder: Recorder, seen: SeenChange, before: ChangeState | None) -> str:
    """What became of the change: the first statement of an open one says that it was opened, whatever set it off."""
    if before is None and seen.state in {None, "updated"} and recorder.known() is not None:
        return "opened"
    return seen.state or "updated"


def _check_cutover(cutover: Cutover | None, texts: Iterable[str], told: Mapping[str, Any]) -> None:
    missing = [name for name in NEEDED if name not in texts]
    if cutover is not None and missing:
        raise click.UsageError(f"a cut-over also needs {', '.join('--' + name for name in missing)}")
    if cutover is None and (told["runbook_file"] is not None or told["stop_conditions_file"] is not None):
        raise click.UsageError("a runbook and its stop conditions have an owner: --cutover-owner")


def _nothing_new(before: _Before, body: ChangeState, texts: Mapping[str, str]) -> bool:
    from ledger.capture.secrets import mask_secrets

    # That something about it was updated is worth an event only if it shows here.
    same = body == before.body or (body.state == "updated" and replace(body, state=before.body.state) == before.body)
    stated = {name: item.salted.data for name, item in before.texts.items()}
    return same and all(stated.get(name) == mask_secrets(text).text.encode() for name, text in texts.items())
