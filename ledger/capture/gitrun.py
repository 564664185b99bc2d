"""The git binary, called so that neither the repository nor its user's settings change what is read or what is run.

A repository under examination is hostile input, and its configuration can name programs: file system monitors, hooks,
diff, merge and filter drivers, signature checkers, transports. So objects are read through a *view*: a git directory
of our own in a temporary folder, with a configuration of our own and the repository's objects as alternates. Only
resolving a name, reading a remote's address and fetching run in the repository itself, with every such setting that
those commands know overridden.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

from ledger.errors import NotFoundError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

RUN_SECONDS: Final = 900
"""Longest time that one call of git may take; a full fetch of a large history is the slowest."""

_OVERRIDES: Final = (
    "core.quotePath=false",
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.attributesFile=/dev/null",
    "core.pager=cat",
    "core.editor=false",
    "core.askPass=",
    "core.sshCommand=",
    "core.gitProxy=",
    # Run with the path of each alternate as argument while fetching; an empty value would run that path.
    "core.alternateRefsCommand=true",
    # The graph file repeats trees and parents beside the commits, and a false one would be believed.
    "core.commitGraph=false",
    "credential.helper=",
    "diff.external=",
    "gpg.program=false",
    "log.showSignature=false",
    "protocol.ext.allow=never",
    "fetch.recurseSubmodules=false",
    "submodule.recurse=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "uploadpack.packObjectsHook=",
)

_KEPT_ENVIRONMENT: Final = ("PATH", "TMPDIR", "SYSTEMROOT")
_KEPT_FOR_FETCH: Final = (
    "HOME",
    "SSH_AUTH_SOCK",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "HTTPS_PROXY",
    "NO_PROXY",
    "ALL_PROXY",
)
_ADDRESS_CREDENTIALS: Final = re.compile(r"(?<=://)[^\s/@]*@")


def git_binary() -> str:
    """The absolute path of git.

    Raises:
        UnavailableError: ``git-missing``.
    """
    found = shutil.which("git")
    # A relative entry of PATH would find whatever the examined repository calls git.
    if found is None or not Path(found).is_absolute():
        raise UnavailableError("git-missing", "git is not on PATH", remedy="install git 2.38 or later")
    return found


def git_environment(*, fetch_protocols: Sequence[str] = ()) -> dict[str, str]:
    """The whole environment of a git process: nothing is inherited but what it needs to start.

    ``fetch_protocols`` are the transports it may use; none by default, so that a missing object in a partial clone is
    missing and not fetched on the quiet.
    """
    kept = (*_KEPT_ENVIRONMENT, *_KEPT_FOR_FETCH) if fetch_protocols else _KEPT_ENVIRONMENT
    environment = {name: os.environ[name] for name in kept if name in os.environ}
    return environment | {
        "LC_ALL": "C",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_SYSTEM": os.devnull,
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_GRAFT_FILE": os.devnull,
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "",
        "SSH_ASKPASS": "",
        # Takes precedence over core.sshCommand of the repository.
        "GIT_SSH_COMMAND": "ssh -oBatchMode=yes",
        "GIT_PAGER": "cat",
        "GIT_ALLOW_PROTOCOL": ":".join(fetch_protocols) or "none",
    }


def in_repository(binary: str, root: Path) -> list[str]:
    """The first words of a git command that runs in the repository at ``root``, and in no other around it."""
    return [binary, *_common_words(), "-c", f"safe.directory={root}", "-C", os.fspath(root)]


def in_view(binary: str, view: Path) -> list[str]:
    """The first words of a git command that reads objects through the view at ``view``."""
    return [binary, *_common_words(), f"--git-dir={view}"]


def run(
    words: Sequence[str | bytes],
    *,
    environment: dict[str, str],
    stdin: bytes = b"",
    accepted: tuple[int, ...] = (0,),
    cwd: Path | None = None,
) -> tuple[int, bytes]:
    """Exit code and output of one git command.

    Raises:
        UnavailableError: ``git-failed`` with the exit code and the last line that git wrote about it, or
            ``git-timeout``.
    """
    try:
        done = subprocess.run(
            words, env=environment, input=stdin, capture_output=True, timeout=RUN_SECONDS, check=False, cwd=cwd
        )
    except subprocess.TimeoutExpired:
        raise UnavailableError(
            "git-timeout", f"git did not finish in {RUN_SECONDS} seconds", details={"command": _subcommand(words)}
        ) from None
    if done.returncode not in accepted:
        raise failure(words, done.returncode, done.stderr)
    return done.returncode, done.stdout


def failure(words: Sequence[str | bytes], code: int, stderr: bytes) -> UnavailableError:
    """The error of a git command that failed; addresses in it carry no credentials."""
    lines = stderr.decode("utf-8", "replace").strip().splitlines()
    said = _ADDRESS_CREDENTIALS.sub("", lines[-1]) if lines else ""
    return UnavailableError(
        "git-failed",
        f"git {_subcommand(words)} failed with exit code {code}",
        details={"command": _subcommand(words), "exit_code": code, "git_said": said},
    )


def start(words: Sequence[str], *, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    """A git process that is asked over its standard input, again and again; whoever starts it stops it."""
    return subprocess.Popen(
        words, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )


def read_exactly(stream: IO[bytes], size: int, chunk: int = 1 << 20) -> Iterable[bytes]:
    """The next ``size`` bytes of ``stream`` in pieces of at most ``chunk`` bytes.

    Raises:
        UnavailableError: ``git-failed`` where the stream ends before.
    """
    left = size
    while left:
        piece = stream.read(min(left, chunk))
        if not piece:
            raise UnavailableError(
                "git-failed", "git ended in the middle of an object", details={"missing_bytes": left}
            )
        left -= len(piece)
        yield piece


def refuse_option(text: str | bytes, what: str) -> None:
    """None if ``text`` can stand in a git command line as one argument that is not an option.

    Raises:
        NotFoundError: ``git-bad-name``: nothing in git can have such a name.
    """
    raw = text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape")
    if not raw or raw.startswith(b"-") or len(raw) > 4096 or any(byte in raw for byte in (b"\0", b"\n", b"\r")):
        raise NotFoundError(
            "git-bad-name", f"not a {what}: empty, over-long, or begins with a hyphen or holds a line break"
        )


def _common_words() -> list[str]:
    words = ["--no-pager", "--no-replace-objects", "--literal-pathspecs"]
    for override in _OVERRIDES:
        words += ["-c", override]
    return words


def _subcommand(words: Sequence[str | bytes]) -> str:
    """The name of the command among ``words``, after git's own options."""
    takes_value = {"-c", "-C"}
    rest = iter(words[1:])
    for word in rest:
        text = os.fsdecode(word)
        if text in takes_value:
            next(rest, None)
        elif not text.startswith("-"):
            return text
    return "git"
