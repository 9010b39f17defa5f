"""Train the points of an encoder's grid that one job has."""

from pathlib import Path

from markner.models.device import require_device
from markner.models.encoder.grid_job import train_part
from markner.models.encoder.train import EncoderTraining
from runrecord.job import job

with job(snakemake):
    require_device(snakemake.resources.device)
    settings = dict(snakemake.params.settings)
    points, seed = settings.pop("points"), settings.pop("seed")
    train_part(
        Path(snakemake.input.weights),
        Path(snakemake.input.train),
        Path(snakemake.input.dev),
        points,
        EncoderTraining(**settings),
        seed,
        Path(snakemake.output[0]),
        Path(snakemake.params.checkpoints),
        snakemake.params.code,
    )
