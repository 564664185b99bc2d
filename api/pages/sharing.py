"""What else shares a prompt, session, model, approver or exception: counted over the latest entries of the store."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Final, TypeAlias

from ledger.envelope import open_envelope
from ledger.errors import NotFoundError
from ledger.events.governance import DeclaredException
from ledger.events.statement import Event, read_payload
from ledger.events.work import Prompt
from ledger.store import Query
from reports.pages.trace import Shared
from reports.pages.words import entry_called, exception_called

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ledger.dossier.facts import Party
    from ledger.dossier.trace import TraceStep
    from ledger.records import Record
    from ledger.store import Entry, Store

MOST_SHARED: Final = 4
"""Prompts, sessions, models, approvers and exceptions each, of which it is said what shares them; the latest ones."""
MOST_PROMPTS: Final = 2_000
"""Latest prompts among which sessions and models are looked for."""
MOST_DECISIONS: Final = 1_000
"""Latest decisions of one principal, and entries that name one prompt or incident, that are looked through."""
MOST_REMEMBERED: Final = 20_000
"""Prompts of which is kept in memory what others may share."""

Change: TypeAlias = "tuple[str, str]"
"""Project id and change id."""


@dataclass(frozen=True, slots=True)
class Prompted:
    """What of a prompt others may share."""

    session: str
    models: frozenset[str]
    """As asked for and as it answered."""
    change: Change | None


class Sharing:
    """What the entries of one store share."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = Lock()
        self._prompts: OrderedDict[int, Prompted] = OrderedDict()

    def of(self, steps: tuple[TraceStep, ...], own: frozenset[Change]) -> tuple[Shared, ...]:
        """What other changes than ``own`` share with a trail: its latest prompts, people and exceptions."""
        prompts = [step.record for step in steps if isinstance(step.record.event.body, Prompt)]
        approvers = {
            step.who.principal: step.who
            for step in steps
            if step.kind == "approval" and step.who is not None and step.who.principal is not None
        }
        exceptions = [step.record for step in steps if isinstance(step.record.event.body, DeclaredException)]
        found = [self._of_prompt(record, own) for record in prompts[-MOST_SHARED:]]
        found += self._of_conversations([record.event.body for record in prompts], own)  # type: ignore[misc]
        found += [self._of_approver(name, who, own) for name, who in list(approvers.items())[-MOST_SHARED:]]
        found += [self._of_exception(record, own) for record in exceptions[-MOST_SHARED:]]
        return tuple(found)

    def _of_prompt(self, record: Record, own: frozenset[Change]) -> Shared:
        page = self._store.list_entries(Query(reference=record.envelope, kind="diff"), -1, MOST_DECISIONS)
        changes = {change_of(entry) for entry in page.entries} - own - {None}
        name = entry_called(record.index)
        among = None if page.next is None else len(page.entries)
        return Shared("prompt", name, None, len(changes), record.envelope, among)

    def _of_approver(self, name: str, who: Party, own: frozenset[Change]) -> Shared:
        decided = list(self.decided(name))
        among = None if len(decided) < MOST_DECISIONS else len(decided)
        return Shared("approver", name, who, len(set(decided) - own - {None}), name, among)

    def _of_conversations(self, prompts: Iterable[Prompt], own: frozenset[Change]) -> list[Shared]:
        told = list(prompts)
        sessions = list(dict.fromkeys(prompt.session for prompt in told))[-MOST_SHARED:]
        models = list(dict.fromkeys(model for prompt in told for model in sorted(_models(prompt))))[-MOST_SHARED:]
        if not sessions and not models:
            return []
        by_session: dict[str, set[Change]] = {name: set() for name in sessions}
        by_model: dict[str, set[Change]] = {name: set() for name in models}
        looked = 0
        for looked, prompt in enumerate(self.prompts(), start=1):  # noqa: B007 -- counted for the end
            if prompt.change is None or prompt.change in own:
                continue
            if prompt.session in by_session:
                by_session[prompt.session].add(prompt.change)
            for model in prompt.models & by_model.keys():
                by_model[model].add(prompt.change)
        among = None if looked < MOST_PROMPTS else looked
        return [
            *(Shared("session", name, None, len(some), f"session:{name}", among) for name, some in by_session.items()),
            *(Shared("model", name, None, len(some), f"model:{name}", among) for name, some in by_model.items()),
        ]

    def _of_exception(self, record: Record, own: frozenset[Change]) -> Shared:
        body = record.event.body
        assert isinstance(body, DeclaredException)
        changes: set[Change | None] = set()
        among = None
        if body.incident is not None:
            page = self._store.list_entries(Query(kind="exception", incident=body.incident), -1, MOST_DECISIONS)
            changes = {change_of(entry) for entry in page.entries}
            among = None if page.next is None else len(page.entries)
        name = exception_called(record.index, body.rules)
        return Shared("exception", name, None, len(changes - own - {None}), body.incident or record.envelope, among)

    def decided(self, principal: str) -> Iterator[Change | None]:
        """The changes of the latest decisions of a principal, newest first."""
        for entry in self._store.latest_entries(Query(principal=principal, kind="approval"), MOST_DECISIONS):
            yield change_of(entry)

    def prompts(self) -> Iterator[Prompted]:
        """The latest prompts, newest first; an entry never changes, so each is read once."""
        before: int | None = None
        left = MOST_PROMPTS
        while left > 0:
            size = min(left, 1_000)
            page = self._store.latest_entries(Query(kind="prompt", before=before), size)
            for entry in page:
                yield self._prompted(entry)
            if len(page) < size:
                return
            before = page[-1].index
            left -= size

    def _prompted(self, entry: Entry) -> Prompted:
        with self._lock:
            known = self._prompts.get(entry.index)
        if known is not None:
            return known
        body = event_of(entry).body
        assert isinstance(body, Prompt)
        made = Prompted(body.session, _models(body), change_of(entry))
        with self._lock:
            self._prompts[entry.index] = made
            while len(self._prompts) > MOST_REMEMBERED:
                self._prompts.popitem(last=False)
        return made


def event_of(entry: Entry) -> Event:
    """The event of an entry that this server admitted.

    Raises:
        NotFoundError: ``not-recorded``: it is of a kind that this program does not know.
    """
    event = read_payload(open_envelope(entry.envelope).payload)
    if not isinstance(event, Event):
        raise NotFoundError("not-recorded", "the entry is of a kind that this server does not know")
    return event


def change_of(entry: Entry | Record) -> Change | None:
    """The change that an entry is about."""
    change = entry.leaf.about.change
    return None if change is None else (entry.leaf.stream, change)


def _models(prompt: Prompt) -> frozenset[str]:
    if prompt.model is None:
        return frozenset()
    return frozenset(filter(None, (prompt.model.requested, prompt.model.responded)))
