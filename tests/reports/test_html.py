"""The HTML file of a pack: closed, safe against its own text, the same every time."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser
from importlib.resources import files
from itertools import pairwise

import pytest

from reports import parts
from reports.html import render_html, stylesheet
from reports.parts import line, words
from tests.reports.sample import HOSTILE, sample

ELEMENTS = frozenset(
    [
        "html",
        "head",
        "meta",
        "title",
        "style",
        "body",
        "header",
        "main",
        "section",
        "div",
        "p",
        "span",
        "strong",
        "br",
        "wbr",
        "bdi",
        "a",
        "h1",
        "h2",
        "h3",
        "table",
        "caption",
        "colgroup",
        "col",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "ul",
        "ol",
        "li",
        "pre",
        "figure",
        "figcaption",
        "blockquote",
        "svg",
        "rect",
        "path",
        "circle",
        "text",
    ]
)
TEMPLATES = sorted(path.name for path in (files("reports") / "templates").iterdir())


class Elements(HTMLParser):
    """Collects elements and attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Called by the parser for each element."""
        self.found.append((tag, dict(attrs)))


def _elements(html: str) -> list[tuple[str, dict[str, str | None]]]:
    parser = Elements()
    parser.feed(html)
    return parser.found


def test_no_element_beyond_ours_and_no_address() -> None:
    """Hostile text adds no element, event handler, style attribute or address."""
    for tag, attributes in _elements(render_html(sample())):
        assert tag in ELEMENTS
        assert not any(name.startswith("on") or name in {"style", "src", "srcset", "action"} for name in attributes)
        assert (attributes.get("href") or "#").startswith("#")


def test_every_hostile_string_in_every_place_stays_text() -> None:
    """The same elements come out whatever stands in titles, names and running heads."""
    document = sample()
    for value in HOSTILE:
        hostile = replace(
            document, subject=words(value), pack_id=words(value), notice_tag=words(value), issuer=words(value)
        )
        assert {tag for tag, _ in _elements(render_html(hostile))} <= ELEMENTS


def test_policy_allows_exactly_the_style_in_the_file() -> None:
    """The content security policy forbids everything and allows one style element by digest."""
    html = render_html(sample())
    style = re.search(r"<style>(.*?)</style>", html, re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    policies = [a["content"] for tag, a in _elements(html) if a.get("http-equiv") == "Content-Security-Policy"]
    assert policies == [f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"]


def test_same_document_same_text() -> None:
    """Rendering is a function of the document."""
    assert render_html(sample()) == render_html(sample())


def test_references_lead_somewhere() -> None:
    """Every link of the pack has its target."""
    found = _elements(render_html(sample()))
    targets = {attributes["id"] for _, attributes in found if "id" in attributes}
    for tag, attributes in found:
        if tag == "a":
            assert (attributes["href"] or "")[1:] in targets


def levels(html: str) -> list[int]:
    """The levels of the headings, in order."""
    return [int(tag[1]) for tag, _ in _elements(html) if re.fullmatch("h[1-6]", tag)]


def test_headings_never_skip_a_level() -> None:
    """The first heading is of the upper level, and none is more than one below the one before it (PDF/UA)."""
    found = levels(render_html(sample()))
    assert found[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(found))


def test_empty_registers_say_so() -> None:
    """A table without rows prints its sentence instead of nothing."""
    assert "The release contains no change." in render_html(sample(registered=0))


def test_style_reaches_out_to_nothing() -> None:
    """The style has no address and no import."""
    assert "url(" not in stylesheet()
    assert "@import" not in stylesheet()


@pytest.mark.parametrize("name", TEMPLATES)
def test_templates_only_place_filtered_text(name: str) -> None:
    """No template switches the filter off, joins strings around it, or writes a raw value into an attribute."""
    source = (files("reports") / "templates" / name).read_text("utf-8")
    source = re.sub(r"{#.*?#}", "", source, flags=re.DOTALL)
    assert not re.search(r"\|\s*safe|Markup|style=|autoescape| ~ |\|\s*format", source)
    for expression in re.findall(r'[a-z-]+="[^"]*?{{([^}]*)}}', source):
        numeric = re.fullmatch(r"[ a-z.+*/0-9_()-]*", expression) and name == "figures.html"
        assert "|attr" in expression or numeric or "width" in expression, expression


@pytest.mark.parametrize("anchor", ["", "A", "a b", 'a"b', "#a", "é"])
def test_anchors_are_plain(anchor: str) -> None:
    """An anchor made of captured text is refused."""
    with pytest.raises(ValueError, match="anchor"):
        parts.Reference(anchor, words("x"))


def test_table_shapes_are_checked() -> None:
    """Widths sum to 100 and rows fit their columns."""
    with pytest.raises(ValueError, match="100"):
        parts.Table((parts.Column(words("a"), 99),), (), words("none"))
    with pytest.raises(ValueError, match="cell"):
        parts.Table((parts.Column(words("a"), 100),), (parts.Row((line("x"), line("y"))),), words("none"))
