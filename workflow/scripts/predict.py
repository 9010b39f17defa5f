"""Let a causal language model mark the test sentences of a corpus."""

from pathlib import Path

from markner.config.corpora import Prompt
from markner.config.systems import Decoding
from markner.instructions import instruction_text
from markner.modeling.predict import predict
from markner.provenance.job import job

with job(snakemake):
    settings = snakemake.params.settings
    prompt = Prompt(
        instruction=settings["instruction"],
        enhancements={settings["entity"]: settings["enhancement"]},
        template=settings["template"],
    )
    predict(
        Path(snakemake.input.model),
        Path(snakemake.input.sentences),
        instruction_text(prompt, settings["entity"]),
        prompt.template,
        Decoding.model_validate(settings["decoding"]),
        Path(snakemake.output[0]),
    )
