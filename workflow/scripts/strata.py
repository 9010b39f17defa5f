"""Score the systems on one corpus by stratum, and compare them in each."""

from pathlib import Path

from markner.evaluation.params import StrataParams
from markner.evaluation.strata import write_strata
from runrecord.job import job

with job(snakemake):
    params, files = StrataParams.load(snakemake.params), snakemake.input
    paths = iter(map(Path, files.predictions))
    write_strata(
        Path(files.sentences),
        {run: {seed: next(paths) for seed in seeds} for run, seeds in params.runs.items()},
        {
            run: (source, Path(path))
            for (run, source), path in zip(params.training.items(), files.training, strict=True)
        },
        params.scoring,
        params.permutations,
        Path(snakemake.output.scores),
        Path(snakemake.output.tests),
    )
