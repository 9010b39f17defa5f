"""The final encoder: train and dev together, with the settings that were chosen on dev."""

from pathlib import Path

import pytest
from tiny_encoder import tiny_data

from markner.data.documents import read_sentences, write_sentences
from markner.files import read_json, write_json
from markner.models.encoder.final import train_final
from markner.models.encoder.train import train_point
from markner.study.grid import Point, point_name
from markner.study.schema.systems import EncoderTraining

pytestmark = pytest.mark.usefixtures("one_thread")

TRAINING = EncoderTraining(epochs=5, warmup=0.1, weight_decay=0.01, precision="fp32")
POINT = Point(learning_rate=5e-3, max_length=32, batch_size=8, dropout=0.1)


def test_the_final_model_is_the_selected_point_trained_on_both_splits(tmp_path: Path) -> None:
    data = tiny_data(tmp_path, train=40, dev=10)
    other = {"name": "other", **POINT, "learning_rate": 1.0, "best_epoch": 4}
    selection = {
        "selected": point_name(POINT),
        "points": [other, {"name": point_name(POINT), **POINT, "best_epoch": 2}],
    }
    write_json(tmp_path / "selection.json", selection)
    train_final(
        data / "weights", data / "train.jsonl", data / "dev.jsonl", tmp_path / "selection.json", TRAINING, 1,
        tmp_path / "final",
    )  # fmt: skip
    assert read_json(tmp_path / "final/final.json") == {"point": dict(POINT), "epochs": 2}
    assert {path.name for path in (tmp_path / "final").iterdir()} == {"model", "final.json"}
    write_sentences(
        tmp_path / "both.jsonl", [*read_sentences(data / "train.jsonl"), *read_sentences(data / "dev.jsonl")]
    )
    by_hand = EncoderTraining(epochs=2, warmup=0.1, weight_decay=0.01, precision="fp32", keep="last")
    places = (tmp_path / "model", tmp_path / "report.json")
    train_point(data / "weights", tmp_path / "both.jsonl", data / "dev.jsonl", POINT, by_hand, 1, *places)
    weights = [folder / "model.safetensors" for folder in (tmp_path / "final/model", tmp_path / "model")]
    assert weights[0].read_bytes() == weights[1].read_bytes()
