"""The ratios of all benchmarks as one picture: docs/measured/bench/ratios.png.

python bench/plot.py

Reads what the other benchmarks wrote; what has not been measured is left out.
"""

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
    ("training", "way", "x Alpaca", "Tuning: examples a second, Stanford Alpaca's recipe = 1"),
    (
        "encoder-ncbi",
        "way",
        "x run_ner",
        "Encoder on NCBI-disease: trainings a second, run_ner = 1",
    ),
    ("encoder", "way", "x run_ner", "The same on the demo's genes"),
)


def main() -> None:
    """Draw the picture."""
    found = [(pd.read_csv(path), *rest) for name, *rest in RATIOS if (path := Path(FOLDER, f"{name}.csv")).exists()]
    heights = [len(frame) + 1.2 for frame, *_ in found]
    figure, axes = plt.subplots(
        len(found), 1, figsize=(7, 0.3 * sum(heights)), height_ratios=heights, squeeze=False, layout="constrained"
    )
    for axis, (frame, way, ratio, title) in zip(axes[:, 0], found, strict=True):
        ours = ~frame[way].str.contains("HF|Alpaca|run_ner")
        bars = axis.barh(frame[way], frame[ratio], color=["#2a6f97" if own else "#b0b7bd" for own in ours])
        axis.bar_label(bars, fmt="%.2f", padding=3, fontsize=8)
        axis.axvline(1, color="black", linewidth=0.6)
        axis.invert_yaxis()
        axis.set_title(title, fontsize=9, loc="left")
        axis.tick_params(labelsize=8)
        axis.spines[["top", "right"]].set_visible(False)
        axis.set_xlim(0, 1.12 * frame[ratio].max())
    figure.savefig(Path(FOLDER, "ratios.png"), dpi=160)


if __name__ == "__main__":
    main()
