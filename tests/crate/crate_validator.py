"""The public validator of RO-Crates without a network: its cache is filled with the one document that it asks for."""

from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any
from unittest.mock import patch

from rdflib import Graph
from rdflib.plugins.sparql import prepareQuery
from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from requests_cache import CachedSession
from rocrate_validator.models import Severity, ValidationSettings
from rocrate_validator.services import validate
from urllib3 import HTTPResponse

CONTEXT_URL = "https://w3id.org/ro/crate/1.1/context"
CONTEXT = Path(__file__).parent / "ro-crate-1.1-context.json"
"""RO-Crate's JSON-LD context, version 1.1.0, in the public domain (CC0)."""
IMPOSSIBLE = "process-run-crate-0.5_5.1"
_prepared, _query = cache(prepareQuery), Graph.query


class _Document(HTTPAdapter):
    """Answers with the document, whatever is asked for."""

    def send(self, request: PreparedRequest, *args: Any, **kwargs: Any) -> Response:
        raw = HTTPResponse(
            BytesIO(CONTEXT.read_bytes()),
            headers={"Content-Type": "application/ld+json"},
            status=200,
            preload_content=False,
            request_url=request.url,
        )
        return self.build_response(request, raw)


def issues(crate: Path, cache: Path, severity: str = "RECOMMENDED") -> list[str]:
    """What the validator finds against the Provenance Run Crate profile, at a severity and above.

    Left out is one check that no crate with a workflow of its own can pass: it wants every workflow and every tool
    identified by an http address, and another wants the workflow's file in the crate
    (https://github.com/crs4/rocrate-validator/issues/51, open).
    """
    with CachedSession(str(cache), backend="sqlite", expire_after=-1) as session:
        session.mount(CONTEXT_URL, _Document())
        session.get(CONTEXT_URL)
    settings = ValidationSettings(
        rocrate_uri=str(crate),
        profile_identifier="provenance-run-crate",
        requirement_severity=Severity[severity],
        offline=True,
        cache_path=cache,
    )
    # The validator asks the same few queries of each entity, and parsing them takes a third of its time.
    with patch.object(Graph, "query", lambda graph, text, *rest, **more: _query(graph, _prepared(text), *rest, **more)):
        result = validate(settings)
    kept = [issue for issue in result.get_issues() if issue.check.identifier != IMPOSSIBLE]
    return [f"{issue.check.identifier} {issue.violatingEntity}: {issue.message}" for issue in kept]
