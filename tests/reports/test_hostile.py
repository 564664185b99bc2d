"""A release told by an attacker, printed as a whole pack: every attack is text on a bounded number of pages."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
from datetime import UTC, datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pypdf import PdfReader

from reports.packs import Pack, make_pack
from reports.release.view import PackSettings
from reports.sealed import judge_pages
from reports.sealing import new_seal_key, seal_pdf
from tests.reports.release_story import Company, found
from tests.world import git_id

ATTACKS = {
    "marks": "e" + "\u0301" * 50_000,
    "word": "W" * 20_000,
    "wide word": "\u8a00" * 20_000,
    "nesting": "<div><b><table><tr><td>" * 3_000,
    "brackets": "[" * 20_000,
    "link to a file": "<a rel=attachment href=file:///etc/passwd>take</a><link rel=attachment href=file:///etc/passwd>",
    "style": "</style><style>*{background:url(http://169.254.169.254/latest)}@import 'file:///etc/passwd';</style>",
    "script": "<script>alert(1)</script><a href=\"javascript:alert(1)\" onclick='alert(1)'>x</a><svg onload=alert(1)>",
    "picture": "<img src=file:///etc/passwd onerror=alert(1)><object data=file:///etc/passwd></object>",
    "markdown": "[click](javascript:alert(1)) ![x](http://127.0.0.1:9/x.png) <http://127.0.0.1:9/>",
    "template": "{{ 7 * 7 }} {% include '/etc/passwd' %} {# gone #} ${7*7}",
    "entities": "&#x202e;&lt;b&gt;&nbsp;&zwnj;&#0;",
    "bidi": "approved by \u202eyrollaM\u202c \u2066\u2067\u2068 \u200fon the way\u200e",
    "hidden": "do\u200bnot\u2060 appr\u00adove \U000e0041\ufeff\x00\x1b[31m\x07",
    "lines": "one\r\nSIGNED: Ada\r\u2028two\u2029three\x0b\x0cfour" + "\n" * 3_000 + "end",
    "pdf": ") >> endobj /ByteRange [0 1 2 3] /Type /EmbeddedFile/Subtype /application#2fzip/ %%EOF (",
    "css": '"; } * { display: none } /* url(javascript:alert(1)) \\22 expression(alert(1))',
    "not in any font": "\U0001f680\U00013000\ue000\U000f0000\uffff",
}
"""What somebody may write where others read, by its sort."""
SHOWN = (
    "rel=attachment href=file:///etc/passwd",
    "@import",
    "<script>alert(1)</script>",
    "[click](javascript:alert(1))",
    "{{ 7 * 7 }}",
    "&#x202e;&lt;b&gt;",
    "\\u{202E}yrollaM",
    "do\\u{200B}not",
    "display: none",
    "\\u{1F680}",
)
"""Of each, what must be read on a page."""


def told() -> Company:
    """A release of two changes in which every captured text is an attack."""
    company = found()
    world, ci = company.world, company.ci
    texts = tuple(ATTACKS.values())
    short = tuple(text[:120].replace("\n", " ").replace("\r", " ").replace("\x00", "") for text in texts)
    mallory = company["Mallory"]
    landed = []
    for number, attacks in (("91", texts[:9]), ("92", texts[9:])):
        asked = [
            world.prompt("payments", number, mallory, ci, text=text, session=f"s-{number}-{at}")
            for at, text in enumerate(attacks)
        ]
        commits = [
            world.commit(
                f"{text}{number}",
                mallory,
                author_person={"mail": f"{at}@{text[:60]}", "name": text},
                tree=git_id(f"tree of {number}"),
            )
            for at, text in enumerate(short)
        ]
        # A path holds neither a zero byte nor lone surrogates; everything else may be in it.
        paths = {f"src/{text[:200]}.py".replace("//", "/"): number for text in short}
        change = world.diff(
            "payments", number, mallory, ci, paths, prompts=asked, commits=commits, tree=git_id(f"tree of {number}")
        )
        ran = world.run("payments", change.tree, change.head, ci, change=number, suite="unit", failures=2)
        for by, text in zip(("Marta", "Youssef", "Haruka", "Noa"), attacks[:4], strict=True):
            world.approve("payments", change, company[by], tests=[ran], prompts=asked, comment=text)
        landed.append(world.merge("payments", change, mallory, ci))
    world.release("payments", "4.12.0", landed, mallory, ci)
    return company


@cache
def pack() -> Pack:
    """The pack, printed once, in the time and memory that every pack has."""
    world = told().world
    release = world.records_list[-1]
    when = datetime(2026, 3, 3, 7, 0, tzinfo=UTC)
    settings = PackSettings(when, ZoneInfo("UTC"), "UTC", ATTACKS["script"], notice=ATTACKS["style"])
    as_of = f"{world.now:%Y-%m-%dT%H:%M:%S}.000Z"
    return make_pack(world.bundle(release), world.anchor, as_of=as_of, settings=settings)


def printed() -> PdfReader:
    """Its pages."""
    return PdfReader(io.BytesIO(pack().pdf or b""))


@pytest.mark.slow
def test_the_pack_has_ordinary_length() -> None:
    """A hundred thousand letters, fifty thousand marks and deep nesting stay within the pages of an ordinary pack."""
    assert pack().verification.intact
    assert len(printed().pages) < 90
    assert len(pack().html) < 3_000_000


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="poppler-utils is not installed")
def test_attacks_are_read_as_text() -> None:
    """What was written is on the pages as it was written, with hidden and reordering characters made visible."""
    done = subprocess.run(("pdftotext", "-raw", "-", "-"), input=pack().pdf, capture_output=True, check=True)
    # The reader itself puts a pair of marks around words that run from right to left.
    read = re.sub("[\u202a\u202b]([^\u202a-\u202e]*)\u202c", r"\1", done.stdout.decode())
    words = re.sub(r"\s+", "", read)
    for text in SHOWN:
        assert re.sub(r"\s+", "", text) in words, text
    assert "morecombiningmarks]" in words
    assert "of50,001characters" in words
    for character in ATTACKS["bidi"] + ATTACKS["hidden"]:
        if not character.isprintable():
            assert character not in words


@pytest.mark.slow
def test_pages_lead_nowhere_outside_and_do_nothing() -> None:
    """The PDF has links to its own pages alone, and no action, script, form or file but those of every pack."""
    reader = printed()
    for page in reader.pages:
        for reference in page.get("/Annots", ()):
            annotation: Any = reference.get_object()
            assert annotation["/Subtype"] == "/Link"
            assert "/A" not in annotation or annotation["/A"]["/S"] == "/GoTo"
            assert "/AA" not in annotation
    catalog: Any = reader.root_object
    assert not {"/OpenAction", "/AA", "/AcroForm", "/URI"} & set(catalog)
    assert "/JavaScript" not in catalog["/Names"]
    assert sorted(name.rpartition(".")[2] for name in reader.attachments) == [
        "html",
        "json",
        "json",
        "json",
        "xlsx",
        "zip",
    ]


@pytest.mark.slow
def test_the_page_holds_only_our_own_elements() -> None:
    """The HTML has no script, picture, frame, foreign link, handler or style but its own."""
    html = pack().html
    assert html.count("<style") == 1
    assert not re.search(r"<(script|img|object|iframe|embed|link|form|input|base)\b", html)
    assert not re.search(r"<[a-z][^<>]*\son[a-z]+\s*=", html)
    assert all(target.startswith("#") for target in re.findall(r'<[a-z][^<>]*\shref="([^"]*)"', html))
    assert not re.search(r"<[a-z][^<>]*\sstyle\s*=[^<>]*url\(", html)


@pytest.mark.slow
def test_such_a_pack_is_sealed_like_any_other() -> None:
    """No captured text stands where a verifier looks for the seal or the bundle."""
    key = new_seal_key(pack().verification.records.ledger, datetime(2026, 3, 3, tzinfo=UTC))  # type: ignore[union-attr]
    sealed = seal_pdf(pack().pdf or b"", key, signed_at=datetime(2026, 3, 3, 8, 0, tzinfo=UTC))
    assert judge_pages(sealed, pack().bundle, pack().verification).reason.startswith("S11")
