"""Times of commits: what a claimed time cannot say is no time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ledger.capture.commits import read_commit
from ledger.capture.git import open_repository
from ledger.events.shape import claimed_time

if TYPE_CHECKING:
    from tests.capture.conftest import MakeSandbox

_YEAR_10000 = 253_402_300_800


@pytest.mark.parametrize(
    ("written", "at"),
    [
        ("0 -0500", None),
        ("17999 -0500", None),
        ("18000 -0500", "1970-01-01T00:00:00-05:00"),
        ("0 +0000", "1970-01-01T00:00:00Z"),
        ("0 +0530", "1970-01-01T05:30:00+05:30"),
        ("-1 +0000", None),
        (f"{_YEAR_10000 - 1} +0000", "9999-12-31T23:59:59Z"),
        (f"{_YEAR_10000} +0000", None),
        (f"{_YEAR_10000 - 1} +0100", None),
        (f"{_YEAR_10000} -0100", "9999-12-31T23:00:00-01:00"),
    ],
)
def test_a_time_the_format_refuses_is_none(make_sandbox: MakeSandbox, written: str, at: str | None) -> None:
    """A commit dated outside 1970 to 9999, as written, has no time; any other time is one that the format reads."""
    sandbox = make_sandbox()
    sandbox.commit()
    body = f"tree {sandbox.tree()}\nauthor A <a@b> {written}\ncommitter A <a@b> {written}\n\nold\n".encode()
    commit = sandbox.git("hash-object", "-t", "commit", "-w", "--stdin", "--literally", stdin=body).decode()
    with open_repository(sandbox.path) as repository:
        read = read_commit(repository, commit)
    assert (read.author.at, read.committer.at) == (at, at)
    assert at is None or claimed_time(at, "/at") == at
