"""The files of a pack: what is attached to its PDF, and what lies beside it."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass, field
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from ledger.canonical import Encodable, encode
from ledger.digests import Digest, digest_bytes
from ledger.rules.catalogue import RULES
from ledger.rules.document import encode_assessment
from reports.commas import write_csv
from reports.embedding import Attachment, Relationship
from reports.oscal import Attached, assessment_results
from reports.registers import registers
from reports.say import say
from reports.workbook import write_workbook

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from datetime import datetime

    from ledger.rules.ofbundle import Judged
    from reports.registers import Register
    from reports.release.view import Carried

WORKBOOK_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FORMS: Final = ("pdf", "html", "bundle", "xlsx", "csv", "oscal", "verifier")
"""The forms of files, in the order in which they are written."""
RENDERERS: Final = ("weasyprint", "pydyf", "fonttools", "tinyhtml5", "tinycss2", "cssselect2", "pyphen", "pillow")
"""Packages whose versions decide the bytes of the pages."""
_DATE: Final = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class PackFile:
    """A file of a pack."""

    form: str
    """What ``evidence pack --format`` calls it."""
    name: str
    media_type: str
    data: bytes = field(repr=False)

    @property
    def digest(self) -> Digest:
        """SHA-256 of its bytes."""
        return digest_bytes(self.data)


@dataclass(frozen=True)
class Carrying:
    """What the files of a pack are made from."""

    bundle: bytes = field(repr=False)
    baseline: bytes | None = field(repr=False)
    carried: Carried
    judged: Judged | None
    """None: nothing could be read from the bundle, so there are no registers and no verdicts."""
    settings: Mapping[str, Encodable]
    """As the pack id holds them."""
    generated_at: datetime
    title: str

    @cached_property
    def registers(self) -> tuple[Register, ...]:
        """All registers; none where nothing could be read."""
        found = self.judged
        return () if found is None else registers(found.dossier, found.verdicts)

    @cached_property
    def workbook(self) -> bytes:
        """The registers as one workbook."""
        return write_workbook(self.registers, pack_id=self.carried.pack_id, made_at=self.generated_at)

    @cached_property
    def oscal(self) -> bytes:
        """The verdicts as OSCAL assessment results."""
        found = self.judged
        if found is None:
            raise ValueError("no verdicts without a subject")
        return assessment_results(
            found.assessments,
            found.dossier.records,
            found.dossier.parties,
            rules={rule.id: rule.title for rule in RULES},
            pack_id=self.carried.pack_id,
            title=self.title,
            bundle=Attached(self.carried.name, self.carried.digest, self.carried.size_bytes),
            made_at=self.generated_at,
        )


def attachments(carrying: Carrying) -> tuple[Attachment, ...]:
    """What the PDF carries: the bundle, what was made of it, the page that verifies it, and a list of them all."""
    carried = carrying.carried
    found = [
        _attached(
            carrying,
            *(carried.name, carrying.bundle, "application/zip"),
            say("The records this pack is printed from; they verify on their own"),
            "Source",
        )
    ]
    if carrying.baseline is not None:
        # Not of the type ZIP: a verifier without a PDF library takes the one file of that type (docs/packs.md, S10).
        found.append(
            _attached(
                carrying,
                *("baseline.bundle", carrying.baseline, "application/vnd.evidence-ledger.bundle"),
                say("The records of the period that measures are set beside"),
                "Source",
            )
        )
    if carrying.judged is not None:
        found.append(
            _attached(
                carrying, "registers.xlsx", carrying.workbook, WORKBOOK_TYPE, say("Every register, whole"), "Data"
            )
        )
        found += [
            _attached(
                carrying,
                name,
                encode_assessment(assessment),
                "application/json",
                say("Every verdict with its inputs"),
                "Data",
            )
            for name, assessment in zip(_numbered(carrying.judged), carrying.judged.assessments, strict=True)
        ]
        found.append(
            _attached(
                carrying,
                *("assessment-results.json", carrying.oscal, "application/json"),
                say("The verdicts as OSCAL assessment results"),
                "Alternative",
            )
        )
    found.append(
        _attached(
            carrying,
            *("verify.html", verifier_page(), "text/html"),
            say("A page that verifies this file in a browser, offline; compare its digest with the published one"),
            "Supplement",
        )
    )
    found.append(
        _attached(
            carrying,
            *("pack.json", _listed(carrying, found), "application/json"),
            say("The settings of this pack, and the digests of the files it carries"),
            "Supplement",
        )
    )
    return tuple(found)


def _numbered(judged: Judged) -> list[str]:
    """The name of each assessment: one file for each policy that judges."""
    if len(judged.parts) == 1:
        return ["assessment.json"]
    return [f"assessment-{number}.json" for number in range(1, len(judged.parts) + 1)]


def files_beside(
    carrying: Carrying, html: str, pdf: bytes | None, forms: Collection[str] = FORMS
) -> tuple[PackFile, ...]:
    """The files of these ``forms``, the PDF first; without one where it could not be printed."""
    stem = carrying.carried.name.removesuffix(".evidence.zip")
    made: list[tuple[str, str, str, Callable[[], bytes]]] = [
        ("html", f"{stem}.evidence.html", "text/html", html.encode),
        ("bundle", carrying.carried.name, "application/zip", lambda: carrying.bundle),
    ]
    if carrying.judged is not None:
        made += [
            ("xlsx", f"{stem}.registers.xlsx", WORKBOOK_TYPE, lambda: carrying.workbook),
            ("csv", f"{stem}.registers.csv.zip", "application/zip", lambda: _zipped(carrying.registers)),
            ("oscal", f"{stem}.assessment-results.json", "application/json", lambda: carrying.oscal),
        ]
    made.append(("verifier", "verify.html", "text/html", verifier_page))
    found = [] if pdf is None else [PackFile("pdf", f"{stem}.evidence.pdf", "application/pdf", pdf)]
    return (*found, *(PackFile(form, name, sort, data()) for form, name, sort, data in made if form in forms))


def verifier_page() -> bytes:
    """The page that verifies packs and bundles in a browser, as this version ships it."""
    return files("ledger.standalone").joinpath("verify.html").read_bytes()


def _attached(
    carrying: Carrying, name: str, data: bytes, media_type: str, description: str, relationship: Relationship
) -> Attachment:
    return Attachment(name, data, media_type, description, carrying.generated_at, relationship)


def _listed(carrying: Carrying, found: list[Attachment]) -> bytes:
    carried = carrying.carried
    listed: list[Encodable] = [
        {"name": one.name, "sha256": digest_bytes(one.read()), "size_bytes": len(one.read())} for one in found
    ]
    said: Encodable = {
        "anchor": carried.anchor_line,
        "as_of": carried.as_of,
        "bundle": carried.digest,
        "files": listed,
        "pack_id": carried.pack_id,
        "renderers": {name: _version(name) for name in RENDERERS},
        "settings": dict(carrying.settings),
        "v": 1,
    }
    return encode(said)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _zipped(found: tuple[Register, ...]) -> bytes:
    """The registers as CSV files in one archive, the same bytes for the same registers."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for one in found:
            member = zipfile.ZipInfo(f"{one.name}.csv", _DATE)
            member.compress_type = zipfile.ZIP_DEFLATED
            member.external_attr = 0o100644 << 16
            archive.writestr(member, write_csv(one))
    return out.getvalue()
