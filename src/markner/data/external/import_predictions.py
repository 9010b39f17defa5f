"""A file of another system's answers, turned into the predictions of a run on a corpus."""

import logging
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from markner.data.documents import read_sentences
from markner.data.external.answers import read_external_answers
from markner.data.external.match import Matched, match_answers
from markner.data.formats.annotations import ReadOptions
from markner.data.params import ImportPredictionsParams
from markner.errors import MarknerError
from markner.files import write_json
from markner.markup import Marks
from markner.predictions import write_predictions

_EXAMPLES, _WIDTH = 3, 100
_logger = logging.getLogger(__name__)


def import_predictions(
    sentences: Path, answers: Path, params: ImportPredictionsParams, run: str, corpus: str, output: Path, counts: Path
) -> None:
    """Match the answers of a file with the sentences of a corpus, and write predictions and counts.

    `sentences` are the test split, JSON lines of `Sentence`; `answers` is a file or a folder. `output` is JSON lines of
    `Prediction`, one for each sentence, in order; `counts` JSON of `MatchCounts`. `run` and `corpus` are for errors.

    Raises:
        MarknerError: The file is damaged or holds no answers, or fewer sentences have an answer than must have one.
    """
    options = ReadOptions(params.types, params.offsets, untyped=True)
    given = list(read_external_answers(answers, params.format, Marks(*params.marks), options))
    if not given:
        raise MarknerError(f"{answers}: holds no answers", f"correct `runs.{run}.files.{corpus}` or `format`")
    gold = list(read_sentences(sentences))
    matched = match_answers(gold, given)
    lacking = [
        sentence.text
        for sentence, prediction in zip(gold, matched.predictions, strict=True)
        if prediction.status == "missing"
    ]
    _check_share(matched, lacking, params.min_matched, answers, run, corpus)
    _logger.info("%s", ", ".join(f"{name} {count}" for name, count in asdict(matched.counts).items()))
    write_predictions(output, matched.predictions)
    write_json(counts, asdict(matched.counts))


def _check_share(matched: Matched, lacking: Sequence[str], least: float, answers: Path, run: str, corpus: str) -> None:
    """Raise a MarknerError if too few sentences have an answer."""
    total = len(matched.predictions)
    share = 1 - len(lacking) / total if total else 1.0
    if share >= least:
        return
    examples = f"sentences without an answer, the first: {_shown(lacking)}"
    if matched.unused:
        examples += f"\n  answers without a sentence, the first: {_shown(matched.unused)}"
    # Rounded down, so that the setting allows what it names.
    allowed = int(1000 * share) / 1000
    raise MarknerError(
        f"{answers}: answers {total - len(lacking)} of {total} sentences of the test split of {corpus}"
        f" ({100 * share:.1f} %); {100 * least:g} % must have an answer\n  {examples}",
        f"name the file of this corpus and split under `runs.{run}.files.{corpus}`, or allow the share with"
        f" `min_matched: {allowed:g}` in `runs.{run}`; each sentence without an answer counts as an empty answer",
    )


def _shown(texts: Sequence[str]) -> str:
    return "; ".join(repr(text if len(text) <= _WIDTH else f"{text[:_WIDTH]}…") for text in texts[:_EXAMPLES])
