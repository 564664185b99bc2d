"""What becomes of recorded events: delivered within a short time, else safely spooled, and said so."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from ledger import exitcodes
from ledger.cli.output import clean, plural
from ledger.errors import UnavailableError
from ledger.outbox import BUDGET_SECONDS, Delivered, Refused, Spooled

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import click

    from ledger.cli.recording.earlier import Earlier
    from ledger.cli.recording.recorder import Recorder
    from ledger.digests import Digest
    from ledger.events.statement import Event
    from ledger.outbox import Outcome
    from ledger.parcel import Parcel

AGAIN_SECONDS: Final = 0.25
"""How long a server is tried that left a question of this very command unanswered."""


def hand_in(
    ctx: click.Context,
    recorder: Recorder,
    parcels: Sequence[tuple[Parcel, str]],
    *,
    require_server: bool,
    further: Mapping[str, Any] | None = None,
) -> tuple[int | None, ...]:
    """The entry of each parcel, None while it waits; all are delivered or spooled, and the answer printed.

    Each comes with a few words for people.

    Leaves with ``UNREACHABLE`` where one is only spooled and a server was required.

    Raises:
        LedgerError: the server refused one for good; it lies aside in the outbox, and the others were handed in too.
        UnavailableError: ``spool-unwritable``. ChainError: the server's receipt does not hold; the events stay spooled.
    """
    outcomes = [
        (parcel, words, outcome)
        for (parcel, words), outcome in zip(parcels, _offer(recorder, [parcel for parcel, _ in parcels]), strict=True)
    ]
    out = recorder.session.output
    lines = [_line(parcel, words, outcome) for parcel, words, outcome in outcomes]
    document = {"events": [_document(parcel, outcome) for parcel, _, outcome in outcomes]} | dict(further or {})
    out.answer(document, [line for line in lines if line])
    spooled = [outcome for _, _, outcome in outcomes if isinstance(outcome, Spooled)]
    if spooled:
        reason = spooled[-1].reason
        why = "another process is delivering" if reason is None else f"{clean(reason.message)} [{reason.slug}]"
        out.note(
            f"spooled, not delivered: {plural(len(spooled), 'event')} in {recorder.outbox.spool.root} ({why})."
            " It goes out with the next one, or with: evidence outbox flush"
        )
    refused = [outcome for _, _, outcome in outcomes if isinstance(outcome, Refused)]
    if refused:
        raise refused[0].problem
    if spooled and require_server:
        ctx.exit(exitcodes.UNREACHABLE)
    return tuple(outcome.receipt.leaf.index if isinstance(outcome, Delivered) else None for _, _, outcome in outcomes)


def tell_again(recorder: Recorder, again: Earlier, words: str) -> None:
    """Nothing; prints that the very same is recorded already, as an answer of the shape of ``hand_in``'s."""
    place = "waits in the outbox" if again.index is None else f"entry {again.index}"
    document = _event_document(again.event, again.envelope) | {"state": "recorded-before", "index": again.index}
    recorder.session.output.answer({"events": [document]}, [f"recorded before: {words}, {place}"])


def _offer(recorder: Recorder, parcels: Sequence[Parcel]) -> list[Outcome]:
    outbox, client = recorder.outbox, recorder.session.client
    # A server that did not answer a question a moment ago is tried once more, briefly, which also paces the next steps.
    budget = BUDGET_SECONDS if recorder.answers else AGAIN_SECONDS
    if len(parcels) == 1:
        return [outbox.deliver(parcels[0], client, budget=budget)]
    # All on the disk before the first is offered: none may be lost with a process that is killed.
    places = [outbox.spool.add(parcel) for parcel in parcels]
    if not parcels or outbox.spool.pace().not_before > time.time():
        later = UnavailableError("backing-off", "the server did not answer a moment ago")
        return [Spooled(place, later) for place in places]
    flushed = outbox.flush(client, timeout=budget)
    delivered, refused = dict(flushed.delivered), dict(flushed.refused)
    outcomes: list[Outcome] = []
    for parcel, place in zip(parcels, places, strict=True):
        if parcel.event_id in delivered:
            outcomes.append(Delivered(delivered[parcel.event_id]))
        elif parcel.event_id in refused:
            outcomes.append(Refused(outbox.spool.root / "refused" / parcel.event_id, refused[parcel.event_id]))
        else:
            outcomes.append(Spooled(place, flushed.stopped))
    return outcomes


def _event_document(event: Event, envelope: Digest) -> dict[str, Any]:
    context = event.context
    return {
        "kind": event.kind,
        "event_id": context.event_id,
        "envelope": envelope,
        "project": context.project,
        "about": {
            name: value
            for name in ("change", "revision", "release", "tree")
            if (value := getattr(context.about, name)) is not None
        },
    }


def _document(parcel: Parcel, outcome: Outcome) -> dict[str, Any]:
    document = _event_document(parcel.event, parcel.envelope.digest)
    match outcome:
        case Delivered(receipt=receipt):
            return document | {"state": "delivered", "index": receipt.leaf.index}
        case Spooled(path=path, reason=reason):
            slug = "in-delivery" if reason is None else reason.slug
            return document | {"state": "spooled", "path": str(path), "reason": slug}
        case Refused(path=path, problem=problem):
            return document | {"state": "refused", "path": str(path), "reason": problem.slug}


def _line(parcel: Parcel, words: str, outcome: Outcome) -> str:
    match outcome:
        case Delivered(receipt=receipt):
            return f"recorded {words}: entry {receipt.leaf.index}, {parcel.envelope.digest[:19]}"
        case Spooled():
            return f"signed {words}: {parcel.envelope.digest[:19]}, waits in the outbox"
        case Refused():
            return ""
