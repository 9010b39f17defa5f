"""Let a causal language model mark the test sentences of a corpus."""

from pathlib import Path

from markner.models.decoding.predict import predict
from markner.models.device import require_device
from markner.study.schema.corpora import Prompt
from markner.study.schema.systems import Decoding
from runrecord.job import job

with job(snakemake):
    require_device(snakemake.resources.device)
    settings = snakemake.params.settings
    prompt = Prompt(
        instruction=settings["instruction"],
        enhancements={settings["entity"]: settings["enhancement"]},
        template=settings["template"],
    )
    predict(
        Path(snakemake.input.model),
        Path(snakemake.input.sentences),
        prompt.instruction_text(settings["entity"]),
        prompt.template,
        Decoding.model_validate(settings["decoding"]),
        Path(snakemake.output[0]),
    )
