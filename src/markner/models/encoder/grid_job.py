"""Training and prediction of several points of an encoder's grid in one process, one point after the other."""

import shutil
from collections.abc import Mapping
from pathlib import Path

from markner.files import whole_folder
from markner.models.checkpoints import claim_folder, fingerprint
from markner.models.encoder.train import predict_encoder, train_point
from markner.study.grid import Point, point_folder
from markner.study.schema.systems import EncoderTraining


def train_part(
    weights: Path,
    train: Path,
    dev: Path,
    points: Mapping[str, Point],
    settings: EncoderTraining,
    seed: int,
    output: Path,
    checkpoints: Path,
    code: str = "",
) -> None:
    """Train points, by their names, one after the other. Each result equals that of `train_point` alone.

    After an interruption the next call keeps the finished points in `checkpoints` if files, settings and `code`, the
    hash of the code, are the same. The folder is removed when all are finished.

    The output folder has `<point>/model` and `<point>/dev.json`; if a point has the folder's name, `model` and
    `dev.json`. It is complete or absent.

    Raises:
        MarknerError: as `train_point`.
    """
    for name, point in points.items():
        place = checkpoints / name
        claim_folder(place, fingerprint([code, point, settings.model_dump(), seed], [train, dev], [weights]))
        # `train_point` writes the report last.
        if not (place / "dev.json").is_file():
            train_point(weights, train, dev, point, settings, seed, place / "model", place / "dev.json")
    with whole_folder(output) as folder:
        for name in points:
            target = folder / Path(point_folder(output.name, name)).relative_to(output.name)
            target.mkdir(exist_ok=True)
            for kind in ("model", "dev.json"):
                shutil.move(checkpoints / name / kind, target / kind)
    shutil.rmtree(checkpoints)


def predict_grid(
    models: Mapping[str, Path],
    max_lengths: Mapping[str, int],
    sentences: Path,
    output: Path,
) -> None:
    """Tag every sentence with the model of each grid point, one after the other in one process.

    Models and longest inputs, in word pieces, are by the name of the grid point. The output folder has `<point>.jsonl`;
    it is complete or absent.

    Raises:
        MarknerError: as `predict_encoder`.
    """
    with whole_folder(output) as folder:
        for point, model in models.items():
            predict_encoder(model, sentences, folder / f"{point}.jsonl", max_lengths[point])
