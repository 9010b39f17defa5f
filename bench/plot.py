"""The ratios of all benchmarks as one picture: docs/measured/bench/ratios.png.

python bench/plot.py

Reads what the other benchmarks wrote; what has not been measured is left out.
"""

from collections.abc import Sequence
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
from report import FOLDER

# File, column that names a way, column of the ratio, what it is a ratio to.
RATIOS = (
    (
        "decoding-ncbi",
        "method",
        "x HF batch 1",
        "Decoding NCBI-disease: sentences a second, HF greedy at batch 1 = 1",
    ),
    ("decoding", "method", "x HF batch 1", "The same with the demo's short sentences"),
    (
        "constrained",
        "method",
        "x HF, constrained",
        "Constrained decoding: sentences a second, HF with the same constraint = 1",
    ),
    (
        "typed",
        "types",
        "x a pass for each",
        "Three types with typed marks: sentences a second, a pass for each type = 1",
    ),
    ("training", "way", "x Alpaca", "Tuning: examples a second, Stanford Alpaca's recipe = 1"),
    (
        "encoder-ncbi",
        "way",
        "x run_ner",
        "Encoder on NCBI-disease: trainings a second, run_ner = 1",
    ),
    ("encoder", "way", "x run_ner", "The same on the demo's genes"),
)


def draw_bars(panels: Sequence[tuple[pd.DataFrame, str, str, str]], number: str, path: Path) -> None:
    """Draw bars of values, one panel a table, and save them. Ratios have a line at 1.

    Args:
        panels: For each: the table, its column of names, its column of values, the title.
        number: Format of the values.
        path: File to write.
    """
    heights = [len(frame) + 1.2 for frame, *_ in panels]
    figure, axes = plt.subplots(
        len(panels), 1, figsize=(7, 0.3 * sum(heights)), height_ratios=heights, squeeze=False, layout="constrained"
    )
    for axis, (frame, way, value, title) in zip(axes[:, 0], panels, strict=True):
        ours = ~frame[way].str.contains("HF|Alpaca|run_ner")
        bars = axis.barh(frame[way], frame[value], color=["#2a6f97" if own else "#b0b7bd" for own in ours])
        axis.bar_label(bars, fmt=number, padding=3, fontsize=8)
        axis.invert_yaxis()
        axis.set_title(title, fontsize=9, loc="left")
        axis.tick_params(labelsize=8)
        axis.spines[["top", "right"]].set_visible(False)
        axis.set_xlim(0, 1.12 * frame[value].max())
        if value.startswith("x "):
            axis.axvline(1, color="black", linewidth=0.6)
    figure.savefig(path, dpi=160)
    plt.close(figure)


def main() -> None:
    """Draw the picture."""
    panels = [(pd.read_csv(path), *rest) for name, *rest in RATIOS if (path := Path(FOLDER, f"{name}.csv")).exists()]
    draw_bars(panels, "%.2f", Path(FOLDER, "ratios.png"))


if __name__ == "__main__":
    main()
