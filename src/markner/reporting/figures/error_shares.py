"""The figure of error kinds (paper Figure 3): shares of missing, wrong and boundary errors by system and corpus."""

import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.patches import Patch

from markner.errors import MarknerError
from markner.evaluation.mention_errors import KINDS
from markner.files import read_json
from markner.reporting.figures.canvas import (
    EDGE,
    GREY,
    STYLE,
    legend_with_note,
    new_canvas,
    save,
    wrapped_title,
)
from markner.reporting.results import Key, files_by_seed, first_scored
from markner.study.schema.study import Table, TableRow

COLOURS = {"missing": "#0072B2", "wrong": "#E69F00", "boundary": "#F7F7F7"}
"""Blue and orange of Okabe and Ito, and near white: they differ in lightness too, so also in print without colour."""

_HATCHES = {"missing": "", "wrong": "/////", "boundary": "...."}
_HATCH_COLOURS = {"missing": EDGE, "wrong": "#7A4B00", "boundary": "#4D4D4D"}
_LETTERS = {"missing": "M", "wrong": "W", "boundary": "B"}
_SCOPES = {"all": "all", "sampled": "sample"}
_BY_PERSON = "†"

_BAR = 0.72
_SYSTEM = 3.2
_INCHES_PER_BAR = 0.125
_PANEL_WIDTH = 2.2
_HEAD, _FOOT, _TITLE = 0.22, 0.42, 0.22
_SMALL = 6.5
_POINTS_PER_DIGIT, _GAP = 4.2, 5.5


class Bar(NamedTuple):
    """The errors of one system on one corpus: counts by kind over all its seeds, and whether a person judged them."""

    counts: dict[str, int]
    by_person: bool


Cells = Sequence[tuple[str, dict[str, Bar]]]
"""Systems of a panel: label, and bars of all errors and of the sample; no bars where no run was analysed."""


def draw_errors(
    summaries: Mapping[Key, Path],
    table: Table,
    paper: Path,
    titles: Mapping[str, str],
    title: str,
    width: float,
    *files: Path,
) -> None:
    """Draw the kinds of errors: one panel a corpus, two stacked bars a system, all errors and the sample.

    The counts stand beside each bar; several seeds of a run are added up. A panel shows the systems that have an
    analysed run on its corpus, in the order of the table.
    Panels stand side by side as far as the width allows; the height follows from the number of bars.

    Args:
        summaries: Summaries from `error_analysis.analyse`, by run, seed and corpus.
        table: Its rows and corpora; a cell shows the first of its row's runs that was analysed on the corpus.
        paper: The paper's headings of corpora (resources/paper/tables.json).
        titles: Headings of corpora; of others the paper's heading or the name.
        title: Title above the panels; none when empty.
        width: Width in inches; a column of the journal has 3.4, a page 6.9.
        files: Files to write, see `canvas.save`.

    Raises:
        MarknerError: No run of the table was analysed.
    """
    bars = {corpus: {row.label: _bars(row, corpus, summaries) for row in table.rows} for corpus in table.corpora}
    analysed = {corpus: [item for item in bars[corpus].items() if item[1]] for corpus in table.corpora}
    if not any(analysed.values()):
        raise MarknerError(
            f"table {table.title!r}: no run of its rows has an error analysis on its corpora",
            "draw the errors of a table with runs",
        )
    names = {**read_json(paper)["columns"], **titles}
    shown = [(names.get(corpus, corpus), cells) for corpus, cells in analysed.items() if cells]
    size = read_json(next(iter(summaries.values())))["sample"]["size"]
    with mpl.rc_context({**STYLE, "hatch.linewidth": 0.6}):
        save(_panels(shown, title, width, size), files)


def _bars(row: TableRow, corpus: str, summaries: Mapping[Key, Path]) -> dict[str, Bar]:
    """Return the bars of a cell, for all errors and for the sample; none if no run was analysed."""
    run = first_scored(row, corpus, summaries)
    read = [read_json(path) for _, path in files_by_seed(summaries, run, corpus)]
    return {
        scope: Bar(
            {kind: sum(summary[scope]["counts"][kind] for summary in read) for kind in KINDS},
            all(summary[scope]["judged_by"] == "person" for summary in read),
        )
        for scope in _SCOPES
        if read
    }


def _panels(shown: Sequence[tuple[str, Cells]], title: str, width: float, size: int) -> Canvas:
    """Return the whole figure: title, a panel for each corpus, legend and notes below."""
    columns = max(1, min(len(shown), int(width / _PANEL_WIDTH)))
    lines = -(-len(shown) // columns)
    numbers = [len(cells) for _, cells in shown]
    systems = [max(numbers[line * columns : (line + 1) * columns]) for line in range(lines)]
    heights = [number * _SYSTEM * _INCHES_PER_BAR + _HEAD for number in systems]
    bars = [bar for _, cells in shown for _, by_kind in cells for bar in by_kind.values()]
    pitch = _POINTS_PER_DIGIT * max(len(str(count)) for bar in bars for count in bar.counts.values()) + _GAP
    note = f"Bars: shares; numbers: counts. Sample: {size} errors at random, all where there are fewer."
    note += f" {_BY_PERSON} Judged by a person." if any(bar.by_person for bar in bars) else ""
    note = textwrap.fill(note, int(width * 18))
    height = sum(heights) + _FOOT + 0.11 * (note.count("\n") + 1)
    height += _TITLE * (wrapped_title(title, width).count("\n") + 1) * bool(title)
    canvas = new_canvas(width, height, title, between=0.02)
    panels = canvas.subplots(lines, columns, sharex=True, squeeze=False, height_ratios=heights).ravel()
    for panel in panels[len(shown) :]:
        panel.set_visible(False)
    for number, (name, cells) in enumerate(shown):
        _panel(panels[number], name, cells, systems[number // columns], pitch)
    handles = [_patch(kind, f"{kind} ({_LETTERS[kind]})") for kind in KINDS]
    legend_with_note(canvas, handles, note, len(KINDS), spacing=1.4)
    return canvas


def _panel(panel: Axes, name: str, cells: Cells, systems: int, pitch: float) -> None:
    """Draw one corpus with room for some systems: for each its name, a bar of all errors and one of the sample."""
    panel.set_title(name, loc="left", fontweight="bold", pad=3)
    panel.set_xlim(0, 100)
    panel.set_ylim(systems * _SYSTEM - 0.7, -0.7)
    panel.set_xticks([0, 25, 50, 75, 100], ["0", "25", "50", "75", "100 %"])
    panel.tick_params(axis="y", length=0, labelsize=_SMALL, pad=2)
    panel.spines[["top", "right", "left"]].set_visible(False)
    for column, kind in enumerate(KINDS, start=1):
        _beside(panel, (1.0, 1.0), column * pitch, _LETTERS[kind], "axes fraction", va="bottom", fontweight="bold")
    ticks = []
    for number, (label, bars) in enumerate(cells):
        top = number * _SYSTEM
        panel.text(0, top - 0.05, label, va="center").set_in_layout(False)
        for offset, scope in enumerate(_SCOPES, start=1):
            ticks.append((top + offset * 0.95, _SCOPES[scope]))
            _bar(panel, top + offset * 0.95, bars[scope], pitch)
    panel.set_yticks([level for level, _ in ticks], [text for _, text in ticks])


def _bar(panel: Axes, level: float, bar: Bar, pitch: float) -> None:
    """Draw one stacked bar and its counts."""
    total = sum(bar.counts.values())
    if not total:
        panel.text(1, level, "no errors", color=GREY, va="center_baseline", fontsize=_SMALL)
    left = 0.0
    for column, kind in enumerate(KINDS, start=1):
        share = 100 * bar.counts[kind] / total if total else 0.0
        # The outline is drawn by itself, as a hatch has the colour of its edge.
        for face, edge, line, hatch in (
            (COLOURS[kind], _HATCH_COLOURS[kind], 0.0, _HATCHES[kind]),
            ("none", EDGE, 0.6, ""),
        ):
            panel.barh(
                level, share, _BAR, left, facecolor=face, edgecolor=edge, linewidth=line, hatch=hatch, clip_on=False
            )
        left += share
        _beside(panel, (100, level), column * pitch, f"{bar.counts[kind]}")
    if bar.by_person:
        _beside(panel, (100, level), len(KINDS) * pitch + 1, _BY_PERSON, ha="left")


def _beside(panel: Axes, place: tuple[float, float], points: float, text: str, at: str = "data", **style: Any) -> None:
    """Draw small text whose right end is some points right of a place."""
    style = {"ha": "right", "va": "center_baseline", "fontsize": _SMALL, **style}
    panel.annotate(text, place, (points, 0), xycoords=at, textcoords="offset points", annotation_clip=False, **style)


def _patch(kind: str, label: str) -> Patch:
    """Return the entry of the legend for a kind, with its colour and hatch."""
    return Patch(
        facecolor=COLOURS[kind], edgecolor=_HATCH_COLOURS[kind], hatch=_HATCHES[kind], linewidth=0.6, label=label
    )
