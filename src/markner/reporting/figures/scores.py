"""Figures of precision, recall and F1 with their intervals."""

import textwrap
from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.lines import Line2D

from markner.reporting.figures.canvas import EDGE, GREY, PALETTE, STYLE, draw_bands, marker, new_canvas, save
from markner.reporting.results import METRICS, Cell
from markner.study.schema.study import Figure, Table

_MARKERS = {"precision": ">", "recall": "<", "f1": "o"}
_NAMES = {"precision": "precision", "recall": "recall", "f1": "F1 (strict match)"}
_OFFSETS = {"precision": -0.27, "recall": 0.0, "f1": 0.27}
_SIZE = 4.2
_LABEL_WIDTH = 24


def draw(cells: Sequence[Cell], table: Table, figure: Figure, *files: Path) -> None:
    """Draw a table's strict P, R and F1 with intervals: one panel a corpus, one band a system, one marker a metric.

    F1 by partial match and, where known, the paper's strict F1 stand in the band as well.

    Args:
        cells: The table's cells from `markner.reporting.results.cells`.
        table: Its rows and corpora.
        figure: Title, size in inches, colours of the systems; they start anew when there are more systems.
        files: Files to write, see `canvas.save`.
    """
    with mpl.rc_context(STYLE):
        save(_panels(cells, table, figure), files)


def _panels(rows: Sequence[Cell], table: Table, figure: Figure) -> Canvas:
    """Return the whole figure: title, a panel for each corpus, a legend below."""
    canvas = new_canvas(figure.width, figure.height, figure.title or table.title, between=0.02)
    panels = canvas.subplots(1, len(table.corpora), sharex=True, sharey=True, squeeze=False)[0]
    colours = [PALETTE[place % len(PALETTE)] for place in range(len(table.rows))]
    for panel, corpus in zip(panels, table.corpora, strict=True):
        _panel(panel, [cell for cell in rows if cell["corpus"] == corpus], table, colours)
    low, high = _limits(rows)
    panels[0].set_xlim(low, high)
    panels[0].set_ylim(len(table.rows) - 0.5, -0.5)
    panels[0].set_yticks(range(len(table.rows)), [_two_lines(row.label) for row in table.rows], linespacing=0.95)
    canvas.legend(
        handles=_legend(rows), loc="outside lower center", ncols=6, columnspacing=1.2, frameon=False, handletextpad=0.4
    )
    return canvas


def _two_lines(label: str) -> str:
    """Return a long label on two lines, so that neighbouring labels do not touch."""
    return textwrap.fill(label, max(_LABEL_WIDTH, len(label) // 2 + 5))


def _panel(panel: Axes, rows: Sequence[Cell], table: Table, colours: Sequence[str]) -> None:
    """Draw the scores of the systems on one corpus."""
    panel.set_title(str(rows[0]["heading"]))
    draw_bands(panel, len(table.rows))
    panel.xaxis.set_major_locator(mpl.ticker.MaxNLocator(5, steps=[1, 2, 5, 10]))
    for place, (row, colour) in enumerate(zip(table.rows, colours, strict=True)):
        strict, partial = (
            next(cell for cell in rows if (cell["label"], cell["match"]) == (row.label, match))
            for match in ("strict", "partial")
        )
        _band(panel, place, strict, partial, colour)


def _band(panel: Axes, place: int, strict: Cell, partial: Cell, colour: str) -> None:
    """Draw the scores of one system on one corpus."""
    level = place + _OFFSETS["f1"] if strict["f1"] is not None else place
    if strict["paper_f1"] is not None:
        panel.add_line(marker("|", 8, [strict["paper_f1"]], [level], color=EDGE, markeredgewidth=1.3, zorder=2))
    if strict["f1"] is None:
        if strict["paper_f1"] is None:
            panel.text(
                0.5, place, "not scored", transform=panel.get_yaxis_transform(), color=GREY, ha="center", va="center"
            )
        return
    for metric in METRICS:
        height = place + _OFFSETS[metric]
        panel.hlines(height, strict[f"{metric}_low"], strict[f"{metric}_high"], color=EDGE, linewidth=0.9, zorder=3)
        style = {"color": colour, "markeredgewidth": 0.5, "zorder": 4}
        panel.add_line(marker(_MARKERS[metric], _SIZE, [strict[metric]], [height], **style))
    style = {"markerfacecolor": "white", "markeredgewidth": 0.7, "zorder": 3.5}
    panel.add_line(marker("D", _SIZE - 0.8, [partial["f1"]], [level], **style))


def _limits(rows: Sequence[Cell]) -> tuple[float, float]:
    """Return the range of all values, a little wider on both sides, inside -0.02 to 1.02."""
    drawn = [
        cell[name]
        for cell in rows
        for name in (
            ("f1", "paper_f1", *(f"{metric}_{end}" for metric in METRICS for end in ("low", "high")))
            if cell["match"] == "strict"
            else ("f1",)
        )
        if cell[name] is not None
    ]
    if not drawn:
        return 0.0, 1.0
    room = 0.05 * max(max(drawn) - min(drawn), 0.1)
    return max(min(drawn) - room, -0.02), min(max(drawn) + room, 1.02)


def _legend(rows: Sequence[Cell]) -> list[Line2D]:
    """Return the legend of the markers."""
    ours = [cell for cell in rows if cell["f1"] is not None]
    handles = []
    if ours:
        level = f"{100 * ours[0]['confidence']:g} % interval"
        handles += [
            marker(_MARKERS[metric], _SIZE, label=_NAMES[metric], markerfacecolor="#bbbbbb") for metric in METRICS
        ]
        handles += [marker("D", _SIZE - 0.8, label="F1 (partial match)", markerfacecolor="white")]
        handles += [Line2D([], [], color=EDGE, linewidth=0.9, label=level)]
    if any(cell["paper_f1"] is not None for cell in rows):
        handles.append(marker("|", 8, label="F1 of the paper", markerfacecolor=EDGE))
    return handles
