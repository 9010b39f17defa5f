"""Choose for each sentence the nearest training sentences, which a chat run then shows."""

from pathlib import Path

from markner.models.chat.few_shot import choose_shots
from markner.models.chat.job import chat_run
from markner.models.device import require_device
from markner.models.embedding import embedding
from runrecord.job import job

with job(snakemake):
    require_device(snakemake.resources.device)
    settings = snakemake.params.settings
    choose_shots(
        chat_run(settings["run"]),
        settings["seed"],
        settings["corpus"],
        snakemake.input.train,
        snakemake.input.sentences,
        snakemake.output[0],
        embedding(Path(snakemake.input.weights)),
    )
