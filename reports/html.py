"""A pack as one HTML file: self-contained, no script, nothing fetched; the PDF is printed from the same file."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC
from functools import cache
from importlib.resources import files
from string import Formatter
from typing import TYPE_CHECKING, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from reports import drawing
from reports.say import say, say_count
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
            css=Markup(css),  # noqa: S704 - our own file
            policy=content_policy(css),
            **pack_values(document),
        )
    )


def pack_values(document: Document) -> dict[str, object]:
    """What the template of a pack, or one that builds on it, prints of ``document``."""
    return {
        "pack": document,
        "created": document.created.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "squares": drawing.squares,
        "strip": drawing.strip,
    }


def content_policy(css: str, *, forms: str = "'none'") -> str:
    """The content security policy that allows exactly the style element holding ``css``, and ``forms`` sent there."""
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode("ascii")
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action {forms}"


def stylesheet() -> str:
    """The style of every pack, with the words beside page numbers in the language spoken.

    Column widths are classes because the policy forbids style attributes.
    """
    return _styled(
        _counted(say("Page {page} of {pages}"), page="counter(page)", pages="counter(pages)"),
        # The number stays beside its word; before the word a line may end.
        _counted(
            say(", page {page}").replace(" {page}", "\N{NO-BREAK SPACE}{page}"),
            page="target-counter(attr(href), page)",
        ),
    )


@cache
def _styled(foot: str, reference: str) -> str:
    css = files("reports").joinpath("pack.css").read_text("utf-8") + _WIDTHS
    for ours, told in (
        ('"Page " counter(page) " of " counter(pages)', foot),
        ('", page " target-counter(attr(href), page)', reference),
    ):
        if css.count(ours) != 1:
            raise ValueError("the style says its page numbers in other words")
        css = css.replace(ours, told)
    if "</" in css:
        raise ValueError("the style would end its own element")
    return css


def _counted(told: str, **counters: str) -> str:
    """``told`` as a value of ``content``: strings with counters between them.

    What has a meaning in a style or could end its element is written as a code point, whoever wrote the catalogue.
    """
    parts: list[str] = []
    for literal, name, _, _ in Formatter().parse(told):
        if literal:
            safe = "".join(one if one.isalnum() or one in " ,.:" else f"\\{ord(one):x} " for one in literal)
            parts.append(f'"{safe}"')
        if name is not None:
            parts.append(counters[name])
    return " ".join(parts)


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
    made.globals["say"] = say
    made.globals["say_count"] = say_count
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
