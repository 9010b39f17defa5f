"""Compare all pairs of systems on one corpus."""

from pathlib import Path

from markner.evaluation.significance import compare
from markner.study.schema.study import Scoring
from runrecord.job import job

with job(snakemake):
    settings = snakemake.params.settings
    paths = iter(map(Path, snakemake.input.predictions))
    compare(
        Path(snakemake.input.sentences),
        {run: [next(paths) for _ in seeds] for run, seeds in settings["runs"].items()},
        Scoring.model_validate(settings["scoring"]),
        settings["permutations"],
        Path(snakemake.output[0]),
    )
