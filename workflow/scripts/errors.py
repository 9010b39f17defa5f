"""Analyse the errors of one run on one corpus."""

from pathlib import Path

from markner.evaluation.error_analysis import analyse
from markner.evaluation.params import ErrorsParams
from runrecord.job import job

with job(snakemake):
    params = ErrorsParams.load(snakemake.params)
    analyse(
        Path(snakemake.input.sentences),
        Path(snakemake.input.predictions),
        run=snakemake.wildcards.run,
        seed=int(snakemake.wildcards.seed),
        corpus=snakemake.wildcards.corpus,
        sample=params.sample,
        sample_seed=params.seed,
        adjudicated=Path(params.adjudicated) if params.adjudicated else None,
        suspects=Path(params.suspects) if params.suspects else None,
        errors_csv=Path(snakemake.output.csv),
        summary=Path(snakemake.output.summary),
    )
