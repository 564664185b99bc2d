"""Printing in a process of its own, with limits on time and memory, no network and the bundled fonts only.

`render_pdf` is what callers use; `python -m reports.render` is the other side.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import as_file, files
from pathlib import Path
from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import escape

from reports.embedding import Attachment
from reports.pdf import Job, PangoMissingError, Property, RenderError, draw

if TYPE_CHECKING:
    from collections.abc import Sequence

_PASSED_ON: Final = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH")
_REFUSED_EVENTS: Final = ("socket.", "subprocess.", "os.exec", "os.posix_spawn", "os.spawn", "os.system", "os.fork")
_DEFAULT_SLUG: Final = "render-failed"


@dataclass(frozen=True, slots=True)
class Limits:
    """What one print may use."""

    seconds: int = 180
    """CPU time. A page takes about a third of a second."""
    wall_seconds: int = 900
    """Time on the clock: on a busy machine a print waits for the CPU far longer than it uses it."""
    memory_bytes: int = 2 << 30
    """Address space. A page takes about 5 MB, the libraries 400 MB of addresses."""


DEFAULT_LIMITS: Final = Limits()


def render_pdf(
    html: str,
    *,
    identifier: bytes,
    created: datetime,
    title: str,
    language: str,
    attachments: tuple[Attachment, ...] = (),
    properties: tuple[Property, ...] = (),
    limits: Limits = DEFAULT_LIMITS,
) -> bytes:
    """The PDF of ``html``; the same bytes on every call with the same arguments and library versions.

    Raises:
        PangoMissingError: ``pango-missing``, with what to install.
        RenderError: ``render-warning``, ``render-fetch``, ``render-limit``, ``render-failed``.
    """
    job = Job(html, identifier, created, title, language, attachments, properties)
    with tempfile.TemporaryDirectory(prefix="evidence-print-") as folder, as_file(files("reports") / "fonts") as fonts:
        configuration = Path(folder, "fonts.conf")
        configuration.write_text(_font_configuration(fonts, Path(folder)), "utf-8")
        try:
            done = subprocess.run(
                (sys.executable, "-m", "reports.render", str(limits.seconds), str(limits.memory_bytes)),
                input=_encode(job, Path(folder)),
                capture_output=True,
                timeout=limits.wall_seconds,
                check=False,
                cwd=folder,
                env=_environment(configuration, Path(folder)),
            )
        except subprocess.TimeoutExpired:
            raise _limit_reached(limits) from None
    if done.returncode == 0 and done.stdout.startswith(b"%PDF-"):
        return done.stdout
    raise _failure(done.returncode, done.stdout, limits)


def _font_configuration(fonts: Path, cache: Path) -> str:
    """Fontconfig for the bundled fonts alone: pages look the same on every machine, and a missing glyph is noticed."""
    return (
        '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">'
        f"<fontconfig><dir>{escape(str(fonts))}</dir><cachedir>{escape(str(cache))}</cachedir></fontconfig>"
    )


def _environment(configuration: Path, folder: Path) -> dict[str, str]:
    """The child's whole environment: no proxies, tokens or locale of the caller."""
    package_root = str(Path(str(files("reports"))).parent)
    passed = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return passed | {
        "FONTCONFIG_FILE": str(configuration),
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        "PYTHONPATH": package_root,
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def _encode(job: Job, folder: Path) -> bytes:
    """The job for the child as JSON; each attachment lies in ``folder``, which is the child's own, as a file.

    In the JSON a large bundle would be held several times over in both processes, the child's while it lays out pages.
    """
    for number, one in enumerate(job.attachments):
        (folder / _file(number)).write_bytes(one.read())
    return json.dumps(
        {
            "html": job.html,
            "identifier": job.identifier.hex(),
            "created": job.created.isoformat(),
            "title": job.title,
            "language": job.language,
            "attachments": [
                {
                    "name": one.name,
                    "media_type": one.media_type,
                    "description": one.description,
                    "modified": one.modified.isoformat(),
                    "relationship": one.relationship,
                }
                for one in job.attachments
            ],
            "properties": [
                {"name": one.name, "value": one.value, "description": one.description} for one in job.properties
            ],
        }
    ).encode()


def _file(number: int) -> str:
    return f"attachment-{number}"


def _decode(data: bytes) -> Job:
    """The job our own parent sent; it made this process's working folder."""
    sent = json.loads(data)
    return Job(
        sent["html"],
        bytes.fromhex(sent["identifier"]),
        datetime.fromisoformat(sent["created"]),
        sent["title"],
        sent["language"],
        tuple(
            Attachment(
                one["name"],
                Path.cwd() / _file(number),
                one["media_type"],
                one["description"],
                datetime.fromisoformat(one["modified"]),
                one["relationship"],
            )
            for number, one in enumerate(sent["attachments"])
        ),
        tuple(Property(one["name"], one["value"], one["description"]) for one in sent["properties"]),
    )


def _failure(code: int, answer: bytes, limits: Limits) -> RenderError | PangoMissingError:
    """What the child's end means."""
    if code in (-signal.SIGXCPU, -signal.SIGKILL):
        return _limit_reached(limits)
    try:
        told = json.loads(answer)
        slug, message, details = told["slug"], told["message"], told["details"]
    except (ValueError, KeyError, TypeError):
        # Native libraries end the process when memory runs out; nothing tells that from another crash.
        return RenderError(_DEFAULT_SLUG, "the printing process ended without an answer", details={"exit_code": code})
    if slug == "pango-missing":
        return PangoMissingError()
    if slug == "render-limit":
        return _limit_reached(limits)
    return RenderError(slug, message, details=details)


def _limit_reached(limits: Limits) -> RenderError:
    return RenderError(
        "render-limit",
        "printing needs more time or memory than allowed",
        details={
            "cpu_seconds": limits.seconds,
            "wall_seconds": limits.wall_seconds,
            "memory_bytes": limits.memory_bytes,
        },
        remedy="print fewer changes in one pack; the registers are attached in full",
    )


def _confine(seconds: int, memory_bytes: int) -> None:
    """Sets this process's limits and refuses sockets and programs from now on.

    The hook stops Python code; the native libraries loaded here have no network code.
    """
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 5))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform != "darwin":  # macOS refuses to limit address space
        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))

    def refuse(event: str, arguments: tuple[object, ...]) -> None:
        del arguments
        if event.startswith(_REFUSED_EVENTS):
            raise PermissionError("a print may not do this")

    sys.addaudithook(refuse)


def main(arguments: Sequence[str]) -> int:
    """Reads a job from standard input and answers with the PDF, or with a JSON error and exit code 1."""
    seconds, memory_bytes = map(int, arguments)
    _confine(seconds, memory_bytes)
    answer: dict[str, object]
    try:
        pdf = draw(_decode(sys.stdin.buffer.read()))
    except (RenderError, PangoMissingError) as error:
        answer = {"slug": error.slug, "message": error.message, "details": dict(error.details)}
    except MemoryError:
        answer = {"slug": "render-limit", "message": "", "details": {}}
    except Exception as error:  # noqa: BLE001 - its text may hold captured text, so only its class is passed on
        answer = {"slug": _DEFAULT_SLUG, "message": "the printer failed", "details": {"error": type(error).__name__}}
    else:
        sys.stdout.buffer.write(pdf)
        return 0
    sys.stdout.write(json.dumps(answer))
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
