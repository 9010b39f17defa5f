"""Let a chat model behind an API mark the test sentences of a corpus."""

from pathlib import Path

from markner.models.chat.answer import answer
from markner.models.chat.context import ChatContext
from markner.models.chat.params import ChatParams
from runrecord.job import job

with job(snakemake):
    answer(
        ChatContext.of_job(ChatParams.load(snakemake.params), snakemake.wildcards.run),
        Path(snakemake.input.sentences),
        Path(snakemake.input.few_shot),
        Path(snakemake.output.predictions),
        Path(snakemake.output.usage),
    )
