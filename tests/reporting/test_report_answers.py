"""The answers of a report: which pairs of runs answer a question, and sentences that claim no more than the tests."""

from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT

from markner.evaluation.significance import COLUMNS
from markner.reporting.answers import Answer, answers, p_text
from markner.reporting.page.opening import best_tuned, opening
from markner.reporting.page.score_tables import ScoreTable
from markner.reporting.questions import Comparison, comparisons
from markner.reporting.results import Cell
from markner.study.loading import load_study_file
from markner.study.schema.study import Study

PAPER = load_study_file(ROOT / "config" / "config.yaml")
HEADINGS = {"genes": "Genes of mice", "cells": "Cells"}


def pair(
    a: str, b: str, topic: str = "tuning", corpus: str = "genes", table: str = "t", figure: str = "f"
) -> Comparison:
    labels = {"label_a": a.upper(), "label_b": b.upper()}
    return Comparison.model_validate(
        {"topic": topic, "corpus": corpus, "a": a, "b": b, "table": table, "figure": figure, **labels}
    )


def given(folder: Path, pairs: list[Comparison], *tests: str) -> list[Answer]:
    """Answers from tests written as `corpus,run_a,run_b,f1_a,f1_b,low,high,p,significant`."""
    files: dict[Path, list[str]] = {}
    for test in tests:
        corpus, a, b, f1_a, f1_b, low, high, p, significant = test.split(",")
        values = {"run_a": a, "run_b": b, "match": "strict", "f1_a": f1_a, "f1_b": f1_b, "low": low, "high": high}
        values |= {"difference": str(float(f1_a) - float(f1_b)), "p": p, "p_holm": p, "significant": significant}
        values |= {"seeds_a": "1", "seeds_b": "2", "effect": "0", "draws": "100", "sentences": "1200"}
        path = folder / "significance" / "t" / f"{corpus}.csv"
        files.setdefault(path, [",".join(COLUMNS)]).append(",".join(values[name] for name in COLUMNS))
    for path, lines in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join([*lines, ""]), encoding="utf-8")
    return answers(pairs, folder, sorted(files))


def test_a_difference_is_claimed_only_if_the_test_shows_it(tmp_path: Path) -> None:
    pairs = [pair("tuned", "plain"), pair("tuned", "plain", corpus="cells")]
    tests = ("genes,plain,tuned,0.1,0.5,-0.5,-0.3,0.0001,yes", "cells,tuned,plain,0.9,0.1,-0.1,0.9,0.2,no")
    (answer,) = given(tmp_path, pairs, *tests)
    assert answer.sentences(HEADINGS) == [
        "The tuned model is better than the same model untuned on Genes of mice.",
        "No difference was shown on Cells.",
    ]
    assert [(test.difference, test.low, test.high) for test in answer.tests] == [(0.4, 0.3, 0.5), (0.8, -0.1, 0.9)]


def test_a_worse_system_is_called_worse(tmp_path: Path) -> None:
    (answer,) = given(tmp_path, [pair("new", "old", "prompt")], "genes,new,old,0.1,0.5,-0.5,-0.3,0.001,yes")
    assert answer.sentences(HEADINGS) == ["OLD is better than NEW on Genes of mice."]


def test_where_neither_marked_anything_nothing_is_said_and_it_comes_last(tmp_path: Path) -> None:
    pairs = [pair("tuned", "plain"), pair("tuned", "chat", "chat")]
    tests = ("genes,tuned,plain,0.0,0.0,0.0,0.0,1.0,no", "genes,chat,tuned,0.0,0.4,-0.5,-0.3,0.001,yes")
    last = given(tmp_path, pairs, *tests)[-1]
    assert (last.topic, last.empty) == ("tuning", True)
    assert last.sentences(HEADINGS) == ["Neither marked a mention exactly, so nothing was compared, on Genes of mice."]


def test_the_best_pair_counts(tmp_path: Path) -> None:
    pairs = [pair(a, b, "encoders") for a in ("weak", "strong") for b in ("small", "large")]
    tests = [
        f"genes,{a},{b},{f1_a},{f1_b},-0.9,0.9,0.5,no"
        for a, f1_a in (("weak", 0.2), ("strong", 0.5))
        for b, f1_b in (("small", 0.3), ("large", 0.6))
    ]
    (answer,) = given(tmp_path, pairs, *tests)
    assert [(test.comparison.a, test.comparison.b) for test in answer.tests] == [("strong", "large")]


def test_a_pair_without_a_test_gives_no_answer(tmp_path: Path) -> None:
    assert given(tmp_path, [pair("tuned", "plain", corpus="cells")], "genes,tuned,plain,0.5,0.1,0.3,0.5,0.01,yes") == []


def row(label: str, run: str, f1: float, corpus: str = "genes") -> Cell:
    place = {"label": label, "corpus": corpus, "heading": HEADINGS[corpus], "match": "strict", "run": run}
    return {**place, "f1": f1, "f1_low": f1 - 0.1, "f1_high": f1 + 0.1, "confidence": 0.9, "better_than": None}


def test_the_opening_names_the_best_tuned_system_its_figure_and_what_one_seed_cannot_say(tmp_path: Path) -> None:
    table = ScoreTable("t", "T", (row("Encoder", "e", 0.9), row("Tuned", "tuned", 0.7), row("Weak", "weak", 0.5)))
    tests = given(tmp_path, [pair("tuned", "plain")], "genes,tuned,plain,0.7,0.1,0.5,0.7,0.0123,yes")
    start = opening([table], best_tuned([table], ["weak", "tuned"]), tests)
    assert start.lead == (
        "Best tuned system: Tuned. Its strict F1 with the 90 % interval: 0.700 on Genes of mice (0.600 to 0.800).",
    )
    assert start.figure == "f"
    assert tests[0].tests[0].in_words(start.headings, start.level) == (
        "Genes of mice: TUNED 0.700, PLAIN 0.100; difference +0.600 (90 % interval +0.500 to +0.700), p = 0.012,"
        " 1,200 sentences."
    )
    assert "p is at most 0.1" in start.certainty
    assert "one seed" in start.certainty


def test_without_a_tuned_system_the_opening_says_which_system_is_best() -> None:
    table = ScoreTable("t", "T", (row("Encoder", "e", 0.9),))
    start = opening([table], {}, [])
    assert start.lead == (
        "On Genes of mice, Encoder has the highest strict F1, 0.900 (interval 0.800 to 1.000);"
        " no other system was scored on it.",
    )


def test_the_paper_s_study_asks_the_paper_s_questions() -> None:
    found = {(item.topic, item.table) for item in comparisons(PAPER)}
    expected = {("encoders", "table1"), ("other_corpora", "table2"), ("mixture", "table3"), ("prompt", "table4")}
    assert expected | {("size", "")} <= found


def small(**runs: dict[str, Any]) -> set[tuple[str, str, str]]:
    """Topic and runs of the comparisons of a study with these runs in one table."""
    corpus = {"variant": "tokenized", "tokenized": {"format": "iob", "train": "a", "dev": "b", "test": "c"}}
    study = Study.model_validate(
        {
            "study": "s",
            "corpora": {"genes": {"entity": "gene", **corpus}, "cells": {"entity": "cell", **corpus}},
            "prompts": {"generic": {}, "long": {"enhancements": {"gene": "All of them."}}},
            "mixtures": {
                "both": {"corpora": ["genes", "cells"]},
                "genes": {"corpora": ["genes"]},
                "genes-long": {"corpora": ["genes"], "prompt": "long"},
                "genes-long-tenth": {"corpora": ["genes"], "prompt": "long", "fraction": 0.1},
                "cells": {"corpora": ["cells"]},
            },
            "models": {"m": {"source": "folder", "path": "m"}, "other": {"source": "folder", "path": "o"}},
            "runs": {name: {"model": "m", "evaluate": ["genes"], **run} for name, run in runs.items()},
            "tables": {
                "t": {"title": "T", "corpora": ["genes"], "rows": [{"label": name, "runs": [name]} for name in runs]}
            },
        }
    )
    return {(item.topic, item.a, item.b) for item in comparisons(study)}


TUNED = {"system": "generative", "mixture": "genes"}


@pytest.mark.parametrize(
    ("a", "b", "topic"),
    [
        (TUNED, {"system": "generative"}, "tuning"),
        (TUNED, {"system": "generative", "model": "other"}, None),
        (TUNED, {"system": "encoder", "corpus": "genes"}, "encoders"),
        (TUNED, {"system": "encoder", "corpus": "cells"}, None),
        (TUNED | {"mixture": "both"}, TUNED, "mixture"),
        (TUNED | {"mixture": "cells"}, {"system": "generative"}, None),
        (TUNED, TUNED | {"mixture": "genes-long-tenth"}, None),
        ({"system": "encoder", "corpus": "genes"}, {"system": "generative"}, None),
    ],
)
def test_a_pair_answers_a_question_if_it_differs_in_that_alone(
    a: dict[str, Any], b: dict[str, Any], topic: str | None
) -> None:
    assert small(a=a, b=b) == ({(topic, "a", "b")} if topic else set())


def test_of_two_prompts_the_later_row_is_asked_for() -> None:
    assert small(a=TUNED, b=TUNED | {"mixture": "genes-long"}) == {("prompt", "b", "a")}


@pytest.mark.parametrize(("p", "text"), [(0.0001, "p < 0.001"), (0.0123, "p = 0.012"), (1.0, "p = 1")])
def test_p_values_read_as_usual(p: float, text: str) -> None:
    assert p_text(p) == text
