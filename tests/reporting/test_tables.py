import re
from pathlib import Path

import pytest
from conftest import ROOT
from example import TABLE, grid_files, score_files, significance_file

from markner.reporting.results import Cell, cells, read_cells
from markner.reporting.tables import tex, write_table

PAPER = ROOT / "resources" / "paper" / "tables.json"


@pytest.fixture(scope="module")
def gathered(tmp_path_factory: pytest.TempPathFactory) -> list[Cell]:
    folder = tmp_path_factory.mktemp("scores")
    scores = score_files(folder)
    significance = {"ncbi_disease": significance_file(folder)}
    return cells(TABLE, scores, grid_files(folder), PAPER, significance=significance)


def test_one_grid_point_is_no_spread(gathered: list[Cell], tmp_path: Path) -> None:
    single = [{**cell, "grid_points": cell["grid_points"] and 1} for cell in gathered]
    assert "over the grid" not in written(single, tmp_path)[1]


def written(gathered: list[Cell], folder: Path) -> tuple[Path, str, str]:
    csv, markdown, latex = (folder / f"table.{end}" for end in ("csv", "md", "tex"))
    write_table(gathered, TABLE, csv, markdown, latex)
    return csv, markdown.read_text("utf-8"), latex.read_text("utf-8")


def test_markdown_has_the_paper_s_shape(gathered: list[Cell], tmp_path: Path) -> None:
    _, text, _ = written(gathered, tmp_path)
    lines = text.splitlines()
    assert lines[0] == "**Test & trial of 100%**"
    assert lines[2:10] == [
        r"| Model | Match | NCBI (disease) P/R/F1 | paper F1 | my\_corpus P/R/F1 |",
        "| --- | --- | :-: | :-: | :-: |",
        "| GPT-4 (zero-shot) | strict | *0.484/0.502/0.493* | 0.493 | – |",
        "|  | partial | *0.665/0.723/0.692* | 0.692 | – |",
        r"| Encoder\_1 | strict | 0.600/0.600/0.600≈ | 0.873 (−0.273) | – |",
        r"|  | partial | 1.000/1.000/**1.000** | 0.926 (+0.074\*) | – |",
        "| Tuned LLaMA | strict | 0.800/0.800/**0.800** | 0.880 (−0.080) | 0.500/0.500/**0.500** |",
        r"|  | partial | 1.000/1.000/**1.000**≈ | 0.949 (+0.051\*) | 1.000/1.000/**1.000** |",
    ]
    assert lines[11] == r"| Model | Match | NCBI (disease) F1 interval ± seeds | my\_corpus F1 interval ± seeds |"
    interval = r"0\.\d{3}–\d\.\d{3}"
    assert re.fullmatch(rf"\| Tuned LLaMA \| strict \| {interval} ± 0\.141 \| {interval} \|", lines[15])
    assert len([line for line in lines if line.startswith("| GPT-4")]) == 1


def test_the_authors_partial_match_stands_beside_the_paper(tmp_path: Path) -> None:
    table = TABLE.model_copy(update={"authors_partial": True})
    gathered = cells(table, score_files(tmp_path), {}, PAPER)
    csv, markdown, latex = (tmp_path / f"table.{end}" for end in ("csv", "md", "tex"))
    write_table(gathered, table, csv, markdown, latex)
    text = markdown.read_text("utf-8")
    assert r"|  | authors\_partial | *0.665/0.723/0.692* | 0.692 | – |" in text
    assert r"|  | authors\_partial | 1.000/1.000/**1.000** | 0.949 (+0.051\*) | 1.000/1.000/**1.000** |" in text
    assert r"authors\_partial: the authors' own count of overlaps, inferred." in text
    assert r" & authors\_partial & " in latex.read_text("utf-8")
    assert {cell["match"] for cell in read_cells(csv)} == {"strict", "partial", "authors_partial"}


def test_notes_below(gathered: list[Cell], tmp_path: Path) -> None:
    _, text, _ = written(gathered, tmp_path)
    notes = text.replace("\\", "").split("\n\n")[3:]
    assert notes[0].startswith(
        "Bold: best F1 of each column and match. Intervals: 95 %, bootstrap over sentences (200 "
    )
    assert "paired permutation test, 2,000 draws, p at most 0.05 after Holm's correction" in notes[1]
    assert notes[1].endswith("Pairs and sentences: NCBI (disease) 1 on 10.")
    assert notes[2] == "Italics: values of the paper; not run here."
    assert "* The paper's F1 lies outside our interval." in notes[3]
    assert notes[4].endswith("standard deviation of F1: Tuned LLaMA 2 seeds.")
    assert notes[5].endswith("Encoder_1, NCBI (disease) 0.200 – 0.500 – 0.600 (3 points).")
    assert notes[6].strip().endswith("Tuned LLaMA, NCBI (disease): changed text 1, truncated 1 of 20.")


def test_a_row_of_a_retired_model_shows_the_papers_values_and_why(tmp_path: Path) -> None:
    first, *others = TABLE.rows
    table = TABLE.model_copy(update={"rows": [first.model_copy(update={"runs": ["gpt-4"]}), *others]})
    gathered = cells(table, score_files(tmp_path), {}, PAPER, {"gpt-4": "gpt-4-0314 was shut down"})
    csv, text, latex = written(gathered, tmp_path)
    assert "| GPT-4 (zero-shot) | strict | *0.484/0.502/0.493* | 0.493 | – |" in text
    assert "Not run, and not replaced by another model: GPT-4 (zero-shot) (gpt-4-0314 was shut down)." in text
    assert "gpt-4-0314 was shut down" in latex
    retired = [cell for cell in read_cells(csv) if cell["retired"] is not None]
    assert {cell["label"] for cell in retired} == {"GPT-4 (zero-shot)"}
    assert all(cell["f1"] is None for cell in retired)


def test_latex(gathered: list[Cell], tmp_path: Path) -> None:
    _, _, text = written(gathered, tmp_path)
    assert r"\caption{Test \& trial of 100\%}" in text
    assert r" &  & \multicolumn{2}{c}{NCBI (disease)} & \multicolumn{1}{c}{my\_corpus} \\" in text
    assert r"Encoder\_1 & strict & 0.600/0.600/0.600\ensuremath{\approx} & 0.873 (\ensuremath{-}0.273) & -- \\" in text
    assert r"& 0.800/0.800/\textbf{0.800} & 0.880 (\ensuremath{-}0.080) & 0.500/0.500/\textbf{0.500} \\" in text
    opened, closed = (re.findall(rf"\\{word}{{([a-z*]+)}}", text) for word in ("begin", "end"))
    assert opened == ["table*", "tabular", "tabular"]
    assert closed == ["tabular", "tabular", "table*"]
    assert text.count("{") == text.count("}")
    assert text.isascii()
    for tabular in re.findall(r"\\begin{tabular}{(l+c+)}(.*?)\\end{tabular}", text, re.DOTALL):
        columns = len(tabular[0])
        for line in tabular[1].splitlines():
            if line.endswith(r"\\"):
                spanned = sum(int(width) - 1 for width in re.findall(r"\\multicolumn{(\d)}", line))
                assert len(re.findall(r"(?<!\\)&", line)) + 1 + spanned == columns


def test_latex_escapes() -> None:
    assert tex(r"a_b & 5% #1 {x} ~^\ – ±") == (
        r"a\_b \& 5\% \#1 \{x\} \textasciitilde{}\textasciicircum{}\textbackslash{} -- \ensuremath{\pm}"
    )


def test_the_same_cells_give_the_same_bytes(gathered: list[Cell], tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    csv, *texts = written(gathered, first)
    again = read_cells(csv)
    assert written(again, second)[1:] == tuple(texts)
    assert (second / "table.csv").read_bytes() == csv.read_bytes()
