"""The pages of one server as an ASGI application: who is there, what was sent, then the routes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from api.asgi import GoneError, header
from api.pages.finding import Finder
from api.pages.frame import Frame, check_own_form, foreign_form, go_to, problem_answer, read_form
from api.pages.known import Knowing
from api.pages.looking import Looker
from api.pages.packs import PackFinder
from api.pages.printing import Printer
from api.pages.releasing import Releasing
from api.pages.routes import page_routes
from api.pages.sessions import Sessions
from api.problems import status_of
from ledger.anchor import format_anchor
from ledger.errors import LedgerError
from reports.html import environment

if TYPE_CHECKING:
    from api.access import Gate, Visitor
    from api.asgi import Receive, Scope, Send
    from ledger.anchor import Anchor
    from ledger.settings import LedgerSettings
    from ledger.store import Store

PLACES: Final = frozenset({"bundles", "packs", "periods", "prints", "releases", "sign-in", "sign-out", "trace"})
"""First parts of the addresses of pages."""
INTERFACE: Final = frozenset({"checkpoint", "livez", "openapi.json", "readyz", "tile", "v1", "version"})
"""First parts of the addresses for machines."""
OPEN: Final = frozenset({"/sign-in", "/sign-out"})
"""Pages for whoever is not signed in; they tell nothing of the ledger."""


class Pages:
    """The pages over one store."""

    def __init__(self, store: Store, anchor: Anchor, gate: Gate, settings: LedgerSettings) -> None:
        self._gate = gate
        self._sessions = Sessions(secure=not settings.loopback)
        line = format_anchor(anchor)
        knowing = Knowing(store)
        self._looker = Looker(store, line)
        self._printer = Printer(store, self._looker, line, settings)
        packs = PackFinder(store, knowing)
        releasing = Releasing(store, self._looker, knowing, packs, settings, line)
        finder = Finder(store, knowing, self._looker)
        self._app = page_routes(releasing, finder, packs, self._printer, gate, self._sessions)
        _prepare(knowing)

    def close(self) -> None:
        """Takes no further work."""
        self._printer.close()
        self._looker.close()

    def serves(self, scope: Scope) -> bool:
        """Whether the request is for a page.

        An address that is neither a page's nor the interface's is one to whoever takes HTML: a page says that nothing
        is there. Machines are told so in a problem document.
        """
        path: str = scope["path"]
        place = path.split("/", 2)[1] if path.startswith("/") else ""
        return place in PLACES or (place not in INTERFACE and "text/html" in header(scope, b"accept"))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request."""
        session = self._sessions.identifier(header(scope, b"cookie"))
        frame = Frame(None, session, self._sessions.form_key(session))
        try:
            visitor = self._visitor(scope, session)
            frame = Frame(visitor, session, frame.form_key)
            if scope["method"] == "POST":
                frame = Frame(visitor, session, frame.form_key, await self._form(scope, receive, session))
            scope["state"] = {**scope.get("state", {}), "frame": frame}
            await self._app(scope, receive, send)
        except GoneError:
            return
        except LedgerError as error:
            answer = problem_answer(error, frame)
            if status_of(error) == 401 and scope["method"] == "GET":
                query = scope["query_string"].decode("latin-1")
                target = scope["path"] + (f"?{query}" if query else "")
                answer = go_to(f"/sign-in?target={quote(target, safe='')}")
            await answer(scope, receive, send)

    def _visitor(self, scope: Scope, session: str | None) -> Visitor | None:
        if scope["path"] not in OPEN:
            return self._gate.visitor(scope, self._sessions.token(session))
        return None

    async def _form(self, scope: Scope, receive: Receive, session: str | None) -> dict[str, str]:
        """The fields of a form that one of our own pages sent."""
        check_own_form(scope)
        form = await read_form(scope, receive)
        key = form.get("key", "")
        # Strict cookies stay away when a link elsewhere led to the sign-in page, and come with the form it sends.
        known = (session, None) if scope["path"] in OPEN else (session,)
        if not any(self._sessions.fits(key, one) for one in known):
            raise foreign_form()
        return form


def _prepare(knowing: Knowing) -> None:
    """Does what the first visitor would wait for otherwise: half of the time of their first answer."""
    templates = environment()
    for name in templates.list_templates():
        templates.get_template(name)
    knowing.now(contents=True)
