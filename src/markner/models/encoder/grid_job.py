"""Several points of an encoder's grid in one process, trained or at work one after the other."""

import hashlib
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from markner.files import fresh_folder, replace_folder, write_text
from markner.models.encoder.train import EncoderTraining, predict_encoder, train_point
from markner.models.encoder.viterbi import Tagging
from markner.study.grid import Point, point_folder

_MADE_FROM = "made-from.sha256"


def train_part(
    weights: Path,
    train: Path,
    dev: Path,
    points: Mapping[str, Point],
    settings: EncoderTraining,
    seed: int,
    output: Path,
    checkpoints: Path,
    made_from: Sequence[str] = (),
) -> None:
    """Train points one after the other, each as `train_point` trains it alone.

    After an interruption the next call keeps the points that are finished in `checkpoints`, if they were made from the
    same files, settings and code.

    Args:
        weights: Folder of the pretrained model.
        train: Sentences to train on.
        dev: Sentences to select the epoch on.
        points: The points by name.
        settings: What the grid does not search.
        seed: As for `train_point`, the same for each point.
        output: Folder that gets `<point>/model` and `<point>/dev.json`; of a point named as the folder is, `model` and
            `dev.json`. Whole or absent.
        checkpoints: Folder of the finished points until all are; removed then.
        made_from: Hashes of the files and of the code.

    Raises:
        MarknerError: as `train_point`.
    """
    for name, point in points.items():
        place = checkpoints / name
        facts = json.dumps([*made_from, point, asdict(settings), seed])
        mark = hashlib.sha256(facts.encode()).hexdigest()
        stored = place / _MADE_FROM
        if not stored.is_file() or stored.read_text(encoding="utf-8") != mark:
            shutil.rmtree(place, ignore_errors=True)
            train_point(weights, train, dev, point, settings, seed, place / "model", place / "dev.json")
            write_text(stored, mark)
    folder = fresh_folder(output)
    for name in points:
        target = folder / Path(point_folder(output.name, name)).relative_to(output.name)
        target.mkdir(exist_ok=True)
        for kind in ("model", "dev.json"):
            shutil.move(checkpoints / name / kind, target / kind)
    replace_folder(folder, output)
    shutil.rmtree(checkpoints)


def predict_grid(
    models: Mapping[str, Path],
    max_lengths: Mapping[str, int],
    sentences: Path,
    output: Path,
    tagging: Tagging,
) -> None:
    """Tag every sentence with the model of each grid point, one after the other in one process.

    Args:
        models: Folder of the trained model by the name of its grid point.
        max_lengths: Longest input in word pieces by the name of the grid point.
        sentences: Sentences to tag.
        output: Folder of the predictions, `<point>.jsonl`. Whole or absent.
        tagging: Which sequences of tags count.

    Raises:
        MarknerError: as `predict_encoder`.
    """
    folder = fresh_folder(output)
    for point, model in models.items():
        predict_encoder(model, sentences, folder / f"{point}.jsonl", max_lengths[point], tagging)
    replace_folder(folder, output)
