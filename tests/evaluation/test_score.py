from pathlib import Path
from typing import Any

import pytest
from span_strategies import spans

from markner.data.documents import Sentence, write_sentences
from markner.errors import MarknerError
from markner.evaluation.score import score
from markner.files import read_json
from markner.predictions import STATUSES, Prediction, write_predictions
from markner.study.schema.study import Scoring

GOLD = [
    Sentence(
        "s1", "d1", "S2 protein of S2", (), spans((0, 10), (14, 16)), "<mark><mark>S2</mark> protein</mark> of S2"
    ),
    Sentence("s2", "d1", "nothing", (), (), "nothing"),
    Sentence("s3", "d2", "IL-2 gene", (), spans((0, 9)), "<mark>IL-2 gene</mark>"),
    Sentence("s4", "d2", "p53", (), spans((0, 3)), None),
]
ANSWERS = [
    Prediction("s4", (), "empty", ""),
    Prediction("s1", spans((0, 10)), "ok", "<mark>S2 protein</mark> of S2"),
    Prediction("s2", spans((0, 7)), "ok", "<mark>nothing</mark>"),
    Prediction("s3", spans((0, 4)), "truncated", "<mark>IL-2</mark>"),
]


def scored(folder: Path, gold: list[Sentence] = GOLD, answers: list[Prediction] = ANSWERS) -> Any:
    write_sentences(folder / "test.jsonl", gold)
    write_predictions(folder / "answers.jsonl", answers)
    output = folder / "score.json"
    score(folder / "test.jsonl", folder / "answers.jsonl", Scoring(), "llama", "genes", output)
    return read_json(output)


def test_the_score_file(tmp_path: Path) -> None:
    found = scored(tmp_path)
    intervals = {
        kind: {f"{name}_interval": found[kind].pop(f"{name}_interval") for name in ("precision", "recall", "f1")}
        for kind in ("strict", "partial", "semeval", "authors_partial")
    }
    release = found.pop("author_release")
    assert found == {
        "run": "llama",
        "corpus": "genes",
        "scoring": {"resamples": 1000, "confidence": 0.95, "seed": 1},
        "sentences": 4,
        "gold_mentions": 4,
        "predicted_mentions": 3,
        "strict": {"tp": 1, "fp": 2, "fn": 3, "precision": 0.333333, "recall": 0.25, "f1": 0.285714},
        "partial": {"tp": 2, "fp": 1, "fn": 2, "precision": 0.666667, "recall": 0.5, "f1": 0.571429},
        "semeval": {
            "tp": 1.5,
            "fp": 1.5,
            "fn": 2.5,
            "precision": 0.5,
            "recall": 0.375,
            "f1": 0.428571,
            "correct": 1,
            "partial": 1,
            "spurious": 1,
            "missed": 2,
        },
        "authors_partial": {
            "tp": 2,
            "fp": 1,
            "fn": 2,
            "overlapping_predictions": 2,
            "precision": 0.666667,
            "recall": 0.5,
            "f1": 0.571429,
        },
        "status": dict.fromkeys(STATUSES, 0) | {"ok": 2, "truncated": 1, "empty": 1},
    }
    assert all(0 <= low <= high <= 1 for kind in intervals.values() for low, high in kind.values())
    # Three sentences have a release; its marks are S2, S2 protein and IL-2 gene, the true spans there are three.
    assert (release["sentences"], release["gold_mentions"]) == (3, 3)
    assert [release["strict"][name] for name in ("tp", "fp", "fn")] == [1, 2, 2]
    assert [release["partial"][name] for name in ("tp", "fp", "fn")] == [2, 1, 1]
    assert release["ceiling_f1"] == 0.666667


def test_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    scored(tmp_path / "a")
    scored(tmp_path / "b", answers=ANSWERS[::-1])
    assert (tmp_path / "a" / "score.json").read_bytes() == (tmp_path / "b" / "score.json").read_bytes()


def test_without_a_release(tmp_path: Path) -> None:
    assert scored(tmp_path, GOLD[3:], ANSWERS[:1])["author_release"] is None


@pytest.mark.parametrize(
    ("gold", "answers", "message"),
    [
        (GOLD, ANSWERS[1:], r"answers\.jsonl: no prediction for sentence 's4' of .*test\.jsonl"),
        (GOLD[:2], ANSWERS[1:], r"answers\.jsonl: prediction for sentence 's3', which .*test\.jsonl does not hold"),
        (GOLD, [*ANSWERS, ANSWERS[0]], r"answers\.jsonl: sentence 's4' more than once"),
        ([*GOLD, GOLD[0]], ANSWERS, r"test\.jsonl: sentence 's1' more than once"),
        ([], [], r"test\.jsonl: there is no sentence"),
        (GOLD[3:], [Prediction("s4", spans((0, 4)), "ok")], r"answers\.jsonl, sentence 's4': span 0-4 is .* outside"),
        (GOLD[3:], [Prediction("s4", spans((0, 2), (1, 3)), "ok")], r"answers\.jsonl, sentence 's4': .* overlap"),
        (
            [Sentence("s4", "d2", "p53", (), (), "<mark>p52</mark>")],
            ANSWERS[:1],
            r"sentence 's4': the sentence .* of the authors' release is not a marked form",
        ),
    ],
)
def test_bad_input(tmp_path: Path, gold: list[Sentence], answers: list[Prediction], message: str) -> None:
    with pytest.raises(MarknerError, match=message):
        scored(tmp_path, gold, answers)
    assert not (tmp_path / "score.json").exists()


def test_many_missing_sentences_are_named_in_part(tmp_path: Path) -> None:
    gold = [Sentence(f"s{number}", "d", "p53") for number in range(8)]
    with pytest.raises(MarknerError, match=r"sentences 's0', 's1', 's2', 's3', 's4' and 3 more"):
        scored(tmp_path, gold, [])
