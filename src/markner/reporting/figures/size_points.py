"""Gather the points of a figure of training sizes: scores by fraction of the training data, and the paper's."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from markner.errors import MarknerError
from markner.evaluation.rounding import rounded
from markner.files import read_json, write_csv_rows
from markner.reporting.results import Key, files_by_seed
from markner.study.schema.study import SizeFigure

Place = tuple[str, str, float, str]
"""Label of the line, corpus, fraction of the training data, run."""

COLUMNS = (
    *("label", "corpus", "heading", "fraction", "run", "metric", "seeds", "mean", "sd", "low", "high"),
    *("paper", "paper_low", "paper_high", "difference"),
)
"""Columns of the figure's CSV, strict match: the mean over seeds, their standard deviation (two or more), and the mean
bounds of the seeds' bootstrap intervals; the paper's value, or the range that follows from its text."""


@dataclass(frozen=True, slots=True)
class SizePoint:
    """One point of a line: a metric of one system at one fraction on one corpus."""

    label: str
    corpus: str
    heading: str
    fraction: float
    metric: str
    run: str | None = None
    """None where only the paper has the point."""
    seeds: tuple[float, ...] = ()
    """The metric of each seed."""
    intervals: tuple[tuple[float, float], ...] = ()
    """Its bootstrap interval."""
    confidence: float | None = None
    paper: float | None = None
    paper_range: tuple[float, float] | None = None

    @property
    def mean(self) -> float | None:
        """The mean over seeds."""
        return rounded(fmean(self.seeds)) if self.seeds else None

    @property
    def sd(self) -> float | None:
        """The standard deviation over seeds, of two or more."""
        return rounded(stdev(self.seeds)) if len(self.seeds) > 1 else None


def gather(
    figure: SizeFigure,
    places: Iterable[Sequence[Any]],
    score_files: Mapping[Key, Path],
    paper: Path,
    titles: Mapping[str, str],
) -> list[SizePoint]:
    """Gather the points of a figure, by line, corpus, fraction and metric.

    Args:
        figure: Lines, corpora, metrics, and the figure of the paper to set beside.
        places: A `Place` for each point that a run gives.
        score_files: Score files by run, seed and corpus.
        paper: The paper's values (resources/paper/tables.json).
        titles: Headings of corpora; of others the paper's heading or the name.

    Raises:
        MarknerError: A point has no score.
    """
    printed = read_json(paper)
    headings = {**printed["columns"], **titles}
    runs = {(label, corpus, float(fraction)): run for label, corpus, fraction, run in places}
    in_paper = printed["figures"][figure.paper_figure]["systems"] if figure.paper_figure is not None else {}
    points = []
    for series in figure.series:
        paper_points = in_paper.get(series.paper, {})
        for corpus in figure.corpora:
            ours = {fraction for label, name, fraction in runs if (label, name) == (series.label, corpus)}
            known = {float(fraction) for fraction, by_corpus in paper_points.items() if corpus in by_corpus}
            for fraction in sorted(ours | known):
                run = runs.get((series.label, corpus, fraction))
                scores = _scores(run, corpus, score_files) if run is not None else []
                points += [
                    SizePoint(
                        *(series.label, corpus, headings.get(corpus, corpus), fraction, metric, run),
                        tuple(score["strict"][metric] for score in scores),
                        tuple(tuple(score["strict"][f"{metric}_interval"]) for score in scores),
                        scores[0]["scoring"]["confidence"] if scores else None,
                        **_paper_value(paper_points.get(f"{fraction:g}", {}).get(corpus, {}), metric),
                    )
                    for metric in figure.metrics
                ]
    return points


def write_points(points: Sequence[SizePoint], csv: Path) -> None:
    """Write the points of a figure with the columns `COLUMNS`."""
    rows = []
    for point in points:
        low, high = ([bounds[end] for bounds in point.intervals] for end in (0, 1))
        paper_low, paper_high = point.paper_range or (None, None)
        difference = rounded(point.mean - point.paper) if None not in (point.mean, point.paper) else None  # type: ignore[operator]
        rows.append(
            [
                *(point.label, point.corpus, point.heading, point.fraction, point.run, point.metric),
                *(len(point.seeds), point.mean, point.sd),
                *(rounded(fmean(bounds)) if bounds else None for bounds in (low, high)),
                *(point.paper, paper_low, paper_high, difference),
            ]
        )
    write_csv_rows(csv, COLUMNS, rows)


def _scores(run: str, corpus: str, files: Mapping[Key, Path]) -> list[dict[str, Any]]:
    """Return the scores of a run on a corpus, in the order of its seeds."""
    scored = files_by_seed(files, run, corpus)
    if not scored:
        raise MarknerError(f"run {run!r} has no score on {corpus!r}", "score it, or take it out of the figure")
    return [read_json(path) for _, path in scored]


def _paper_value(point: Mapping[str, Any], metric: str) -> dict[str, Any]:
    """Return the paper's value of a point, or its range."""
    bounds = point.get(f"{metric}_range")
    return {"paper": point.get(metric), "paper_range": (bounds[0], bounds[1]) if bounds else None}
