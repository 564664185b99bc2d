"""What a release pack costs beside the printing alone, and how its memory grows with the release.

    python -m benchmarks.packs [--rounds 5] [--changes 20] [--memory 50 1000]

- ``cpu``: CPU seconds of making the pack of ``--changes`` changes from its bundle (verify, assess, arrange, print,
  attach) against those of plain WeasyPrint turning the same finished HTML into a tagged PDF with the same fonts. Each
  run is a process of its own, its children and its start included; contenders take turns, medians of per-round ratios.
- ``memory``: peak resident memory of making the packs of the two releases of ``--memory``, once each: that of the
  process which makes the pack and that of the one which prints, added, since the first waits for the second. How many
  pages each has is told beside it: of a large release only some changes are printed in full.

Bundles are made beforehand, in this process, and are no part of any figure.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Final

from ledger.entry import ledger_time
from tests.reports.release_story import clean_change, found

PEOPLE: Final = ("Marta", "Youssef", "Haruka", "Noa")
MAKE: Final = """
import io, json, resource, sys
from datetime import UTC, datetime
from pathlib import Path
from pypdf import PdfReader
from reports.packs import make_pack
from reports.release.view import PackSettings
from reports.render import Limits
bundle, anchor, as_of, out = sys.argv[1:]
settings = PackSettings(datetime(2026, 11, 21, tzinfo=UTC), prepared_from="a simulated ledger")
made = make_pack(Path(bundle).read_bytes(), Path(anchor).read_text(), as_of=as_of, settings=settings,
                 limits=Limits(seconds=1_800, wall_seconds=3_600, memory_bytes=8 << 30))
Path(out).write_text(made.html)
own, printer = (resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
pages = len(PdfReader(io.BytesIO(made.pdf)).pages)
print(json.dumps({"own_kib": own, "printer_kib": printer, "pdf_bytes": len(made.pdf), "pages": pages}))
"""
PRINT: Final = """
import sys
from weasyprint import HTML
print(len(HTML(filename=sys.argv[1]).write_pdf(pdf_tags=True)))
"""


def make_release(changes: int, folder: Path) -> tuple[Path, Path, str]:
    """The bundle of a release of so many changes, its anchor, and a time to judge it at."""
    company = found()
    landed = []
    for number in range(1, changes + 1):
        author, approver = PEOPLE[number % 4], PEOPLE[(number + 1) % 4]
        landed.append(clean_change(company, str(number), author, approver, prompted=number % 2 == 0))
    release = company.world.release("payments", "1.0", landed, company["Marta"], company.ci)
    company.world.approve_release("payments", release, company["Haruka"])
    as_of = (company.world.now + timedelta(hours=1)).astimezone(UTC).isoformat(timespec="milliseconds")
    bundle, anchor = folder / f"{changes}.evidence.zip", folder / f"{changes}.pub"
    bundle.write_bytes(company.world.bundle(release))
    anchor.write_text(company.world.anchor)
    moment = as_of.replace("+00:00", "Z")
    ledger_time(moment, "as_of")
    return bundle, anchor, moment


def run(code: str, *words: str | Path, environment: dict[str, str] | None = None) -> tuple[float, str]:
    """CPU seconds of a Python program with all its children, and what it printed."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-c", code, *map(str, words)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, done.stdout


def font_environment(folder: Path) -> dict[str, str]:
    """The environment in which the bundled fonts are the only ones, with a cache that lasts."""
    configuration = folder / "fonts.conf"
    fonts = files("reports") / "fonts"
    configuration.write_text(
        f'<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">'
        f"<fontconfig><dir>{fonts}</dir><cachedir>{folder / 'cache'}</cachedir></fontconfig>"
    )
    return {**os.environ, "FONTCONFIG_FILE": str(configuration)}


def cpu_ratio(folder: Path, changes: int, rounds: int) -> dict[str, object]:
    """Making a pack against printing its HTML alone."""
    bundle, anchor, as_of = make_release(changes, folder)
    page = folder / "pack.html"
    fonts = font_environment(folder)
    run(MAKE, bundle, anchor, as_of, page)
    run(PRINT, page, environment=fonts)
    made, printed = [], []
    for number in range(rounds):
        # Neither is always first: what the other left in the caches of the machine helps each in turn.
        if number % 2:
            printed.append(run(PRINT, page, environment=fonts)[0])
        made.append(run(MAKE, bundle, anchor, as_of, page)[0])
        if not number % 2:
            printed.append(run(PRINT, page, environment=fonts)[0])
    return {
        "changes": changes,
        "pack_s": round(statistics.median(made), 2),
        "print_s": round(statistics.median(printed), 2),
        "ratio": round(statistics.median(one / other for one, other in zip(made, printed, strict=True)), 3),
    }


def memory(folder: Path, sizes: tuple[int, int]) -> dict[str, object]:
    """Peak memory of the packs of two releases, and the larger divided by the smaller."""
    figures: list[dict[str, int]] = []
    for changes in sizes:
        bundle, anchor, as_of = make_release(changes, folder)
        told = json.loads(run(MAKE, bundle, anchor, as_of, folder / "pack.html")[1])
        figures.append({"changes": changes, **told, "sum_kib": told["own_kib"] + told["printer_kib"]})
    return {"releases": figures, "ratio": round(figures[1]["sum_kib"] / figures[0]["sum_kib"], 3)}


def main() -> int:
    """Exit status; the figures go to standard output as one JSON document."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--changes", type=int, default=20)
    parser.add_argument("--memory", type=int, nargs=2, default=(50, 1_000), metavar=("FEW", "MANY"))
    given = parser.parse_args()
    figures: dict[str, object] = {"at": datetime.now(UTC).date().isoformat(), "load": os.getloadavg()[0]}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if given.rounds:
            figures["cpu"] = cpu_ratio(folder, given.changes, given.rounds)
        if given.memory[1]:
            figures["memory"] = memory(folder, (given.memory[0], given.memory[1]))
    print(json.dumps(figures, indent=1))  # noqa: T201 -- a command
    return 0


if __name__ == "__main__":
    sys.exit(main())
