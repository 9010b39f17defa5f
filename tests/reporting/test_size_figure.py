"""The figure of training sizes: its points, the paper's beside them, its files."""

import csv
from pathlib import Path

import pytest
from conftest import ROOT
from example import score_file

from markner.errors import MarknerError
from markner.files import read_json
from markner.reporting.figures.size_points import COLUMNS, SizePoint, gather, write_points
from markner.reporting.figures.sizes import draw_sizes
from markner.reporting.results import Key
from markner.study.schema.study import SizeFigure, SizeSeries

PAPER = ROOT / "resources" / "paper" / "tables.json"
FIGURE = SizeFigure(
    corpora=["ncbi_disease"],
    series=[
        SizeSeries(label="Tuned for $1 & $2", runs=["tenth", "whole"], paper="BioNER-LLaMA1"),
        SizeSeries(label="Encoder", runs=["encoder"], paper="PubMedBERT"),
    ],
    metrics=["f1", "recall"],
    paper_figure="figure4",
    width=3.4,
)
PLACES = [
    ("Tuned for $1 & $2", "ncbi_disease", 0.1, "tenth"),
    ("Tuned for $1 & $2", "ncbi_disease", 1.0, "whole"),
    ("Encoder", "ncbi_disease", 1.0, "encoder"),
]


@pytest.fixture(scope="module")
def scores(tmp_path_factory: pytest.TempPathFactory) -> dict[Key, Path]:
    folder = tmp_path_factory.mktemp("scores")
    right = {("tenth", 1): 4, ("tenth", 2): 6, ("whole", 1): 9, ("encoder", 1): 8}
    return {
        (run, seed, "ncbi_disease"): score_file(folder, f"{run}{seed}", run, "ncbi_disease", number)
        for (run, seed), number in right.items()
    }


@pytest.fixture(scope="module")
def points(scores: dict[Key, Path]) -> list[SizePoint]:
    return gather(FIGURE, PLACES, scores, PAPER, {})


def test_points_are_means_over_seeds_beside_the_paper(points: list[SizePoint], tmp_path: Path) -> None:
    write_points(points, tmp_path / "sizes.csv")
    with (tmp_path / "sizes.csv").open(encoding="utf-8") as stream:
        rows = [row for row in csv.DictReader(stream) if row["metric"] == "f1"]
    assert tuple(rows[0]) == COLUMNS
    assert [(row["label"][:5], row["fraction"], row["seeds"], row["mean"]) for row in rows] == [
        ("Tuned", "0.1", "2", "0.5"),
        ("Tuned", "0.5", "0", ""),
        ("Tuned", "1.0", "1", "0.9"),
        ("Encod", "0.1", "0", ""),
        ("Encod", "0.5", "0", ""),
        ("Encod", "1.0", "1", "0.8"),
    ]
    assert float(rows[0]["sd"]) == pytest.approx(0.141421)
    assert (rows[0]["paper_low"], rows[0]["paper_high"], rows[0]["paper"]) == ("0.738", "0.763", "")
    assert (rows[2]["paper"], rows[2]["difference"], rows[2]["sd"]) == ("0.876", "0.024", "")


def test_the_same_points_give_the_same_bytes(points: list[SizePoint], tmp_path: Path) -> None:
    for name in ("a", "b"):
        draw_sizes(points, FIGURE, *(tmp_path / name / f"sizes.{end}" for end in ("pdf", "svg", "png")))
    for end in ("pdf", "svg", "png"):
        first, second = ((tmp_path / name / f"sizes.{end}").read_bytes() for name in ("a", "b"))
        assert first == second
        assert len(first) > 1000


def test_a_point_without_a_score_or_a_system_the_paper_lacks_is_told(scores: dict[Key, Path]) -> None:
    with pytest.raises(MarknerError, match="run 'gone' has no score on 'ncbi_disease'"):
        gather(FIGURE, [("Encoder", "ncbi_disease", 0.5, "gone")], scores, PAPER, {})


def test_the_paper_s_ranges_follow_from_what_it_states() -> None:
    figure = read_json(PAPER)["figures"]["figure4"]
    stated, systems = figure["stated"], figure["systems"]
    drops = stated["drop of BioNER-LLaMA1, lowest and highest of the corpora"]
    below = stated["PubMedBERT below BioNER-LLaMA1, lowest and highest"]
    for corpus, whole in systems["BioNER-LLaMA1"]["1"].items():
        assert list(whole.values()) == read_json(PAPER)["tables"]["table1"]["BioNER-LLaMA1"][corpus]["strict"]
        for fraction, (least, most) in drops.items():
            low, high = whole["f1"] - most, whole["f1"] - least
            assert systems["BioNER-LLaMA1"][fraction][corpus]["f1_range"] == pytest.approx([low, high])
            less, more = below[corpus][fraction]
            assert systems["PubMedBERT"][fraction][corpus]["f1_range"] == pytest.approx([low - more, high - less])
