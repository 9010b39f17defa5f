"""An encoder reads the title or the neighbors of a sentence beside it, in training, prediction and annotation."""

import json
from pathlib import Path

import pytest
from tiny_encoder import tiny_encoder, tiny_tokenizer

from markner.annotate.text_tagger import TextTagger
from markner.data.context import Context, ContextKind, contexts
from markner.data.documents import Sentence, Span, write_sentences
from markner.models.encoder.batches import encode
from markner.models.encoder.train import predict_encoder, train_point
from markner.models.params import TrainEncoderParams
from markner.models.tagging import load_system
from markner.predictions import read_predictions
from markner.study.grid import Point
from markner.study.schema.annotations import Tagger
from markner.study.schema.systems import EncoderTraining

TOKENIZER = tiny_tokenizer()
POINT = Point(learning_rate=5e-3, max_length=32, batch_size=8, dropout=0.0)
TRAINING = EncoderTraining(epochs=12, warmup=0.1, weight_decay=0.01, precision="fp32")


def rows(*texts: str) -> list[Sentence]:
    """Sentences; the first letter of each names its document."""
    return [Sentence(str(number), text[0], text[2:]) for number, text in enumerate(texts)]


def test_a_title_stands_before_each_other_sentence_of_its_document() -> None:
    sentences = rows("a one", "a two", "a three", "b four", "b five")
    assert contexts(sentences, "title") == [("", ""), ("one", ""), ("one", ""), ("", ""), ("four", "")]
    assert contexts(sentences, "none") == [("", "")] * 5


def test_neighbors_are_of_the_same_document() -> None:
    sentences = rows("a one", "a two", "a three", "b four", "b five")
    expected = [("", "two"), ("one", "three"), ("two", ""), ("", "five"), ("four", "")]
    assert contexts(sentences, "neighbors") == expected
    assert contexts([], "neighbors") == []
    assert contexts(sentences[:1], "neighbors") == [("", "")]


@pytest.mark.parametrize(
    ("max_length", "pieces"),
    [
        (16, "in patients . the col ##itis was mild"),
        (9, "patients . the col ##itis was mild"),
        (8, ". the col ##itis was mild"),
        (6, "the col ##itis was"),
    ],
)
def test_context_fills_the_room_that_a_sentence_leaves_and_has_no_label(max_length: int, pieces: str) -> None:
    sentence = Sentence("1", "d", "the colitis", (), (Span(4, 11),))
    (row,) = encode([sentence], TOKENIZER, max_length, [Context("in patients .", "was mild")])
    assert " ".join(TOKENIZER.convert_ids_to_tokens(row.ids[1:-1])) == pieces
    (alone,) = encode([sentence], TOKENIZER, max_length)
    assert [row.ids[place] for place in row.first if place] == [alone.ids[place] for place in alone.first if place]
    assert (row.words, row.tags) == (alone.words, alone.tags)


def test_a_sentence_that_fills_the_input_has_no_context() -> None:
    long = Sentence("1", "d", "the mild colitis was severe colitis")
    around = [Context("in patients .", "was mild")]
    assert encode([long], TOKENIZER, 6, around) == encode([long], TOKENIZER, 6)
    blank = Sentence("1", "d", " ")
    assert encode([blank], TOKENIZER, 6, around) == encode([blank], TOKENIZER, 6)


def titled(count: int) -> list[Sentence]:
    """Documents in which `colitis` is a mention if their title says `severe`."""
    sentences = []
    for number in range(count):
        gold = (Span(4, 11),) if number % 2 else ()
        title, text = "severe" if number % 2 else "mild", "the colitis was in patients"
        sentences += [
            Sentence(f"{number}.0", f"{number}", title),
            Sentence(f"{number}.1", f"{number}", text, gold, gold),
        ]
    return sentences


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    tiny_encoder(folder / "weights")
    write_sentences(folder / "train.jsonl", titled(60))
    write_sentences(folder / "dev.jsonl", titled(10))
    return folder


def trained(data: Path, folder: Path, kind: ContextKind) -> Path:
    """Train a run as the workflow lays it out, and return the folder of its results."""
    run = folder / "models" / "tiny" / "seed1"
    files = (data / "weights", data / "train.jsonl", data / "dev.jsonl")
    settings = TRAINING.model_copy(update={"context": kind})
    train_point(*files, POINT, settings, 1, run / "grid" / "point" / "model", run / "grid" / "point" / "dev.json")
    chosen = {"selected": "point", "points": [{"name": "point", "folder": "point", **POINT}]}
    (run / "selection.json").write_text(json.dumps(chosen), encoding="utf-8")
    return folder


def predicted_spans(data: Path, folder: Path) -> list[tuple[Span, ...]]:
    model = folder / "models" / "tiny" / "seed1" / "grid" / "point" / "model"
    predict_encoder(model, data / "dev.jsonl", folder / "out.jsonl", 32)
    return [row.spans for row in read_predictions(folder / "out.jsonl")]


@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize("kind", ["title", "neighbors"])
def test_what_only_the_context_says_is_learned_and_tagged(data: Path, tmp_path: Path, kind: ContextKind) -> None:
    results = trained(data, tmp_path, kind)
    gold = [row.spans for row in titled(10)]
    assert predicted_spans(data, results) == gold
    tagger = Tagger(run="tiny", seed=1, system="encoder", folder="models/tiny/seed1", instructions={"disease": ""})
    tagged = TextTagger([load_system(tagger, results)]).tag([f"{a.text}\n\n{b.text}" for a, b in pairs(titled(10))])
    starts = [[mention.start for mention in mentions] for mentions in tagged]
    assert starts == [[len(a.text) + 2 + 4] if b.spans else [] for a, b in pairs(titled(10))]


def pairs(sentences: list[Sentence]) -> list[tuple[Sentence, Sentence]]:
    return list(zip(sentences[::2], sentences[1::2], strict=True))


@pytest.mark.usefixtures("one_thread")
def test_without_context_it_cannot_be_known(data: Path, tmp_path: Path) -> None:
    spans = predicted_spans(data, trained(data, tmp_path, "none"))
    assert len({spans[1], spans[3]}) == 1


def test_no_context_changes_no_params_of_before() -> None:
    settings = {"epochs": 1, "keep": "last", "warmup": 0, "weight_decay": 0, "precision": "fp32", "fraction": 1}
    params = TrainEncoderParams.model_validate({"points": {}, "seed": 1, **settings})
    assert "context" not in params.settings()
    assert params.model_copy(update={"context": "title"}).settings()["context"] == "title"
