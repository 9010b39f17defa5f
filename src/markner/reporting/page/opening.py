"""The opening of the report: what came out, how sure it is, and the figure that shows it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from markner.reporting.answers import Answer, Tested
from markner.reporting.page.score_tables import ScoreTable, conclusions
from markner.reporting.results import Cell
from markner.study.describe import listed


@dataclass(frozen=True, slots=True)
class Opening:
    """The opening of the report."""

    lead: tuple[str, ...]
    headings: dict[str, str]
    """Corpora as the sentences of the answers name them."""
    level: float
    """Level of the intervals."""
    certainty: str
    figure: str
    """Name of the figure that shows the first answer; empty if there is none."""


def opening(tables: Sequence[ScoreTable], best: Mapping[str, Cell], given: Sequence[Answer]) -> Opening:
    """Return the opening of a report.

    Args:
        tables: The study's tables.
        best: The best tuned system by corpus.
        given: Answers to the study's questions.
    """
    headings = {row["corpus"]: row["heading"] for table in tables for row in table.rows}
    level = next((row.get("confidence") for table in tables for row in table.rows if row["run"]), None) or 0.95
    tests = [test for answer in given if not answer.empty for test in answer.tests]
    lead = tuple(_best([row for row in best.values() if row["f1"]], level))
    if not lead:
        lead = tuple(next(filter(None, map(list, map(conclusions, tables))), ()))
    figure = next((test.comparison.figure for test in tests if test.comparison.figure), "")
    return Opening(lead, headings, level, _certainty(tests, level) if tests else "", figure)


def best_tuned(tables: Sequence[ScoreTable], tuned: Sequence[str]) -> dict[str, Cell]:
    """Return the row of the tuned run with the highest strict F1 for each corpus, in the order of the tables."""
    best: dict[str, Cell] = {}
    for row in (row for table in tables for row in table.rows):
        if row["match"] == "strict" and row["run"] in tuned:
            best[row["corpus"]] = max(best.get(row["corpus"], row), row, key=lambda item: item["f1"] or 0)
    return best


def _best(rows: Sequence[Cell], level: float) -> Iterator[str]:
    """Yield a sentence for each system that is the best tuned one on a corpus."""
    for label in dict.fromkeys(row["label"] for row in rows):
        places = [
            f"{row['f1']:.3f} on {row['heading']} ({row['f1_low']:.3f} to {row['f1_high']:.3f})"
            for row in rows
            if row["label"] == label
        ]
        yield f"Best tuned system: {label}. Its strict F1 with the {100 * level:g} % interval: {listed(places, 'and')}."


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
