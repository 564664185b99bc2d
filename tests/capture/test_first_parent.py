"""The landing of an inner commit is found on the first-parent line."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from ledger.capture.git import open_repository
from ledger.capture.landing import first_parent_landing
from ledger.errors import NotFoundError

if TYPE_CHECKING:
    from pathlib import Path


def _git(path: Path, *words: str) -> str:
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"]
    return subprocess.run(
        ["git", *identity, *words], cwd=path, check=True, capture_output=True, text=True
    ).stdout.strip()


def _commit(path: Path, name: str) -> str:
    (path / name).write_text(name)
    _git(path, "add", name)
    _git(path, "commit", "-q", "-m", name)
    return _git(path, "rev-parse", "HEAD")


def test_inner_commits_lead_to_the_commit_that_landed_them(tmp_path: Path) -> None:
    """A commit of a merged branch, of a branch inside it, one on the line itself, and one that never landed."""
    _git(tmp_path, "init", "-q", "-b", "main")
    root = _commit(tmp_path, "root")
    _git(tmp_path, "checkout", "-q", "-b", "side")
    inner = _commit(tmp_path, "inner")
    _git(tmp_path, "checkout", "-q", "-b", "deeper")
    deep = _commit(tmp_path, "deep")
    _git(tmp_path, "checkout", "-q", "side")
    _git(tmp_path, "merge", "-q", "--no-ff", "-m", "in", "deeper")
    _git(tmp_path, "checkout", "-q", "main")
    _commit(tmp_path, "other")
    _git(tmp_path, "merge", "-q", "--no-ff", "-m", "landed", "side")
    landed = _git(tmp_path, "rev-parse", "HEAD")
    last = _commit(tmp_path, "last")
    _git(tmp_path, "checkout", "-q", "-b", "open")
    never = _commit(tmp_path, "never")
    _git(tmp_path, "checkout", "-q", "main")
    with open_repository(tmp_path) as repository:
        assert first_parent_landing(repository, inner) == landed
        assert first_parent_landing(repository, deep) == landed
        assert first_parent_landing(repository, root) == root
        assert first_parent_landing(repository, last) == last
        assert first_parent_landing(repository, never) is None
        with pytest.raises(NotFoundError):
            first_parent_landing(repository, "0" * 40)
