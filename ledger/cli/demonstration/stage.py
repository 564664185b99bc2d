"""The stage: a ledger of its own, its server, and the same commands that a user types, run one after another."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shlex
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any, Final

from ledger import exitcodes
from ledger.errors import LedgerError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

START_SECONDS: Final = 30.0


class Stage:
    """One temporary ledger with its server; ``evidence`` runs a command in this process and returns what it printed."""

    def __init__(self, folder: Path, tell: Callable[[str], None]) -> None:
        """``folder`` holds everything; ``tell`` takes each command line as it is run."""
        self.folder = folder
        self.ledger = folder / "ledger"
        self._tell = tell
        self._port = _free_port()
        self._server: subprocess.Popen[bytes] | None = None

    @property
    def server(self) -> str:
        """Address of the server."""
        return f"http://127.0.0.1:{self._port}"

    def environment(self) -> Mapping[str, str]:
        """Variables under which the commands find this ledger, and nothing of the user's own."""
        settings = {
            "HOME": str(self.folder / "home"),
            "XDG_CONFIG_HOME": str(self.folder / "home" / "config"),
            "XDG_CACHE_HOME": str(self.folder / "home" / "cache"),
            "XDG_STATE_HOME": str(self.folder / "home" / "state"),
            "EVIDENCE_LEDGER_SERVER": self.server,
            "EVIDENCE_LEDGER_ANCHOR": str(self.ledger / "ledger.pub"),
            "EVIDENCE_LEDGER_OUTBOX": str(self.folder / "home" / "outbox"),
            "NO_COLOR": "1",
        }
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR", "LD_LIBRARY_PATH") if name in os.environ}
        return {**kept, **settings}

    def shell(self, port: int) -> str:
        """Lines for a shell in which the same commands find this ledger, its server at ``port``."""
        told = {**self.environment(), "EVIDENCE_LEDGER_SERVER": f"http://127.0.0.1:{port}"}
        wanted = [name for name in told if name.startswith(("XDG_", "EVIDENCE_LEDGER_"))]
        return "".join(f"export {name}={shlex.quote(told[name])}\n" for name in wanted)

    def start(self) -> None:
        """Starts the server and waits until it takes events.

        Raises:
            UnavailableError: ``server-not-started``.
        """
        log = (self.folder / "server.log").open("wb")
        with log:
            self._server = subprocess.Popen(
                [sys.executable, "-m", "api", "--ledger", str(self.ledger), "--port", str(self._port)],
                stdout=log,
                stderr=log,
                env=dict(self.environment()),
            )
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self._server.poll() is None:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self._port), timeout=1):
                return
            time.sleep(0.05)
        raise UnavailableError(
            "server-not-started",
            "the server of the demonstration did not start",
            details={"log": str(self.folder / "server.log")},
        )

    def stop(self) -> None:
        """Ends the server and waits for it."""
        if self._server is not None and self._server.poll() is None:
            self._server.terminate()
            self._server.wait(timeout=20)

    def evidence(self, *words: str, expect: tuple[int, ...] = (exitcodes.DONE,), show: bool = False) -> str:
        """What ``evidence WORDS`` prints on stdout.

        Raises:
            LedgerError: ``demonstration-failed``; it ended with another status than expected.
        """
        from ledger.cli.main import run

        if show:
            self._tell("evidence " + " ".join(_quoted(word.replace(f"{self.folder}/", "")) for word in words))
        said, complained = io.StringIO(), io.StringIO()
        with self._inside(), contextlib.redirect_stdout(said), contextlib.redirect_stderr(complained):
            status = run(words)
        if status not in expect:
            sys.stderr.write(said.getvalue() + complained.getvalue())
            raise LedgerError(
                "demonstration-failed",
                "a command of the demonstration ended otherwise than it should",
                details={"command": " ".join(words[:3]), "status": status},
            )
        return said.getvalue()

    def key_file(self, name: str) -> Path:
        """Where the private key of that name lies."""
        return self.folder / "home" / "config" / "evidence-ledger" / "keys" / f"{name}.key"

    def answer(self, *words: str, expect: tuple[int, ...] = (exitcodes.DONE,)) -> dict[str, Any]:
        """The JSON document of ``evidence WORDS --json``."""
        document: dict[str, Any] = json.loads(self.evidence(*words, "--json", expect=expect))
        return document

    @contextlib.contextmanager
    def _inside(self) -> Iterator[None]:
        before = dict(os.environ)
        os.environ.clear()
        os.environ.update(self.environment())
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(before)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _quoted(word: str) -> str:
    return word if word and all(letter.isalnum() or letter in "-_./:@=," for letter in word) else json.dumps(word)
