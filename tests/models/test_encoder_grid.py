"""Several grid points in one process: each is as it is alone, and an interruption loses one at most."""

from pathlib import Path

import pytest
from tiny_encoder import tiny_data

import markner.models.encoder.grid_job as encoder_grid
from markner.models.encoder.grid_job import predict_grid, train_part
from markner.models.encoder.train import predict_encoder, train_point
from markner.study.grid import Point, point_name
from markner.study.schema.systems import EncoderTraining

pytestmark = pytest.mark.usefixtures("one_thread")

TRAINING = EncoderTraining(epochs=1, warmup=0.1, weight_decay=0.01, precision="fp32")
POINTS = {
    point_name(point): point
    for point in (
        Point(learning_rate=rate, max_length=length, batch_size=8, dropout=0.1)
        for rate, length in ((5e-3, 32), (1e-3, 32), (5e-3, 16))
    )
}
FIRST, SECOND, THIRD = POINTS


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_data(tmp_path_factory.mktemp("data"), train=60, dev=10)


def files(data: Path) -> tuple[Path, Path, Path]:
    return data / "weights", data / "train.jsonl", data / "dev.jsonl"


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def alone(data: Path, folder: Path, name: str) -> dict[str, bytes]:
    train_point(*files(data), POINTS[name], TRAINING, 1, folder / "model", folder / "dev.json")
    return content(folder)


def test_each_point_is_as_it_is_alone(data: Path, tmp_path: Path) -> None:
    train_part(*files(data), POINTS, TRAINING, 1, tmp_path / "all", tmp_path / "checkpoints")
    assert {path.name for path in (tmp_path / "all").iterdir()} == set(POINTS)
    for name in POINTS:
        assert content(tmp_path / "all" / name) == alone(data, tmp_path / "alone" / name, name)
    assert not (tmp_path / "checkpoints").exists()

    models = {name: tmp_path / "all" / name / "model" for name in POINTS}
    lengths = {name: point["max_length"] for name, point in POINTS.items()}
    predict_grid(models, lengths, data / "dev.jsonl", tmp_path / "grid")
    for name, model in models.items():
        predict_encoder(model, data / "dev.jsonl", tmp_path / f"{name}.jsonl", lengths[name])
        assert (tmp_path / "grid" / f"{name}.jsonl").read_bytes() == (tmp_path / f"{name}.jsonl").read_bytes()


def test_the_only_point_of_a_job_is_in_its_folder(data: Path, tmp_path: Path) -> None:
    train_part(*files(data), {FIRST: POINTS[FIRST]}, TRAINING, 1, tmp_path / FIRST, tmp_path / "checkpoints")
    assert content(tmp_path / FIRST) == alone(data, tmp_path / "alone", FIRST)


def test_finished_points_of_the_same_settings_are_kept(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained: list[str] = []

    def until(last: str) -> None:
        def observed(*arguments: object) -> None:
            name = point_name(arguments[3])  # type: ignore[arg-type]
            if name == last:
                raise KeyboardInterrupt
            trained.append(name)
            train_point(*arguments)  # type: ignore[arg-type]

        monkeypatch.setattr(encoder_grid, "train_point", observed)

    def attempt(code: str) -> None:
        train_part(*files(data), POINTS, TRAINING, 1, tmp_path / "all", tmp_path / "checkpoints", code)

    until(THIRD)
    with pytest.raises(KeyboardInterrupt):
        attempt("one")
    assert not (tmp_path / "all").exists()
    until(SECOND)
    with pytest.raises(KeyboardInterrupt):
        attempt("another")
    until("")
    attempt("another")
    assert trained == [FIRST, SECOND, FIRST, SECOND, THIRD]
    assert content(tmp_path / "all" / SECOND) == alone(data, tmp_path / "alone", SECOND)
