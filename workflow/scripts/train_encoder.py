"""Train one point of an encoder's grid."""

from pathlib import Path

from markner.modeling.encoder import EncoderTraining, train_point
from markner.provenance.job import job

with job(snakemake):
    settings = dict(snakemake.params.settings)
    point, seed = settings.pop("point"), settings.pop("seed")
    train_point(
        Path(snakemake.input.weights),
        Path(snakemake.input.train),
        Path(snakemake.input.dev),
        point,
        EncoderTraining(**settings),
        seed,
        Path(snakemake.output.model),
        Path(snakemake.output.dev),
    )
