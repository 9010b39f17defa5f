"""Choose the examples that a chat run shows: none, or some drawn by the seed."""

from markner.models.chat.few_shot import choose_shots
from markner.models.chat.job import chat_run
from runrecord.job import job

with job(snakemake):
    settings = snakemake.params.settings
    choose_shots(
        chat_run(settings["run"]),
        settings["seed"],
        settings["corpus"],
        snakemake.input.train or None,
        snakemake.input.sentences,
        snakemake.output[0],
    )
