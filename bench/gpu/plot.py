"""The measured ratios on a GPU as one picture: `gpu.png`."""

from pathlib import Path

import pandas as pd
from plot import draw_bars

# File, column of the way, column of the value, title.
_PANELS = (
    ("training", "way", "examples/s", "Training at the width of 7B: examples a second"),
    ("decoding-bf16", "method", "sentences/s", "Decoding at the shape of 7B, bf16: sentences a second"),
    ("decoding-fp32", "method", "sentences/s", "The same in float32"),
)


def draw(folder: Path) -> None:
    """Draw what was measured; a table that is absent is left out."""
    panels = [(pd.read_csv(path), *rest) for name, *rest in _PANELS if (path := folder / f"{name}.csv").is_file()]
    draw_bars(panels, "%.3g", folder / "gpu.png")
