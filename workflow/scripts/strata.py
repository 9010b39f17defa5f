"""Score the systems on one corpus by stratum, and compare them in each."""

from pathlib import Path

from markner.evaluation.params import StrataParams
from markner.evaluation.strata import write_strata
from runrecord.job import job

with job(snakemake):
    params, files = StrataParams.load(snakemake.params), snakemake.input
    paths, training = iter(map(Path, files.predictions)), iter(map(Path, files.training))
    write_strata(
        Path(files.sentences),
        {run: {seed: next(paths) for seed in seeds} for run, seeds in params.runs.items()},
        {
            run: (source, [next(training) for _ in range(source.number_of_files)])
            for run, source in params.training.items()
        },
        params.scoring,
        params.permutations,
        Path(snakemake.output.scores),
        Path(snakemake.output.tests),
    )
