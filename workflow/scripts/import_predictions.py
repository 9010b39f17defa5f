"""Turn a file of another system's answers into the predictions of a run."""

from pathlib import Path

from markner.data.external.import_predictions import import_predictions
from markner.data.params import ImportPredictionsParams
from runrecord.job import job

with job(snakemake):
    import_predictions(
        Path(snakemake.input.sentences),
        Path(snakemake.input.answers),
        ImportPredictionsParams.load(snakemake.params),
        snakemake.wildcards.run,
        snakemake.wildcards.corpus,
        Path(snakemake.output.predictions),
        Path(snakemake.output.counts),
    )
