"""The printed pack: reproducible, closed, complete, and limited."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from hashlib import sha256
from importlib.resources import as_file, files
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from pypdf import PdfReader

from reports.coverage import _ranges
from reports.embedding import Attachment
from reports.html import render_html
from reports.pdf import Job, PangoMissingError, Property, RenderError, draw
from reports.render import Limits, render_pdf
from tests.reports.sample import ROOT, sample

WHEN = datetime(2026, 11, 13, 7, 0, tzinfo=UTC)
ATTACHED = (
    Attachment("bundle.zip", b"PK" + bytes(range(256)) * 9, "application/zip", "The records", WHEN, "Source"),
    Attachment("a.jsonl", b'{"a":1}\n' * 50, "application/jsonl", "Lines", WHEN, "Supplement"),
)
PROGRAM = (
    "import hashlib, sys; from tests.reports.test_pdf import printed; "
    "sys.stdout.write(hashlib.sha256(printed()).hexdigest())"
)


def printed(html: str | None = None, limits: Limits | None = None) -> bytes:
    """The sample as PDF."""
    return render_pdf(
        render_html(sample(registered=8)) if html is None else html,
        identifier=b"EP-2026-0412-7K3",
        created=WHEN,
        title="Evidence pack",
        language="en",
        attachments=ATTACHED,
        properties=(Property("packId", "EP & <1>", "Number of the pack"),),
        limits=limits or Limits(),
    )


@pytest.fixture(scope="module")
def pdf() -> bytes:
    """The sample, printed once."""
    return printed()


@pytest.mark.slow
def test_two_processes_print_equal_bytes(pdf: bytes) -> None:
    """Another process with another hash seed, zone and folder prints the same bytes."""
    done = subprocess.run(
        (sys.executable, "-c", PROGRAM),
        capture_output=True,
        check=True,
        text=True,
        cwd=Path(__file__).parents[2],
        env=os.environ | {"PYTHONHASHSEED": "4711", "TZ": "Asia/Tokyo"},
    )
    assert done.stdout == sha256(pdf).hexdigest()


@pytest.mark.slow
def test_files_come_out_unchanged(pdf: bytes) -> None:
    """Each attached file comes out byte for byte, listed once, with its type and relationship."""
    reader = PdfReader(BytesIO(pdf))
    assert dict(reader.attachments.items()) == {one.name: [one.content] for one in ATTACHED}
    catalog: Any = reader.root_object
    listed = [item.get_object() for item in catalog["/AF"]]
    assert [(item["/UF"], item["/AFRelationship"], item["/EF"]["/F"]["/Subtype"]) for item in listed] == [
        ("a.jsonl", "/Supplement", "/application/jsonl"),
        ("bundle.zip", "/Source", "/application/zip"),
    ]


@pytest.mark.slow
def test_claims_pages_and_words(pdf: bytes) -> None:
    """The file claims PDF/A-3A and PDF/UA-1, names pack and page on each page, and keeps digests whole."""
    reader = PdfReader(BytesIO(pdf))
    catalog: Any = reader.root_object
    metadata = catalog["/Metadata"].get_object().get_data().decode()
    for claim in ("<pdfuaid:part>1<", 'pdfaid:part="3"', 'pdfaid:conformance="A"', "<pack:packId>EP &amp; &lt;1&gt;<"):
        assert claim in metadata
    assert catalog["/MarkInfo"]["/Marked"]
    texts = [page.extract_text() for page in reader.pages]
    for number, text in enumerate(texts, 1):
        assert f"Page {number} of {len(texts)}" in text
        assert "EP-2026-0412-7K3Q" in text
    assert ROOT.removeprefix("sha256:") in "".join(texts).replace("\n", "")


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("pdffonts") is None, reason="poppler-utils is not installed")
def test_fonts_are_embedded_and_bundled(pdf: bytes, tmp_path: Path) -> None:
    """Every font is embedded, has a Unicode map, and is one of ours."""
    path = tmp_path / "pack.pdf"
    path.write_bytes(pdf)
    rows = subprocess.run(("pdffonts", path), capture_output=True, check=True, text=True).stdout.splitlines()[2:]
    assert rows
    for row in rows:
        assert row.split()[-5:-2] == ["yes", "yes", "yes"]
        assert "IBM-Plex" in row or "Noto-Sans" in row


@pytest.mark.slow
def test_every_covered_character_has_a_glyph() -> None:
    """A spread of all characters the table calls covered prints without an empty box."""
    points = [point for low, high in zip(*_ranges(), strict=True) for point in range(low, high + 1)]
    body = "".join(f"<p>&#{point};</p>" for point in points[40::97] if not 0xD800 <= point < 0xE000)
    style = render_html(sample(registered=0)).partition("<style>")[2].partition("</style>")[0]
    html = f"<!doctype html><html lang=en><title>x</title><style>{style}</style><body>{body}</body></html>"
    assert printed(html).startswith(b"%PDF-")


@pytest.mark.slow
@pytest.mark.parametrize(
    "body",
    [
        "<link rel=attachment href=file:///etc/passwd>",
        "<a rel=attachment href=file:///etc/passwd>x</a>",
        "<a href='javascript:alert(1)'>x</a>",
        "<a href=http://127.0.0.1:9/>x</a>",
        "<img src=file:///etc/passwd alt=x>",
        "<img src='data:image/svg+xml,<svg/>' alt=x>",
        "<link rel=stylesheet href=http://127.0.0.1:9/>",
        "<style>p{background:url(http://127.0.0.1:9/a.png)}</style>",
        "<style>@import 'http://127.0.0.1:9/a.css';</style>",
        "<style>@font-face{font-family:x;src:url(file:///etc/passwd)}</style>",
    ],
)
def test_nothing_is_fetched(body: str) -> None:
    """A document that asks for anything outside itself is not printed."""
    with pytest.raises(RenderError) as caught:
        printed(f"<!doctype html><html lang=en><title>x</title><body>{body}<p>x</p></body></html>")
    assert caught.value.slug == "render-fetch"


@pytest.mark.slow
def test_a_link_is_one_area_whatever_is_inside() -> None:
    """Right-to-left names, code points and break marks inside a link make no links of their own."""
    inside = "<bdi>\u05e0\u05d5\u05e2\u05d4</bdi><span class=code>x</span><wbr>y"
    html = f"<!doctype html><html lang=en><title>x</title><body><p id=x><a href='#x'>{inside}</a></p></body></html>"
    (page,) = PdfReader(BytesIO(printed(html))).pages
    annotations: Any = page["/Annots"]
    assert len(annotations) == 1


@pytest.mark.slow
def test_a_warning_fails_the_print_without_its_text() -> None:
    """An empty box is an error, and the error does not repeat the captured text."""
    with pytest.raises(RenderError) as caught:
        printed("<!doctype html><html lang=en><title>x</title><body>\U0001f680 secret</body></html>")
    assert caught.value.slug == "render-warning"
    assert "\U0001f680" not in str(dict(caught.value.details))


@pytest.mark.slow
def test_time_is_limited() -> None:
    """A document that takes too long is given up."""
    with pytest.raises(RenderError) as caught:
        printed(
            "<!doctype html><html lang=en><title>x</title><p style=overflow-wrap:anywhere>" + "x" * 200_000,
            Limits(seconds=3),
        )
    assert caught.value.slug == "render-limit"


@pytest.mark.slow
def test_memory_is_limited() -> None:
    """A document that takes too much memory is given up, not the machine."""
    with pytest.raises(RenderError) as caught:
        printed("<!doctype html><html lang=en><title>x</title>" + "<p>x" * 60_000, Limits(memory_bytes=300 << 20))
    assert caught.value.slug in {"render-limit", "render-failed"}


def test_missing_libraries_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the layout libraries the error says what to install."""
    monkeypatch.setitem(sys.modules, "weasyprint", None)
    with pytest.raises(PangoMissingError) as caught:
        draw(_job())
    assert caught.value.slug == "pango-missing"
    assert "libpangoft2-1.0-0" in (caught.value.remedy or "")


def test_plain_import_needs_no_layout_library() -> None:
    """Importing the modules that print does not load the printer."""
    done = subprocess.run(
        (sys.executable, "-c", "import reports.render, reports.html, sys; sys.exit('weasyprint' in sys.modules)"),
        cwd=Path(__file__).parents[2],
        check=False,
    )
    assert done.returncode == 0


@pytest.mark.slow
def test_styles_left_out_change_no_page() -> None:
    """A page with every part of the sample, lists and quotations among them, is printed as the library prints it."""
    program = (
        "import sys, weasyprint; from datetime import UTC, datetime; from reports.pdf import Job, draw; "
        "html = sys.stdin.read(); job = Job(html, b'x' * 16, datetime(2026, 1, 1, tzinfo=UTC), 't', 'en'); "
        "lean = draw(job); import reports.pdf; reports.pdf._page = lambda printer: printer.HTML; "
        "sys.exit(lean != draw(job))"
    )
    html = render_html(sample(registered=4)).replace("</main>", "<ol><li>a<ul><li>b</li></ul></li></ol><q>c</q></main>")
    assert "<ol><li>a" in html
    with as_file(files("reports") / "fonts") as fonts, TemporaryDirectory() as folder:
        configuration = Path(folder, "fonts.conf")
        configuration.write_text(f"<fontconfig><dir>{fonts}</dir><cachedir>{folder}</cachedir></fontconfig>")
        done = subprocess.run(
            (sys.executable, "-c", program),
            input=html,
            text=True,
            check=False,
            cwd=Path(__file__).parents[2],
            env=os.environ | {"FONTCONFIG_FILE": str(configuration)},
        )
    assert done.returncode == 0


def _job(*attachments: Attachment) -> Job:
    return Job("", b"", WHEN, "", "en", attachments)


def test_attachments_that_could_not_be_told_apart_are_refused() -> None:
    """Equal names and folders in names are a caller's mistake."""
    one = ATTACHED[0]
    for other in (
        one,
        Attachment("x/y.zip", b"", "application/zip", "", WHEN),
    ):
        with pytest.raises(ValueError, match="attachments"):
            _job(one, other)
