"""One grid point of the encoder against transformers' `run_ner` recipe, on the same sentences, in one run.

python bench/encoder.py WEIGHTS TRAIN DEV [EPOCHS] [REPEATS] [NUMBER] [NAME]

The peer is the recipe of transformers' examples/pytorch/token-classification/run_ner.py: the Trainer with its random
batches, `DataCollatorForTokenClassification` (padded to the longest of the batch), the first piece of a word labelled,
an evaluation after each epoch, the model of the last epoch saved. Both have the same learning rate, batch, warm-up,
decay, precision and number of epochs, and each call does all of it: tokenize, train, evaluate, save. A grid has many
points, so the workflow trains as many side by side as there are cores, on a core each (profiles/default), with the
environment variables of its jobs: that is measured too, in processes that are warm as the peer's is.

Last, the same with the start of processes: run_ner is a script, one process for each run; a job of the workflow trains
several points of the grid (`grid_batching`), here three on each core. NUMBER random sentences of TRAIN are trained on,
all by default.
"""

import multiprocessing
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import torch
from report import REPEATS, interleaved, spread, write
from transformers import (
    AutoModelForTokenClassification,
    DataCollatorForTokenClassification,
    Trainer,
    TrainingArguments,
)

from markner.data.documents import read_sentences, write_sentences
from markner.files import read_json
from markner.models.encoder.batches import IGNORED, encode
from markner.models.encoder.grid_job import train_part
from markner.models.encoder.train import evaluate, train_point
from markner.models.encoder.viterbi import LABELS
from markner.models.weights import load_tokenizer
from markner.study.environment import MALLOC
from markner.study.grid import Point, point_name
from markner.study.schema.systems import EncoderTraining

POINT: Point = {"learning_rate": 5e-4, "max_length": 128, "batch_size": 16, "dropout": 0.1}
WARMUP, DECAY = 0.1, 0.01
PEER, ONE, MANY = "run_ner recipe", "MarkNER, one point on all cores", "MarkNER, a point on each core"
PEER_PROCESS, JOBS = "run_ner recipe, from the start of its process", "MarkNER, a job of three points on each core"
RATES = (5e-4, 4e-4, 3e-4)


def main(
    weights: str,
    train: str,
    dev: str,
    epochs: str = "2",
    repeats: str = str(REPEATS),
    number: str = "1000000",
    name: str = "encoder",
) -> None:
    """Measure and write docs/measured/bench/NAME.*"""
    os.environ.update({variable: str(value) for variable, value in MALLOC.items()})
    cores = os.cpu_count() or 1
    reached: dict[str, list[float]] = {way: [] for way in (PEER, ONE, MANY, PEER_PROCESS, JOBS)}
    with (
        tempfile.TemporaryDirectory() as folder,
        ProcessPoolExecutor(cores, multiprocessing.get_context("spawn"), torch.set_num_threads, (1,)) as workers,
    ):
        rows = list(read_sentences(Path(train)))
        part, trained_on = Path(folder, "train.jsonl"), min(int(number), len(rows))
        write_sentences(part, random.Random(1).sample(rows, trained_on))
        place = Path(weights), part, Path(dev), int(epochs)

        def side_by_side(seed: int) -> float:
            seeds = range(seed * cores, (seed + 1) * cores)
            return statistics.mean(workers.map(partial(_ours, *place), seeds))

        def started(way: str, seeds: range) -> float:
            """Mean score of as many processes, side by side; each runs this file."""
            words = [sys.executable, __file__, way, *map(str, place)]
            processes = [subprocess.Popen([*words, str(seed)], stdout=subprocess.PIPE, text=True) for seed in seeds]
            outputs = [process.communicate()[0] for process in processes]
            return statistics.mean(float(text.splitlines()[-1]) for text in outputs)

        list(workers.map(_warm, range(cores)))
        calls = {
            PEER: partial(_peer, *place),
            ONE: partial(_ours, *place),
            MANY: side_by_side,
            PEER_PROCESS: lambda seed: started("--peer", range(seed, seed + 1)),
            JOBS: lambda seed: started("--job", range(seed * cores, (seed + 1) * cores)),
        }
        seconds = interleaved({way: partial(_kept, call, reached[way]) for way, call in calls.items()}, int(repeats))
    seconds[MANY] = [each / cores for each in seconds[MANY]]
    seconds[JOBS] = [each / cores / len(RATES) for each in seconds[JOBS]]
    peers = {way: min(seconds[PEER_PROCESS if way in (PEER_PROCESS, JOBS) else PEER]) for way in seconds}
    write(
        name,
        "One grid point of the encoder, from sentences to a saved model",
        [
            {
                "way": way,
                "x run_ner": round(peers[way] / min(times), 2),
                "dev F1 (strict), median": round(statistics.median(reached[way]), 4),
                **spread(times),
            }
            for way, times in seconds.items()
        ],
        epochs=int(epochs),
        point=dict(POINT),
        sentences=trained_on,
        threads=torch.get_num_threads(),
        repeats=int(repeats),
    )


def _warm(_: int) -> None:
    time.sleep(1)  # long enough that each process gets one


def _kept(call: Any, reached: list[float]) -> None:
    reached.append(call(len(reached) + 1))


def _ours(weights: Path, train: Path, dev: Path, epochs: int, seed: int) -> float:
    settings = EncoderTraining(epochs=epochs, warmup=WARMUP, weight_decay=DECAY, precision="fp32", keep="last")
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "dev.json")
        train_point(weights, train, dev, POINT, settings, seed, Path(folder, "model"), report)
        return float(read_json(report)["dev_f1"])


def _job(weights: Path, train: Path, dev: Path, epochs: int, seed: int) -> float:
    """As a job of the workflow, on one core; the score of the point that all ways train."""
    torch.set_num_threads(1)
    settings = EncoderTraining(epochs=epochs, warmup=WARMUP, weight_decay=DECAY, precision="fp32", keep="last")
    points = {point_name(point): point for point in (Point(**{**POINT, "learning_rate": rate}) for rate in RATES)}
    with tempfile.TemporaryDirectory() as folder:
        train_part(weights, train, dev, points, settings, seed, Path(folder, "grid"), Path(folder, "states"))
        return float(read_json(Path(folder, "grid", point_name(POINT), "dev.json"))["dev_f1"])


def _peer(weights: Path, train: Path, dev: Path, epochs: int, seed: int) -> float:
    tokenizer = load_tokenizer(weights)
    labels = {"id2label": dict(enumerate(LABELS)), "label2id": {label: n for n, label in enumerate(LABELS)}}
    model: Any = AutoModelForTokenClassification.from_pretrained(str(weights), dtype=torch.float32, **labels)
    rows = [encode(list(read_sentences(path)), tokenizer, POINT["max_length"]) for path in (train, dev)]
    sets = [[_features(row) for row in split] for split in rows]
    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            output_dir=folder,
            seed=seed,
            num_train_epochs=epochs,
            per_device_train_batch_size=POINT["batch_size"],
            per_device_eval_batch_size=POINT["batch_size"],
            learning_rate=POINT["learning_rate"],
            warmup_steps=WARMUP,
            weight_decay=DECAY,
            eval_strategy="epoch",
            save_strategy="no",
            report_to="none",
            disable_tqdm=True,
            use_cpu=True,
        )
        trainer = Trainer(
            model=model,
            args=arguments,
            train_dataset=sets[0],
            eval_dataset=sets[1],
            data_collator=DataCollatorForTokenClassification(tokenizer, label_pad_token_id=IGNORED),
        )
        trainer.train()
        trainer.save_model(folder)
    return evaluate(model, rows[1], tokenizer, "fp32")[1]


def _features(row: Any) -> dict[str, list[int]]:
    return {"input_ids": list(row.ids), "attention_mask": [1] * len(row.ids), "labels": row.labels()}


if __name__ == "__main__":
    if sys.argv[1] in ("--peer", "--job"):
        run, (weights, train, dev, epochs, seed) = {"--peer": _peer, "--job": _job}[sys.argv[1]], sys.argv[2:]
        print(run(Path(weights), Path(train), Path(dev), int(epochs), int(seed)))
    else:
        main(*sys.argv[1:])
