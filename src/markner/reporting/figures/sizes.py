"""The figure of training sizes (paper Figure 4): scores against the part of the training data."""

import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.lines import Line2D

from markner.reporting.figures.canvas import (
    EDGE,
    GREY,
    LINE_COLOURS,
    METRIC_NAMES,
    STYLE,
    legend_with_note,
    new_canvas,
    save,
    wrapped_title,
)
from markner.reporting.figures.size_points import SizePoint
from markner.study.schema.study import SizeFigure

_MARKERS = "osD^vP"
_PANEL_WIDTH, _PANEL_HEIGHT = 1.6, 1.45
_FOOT, _LINE = 0.42, 0.13
_DODGE = 0.028
"""Distance of neighbouring lines at one fraction, in parts of the axis' logarithmic length."""
_SEED_DODGE = 0.009


def draw_sizes(points: Sequence[SizePoint], figure: SizeFigure, *files: Path) -> None:
    """Draw a line of means over seeds for each system: columns are corpora, rows metrics, strict match.

    Each seed stands as a small dot with its own bootstrap interval; a bar beside the mean spans one standard deviation
    over the seeds on either side. The paper's value is a dash, or a grey bar if its text gives a range only. The
    axis of fractions is logarithmic; systems are shifted a little on it.

    Args:
        points: The points from `size_points.gather`.
        figure: Lines, corpora, metrics, title, width in inches.
        files: Files to write, see `canvas.save`.
    """
    with mpl.rc_context(STYLE):
        save(_panels(points, figure), files)


def _panels(points: Sequence[SizePoint], figure: SizeFigure) -> Canvas:
    """Return the whole figure: title, panels, legend and notes below. Corpora beyond the width are on further lines."""
    columns = max(1, min(len(figure.corpora), int(figure.width / _PANEL_WIDTH)))
    groups = [figure.corpora[start : start + columns] for start in range(0, len(figure.corpora), columns)]
    lines = len(groups) * len(figure.metrics)
    note = textwrap.fill(_note(points), int(figure.width * 17.5))
    across = max(1, int(figure.width / 1.7))
    handles = _legend(points, figure)
    height = lines * _PANEL_HEIGHT + _FOOT + _LINE * (note.count("\n") + 1 + -(-len(handles) // across))
    height += (0.1 + 0.15 * (wrapped_title(figure.title, figure.width).count("\n") + 1)) * bool(figure.title)
    canvas = new_canvas(figure.width, height, figure.title, between=0.03)
    grid = canvas.subplots(lines, columns, sharex=True, sharey="row", squeeze=False)
    for panel in grid.ravel():
        panel.set_visible(False)
    for block, corpora in enumerate(groups):
        for row, metric in enumerate(figure.metrics):
            for column, corpus in enumerate(corpora):
                panel = grid[block * len(figure.metrics) + row, column]
                panel.set_visible(True)
                here = [point for point in points if (point.corpus, point.metric) == (corpus, metric)]
                _panel(panel, here, points, figure)
                if row == 0 and here:
                    panel.set_title(here[0].heading)
                if column == 0:
                    panel.set_ylabel(METRIC_NAMES[metric])
                below = block + 1 < len(groups) and column < len(groups[block + 1])
                if row == len(figure.metrics) - 1 and not below:
                    panel.tick_params(axis="x", labelbottom=True)
                    panel.set_xlabel("training data")
    legend_with_note(canvas, handles, note, across)
    return canvas


def _panel(panel: Axes, here: Sequence[SizePoint], points: Sequence[SizePoint], figure: SizeFigure) -> None:
    """Draw one metric on one corpus."""
    fractions = sorted({point.fraction for point in points})
    reach = fractions[-1] / fractions[0] if len(fractions) > 1 else 2.0
    panel.set_xscale("log")
    panel.set_xlim(fractions[0] / reach**0.13, fractions[-1] * reach**0.13)
    panel.set_xticks(fractions, [f"{100 * fraction:g} %" for fraction in fractions])
    panel.minorticks_off()
    panel.yaxis.set_major_locator(mpl.ticker.MaxNLocator(5, steps=[1, 2, 5, 10]))
    panel.grid(axis="y")
    panel.set_axisbelow(True)
    panel.spines[["top", "right"]].set_visible(False)
    for number, series in enumerate(figure.series):
        line = [point for point in here if point.label == series.label]
        shift = (number - (len(figure.series) - 1) / 2) * _DODGE
        _line(panel, line, reach, shift, _style(number))
    if not any(point.seeds or point.paper or point.paper_range for point in here):
        panel.text(0.5, 0.5, "not scored", transform=panel.transAxes, color=GREY, ha="center", va="center")


def _style(number: int) -> dict[str, str]:
    """Return colour and marker of a line. They repeat if there are more lines than colours."""
    return {"color": LINE_COLOURS[number % len(LINE_COLOURS)], "marker": _MARKERS[number % len(_MARKERS)]}


def _line(panel: Axes, line: Sequence[SizePoint], reach: float, shift: float, style: Mapping[str, str]) -> None:
    """Draw the points of one system, shifted, and the paper's."""
    colour = style["color"]
    for point in line:
        here = point.fraction * reach**shift
        if point.paper_range is not None:
            panel.vlines(here, *point.paper_range, color=colour, linewidth=4.5, alpha=0.28, zorder=1)
        if point.paper is not None:
            for thick, tone in ((2.6, EDGE), (1.3, colour)):
                panel.plot(here, point.paper, marker="_", markersize=9, markeredgewidth=thick, color=tone, zorder=5)
        for place, (value, bounds) in enumerate(zip(point.seeds, point.intervals, strict=True)):
            beside = here * reach ** ((place - (len(point.seeds) - 1) / 2) * _SEED_DODGE)
            panel.vlines(beside, *bounds, color=colour, linewidth=0.6, alpha=0.75, zorder=2)
            if len(point.seeds) > 1:
                panel.plot(beside, value, marker=".", markersize=2.6, color=colour, linestyle="", zorder=3)
        if point.mean is not None and point.sd is not None:
            panel.vlines(here, point.mean - point.sd, point.mean + point.sd, color=EDGE, linewidth=1.3, zorder=3.5)
    means = [(point.fraction * reach**shift, point.mean) for point in line if point.mean is not None]
    panel.plot(
        [here for here, _ in means],
        [mean for _, mean in means],
        color=colour,
        marker=style["marker"],
        markersize=4,
        markeredgecolor=EDGE,
        markeredgewidth=0.5,
        linewidth=1.1,
        zorder=4,
    )


def _legend(points: Sequence[SizePoint], figure: SizeFigure) -> list[Line2D]:
    """Return the legend of lines and marks."""

    def entry(label: str, **style: Any) -> Line2D:
        return Line2D([], [], label=label, **style)

    handles = [
        entry(series.label, **_style(number), markersize=4, markeredgecolor=EDGE, linewidth=1.1)
        for number, series in enumerate(figure.series)
    ]
    if any(point.paper is not None for point in points):
        handles.append(entry("the paper", color=EDGE, marker="_", markersize=9, markeredgewidth=1.4, linestyle=""))
    if any(point.paper_range is not None for point in points):
        handles.append(entry("the paper, a range", color=GREY, linewidth=4.5, alpha=0.4, solid_capstyle="butt"))
    return handles


def _note(points: Sequence[SizePoint]) -> str:
    """Return a description of the figure."""
    level = next((point.confidence for point in points if point.confidence is not None), None)
    if level is None:
        return "Figures of the paper; nothing was run here."
    seeds = max(len(point.seeds) for point in points)
    interval = f"{100 * level:g} % interval of {'each seed' if seeds > 1 else 'the score'}"
    if seeds == 1:
        return f"Strict match; thin lines: {interval}."
    several = "Strict match; markers: mean over seeds; black bars: ± one standard deviation over seeds (two or more)"
    return f"{several}; dots and thin lines: {interval}."
