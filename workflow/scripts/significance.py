"""Compare all pairs of systems on one corpus."""

from pathlib import Path

from markner.evaluation.params import SignificanceParams
from markner.evaluation.significance import compare
from runrecord.job import job

with job(snakemake):
    params = SignificanceParams.load(snakemake.params)
    paths = iter(map(Path, snakemake.input.predictions))
    compare(
        Path(snakemake.input.sentences),
        {run: [next(paths) for _ in seeds] for run, seeds in params.runs.items()},
        params.scoring,
        params.permutations,
        Path(snakemake.output[0]),
    )
