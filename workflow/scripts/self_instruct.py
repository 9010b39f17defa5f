"""Filter what a model wrote and make an instruction set of it and of its seed."""

from pathlib import Path

from markner.data.instructions import instruction_text
from markner.data.synthetic.instruction_set import build_set
from markner.study.schema.corpora import Prompt
from markner.study.schema.self_instruct import Filters
from runrecord.job import job

with job(snakemake):
    settings = snakemake.params.settings
    prompt = Prompt(instruction=settings["instruction"], enhancements={settings["entity"]: settings["enhancement"]})
    build_set(
        Path(snakemake.input.candidates),
        Path(snakemake.input.sentences),
        [Path(path) for path in snakemake.input.tests],
        name=snakemake.wildcards.set,
        corpus=settings["corpus"],
        instruction=instruction_text(prompt, settings["entity"]),
        seed_sentences=settings["seed_sentences"],
        seed=settings["seed"],
        filters=Filters.model_validate(settings["filters"]),
        instructions=Path(snakemake.output.instructions),
        index=Path(snakemake.output.index),
        verdicts=Path(snakemake.output.verdicts),
        report=Path(snakemake.output.report),
        markdown=Path(snakemake.output.markdown),
    )
