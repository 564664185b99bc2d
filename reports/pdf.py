"""A pack as PDF: PDF/A-3A and PDF/UA-1 at once, with files inside, the same bytes for the same input.

The only module that imports WeasyPrint, and only in a process of its own (`reports.render`): the text printed is an
attacker's, and a page can be made to take hours or gigabytes.
"""

from __future__ import annotations

import logging
import mimetypes
import warnings
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Literal, NoReturn
from xml.sax.saxutils import escape

from ledger.errors import LedgerError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable

NAMESPACE: Final = "https://evidence-ledger.invalid/ns/pack/1#"
"""XMP namespace of the pack's own properties. A name, never fetched."""

_OUTSIDE: Final = "the document points to something outside itself"

Relationship = Literal["Source", "Data", "Alternative", "Supplement"]


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
class Attachment:
    """A file inside the PDF."""

    name: str
    """File name, without folders."""
    content: bytes
    """Its bytes; they come out unchanged."""
    media_type: str
    """Such as ``application/zip``; one for each ending of a name."""
    description: str
    """What a reader shows beside the name."""
    modified: datetime
    """Both dates of the file in the PDF."""
    relationship: Relationship = "Source"
    """ISO 32000-2, 7.11.3: what the file is to the pages."""


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
        contents: dict[bytes, str] = {}
        for attachment in self.attachments:
            # The printer finds a file's relationship by its bytes.
            if contents.setdefault(attachment.content, attachment.relationship) != attachment.relationship:
                raise ValueError("attachments with equal bytes must have one relationship")
        if not all(one.name.isascii() and one.name.isalpha() for one in self.properties):
            raise ValueError("property names are letters only")
        if self.created.tzinfo is None or any(one.modified.tzinfo is None for one in self.attachments):
            raise ValueError("a time without a zone cannot be printed")


def draw(job: Job) -> bytes:
    """The PDF of ``job``, drawn in this process. Call `reports.render.render_pdf` instead: it sets limits.

    Any warning of the printer is an error: a missing glyph or an unknown style would silently change the pages.

    Raises:
        PangoMissingError: a library is not installed.
        RenderError: ``render-warning``, ``render-fetch``.
    """
    printer, denied, closed = _weasyprint()
    _register(job.attachments)
    heard = _Heard()
    logger = logging.getLogger("weasyprint")
    logger.addHandler(heard)
    try:
        document = printer.HTML(string=job.html, url_fetcher=closed).render(
            pdf_variant="pdf/a-3a", presentational_hints=False
        )
        _check_closed(document)
        _keep_outer_links(document)
        _describe(document.metadata, job, printer.Attachment, closed)
        pdf: bytes = document.write_pdf(
            finisher=_finish, pdf_variant="pdf/a-3a", pdf_identifier=job.identifier, presentational_hints=False
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


def _register(attachments: tuple[Attachment, ...]) -> None:
    """Makes the printer write each attachment's media type, whatever this machine's own tables say."""
    from weasyprint.pdf import anchors  # noqa: PLC0415 - see `_weasyprint`

    mimetypes.init(files=())
    for attachment in attachments:
        _, dot, ending = attachment.name.rpartition(".")
        if not dot:
            raise ValueError("an attachment's name has an ending")
        anchors.MIMETYPES.add_type(attachment.media_type, f".{ending}")
    for attachment in attachments:
        if anchors.MIMETYPES.guess_type(attachment.name) != (attachment.media_type, None):
            raise ValueError("two attachments with one ending have different media types")


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


def _describe(
    metadata: Any,  # noqa: ANN401 - the library has no types
    job: Job,
    attachment_class: Callable[..., Any],
    closed: object,
) -> None:
    """Sets title, language, dates, files and claims from the job: the page's own head is not asked."""
    stamp = job.created.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    metadata.title, metadata.lang, metadata.created, metadata.modified = job.title, job.language, stamp, stamp
    metadata.attachments = [
        attachment_class(
            string=one.content,
            url_fetcher=closed,
            name=one.name,
            description=one.description,
            relationship=one.relationship,
            created=one.modified.astimezone(UTC),
            modified=one.modified.astimezone(UTC),
        )
        # A name tree is sorted (ISO 32000-1, 7.9.6).
        for one in sorted(job.attachments, key=lambda one: one.name.encode())
    ]
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


def _finish(document: object, pdf: Any) -> None:  # noqa: ANN401 - the library has no types
    """Names each attached file once in the catalog; the printer names it twice."""
    del document
    listed = pdf.catalog.get("AF")
    if listed:
        listed[:] = list(dict.fromkeys(listed))
