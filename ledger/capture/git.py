"""A git repository opened for reading: where it is, what its names point at, where its clone came from."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit, urlunsplit

from ledger.capture.gitrun import git_binary, git_environment, in_repository, in_view, refuse_option, run
from ledger.capture.objects import ObjectReader, is_object_id
from ledger.errors import FormatError, NotFoundError, UnavailableError
from ledger.manifest import ID_DIGITS, ObjectFormat

if TYPE_CHECKING:
    from collections.abc import Iterator

_FETCH_PROTOCOLS: Final = ("https", "http", "ssh", "file")
_SCP_ADDRESS: Final = re.compile(r"(?:[^@/:]+@)?(\[[^\]]+\]|[^/:]+):(?!//)(.*)", re.DOTALL)
_NO_SUCH_REVISION: Final = (1, 128)


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository opened by ``open_repository``; usable until that block ends."""

    root: Path
    """Top of the working tree, or the git directory of a bare repository; absolute, without symbolic links."""
    object_format: ObjectFormat
    """Digest algorithm of its object ids."""
    bare: bool
    """Whether it has no working tree."""
    binary: str
    """Absolute path of git."""
    view: Path
    """Git directory of our own through which its objects are read (see ``gitrun``)."""
    objects: ObjectReader
    """The process that reads its objects."""

    @property
    def zero_id(self) -> str:
        """The object id that stands for no object."""
        return "0" * ID_DIGITS[self.object_format]


@dataclass(frozen=True, slots=True)
class Revision:
    """What a name points at."""

    object_id: str
    """Object that the name itself points at; a tag object for an annotated tag."""
    kind: str
    """``commit`` or ``tag``."""
    commit: str
    """The commit reached through any tags."""
    ref: str | None
    """Full name of the reference, such as ``refs/tags/v1``; None where the name is not one of a reference."""


@contextmanager
def open_repository(path: Path | str) -> Iterator[Repository]:
    """The repository whose working tree or git directory holds ``path``, nearest first.

    Nothing is written to it. Who owns it is not asked: its configuration can run nothing here.

    Raises:
        UnavailableError: ``git-missing``, ``git-failed``, ``git-timeout``.
        NotFoundError: ``git-no-repository``.
        FormatError: ``git-object-format``.
    """
    binary = git_binary()
    root = _root_of(Path(path))
    said = _ask(
        binary,
        root,
        "rev-parse",
        "--path-format=absolute",
        "--is-bare-repository",
        "--show-object-format",
        "--git-path",
        "objects",
    )
    bare, object_format, objects = said.split(b"\n", 2)
    known = _object_format(object_format.decode("ascii", "replace"))
    view = Path(tempfile.mkdtemp(prefix="evidence-git-"))
    try:
        _make_view(view, known, objects.removesuffix(b"\n"))
        with ObjectReader(in_view(binary, view), git_environment(), known) as reader:
            repository = Repository(root, known, bare == b"true", binary, view, reader)
            refresh(repository)
            yield repository
    finally:
        shutil.rmtree(view, ignore_errors=True)


def refresh(repository: Repository) -> None:
    """The view knows again where the history of the repository is cut off; needed after a fetch."""
    said = _ask(repository.binary, repository.root, "rev-parse", "--path-format=absolute", "--git-path", "shallow")
    source, target = Path(os.fsdecode(said.removesuffix(b"\n"))), repository.view / "shallow"
    if source.is_file():
        shutil.copyfile(source, target)
    else:
        target.unlink(missing_ok=True)
    repository.objects.close()


def read_view(
    repository: Repository, *arguments: str, stdin: bytes = b"", accepted: tuple[int, ...] = (0,)
) -> tuple[int, bytes]:
    """Exit code and output of a git command that reads objects and nothing else of the repository."""
    words = [*in_view(repository.binary, repository.view), *arguments]
    return run(words, environment=git_environment(), stdin=stdin, accepted=accepted)


def shallow_boundary(repository: Repository) -> frozenset[str]:
    """The commits whose parents this clone does not have; empty in a complete clone."""
    try:
        return frozenset((repository.view / "shallow").read_text("ascii").split())
    except FileNotFoundError:
        return frozenset()


def resolve(repository: Repository, name: str) -> Revision:
    """What ``name`` (a reference, tag, id or expression such as ``HEAD~2``) points at now.

    Raises:
        NotFoundError: ``git-bad-name``; ``git-unborn`` where the branch has no commit yet; ``git-unknown-revision``.
    """
    refuse_option(name, "revision")
    object_id = _verified(repository, name)
    commit = _verified(repository, f"{name}^{{commit}}")
    if object_id is None or commit is None:
        if name in {"HEAD", "@"} and _unborn(repository):
            raise NotFoundError("git-unborn", "the repository has no commit yet", remedy="commit first")
        raise NotFoundError(
            "git-unknown-revision",
            "the clone has no such revision, or it is no commit",
            details={"revision": name},
            remedy=_shallow_remedy(repository) or "fetch it from its remote, or check the spelling",
        )
    said = _ask(repository.binary, repository.root, "rev-parse", "--symbolic-full-name", "--end-of-options", name)
    last = said.strip().split(b"\n")[-1].decode("utf-8", "replace")
    kind = "commit" if object_id == commit else "tag"
    return Revision(object_id, kind, commit, last if last.startswith("refs/") else None)


def resolve_commit(repository: Repository, name: str) -> str:
    """Id of the commit that ``name`` points at; raises as ``resolve``."""
    return resolve(repository, name).commit


def remote_url(repository: Repository, remote: str = "origin") -> str | None:
    """Address that ``remote`` fetches from, without credentials, query or fragment; None where it has none."""
    refuse_option(remote, "remote name")
    words = [*in_repository(repository.binary, repository.root), "config", "--get", f"remote.{remote}.url"]
    code, said = run(words, environment=_here(repository.root), accepted=(0, 1))
    return strip_credentials(os.fsdecode(said.removesuffix(b"\n"))) if code == 0 else None


def strip_credentials(address: str) -> str:
    """``address`` without user, password, query and fragment; an scp-like address keeps host and path."""
    if "://" not in address:
        scp = _SCP_ADDRESS.fullmatch(address)
        return f"{scp[1]}:{scp[2]}" if scp else address
    try:
        parts = urlsplit(address)
    except ValueError:
        return address.split("://", 1)[0] + "://"
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def deepen(repository: Repository, *, allowed: bool, commits: int | None = None, remote: str = "origin") -> None:
    """The clone holds ``commits`` more generations of history (all of it for None), fetched from its own remote.

    Does nothing to a complete clone. Credentials come from the address, the configured HTTP headers or an SSH agent;
    credential helpers and configured commands are not run.

    Raises:
        UnavailableError: ``git-shallow`` where fetching is not allowed; ``git-failed`` where it does not work.
    """
    refuse_option(remote, "remote name")
    if not shallow_boundary(repository):
        return
    if not allowed:
        raise shallow_error(repository)
    depth = "--unshallow" if commits is None else f"--deepen={commits}"
    words = [
        *in_repository(repository.binary, repository.root),
        "fetch",
        depth,
        "--quiet",
        "--no-recurse-submodules",
        "--no-auto-maintenance",
        "--no-write-fetch-head",
        # A configured remote.<name>.uploadpack is a command line; over a local path it would run here.
        "--upload-pack=git-upload-pack",
        "--end-of-options",
        remote,
    ]
    environment = git_environment(fetch_protocols=_FETCH_PROTOCOLS) | _ceiling(repository.root)
    run(words, environment=environment)
    refresh(repository)


def shallow_error(repository: Repository) -> UnavailableError:
    """The refusal to answer from a history that is cut off, with the command that helps."""
    return UnavailableError(
        "git-shallow",
        "the clone is shallow: the history needed here is cut off",
        remedy=_shallow_remedy(repository) or "fetch the whole history",
    )


def _shallow_remedy(repository: Repository) -> str | None:
    if not shallow_boundary(repository):
        return None
    return f"run: git -C {shlex.quote(os.fspath(repository.root))} fetch --unshallow origin"


def _root_of(path: Path) -> Path:
    """Nearest directory at or above ``path`` that is a working tree's top or a git directory."""
    start = Path(os.path.realpath(path))
    for candidate in (start, *start.parents):
        if (candidate / ".git").exists() or _looks_bare(candidate):
            return candidate
    raise NotFoundError(
        "git-no-repository", "neither this folder nor one above it is a git repository", remedy="name one with --repo"
    )


def _looks_bare(folder: Path) -> bool:
    # Whatever lies at or above a git directory's objects and refs, not a folder that only has such a name.
    return (folder / "HEAD").is_file() and (folder / "objects").is_dir() and (folder / "refs").is_dir()


def _make_view(view: Path, object_format: ObjectFormat, objects: bytes) -> None:
    for name in ("objects/info", "refs"):
        (view / name).mkdir(parents=True)
    (view / "HEAD").write_text("ref: refs/heads/none\n", "ascii")
    extension = "\tobjectFormat = sha256\n" if object_format == "sha256" else ""
    (view / "config").write_text(
        f"[core]\n\trepositoryFormatVersion = 1\n\tbare = true\n\tbigFileThreshold = 16m\n"
        f"\tpackedGitWindowSize = 32m\n\tpackedGitLimit = 512m\n[extensions]\n{extension}",
        "ascii",
    )
    # A quoted line may hold any byte; an unquoted path with a line break or hash mark would name something else.
    quoted = objects.replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b"\n", b"\\n")
    (view / "objects/info/alternates").write_bytes(b'"' + quoted + b'"\n')


def _object_format(text: str) -> ObjectFormat:
    match text:
        case "sha1" | "sha256":
            return text
        case _:
            raise FormatError("git-object-format", "the repository's object format is neither sha1 nor sha256")


def _ceiling(root: Path) -> dict[str, str]:
    # A broken .git must not make git answer for a repository further up.
    return {"GIT_CEILING_DIRECTORIES": os.fspath(root.parent)}


def _here(root: Path) -> dict[str, str]:
    return git_environment() | _ceiling(root)


def _ask(binary: str, root: Path, *arguments: str) -> bytes:
    return run([*in_repository(binary, root), *arguments], environment=_here(root))[1]


def _verified(repository: Repository, expression: str) -> str | None:
    words = [*in_repository(repository.binary, repository.root), "rev-parse", "--verify", "--quiet"]
    code, said = run(
        [*words, "--end-of-options", expression],
        environment=_here(repository.root),
        accepted=(0, *_NO_SUCH_REVISION),
    )
    object_id = said.strip().decode("ascii", "replace")
    return object_id if code == 0 and is_object_id(object_id, repository.object_format) else None


def _unborn(repository: Repository) -> bool:
    words = [*in_repository(repository.binary, repository.root), "symbolic-ref", "--quiet", "HEAD"]
    return run(words, environment=_here(repository.root), accepted=(0, 1, 128))[0] == 0
