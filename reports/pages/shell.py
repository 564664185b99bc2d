"""What stands around every page, and how a page becomes HTML with the policy that goes along."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urlencode

from markupsafe import Markup

from reports.html import content_policy, environment, stylesheet

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reports.text import Text

SAFE_IN_PATH: Final = "@:"
"""Left readable in links; every other character of a name is percent-encoded."""


@dataclass(frozen=True, slots=True)
class Shell:
    """The frame of a page."""

    title: Text
    here: str
    """Which of the places of the bar it is: ``releases``, ``trace``, ``packs``; empty: none."""
    visitor: Text | None
    """Name of the token that the visitor signed in with; None: this server has no tokens."""
    form_key: str
    """Sent along by every form, so that no other site's form does anything here."""
    shows_contents: bool = True
    """Whether the visitor may see prompts, names and other contents."""
    refresh_seconds: int | None = None
    """After how long the browser asks again; None: never."""

    @property
    def refresh(self) -> str:
        """The same for its attribute."""
        return "" if self.refresh_seconds is None else str(self.refresh_seconds)


@dataclass(frozen=True, slots=True)
class Made:
    """A page ready to send."""

    html: str
    policy: str
    """Its Content-Security-Policy."""


def render_page(template: str, shell: Shell, **values: object) -> Made:
    """The page of a template: the same values, the same bytes."""
    css = page_stylesheet()
    policy = content_policy(css, forms="'self'")
    html = (
        environment()
        .get_template(template)
        .render(
            **values,
            shell=shell,
            css=Markup(css),  # noqa: S704 - our own files
            policy=policy,
        )
    )
    # A page may not be framed; that directive counts in a header only.
    return Made(html, f"{policy}; frame-ancestors 'none'")


def path_of(*parts: str, **query: str | int | None) -> str:
    """A link to a path of this server, every part encoded; members of the query that are None are left out."""
    asked: Mapping[str, str | int] = {name: value for name, value in query.items() if value is not None}
    path = "/" + "/".join(quote(part, safe=SAFE_IN_PATH) for part in parts)
    return f"{path}?{urlencode(asked)}" if asked else path


def page_stylesheet() -> str:
    """The style of a pack, then that of a page."""
    return stylesheet() + _own_style()


@cache
def _own_style() -> str:
    css = files("reports").joinpath("page.css").read_text("utf-8")
    if "</" in css:
        raise ValueError("the style would end its own element")
    return css
