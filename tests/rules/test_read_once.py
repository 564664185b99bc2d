"""What a dossier of many parts reads of the contents: what its parts share is read once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from ledger.dossier.build import build_period
from ledger.dossier.people import Directory
from ledger.events.work import Merge
from tests.rules.story import PROJECT, Story

if TYPE_CHECKING:
    from ledger.digests import Digest
    from ledger.records import Content


class Counted(Mapping["Digest", "Content"]):
    """Contents that count how often each is read."""

    def __init__(self, contents: Mapping[Digest, Content]) -> None:
        self.contents = contents
        self.read: Counter[Digest] = Counter()

    def __getitem__(self, commitment: Digest) -> Content:
        """The content, counted."""
        self.read[commitment] += 1
        return self.contents[commitment]

    def __iter__(self) -> Iterator[Digest]:
        """The commitments, not counted."""
        return iter(self.contents)

    def __len__(self) -> int:
        """How many there are."""
        return len(self.contents)


def test_a_name_is_read_once_however_often_it_is_asked() -> None:
    """A directory of everybody reads each card for its accounts and once more for the name, not at every question."""
    story = Story({})
    contents = Counted(story.world.records().contents)
    directory = Directory(replace(story.world.records(), contents=contents))
    dana = story.people["Dana"].principal
    first = directory.principal(dana)
    read = contents.read.total()
    assert [directory.principal(dana) for _ in range(3)] == [first] * 3
    assert contents.read.total() == read > 0


@pytest.mark.parametrize("releases", [1, 4])
def test_releases_of_a_period_share_what_landed(releases: int) -> None:
    """However many releases a period has, a landing of its project is read for all of them together."""
    story = Story({})
    for number in map(str, range(1, releases + 1)):
        story.play(
            [
                {"do": "diff", "by": "Dana", "change": number, "rev": 1, "content": f"content {number}"},
                {"do": "merge", "by": "Dana", "change": number, "rev": 1, "as": f"landed {number}"},
                {"do": "release", "version": number, "landings": [f"landed {number}"], "as": f"release {number}"},
            ]
        )
    records = story.world.records()
    contents = Counted(records.contents)
    dossier = build_period(
        replace(records, contents=contents), [story.world.projects[PROJECT]], 0, len(story.world.entries)
    )
    assert len(dossier.releases) == len(dossier.changes) == releases
    landed = [record for record in records.entries if isinstance(record.event.body, Merge)]
    manifests = [record.event.context.content("manifest") for record in landed]
    assert [contents.read[found.commitment] for found in manifests if found is not None] == [1] * releases
