"""How much disk the models of a study take: at the most while it runs, and in the end."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from markner.study.grid import grid_jobs
from markner.study.paths import results_of
from markner.study.queries import hardware_of, keeps_models, points
from markner.study.schema.chat_runs import ApiModel
from markner.study.schema.study import Study
from markner.study.schema.systems import EncoderRun, GenerativeRun

# A state holds the float32 weights and AdamW's two moments of the trained parameters, about 2% of all with adapters.
_STATE = {"full": 12.0, "lora": 0.24, "qlora": 0.24}
_SAVED = {"bf16": 2, "fp32": 4}


@dataclass(frozen=True, slots=True)
class Disk:
    """Disk in GB (10^9 bytes), of models whose size is known."""

    weights: float
    """Pretrained weights."""
    kept: float
    """Trained models that stay."""
    passing: float
    """States of trainings, and trained models until everything was made from them."""
    here: float
    """The part of the pretrained weights and of the models that stay which is on the disk already."""

    @property
    def final(self) -> float:
        """The disk that is used in the end."""
        return self.weights + self.kept

    @property
    def peak(self) -> float:
        """The most that there is at once."""
        return self.final + self.passing


def training_gb(study: Study, run: str, jobs: int = 1) -> int:
    """Return the GB that a training job of a run may take: the resource `training_gb` of its rule.

    A tuned model: two states, because the old one is removed when the new one is whole, and the model. An encoder: the
    models of its job twice, because they wait for the rest of their grid. The profile limits the sum over jobs that
    run at once. This bounds models that are not kept, too: a training writes its second state after forty minutes. By
    then the models of earlier ones have been used, because predictions go before trainings. `jobs` share the points of
    an encoder's grid.
    """
    settings, billions = study.runs[run], hardware_of(study, run).billions or 0.0
    if isinstance(settings, EncoderRun):
        return round(2 * 4 * billions * len(points(settings)) / jobs)
    assert isinstance(settings, GenerativeRun)
    training = settings.training
    return round(billions * (2 * _STATE[training.method] + _SAVED[training.saved_precision]))


def disk(study: Study, limit: float | None) -> Disk:
    """Return the disk that a study needs, and what of it is in `results/` already.

    `limit` is the most of the resource `training_gb` that runs at once; None without a limit.
    """
    weights, kept = dict(_weights(study)), dict(_kept(study))
    results = results_of(study.study)
    here = sum(min(size, _gb(results / "weights" / name)) for name, size in weights.items())
    here += sum(min(size, _gb(results / "models" / name)) for name, size in kept.items())
    each = list(_training_jobs(study))
    together = float(sum(each))
    if limit is not None:
        together = min(together, max([limit, *each]))
    return Disk(sum(weights.values()), sum(kept.values()), together, here)


def _gb(folder: Path) -> float:
    """Return the GB of the files below a folder; 0 if there is none."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e9


def _weights(study: Study) -> Iterator[tuple[str, float]]:
    """Yield the GB of the pretrained weights of each model."""
    for name, model in study.models.items():
        if not isinstance(model, ApiModel):
            yield name, model.hardware.weights_gb or 2 * (model.hardware.billions or 0.0)


def _trained(study: Study) -> Iterator[tuple[str, EncoderRun | GenerativeRun]]:
    for name, run in study.live_runs().items():
        if isinstance(run, EncoderRun) or (isinstance(run, GenerativeRun) and run.mixture):
            yield name, run


def _kept(study: Study) -> Iterator[tuple[str, float]]:
    """Yield the GB of all models of each run that is kept."""
    for name, run in _trained(study):
        if keeps_models(study, name):
            billions = hardware_of(study, name).billions or 0.0
            size = 4 * len(points(run)) if isinstance(run, EncoderRun) else _SAVED[run.training.saved_precision]
            yield name, billions * size * len(run.seeds)


def _training_jobs(study: Study) -> Iterator[int]:
    """Yield the GB of each training job."""
    for name, run in _trained(study):
        jobs = len(grid_jobs(run.grid, run.grid_batching)) if isinstance(run, EncoderRun) else 1
        yield from [training_gb(study, name, jobs)] * jobs * len(run.seeds)
