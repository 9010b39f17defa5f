"""Tables as the report shows them: what stands in them, and the sentence that says what came out."""

from pathlib import Path

from markner.reporting.page.score_tables import conclusions, read_table
from markner.reporting.results import write_cells

NAMES = ["label", "corpus", "heading", "match", "run", "precision", "recall", "f1", "paper_f1"]


def table(folder: Path, *rows: str) -> Path:
    path = folder / "t.csv"
    write_cells(path, [dict(zip(NAMES, row.split(","), strict=True)) for row in rows])
    return path


def test_cells_without_a_score_are_left_out_unless_the_paper_has_one(tmp_path: Path) -> None:
    path = table(
        tmp_path,
        "A,genes,Genes,strict,a,0.5,0.5,0.5,",
        "B,genes,Genes,strict,,,,,",
        "GPT-4,genes,Genes,strict,,,,,0.4",
    )
    assert [row["label"] for row in read_table("t", "T", path, {}).rows] == ["A", "GPT-4"]


def test_where_all_found_nothing_none_is_the_best(tmp_path: Path) -> None:
    path = table(tmp_path, "A,genes,Genes,strict,a,0.0,0.0,0.0,", "B,genes,Genes,strict,b,0.0,0.0,0.0,")
    found = read_table("t", "T", path, {})
    assert not any(row["highest"] for row in found.rows)
    assert list(conclusions(found)) == ["On Genes, no system marked a mention exactly."]
