"""The command run as its user would, in this process, and a ledger of one's own to run it against."""

from __future__ import annotations

import contextlib
import io
import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ledger.cli.main import run
from tests.api.serving import serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ADMINISTRATOR = "Ada Lindqvist <ada@acme.example>"


@dataclass(frozen=True)
class Said:
    """What a run printed and how it ended."""

    status: int
    out: str
    err: str

    @property
    def document(self) -> Any:  # noqa: ANN401 -- JSON
        """The JSON document on stdout."""
        return json.loads(self.out)

    @property
    def problem(self) -> Any:  # noqa: ANN401 -- JSON
        """The problem object on stderr."""
        return json.loads(self.err.splitlines()[-1])


@dataclass(frozen=True)
class User:
    """Somebody with a home of their own."""

    home: Path
    folder: Path
    """Where they stand."""

    @property
    def config(self) -> Path:
        """Their settings and keys."""
        return self.home / ".config" / "evidence-ledger"

    def evidence(self, *words: str, stdin: str = "", **variables: str) -> Said:
        """Runs the command with these words, and with ``EVIDENCE_LEDGER_*`` of these names."""
        self.home.mkdir(parents=True, exist_ok=True)
        self.folder.mkdir(parents=True, exist_ok=True)
        kept = {name: text for name, text in os.environ.items() if not name.startswith(("EVIDENCE_", "XDG_"))}
        ours = {f"EVIDENCE_LEDGER_{name.upper()}": text for name, text in variables.items()}
        out, err = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.TextIOWrapper(io.BytesIO(), "utf-8")
        with (
            _environment({**kept, **ours, "HOME": str(self.home)}),
            contextlib.chdir(self.folder),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
            _stdin(stdin),
        ):
            status = run(words)
        return Said(status, _written(out), _written(err))

    def ok(self, *words: str, stdin: str = "", **variables: str) -> Said:
        """The same, for what must succeed."""
        said = self.evidence(*words, stdin=stdin, **variables)
        assert said.status == 0, said.err
        return said


@dataclass(frozen=True)
class House:
    """A served ledger and its administrator."""

    ada: User
    folder: Path
    """The ledger's."""
    url: str

    def user(self, name: str) -> User:
        """Somebody else on the same machine who is connected to the ledger."""
        other = User(self.ada.home.parent / name, self.ada.folder)
        other.ok("connect", self.url, "--anchor", str(self.folder / "ledger.pub"))
        return other


@contextlib.contextmanager
def house(root: Path, *, admins: tuple[str, ...] = (ADMINISTRATOR,), required: int = 1) -> Iterator[House]:
    """A ledger founded by the command and served by a real server; Ada is connected."""
    ada = User(root / "ada", root / "work")
    folder = root / "ledger"
    words = [word for admin in admins for word in ("--admin", admin)]
    ada.ok("init", str(folder), "--origin", "ledger.acme.example", "--admins-required", str(required), *words)
    with serving(folder) as served:
        anchor = str(folder / "ledger.pub")
        ada.ok("connect", served.url, "--anchor", anchor, "--key", "ada-lindqvist")
        yield House(ada, folder, served.url)


def _written(stream: io.TextIOWrapper) -> str:
    stream.flush()
    buffer = stream.buffer
    assert isinstance(buffer, io.BytesIO)
    return buffer.getvalue().decode()


@contextlib.contextmanager
def _environment(wanted: dict[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(wanted)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextlib.contextmanager
def _stdin(text: str) -> Iterator[None]:
    import sys

    before = sys.stdin
    sys.stdin = io.TextIOWrapper(io.BytesIO(text.encode()), "utf-8")
    try:
        yield
    finally:
        sys.stdin = before
