"""Which entries concern what: rows of the one projection, derived from entries alone (design §5)."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

from ledger.digests import raw
from ledger.events.forge import ChangeState, ControlSnapshot, ReviewNote
from ledger.events.governance import DeclaredException
from ledger.events.operation import Incident
from ledger.events.roster import (
    KeyEnd,
    KeyEnrol,
    KeyRevoke,
    KeyRotate,
    PrincipalCreate,
    PrincipalDescribe,
    PrincipalDisable,
    PrincipalMerge,
    PrincipalSplit,
    RoleEnd,
    RoleGrant,
)
from ledger.events.statement import references, subjects
from ledger.events.work import Merge, Prompt

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TypeAlias

    from ledger.events.context import Context
    from ledger.events.statement import Event

TraceRow: TypeAlias = "tuple[int, bytes, int]"
"""Facet, value, index: the columns of ``schema.trace``."""

_ALGORITHMS = {"gitCommit": 6, "sha1": 6, "gitTree": 5, "sha256": 7}


class Facet(IntEnum):
    """What an entry can be looked up by. The numbers are stored."""

    KIND = 1
    PRINCIPAL = 2
    """Signer, actor, whom it acted for, who asked, whom an act is about."""
    CHANGE = 3
    """Project id and change, since changes are numbered per project."""
    RELEASE = 4
    TREE = 5
    COMMIT = 6
    SHA256 = 7
    """Manifests, artifacts and whatever else a subject names by SHA-256."""
    REFERENCE = 8
    """Envelope digest of an event it refers to."""
    CONTENT = 9
    """Commitment of a content that is stored."""
    WITHHELD = 10
    """Commitment of a content that its signer keeps."""
    INCIDENT = 11
    """As its tracker numbers it."""


def text_value(text: str) -> bytes:
    """The value of a facet of names."""
    return text.encode("ascii")


def change_value(project: str, change: str) -> bytes:
    """The value of ``Facet.CHANGE``."""
    return bytes.fromhex(project[4:]) + change.encode("ascii")


def principal_value(principal: str) -> bytes:
    """The value of ``Facet.PRINCIPAL``."""
    return bytes.fromhex(principal[2:])


def trace_rows(index: int, event: Event, signer: str) -> tuple[TraceRow, ...]:
    """Every row of the entry at ``index``, none twice, in the order of the table; ``signer`` is the key's principal."""
    return tuple(sorted({(int(facet), value, index) for facet, value in _facets(event, signer)}))


def _named(event: Event) -> tuple[str | None, ...]:
    body = event.body
    match body:
        case Prompt() | ReviewNote():
            return (body.initiator,)
        case ControlSnapshot():
            return (body.changed_by,)
        case ChangeState(cutover=cutover) if cutover is not None:
            return (cutover.owner,)
        case PrincipalMerge():
            return body.principal, body.into
        case (
            KeyEnd()
            | KeyEnrol()
            | KeyRevoke()
            | KeyRotate()
            | PrincipalCreate()
            | PrincipalDescribe()
            | PrincipalDisable()
            | PrincipalSplit()
            | RoleEnd()
            | RoleGrant()
        ):
            return (body.principal,)
        case _:
            return ()


def _concerns(event: Event) -> Iterator[tuple[int, bytes]]:
    """What an event speaks of beside what it is about."""
    project = event.context.project
    match event.body:
        case Incident() as body:
            yield Facet.INCIDENT, text_value(body.incident)
            changes = {body.corrective, *(suspect.change for suspect in body.suspects)}
            if project is not None:
                yield from ((Facet.CHANGE, change_value(project, change)) for change in changes if change is not None)
        case DeclaredException(incident=str(incident)):
            yield Facet.INCIDENT, text_value(incident)
        case ReviewNote(applied=str(applied)):
            yield Facet.COMMIT, bytes.fromhex(applied)
        case Merge(parents=parents):
            # What was merged: of a landing of something else it is all that leads to the change.
            yield from ((Facet.COMMIT, bytes.fromhex(parent)) for parent in parents[1:])
        case _:
            pass


def _about(context: Context) -> Iterator[tuple[int, bytes]]:
    about = context.about
    if about.change is not None and context.project is not None:
        yield Facet.CHANGE, change_value(context.project, about.change)
    if about.release is not None:
        yield Facet.RELEASE, text_value(about.release)
    if about.tree is not None:
        yield Facet.TREE, bytes.fromhex(about.tree)


def _facets(event: Event, signer: str) -> Iterator[tuple[int, bytes]]:
    context = event.context
    yield Facet.KIND, text_value(event.kind)
    for principal in (signer, context.actor.principal, context.actor.on_behalf_of, *_named(event)):
        if principal is not None:
            yield Facet.PRINCIPAL, principal_value(principal)
    yield from _about(event.context)
    yield from _concerns(event)
    for subject in subjects(event):
        for algorithm, digits in subject.digest:
            # An event without a subject of its own names the ledger, which finds nothing.
            if algorithm in _ALGORITHMS and context.ledger != f"sha256:{digits}":
                yield _ALGORITHMS[algorithm], bytes.fromhex(digits)
    for reference, _ in references(event):
        yield Facet.REFERENCE, raw(reference)
    for content in context.contents:
        yield (Facet.CONTENT if content.state == "stored" else Facet.WITHHELD), raw(content.commitment)
