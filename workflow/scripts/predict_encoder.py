"""Let every point of an encoder's grid tag the test sentences of a corpus."""

from pathlib import Path

from markner.modeling.encoder import predict_grid
from markner.provenance.job import job

with job(snakemake):
    settings = snakemake.params.settings
    predict_grid(
        {Path(model).parent.name: Path(model) for model in snakemake.input.models},
        settings["max_lengths"],
        Path(snakemake.input.sentences),
        Path(snakemake.output[0]),
        settings["tagging"],
    )
