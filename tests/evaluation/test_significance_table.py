"""The table of paired tests: a row for each pair of runs and kind of match."""

import csv
from pathlib import Path

import pytest
from span_strategies import Spans

from markner.data.documents import Sentence, Span, write_sentences
from markner.errors import MarknerError
from markner.evaluation.significance import COLUMNS, compare
from markner.predictions import Prediction, write_predictions
from markner.study.schema.study import Scoring

TEXT = "alpha beta gamma delta"
GOLD: Spans = (Span(0, 5), Span(11, 16))
Answers = dict[str, list[list[Spans]]]


def written(tmp_path: Path, answers: Answers) -> tuple[Path, dict[str, list[Path]]]:
    """Sentences and predictions of each run and seed, sentence by sentence."""
    sentences = len(next(iter(answers.values()))[0])
    write_sentences(tmp_path / "test.jsonl", (Sentence(str(n), "d", TEXT, GOLD, GOLD) for n in range(sentences)))
    paths: dict[str, list[Path]] = {}
    for run, seeds in answers.items():
        for number, spans in enumerate(seeds):
            path = tmp_path / run / f"seed{number}.jsonl"
            write_predictions(path, (Prediction(str(n), marked, "ok") for n, marked in enumerate(spans)))
            paths.setdefault(run, []).append(path)
    return tmp_path / "test.jsonl", paths


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_a_row_for_each_pair_and_match(tmp_path: Path) -> None:
    wide = (Span(0, 10),)
    answers: Answers = {"good": [[GOLD] * 40], "half": [[GOLD[:1]] * 40], "wide": [[wide] * 40], "copy": [[GOLD] * 40]}
    sentences, paths = written(tmp_path, answers)
    for name in ("one.csv", "two.csv"):
        compare(sentences, paths, Scoring(), 2000, tmp_path / name)
    assert (tmp_path / "one.csv").read_bytes() == (tmp_path / "two.csv").read_bytes()
    tests = rows(tmp_path / "one.csv")
    assert list(tests[0]) == list(COLUMNS)
    assert len(tests) == 18
    by = {(row["run_a"], row["run_b"], row["match"]): row for row in tests}
    first = by["good", "half", "strict"]
    assert (first["f1_a"], first["f1_b"], first["difference"]) == ("1.000000", "0.666667", "0.333333")
    assert (first["p"], first["p_holm"]) == ("0.000500", "0.002999")
    assert (first["significant"], first["draws"], first["sentences"]) == ("yes", "2000", "40")
    same = by["good", "copy", "strict"]
    assert (same["p"], same["p_holm"], same["effect"], same["significant"]) == (
        "1.000000",
        "1.000000",
        "0.000000",
        "no",
    )
    assert by["half", "wide", "strict"]["f1_b"] == "0.000000"
    assert by["half", "wide", "partial"]["difference"] == "0.000000"
    assert by["half", "wide", "authors_partial"]["f1_b"] == "0.666667"


def test_p_of_a_pair_is_the_same_beside_other_runs(tmp_path: Path) -> None:
    some = [GOLD if n % 3 else () for n in range(30)]
    other = [GOLD[:1] if n % 2 else GOLD for n in range(30)]
    answers: Answers = {"a": [some], "b": [other], "c": [[()] * 30, some]}
    sentences, paths = written(tmp_path, answers)
    compare(sentences, paths, Scoring(), 1000, tmp_path / "three.csv")
    compare(sentences, {run: paths[run] for run in ("a", "b")}, Scoring(), 1000, tmp_path / "two.csv")
    three, two = rows(tmp_path / "three.csv")[0], rows(tmp_path / "two.csv")[0]
    assert three["p"] == two["p"]
    assert (three["low"], three["high"], three["effect"]) == (two["low"], two["high"], two["effect"])


def test_a_seed_given_twice_changes_no_p(tmp_path: Path) -> None:
    some = [GOLD if n % 3 else () for n in range(30)]
    other = [GOLD[:1] if n % 2 else GOLD for n in range(30)]
    answers: Answers = {"a": [some], "b": [other], "twice": [some, some]}
    sentences, paths = written(tmp_path, answers)
    compare(sentences, paths, Scoring(), 1000, tmp_path / "out.csv")
    a_b, a_twice, b_twice = rows(tmp_path / "out.csv")[:3]
    assert 0.001 < float(a_b["p"]) < 0.9
    assert (b_twice["p"], b_twice["effect"]) == (a_b["p"], a_b["effect"].removeprefix("-"))
    assert (a_twice["seeds_b"], a_twice["p"]) == ("2", "1.000000")


def test_a_difference_that_hangs_on_one_seed_is_not_significant(tmp_path: Path) -> None:
    """Of three seeds one fails: its sentences make p small, but another three seeds may all do well."""
    steady: list[Spans] = [GOLD] * 60
    failed: list[Spans] = [()] * 60
    sentences, paths = written(tmp_path, {"steady": [steady] * 3, "shaky": [steady, steady, failed]})
    compare(sentences, paths, Scoring(), 1000, tmp_path / "out.csv")
    strict = rows(tmp_path / "out.csv")[0]
    assert float(strict["p_holm"]) < 0.01
    assert (strict["low"], strict["significant"]) == ("0.000000", "no")
    assert (strict["seeds_a"], strict["seeds_b"]) == ("3", "3")


def test_enough_draws_are_made_for_a_pair_among_many_to_be_significant(tmp_path: Path) -> None:
    answers: Answers = {"good": [[GOLD] * 40], **{f"none{number}": [[()] * 40] for number in range(10)}}
    sentences, paths = written(tmp_path, answers)
    compare(sentences, paths, Scoring(), 1000, tmp_path / "out.csv")
    tests = rows(tmp_path / "out.csv")
    assert {row["draws"] for row in tests} == {"1100"}, "55 pairs at a level of 0.05"
    assert [row["significant"] for row in tests if row["match"] == "strict"] == ["yes"] * 10 + ["no"] * 45


def test_a_small_p_among_many_pairs_is_not_significant(tmp_path: Path) -> None:
    """The interval of the pair excludes zero and its own p is small, but the pair is one of six."""
    some: list[Spans] = [()] * 6 + [GOLD] * 34
    sentences, paths = written(tmp_path, {"all": [[GOLD] * 40], "some": [some], "copy": [some], "same": [some]})
    compare(sentences, {run: paths[run] for run in ("all", "some")}, Scoring(), 10_000, tmp_path / "pair.csv")
    compare(sentences, paths, Scoring(), 10_000, tmp_path / "four.csv")
    alone, among = rows(tmp_path / "pair.csv")[0], rows(tmp_path / "four.csv")[0]
    assert (alone["run_b"], alone["significant"], among["run_b"], among["significant"]) == ("some", "yes", "some", "no")
    assert among["p"] == alone["p"]
    assert float(among["p"]) < 0.05 < float(among["p_holm"])
    assert 0 < float(among["low"]) < float(among["high"])


def test_one_run_gives_the_header_only(tmp_path: Path) -> None:
    sentences, paths = written(tmp_path, {"a": [[GOLD]]})
    compare(sentences, paths, Scoring(), 1000, tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_text(encoding="utf-8") == ",".join(COLUMNS) + "\n"


def test_wrong_predictions_are_named(tmp_path: Path) -> None:
    sentences, paths = written(tmp_path, {"a": [[GOLD, GOLD]], "b": [[GOLD, GOLD]]})
    write_predictions(paths["b"][0], [Prediction("0", (), "ok")])
    with pytest.raises(MarknerError, match=r"b/seed0\.jsonl: no prediction for sentence '1'"):
        compare(sentences, paths, Scoring(), 1000, tmp_path / "out.csv")
    write_predictions(paths["b"][0], [Prediction(n, (Span(0, 99),), "ok") for n in "01"])
    with pytest.raises(MarknerError, match=r"b/seed0\.jsonl, sentence '0': span 0-99"):
        compare(sentences, paths, Scoring(), 1000, tmp_path / "out.csv")
    with pytest.raises(MarknerError, match="'b' has no predictions"):
        compare(sentences, {"a": paths["a"], "b": []}, Scoring(), 1000, tmp_path / "out.csv")
