"""Everything but the lean routes, through FastAPI, with every error of the framework as a problem document."""

from __future__ import annotations

import logging
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from api.about import about_routes
from api.bundles import bundle_routes
from api.document import document
from api.entries import entry_routes
from api.problems import bad_parameter, framework_error, problem_bytes, problem_headers, status_of
from api.proofs import proof_routes
from ledger.errors import LedgerError

if TYPE_CHECKING:
    from ledger.anchor import Anchor
    from ledger.store import Store

LOG: Final = logging.getLogger("evidence_ledger.api")


def reading_app(store: Store, anchor: Anchor) -> FastAPI:
    """The FastAPI application of all routes that read."""
    # Its own pages load scripts from elsewhere; the document itself is served below.
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    app.include_router(entry_routes(store))
    app.include_router(proof_routes(store))
    app.include_router(about_routes(store, anchor))
    app.include_router(bundle_routes(store))
    app.add_exception_handler(LedgerError, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _of_framework)
    app.add_exception_handler(Exception, _failed)
    made: dict[str, Any] = {}

    @app.get("/", include_in_schema=False)
    def places() -> JSONResponse:
        # Whoever takes HTML is led to the pages before this.
        return JSONResponse({"interface": "/openapi.json", "pages": ["/releases", "/packs", "/trace"]})

    @app.get("/openapi.json", include_in_schema=False)
    def openapi() -> JSONResponse:
        if not made:
            made.update(document(app, version("evidence-ledger")))
        return JSONResponse(made)

    return app


def _answer(error: LedgerError) -> Response:
    answer = Response(problem_bytes(error), status_code=status_of(error))
    for name, value in problem_headers(error):
        answer.headers[name.decode("ascii")] = value.decode("ascii")
    return answer


def _refused(_request: Request, error: Exception) -> Response:
    if not isinstance(error, LedgerError):
        raise error
    if status_of(error) >= 500:
        LOG.warning("refused: %s", error.slug)
    return _answer(error)


def _invalid(_request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    # Names of parameters are ours; what was sent in them is not repeated.
    places = [str(item["loc"][-1]) for item in error.errors()]
    return _answer(bad_parameter(places[0] if places else ""))


def _of_framework(_request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    answer = _answer(framework_error(error.status_code))
    if error.headers and "allow" in {name.lower() for name in error.headers}:
        answer.headers["Allow"] = {name.lower(): value for name, value in error.headers.items()}["allow"]
    return answer


def _failed(_request: Request, _error: Exception) -> Response:
    return _answer(framework_error(500))
