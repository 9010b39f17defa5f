"""Ready-made token classifiers: any labels, read as B, I and O."""

from pathlib import Path

import pytest
import torch
from tiny_encoder import tiny_data, tiny_encoder
from transformers import AutoModelForTokenClassification

from markner.errors import MarknerError
from markner.models.encoder.ready import load_ready, predict_ready
from markner.models.encoder.train import predict_encoder, train_point
from markner.models.weights import load_tokenizer
from markner.predictions import read_predictions
from markner.study.grid import Point
from markner.study.schema.systems import EncoderTraining
from markner.tags import Tag

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tagger that learned the tiny sentences, and its predictions, in `model` and `own.jsonl`."""
    folder = tiny_data(tmp_path_factory.mktemp("data"), train=120, dev=20)
    training = EncoderTraining(epochs=4, warmup=0.1, weight_decay=0.01, precision="fp32")
    point = Point(learning_rate=5e-3, max_length=32, batch_size=8, dropout=0.1)
    files = (folder / "weights", folder / "train.jsonl", folder / "dev.jsonl")
    train_point(*files, point, training, 1, folder / "model", folder / "dev.json")
    predict_encoder(folder / "model", folder / "dev.jsonl", folder / "own.jsonl", 32)
    return folder


def saved(data: Path, folder: Path, labels: list[str], rows: list[list[int]]) -> Path:
    """Save the tagger as somebody else's: each of its labels with the sum of some classifier rows (of O, B and I)."""
    model = AutoModelForTokenClassification.from_pretrained(data / "model")
    weight, bias = model.classifier.weight.data, model.classifier.bias.data
    model.classifier = torch.nn.Linear(weight.shape[1], len(labels))
    model.classifier.weight.data = torch.stack([weight[row].mean(dim=0) for row in rows])
    model.classifier.bias.data = torch.stack([bias[row].mean() for row in rows])
    model.config.id2label = dict(enumerate(labels))
    model.config.label2id = {label: number for number, label in enumerate(labels)}
    model.num_labels = len(labels)
    model.save_pretrained(folder)
    load_tokenizer(data / "model").save_pretrained(folder)
    return folder


def test_other_names_in_another_order_give_the_same_mentions(data: Path, tmp_path: Path) -> None:
    model = saved(data, tmp_path / "other", ["I-Disease", "none", "B-Disease"], [[2], [0], [1]])
    labels: dict[str, Tag] = {"B-Disease": "B", "I-Disease": "I"}
    predict_ready(model, labels, data / "dev.jsonl", tmp_path / "out.jsonl")
    own, found = (list(read_predictions(path)) for path in (data / "own.jsonl", tmp_path / "out.jsonl"))
    assert [(row.id, row.spans, row.status) for row in found] == [(row.id, row.spans, row.status) for row in own]
    assert sum(len(row.spans) for row in found) > 5
    for row, other in zip(found, own, strict=True):
        assert row.confidences == pytest.approx(other.confidences, abs=2e-4)


def test_labels_of_other_types_are_no_mentions_and_several_labels_are_one_tag(data: Path, tmp_path: Path) -> None:
    model = saved(data, tmp_path / "types", ["O", "B-X", "I-X", "B-Y", "I-Y"], [[0], [1], [2], [1], [2]])
    both: dict[str, Tag] = {"B-X": "B", "I-X": "I", "B-Y": "B", "I-Y": "I"}
    ids = load_tokenizer(model)("severe colitis", return_tensors="pt")
    with torch.inference_mode():
        together = load_ready(model, both)(**ids).logits
        one = load_ready(model, {"B-X": "B", "I-X": "I"})(**ids).logits
    assert torch.allclose(together.exp().sum(-1), torch.ones(together.shape[:-1]), atol=1e-5)
    assert torch.allclose(together[..., 1:].exp(), 2 * one[..., 1:].exp(), atol=1e-5)
    assert (one[..., 0] > together[..., 0]).all()


def test_labels_without_b_give_whole_mentions(data: Path, tmp_path: Path) -> None:
    model = saved(data, tmp_path / "io", ["O", "Disease"], [[0], [1]])
    predict_ready(model, {"Disease": "I"}, data / "dev.jsonl", tmp_path / "out.jsonl")
    found = list(read_predictions(tmp_path / "out.jsonl"))
    assert sum(len(row.spans) for row in found) > 5
    for row in found:
        assert all(left.end + 1 < right.start for left, right in zip(row.spans, row.spans[1:], strict=False))


def test_a_model_without_a_classifier_and_unknown_labels_are_errors(data: Path, tmp_path: Path) -> None:
    with pytest.raises(MarknerError, match=r"holds no trained token classifier: classifier\.bias"):
        load_ready(tiny_encoder(tmp_path / "bare"), {"LABEL_1": "B"})
    model = saved(data, tmp_path / "other", ["none", "B-Disease"], [[0], [1]])
    with pytest.raises(MarknerError, match="has no label B-Gene; it has none, B-Disease"):
        load_ready(model, {"B-Gene": "B"})
    with pytest.raises(MarknerError, match="each of its labels is part of a mention"):
        load_ready(model, {"none": "I", "B-Disease": "B"})
