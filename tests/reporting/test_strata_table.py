"""The table and the figure of scores by stratum."""

import csv
from pathlib import Path

import pytest
from conftest import ROOT
from matplotlib.image import imread

from markner.data.documents import Sentence, Span, write_sentences
from markner.errors import MarknerError
from markner.evaluation.strata import KINDS, write_strata
from markner.predictions import Prediction, write_predictions
from markner.reporting.figures.strata_panels import draw_strata
from markner.reporting.page.score_tables import read_table
from markner.reporting.results import NOTHING, Cell
from markner.reporting.strata_cells import read_strata_table, strata_cells, write_strata_table
from markner.reporting.table_cell import f1_values
from markner.study.checks.references import reference_problems
from markner.study.loading import load_study_file
from markner.study.schema.strata import StrataFigure, TrainingSource
from markner.study.schema.study import Scoring, Study

PAPER = ROOT / "resources" / "paper" / "tables.json"
DEMO = load_study_file(ROOT / "config" / "demo.yaml")
CELLS = [
    ("Tuned $model$", "llama", "ncbi_disease"),
    ("Tuned $model$", "llama", "mine"),
    ("Chat_1", "chat", "ncbi_disease"),
]
FIGURE = StrataFigure(strata_table="strata")


def gathered(folder: Path, training: bool = True) -> list[Cell]:
    """Ten sentences with a seen mention, ten with an unseen one, one without; `llama` has two seeds."""
    names = ["fever"] * 10 + ["gout"] * 10
    gold = [Sentence(f"s{n}", "d", f"A {name} .", (), (Span(2, 2 + len(name)),)) for n, name in enumerate(names)]
    gold.append(Sentence("s20", "d", "Nothing .", (), ()))
    write_sentences(folder / "test.jsonl", gold)
    write_sentences(folder / "train.jsonl", [Sentence("t", "d", "A fever .", (), (Span(2, 7),))])

    def answers(name: str, seen: int, unseen: int) -> Path:
        right = [n < seen or 10 <= n < 10 + unseen for n in range(21)]
        spans = [each.spans if hit else () for each, hit in zip(gold, right, strict=True)]
        write_predictions(folder / name, [Prediction(f"s{n}", found, "ok") for n, found in enumerate(spans)])
        return folder / name

    predictions = {
        "chat": {1: answers("chat.jsonl", 2, 1)},
        "llama": {1: answers("llama1.jsonl", 10, 6), 2: answers("llama2.jsonl", 8, 4)},
    }
    sources = {
        run: (TrainingSource(corpus="c", origin="corpus" if run == "chat" else "run"), [folder / "train.jsonl"])
        for run in predictions
    }
    scores = {corpus: folder / f"{corpus}.csv" for corpus in ("ncbi_disease", "mine")}
    tests = {corpus: folder / f"{corpus}.tests.csv" for corpus in scores}
    for corpus in scores:
        runs = predictions if corpus != "mine" else {"llama": predictions["llama"]}
        kept = {run: sources[run] for run in runs} if training else {}
        write_strata(folder / "test.jsonl", runs, kept, Scoring(resamples=200), 2000, scores[corpus], tests[corpus])
    return strata_cells(CELLS, scores, tests, PAPER, {"mine": "My corpus"})


def cell(cells: list[Cell], run: str, corpus: str, stratum: str) -> Cell:
    return next(each for each in cells if (each["run"], each["corpus"], each["stratum"]) == (run, corpus, stratum))


def test_cells_hold_means_over_seeds_and_the_comparison_with_the_best(tmp_path: Path) -> None:
    cells = gathered(tmp_path)
    assert len(cells) == 3 * sum(map(len, KINDS.values()))
    seen, unseen = (cell(cells, "llama", "ncbi_disease", stratum) for stratum in KINDS["training"])
    assert (seen["recall"], unseen["recall"], unseen["precision"]) == (0.9, 0.5, 1.0)
    assert (seen["gold_mentions"], seen["seeds"], seen["origin"], seen["as_good"]) == (10, 2, "run", "yes")
    chat = cell(cells, "chat", "ncbi_disease", "seen")
    assert (chat["best"], chat["as_good"], chat["origin"]) == ("llama", "no", "corpus")
    assert chat["p_best"] < 0.05
    assert "best" not in cell(cells, "llama", "mine", "seen")
    empty = cell(cells, "chat", "ncbi_disease", "without mentions")
    assert (empty["sentences"], empty["unmarked"]) == (1, 1)


def test_the_table_in_its_forms(tmp_path: Path) -> None:
    cells = gathered(tmp_path)
    outputs = [tmp_path / f"strata.{kind}" for kind in ("csv", "md", "tex")]
    write_strata_table(cells, "Strata & more", *outputs)
    before = [path.read_bytes() for path in outputs]
    write_strata_table(cells, "Strata & more", *outputs)
    assert [path.read_bytes() for path in outputs] == before
    markdown = outputs[1].read_text(encoding="utf-8")
    assert "| Tuned $model$ | NCBI (disease) | **0.944** | **0.661** |" in markdown
    assert "| Chat\\_1 | NCBI (disease) | 0.333 | 0.182≈ |" in markdown
    assert "| Tuned $model$ | My corpus |" in markdown
    assert "100.0 %" in markdown
    assert "split of the corpus: Chat\\_1." in markdown
    assert r"\caption{Strata \& more}" in outputs[2].read_text(encoding="utf-8")
    read = read_strata_table(outputs[0])
    for name, value in cell(cells, "chat", "ncbi_disease", "seen").items():
        assert cell(read, "chat", "ncbi_disease", "seen")[name] == value
    page = read_table("strata", "Strata", outputs[0], {})
    without = next(line for line in page.lines if line[:3] == ("Chat_1", "NCBI (disease)", "without mentions"))
    assert without[3:] == ("0", *[NOTHING] * 4, "100.0 %")
    assert page.lines[0][:7] == ("Tuned $model$", "NCBI (disease)", "seen", "10", "1.000", "0.900", "0.944")


def test_two_tables_of_strata_are_compared_by_their_f1_values(tmp_path: Path) -> None:
    (tmp_path / "tables").mkdir()
    outputs = [tmp_path / "tables" / f"strata.{kind}" for kind in ("csv", "md", "tex")]
    cells = gathered(tmp_path)
    write_strata_table(cells, "Strata", *outputs)
    values = f1_values(outputs[0])
    assert values["Tuned $model$, ncbi_disease, seen f1"] == cell(cells, "llama", "ncbi_disease", "seen")["f1"]
    assert len(values) == 3 * sum(map(len, KINDS.values()))


def test_corpora_with_the_same_title_have_a_row_each(tmp_path: Path) -> None:
    cells = [{**each, "heading": "Ours"} for each in gathered(tmp_path)]
    outputs = [tmp_path / f"strata.{kind}" for kind in ("csv", "md", "tex")]
    write_strata_table(cells, "Strata", *outputs)
    rows = [line for line in outputs[1].read_text(encoding="utf-8").splitlines() if "| Tuned $model$ | Ours |" in line]
    assert len(rows) == 2 * 2, "two corpora in two parts of the table"


def test_a_run_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    gathered(tmp_path)
    with pytest.raises(MarknerError, match="has no scores of 'chat'"):
        strata_cells([("a", "chat", "mine")], {"mine": tmp_path / "mine.csv"}, {}, PAPER, {})


def test_a_file_with_other_columns_is_an_error(tmp_path: Path) -> None:
    gathered(tmp_path)
    with (tmp_path / "mine.tests.csv").open(encoding="utf-8", newline="") as stream:
        assert next(csv.reader(stream))[:4] == ["run_a", "run_b", "kind", "stratum"]
    with pytest.raises(MarknerError, match="does not have the columns of scores by stratum"):
        strata_cells(CELLS[1:2], {"mine": tmp_path / "mine.tests.csv"}, {}, PAPER, {})
    with pytest.raises(MarknerError, match="does not have the columns of a table of strata"):
        read_strata_table(tmp_path / "mine.csv")


def drawn(cells: list[Cell], folder: Path, figure: StrataFigure = FIGURE) -> list[Path]:
    paths = [folder / f"strata.{end}" for end in ("pdf", "svg", "png")]
    draw_strata(cells, ["mine", "ncbi_disease"], figure, "Seen and unseen", *paths)
    return paths


def test_the_same_cells_give_the_same_figure_and_other_cells_another(tmp_path: Path) -> None:
    cells = gathered(tmp_path)
    first, second = (drawn(cells, tmp_path / name) for name in ("a", "b"))
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]
    before = first[1].read_bytes()
    for name in ("recall", "recall_low", "recall_high"):
        changed = [each | {name: 0.123} if each["stratum"] == "unseen" else each for each in cells]
        assert drawn(changed, tmp_path / name)[1].read_bytes() != before
    changed = [each | {"precision": 0.1, "f1": 0.1} for each in cells]
    assert drawn(changed, tmp_path / "other")[1].read_bytes() == before


@pytest.mark.parametrize("settings", [{"width": 3.4}, {"kind": "words", "metric": "f1"}, {"kind": "form"}])
def test_nothing_is_cut_off(tmp_path: Path, settings: dict[str, str | float]) -> None:
    figure = StrataFigure.model_validate({"strata_table": "strata", **settings})
    image = imread(drawn(gathered(tmp_path), tmp_path, figure)[2])
    assert image.shape[1] == round(300 * figure.width)
    border = [image[:2], image[-2:], image[:, :2], image[:, -2:]]
    assert all((edge[..., :3] == 1).all() for edge in border)


def test_a_figure_without_training_data_says_so(tmp_path: Path) -> None:
    cells = gathered(tmp_path, training=False)
    with pytest.raises(MarknerError, match="no scores of the kind 'training'"):
        drawn(cells, tmp_path)


@pytest.mark.parametrize(
    ("section", "entry", "expected"),
    [
        ("strata_tables", {"new": {"table": "table9", "title": "t"}}, "no entry of `tables:` is called `table9`"),
        ("strata_tables", {"table1": {"table": "table1", "title": "t"}}, "`tables.table1` has the same files"),
        ("strata_figures", {"new": {"strata_table": "strat"}}, "did you mean `strata`"),
        ("strata_figures", {"scores": {"strata_table": "strata"}}, "`figures.scores` has the same files"),
    ],
)
def test_wrong_names_are_errors(section: str, entry: dict[str, dict[str, str]], expected: str) -> None:
    content = DEMO.model_dump()
    content[section] |= entry
    problems = reference_problems(Study.model_validate(content))
    assert expected in "\n".join(f"{problem.what} {problem.fix}" for problem in problems)
