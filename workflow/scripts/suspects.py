"""List the suspected annotation errors of a corpus."""

from pathlib import Path

from markner.evaluation.params import SuspectsParams
from markner.evaluation.suspects import write_suspects
from runrecord.job import job

with job(snakemake):
    settings = SuspectsParams.load(snakemake.params).suspects
    write_suspects(
        Path(snakemake.input.sentences),
        [Path(file) for file in snakemake.input.others],
        [Path(file) for file in snakemake.input.predictions],
        settings,
        Path(snakemake.output[0]),
    )
