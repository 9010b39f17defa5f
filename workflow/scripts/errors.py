"""Analyse the errors of one run on one corpus."""

from pathlib import Path

from markner.evaluation.error_analysis import analyse
from runrecord.job import job

with job(snakemake):
    settings = snakemake.params.settings
    analyse(
        Path(snakemake.input.sentences),
        Path(snakemake.input.predictions),
        run=snakemake.wildcards.run,
        seed=int(snakemake.wildcards.seed),
        corpus=snakemake.wildcards.corpus,
        sample=settings["sample"],
        sample_seed=settings["seed"],
        adjudicated=Path(settings["adjudicated"]) if settings["adjudicated"] else None,
        errors_csv=Path(snakemake.output.csv),
        summary=Path(snakemake.output.summary),
    )
