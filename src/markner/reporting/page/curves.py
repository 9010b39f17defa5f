"""Training curves as small drawings (SVG) in the colours of the page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markner.files import read_json

WIDTH, HEIGHT = 360, 150
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 8, 8, 26
_POINTS = 200


@dataclass(frozen=True, slots=True)
class Line:
    """One line: its name, its number among the colours, and its points in SVG notation."""

    name: str
    colour: int
    points: str


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing with its axes."""

    title: str
    description: str
    """Text for screen readers."""
    x: str
    lines: tuple[Line, ...]
    ticks: tuple[tuple[float, str], ...]
    """Height and text of the marks of the vertical axis."""
    last: str
    """The end of the horizontal axis."""


def curves(files: Sequence[Path]) -> list[Chart]:
    """Return charts of trainings: loss by step of tuned models, dev loss and F1 by epoch of encoders.

    Args:
        files: `<run>/seed<k>.json` with the steps of a tuned model, `<run>/seed<k>/selection.json` of an encoder.
    """
    charts = []
    for path in sorted(path for path in files if path.name != "selection.json"):
        history = read_json(path)["history"]
        title = f"{path.parent.name}, {path.stem}"
        charts.append(_chart(title, "step", {"training loss": _pairs(history, "step", "loss")}))
    for path in sorted(path for path in files if path.name == "selection.json"):
        points = {point["name"]: point["epochs"] for point in read_json(path)["points"]}
        title = f"{path.parents[1].name}, {path.parent.name}"
        for column, words in (("dev_loss", "loss on dev"), ("dev_f1", "F1 on dev")):
            series = {name: _pairs(epochs, "epoch", column) for name, epochs in points.items()}
            charts.append(_chart(f"{title}: {words}", "epoch", series))
    return charts


def _pairs(rows: Sequence[Mapping[str, Any]], x: str, y: str) -> list[tuple[float, float]]:
    """Return the points of a line, thinned out if there are many."""
    step = max(1, len(rows) // _POINTS)
    return [(float(row[x]), float(row[y])) for row in rows[::step]]


def _chart(title: str, x: str, series: Mapping[str, Sequence[tuple[float, float]]]) -> Chart:
    points = [point for line in series.values() for point in line] or [(0.0, 0.0)]
    right, top = max(point[0] for point in points) or 1.0, max(point[1] for point in points) or 1.0
    wide, high = WIDTH - _LEFT - _RIGHT, HEIGHT - _TOP - _BOTTOM
    lines = tuple(
        Line(
            name,
            number % 8,
            " ".join(f"{_LEFT + wide * a / right:.1f},{_TOP + high * (1 - b / top):.1f}" for a, b in line),
        )
        for number, (name, line) in enumerate(series.items())
    )
    ends = "; ".join(f"{name}: {line[0][1]:.3f} to {line[-1][1]:.3f}" for name, line in series.items() if line)
    ticks = tuple((round(_TOP + high * (1 - part), 1), f"{top * part:.2f}") for part in (0, 0.5, 1))
    return Chart(title, f"{title}. From the first to the last {x}, {ends}.", x, lines, ticks, f"{right:g}")
