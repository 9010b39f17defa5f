"""Choose for each sentence the nearest training sentences, which a chat run then shows."""

from pathlib import Path

from markner.chat.job import chat_run
from markner.chat.shots import choose_shots
from markner.modeling.embed import embedding
from markner.provenance.job import job

with job(snakemake):
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
