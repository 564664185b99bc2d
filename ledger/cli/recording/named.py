"""What a command line names of git and of the ledger: commits, releases, prompts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from ledger.cli.recording.recorder import Recorder
    from ledger.digests import Digest

_OBJECT: Final = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?", re.ASCII)


def named_commit(text: str, repo: Path) -> str:
    """A commit's id: a whole one as it is, which takes no clone; anything else resolved in the clone.

    Raises:
        NotFoundError: the clone has no such commit, or there is none.
    """
    if _OBJECT.fullmatch(text.lower()):
        return text.lower()
    from ledger.capture.git import open_repository, resolve_commit

    with open_repository(repo) as repository:
        return resolve_commit(repository, text)


def format_of(commit: str) -> str:
    """The object format that a whole object id belongs to."""
    return "sha1" if len(commit) == 40 else "sha256"


def named_release(recorder: Recorder, text: str) -> tuple[Digest, str | None]:
    """The envelope digest of a release's event, and the release's name where it is known.

    Raises:
        NotFoundError: ``no-such-release``. UnavailableError: ``server-needed``.
    """
    from ledger.cli.given import given_digest
    from ledger.cli.recording.earlier import find_release
    from ledger.errors import NotFoundError, UnavailableError

    if text.startswith("sha256:"):
        return given_digest(text, "--release"), None
    found = find_release(recorder, text)
    if found is not None:
        return found.envelope, text
    if recorder.known() is None:
        raise UnavailableError(
            "server-needed",
            "a release is named, and the server cannot be asked which event that is",
            details={"cause": recorder.unreachable.slug},
            remedy="Give the envelope digest that evidence record release printed, or run this again later.",
        )
    raise NotFoundError(
        "no-such-release",
        "no release of this name is recorded",
        details={"release": text},
        remedy="Record it first: evidence record release",
    )


def exact_token(text: str, option: str) -> str:
    """``text``, if it is a token as it stands: an id is never reshaped, or it would name something else.

    Raises:
        click.UsageError: it is none.
    """
    from ledger.cli.recording.wording import TOKEN_LENGTH, as_token

    if as_token(text) != text:
        raise click.UsageError(
            f"{option} {text!r} is no id of 1 to {TOKEN_LENGTH} letters, digits and ._:/@+-, which begins with a "
            "letter or digit"
        )
    return text


def named_prompts(recorder: Recorder, envelopes: Iterable[str], sessions: Iterable[str]) -> tuple[Digest, ...]:
    """Envelope digests of the prompts that are named, and of every recorded prompt of the sessions, oldest first."""
    from ledger.cli.given import given_digest
    from ledger.cli.recording.earlier import prompts_of

    named = tuple(given_digest(text, "--prompt") for text in envelopes)
    wanted = frozenset(sessions)
    found = tuple(item.envelope for item in prompts_of(recorder, wanted)) if wanted else ()
    return tuple(dict.fromkeys((*named, *found)))
