"""Filter what a model wrote and make an instruction set of it and of its seed."""

from pathlib import Path

from markner.data.synthetic.training_set import SetInputs, SetOutputs, SetSettings, build_set
from markner.study.schema.corpora import Prompt
from markner.study.schema.self_instruct import Filters
from runrecord.job import job

with job(snakemake):
    settings = snakemake.params.settings
    prompt = Prompt(instruction=settings["instruction"], enhancements={settings["entity"]: settings["enhancement"]})
    build_set(
        SetSettings(
            name=snakemake.wildcards.set,
            corpus=settings["corpus"],
            instruction=prompt.instruction_text(settings["entity"]),
            seed_sentences=settings["seed_sentences"],
            seed=settings["seed"],
            filters=Filters.model_validate(settings["filters"]),
        ),
        SetInputs(
            candidates=Path(snakemake.input.candidates),
            sentences=Path(snakemake.input.sentences),
            tests=[Path(path) for path in snakemake.input.tests],
        ),
        SetOutputs(**{name: Path(path) for name, path in snakemake.output.items()}),
    )
