"""The company's git repository and test reports: real commits on a real branch, at invented times."""

from __future__ import annotations

import os
import subprocess
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import quoteattr

from ledger.errors import UnavailableError

if TYPE_CHECKING:
    from pathlib import Path

    from ledger.cli.demonstration.company import Landed, Pushed, Somebody, Story

MAIN: Final = "refs/heads/main"

_BEFORE: Final = timedelta(days=1)
"""How long before the play the first commit is dated: what is recorded at once would otherwise have taken months."""
_STEP: Final = timedelta(minutes=37)


class Scenery:
    """A repository in which people commit. Commit times advance by themselves; the ledger's times are its own."""

    def __init__(self, folder: Path) -> None:
        """Begins the repository in ``folder``, which must not exist, with one commit on main."""
        self.folder = folder
        self._now = datetime.now(UTC) - _BEFORE
        folder.mkdir(parents=True)
        self._git("init", "--quiet", "--initial-branch=main", str(folder))

    def begin(self, by: Somebody) -> str:
        """The first commit, with everything the company had before the ledger."""
        self._write("README.md", "# Tariff service\n")
        self._write("src/rates.py", '"""Freight rates."""\n')
        return self._commit("Tariff service", by, ())

    def branch(self, name: str) -> None:
        """Begins a branch at main."""
        self._git("checkout", "--quiet", "-b", name, "main")

    def push(self, by: Somebody, pushed: Pushed) -> str:
        """Commits a revision to the current branch; returns the head."""
        for path, text in pushed.files:
            self._write(path, text)
        return self._commit(pushed.message, by, pushed.trailers)

    def land(self, story: Story, landed: Landed, branch: str) -> tuple[str, str]:
        """Brings a branch to main by the method told; returns main before and after."""
        self._git("checkout", "--quiet", "main")
        before = self.head()
        title = f"{story.title} (#{story.number})"
        if landed.method == "squash":
            self._git("merge", "--quiet", "--squash", branch)
            self._commit(title, story.author, (), committer=landed.by)
        elif landed.method == "merge":
            self._run(landed.by, landed.by, "merge", "--quiet", "--no-ff", "-m", title, branch)
            for path, text in landed.slipped_in:
                self._write(path, text)
            if landed.slipped_in:
                self._git("add", "--all")
                self._run(landed.by, landed.by, "commit", "--quiet", "--amend", "--no-edit")
        else:
            self._run(landed.by, landed.by, "merge", "--quiet", "--ff-only", branch)
        return before, self.head()

    def head(self) -> str:
        """Commit that is checked out."""
        return self._git("rev-parse", "HEAD")

    def _write(self, path: str, text: str) -> None:
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")

    def _commit(
        self, message: str, author: Somebody, trailers: tuple[str, ...], *, committer: Somebody | None = None
    ) -> str:
        self._git("add", "--all")
        text = message if not trailers else f"{message}\n\n" + "\n".join(trailers)
        self._run(author, committer or author, "commit", "--quiet", "-m", text)
        return self.head()

    def _run(self, author: Somebody, committer: Somebody, *words: str) -> str:
        self._now += _STEP
        stamp = self._now.strftime("%Y-%m-%dT%H:%M:%S+00:00")
        people = {
            "GIT_AUTHOR_NAME": author.name,
            "GIT_AUTHOR_EMAIL": author.mail,
            "GIT_AUTHOR_DATE": stamp,
            "GIT_COMMITTER_NAME": committer.name,
            "GIT_COMMITTER_EMAIL": committer.mail,
            "GIT_COMMITTER_DATE": stamp,
        }
        return self._git(*words, people=people)

    def _git(self, *words: str, people: dict[str, str] | None = None) -> str:
        # Nothing of the user's own configuration may sign, hook or rewrite the company's commits.
        environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            "LC_ALL": "C",
            **(people or {}),
        }
        try:
            done = subprocess.run(
                ["git", *words], cwd=self.folder, env=environment, check=True, capture_output=True, text=True
            )
        except FileNotFoundError:
            raise UnavailableError(
                "git-missing", "git is not installed", remedy="sudo apt-get install -y git"
            ) from None
        return done.stdout.strip()


def write_report(path: Path, passed: int, failed: int) -> None:
    """A JUnit XML report with that many cases."""
    cases = [f'<testcase classname="tariffs" name={quoteattr(f"case {at}")} time="0.01"/>' for at in range(passed)]
    cases += [
        f'<testcase classname="tariffs" name={quoteattr(f"failing case {at}")} time="0.01">'
        '<failure message="rates differ"/></testcase>'
        for at in range(failed)
    ]
    path.write_text(
        f'<?xml version="1.0" encoding="UTF-8"?>\n<testsuite name="unit" tests="{passed + failed}" '
        f'failures="{failed}" errors="0" skipped="0">{"".join(cases)}</testsuite>\n',
        encoding="utf-8",
    )
