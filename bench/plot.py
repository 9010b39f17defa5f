"""The ratios of all benchmarks as one picture: docs/measured/bench/ratios.png.

python bench/plot.py

Reads what the other benchmarks wrote; what has not been measured is left out.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import matplotlib.pyplot as plt
import pandas as pd
from report import FOLDER


class Panel(NamedTuple):
    """One table of a picture of bars."""

    table: str
    """Its file, without `.csv`."""
    names: str
    """The column that names the bars."""
    values: str
    """The column of their lengths; ratios, whose column begins with `x `, have a line at 1."""
    title: str


RATIOS = (
    Panel(
        "decoding-ncbi", "method", "x HF batch 1", "Decoding NCBI-disease: sentences a second, HF greedy at batch 1 = 1"
    ),
    Panel("decoding", "method", "x HF batch 1", "The same with the demo's short sentences"),
    Panel(
        "constrained",
        "method",
        "x HF, constrained",
        "Constrained decoding: sentences a second, HF with the same constraint = 1",
    ),
    Panel(
        "typed",
        "types",
        "x a pass for each",
        "Three types with typed marks: sentences a second, a pass for each type = 1",
    ),
    Panel("training", "way", "x Alpaca", "Tuning: examples a second, Stanford Alpaca's recipe = 1"),
    Panel("encoder-ncbi", "way", "x run_ner", "Encoder on NCBI-disease: trainings a second, run_ner = 1"),
    Panel("encoder", "way", "x run_ner", "The same on the demo's genes"),
)


def draw_bars(folder: Path, panels: Sequence[Panel], number: str, picture: Path) -> None:
    """Draw the tables of a folder as bars, one panel a table; a table that is absent is left out.

    Args:
        folder: Where the tables lie.
        panels: The tables and their columns.
        number: Format of the values.
        picture: File to write.
    """
    tables = [(panel, pd.read_csv(path)) for panel in panels if (path := folder / f"{panel.table}.csv").is_file()]
    heights = [len(frame) + 1.2 for _, frame in tables]
    figure, axes = plt.subplots(
        len(tables), 1, figsize=(7, 0.3 * sum(heights)), height_ratios=heights, squeeze=False, layout="constrained"
    )
    for axis, (panel, frame) in zip(axes[:, 0], tables, strict=True):
        ours = ~frame[panel.names].str.contains("HF|Alpaca|run_ner")
        values = frame[panel.values]
        bars = axis.barh(frame[panel.names], values, color=["#2a6f97" if own else "#b0b7bd" for own in ours])
        axis.bar_label(bars, fmt=number, padding=3, fontsize=8)
        axis.invert_yaxis()
        axis.set_title(panel.title, fontsize=9, loc="right")
        axis.tick_params(labelsize=8)
        axis.spines[["top", "right"]].set_visible(False)
        axis.set_xlim(0, 1.12 * values.max())
        if panel.values.startswith("x "):
            axis.axvline(1, color="black", linewidth=0.6)
    figure.savefig(picture, dpi=160)
    plt.close(figure)


if __name__ == "__main__":
    draw_bars(FOLDER, RATIOS, "%.2f", FOLDER / "ratios.png")
