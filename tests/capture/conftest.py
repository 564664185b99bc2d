"""Small real repositories, made with the git on this machine."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import pytest

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(slots=True)
class Sandbox:
    """A repository under construction; every commit is a minute after the one before."""

    path: Path
    object_format: str
    minutes: int = 0

    def git(self, *arguments: str | bytes, stdin: bytes = b"", check: bool = True) -> bytes:
        """Output of a git command in the repository, without its last line break."""
        self.minutes += 1
        at = f"{1_700_000_000 + 60 * self.minutes} +0200"
        environment = {
            "PATH": os.environ["PATH"],
            "LC_ALL": "C",
            "HOME": "/nonexistent",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_AUTHOR_NAME": "Ada Example",
            "GIT_AUTHOR_EMAIL": "ada@example.org",
            "GIT_AUTHOR_DATE": at,
            "GIT_COMMITTER_NAME": "Bo Example",
            "GIT_COMMITTER_EMAIL": "bo@example.org",
            "GIT_COMMITTER_DATE": at,
        }
        done = subprocess.run(
            ["git", "-c", "protocol.file.allow=always", "-C", os.fspath(self.path), *arguments],
            env=environment,
            input=stdin,
            capture_output=True,
            check=False,
        )
        if check and done.returncode:
            raise AssertionError((arguments, done.stderr))
        return done.stdout.removesuffix(b"\n")

    def write(self, files: dict[bytes, bytes]) -> None:
        """Files written into the working tree."""
        for name, data in files.items():
            target = self.path / os.fsdecode(name)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)

    def commit(self, files: dict[bytes, bytes] | None = None, message: str = "work") -> str:
        """Id of a new commit of everything in the working tree."""
        self.write(files or {})
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--cleanup=verbatim", "--message", message)
        return self.head()

    def head(self, name: str = "HEAD") -> str:
        """Id of the commit that ``name`` points at."""
        return self.git("rev-parse", f"{name}^{{commit}}").decode()

    def tree(self, name: str = "HEAD") -> str:
        """Id of the tree of ``name``."""
        return self.git("rev-parse", f"{name}^{{tree}}").decode()

    def branch(self, name: str, start: str = "HEAD") -> None:
        """A new branch at ``start``, checked out."""
        self.git("checkout", "--quiet", "-B", name, start)

    def switch(self, name: str) -> None:
        """``name`` checked out."""
        self.git("checkout", "--quiet", name)


MakeSandbox: TypeAlias = Callable[..., Sandbox]


@pytest.fixture
def make_sandbox(tmp_path: Path) -> MakeSandbox:
    """A function that makes an empty repository on the branch main."""

    def make(name: str = "repo", object_format: str = "sha1") -> Sandbox:
        path = tmp_path / name
        path.mkdir(parents=True)
        sandbox = Sandbox(path, object_format)
        sandbox.git("init", "--quiet", "--initial-branch=main", f"--object-format={object_format}")
        return sandbox

    return make


@pytest.fixture(params=["sha1", "sha256"])
def sandbox(request: pytest.FixtureRequest, make_sandbox: MakeSandbox) -> Sandbox:
    """An empty repository, in each object format."""
    return make_sandbox(object_format=request.param)
