"""Filter what a model wrote and make an instruction set of it and of its seed."""

from pathlib import Path

from markner.data.synthetic.params import SelfInstructParams
from markner.data.synthetic.training_set import SetInputs, SetOutputs, SetSettings, build_set
from runrecord.job import job

with job(snakemake):
    params = SelfInstructParams.load(snakemake.params)
    build_set(
        SetSettings(
            name=snakemake.wildcards.set,
            corpus=params.corpus,
            instruction=params.instruction,
            seed_sentences=params.seed_sentences,
            seed=params.seed,
            filters=params.filters,
        ),
        SetInputs(
            candidates=Path(snakemake.input.candidates),
            sentences=Path(snakemake.input.sentences),
            tests=[Path(path) for path in snakemake.input.tests],
        ),
        SetOutputs(**{name: Path(path) for name, path in snakemake.output.items()}),
    )
