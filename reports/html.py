"""A pack as one HTML file: self-contained, no script, nothing fetched; the PDF is printed from the same file."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from reports import drawing
from reports.text import Text, capture

if TYPE_CHECKING:
    from reports.parts import Document

_WIDTHS: Final = "".join(f"col.w{percent}{{width:{percent}%}}" for percent in range(1, 101))


def render_html(document: Document) -> str:
    """The HTML file of ``document``: same document, same text.

    The policy in its head forbids every fetch and script; the one style element is allowed by its digest.
    """
    css = stylesheet()
    return (
        environment()
        .get_template("pack.html")
        .render(
            pack=document,
            css=Markup(css),  # noqa: S704 - our own file
            policy=content_policy(css),
            created=document.created.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            squares=drawing.squares,
            strip=drawing.strip,
        )
    )


def content_policy(css: str, *, forms: str = "'none'") -> str:
    """The content security policy that allows exactly the style element holding ``css``, and ``forms`` sent there."""
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode("ascii")
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action {forms}"


@cache
def stylesheet() -> str:
    """The style of every pack. Column widths are classes because the policy forbids style attributes."""
    css = files("reports").joinpath("pack.css").read_text("utf-8") + _WIDTHS
    if "</" in css:
        raise ValueError("the style would end its own element")
    return css


@cache
def environment() -> Environment:
    """Where templates live: everything they place is filtered and escaped, and a forgotten value is an error."""
    made = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        loader=PackageLoader("reports"),
        finalize=_printable,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["attr"] = _attribute
    return made


def _attribute(value: Text | str, limit: int = 2_000) -> Markup:
    """``value`` for an attribute: filtered and escaped, without the break marks that only text may hold.

    What runs along the head of every page has one line, so it is shortened to ``limit`` characters there.
    """
    plain = value.plain if isinstance(value, Text) else capture(value).plain
    return escape(plain if len(plain) <= limit else plain[: limit - 1] + "…")


def _printable(value: object) -> object:
    """What a template may place: filtered text, our own markup and numbers; strings are filtered on the way.

    So no path leads around the filter, whatever a template or a view forgets.
    """
    if isinstance(value, Markup | Text | int | float):
        return value
    if isinstance(value, str):
        return capture(value)
    raise TypeError(f"a template placed a {type(value).__name__}")
