"""Analyse the errors of one run on one corpus."""

from pathlib import Path

from markner.evaluation.error_analysis import analyse
from markner.evaluation.params import ErrorsParams
from runrecord.job import job

with job(snakemake):
    analyse(
        Path(snakemake.input.sentences),
        Path(snakemake.input.predictions),
        ErrorsParams.load(snakemake.params),
        run=snakemake.wildcards.run,
        seed=int(snakemake.wildcards.seed),
        corpus=snakemake.wildcards.corpus,
        errors_csv=Path(snakemake.output.csv),
        summary=Path(snakemake.output.summary),
    )
