from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT
from matplotlib.image import imread

from markner.data.documents import Sentence, Span, write_sentences
from markner.errors import MarknerError
from markner.evaluation.error_analysis import analyse
from markner.evaluation.params import ErrorsParams
from markner.files import read_json, write_json
from markner.predictions import Prediction, write_predictions
from markner.reporting.figures.error_shares import draw_errors
from markner.reporting.results import Key
from markner.study.schema.study import Table, TableRow

PAPER = ROOT / "resources" / "paper" / "tables.json"
TABLE = Table(
    title="t",
    corpora=["ncbi_disease", "my_corpus"],
    rows=[
        TableRow(label="A retired system", runs=["gone"]),
        TableRow(label="Encoder_1 with $dollars$", runs=["enc-ncbi", "enc-mine"]),
        TableRow(label="Tuned LLaMA", runs=["llama"]),
    ],
)


def summary(folder: Path, run: str, seed: int, corpus: str, right: int) -> tuple[Key, Path]:
    """Analysis of ten sentences with one mention each: the first `right` found, one missed, the others in part."""
    gold = [Sentence(f"s{i}", "d", "heart failure", (), (Span(0, 13),)) for i in range(10)]
    spans = [(Span(0, 13 if i < right else 5),) if i < 9 else () for i in range(10)]
    work = folder / run / f"seed{seed}"
    write_sentences(work / "gold.jsonl", gold)
    write_predictions(work / "answers.jsonl", [Prediction(f"s{i}", found, "ok") for i, found in enumerate(spans)])
    analyse(
        work / "gold.jsonl",
        work / "answers.jsonl",
        ErrorsParams(sample=3, seed=1, adjudicated=None, suspects=None),
        run=run,
        seed=seed,
        corpus=corpus,
        errors_csv=work / f"{corpus}.csv",
        summary=work / f"{corpus}.json",
    )
    return (run, seed, corpus), work / f"{corpus}.json"


@pytest.fixture
def summaries(tmp_path: Path) -> dict[Key, Path]:
    """Two seeds of one system on both corpora, an encoder on one."""
    return dict(
        [
            summary(tmp_path, "llama", 2, "ncbi_disease", 8),
            summary(tmp_path, "llama", 1, "ncbi_disease", 2),
            summary(tmp_path, "llama", 1, "my_corpus", 0),
            summary(tmp_path, "enc-ncbi", 1, "ncbi_disease", 5),
        ]
    )


def drawn(summaries: dict[Key, Path], folder: Path, table: Table = TABLE, **settings: Any) -> list[Path]:
    paths = [folder / f"errors.{end}" for end in ("pdf", "svg", "png")]
    draw_errors(summaries, table, PAPER, *(settings.get(name, default) for name, default in DEFAULTS.items()), *paths)
    return paths


DEFAULTS: dict[str, Any] = {"titles": {}, "title": "", "width": 3.4}


def change(path: Path, scope: str, **values: Any) -> None:
    found = read_json(path)
    found[scope].update(values)
    write_json(path, found)


def test_the_same_summaries_give_the_same_bytes(summaries: dict[Key, Path], tmp_path: Path) -> None:
    first = drawn(summaries, tmp_path / "a")
    second = drawn(dict(reversed(summaries.items())), tmp_path / "b")
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]
    assert b"CreationDate" not in first[0].read_bytes()
    assert b"/TrueType" in first[0].read_bytes() or b"/CIDFontType2" in first[0].read_bytes()
    assert b"dc:date" not in first[1].read_bytes()


@pytest.mark.parametrize(
    ("scope", "values"),
    [
        ("all", {"counts": {"missing": 1, "wrong": 1, "boundary": 7}}),
        ("sampled", {"counts": {"missing": 1, "wrong": 0, "boundary": 2}}),
        ("sampled", {"judged_by": "person"}),
    ],
)
def test_the_figure_depends_on_counts_and_judge(
    summaries: dict[Key, Path], tmp_path: Path, scope: str, values: dict[str, Any]
) -> None:
    first = drawn(summaries, tmp_path / "a")
    before = [path.read_bytes() for path in first]
    change(summaries["llama", 1, "my_corpus"], scope, **values)
    assert all(a != b.read_bytes() for a, b in zip(before, drawn(summaries, tmp_path / "b"), strict=True))


def test_seeds_are_added_up(summaries: dict[Key, Path], tmp_path: Path) -> None:
    both = drawn(summaries, tmp_path / "a")[2].read_bytes()
    one, two = summaries["llama", 1, "ncbi_disease"], summaries["llama", 2, "ncbi_disease"]
    for scope in ("all", "sampled"):
        counts = [read_json(path)[scope]["counts"] for path in (one, two)]
        change(one, scope, counts={kind: counts[0][kind] + counts[1][kind] for kind in counts[0]})
    single = {key: path for key, path in summaries.items() if key != ("llama", 2, "ncbi_disease")}
    assert drawn(single, tmp_path / "b")[2].read_bytes() == both


def test_panels_stand_below_each_other_in_a_column_and_side_by_side_on_a_page(
    summaries: dict[Key, Path], tmp_path: Path
) -> None:
    column = imread(drawn(summaries, tmp_path / "a")[2])
    page = imread(drawn(summaries, tmp_path / "b", title="A title", width=6.9)[2])
    assert (column.shape[1], page.shape[1]) == (1020, 2070)
    assert column.shape[0] > page.shape[0] > 300


def test_corpora_with_the_same_title_have_a_panel_each(summaries: dict[Key, Path], tmp_path: Path) -> None:
    names = [{"my_corpus": "Mine", "ncbi_disease": name} for name in ("Yours", "Mine")]
    one, two = (
        imread(drawn(summaries, tmp_path / str(number), titles=titles)[2]) for number, titles in enumerate(names)
    )
    assert one.shape == two.shape


def test_nothing_is_cut_off(summaries: dict[Key, Path], tmp_path: Path) -> None:
    change(summaries["llama", 1, "my_corpus"], "all", counts={"missing": 1234, "wrong": 5678, "boundary": 9012})
    change(summaries["llama", 1, "my_corpus"], "sampled", judged_by="person")
    for width in (3.4, 6.9):
        image = imread(drawn(summaries, tmp_path / str(width), width=width, title="What went wrong " * 6)[2])
        border = [image[:2], image[-2:], image[:, :2], image[:, -2:]]
        assert all((edge[..., :3] == 1).all() for edge in border)


def test_a_cell_without_errors(summaries: dict[Key, Path], tmp_path: Path) -> None:
    change(summaries["llama", 1, "my_corpus"], "all", counts={"missing": 0, "wrong": 0, "boundary": 0})
    assert all(path.stat().st_size > 1000 for path in drawn(summaries, tmp_path))


def test_systems_without_an_analysis_are_left_out(summaries: dict[Key, Path], tmp_path: Path) -> None:
    fewer = TABLE.model_copy(update={"rows": TABLE.rows[1:]})
    assert drawn(summaries, tmp_path / "a")[1].read_bytes() == drawn(summaries, tmp_path / "b", fewer)[1].read_bytes()
    with pytest.raises(MarknerError, match="no run of its rows has an error analysis"):
        drawn(summaries, tmp_path, TABLE.model_copy(update={"rows": TABLE.rows[:1]}))
