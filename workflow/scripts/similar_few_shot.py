"""Choose for each sentence the nearest training sentences, which a chat run then shows."""

from pathlib import Path

from markner.models.chat.few_shot import choose_examples
from markner.models.chat.params import FewShotParams
from markner.models.device import require_device
from markner.models.embedding import embedding
from runrecord.job import job

with job(snakemake):
    require_device(snakemake.resources.device)
    params = FewShotParams.load(snakemake.params)
    choose_examples(
        params,
        Path(snakemake.input.train),
        Path(snakemake.input.sentences),
        Path(snakemake.output[0]),
        embedding(Path(snakemake.input.weights)),
    )
