"""The measured ratios on a GPU as one picture: `gpu.png`."""

from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd

# File, column of the way, column of the value, title.
_PANELS = (
    ("training", "way", "examples/s", "Training at the width of 7B: examples a second"),
    ("decoding-bf16", "method", "sentences/s", "Decoding at the shape of 7B, bf16: sentences a second"),
    ("decoding-fp32", "method", "sentences/s", "The same in float32"),
)


def draw(folder: Path) -> None:
    """Draw what was measured; a table that is absent is left out."""
    panels = [(pd.read_csv(path), *rest) for name, *rest in _PANELS if (path := folder / f"{name}.csv").is_file()]
    heights = [len(frame) + 1.2 for frame, *_ in panels]
    figure, axes = plt.subplots(
        len(panels), 1, figsize=(7, 0.3 * sum(heights)), height_ratios=heights, squeeze=False, layout="constrained"
    )
    for axis, (frame, way, value, title) in zip(axes[:, 0], panels, strict=True):
        own = ~frame[way].str.contains("HF|Alpaca")
        bars = axis.barh(frame[way], frame[value], color=["#2a6f97" if ours else "#b0b7bd" for ours in own])
        axis.bar_label(bars, fmt="%.3g", padding=3, fontsize=8)
        axis.invert_yaxis()
        axis.set_title(title, fontsize=9, loc="left")
        axis.tick_params(labelsize=8)
        axis.spines[["top", "right"]].set_visible(False)
        axis.set_xlim(0, 1.15 * frame[value].max())
    figure.savefig(folder / "gpu.png", dpi=160)
    plt.close(figure)
