"""Compare all pairs of systems on one corpus."""

from pathlib import Path

from markner.config.study import Scoring
from markner.provenance.job import job
from markner.scoring.significance import compare

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
