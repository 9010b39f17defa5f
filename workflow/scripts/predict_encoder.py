"""Let one point of an encoder's grid tag the test sentences of a corpus."""

from pathlib import Path

from markner.modeling.encoder import predict_encoder
from markner.provenance.job import job

with job(snakemake):
    predict_encoder(
        Path(snakemake.input.model),
        Path(snakemake.input.sentences),
        Path(snakemake.output[0]),
        **snakemake.params.settings,
    )
