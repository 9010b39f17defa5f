"""Training and prediction with a random BERT of a few kilobytes."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from tiny_encoder import sentence, tiny_data
from transformers import RobertaConfig, RobertaForTokenClassification

from markner.data.documents import Span, read_sentences, write_sentences
from markner.errors import MarknerError
from markner.files import read_json
from markner.models.encoder.train import _check_length, predict_encoder, train_point
from markner.predictions import read_predictions
from markner.study.grid import Point
from markner.study.schema.systems import EncoderTraining

pytestmark = pytest.mark.usefixtures("one_thread")

POINT = Point(learning_rate=5e-3, max_length=32, batch_size=8, dropout=0.1)
TRAINING = EncoderTraining(epochs=4, warmup=0.1, weight_decay=0.01, precision="fp32")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_data(tmp_path_factory.mktemp("data"), train=160, dev=30)


def trained(
    data: Path, folder: Path, point: Point = POINT, training: EncoderTraining = TRAINING, seed: int = 1
) -> dict[str, bytes]:
    """Train and give the bytes of what was written."""
    report = folder / "dev.json"
    train_point(
        data / "weights", data / "train.jsonl", data / "dev.jsonl", point, training, seed, folder / "model", report
    )
    return {path.name: path.read_bytes() for path in (*(folder / "model").iterdir(), report)}


def test_it_learns_and_its_predictions_have_the_f1_of_its_report(data: Path, tmp_path: Path) -> None:
    files = trained(data, tmp_path)
    assert {"model.safetensors", "config.json", "tokenizer.json", "dev.json"} <= set(files)
    report = read_json(tmp_path / "dev.json")
    assert report["point"] == POINT
    assert [row["epoch"] for row in report["epochs"]] == [1, 2, 3, 4]
    scores = [row["dev_f1"] for row in report["epochs"]]
    assert report["dev_f1"] == max(scores) == scores[report["best_epoch"] - 1]
    assert report["dev_f1"] > 0.95
    assert load_file(tmp_path / "model" / "model.safetensors")["classifier.weight"].shape == (3, 32)
    assert read_json(tmp_path / "model" / "config.json")["id2label"] == {"0": "O", "1": "B", "2": "I"}

    predict_encoder(tmp_path / "model", data / "dev.jsonl", tmp_path / "dev.jsonl", 32)
    gold = list(read_sentences(data / "dev.jsonl"))
    found = list(read_predictions(tmp_path / "dev.jsonl"))
    assert [row.id for row in found] == [row.id for row in gold]
    assert {(row.status, row.raw) for row in found} == {("ok", None)}
    confidences = [value for row in found for value in row.confidences or ()]
    assert len(confidences) == sum(len(row.spans) for row in found) > 0
    assert 0 < min(confidences) < max(confidences) <= 1
    hits = sum(len(set(a.spans) & set(b.spans)) for a, b in zip(found, gold, strict=True))
    total = sum(len(row.spans) for row in found) + sum(len(row.spans) for row in gold)
    assert 2 * hits / total == pytest.approx(report["dev_f1"])


def test_no_step_waits_for_a_value_from_the_device(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every `item` of a tensor waits for a GPU. There are as many in twenty steps as in forty."""
    reads: list[int] = []
    original = torch.Tensor.item

    def counted(self: torch.Tensor) -> Any:
        reads.append(1)
        return original(self)

    monkeypatch.setattr(torch.Tensor, "item", counted)
    short, counts = TRAINING.model_copy(update={"epochs": 1}), []
    for size in (8, 4):
        reads.clear()
        trained(data, tmp_path / str(size), point={**POINT, "batch_size": size}, training=short)
        counts.append(len(reads))
    assert counts[0] == counts[1] > 0


def test_a_seed_gives_the_same_bytes_and_another_seed_others(data: Path, tmp_path: Path) -> None:
    short = TRAINING.model_copy(update={"epochs": 1})
    first = trained(data, tmp_path / "a", training=short)
    assert first == trained(data, tmp_path / "b", training=short)
    assert first["model.safetensors"] != trained(data, tmp_path / "c", training=short, seed=2)["model.safetensors"]


def test_the_best_epoch_is_written_not_the_last(data: Path, tmp_path: Path) -> None:
    # A rate this high makes later epochs worse on dev; what was written must give the best epoch's loss again.
    trained(
        data,
        tmp_path,
        point={**POINT, "learning_rate": 0.05},
        training=TRAINING.model_copy(update={"keep": "lowest-loss"}),
    )
    report = read_json(tmp_path / "dev.json")
    losses = [row["dev_loss"] for row in report["epochs"]]
    assert report["best_epoch"] < 4
    assert report["dev_loss"] == min(losses) == losses[report["best_epoch"] - 1]
    predict_encoder(tmp_path / "model", data / "dev.jsonl", tmp_path / "dev.jsonl", 32)
    gold = {row.id: set(row.spans) for row in read_sentences(data / "dev.jsonl")}
    found = {row.id: set(row.spans) for row in read_predictions(tmp_path / "dev.jsonl")}
    total = sum(map(len, gold.values())) + sum(map(len, found.values()))
    assert 2 * sum(len(gold[key] & found[key]) for key in gold) / total == pytest.approx(report["dev_f1"])


def test_the_last_epoch_can_be_kept(data: Path, tmp_path: Path) -> None:
    trained(
        data, tmp_path, point={**POINT, "learning_rate": 0.05}, training=TRAINING.model_copy(update={"keep": "last"})
    )
    assert read_json(tmp_path / "dev.json")["best_epoch"] == 4


def test_bf16_trains_and_writes_float32(data: Path, tmp_path: Path) -> None:
    trained(data, tmp_path, training=TRAINING.model_copy(update={"precision": "bf16"}))
    assert read_json(tmp_path / "dev.json")["dev_f1"] > 0.9
    weights = load_file(tmp_path / "model" / "model.safetensors")
    assert {str(value.dtype) for value in weights.values()} == {"torch.float32"}


def test_fraction_and_dropout_count(data: Path, tmp_path: Path) -> None:
    short = TRAINING.model_copy(update={"epochs": 1})
    whole = trained(data, tmp_path / "whole", training=short)
    part = trained(data, tmp_path / "part", training=short.model_copy(update={"fraction": 0.25}))
    still = trained(data, tmp_path / "still", point={**POINT, "dropout": 0.0}, training=short)
    assert len({files["model.safetensors"] for files in (whole, part, still)}) == 3
    config = read_json(tmp_path / "still" / "model" / "config.json")
    assert {config[f"{name}_dropout_prob"] for name in ("hidden", "attention_probs")} == {0.0}
    assert config["classifier_dropout"] == 0.0


def test_what_does_not_fit_is_read_in_windows(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trained(data, tmp_path, point={**POINT, "max_length": 12})
    report = read_json(tmp_path / "dev.json")
    gold = list(read_sentences(data / "dev.jsonl"))
    assert max(len(row.text.split()) for row in gold) > 10
    assert report["dev_f1"] > 0.9

    monkeypatch.setattr("markner.models.encoder.train.EVALUATION_BATCH", 7)
    predict_encoder(tmp_path / "model", data / "dev.jsonl", tmp_path / "dev.jsonl", 12)
    answers = list(read_predictions(tmp_path / "dev.jsonl"))
    assert [row.id for row in answers] == [row.id for row in gold]
    assert {row.status for row in answers} == {"ok"}
    hits = sum(len(set(a.spans) & set(b.spans)) for a, b in zip(answers, gold, strict=True))
    total = sum(len(row.spans) for row in answers) + sum(len(row.spans) for row in gold)
    assert 2 * hits / total == pytest.approx(report["dev_f1"])


def test_a_text_of_50000_characters_is_tagged_to_its_end(data: Path, tmp_path: Path) -> None:
    trained(data, tmp_path)
    part = sentence(3)
    text = " ".join([part.text] * (50_000 // len(part.text)))
    step = len(part.text) + 1
    write_sentences(tmp_path / "long.jsonl", [part, replace(part, id="long", text=text, spans=(), mentions=())])
    predict_encoder(tmp_path / "model", tmp_path / "long.jsonl", tmp_path / "out.jsonl", 32)
    short, long = read_predictions(tmp_path / "out.jsonl")
    assert short.spans == part.spans != ()
    assert long.status == "ok"
    wanted = {Span(at + start, at + end) for at in range(0, len(text), step) for start, end in part.spans}
    assert len(wanted & set(long.spans)) > 0.95 * len(wanted)
    assert len(long.spans) == len(long.confidences or ())
    assert max(long.spans) == Span(*(len(text) - len(part.text) + place for place in part.spans[-1]))


def test_an_encoder_reads_words_whether_a_text_is_tokenized_or_raw(data: Path, tmp_path: Path) -> None:
    trained(data, tmp_path, training=TRAINING.model_copy(update={"epochs": 1}))
    tokens = sentence(3)
    raw = replace(tokens, text=tokens.text.replace(" .", ".").replace(" ", "  "), spans=(), mentions=())
    assert raw.text.split() != tokens.text.split()
    write_sentences(tmp_path / "tokens.jsonl", [tokens])
    write_sentences(tmp_path / "raw.jsonl", [raw])
    for name in ("tokens", "raw"):
        predict_encoder(tmp_path / "model", tmp_path / f"{name}.jsonl", tmp_path / f"{name}.out.jsonl", 32)
    (one,), (other,) = (read_predictions(tmp_path / f"{name}.out.jsonl") for name in ("tokens", "raw"))
    assert ["".join(raw.text[slice(*span)].split()) for span in other.spans] == [
        "".join(tokens.text[slice(*span)].split()) for span in one.spans
    ]
    assert one.confidences == other.confidences


def test_impossible_requests_name_the_fix(data: Path, tmp_path: Path) -> None:
    with pytest.raises(MarknerError, match=r"grid\.max_length 64 is more than the 32 positions") as raised:
        trained(data, tmp_path, point={**POINT, "max_length": 64})
    assert "use 32 or less" in str(raised.value)
    with pytest.raises(MarknerError, match=r"train\.jsonl: no sentences"):
        trained(data, tmp_path, training=TRAINING.model_copy(update={"fraction": 0.001}))
    with pytest.raises(MarknerError, match="diverged"):
        trained(data, tmp_path, point={**POINT, "learning_rate": 1e30})
    with pytest.raises(MarknerError, match="its labels are"):
        predict_encoder(data / "weights", data / "dev.jsonl", tmp_path / "out.jsonl", 32)
    assert list(tmp_path.iterdir()) == []


def test_positions_behind_that_of_the_padding_are_those_of_roberta(tmp_path: Path) -> None:
    sizes = {"hidden_size": 8, "num_attention_heads": 2, "num_hidden_layers": 1, "intermediate_size": 8}
    config = RobertaConfig(vocab_size=20, max_position_embeddings=34, **sizes)
    model = RobertaForTokenClassification(config)
    _check_length(model, 32, tmp_path)
    with pytest.raises(MarknerError, match="more than the 32 positions"):
        _check_length(model, 33, tmp_path)


def test_a_sentence_without_words_has_no_mentions(data: Path, tmp_path: Path) -> None:
    trained(data, tmp_path, training=TRAINING.model_copy(update={"epochs": 1}))
    blank = replace(sentence(1), text=" ", spans=(), mentions=())
    write_sentences(tmp_path / "blank.jsonl", [blank, sentence(2)])
    predict_encoder(tmp_path / "model", tmp_path / "blank.jsonl", tmp_path / "out.jsonl", 32)
    first, second = read_predictions(tmp_path / "out.jsonl")
    assert (first.spans, first.status) == ((), "ok")
    assert all(isinstance(span, Span) for span in second.spans)
