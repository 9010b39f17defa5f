"""Let a chat model that is served on loopback for this job mark the test sentences of a corpus."""

from pathlib import Path

from markner.models.chat.answer import answer
from markner.models.chat.context import ChatContext
from markner.models.chat.params import ChatParams
from markner.models.chat.server import served
from runrecord.job import job

with job(snakemake):
    params = ChatParams.load(snakemake.params)
    with served(Path(snakemake.input.weights), params.model.model, snakemake.threads) as server:
        answer(
            ChatContext.of_job(params, snakemake.wildcards.run, server),
            Path(snakemake.input.sentences),
            Path(snakemake.input.few_shot),
            Path(snakemake.output.predictions),
            Path(snakemake.output.usage),
        )
