"""A pack as PDF: PDF/A-3A and PDF/UA-1 at once, with files inside, the same bytes for the same input.

The only module that imports WeasyPrint, and only in a process of its own (`reports.render`): the text printed is an
attacker's, and a page can be made to take hours or gigabytes.
"""

from __future__ import annotations

import logging
import re
import warnings
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, NoReturn
from xml.sax.saxutils import escape

from ledger.errors import LedgerError, UnavailableError
from reports.embedding import Attachment, embed

NAMESPACE: Final = "https://evidence-ledger.invalid/ns/pack/1#"
"""XMP namespace of the pack's own properties. A name, never fetched."""

_NOTES: Final = re.compile(r"^::(?:foot)?note-(?:call|marker|callback) \{[^}]*\}$", re.MULTILINE)
_MARKERS: Final = re.compile(r"^::marker(?= \{)", re.MULTILINE)
_OUTSIDE: Final = "the document points to something outside itself"


class RenderError(LedgerError):
    """The document cannot be printed as it is: another attempt gives the same."""


class PangoMissingError(UnavailableError):
    """The text layout libraries are not installed; the HTML pack can still be made."""

    def __init__(self) -> None:
        super().__init__(
            "pango-missing",
            "the PDF cannot be printed: Pango, PangoFT2 or HarfBuzz subset is not installed",
            remedy=(
                "Debian, Ubuntu: apt install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0; "
                "Fedora: dnf install pango harfbuzz; macOS: brew install pango; "
                "and the Python extra: pip install 'evidence-ledger[reports]'"
            ),
        )


@dataclass(frozen=True, slots=True)
class Property:
    """A fact in the PDF's own metadata (XMP), so that programs need not read pages."""

    name: str
    """Letters only, such as ``packId``."""
    value: str
    description: str
    """For the PDF/A extension schema, which must explain each property."""


@dataclass(frozen=True, slots=True)
class Job:
    """All that a PDF depends on, beside the versions of the libraries."""

    html: str
    identifier: bytes
    """File identifier: fixed by the pack's id, so that it does not change from print to print."""
    created: datetime
    title: str
    language: str
    attachments: tuple[Attachment, ...] = ()
    properties: tuple[Property, ...] = ()

    def __post_init__(self) -> None:
        names = [attachment.name for attachment in self.attachments]
        if len(set(names)) != len(names) or any("/" in name or "\\" in name or not name for name in names):
            raise ValueError("attachments need different names without folders")
        if not all(one.name.isascii() and one.name.isalpha() for one in self.properties):
            raise ValueError("property names are letters only")
        if self.created.tzinfo is None or any(one.modified.tzinfo is None for one in self.attachments):
            raise ValueError("a time without a zone cannot be printed")


def draw(job: Job) -> bytes:
    """The PDF of ``job``, drawn in this process. Call `reports.render.render_pdf` instead: it sets limits.

    A file that holds an attachment must stay until this returns. Any warning of the printer is an error: a missing
    glyph or an unknown style would silently change the pages.

    Raises:
        PangoMissingError: a library is not installed.
        RenderError: ``render-warning``, ``render-fetch``.
    """
    printer, denied, closed = _weasyprint()
    heard = _Heard()

    def finish(document: Any, pdf: Any) -> None:  # noqa: ANN401 - the library has no types
        # The pages are drawn by now. They take ten times the memory of the file that is still to be put together.
        document.pages.clear()
        embed(pdf, job.attachments)

    logger = logging.getLogger("weasyprint")
    logger.addHandler(heard)
    try:
        document = _page(printer)(string=job.html, url_fetcher=closed).render(
            pdf_variant="pdf/a-3a", presentational_hints=False
        )
        _check_closed(document)
        _keep_outer_links(document)
        _describe(document.metadata, job)
        pdf: bytes = document.write_pdf(
            finisher=finish, pdf_variant="pdf/a-3a", pdf_identifier=job.identifier, presentational_hints=False
        )
    except denied:
        raise RenderError("render-fetch", _OUTSIDE) from None
    finally:
        logger.removeHandler(heard)
    if heard.templates:
        raise RenderError(
            "render-warning",
            "the printer warned, so the pages may not show what they should",
            details={"warning_count": len(heard.templates), "first": heard.templates[0]},
        )
    return pdf


class _Heard(logging.Handler):
    """Collects the warnings of the printer, without their values: those are captured text."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.templates: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.templates.append(str(record.msg))


def _weasyprint() -> tuple[Any, type[BaseException], Any]:
    """The library, the class of its fatal fetch error, and a fetcher that refuses everything."""
    try:
        with warnings.catch_warnings():
            # Without HarfBuzz subset the library only warns, and writes other bytes.
            warnings.simplefilter("error", DeprecationWarning)
            import weasyprint  # noqa: PLC0415 - costs half a second and needs libraries few commands need
            from weasyprint.urls import FatalURLFetchingError, URLFetcher  # noqa: PLC0415
    except (ImportError, OSError, DeprecationWarning):
        raise PangoMissingError from None

    class Closed(URLFetcher):  # type: ignore[misc]
        """Refuses every address. The fatal error is a BaseException: others are swallowed and the item left out."""

        def fetch(self, url: str, headers: object = None) -> NoReturn:
            del url, headers
            raise FatalURLFetchingError("refused")

    return weasyprint, FatalURLFetchingError, Closed()


def _page(printer: Any) -> Any:  # noqa: ANN401 - the library has no types
    """The library's class of pages, without the styles of parts that no pack has.

    Its own stylesheet gives every element six pseudo-elements, of notes and of list items, whose styles took a third
    of all memory. Footnotes are not used here, and only list items have markers.
    """
    from weasyprint.html import UA, UA_COUNTER_STYLE  # noqa: PLC0415 - see `_weasyprint`

    text, notes = _NOTES.subn("", UA)
    text, markers = _MARKERS.subn("li::marker", text)
    if not notes or markers != 1:
        raise RenderError("render-style", "the printer's own stylesheet has another form than expected")
    sheet = printer.CSS(string=text, counter_style=type(UA_COUNTER_STYLE)())

    class Page(printer.HTML):  # type: ignore[misc]
        def _ua_stylesheets(self, forms: bool = False) -> list[Any]:  # noqa: FBT001, FBT002 - as the library has it
            del forms
            return [sheet]

    return Page


def _check_closed(document: Any) -> None:  # noqa: ANN401 - the library has no types
    """Refuses links and files of the page's own: addresses in captured text would become actions of the PDF."""
    if document.metadata.attachments or any(link[0] != "internal" for page in document.pages for link in page.links):
        raise RenderError("render-fetch", _OUTSIDE)


def _keep_outer_links(document: Any) -> None:  # noqa: ANN401 - the library has no types
    """Drops the areas that the printer makes for each element inside a link.

    They lie on the link's own area and are no links in the structure tree, as ISO 14289-1, 7.18.5 asks.
    """
    for page in document.pages:
        page.links = [link for link in page.links if link[3].element_tag.partition(":")[0] == "a"]


def _describe(metadata: Any, job: Job) -> None:  # noqa: ANN401 - the library has no types
    """Sets title, language, dates and claims from the job: the page's own head is not asked."""
    stamp = job.created.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    metadata.title, metadata.lang, metadata.created, metadata.modified = job.title, job.language, stamp, stamp
    original = metadata.generate_rdf_metadata
    claims = _claims(job.properties).encode()

    def with_claims(*arguments: object) -> bytes:
        rdf: bytes = original(*arguments)
        head, end, rest = rdf.rpartition(b"</rdf:RDF>")
        if not end or rest.strip():
            raise RenderError("render-metadata", "the printer's metadata has another form than expected")
        return head + claims + end

    metadata.generate_rdf_metadata = with_claims


def _claims(properties: tuple[Property, ...]) -> str:
    """XMP of the PDF/UA claim, the pack's properties, and the extension schemas PDF/A asks for both (6.6.2.3.2)."""
    ours = "".join(f"<pack:{one.name}>{escape(one.value)}</pack:{one.name}>" for one in properties)
    schemas = _schema(
        "PDF/UA identification", "http://www.aiim.org/pdfua/ns/id/", "pdfuaid", (("part", "Integer", "Part of PDF/UA"),)
    )
    if properties:
        schemas += _schema(
            "Evidence pack", NAMESPACE, "pack", tuple((one.name, "Text", one.description) for one in properties)
        )
    pack = f'<rdf:Description rdf:about="" xmlns:pack="{NAMESPACE}">{ours}</rdf:Description>' if properties else ""
    return (
        '<rdf:Description rdf:about="" xmlns:pdfuaid="http://www.aiim.org/pdfua/ns/id/">'
        "<pdfuaid:part>1</pdfuaid:part></rdf:Description>"
        f"{pack}"
        '<rdf:Description rdf:about="" xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/" '
        'xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#" '
        'xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#">'
        f"<pdfaExtension:schemas><rdf:Bag>{schemas}</rdf:Bag></pdfaExtension:schemas></rdf:Description>"
    )


def _schema(title: str, uri: str, prefix: str, properties: tuple[tuple[str, str, str], ...]) -> str:
    items = "".join(
        '<rdf:li rdf:parseType="Resource">'
        f"<pdfaProperty:name>{name}</pdfaProperty:name><pdfaProperty:valueType>{kind}</pdfaProperty:valueType>"
        "<pdfaProperty:category>internal</pdfaProperty:category>"
        f"<pdfaProperty:description>{escape(description)}</pdfaProperty:description></rdf:li>"
        for name, kind, description in properties
    )
    return (
        '<rdf:li rdf:parseType="Resource">'
        f"<pdfaSchema:schema>{escape(title)}</pdfaSchema:schema><pdfaSchema:namespaceURI>{uri}</pdfaSchema:namespaceURI>"
        f"<pdfaSchema:prefix>{prefix}</pdfaSchema:prefix>"
        f"<pdfaSchema:property><rdf:Seq>{items}</rdf:Seq></pdfaSchema:property></rdf:li>"
    )
