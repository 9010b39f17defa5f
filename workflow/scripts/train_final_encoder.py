"""Train the final model of an encoder."""

from pathlib import Path

from markner.models.device import require_device
from markner.models.encoder.final import train_final
from markner.models.params import TrainFinalEncoderParams
from markner.study.schema.systems import EncoderTraining
from runrecord.job import job

with job(snakemake):
    require_device(snakemake.resources.device)
    params, files = TrainFinalEncoderParams.load(snakemake.params), snakemake.input
    train_final(
        *map(Path, (files.weights, files.train, files.dev, files.selection)),
        EncoderTraining(**params.model_dump(exclude={"seed"})),
        params.seed,
        Path(snakemake.output[0]),
    )
