"""Test runs from report files, as a run left them on disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.errors import FormatError, NotFoundError, escaped
from ledger.junit import MAX_REPORT_BYTES, SuiteRun, combine, parse_junit

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def read_reports(paths: Sequence[Path]) -> SuiteRun:
    """The run that several report files tell of together.

    Raises:
        NotFoundError: ``report-missing`` where no file is named, or one does not exist: not the same as no tests.
        FormatError: as ``parse_junit``.
    """
    if not paths:
        raise NotFoundError("report-missing", "no report file is named", remedy="name the files that the run wrote")
    runs: list[SuiteRun] = []
    for number, path in enumerate(paths):
        try:
            with path.open("rb") as file:
                data = file.read(MAX_REPORT_BYTES + 1)
        except OSError:
            raise NotFoundError(
                "report-missing",
                "a report file does not exist or cannot be read",
                details={"path": str(path), "number": number},
                remedy="check that the run wrote it; a run without tests writes a report too",
            ) from None
        try:
            runs.append(parse_junit(data))
        except FormatError as error:
            # Of several reports, which one it is.
            error.details = {"path": escaped(str(path), 256), **error.details}
            raise
    return combine(runs)
