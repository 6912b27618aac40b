"""Errors as answers: a code, one sentence, an incident id. Never a traceback."""

from __future__ import annotations

import logging

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ..errors import HostaError
from ..session.session import new_incident

log = logging.getLogger(__name__)

RETRY_AFTER_S = 10


def problem_response(error: HostaError) -> Response:
    """The answer that tells of an error which the client can understand."""
    incident = new_incident()
    log.info("incident %s: %s: %s", incident, error.code, error)
    response = _json(error.http_status, error.code, error.sentence, incident)
    if error.http_status in (429, 503):
        response.headers["retry-after"] = str(60 if error.http_status == 429 else RETRY_AFTER_S)
    return response


async def on_hosta_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HostaError)
    return problem_response(error)


async def on_http_error(request: Request, error: Exception) -> Response:
    """Starlette's own refusals: no such path, another method."""
    status: int = getattr(error, "status_code", 500)
    message = {404: "there is nothing here", 405: "this cannot be done with that method"}.get(status, "refused")
    response = _json(status, "usage", message, new_incident())
    response.headers.update(getattr(error, "headers", None) or {})
    return response


async def on_invalid_request(request: Request, error: Exception) -> Response:
    return _json(422, "usage", "the request is not what this address takes; see docs/protocol", new_incident())


async def on_unexpected_error(request: Request, error: Exception) -> Response:
    incident = new_incident()
    log.error("incident %s: %s", incident, request.url.path, exc_info=error)
    return _json(500, "error", "the server made a mistake; its log has the details under this incident", incident)


def _json(status: int, code: str, message: str, incident: str) -> Response:
    content = {"code": code, "message": message, "incident": incident}
    return JSONResponse(content, status, headers={"cache-control": "no-store"})
