"""The figure of strata: a score on seen and unseen mentions, or on other strata, with intervals."""

import textwrap
from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.lines import Line2D

from markner.errors import MarknerError
from markner.evaluation.strata import KINDS
from markner.reporting.figures.canvas import (
    EDGE,
    GREY,
    METRIC_NAMES,
    STYLE,
    draw_bands,
    legend_with_note,
    marker,
    new_canvas,
    save,
    wrapped_title,
)
from markner.reporting.results import Cell
from markner.study.schema.strata import StrataFigure

_MARKS = (("#0072B2", "o"), ("#E69F00", "D"), ("#009E73", "s"))
"""Colour and marker of each stratum in order: blue, orange and green of Okabe and Ito."""
_SIZE = 4.6
_SMALL = 6.5
_LABELS, _PANEL = 1.6, 1.75
"""Inches of the systems' names, and of a panel at the least."""
_BAND, _HEAD, _FOOT = 0.36, 0.62, 0.75


def draw_strata(
    cells: Sequence[Cell],
    corpora: Sequence[str],
    figure: StrataFigure,
    title: str,
    *files: Path,
) -> None:
    """Draw a score by stratum: one panel a corpus, one band a system, one marker a stratum with its interval.

    A grey line joins the strata of a system, and the numbers of their gold mentions stand at the right.

    Args:
        cells: Rows of the table of strata, from `strata_cells.read_strata_table`.
        corpora: The corpora in the order of the panels; those without a score are left out.
        figure: Kind of strata, metric, width in inches.
        title: Title above the panels.
        files: Files to write, see `canvas.save`.

    Raises:
        MarknerError: No system of the table has a score in these strata.
    """
    if not any(cell["kind"] == figure.kind for cell in cells):
        raise MarknerError(
            f"the table of strata {figure.strata_table!r} has no scores of the kind {figure.kind!r}",
            "draw another `kind`, or a table whose runs or corpora have training data",
        )
    with mpl.rc_context(STYLE):
        save(_panels(cells, corpora, figure, title), files)


def _panels(cells: Sequence[Cell], corpora: Sequence[str], figure: StrataFigure, title: str) -> Canvas:
    """Return the whole figure: title, a panel for each corpus, legend and note below."""
    headings = {
        cell["corpus"]: cell["heading"] for cell in sorted(cells, key=lambda cell: corpora.index(cell["corpus"]))
    }
    labels = list(dict.fromkeys(cell["label"] for cell in cells))
    columns = max(1, min(len(headings), int((figure.width - _LABELS) / _PANEL)))
    lines = -(-len(headings) // columns)
    height = lines * (len(labels) * _BAND + _HEAD) + _FOOT + 0.15 * wrapped_title(title, figure.width).count("\n")
    canvas = new_canvas(figure.width, height, title, between=0.03)
    panels = canvas.subplots(lines, columns, sharex=True, sharey=True, squeeze=False).ravel()
    for panel in panels[len(headings) :]:
        panel.set_visible(False)
    for place, (panel, corpus) in enumerate(zip(panels, headings, strict=False)):
        _panel(panel, [cell for cell in cells if cell["corpus"] == corpus], labels, figure)
        panel.set_title(headings[corpus])
        if place + columns >= len(headings):
            panel.tick_params(axis="x", labelbottom=True)
            panel.set_xlabel(f"{METRIC_NAMES[figure.metric]} (strict match)")
    panels[0].set_xlim(-0.03, 1.03)
    panels[0].set_ylim(len(labels) - 0.5, -0.5)
    panels[0].set_yticks(range(len(labels)), [textwrap.fill(label, 24) for label in labels], linespacing=0.95)
    level = f"{100 * cells[0]['confidence']:g} % interval"
    handles = [_mark(place, label=stratum) for place, stratum in enumerate(KINDS[figure.kind])]
    handles += [Line2D([], [], color=EDGE, linewidth=0.9, label=level)]
    note = textwrap.fill(_note(cells, figure), int(figure.width * 17.5))
    legend_with_note(canvas, handles, note, len(handles), padding=0.4)
    return canvas


def _panel(panel: Axes, cells: Sequence[Cell], labels: Sequence[str], figure: StrataFigure) -> None:
    """Draw the scores of the systems on one corpus."""
    draw_bands(panel, len(labels))
    panel.xaxis.set_major_locator(mpl.ticker.MultipleLocator(0.25))
    for place, label in enumerate(labels):
        band = [cell for cell in cells if cell["label"] == label]
        strata = {cell["stratum"]: cell for cell in band if cell["gold_mentions"]}
        if band and any(stratum in strata for stratum in KINDS[figure.kind]):
            _band(panel, place, [strata.get(stratum) for stratum in KINDS[figure.kind]], figure.metric)
        else:
            text = "no mentions or no training data" if band else "not scored"
            panel.text(0.5, place, text, color=GREY, ha="center", va="center", fontsize=_SMALL)


def _band(panel: Axes, place: int, strata: Sequence[Cell | None], metric: str) -> None:
    """Draw one system on one corpus; strata without gold mentions are None."""
    step = 0.5 / len(strata)
    points = [
        (cell, place + (number - (len(strata) - 1) / 2) * step, number) for number, cell in enumerate(strata) if cell
    ]
    values = [cell[metric] for cell, _, _ in points]
    panel.plot(values, [height for _, height, _ in points], color="#999999", linewidth=1.2, zorder=2)
    for cell, height, number in points:
        panel.hlines(height, cell[f"{metric}_low"], cell[f"{metric}_high"], color=EDGE, linewidth=0.9, zorder=3)
        panel.add_line(_mark(number, [cell[metric]], [height]))
    counts = " / ".join(f"{cell['gold_mentions']:,.0f}" if cell else "0" for cell in strata)
    panel.annotate(
        counts,
        (1.03, place),
        (3, 0),
        textcoords="offset points",
        annotation_clip=False,
        fontsize=_SMALL,
        color=GREY,
        va="center",
    )


def _mark(number: int, x: Sequence[float] = (), y: Sequence[float] = (), label: str = "") -> Line2D:
    """Return the marker of a stratum."""
    colour, sign = _MARKS[number]
    size = _SIZE - 0.6 * (sign != "o")
    return marker(sign, size, x, y, label=label, color=colour, markeredgewidth=0.5, zorder=4)


def _note(cells: Sequence[Cell], figure: StrataFigure) -> str:
    """Return a description of the figure."""
    note = "Numbers at the right: gold mentions of each stratum."
    if figure.kind == "training":
        note += " Seen: marked somewhere in the training data of the run."
        lent = list(dict.fromkeys(cell["label"] for cell in cells if cell["origin"] == "corpus"))
        if lent:
            note += f" Not trained here, by the training split of the corpus: {', '.join(lent)}."
    return note
