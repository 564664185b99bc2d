"""The spool: signed events as folders on disk that survive a crash at any moment.

A folder is written beside its place and renamed into it, so it is there wholly or not at all:

    <root>/pending/<event id>/envelope.json           the envelope's bytes
    <root>/pending/<event id>/<64 hex digits>         a content: 32 bytes of salt, then its bytes
    <root>/refused/<event id>/...                     the same, and problem.json: why the server refused it
    <root>/pace.json                                  failed attempts in a row, and when to try again
    <root>/lock                                       held by whoever delivers

Contents are as readable here as on the server, so folders are 0700 and files 0600. Plain files, so that a pipeline can
keep the whole folder as an artifact of its job.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ledger.canonical import encode, parse
from ledger.digests import SALT_BYTES, Digest, raw
from ledger.envelope import MAX_ENVELOPE_BYTES, open_envelope
from ledger.errors import ConflictError, FormatError, LedgerError, UnavailableError
from ledger.events.shape import event_id as read_event_id
from ledger.events.statement import Event, read_payload
from ledger.parcel import Parcel, SaltedContent, make_parcel

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ENVELOPE_FILE: Final = "envelope.json"
PROBLEM_FILE: Final = "problem.json"

_PENDING: Final = "pending"
_REFUSED: Final = "refused"
_STAGING: Final = "staging"
_LOCK: Final = "lock"
_PACE: Final = "pace.json"
_WORKSPACES: Final = ("CI_PROJECT_DIR", "GITHUB_WORKSPACE", "BITBUCKET_CLONE_DIR", "BUILD_SOURCESDIRECTORY")


@dataclass(frozen=True, slots=True)
class Pace:
    """How delivery has been going."""

    failures: int
    """Attempts in a row that did not reach a working server."""
    not_before: float
    """POSIX seconds before which the server is left alone."""


def default_root(ledger: Digest, environ: Mapping[str, str], *, explicit: Path | None = None) -> Path:
    """Where events for ``ledger`` are spooled: below ``explicit``, a pipeline's workspace, or the user's state folder.

    In known CI systems the workspace is what a job can keep as an artifact when its machine is thrown away.
    """
    folder = raw(ledger).hex()[:16]
    if explicit is not None:
        return explicit / folder
    for name in _WORKSPACES:
        if environ.get(name):
            return Path(environ[name]) / ".evidence-ledger" / "outbox" / folder
    state = environ.get("XDG_STATE_HOME") or str(Path(environ.get("HOME") or "~").expanduser() / ".local" / "state")
    return Path(state) / "evidence-ledger" / "outbox" / folder


class Spool:
    """The folder of one ledger's events that are not delivered yet."""

    def __init__(self, root: Path) -> None:
        """Makes the folder, readable by its owner alone, if it is not there.

        Raises:
            UnavailableError: ``spool-unwritable``.
        """
        self.root = root
        try:
            for name in (_PENDING, _REFUSED, _STAGING):
                (root / name).mkdir(mode=0o700, parents=True, exist_ok=True)
            root.chmod(0o700)
            _ignore_in_git(root)
        except OSError as error:
            raise unwritable(error) from None

    def add(self, parcel: Parcel) -> Path:
        """The folder of ``parcel``, which is on the disk when this returns. Adding the same parcel again is harmless.

        Raises:
            ConflictError: ``event-id-taken`` where another event with this id is spooled.
            UnavailableError: ``spool-unwritable``.
        """
        place = self.root / _PENDING / parcel.event_id
        staged = self.root / _STAGING / f"{parcel.event_id}.{os.urandom(8).hex()}"
        try:
            staged.mkdir(mode=0o700)
            for content in parcel.contents:
                _write(staged / raw(content.commitment).hex(), content.salt + content.data)
            _write(staged / ENVELOPE_FILE, parcel.envelope.data)
            _sync_folder(staged)
            with suppress(OSError):
                # Fails where the place is taken: a rename never replaces a folder that holds something.
                staged.rename(place)
            if staged.exists():
                shutil.rmtree(staged)
                if (place / ENVELOPE_FILE).read_bytes() != parcel.envelope.data:
                    raise ConflictError("event-id-taken", "another event with this id is spooled")
            _sync_folder(place.parent)
        except OSError as error:
            raise unwritable(error) from None
        return place

    def pending(self) -> tuple[str, ...]:
        """Event ids that wait, in the order of their UUIDv7, which is that of their recording."""
        return _ids(self.root / _PENDING)

    def refused(self) -> tuple[str, ...]:
        """Event ids that the server refused for good."""
        return _ids(self.root / _REFUSED)

    def read(self, event_id: str) -> Parcel:
        """The spooled parcel.

        Raises:
            FormatError: ``spool-damaged`` or a fault of the envelope; ConflictError: contents are missing.
        """
        parcel = read_folder(self.root / _PENDING / event_id)
        if parcel.event_id != event_id:
            raise FormatError("spool-damaged", "a spooled event lies under another event's id")
        return parcel

    def remove(self, event_id: str) -> None:
        """Takes a delivered event out. Moved aside first: a half-deleted folder must not look like a damaged one."""
        aside = self.root / _STAGING / f"{event_id}.{os.urandom(8).hex()}"
        (self.root / _PENDING / event_id).rename(aside)
        _sync_folder(self.root / _PENDING)
        shutil.rmtree(aside)

    def refuse(self, event_id: str, problem: LedgerError) -> Path:
        """The folder to which a refused event was moved, with the problem beside it."""
        place = self.root / _PENDING / event_id
        document = {"detail": problem.message, "error": type(problem).__name__, "slug": problem.slug}
        _write(place / PROBLEM_FILE, encode(document) + b"\n")
        aside = self.root / _REFUSED / event_id
        if aside.exists():
            shutil.rmtree(aside)
        place.rename(aside)
        _sync_folder(aside.parent)
        _sync_folder(place.parent)
        return aside

    def problem(self, event_id: str) -> str:
        """Slug of the problem for which an event was refused; ``unknown`` if that cannot be read."""
        try:
            value = parse((self.root / _REFUSED / event_id / PROBLEM_FILE).read_bytes(), max_bytes=65_536)
        except (OSError, FormatError):
            return "unknown"
        slug = value.get("slug") if isinstance(value, dict) else None
        return slug if isinstance(slug, str) else "unknown"

    def restore(self, event_id: str) -> None:
        """Puts a refused event back among those that wait, for when the cause is gone."""
        aside = self.root / _REFUSED / event_id
        (aside / PROBLEM_FILE).unlink(missing_ok=True)
        aside.rename(self.root / _PENDING / event_id)
        _sync_folder(self.root / _PENDING)

    def sweep(self) -> None:
        """Removes what a crash left half-written. Only for the holder of the lock, and only what is an hour old."""
        for folder in (self.root / _STAGING).iterdir():
            with suppress(OSError):
                if folder.stat().st_mtime < (self.root / _LOCK).stat().st_mtime - 3600:
                    shutil.rmtree(folder)

    @contextmanager
    def locked(self) -> Iterator[bool]:
        """Whether this process alone delivers now; the lock ends with the process, however that ends."""
        try:
            handle = os.open(self.root / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise unwritable(error) from None
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                yield False
            else:
                os.utime(self.root / _LOCK)
                yield True
        finally:
            os.close(handle)

    def pace(self) -> Pace:
        """How delivery has been going; a damaged note of it counts as no failures."""
        try:
            value = parse((self.root / _PACE).read_bytes(), max_bytes=1024)
        except (OSError, FormatError):
            return Pace(0, 0.0)
        if isinstance(value, dict):
            failures, until = value.get("failures"), value.get("not_before_ms")
            if isinstance(failures, int) and isinstance(until, int):
                return Pace(failures, until / 1000)
        return Pace(0, 0.0)

    def set_pace(self, pace: Pace) -> None:
        """Notes how delivery is going, for the next process."""
        if pace.failures == 0:
            (self.root / _PACE).unlink(missing_ok=True)
            return
        staged = self.root / _STAGING / f"pace.{os.urandom(8).hex()}"
        _write(staged, encode({"failures": pace.failures, "not_before_ms": int(pace.not_before * 1000)}))
        staged.rename(self.root / _PACE)


def read_folder(folder: Path) -> Parcel:
    """The parcel in one event's folder.

    Raises:
        FormatError: ``spool-damaged`` or a fault of the envelope; ConflictError: contents are missing or too many.
    """
    try:
        with (folder / ENVELOPE_FILE).open("rb") as file:
            envelope = file.read(MAX_ENVELOPE_BYTES + 1)
        event = read_payload(open_envelope(envelope).payload)
        named = event.context.contents if isinstance(event, Event) else ()
        files = [folder / raw(item.commitment).hex() for item in named if item.state == "stored"]
        stored = [file.read_bytes() for file in dict.fromkeys(files) if file.exists()]
    except OSError as error:
        raise FormatError(
            "spool-damaged", "a spooled event cannot be read", details={"cause": type(error).__name__}
        ) from None
    if any(len(data) < SALT_BYTES for data in stored):
        raise FormatError("spool-damaged", "a spooled content is shorter than its salt")
    return make_parcel(envelope, [SaltedContent(data[:SALT_BYTES], data[SALT_BYTES:]) for data in stored])


def _ids(folder: Path) -> tuple[str, ...]:
    found = []
    for name in sorted(item.name for item in folder.iterdir()):
        with suppress(FormatError):
            found.append(str(read_event_id(name, "")))
    return tuple(found)


def _write(path: Path, data: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    with open(handle, "wb") as file:  # noqa: PTH123 -- a descriptor, not a path
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _ignore_in_git(root: Path) -> None:
    # The spool of a pipeline lies in a work tree, and prompts must not be committed by `git add --all`.
    ignore = root / ".gitignore"
    if not ignore.exists():
        ignore.write_text("*\n", encoding="ascii")


def unwritable(error: OSError) -> UnavailableError:
    """The error of a spool that the operating system will not let be changed."""
    return UnavailableError(
        "spool-unwritable",
        "the outbox folder cannot be written",
        details={"cause": type(error).__name__, "errno": error.errno or 0},
        remedy="Free space or give the folder to this account; --outbox names another folder.",
    )
