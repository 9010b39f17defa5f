"""The opening of the report: what came out, how sure it is, and the figure that shows it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from markner.reporting.answers import Answer, Tested
from markner.reporting.page.score_tables import ScoreRow, ScoreTable, conclusions
from markner.study.describe import listed


@dataclass(frozen=True, slots=True)
class Answered:
    """A question with its answer in sentences, the numbers behind it, and the tables and figures that show them."""

    question: str
    sentences: tuple[str, ...]
    numbers: tuple[str, ...]
    tables: tuple[str, ...]
    figures: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Opening:
    """The opening of the report."""

    lead: tuple[str, ...]
    answers: tuple[Answered, ...]
    unanswered: tuple[Answered, ...]
    """Questions for which no system marked a mention exactly."""
    certainty: str
    figure: str
    """Name of the figure that shows the first answer; empty if there is none."""


def opening(tables: Sequence[ScoreTable], best: Mapping[str, ScoreRow], given: Sequence[Answer]) -> Opening:
    """Return the opening of a report.

    Args:
        tables: The study's tables.
        best: The best tuned system by corpus.
        given: Answers to the study's questions.
    """
    headings = {row.corpus: row.heading for table in tables for row in table.rows}
    level = next((row.values.get("confidence") for table in tables for row in table.rows if row.run), None) or 0.95
    answered = [(answer.empty, _answered(answer, headings, level)) for answer in given]
    tests = [test for answer in given if not answer.empty for test in answer.tests]
    lead = tuple(_best([row for row in best.values() if row.values["f1"]], level))
    if not lead:
        lead = tuple(next(filter(None, map(list, map(conclusions, tables))), ()))
    return Opening(
        lead,
        tuple(item for empty, item in answered if not empty),
        tuple(item for empty, item in answered if empty),
        _certainty(tests, level) if tests else "",
        next((test.comparison.figure for test in tests if test.comparison.figure), ""),
    )


def best_tuned(tables: Sequence[ScoreTable], tuned: Sequence[str]) -> dict[str, ScoreRow]:
    """Return the row of the tuned run with the highest strict F1 for each corpus, in the order of the tables."""
    best: dict[str, ScoreRow] = {}
    for row in (row for table in tables for row in table.rows):
        if row.match == "strict" and row.run in tuned:
            best[row.corpus] = max(best.get(row.corpus, row), row, key=lambda item: item.values["f1"] or 0)
    return best


def _best(rows: Sequence[ScoreRow], level: float) -> Iterator[str]:
    """Yield a sentence for each system that is the best tuned one on a corpus."""
    for label in dict.fromkeys(row.label for row in rows):
        places = [
            f"{row.values['f1']:.3f} on {row.heading} ({row.values['f1_low']:.3f} to {row.values['f1_high']:.3f})"
            for row in rows
            if row.label == label
        ]
        yield f"Best tuned system: {label}. Its strict F1 with the {100 * level:g} % interval: {listed(places, 'and')}."


def _answered(answer: Answer, headings: Mapping[str, str], level: float) -> Answered:
    places = [test.comparison for test in answer.tests]
    return Answered(
        answer.question,
        tuple(answer.sentences(headings)),
        tuple(test.in_words(headings, level) for test in answer.tests),
        tuple(dict.fromkeys(place.table for place in places if place.table)),
        tuple(dict.fromkeys(place.figure for place in places if place.figure)),
    )


def _certainty(tests: Sequence[Tested], level: float) -> str:
    seeds = min(test.seeds for test in tests)
    text = (
        f"Scores are strict F1. A difference counts as shown if p is at most {1 - level:.2g} and the"
        f" {100 * level:g} % interval of the difference excludes zero. p is of a paired permutation test, corrected by"
        " Holm's method for all pairs of systems tested together. The best systems were picked by these test scores."
    )
    if seeds == 1:
        text += " Some systems have one seed; their intervals do not cover how training varies."
    return text
