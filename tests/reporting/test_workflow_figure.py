"""The picture of the workflow: its jobs are those of the records, its boxes do not overlap, its lines run down."""

from itertools import pairwise
from pathlib import Path

from markner.reporting.figures.layers import arrange, direct
from markner.reporting.figures.workflow import STAGES, draw_workflow, jobs_of
from markner.rules import PARAMS


def node(rule: str, *inputs: int, **wildcards: str) -> dict[str, object]:
    return {"rule": rule, "wildcards": wildcards, "inputs": list(inputs)}


LINEAGE = [
    {"inputs": []},
    node("sentences", 0, corpus="a"),
    node("sentences", 0, corpus="b"),
    node("train", 1, 2),
    node("predict", 1, 3, corpus="a"),
    node("predict", 2, 3, corpus="b"),
    node("score", 4, 1, corpus="a"),
    node("table", 6),
    node("table", 6),
    node("new_rule", 5),
]


def test_jobs_are_counted_once_and_arrows_that_a_path_replaces_are_left_out() -> None:
    jobs = jobs_of(LINEAGE, [1, 3])
    counts = {"sentences": 2, "train": 1, "predict": 2, "score": 1, "table": 1, "new_rule": 1}
    assert jobs.counts == counts | {"annotate": 4, "gather_annotation": 2, "report": 1}
    assert jobs.edges == {
        ("sentences", "train"),
        ("train", "predict"),
        ("train", "annotate"),
        ("annotate", "gather_annotation"),
        ("predict", "score"),
        ("predict", "new_rule"),
        ("score", "table"),
        ("table", "report"),
    }


def test_every_stage_holds_rules_that_exist() -> None:
    drawn = {rule for rules in STAGES.values() for rule in rules}
    assert drawn <= set(PARAMS)
    # What looks at the whole study, and what prepares its results for others.
    assert set(PARAMS) - drawn == {"lineage", "workflow_figure", "taggers", "crate", "dataset", "model_card"}


def test_the_same_jobs_give_the_same_bytes(tmp_path: Path) -> None:
    kinds = ("pdf", "svg", "png")
    for name in ("once", "again"):
        draw_workflow(jobs_of(LINEAGE, [1]), "s", *(tmp_path / f"{name}.{kind}" for kind in kinds))
    assert all((tmp_path / f"once.{kind}").read_bytes() == (tmp_path / f"again.{kind}").read_bytes() for kind in kinds)


def test_boxes_do_not_overlap_and_lines_pass_between_them() -> None:
    rows = [["a", "b"], ["c", "d", "e"], ["f", "g"], ["h"]]
    edges = {("a", "e"), ("a", "h"), ("b", "c"), ("b", "f"), ("d", "h"), ("e", "f"), ("c", "g"), ("g", "h")}
    widths = dict.fromkeys("abcdefgh", 1.0)
    places = arrange(rows, edges, widths, 0.1)
    for number, row in enumerate(rows):
        passing = [(place, 0.12) for line in places.lines.values() for level, place in line[1:-1] if level == number]
        taken = sorted([(places.boxes[name], widths[name]) for name in row] + passing)
        assert all(b - a >= (wide + width) / 2 + 0.099 for (a, wide), (b, width) in pairwise(taken))
    for (start, end), line in places.lines.items():
        assert [level for level, _ in line] == list(range(line[0][0], line[-1][0] + 1))
        assert (line[0][1], line[-1][1]) == (places.boxes[start], places.boxes[end])


def test_lines_cross_where_they_must_and_nowhere_else() -> None:
    places = arrange([["a", "b"], ["c", "d"]], {("a", "d"), ("b", "c")}, dict.fromkeys("abcd", 1.0), 0.1)
    assert (places.boxes["a"] < places.boxes["b"]) == (places.boxes["d"] < places.boxes["c"])


def test_a_path_replaces_an_arrow() -> None:
    assert direct({("a", "b"), ("b", "c"), ("a", "c"), ("a", "d")}) == {("a", "b"), ("b", "c"), ("a", "d")}
