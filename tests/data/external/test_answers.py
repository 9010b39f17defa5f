"""Files of answers that are damaged, empty or of another kind are errors that name file, line and fix."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from markner.data.documents import Sentence, write_sentences
from markner.data.external.answers import read_external_answers
from markner.data.external.import_predictions import import_predictions
from markner.data.formats.annotations import ReadOptions
from markner.data.params import ImportPredictionsParams
from markner.errors import MarknerError
from markner.markup import Marks
from markner.study.schema.prediction_runs import PredictionsRun

MARKS = Marks("@@", "##")
GOOD = '{"text": "A cold .", "answer": "A @@cold## ."}\n'


@pytest.mark.parametrize(
    "content, message",
    [
        (GOOD + '{"text": "x", "answer": \n', "line 2: not valid JSON"),
        (GOOD + "\n[1]\n", "line 3: not an object with `text` and `answer`"),
        ('{"text": "A cold ."}\n', "line 1: not an object with `text` and `answer`"),
        ('{"text": "A cold .", "answer": 3}\n', "line 1: `answer` is not text: 3"),
    ],
)
def test_a_damaged_line_of_marked_answers_is_named(content: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(MarknerError, match=message) as caught:
        list(read_external_answers(path, "marked", MARKS, ReadOptions()))
    assert str(path) in caught.value.message
    assert '{"text": "the sentence"' in caught.value.fix


def test_no_answer_at_all_is_an_empty_answer(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    path.write_text('{"text": "A cold .", "answer": null}\n', encoding="utf-8")
    (answer,) = read_external_answers(path, "marked", MARKS, ReadOptions())
    assert (answer.status, answer.spans) == ("empty", ())


def test_a_damaged_brat_annotation_and_a_missing_type_are_named(tmp_path: Path) -> None:
    (tmp_path / "one.txt").write_text("A cold .", encoding="utf-8")
    (tmp_path / "one.ann").write_text("R1\tx\nT1\tDisease 2\tcold\n", encoding="utf-8")
    with pytest.raises(MarknerError, match=r"one\.ann, line 2: not a text-bound annotation"):
        list(read_external_answers(tmp_path, "brat", MARKS, ReadOptions()))
    (tmp_path / "one.ann").write_text("T1\tDisease 2 6\tcold\n", encoding="utf-8")
    with pytest.raises(MarknerError, match="no mention of the types Chemical") as caught:
        list(read_external_answers(tmp_path, "brat", MARKS, ReadOptions(types=["Chemical"])))
    assert "the files have Disease" in caught.value.fix


def test_bioc_json_is_a_format_of_answers(tmp_path: Path) -> None:
    path = tmp_path / "answers.bioc"
    path.write_text(
        '{"documents": [{"id": "1", "infons": {}, "passages": [{"offset": 0, "infons": {}, "text": "A cold .",'
        ' "annotations": [{"id": "T1", "infons": {"type": "Disease"}, "text": "cold",'
        ' "locations": [{"offset": 2, "length": 4}]}]}]}]}',
        encoding="utf-8",
    )
    (answer,) = read_external_answers(path, "bioc-json", MARKS, ReadOptions())
    assert [answer.text[start:end] for start, end in answer.spans] == ["cold"]


def test_a_file_without_answers_is_an_error_and_writes_nothing(tmp_path: Path) -> None:
    (tmp_path / "answers.jsonl").write_text("", encoding="utf-8")
    write_sentences(tmp_path / "gold.jsonl", [Sentence("1", "d", "A cold .")])
    params = ImportPredictionsParams(format="marked", marks=[*MARKS], types=None, offsets="characters", min_matched=0.9)
    places = [tmp_path / name for name in ("predictions.jsonl", "counts.json")]
    with pytest.raises(MarknerError, match=r"answers\.jsonl: holds no answers") as caught:
        import_predictions(tmp_path / "gold.jsonl", tmp_path / "answers.jsonl", params, "run", "corpus", *places)
    assert "runs.run.files.corpus" in caught.value.fix
    assert not any(place.exists() for place in places)


@pytest.mark.parametrize(
    "changed, message",
    [
        ({"format": "iob", "marks": ["<", ">"]}, "`marks` has no meaning for the format iob"),
        ({"marks": ["@@", "@@"]}, "two different marks"),
        ({"types": {"a": ["Disease"]}}, "`types` has no meaning for the format marked"),
        ({"offsets": "utf8"}, "`offsets` has no meaning for the format marked"),
    ],
)
def test_settings_without_meaning_are_refused(changed: dict[str, object], message: str) -> None:
    settings = {"system": "predictions", "format": "marked", "files": {"a": "a.jsonl"}, "evaluate": ["a"]}
    with pytest.raises(ValidationError, match=message):
        PredictionsRun.model_validate(settings | changed)
