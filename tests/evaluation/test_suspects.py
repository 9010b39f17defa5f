"""Suspected annotation errors: planted ones are found first, what all agree on is never listed, judgements are read."""

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from span_strategies import Spans, spans

from markner.data.documents import Sentence, Span, write_sentences
from markner.evaluation.error_analysis import analyse
from markner.evaluation.params import ErrorsParams
from markner.evaluation.suspects import COLUMNS, System, suspects, write_suspects
from markner.predictions import Prediction, write_predictions
from markner.study.schema.suspects import SuspectList

Row = dict[str, str]


def sentence(name: str, text: str, *mentions: str) -> Sentence:
    """Return a sentence with the first place of each mention as gold."""
    gold = spans(*sorted((text.index(mention), text.index(mention) + len(mention)) for mention in mentions))
    return Sentence(name, "d", text, gold, gold)


TRAIN = [
    sentence("train.1", "Asthma is frequent .", "Asthma"),
    sentence("train.2", "Severe asthma in children .", "asthma"),
    sentence("train.3", "Treatment of asthma , and asthma again .", "asthma"),
    sentence("train.4", "Sleep and pain were recorded ."),
    sentence("train.5", "They had pain .", "pain"),
    sentence("train.6", "No pain , no gain ."),
    sentence("train.7", "Pain was assessed ."),
    sentence("train.8", "Chest pain is something else .", "Chest pain"),
]
TEST = [
    sentence("test.1", "Smoking makes asthma worse ."),  # planted: asthma is a disease elsewhere
    sentence("test.2", "The cohort had gout .", "cohort", "gout"),  # planted: a cohort is no disease
    sentence("test.3", "Gout and asthma are treated .", "Gout", "asthma"),
    sentence("test.4", "Rare Fabry disease was found .", "Fabry disease"),
    sentence("test.5", "Nobody had fever .", "fever"),
]


def prediction(row: Sentence, marked: Mapping[str, float]) -> Prediction:
    places = sorted((row.text.index(surface), surface) for surface in marked)
    return Prediction(
        row.id,
        spans(*((start, start + len(surface)) for start, surface in places)),
        "ok",
        confidences=tuple(marked[surface] for _, surface in places),
    )


FIRST = [{"asthma": 0.98}, {"gout": 0.9}, {"Gout": 0.9, "asthma": 0.99}, {"disease": 0.6}, {"fever": 0.9}]
SECOND = [{"asthma": 0.9}, {"gout": 0.9}, {"Gout": 0.9, "asthma": 0.99}, {"disease": 0.5}, {}]
SETTINGS = SuspectList(corpus="k", runs=["a", "b"], places=3, share=0.6)


def written(folder: Path, *answers: Sequence[Mapping[str, float]], settings: SuspectList = SETTINGS) -> list[Row]:
    write_sentences(folder / "test.jsonl", TEST)
    write_sentences(folder / "train.jsonl", TRAIN)
    files = [folder / f"{number}.jsonl" for number in range(len(answers))]
    for file, marked in zip(files, answers, strict=True):
        write_predictions(file, map(prediction, TEST, marked))
    write_suspects(folder / "test.jsonl", [folder / "train.jsonl"], files, settings, folder / "suspects.csv")
    with open(folder / "suspects.csv", encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_planted_errors_are_found_and_ranked_first(tmp_path: Path) -> None:
    rows = written(tmp_path, FIRST, SECOND)
    assert list(rows[0]) == list(COLUMNS)
    assert [(row["error"], row["reason"]) for row in rows] == [
        ("test.1 p14-20", "systems and elsewhere"),
        ("train.5 g9-13", "elsewhere"),  # the only pain that is marked, of four
        ("train.3 p26-32", "elsewhere"),  # marked at four of the five other places
        ("test.2 g4-10", "systems"),
        ("test.4 g5-18 p11-18", "systems"),
    ]
    assert rows[0] | {"score": ""} == {
        "rank": "1",
        "score": "",
        "reason": "systems and elsewhere",
        "error": "test.1 p14-20",
        "corpus": "k",
        "sentence": "test.1",
        "text": "Smoking makes <PRED>asthma</PRED> worse .",
        "gold": "",
        "predicted": "asthma",
        "kind": "wrong",
        "sub_kind": "other",
        "systems": "2 of 2",
        "confidence": "0.94",
        "elsewhere": "4 of 5",
        "adjudicated_kind": "",
        "adjudicated_sub_kind": "",
        "comment": "",
    }
    # Votes 0.98 and 0.9, and 4 of 5 other places. In training no system is asked, and the votes count one half. The
    # systems find 4 and 3 of the 6 gold mentions. `cohort` and `disease` stand nowhere else.
    scores = [(0.94 + 5 / 7) / 2, (0.5 + 4 / 5) / 2, (0.5 + 5 / 7) / 2, (7 / 12 + 1 / 2) / 2, (0.55 + 1 / 2) / 2]
    assert [float(row["score"]) for row in rows] == pytest.approx(scores, abs=1e-6)


def test_without_confidences_a_mark_counts_the_precision(tmp_path: Path) -> None:
    plain = [[replace(prediction(row, marked), confidences=None) for row, marked in zip(TEST, FIRST, strict=True)]]
    write_sentences(tmp_path / "test.jsonl", TEST)
    write_predictions(tmp_path / "plain.jsonl", plain[0])
    write_suspects(tmp_path / "test.jsonl", [], [tmp_path / "plain.jsonl"], SETTINGS, tmp_path / "suspects.csv")
    with open(tmp_path / "suspects.csv", encoding="utf-8", newline="") as stream:
        first = next(row for row in csv.DictReader(stream) if row["error"] == "test.1 p14-20")
    # 4 of 6 marks are right; asthma stands at one other place, which is marked.
    assert float(first["score"]) == pytest.approx((4 / 6 + 2 / 3) / 2, abs=1e-6)
    assert (first["confidence"], first["elsewhere"], first["reason"]) == ("", "1 of 1", "systems")


def test_nothing_is_listed_if_all_agree(tmp_path: Path) -> None:
    agreed = [{row.text[start:end]: 0.9 for start, end in row.spans} for row in TEST]
    listed = written(tmp_path, agreed, agreed, settings=SuspectList(corpus="k", runs=["a"], places=1, share=1))
    assert [row["sentence"] for row in listed if row["sentence"].startswith("test")] == []
    write_suspects(tmp_path / "test.jsonl", [], [tmp_path / "0.jsonl"], SETTINGS, tmp_path / "alone.csv")
    assert (tmp_path / "alone.csv").read_text(encoding="utf-8").splitlines() == [",".join(COLUMNS)]


def test_judged_suspects_are_read_as_judgements_of_errors(tmp_path: Path) -> None:
    rows = written(tmp_path, FIRST, SECOND)
    kinds = {
        "test.1 p14-20": "none",
        "test.2 g4-10": "None",
        "test.4 g5-18 p11-18": "boundary",
        "train.5 g9-13": "none",
    }
    with open(tmp_path / "judged.csv", "w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, COLUMNS)
        writer.writeheader()
        writer.writerows(row | {"adjudicated_kind": kinds.get(row["error"], ""), "comment": "seen"} for row in rows)
    for run, number, errors in (("a", 0, 3), ("b", 1, 4)):
        analyse(
            tmp_path / "test.jsonl",
            tmp_path / f"{number}.jsonl",
            ErrorsParams(sample=100, seed=1, adjudicated=None, suspects=str(tmp_path / "judged.csv")),
            run=run,
            seed=1,
            corpus="k",
            errors_csv=tmp_path / "errors.csv",
            summary=tmp_path / "errors.json",
        )
        with open(tmp_path / "errors.csv", encoding="utf-8", newline="") as stream:
            read = {row["error"]: row for row in csv.DictReader(stream)}
        assert len(read) == errors
        assert {name: row["adjudicated_kind"] for name, row in read.items() if row["adjudicated_kind"]} == {
            "test.1 p14-20": "none",
            "test.2 g4-10": "none",
            "test.4 g5-18 p11-18": "boundary",
        }
        assert read["test.1 p14-20"]["comment"] == "seen"
        # All errors of the first run are judged; the second also misses the fever, which is no suspect.
        counts = json.loads((tmp_path / "errors.json").read_text())["all"]
        assert (counts["judged_by"], counts["errors"]) == (("person", 1) if run == "a" else ("rule", 4))


@st.composite
def corpora(draw: st.DrawFn) -> tuple[list[Sentence], list[list[Prediction]]]:
    """Draw sentences of few words, with gold and the answers of one to three systems."""
    words = st.lists(st.sampled_from(["a", "B", "b", "cc", "."]), min_size=1, max_size=6)
    sentences, answers = [], []
    systems = draw(st.integers(1, 3))
    for number, chosen in enumerate(draw(st.lists(words, min_size=1, max_size=5))):
        text = " ".join(chosen)
        starts = [sum(len(word) + 1 for word in chosen[:place]) for place in range(len(chosen))]

        def marked(chosen: list[str] = chosen, starts: list[int] = starts) -> Spans:
            kept = draw(st.lists(st.booleans(), min_size=len(chosen), max_size=len(chosen)))
            return spans(
                *((starts[place], starts[place] + len(chosen[place])) for place, keep in enumerate(kept) if keep)
            )

        gold = marked()
        sentences.append(Sentence(f"s{number}", "d", text, gold, gold))
        answers.append([Prediction(f"s{number}", marked(), "ok") for _ in range(systems)])
    return sentences, [list(column) for column in zip(*answers, strict=True)]


@given(corpora(), st.integers(1, 3), st.floats(0.51, 1))
def test_a_mention_on_which_gold_and_all_systems_agree_is_never_listed(
    drawn: tuple[list[Sentence], list[list[Prediction]]], places: int, share: float
) -> None:
    sentences, answers = drawn
    systems = [System({answer.id: answer for answer in column}, 0.5, 0.5) for column in answers]
    settings = SuspectList(corpus="k", runs=["a"], places=places, share=share)
    listed = list(suspects(sentences, [], systems, settings))
    assert len({suspect.error.id for suspect in listed}) == len(listed)
    listed_spans = {
        (suspect.sentence.id, span) for suspect in listed for span in (suspect.error.gold, suspect.error.predicted)
    }
    for place, row in enumerate(sentences):
        marked = [set(column[place].spans) for column in answers]
        agreed = set[Span].intersection(set(row.spans), *marked)
        assert not any((row.id, span) in listed_spans for span in agreed)
        alike = set(row.spans).difference(*marked) | set[Span].intersection(*marked).difference(row.spans)
        assert {(row.id, span) for span in alike} <= listed_spans
        assert all(
            row.id != name or span is None or span in set(row.spans).union(*marked) for name, span in listed_spans
        )
    assert all(0 <= suspect.score <= 1 for suspect in listed)
