"""Merges done again: honest ones, evil ones, resolved ones, and those that cannot be."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from ledger.capture.git import open_repository
from ledger.capture.merges import attempt_merge, repeat_merge
from ledger.errors import UnavailableError

if TYPE_CHECKING:
    from pathlib import Path

    from tests.capture.conftest import MakeSandbox, Sandbox


def parted(sandbox: Sandbox) -> tuple[str, str]:
    """A main line and a topic that change different lines; the heads of both."""
    sandbox.commit({b"a": b"1\n2\n3\n4\n5\n6\n7\n", b"b": b"b\n"})
    sandbox.branch("topic")
    topic = sandbox.commit({b"a": b"1\n2\n3\n4\n5\n6\nseven\n"})
    sandbox.switch("main")
    return sandbox.commit({b"a": b"one\n2\n3\n4\n5\n6\n7\n"}), topic


def test_an_honest_merge_adds_nothing(sandbox: Sandbox) -> None:
    """Merging the parents again gives the landed tree."""
    parted(sandbox)
    sandbox.git("merge", "--quiet", "--no-edit", "topic")
    with open_repository(sandbox.path) as repository:
        found = repeat_merge(repository, sandbox.head())
    assert (found.outcome, found.tree, found.conflicts) == ("clean", found.landed, ())
    assert found.landed == sandbox.tree()
    assert found.added is not None
    assert found.added.entries == ()


def test_an_evil_merge_shows_what_it_added(sandbox: Sandbox) -> None:
    """What came in with the merge alone is listed, path by path, with its content."""
    parted(sandbox)
    sandbox.git("merge", "--quiet", "--no-commit", "topic")
    sandbox.write({b"b": b"slipped in\n", b"new": b"too\n"})
    sandbox.git("add", "--all")
    sandbox.git("commit", "--quiet", "--message", "Merge topic")
    with open_repository(sandbox.path) as repository:
        found = repeat_merge(repository, sandbox.head())
    assert found.outcome == "clean"
    assert found.tree != found.landed
    assert found.added is not None
    assert [(entry.path, entry.old_mode) for entry in found.added.entries] == [(b"b", "100644"), (b"new", "000000")]


def test_a_resolved_conflict_names_its_paths(sandbox: Sandbox) -> None:
    """A conflict gives no tree, and names what somebody resolved, whatever bytes the paths have."""
    odd = b"odd \xff\nname"
    sandbox.commit({b"a": b"1\n", odd: b"1\n", b"c": b"1\n"})
    sandbox.branch("topic")
    sandbox.commit({b"a": b"2\n", odd: b"2\n", b"d": b"1\n"})
    sandbox.switch("main")
    sandbox.commit({b"a": b"3\n", odd: b"3\n"})
    sandbox.git("merge", "--quiet", "topic", check=False)
    sandbox.commit({b"a": b"2 and 3\n", odd: b"3\n"}, "Merge topic")
    with open_repository(sandbox.path) as repository:
        found = repeat_merge(repository, sandbox.head())
    assert (found.outcome, found.tree, found.added) == ("conflict", None, None)
    assert found.conflicts == (b"a", odd)


def test_merges_that_cannot_be_done_again(sandbox: Sandbox) -> None:
    """Three parents, one, none, and parents of two histories: each says why there is no tree."""
    root = sandbox.commit({b"a": b"a\n"})
    parts = []
    for name in ("x", "y", "z"):
        sandbox.branch(name, root)
        parts.append(sandbox.commit({name.encode(): b"1\n"}))
    sandbox.switch("x")
    sandbox.git("merge", "--quiet", "--no-edit", "y", "z")
    octopus = sandbox.head()
    stranger = sandbox.git("commit-tree", sandbox.tree(root), "-m", "another root").decode()
    strange = sandbox.git("commit-tree", sandbox.tree(root), "-p", root, "-p", stranger, "-m", "joined").decode()
    with open_repository(sandbox.path) as repository:
        outcomes = [repeat_merge(repository, commit) for commit in (octopus, parts[0], root, strange)]
    assert [found.outcome for found in outcomes] == ["octopus", "no-merge", "no-merge", "unrelated"]
    assert {(found.tree, found.conflicts, found.added) for found in outcomes} == {(None, (), None)}


def test_a_cut_off_history_cannot_tell(make_sandbox: MakeSandbox, tmp_path: Path) -> None:
    """Where the common ancestor lies beyond the cut, the clone says so and merges nothing."""
    origin = make_sandbox("origin")
    parted(origin)
    origin.git("merge", "--quiet", "--no-edit", "topic")
    clone = tmp_path / "clone"
    origin.git("clone", "--quiet", "--depth", "2", f"file://{origin.path}", os.fspath(clone))
    with open_repository(clone) as repository, pytest.raises(UnavailableError) as caught:
        repeat_merge(repository, origin.head())
    assert caught.value.slug == "git-shallow"


def test_an_old_git_is_named(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A git before 2.38, which answers merge-tree --write-tree with its usage, is told from a failure."""
    ours, theirs = parted(sandbox)
    real = next(path for folder in os.environ["PATH"].split(":") if os.access(path := f"{folder}/git", os.X_OK))
    old = tmp_path / "bin" / "git"
    old.parent.mkdir()
    old.write_text(f'#!/bin/sh\ncase " $* " in *" merge-tree "*) exit 129;; esac\nexec {real} "$@"\n')
    old.chmod(0o755)
    monkeypatch.setenv("PATH", f"{old.parent}:{os.environ['PATH']}")
    with open_repository(sandbox.path) as repository, pytest.raises(UnavailableError) as caught:
        attempt_merge(repository, ours, theirs)
    assert caught.value.slug == "git-too-old"
    assert "2.38" in (caught.value.remedy or "")
