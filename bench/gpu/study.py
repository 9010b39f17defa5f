"""A small study on the GPU through the workflow: SmolLM2-135M on three corpora, and the grid of an encoder."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

_LEARNING_RATES = [1e-4, 2e-4, 3e-4, 5e-4]


def study_config(source: Path, fraction: float, toy: bool) -> dict[str, Any]:
    """Return a study of the three training corpora of another one, with its pretrained models.

    Args:
        source: Config file of the other study; its runs, tables and figures are left out.
        fraction: Part of each corpus that the language model is tuned on.
        toy: A few sentences of each corpus instead, and one point of the grid.
    """
    other = yaml.safe_load(source.read_text(encoding="utf-8"))
    corpora = {
        name: corpus
        for name, corpus in other["corpora"].items()
        if "tokenized" in corpus and "dev" in corpus["tokenized"]
    }
    if toy:
        for corpus in corpora.values():
            corpus["sample"] = {"train": 4, "dev": 4, "test": 3}
    corpus = next(iter(corpora))
    grid = {"learning_rate": _LEARNING_RATES[: 1 if toy else None], "max_length": [128], "batch_size": [16]}
    batch = 4 if toy else 32
    training = {
        "epochs": 1,
        "learning_rate": 2e-4,
        "batch_size": batch,
        "device_batch_size": batch,
        "batching": "prefix",
    }
    return {
        "study": "gpu",
        "corpora": corpora,
        "prompts": {"generic": {}},
        "mixtures": {"all": {"corpora": list(corpora), "fraction": fraction}},
        "models": {name: model for name, model in other["models"].items() if name in ("smollm2-135m", "minilm")},
        "runs": {
            "smollm2": {
                "system": "generative",
                "model": "smollm2-135m",
                "mixture": "all",
                "training": training,
                "decoding": {"method": "copy-draft", "batch_size": 8 if toy else 128},
                "evaluate": list(corpora),
            },
            "minilm": {
                "system": "encoder",
                "model": "minilm",
                "corpus": corpus,
                "grid": grid,
                "grid_batching": ["max_length"],
                "epochs": 1 if toy else 3,
                "evaluate": [corpus],
            },
        },
    }


class GpuStudy:
    """The study's files, made by Snakemake when they are asked for."""

    def __init__(self, source: Path, mirror: str | None, toy: bool) -> None:
        self.results = Path("results/gpu")
        self._source, self._mirror, self._toy = source, mirror, toy
        self._config = Path(".markner/gpu-study.yaml")
        self.set_fraction(1.0)
        self.corpora: list[str] = list(yaml.safe_load(self._config.read_text(encoding="utf-8"))["corpora"])

    def set_fraction(self, fraction: float) -> None:
        """Set the part of the corpora that the language model is tuned on."""
        self._config.parent.mkdir(exist_ok=True, parents=True)
        text = yaml.safe_dump(study_config(self._source, fraction, self._toy), sort_keys=False)
        self._config.write_text(text, encoding="utf-8")

    def make(self, *targets: Path) -> None:
        """Make files of the study.

        Raises:
            SystemExit: A job failed; Snakemake has shown why.
        """
        # Predictions of several corpora share a GPU, which one of them does not fill.
        cores = "1" if self._toy else str(os.cpu_count())
        threads = [f"{rule}=1" for rule in ("train", "predict", "train_encoder", "predict_encoder")]
        command = [sys.executable, "-m", "snakemake", "--cores", cores, "--set-threads", *threads]
        command += ["--quiet", "host", "reason", "progress"]
        command += ["--configfile", str(self._config)]
        if self._mirror:
            command += ["--config", f"mirror={self._mirror}"]
        if subprocess.run([*command, "--", *map(str, targets)], check=False).returncode:
            raise SystemExit("make gpu: the small study stopped; the message above says why")

    @property
    def weights(self) -> Path:
        """The pretrained language model."""
        return self.results / "weights" / "smollm2-135m"

    @property
    def instructions(self) -> Path:
        """The instruction set of all three corpora."""
        return self.results / "instructions" / "all.json"

    @property
    def tuned(self) -> Path:
        """The tuned language model."""
        return self.results / "models" / "smollm2" / "seed1"

    def sentences(self) -> Path:
        """Return the test sentences of the first corpus."""
        return self.results / "corpora" / self.corpora[0] / "tokenized" / "test.jsonl"

    def scores(self, run: str, corpora: list[str]) -> list[Path]:
        """Return the score files of a run."""
        return [self.results / "scores" / run / "seed1" / f"{corpus}.json" for corpus in corpora]

    def rows(self) -> list[dict[str, Any]]:
        """Return strict scores and costs of what was made."""
        made = [
            json.loads(path.read_text(encoding="utf-8"))
            for run, corpora in (("smollm2", self.corpora), ("minilm", self.corpora[:1]))
            for path in self.scores(run, corpora)
            if path.is_file()
        ]
        return [
            {
                "run": score["run"],
                "corpus": score["corpus"],
                "sentences": score["sentences"],
                "strict F1": score["strict"]["f1"],
                "95% interval": "–".join(f"{end:.3f}" for end in score["strict"]["f1_interval"]),
            }
            for score in made
        ]

    def costs(self) -> dict[str, Any]:
        """Return what the language model's training took."""
        costs: dict[str, Any] = json.loads((self.results / "costs" / "smollm2" / "seed1.json").read_text("utf-8"))
        return costs

    def encoder_points_an_hour(self) -> float:
        """Return trained points of the encoder's grid an hour, with starting, tokenization and the scores on dev."""
        files = list((self.results / "benchmarks" / "train_encoder").rglob("*.tsv"))
        seconds = sum(float(path.read_text("utf-8").splitlines()[1].split("\t")[0]) for path in files)
        points = len(list((self.results / "models" / "minilm").rglob("dev.json")))
        return 3600 * points / seconds
