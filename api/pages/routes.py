"""The pages: each route reads, opens and answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

from fastapi import FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response  # noqa: TC002 -- FastAPI reads the annotations
from starlette.exceptions import HTTPException

from api.pages.frame import (
    HOME,
    Frame,
    file_answer,
    frame_of,
    go_to,
    own_target,
    page_answer,
    problem_answer,
)
from api.pages.printing import DONE, FAILED
from api.problems import bad_parameter, framework_error, status_of
from ledger.asking import CAN_BE_ASKED
from ledger.errors import AuthorityError, LedgerError, NotFoundError
from reports.pages.notices import done_page, failed_page, sign_in_page, under_way_page, waiting_page
from reports.pages.packs import looked_up_page, packs_page
from reports.pages.shell import path_of
from reports.pages.trace import trace_page
from reports.pages.words import title
from reports.parts import words

if TYPE_CHECKING:
    from api.access import Gate
    from api.pages.finding import Finder
    from api.pages.packs import PackFinder
    from api.pages.printing import Printer
    from api.pages.releasing import Releasing
    from api.pages.sessions import Sessions
    from reports.pages.shell import Made

MAX_COUNT: Final = 2**53 - 1
REFRESH_SECONDS: Final = 2

Position = Annotated[int | None, Query(ge=0, le=MAX_COUNT)]
Short = Annotated[str, Query(max_length=200)]


def page_routes(
    releasing: Releasing, finder: Finder, packs: PackFinder, printer: Printer, gate: Gate, sessions: Sessions
) -> FastAPI:
    """The FastAPI application of all pages. Every request has its frame (``api.pages.frame``)."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    app.add_exception_handler(LedgerError, _refused)
    app.add_exception_handler(RequestValidationError, _refused)
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(Exception, _failed)
    _add_releases(app, releasing)
    _add_prints(app, releasing, printer)
    _add_trace(app, finder, packs)
    _add_packs(app, packs)
    _add_signing_in(app, gate, sessions)
    return app


def _add_releases(app: FastAPI, releasing: Releasing) -> None:
    @app.get("/")
    def home() -> Response:
        return go_to(HOME)

    @app.get("/releases")
    def releases(request: Request, product: Short = "", before: Position = None) -> Response:
        return page_answer(releasing.listing(product, before, frame_of(request)))

    @app.get("/releases/{release:path}")
    def release(request: Request, release: str) -> Response:
        return page_answer(releasing.release(release, frame_of(request)))

    @app.get("/periods")
    def period(
        request: Request,
        period: Short = "",
        from_: Annotated[str, Query(alias="from", max_length=10)] = "",
        to: Annotated[str, Query(max_length=10)] = "",
        first: Position = None,
        end: Position = None,
    ) -> Response:
        span = None if first is None or end is None else (first, end)
        return page_answer(releasing.period(period, from_, to, span, frame_of(request)))

    @app.get("/bundles/{release:path}")
    def release_bundle(request: Request, release: str, position: Position = None) -> Response:
        frame_of(request).need_contents()
        data, name = releasing.release_bundle(release, position)
        return file_answer(data, "application/zip", name)

    @app.get("/bundles")
    def period_bundle(
        request: Request,
        first: Annotated[int, Query(ge=0, le=MAX_COUNT)],
        end: Annotated[int, Query(ge=1, le=MAX_COUNT)],
        asked: Short = "",
    ) -> Response:
        frame_of(request).need_contents()
        data, name = releasing.period_bundle(first, end, asked)
        return file_answer(data, "application/zip", name)


def _add_prints(app: FastAPI, releasing: Releasing, printer: Printer) -> None:
    @app.post("/prints")
    def order(request: Request) -> Response:
        frame = frame_of(request)
        frame.need_contents()
        form = dict(frame.form)
        wanted = releasing.release_order(form, frame) if "release" in form else releasing.period_order(form, frame)
        return go_to(path_of("prints", printer.order(wanted)))

    @app.get("/prints/{identifier}")
    def progress(request: Request, identifier: str) -> Response:
        frame = frame_of(request)
        frame.need_contents()
        found = printer.progress(identifier)
        subject = found.order.subject
        unfinished = frame.shell(title("making"), "releases", refresh_seconds=REFRESH_SECONDS)
        made: Made
        if found.stage is None:
            made = waiting_page(subject, found.before, unfinished)
        elif found.stage == FAILED and found.error is not None:
            made = failed_page(subject, found.error, frame.shell(title("failed"), "releases"))
        elif found.stage == DONE and found.printed is not None:
            printed, path = found.printed, path_of("prints", identifier, "pdf")
            shell = frame.shell(title("made"), "releases")
            made = done_page(
                subject,
                printed.name,
                len(printed.pdf),
                printed.digest,
                printed.pack_id,
                printed.sealed_by,
                found.order.unsealed,
                printed.entries,
                path,
                shell,
            )
        else:
            made = under_way_page(subject, found.stage, found.seconds, unfinished)
        return page_answer(made)

    @app.get("/prints/{identifier}/pdf")
    def pdf(request: Request, identifier: str) -> Response:
        frame_of(request).need_contents()
        printed = printer.progress(identifier).printed
        if printed is None:
            raise NotFoundError("no-such-print", "this pack is not made yet, or could not be made")
        return file_answer(printed.pdf, "application/pdf", printed.name)


def _add_trace(app: FastAPI, finder: Finder, packs: PackFinder) -> None:
    def traced(text: str, frame: Frame, *, asked: bool = True) -> Response:
        shell = frame.shell(title("trace"), "trace")
        if not text.strip():
            return page_answer(trace_page(None, shell, refused=words(CAN_BE_ASKED) if asked else None))
        if packs.with_file(text):
            return go_to(path_of("packs", text.strip()))
        try:
            return page_answer(trace_page(finder.find(text, contents=frame.contents), shell))
        except LedgerError as error:
            if _is_pack(packs, text):
                return go_to(path_of("packs", text.strip()))
            said = f"{error.message[:1].upper()}{error.message[1:]}. {error.remedy or ''}".strip()
            return page_answer(trace_page(None, shell, refused=words(said), asked=text), status_of(error))

    @app.get("/trace")
    def trace(request: Request, q: Annotated[str | None, Query(max_length=4_000)] = None) -> Response:
        return traced(q or "", frame_of(request), asked=q is not None)

    @app.post("/trace")
    def trace_pasted(request: Request) -> Response:
        frame = frame_of(request)
        text = frame.form.get("q", "").strip()
        # What fits a line has an address that can be kept; what was pasted stays out of addresses and their logs.
        return traced(text, frame) if "\n" in text or len(text) > 200 else go_to(path_of("trace", q=text))


def _is_pack(packs: PackFinder, text: str) -> bool:
    try:
        return bool(packs.held(text, contents=False))
    except LedgerError:
        return False


def _add_packs(app: FastAPI, packs: PackFinder) -> None:
    @app.get("/packs")
    def listing(request: Request, digest: Short = "", before: Position = None) -> Response:
        frame = frame_of(request)
        if digest.strip():
            return go_to(path_of("packs", digest.strip()))
        found, older = packs.latest(before, contents=frame.contents)
        return page_answer(packs_page(found, older=older, shell=frame.shell(title("packs"), "packs")))

    @app.get("/packs/{asked}")
    def looked_up(request: Request, asked: str) -> Response:
        frame = frame_of(request)
        found = packs.held(asked, contents=frame.contents)
        made = looked_up_page(asked, found, frame.shell(title("packs"), "packs"))
        return page_answer(made, 200 if found else 404)


def _add_signing_in(app: FastAPI, gate: Gate, sessions: Sessions) -> None:
    @app.get("/sign-in")
    def form(request: Request, target: Annotated[str, Query(max_length=2_000)] = HOME) -> Response:
        return page_answer(sign_in_page(own_target(target), None, frame_of(request).shell(title("sign-in"))))

    @app.post("/sign-in")
    def sign_in(request: Request) -> Response:
        frame = frame_of(request)
        target = own_target(frame.form.get("target", HOME))
        try:
            token = gate.sign_in(frame.form.get("token", ""))
        except AuthorityError as error:
            return page_answer(sign_in_page(target, error, frame.shell(title("sign-in"))), status_of(error))
        # The session that was there before is over: whoever planted its cookie gains nothing.
        sessions.end(frame.session)
        answer = go_to(target)
        answer.headers["Set-Cookie"] = sessions.begin(token)
        return answer

    @app.post("/sign-out")
    def sign_out(request: Request) -> Response:
        answer = go_to("/sign-in")
        answer.headers["Set-Cookie"] = sessions.end(frame_of(request).session)
        return answer


def _refused(request: Request, error: Exception) -> Response:
    if isinstance(error, RequestValidationError):
        places = [str(item["loc"][-1]) for item in error.errors()]
        return problem_answer(bad_parameter(places[0] if places else ""), frame_of(request))
    if isinstance(error, HTTPException):
        return problem_answer(framework_error(error.status_code), frame_of(request))
    if not isinstance(error, LedgerError):
        raise error
    return problem_answer(error, frame_of(request))


def _failed(request: Request, _error: Exception) -> Response:
    return problem_answer(framework_error(500), frame_of(request))
