"""Filter what a model wrote and make an instruction set of it and of its seed."""

from pathlib import Path

from markner.data.synthetic.params import SelfInstructParams
from markner.data.synthetic.training_set import build_set
from runrecord.job import job

with job(snakemake):
    build_set(
        snakemake.wildcards.set,
        SelfInstructParams.load(snakemake.params),
        Path(snakemake.input.candidates),
        Path(snakemake.input.sentences),
        [Path(path) for path in snakemake.input.tests],
        **{name: Path(path) for name, path in snakemake.output.items()},
    )
