"""Write an instruction set."""

from markner.data.instructions import build_mixture
from markner.study.schema.corpora import Mixture, Prompt
from runrecord.job import job

with job(snakemake):
    settings = snakemake.params.settings
    mixture = Mixture.model_validate({key: settings[key] for key in Mixture.model_fields if key in settings})
    build_mixture(
        mixture,
        Prompt(instruction=settings["instruction"], enhancements=settings["enhancements"]),
        settings["entities"],
        dict(zip(mixture.corpora, snakemake.input.sentences, strict=True)),
        snakemake.output.instructions,
        snakemake.output.index,
    )
