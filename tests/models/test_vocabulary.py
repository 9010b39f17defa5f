"""Training with the used rows of an embedding gives the weights that training with all of it gives."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from tiny_encoder import VOCABULARY, tiny_data, tiny_encoder
from transformers import BertModel

import markner.models.encoder.train as encoder
from markner.models.encoder.train import train_point
from markner.models.encoder.vocabulary import UsedVocabulary
from markner.study.grid import Point
from markner.study.schema.systems import EncoderTraining

pytestmark = pytest.mark.usefixtures("one_thread")

EMBEDDING = "bert.embeddings.word_embeddings.weight"
POINT = Point(learning_rate=5e-3, max_length=32, batch_size=8, dropout=0.1)


class Whole:
    """Leaves the embedding as it is."""

    def __init__(self, model: object, ids: object) -> None:
        """Take nothing out."""

    def restore(self, decay: float) -> None:
        """Put nothing back."""


def trained(folder: Path, keep: str) -> dict[str, torch.Tensor]:
    tiny_data(folder, train=80, dev=10)
    training = EncoderTraining(epochs=3, warmup=0.1, weight_decay=0.5, precision="fp32", keep=keep)  # type: ignore[arg-type]
    files = (folder / name for name in ("weights", "train.jsonl", "dev.jsonl"))
    train_point(*files, POINT, training, 1, folder / "model", folder / "dev.json")
    return load_file(folder / "model" / "model.safetensors")


@pytest.mark.parametrize("keep", ["last", "lowest-loss"])
def test_the_weights_are_those_of_training_with_all_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keep: str
) -> None:
    ours = trained(tmp_path / "ours", keep)
    monkeypatch.setattr(encoder, "UsedVocabulary", Whole)
    whole = trained(tmp_path / "whole", keep)
    assert ours.keys() == whole.keys()
    for name, weights in whole.items():
        torch.testing.assert_close(ours[name], weights, rtol=1e-4, atol=1e-6, msg=name)
    before = load_file(tmp_path / "ours" / "weights" / "model.safetensors")["embeddings.word_embeddings.weight"]
    unused = VOCABULARY["[MASK]"]
    share = ours[EMBEDDING][unused] / before[unused]
    assert 0.9 < share.mean() < 0.999, "rows that no sentence has are decayed all the same"
    assert share.std() < 1e-5


def test_an_unused_piece_is_refused_and_restored(tmp_path: Path) -> None:
    model = BertModel.from_pretrained(tiny_encoder(tmp_path))
    before = model.get_input_embeddings().weight.detach().clone()
    vocabulary = UsedVocabulary(model, [2, 5])
    part = model.get_input_embeddings()
    assert part.weight.shape[0] == 3, "the padding is kept too"
    assert torch.equal(part(torch.tensor([[0, 5, 2]]))[0], before[[0, 5, 2]])
    with pytest.raises(IndexError):
        part(torch.tensor([[4]]))
    with torch.no_grad():
        part.weight.add_(1)
    vocabulary.restore(0.5)
    expected = before * 0.5
    expected[[0, 2, 5]] = before[[0, 2, 5]] + 1
    assert torch.equal(model.get_input_embeddings().weight, expected)
