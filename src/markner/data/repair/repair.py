"""Repair the predictions of a run with evidence from the whole document."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from markner.data.documents import Sentence, Span, read_sentences
from markner.data.formats.lines import numbered_lines
from markner.data.params import RepairParams
from markner.data.repair.documents import documents_of
from markner.data.repair.steps import DocumentWords, Mentions, make_consistent, mark_terms, resolve_abbreviations
from markner.data.repair.surfaces import Surface, Words
from markner.data.splits import counts_path, native_documents
from markner.errors import MarknerError
from markner.files import write_json
from markner.predictions import Prediction, read_predictions, write_predictions
from markner.study.schema.repaired_runs import RepairStep

_logger = logging.getLogger(__name__)


def repair_predictions(
    sentences: Path, predictions: Path, native: Path | None, gazetteer: Path | None, params: RepairParams, output: Path
) -> dict[str, Any]:
    """Repair predictions step by step; write them and, in `<output stem>.counts.json`, the counts that are returned.

    A repaired prediction keeps the status and the answer of its prediction. It has no confidences: no model gave a
    probability to what a rule adds.

    `predictions` has one for each of `sentences`, in order. `native` is the folder of the corpus' native files if
    `params.native` says how to read the documents in them; `gazetteer` has terms, one a line, for the step of its name.

    Returns:
        `documents`, `alone` (sentences that are a document of their own, for their document is not known), and by step
        `added` and `removed` mentions.

    Raises:
        MarknerError: a file is damaged, or the predictions are of other sentences.
    """
    rows, given = list(read_sentences(sentences)), list(read_predictions(predictions))
    if [row.id for row in rows] != [prediction.id for prediction in given]:
        raise MarknerError(f"{predictions}: not the predictions of {sentences}", "predict this corpus again")
    names = _document_names(rows, native, params)
    groups: dict[str, list[int]] = {}
    for index, (row, name) in enumerate(zip(rows, names, strict=True)):
        groups.setdefault(f"sentence {row.id}" if name is None else f"document {name}", []).append(index)
    terms = read_terms(gazetteer) if gazetteer is not None else set()
    changes = {str(step): {"added": 0, "removed": 0} for step in params.steps}
    repaired: dict[int, Prediction] = {}
    for group in groups.values():
        document = [Words(rows[index].text) for index in group]
        mentions = [list(given[index].spans) for index in group]
        for step in params.steps:
            before, mentions = mentions, _after(step, document, mentions, terms)
            changes[step]["added"] += _more(mentions, before)
            changes[step]["removed"] += _more(before, mentions)
        for index, spans in zip(group, mentions, strict=True):
            repaired[index] = replace(given[index], spans=tuple(spans), confidences=None)
    counts = {"documents": len(groups), "alone": names.count(None), **changes}
    _log(counts, len(rows), params)
    write_predictions(output, (repaired[index] for index in range(len(rows))))
    write_json(counts_path(output), counts)
    return counts


def read_terms(path: Path) -> set[Surface]:
    """Read the terms of a gazetteer, one a line; empty lines do not count.

    Raises:
        MarknerError: The file holds no term, or is not UTF-8.
    """
    terms = set()
    for _, line in numbered_lines(path):
        words = Words(line)
        surface = words.surface(Span(words.spans[0].start, words.spans[-1].end)) if words.spans else None
        terms |= {surface} if surface else set()
    if not terms:
        raise MarknerError(f"{path}: holds no term", "write one term a line, or remove the step `gazetteer`")
    return terms


def _more(mentions: Mentions, others: Mentions) -> int:
    """Return how many mentions are not among others of the same sentence."""
    return sum(len(set(here) - set(there)) for here, there in zip(mentions, others, strict=True))


def _after(step: RepairStep, document: DocumentWords, mentions: Mentions, terms: set[Surface]) -> Mentions:
    """Return the mentions of a document after a step."""
    if step == "abbreviations":
        return resolve_abbreviations(document, mentions)
    return make_consistent(document, mentions) if step == "consistency" else mark_terms(document, mentions, terms)


def _document_names(rows: Sequence[Sentence], native: Path | None, params: RepairParams) -> list[str | None]:
    """Return the document of each sentence, None where it is not known."""
    if params.variant == "raw":
        return [row.document for row in rows]
    if any("#" in row.document for row in rows):  # between `-DOCSTART-` lines; a file without has no documents
        return [row.document if "#" in row.document else None for row in rows]
    if native is None or params.native is None:
        return [None] * len(rows)
    return documents_of(rows, native_documents(params.native, "test", native))


def _log(counts: dict[str, Any], sentences: int, params: RepairParams) -> None:
    """Log the counts of a repair."""
    _logger.info("%d sentences of %d documents", sentences, counts["documents"])
    if counts["alone"]:
        why = "are in no native document" if params.native else "name no document, and the corpus has no `raw:` files"
        _logger.info("%d sentences %s: each is a document of its own", counts["alone"], why)
    for step in params.steps:
        _logger.info("%s: %d mentions added, %d removed", step, counts[step]["added"], counts[step]["removed"])
