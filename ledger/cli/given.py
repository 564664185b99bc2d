"""What a command line gave, read by the core's parsers: what they refuse is told with its option, value and an example.

The parsers name places in documents, since they may not repeat contents; options hold no contents and may be repeated.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from ledger.errors import FormatError, escaped

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ledger.digests import Digest

TIME_EXAMPLE: Final = "2026-11-21T09:30:00Z"
_VALUE_LIMIT: Final = 256
_DIGEST_EXAMPLE: Final = "sha256: and 64 digits of 0-9 and a-f, whole, as evidence log --json prints them"
_LABEL_EXAMPLE: Final = "a word of lower-case letters, digits and hyphens that begins with a letter, such as "


@contextmanager
def given(option: str, value: str, example: str, at: str | None = None) -> Iterator[None]:
    """Nothing; what is refused inside is of this option or argument and value, and an example is of the right form.

    With ``at`` only what is refused at that place of a document is of the option.

    Raises:
        FormatError: as inside, with the option's name as its place.
    """
    try:
        yield
    except FormatError as error:
        if at not in {None, error.where}:
            raise
        error.where = option
        error.details = {**error.details, "value": escaped(value, _VALUE_LIMIT)}
        error.remedy = f"Write {option} so: {example}"
        raise


@contextmanager
def asked(values: Mapping[str, object]) -> Iterator[None]:
    """Nothing; what the server refuses of a query is told with the option of that name, and its value.

    Raises:
        FormatError: ``bad-parameter``.
    """
    try:
        yield
    except FormatError as error:
        name = str(error.details.get("where", ""))
        if name in values:
            error.where = f"--{name}"
            error.details = {"value": escaped(str(values[name]), _VALUE_LIMIT)}
        raise


def given_time(value: str, option: str) -> str:
    """``value`` as a claimed time.

    Raises:
        FormatError: ``bad-time``.
    """
    from ledger.events.shape import claimed_time

    with given(option, value, TIME_EXAMPLE):
        return str(claimed_time(value, option))


def given_digest(value: str, option: str) -> Digest:
    """``value`` as a digest.

    Raises:
        FormatError: ``bad-digest``.
    """
    from ledger.digests import parse_digest

    with given(option, value, _DIGEST_EXAMPLE):
        return parse_digest(value, option)


def given_label(value: str, option: str, example: str) -> str:
    """``value`` as a label; ``example`` is one that fits the option.

    Raises:
        FormatError: ``bad-text``.
    """
    from ledger.events.shape import label

    with given(option, value, _LABEL_EXAMPLE + example):
        return str(label(value, option))
