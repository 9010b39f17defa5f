"""Write an instruction set."""

from markner.config.corpora import Mix, Prompt
from markner.instructions import build_mix
from markner.provenance.job import job

with job(snakemake):
    settings = snakemake.params.settings
    mix = Mix.model_validate({key: settings[key] for key in Mix.model_fields if key in settings})
    build_mix(
        mix,
        Prompt(instruction=settings["instruction"], enhancements=settings["enhancements"]),
        settings["entities"],
        dict(zip(mix.corpora, snakemake.input.sentences, strict=True)),
        snakemake.output.instructions,
        snakemake.output.index,
    )
