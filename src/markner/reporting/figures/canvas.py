"""Shared parts of all figures: style, colours, the empty canvas, panels, a legend with a note, and the files."""

import io
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.lines import Line2D

from markner.files import atomic

STYLE: Any = {
    "font.family": "DejaVu Sans",  # comes with matplotlib, so that every machine draws the same
    "text.parse_math": False,  # a dollar sign in a label is one
    "font.size": 7.5,
    "axes.titlesize": 8,
    "axes.labelsize": 7.5,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7.5,
    "legend.fontsize": 7,
    "axes.linewidth": 0.6,
    "grid.color": "#dddddd",
    "grid.linewidth": 0.5,
    "xtick.major.width": 0.6,
    "pdf.fonttype": 42,
    "svg.fonttype": "path",
    "svg.hashsalt": "markner",
    "savefig.dpi": 300,
}
GREY = "#6b6b6b"
EDGE = "#222222"
PALETTE = ["#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#000000"]
"""Colours of the systems in order: the colour-blind-safe set of Okabe and Ito."""
LINE_COLOURS = [colour for colour in PALETTE if colour != "#F0E442"]
"""Colours of lines in order. Yellow is too pale for a line."""
METRIC_NAMES = {"precision": "Precision", "recall": "Recall", "f1": "F1"}
_METADATA: dict[str, dict[str, str | None]] = {
    "pdf": {"CreationDate": None, "ModDate": None},
    "svg": {"Date": None},
    "png": {"Software": None},
}
"""By format: the date and the program, which would make the bytes differ."""


def new_canvas(width: float, height: float, title: str = "", between: float | None = None) -> Canvas:
    """Return an empty figure whose panels are laid out without overlap.

    Args:
        width: Width in inches.
        height: Height in inches.
        title: Title above the panels, on as many lines as the width needs.
        between: Space between two rows of panels, in heights of a panel; None for matplotlib's own spaces.
    """
    canvas = Canvas(figsize=(width, height), layout="constrained")
    if between is not None:
        canvas.get_layout_engine().set(w_pad=0.03, h_pad=0.03, wspace=0.03, hspace=between)  # type: ignore[union-attr, call-arg]
    if title:
        canvas.suptitle(wrapped_title(title, width), fontsize=8.5)
    return canvas


def draw_bands(panel: Axes, bands: int) -> None:
    """Prepare a panel with a band for each system, every other one grey: grid lines, no frame but the lower one."""
    panel.grid(axis="x")
    panel.set_axisbelow(True)
    panel.spines[["top", "right", "left"]].set_visible(False)
    panel.tick_params(axis="y", length=0)
    for place in range(1, bands, 2):
        panel.axhspan(place - 0.5, place + 0.5, color="#f4f4f4", linewidth=0, zorder=0)


def marker(sign: str, size: float, x: Sequence[float] = (), y: Sequence[float] = (), **style: Any) -> Line2D:
    """Return markers with a dark edge, to add to a panel or, without places, to a legend."""
    return Line2D(x, y, linestyle="", marker=sign, markersize=size, markeredgecolor=EDGE, **style)


def wrapped_title(title: str, width: float) -> str:
    """Return a title with line breaks for a figure of a width in inches."""
    return textwrap.fill(title, int(width * 15))


def legend_with_note(
    canvas: Canvas, handles: Sequence[Artist], note: str, columns: int, spacing: float = 1.2, padding: float = 0.5
) -> None:
    """Draw a legend below the panels, under a note in small grey letters.

    Args:
        canvas: The whole figure.
        handles: Entries of the legend.
        note: Lines above the entries.
        columns: Entries beside each other.
        spacing: Between entries, in letters.
        padding: Between a sign and its text, in letters.
    """
    legend = canvas.legend(
        handles=handles,
        loc="outside lower center",
        ncols=columns,
        columnspacing=spacing,
        handletextpad=padding,
        frameon=False,
        title=note,
        title_fontsize=6.5,
    )
    legend.get_title().set_color(GREY)


def save(canvas: Canvas, files: Sequence[Path]) -> None:
    """Write a figure to files, each in the format of its suffix: PDF with text as TrueType fonts, SVG, PNG of 300 dpi.

    The same figure gives the same bytes with the same matplotlib.
    """
    for path in files:
        buffer = io.BytesIO()
        form = path.suffix.removeprefix(".")
        canvas.savefig(buffer, format=form, metadata=_METADATA[form])
        with atomic(path, "wb") as stream:
            stream.write(buffer.getvalue())
