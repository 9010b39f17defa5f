"""Let a chat model that is served on loopback for this job mark the test sentences of a corpus."""

from pathlib import Path

from markner.models.chat.answer import answer_corpus
from markner.models.chat.params import ChatParams
from markner.models.chat.server import served
from runrecord.job import job

with job(snakemake):
    params = ChatParams.load(snakemake.params)
    with served(Path(snakemake.input.weights), params.model.model, snakemake.threads) as server:
        answer_corpus(
            params,
            snakemake.wildcards.run,
            Path(snakemake.input.sentences),
            Path(snakemake.input.few_shot),
            Path(snakemake.output.predictions),
            Path(snakemake.output.usage),
            server,
        )
