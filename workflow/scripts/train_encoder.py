"""Train the points of an encoder's grid that one job has."""

from pathlib import Path

from markner.models.device import require_device
from markner.models.encoder.grid_job import train_part
from markner.models.params import TrainEncoderParams
from markner.study.schema.systems import EncoderTraining
from runrecord.job import job

with job(snakemake):
    require_device(snakemake.resources.device)
    params = TrainEncoderParams.load(snakemake.params)
    train_part(
        Path(snakemake.input.weights),
        Path(snakemake.input.train),
        Path(snakemake.input.dev),
        params.points,
        EncoderTraining(**params.model_dump(exclude={"points", "seed"})),
        params.seed,
        Path(snakemake.output[0]),
        Path(snakemake.params.checkpoints),
        snakemake.params.code,
    )
