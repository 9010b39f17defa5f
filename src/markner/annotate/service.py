"""Trained runs behind a small HTTP interface, for programs on the same machine."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from threading import Lock
from typing import Annotated

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.requests import Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from markner import __version__
from markner.annotate.text_tagger import TextTagger
from markner.errors import MarknerError

MOST_TEXTS = 1000
"""Texts of one request; more would keep other requests waiting."""
MOST_BYTES = 20_000_000
"""Bytes of one request."""
_USAGE = (
    'POST /tag with the header Content-Type: application/json and {"texts": ["Patients with asthma had no fever."]}'
)


class Texts(BaseModel):
    """The texts of a request."""

    model_config = ConfigDict(extra="forbid")
    texts: Annotated[list[str], Field(min_length=1, max_length=MOST_TEXTS)]
    """Texts to tag, at most 1,000; blank lines separate paragraphs."""


class TaggedMention(BaseModel):
    """A mention in one of the texts."""

    start: int
    """Characters of the text before the mention."""
    end: int
    """Characters of the text up to the end of the mention."""
    type: str
    """Entity type."""
    text: str
    """The mention itself."""
    score: float | None
    """Confidence of the run that found it, from 0 to 1."""


class Mentions(BaseModel):
    """The answer to a request."""

    mentions: list[list[TaggedMention]]
    """The mentions of each text, in the order of the texts."""


class About(BaseModel):
    """What the service does."""

    runs: list[str]
    """Folders of the runs that tag."""
    usage: str
    """How texts are sent."""
    interface: str
    """Where the interface is described."""


class Problem(BaseModel):
    """The answer to a request that cannot be used."""

    detail: str
    """What is wrong."""
    fix: str
    """What to send instead."""


def service(tagger: TextTagger, runs: list[str]) -> FastAPI:
    """Return an application that tags texts.

    Args:
        tagger: Trained runs in memory; requests use them one after another.
        runs: Their folders, which `GET /` names.
    """
    # The pages that describe the interface (`docs_url`) load their scripts from the network.
    application = FastAPI(
        title="MarkNER",
        version=__version__,
        description="Find entity mentions in texts with trained runs.",
        docs_url=None,
        redoc_url=None,
    )
    one_at_a_time = Lock()

    @application.get("/")
    def about() -> About:
        """Name the runs that tag, and say how to ask them."""
        return About(runs=runs, usage=_USAGE, interface="/openapi.json")

    @application.post("/tag", responses={status: {"model": Problem} for status in (400, 411, 413, 422)})
    def tag(request: Texts) -> Mentions:
        """Return the mentions of each text."""
        with one_at_a_time:
            tagged = list(tagger.tag(request.texts))
        return Mentions(
            mentions=[
                [
                    TaggedMention(
                        start=each.start, end=each.end, type=each.type, text=each.text or "", score=each.confidence
                    )
                    for each in inside
                ]
                for inside in tagged
            ]
        )

    @application.middleware("http")
    async def limit(request: Request, answer: Callable[[Request], Awaitable[Response]]) -> Response:
        """Refuse a body that is too large before it is read."""
        length = request.headers.get("content-length")
        if length is None and "transfer-encoding" in request.headers:
            return _problem(HTTPStatus.LENGTH_REQUIRED, "the request does not say its length", _USAGE)
        if int(length or 0) > MOST_BYTES:
            detail = f"a request of {int(length or 0):,} bytes; the most are {MOST_BYTES:,}"
            return _problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, detail, "send the texts in several requests")
        return await answer(request)

    @application.exception_handler(MarknerError)
    def refuse(_: Request, error: MarknerError) -> JSONResponse:
        """Answer a text that cannot be tagged with what is wrong and what to send instead."""
        return _problem(HTTPStatus.UNPROCESSABLE_ENTITY, error.message, error.fix)

    @application.exception_handler(RequestValidationError)
    def malformed(_: Request, error: RequestValidationError) -> JSONResponse:
        """Answer a request that is not `Texts` with its first error."""
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"][1:])) if first["type"] != "json_invalid" else ""
        reason = first.get("ctx", {}).get("error")
        detail = ": ".join(filter(None, [place, first["msg"], str(reason or "")]))
        return _problem(HTTPStatus.UNPROCESSABLE_ENTITY, detail, _USAGE)

    @application.exception_handler(HTTPException)
    def elsewhere(request: Request, error: HTTPException) -> JSONResponse:
        """Answer a request to another address, or with another method."""
        detail = f"{request.method} {request.url.path}: {error.detail}"
        return _problem(error.status_code, detail, _USAGE)

    return application


def _problem(status: int, detail: str, fix: str) -> JSONResponse:
    return JSONResponse(Problem(detail=detail, fix=fix).model_dump(), status_code=status)
