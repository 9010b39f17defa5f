"""The summary that a run prints at its end: scores, answers to the study's questions, and the places of the results."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table as Grid

from markner.reporting.answers import Answer
from markner.reporting.results import NOT_ALIGNED, NOTHING, Cell, shown
from markner.study.schema.study import Study

_WIDTH = 120
_PLACES = (
    ("report/index.html", "report", "open it in a browser: everything, and where each number comes from"),
    ("tables", "tables", "CSV, Markdown, LaTeX"),
    ("figures", "figures", "PDF, SVG, PNG"),
    ("corpora.md", "corpora", "dataset card"),
    ("costs.md", "costs", "parameters, time and memory of each training"),
    ("scores", "scores", "one JSON a run, seed and corpus"),
    ("predictions", "predictions", "raw answers and spans"),
    ("models", "models", "trained weights"),
    ("annotations", "annotations", "your texts, tagged"),
)


def summary(study: Study, tables: Mapping[str, Sequence[Cell]], results: Path, given: Sequence[Answer] = ()) -> str:
    """Return the summary of a study.

    Args:
        study: Its name and question are shown.
        tables: What `markner.reporting.results.cells` gathered, by the table's name; shown in this order.
        results: Folder of the study's results; only existing places are named.
        given: Answers to the study's questions; those that say nothing are left out.

    Returns:
        Plain text, at most 120 characters wide: each table's strict F1 with its interval, F1 by partial match, the
        paper's F1 and the difference, the answers in sentences, and the places of the results.
    """
    buffer = io.StringIO()
    console = Console(file=buffer, width=_WIDTH, force_terminal=False, color_system=None)
    console.print(f"Study {escape(study.study)}" + (f": {escape(study.question)}" if study.question else ""))
    for name, cells in tables.items():
        console.print()
        console.print(_grid(study.tables[name].title, cells))
    headings = {cell["corpus"]: cell["heading"] for cells in tables.values() for cell in cells}
    for answer in (answer for answer in given if not answer.empty):
        console.print(escape(answer.question), escape(" ".join(answer.sentences(headings))))
        for test in answer.tests:
            console.print(Padding(escape(test.in_words(headings, study.scoring.confidence)), (0, 0, 0, 2)))
    if given:
        console.print()
    console.print("Results:")
    for place, title, what in _PLACES:
        if (results / place).exists():
            console.print(f"  {title:<12} {escape(str(results / place))}  ({what})", soft_wrap=True)
    return "\n".join(line.rstrip() for line in buffer.getvalue().splitlines()) + "\n"


def _grid(title: str, cells: Sequence[Cell]) -> Grid:
    """Return a table of F1 for the terminal: one line for each system and corpus."""
    strict = [cell for cell in cells if cell["match"] == "strict"]
    partial = {(cell["label"], cell["corpus"]): cell for cell in cells if cell["match"] == "partial"}
    compared = any(cell["paper_f1"] is not None for cell in strict)
    grid = Grid(title=escape(title), title_justify="left", title_style="", box=SIMPLE_HEAD, pad_edge=False)
    grid.add_column("Model", overflow="fold")
    grid.add_column("Corpus", overflow="fold")
    headings = ["strict F1", "interval", "partial F1", *(["paper F1", "difference"] if compared else []), "not aligned"]
    for column in headings:
        grid.add_column(column, justify="right", no_wrap=True)
    previous = None
    for cell in strict:
        label = cell["label"] if cell["label"] != previous else ""
        previous = cell["label"]
        bounds = f"{cell['f1_low']:.3f}–{cell['f1_high']:.3f}" if cell["f1"] is not None else NOTHING
        difference = NOTHING if cell["difference_f1"] is None else f"{cell['difference_f1']:+.3f}"
        paper = [shown(cell["paper_f1"]), difference] if compared else []
        others = shown(partial[cell["label"], cell["corpus"]]["f1"])
        row = [label, cell["heading"], shown(cell["f1"]), bounds, others, *paper, _not_ok(cell)]
        grid.add_row(*map(escape, row))
    return grid


def _not_ok(cell: Cell) -> str:
    """Return how many answers differ from their sentence in more than white space, with sentences that have none."""
    return NOTHING if cell["f1"] is None else str(sum(cell[status] for status in (*NOT_ALIGNED, "missing")))
