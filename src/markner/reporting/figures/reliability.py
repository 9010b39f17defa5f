"""The figure of a calibration: reliability before and after temperature scaling, and F1 at coverage."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes

from markner.reporting.figures.canvas import GREY, LINE_COLOURS, STYLE, new_canvas, save
from markner.study.schema.calibrations import Calibration


def draw_calibration(rows: Sequence[Mapping[str, Any]], settings: Calibration, *files: Path) -> None:
    """Draw two panels: precision by confidence, and F1 by coverage; a line for each run and seed.

    A solid line shows the confidences as predicted, a dashed one those after temperature scaling.

    Args:
        rows: Rows of the file of `evaluation.calibration.calibrate`.
        settings: Title and width.
        files: Files to write, see `canvas.save`.
    """
    with mpl.rc_context(STYLE):
        canvas = new_canvas(settings.width, 0.45 * settings.width + 0.16 * len(rows), settings.title)
        reliability, coverage = canvas.subplots(1, 2)
        runs = list(dict.fromkeys(row["run"] for row in rows))
        for row in rows:
            colour = LINE_COLOURS[runs.index(row["run"]) % len(LINE_COLOURS)]
            _reliability(reliability, row, colour)
            points = [point for point in row["thresholds"] if point["mentions"]]
            kept, f1 = [point["coverage"] for point in points], [point["f1"] for point in points]
            coverage.plot(kept, f1, "o-", ms=2.5, lw=1, color=colour)
        reliability.plot([0, 1], [0, 1], color=GREY, lw=0.6, zorder=0)
        reliability.set(xlim=(0, 1), ylim=(0, 1), xlabel="confidence", ylabel="precision")
        coverage.set(xlim=(0, 1.02), xlabel="coverage: part of the mentions kept", ylabel="strict F1")
        canvas.legend(*reliability.get_legend_handles_labels(), loc="outside lower center", ncols=1, frameon=False)
        save(canvas, files)


def _reliability(panel: Axes, row: Mapping[str, Any], colour: str) -> None:
    name = f"{row['run']}, seed {row['seed']}, {row['mentions']} mentions"
    scaled = "" if row["temperature"] is None else f"temperature {row['temperature']:.2f}"
    lines = [("as_predicted", "-", "as predicted"), ("scaled", "--", scaled)]
    for kind, style, label in lines:
        if row[kind] is not None and row[kind]["reliability"]:
            bins = row[kind]["reliability"]
            panel.plot(
                [part["confidence"] for part in bins],
                [part["precision"] for part in bins],
                f"o{style}",
                ms=2.5,
                lw=1,
                color=colour,
                clip_on=False,
                label=f"{name}, {label}: expected error {row[kind]['expected_error']:.3f}",
            )
