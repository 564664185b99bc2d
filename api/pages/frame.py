"""Who asks for a page and what came with it; and how a page is answered."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, cast
from urllib.parse import parse_qsl, urlsplit

from fastapi.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse

from api.asgi import header, media_type, read_body
from api.problems import status_of
from ledger.errors import AuthorityError, FormatError
from reports.pages.notices import problem_page
from reports.pages.shell import Shell
from reports.pages.words import title
from reports.parts import words
from reports.text import capture

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from fastapi import Request

    from api.access import Visitor
    from api.asgi import Receive, Scope
    from ledger.errors import LedgerError
    from reports.pages.shell import Made

FORM_TYPES: Final = frozenset({"application/x-www-form-urlencoded"})
MAX_FORM_BYTES: Final = 128 * 1024
FORM_SECONDS: Final = 15.0
MOST_FIELDS: Final = 16
HOME: Final = "/releases"
PIECE_BYTES: Final = 1024 * 1024

_TARGET = re.compile(r"/(?:releases|periods|trace|packs|prints)(?:[/?][!-~]*)?", re.ASCII)
_PLAIN = re.compile(r"[^A-Za-z0-9._-]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Frame:
    """What every page is made in."""

    visitor: Visitor | None
    """None: nobody is signed in, and the page needs nobody to be."""
    session: str | None
    """Id that the cookie brought."""
    form_key: str
    form: Mapping[str, str] = field(default_factory=dict)
    """What a POST brought."""

    def shell(self, called: str, here: str = "", *, refresh_seconds: int | None = None) -> Shell:
        """The frame of a page that is so called."""
        name = None if self.visitor is None or self.visitor.token is None else self.visitor.name
        return Shell(
            title=capture(called, limit=160),
            here=here,
            visitor=None if name is None else words(name),
            form_key=self.form_key,
            shows_contents=self.visitor is not None and self.visitor.reads_contents,
            refresh_seconds=refresh_seconds,
        )

    @property
    def contents(self) -> bool:
        """Whether the visitor may see contents."""
        return self.visitor is not None and self.visitor.reads_contents

    def need_contents(self) -> None:
        """Nothing, if the visitor may see contents.

        Raises:
            AuthorityError: ``token-scope``.
        """
        if not self.contents:
            raise AuthorityError(
                "token-scope",
                "the token does not open this",
                details={"needed": "contents"},
                remedy="Packs and bundles hold contents: sign in with a token whose scopes include contents.",
            )


def frame_of(request: Request) -> Frame:
    """The frame that a request was given."""
    return cast("Frame", request.state.frame)


async def read_form(scope: Scope, receive: Receive) -> dict[str, str]:
    """The fields of a form that was sent; of a repeated one the last.

    Raises:
        FormatError: ``unsupported-media-type``, ``too-long``, ``bad-parameter``. UnavailableError: ``slow-body``.
    """
    if media_type(scope) not in FORM_TYPES:
        raise FormatError("unsupported-media-type", "the body is not of a type that this address takes")
    body = bytearray()
    await read_body(scope, receive, body.extend, limit=MAX_FORM_BYTES, seconds=FORM_SECONDS)
    try:
        text = bytes(body).decode("ascii")
        fields = parse_qsl(text, keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="replace")
    except ValueError:
        raise FormatError("bad-parameter", "the form is not of its form") from None
    return dict(fields)


def check_own_form(scope: Scope) -> None:
    """Nothing, unless the browser says that another site's page sent this form.

    Under ``no-referrer`` an honest form comes with ``Origin: null``; what it proves is in its key. Behind a proxy the
    host may have another name here, so where the browser itself compared the two (Fetch Metadata), its word counts.

    Raises:
        AuthorityError: ``foreign-form``.
    """
    site, origin = header(scope, b"sec-fetch-site"), header(scope, b"origin")
    own = site in ("same-origin", "none") or (
        not site and (origin in ("", "null") or urlsplit(origin).netloc == header(scope, b"host"))
    )
    if not own:
        raise foreign_form()


def foreign_form() -> AuthorityError:
    """Why a form is refused that none of our pages sent."""
    return AuthorityError(
        "foreign-form",
        "the form was not sent by a page of this server, or the page is from before its last start",
        remedy="Open the page again, and send it from there.",
    )


def own_target(text: str) -> str:
    """``text`` as a path to go to: one of the pages, never another site."""
    return text if len(text) <= 2_000 and _TARGET.fullmatch(text) else HOME


def page_answer(made: Made, status: int = 200) -> HTMLResponse:
    """A page, kept by nobody and framed by nobody."""
    return HTMLResponse(made.html, status_code=status, headers={"Content-Security-Policy": made.policy, **_ALONE})


def problem_answer(error: LedgerError, frame: Frame) -> Response:
    """The page of an error, with its status."""
    return page_answer(problem_page(error, frame.shell(title("problem"))), status_of(error))


def go_to(path: str) -> Response:
    """The answer that leads the browser to ``path``, a path of this server."""
    return RedirectResponse(path, status_code=303, headers={"Cache-Control": "no-store"})


def file_answer(data: bytes, media_type: str, name: str) -> Response:
    """``data`` as a file to keep; a browser shows it as no page of this server."""
    headers = {
        **_ALONE,
        "Content-Disposition": f'attachment; filename="{_PLAIN.sub("-", name)[:140]}"',
        "Content-Length": str(len(data)),
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    return StreamingResponse(_pieces(data), media_type=media_type, headers=headers)


_ALONE: Final = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
}


def _pieces(data: bytes) -> Iterator[bytes]:
    view = memoryview(data)
    for start in range(0, len(data), PIECE_BYTES):
        yield bytes(view[start : start + PIECE_BYTES])
