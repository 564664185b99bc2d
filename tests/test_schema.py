"""The published JSON Schema says of every kind's shape what the readers say."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from ledger.digests import Digest
from ledger.errors import FormatError
from ledger.events.roster import (
    KeyEnd,
    KeyEnrol,
    KeyRevoke,
    KeyRotate,
    PrincipalCreate,
    PrincipalDescribe,
    PrincipalDisable,
    ProjectDescribe,
    ProjectEnd,
    RoleEnd,
)
from ledger.events.schema import events_schema
from ledger.events.statement import KINDS, Event, bodies_of, read_payload, write_payload
from tests.later_kinds import later_kinds

if TYPE_CHECKING:
    from collections.abc import Iterator

PUBLISHED = Path(__file__).parents[1] / "docs" / "events.schema.json"
SCHEMA = Draft202012Validator(events_schema())
SHAPES = frozenset({"bad-shape", "bad-length", "bad-count", "bad-word", "bad-text", "missing-member", "unknown-member"})
"""Slugs of faults that a schema can tell; others are of how members agree."""
WORLD, _ = later_kinds()
WORLD.epoch(2, last_size=1, known_lost=0)
EVENTS = [record.event for record in WORLD.records_list]
CARD = next(event for event in EVENTS if isinstance(event.body, PrincipalCreate))
KEY = next(event.body for event in EVENTS if isinstance(event.body, KeyEnrol))
SOMEBODY, SOMETHING, SOMEWHERE = KEY.principal, "sha256:" + "0" * 64, "prj_" + "0" * 32
EVENTS += [
    Event(CARD.context, body)
    for body in (
        *(ProjectDescribe(SOMEWHERE), ProjectEnd(SOMEWHERE), PrincipalDescribe(SOMEBODY), PrincipalDisable(SOMEBODY)),
        KeyRotate(Digest(SOMETHING), KEY.key, SOMEBODY, KEY.proof),
        KeyEnd(Digest(SOMETHING), SOMEBODY, "left"),
        KeyRevoke(7, Digest(SOMETHING), SOMEBODY, "stolen"),
        RoleEnd(Digest(SOMETHING), SOMEBODY, "left"),
    )
]
SORTS = {type(event.body): event for event in EVENTS}
"""An event of each kind and act."""


def places(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:  # noqa: ANN401 -- JSON
    """The way to every object and array in a predicate."""
    if isinstance(value, dict | list):
        yield path
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(item, (*path, key))


def spoilt(statement: Any) -> Iterator[Any]:  # noqa: ANN401 -- JSON
    """The statement with one member of its predicate left out, foreign, or of another type, each in turn."""
    for path in places(statement["predicate"]):
        other = copy.deepcopy(statement)
        place = other["predicate"]
        for key in path:
            place = place[key]
        if isinstance(place, dict):
            for name, kept in list(place.items()):
                for wrong in (None, {"x": 1}, ["x"], "\n", -1, True):
                    place[name] = wrong
                    yield other
                del place[name]
                yield other
                place[name] = kept
            place["never-declared"] = 1
        else:
            place.append({"never-declared": 1})
        yield other


def test_the_published_file_is_the_declared_one() -> None:
    """A change of the format shows in docs/events.schema.json: write it anew, and read the difference."""
    Draft202012Validator.check_schema(events_schema())
    text = json.dumps(events_schema(), indent=1, ensure_ascii=False) + "\n"
    assert text == PUBLISHED.read_text(encoding="utf-8"), f"write events_schema() to {PUBLISHED.name}"


def test_every_kind_fits() -> None:
    """The story has every kind and act, and each of its events fits."""
    assert set(SORTS) == {body for kind in KINDS for body in bodies_of(kind).values()}
    for event in EVENTS:
        SCHEMA.validate(json.loads(write_payload(event)))


def refusal(statement: Any) -> FormatError | None:  # noqa: ANN401 -- JSON
    """What the reader finds wrong."""
    try:
        read_payload(json.dumps(statement).encode())
    except FormatError as error:
        return error
    return None


@pytest.mark.parametrize("sort", SORTS, ids=lambda sort: sort.__name__)
def test_schema_and_reader_refuse_the_same_shapes(sort: type) -> None:
    """Whatever is spoilt: what a reader takes fits the schema, and what it refuses for its shape does not."""
    for wrong in spoilt(json.loads(write_payload(SORTS[sort]))):
        fits, refused = SCHEMA.is_valid(wrong), refusal(wrong)
        assert fits or refused is not None, next(SCHEMA.iter_errors(wrong)).message
        assert not (fits and refused is not None and refused.slug in SHAPES), (refused, wrong)
