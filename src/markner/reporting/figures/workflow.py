"""The picture of the workflow (paper Figure 1): the rules of a study's jobs by stage, with the number of jobs."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.patches import FancyBboxPatch, PathPatch, Polygon
from matplotlib.path import Path as Outline

from markner.reporting.figures.canvas import EDGE, GREY, PALETTE, STYLE, save
from markner.reporting.figures.layers import Arrangement, Edge, arrange, direct

STAGES = {
    "Sources": ("fetch", "weights"),
    "Corpora": ("sentences", "card", "released_marks"),
    "Instructions": ("mixture", "write_candidates", "self_instruct", "few_shot", "similar_few_shot"),
    "Training": ("train", "train_on_nodes", "train_encoder", "select_encoder", "train_final_encoder"),
    "Prediction": (
        *("predict", "predict_encoder", "selected_predictions", "chat", "chat_served", "import_predictions"),
        *("predict_final_encoder", "predict_tagger", "repair_predictions", "annotate"),
        "gather_annotation",
    ),
    "Evaluation": ("score", "score_grid", "significance", "strata", "calibration", "official", "errors", "suspects"),
    "Results": (
        *("table", "costs", "figure", "error_figure", "size_figure", "strata_table", "strata_figure"),
        "report",
    ),
}
"""Rules by stage. A rule that is not listed is drawn in a last stage."""
_OTHER = "More"
_SHOWN = (
    "card",
    "costs",
    "table",
    "figure",
    "error_figure",
    "size_figure",
    "strata_table",
    "strata_figure",
    "calibration",
)
"""Rules whose results the report shows. It also shows tests, usage and answers, to which other lines lead."""
_COLOURS = [*PALETTE[:6], GREY, EDGE]
_TAGGERS = ("train", "train_on_nodes", "select_encoder", "weights")
_WIDTH, _MARGIN, _HEAD = 6.9, 0.85, 0.3
_ROW, _BOX, _GAP = 0.47, 0.29, 0.1
_LETTER, _PAD = 0.052, 0.16
_ARROW = 0.05


@dataclass(frozen=True, slots=True)
class Jobs:
    """The jobs of a study by rule, and which rule's files another rule reads."""

    counts: dict[str, int]
    edges: set[Edge]


def jobs_of(lineage: Sequence[Mapping[str, Any]], shards: Sequence[int]) -> Jobs:
    """Count the jobs that recorded a result.

    The report and the annotations are added: they have no record when the picture is drawn. The picture itself and the
    lineage that it is drawn from are left out.

    Args:
        lineage: What `runrecord.lineage.lineage_facts` returns.
        shards: Number of shards of each collection that trained runs tag.
    """
    made = {(node["rule"], json.dumps(node["wildcards"], sort_keys=True)) for node in lineage if "rule" in node}
    counts = Counter(rule for rule, _ in made)
    edges = {
        (source["rule"], node["rule"])
        for node in lineage
        if "rule" in node
        for source in (lineage[index] for index in node["inputs"])
        if "rule" in source and source["rule"] != node["rule"]
    }
    if shards:
        edges |= {(rule, "annotate") for rule in _TAGGERS if counts[rule]} | {("annotate", "gather_annotation")}
        counts["annotate"], counts["gather_annotation"] = sum(shards), len(shards)
    edges |= {(rule, "report") for rule in _SHOWN if counts[rule]}
    counts["report"] = 1
    return Jobs(dict(counts), direct(edges))


def draw_workflow(jobs: Jobs, study: str, *files: Path) -> None:
    """Draw the rules as boxes in the rows of their stages, and arrows from each rule to those that read its files.

    An arrow is left out if a longer path says the same.

    Args:
        jobs: The study's jobs.
        study: Its name.
        files: Files to write, see `canvas.save`.
    """
    stages = _rows(jobs)
    rows = [row for rows in stages.values() for row in rows]
    widths = {rule: _LETTER * max(len(rule), 6) + _PAD for rule in jobs.counts}
    places = arrange(rows, jobs.edges, widths, _GAP)
    left, right = _edges(places, widths)
    width = max(_WIDTH, _MARGIN + right - left + 0.15)
    with mpl.rc_context(STYLE):
        canvas = Canvas(figsize=(width, len(rows) * _ROW + _HEAD))
        canvas.suptitle(f"The workflow of the study {study}", fontsize=8.5, y=1 - 0.1 / (len(rows) * _ROW + _HEAD))
        panel = canvas.add_axes((0, 0, 1, len(rows) * _ROW / (len(rows) * _ROW + _HEAD)))
        panel.set_axis_off()
        panel.set_xlim(0, width)
        shift = (_MARGIN + width - left - right) / 2
        _stages(panel, stages, jobs, places, widths, shift)
        save(canvas, files)


def _rows(jobs: Jobs) -> dict[str, list[list[str]]]:
    """Return the rows of each stage: a rule stands below the rules of its stage whose files it reads."""
    stage_of = {rule: stage for stage, rules in STAGES.items() for rule in rules}
    stages: dict[str, list[list[str]]] = {}
    for stage in [*STAGES, _OTHER]:
        here = sorted(rule for rule in jobs.counts if stage_of.get(rule, _OTHER) == stage)
        rows: list[list[str]] = []
        while here:
            waiting = {end for start, end in jobs.edges if start in here and end in here}
            rows.append([rule for rule in here if rule not in waiting])
            here = [rule for rule in here if rule in waiting]
        if rows:
            stages[stage] = rows
    return stages


def _edges(places: Arrangement, widths: Mapping[str, float]) -> tuple[float, float]:
    """Return where boxes and lines begin at the left and end at the right."""
    spots = [(place, widths.get(name, 0)) for name, place in places.boxes.items()]
    spots += [(place, 0.0) for line in places.lines.values() for _, place in line]
    return min(place - width / 2 for place, width in spots), max(place + width / 2 for place, width in spots)


def _stages(
    panel: Axes,
    stages: Mapping[str, list[list[str]]],
    jobs: Jobs,
    places: Arrangement,
    widths: Mapping[str, float],
    shift: float,
) -> None:
    """Draw the bands, the boxes and the arrows; places are inches, moved to the right by `shift`."""
    count = sum(map(len, stages.values()))
    right = panel.get_xlim()[1]
    panel.set_ylim(count * _ROW, 0)
    for line in places.lines.values():
        _arrow(panel, [(place + shift, (row + 0.5) * _ROW) for row, place in line])
    top = 0
    for number, (stage, rows) in enumerate(stages.items()):
        colour = _COLOURS[number % len(_COLOURS)]
        low, high = top * _ROW + 0.03, (top + len(rows)) * _ROW - 0.03
        panel.fill_between((0.06, right - 0.06), low, high, color=colour, alpha=0.09, linewidth=0, zorder=0)
        panel.text(0.14, (low + high) / 2, stage, va="center", fontsize=7.5, fontweight="bold")
        for offset, row in enumerate(rows):
            for rule in row:
                spot = places.boxes[rule] + shift, (top + offset + 0.5) * _ROW
                _box(panel, spot, widths[rule], colour, rule, jobs.counts[rule])
        top += len(rows)


def _box(panel: Axes, spot: tuple[float, float], width: float, colour: str, rule: str, count: int) -> None:
    """Draw a rule and the number of its jobs."""
    corner = spot[0] - width / 2, spot[1] - _BOX / 2
    style = "round,pad=0,rounding_size=0.05"
    for face, alpha, edge in (("white", 1.0, "none"), (colour, 0.16, colour)):
        panel.add_patch(
            FancyBboxPatch(
                corner, width, _BOX, boxstyle=style, facecolor=mpl.colors.to_rgba(face, alpha), edgecolor=edge, zorder=3
            )
        )
    panel.text(spot[0], spot[1] - 0.055, rule.replace("_", " "), ha="center", va="center", fontsize=6.5, zorder=4)
    text = f"{count} job{'s' if count > 1 else ''}"
    panel.text(spot[0], spot[1] + 0.075, text, ha="center", va="center", fontsize=5.5, color=GREY, zorder=4)


def _arrow(panel: Axes, points: Sequence[tuple[float, float]]) -> None:
    """Draw a line from the bottom of a box to the top of another, upright in the rows between."""
    (x, y), *rest = points
    vertices, codes = [(x, y + _BOX / 2)], [Outline.MOVETO]
    for number, (to, level) in enumerate(rest, start=1):
        start, end = vertices[-1], (to, level - _BOX / 2 - _ARROW * (number == len(rest)))
        half = (end[1] - start[1]) / 2
        vertices += [(start[0], start[1] + half), (to, end[1] - half), end]
        codes += [Outline.CURVE4] * 3
        if number < len(rest):
            vertices.append((to, level + _BOX / 2))
            codes.append(Outline.LINETO)
    panel.add_patch(PathPatch(Outline(vertices, codes), facecolor="none", edgecolor=GREY, linewidth=0.7, zorder=1))
    tip, level = vertices[-1]
    head = [(tip, level + _ARROW), (tip - 0.6 * _ARROW, level), (tip + 0.6 * _ARROW, level)]
    panel.add_patch(Polygon(head, facecolor=EDGE, edgecolor="none", alpha=0.7, zorder=2))
