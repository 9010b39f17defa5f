"""Let a chat model that is served on loopback for this job mark the test sentences of a corpus."""

from pathlib import Path

from markner.models.chat.job import answer_corpus
from markner.models.chat.server import served
from runrecord.job import job

with job(snakemake):
    settings = snakemake.params.settings
    with served(Path(snakemake.input.weights), settings["model"]["model"], snakemake.threads) as server:
        answer_corpus(
            settings,
            snakemake.wildcards.run,
            Path(snakemake.input.sentences),
            Path(snakemake.input.shots),
            Path(snakemake.output.predictions),
            Path(snakemake.output.usage),
            server,
        )
