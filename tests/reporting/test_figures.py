from pathlib import Path

import pytest
from conftest import ROOT
from example import TABLE, grid_files, score_files
from matplotlib.image import imread

from markner.reporting.figures.scores import draw
from markner.reporting.results import Cell, cells
from markner.study.schema.study import Figure, Table, TableRow

PAPER = ROOT / "resources" / "paper" / "tables.json"


@pytest.fixture(scope="module")
def gathered(tmp_path_factory: pytest.TempPathFactory) -> list[Cell]:
    folder = tmp_path_factory.mktemp("scores")
    return cells(TABLE, score_files(folder), grid_files(folder), PAPER)


def drawn(gathered: list[Cell], table: Table, figure: Figure, folder: Path) -> list[Path]:
    paths = [folder / f"scores.{end}" for end in ("pdf", "svg", "png")]
    draw(gathered, table, figure, *paths)
    return paths


def test_the_same_cells_give_the_same_bytes(gathered: list[Cell], tmp_path: Path) -> None:
    figure = Figure(table="t")
    first = drawn(gathered, TABLE, figure, tmp_path / "a")
    second = drawn(gathered, TABLE, figure, tmp_path / "b")
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]
    assert b"CreationDate" not in first[0].read_bytes()
    assert b"dc:date" not in first[1].read_bytes()


def test_the_figure_depends_on_the_scores(gathered: list[Cell], tmp_path: Path) -> None:
    other = [cell | {"f1": 0.7} if cell["run"] == "llama" else cell for cell in gathered]
    first = drawn(gathered, TABLE, Figure(table="t"), tmp_path / "a")
    second = drawn(other, TABLE, Figure(table="t"), tmp_path / "b")
    assert all(a.read_bytes() != b.read_bytes() for a, b in zip(first, second, strict=True))


def test_size_and_type_of_the_files(gathered: list[Cell], tmp_path: Path) -> None:
    pdf, svg, png = drawn(gathered, TABLE, Figure(table="t", width=3.4, height=2.5), tmp_path)
    assert pdf.read_bytes().startswith(b"%PDF")
    assert b"/TrueType" in pdf.read_bytes() or b"/CIDFontType2" in pdf.read_bytes()
    assert b"</svg>" in svg.read_bytes()
    assert imread(png).shape[:2] == (750, 1020)


def test_without_any_score(tmp_path: Path) -> None:
    table = Table(title="Nothing yet", corpora=["a"], rows=[TableRow(label=f"system {i}") for i in range(9)])
    paths = drawn(cells(table, {}, {}, PAPER), table, Figure(table="t"), tmp_path)
    assert all(path.stat().st_size > 1000 for path in paths)
