"""Trained runs behind a small HTTP interface, for programs on the same machine."""

from threading import Lock
from typing import Annotated

from fastapi import FastAPI
from fastapi.requests import Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from markner import __version__
from markner.annotate.text_tagger import TextTagger
from markner.errors import MarknerError

MOST_TEXTS = 1000
"""Texts of one request; more would keep other requests waiting."""


class Texts(BaseModel):
    """The texts of a request."""

    texts: Annotated[list[str], Field(max_length=MOST_TEXTS)]
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


def service(tagger: TextTagger, runs: list[str]) -> FastAPI:
    """Return an application that tags texts.

    Args:
        tagger: Trained runs in memory; requests use them one after another.
        runs: Their folders, which `GET /` names.
    """
    application = FastAPI(
        title="MarkNER", version=__version__, description="Find entity mentions in texts with trained runs."
    )
    one_at_a_time = Lock()

    @application.get("/")
    def about() -> dict[str, list[str]]:
        """Name the runs that tag."""
        return {"runs": runs}

    @application.post("/tag")
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

    @application.exception_handler(MarknerError)
    def refuse(_: Request, error: MarknerError) -> JSONResponse:
        """Answer a text that cannot be tagged with what is wrong and what to send instead."""
        return JSONResponse({"detail": error.message, "fix": error.fix}, status_code=422)

    return application
